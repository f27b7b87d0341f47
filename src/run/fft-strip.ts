import { fftInputRows } from '../conv/fft.ts'
import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { correlateColumnsFft, correlateFft2d, correlateRowsFft } from './fft.ts'
import type { PlacedStencil, StencilJob } from './picture-job.ts'
import type { Place } from './place.ts'

/**
 * Computes the full rows `first` to `end` of a stencil by FFT into its branch rows. The tile begins at the full row
 * `tileFirst`.
 */
export type FftRows = (first: number, end: number, tileFirst: number) => void

/** A stencil whose loops are FFTs. */
export type PlacedFft = Extract<PlacedStencil, { form: 'fft-plane' | 'fft-lines' }>

/** Prepares the FFT loops of one stencil over the tile of a strip. */
export function prepareFft(job: StencilJob, placed: PlacedFft, wasm: WasmExports, at: Place): FftRows {
  const outRows = job.fullHeight
  const channels = job.tileChannels
  const interleaved = { step: 4 * channels, channelPitch: 4 }
  const scratch = at.fft

  function tileRow(placedFirst: number, tileFirst: number): Address {
    return plus(at.tile, (placedFirst - tileFirst + placed.firstRow) * job.tilePitch + placed.base)
  }

  if (placed.form === 'fft-plane') {
    const { plan, tables } = placed
    return (y0, y1, tileFirst) => {
      const first = fftInputRows(plan.y, outRows, y0, y1).first
      correlateFft2d(wasm, {
        plan,
        tables,
        scratch,
        y0,
        y1,
        outRows,
        channels,
        outCols: job.fullWidth,
        tile: { address: tileRow(first, tileFirst), pitch: job.tilePitch, ...interleaved },
        dst: { address: at.branch, pitch: at.pitch, ...interleaved },
      })
    }
  }

  const { colPlan, rowPlan, col, row } = placed
  const wide = at.n + (placed.stencil.kW - 1) * channels
  return (y0, y1, tileFirst) => {
    const first = fftInputRows(colPlan, outRows, y0, y1).first
    correlateColumnsFft(wasm, {
      plan: colPlan,
      tables: col,
      scratch,
      y0,
      y1,
      outRows,
      samples: wide,
      tile: tileRow(first, tileFirst),
      tilePitch: job.tilePitch,
      dst: at.between,
      dstPitch: at.betweenPitch,
    })
    correlateRowsFft(wasm, {
      plan: rowPlan,
      tables: row,
      scratch,
      channels,
      rows: y1 - y0,
      outCols: job.fullWidth,
      src: { address: at.between, pitch: at.betweenPitch, ...interleaved },
      dst: { address: at.branch, pitch: at.pitch, ...interleaved },
    })
  }
}
