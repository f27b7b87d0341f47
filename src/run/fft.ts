import { type FftAxis, type FftPlan2d, fftInputRows, fftTwiddleCount } from '../conv/fft.ts'
import { invariant } from '../error.ts'
import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './wasm-exports.ts'

/**
 * Float32 samples of several channels in memory. All distances are in bytes: rows are `pitch` apart, neighbours in a
 * row `step` apart, channels `channelPitch` apart. Interleaved RGB has step 12 and channelPitch 4; planes have step 4.
 * Planes are faster: interleaved RGB costs up to a quarter more in 2-D, and a third more along rows.
 */
export type Samples = {
  readonly address: Address
  readonly pitch: number
  readonly step: number
  readonly channelPitch: number
}

/** Fields that all three correlations take. */
type FftJob = {
  /** The address of the tables that `src/conv/fft.ts` built for the plan. */
  readonly tables: Address
  /** The address of the working memory, whose size the plan determines. A multiple of 64 is best. */
  readonly scratch: Address
}

/** A strip of output rows from `y0` up to but not including `y1`, out of `outRows` in the whole picture. */
type Strip = { readonly y0: number; readonly y1: number; readonly outRows: number }

/**
 * Correlates a strip with a dense kernel. `tile` is at input row `fftInputRows(plan.y, outRows, y0, y1).first` and has
 * outCols + kW - 1 columns; `dst` is at output row y0. The result does not depend on how strips are cut, but a strip
 * that does not begin and end at multiples of `plan.y.valid` rows computes some rows in vain.
 *
 * The error of this and the 1-D correlations is at most about a millionth of the largest sample of the block times the
 * sum of the absolute weights, whatever the size of the sample itself. A NaN or an infinity spoils its whole pair of
 * blocks.
 */
export function correlateFft2d(
  wasm: WasmExports,
  job: FftJob &
    Strip & {
      readonly plan: FftPlan2d
      readonly channels: number
      readonly outCols: number
      readonly tile: Samples
      readonly dst: Samples
    },
): void {
  const { tile, dst, outCols } = job
  const { y, x } = job.plan
  const twiddlesX = plus(job.tables, 4 * fftTwiddleCount(y.n))
  const spectrum = plus(twiddlesX, 4 * fftTwiddleCount(x.n))
  const buffer = job.scratch
  const spectra = plus(buffer, y.n * 32)
  const within = (count: number, most: number) => Math.max(0, Math.min(count, most))
  for (const block of blocks(y, job)) {
    for (let channel = 0; channel < job.channels; channel++) {
      for (let col = 0; col < outCols; col += 2 * x.valid) {
        const from = plus(
          tile.address,
          block.tileRow * tile.pitch + channel * tile.channelPitch + col * tile.step,
        )
        const inCols = outCols + x.kernel - 1 - col
        wasm.fftPlaneForward(
          from,
          plus(from, x.valid * tile.step),
          tile.pitch,
          tile.step,
          block.rows,
          within(inCols, x.n),
          within(inCols - x.valid, x.n),
          y.n,
          x.n,
          job.tables,
          spectra,
          buffer,
        )
        wasm.fftPlaneMultiply(spectra, spectrum, y.n, x.n, twiddlesX)
        const to = plus(dst.address, block.dstRow * dst.pitch + channel * dst.channelPitch + col * dst.step)
        wasm.fftPlaneInverse(
          spectra,
          buffer,
          y.n,
          x.n,
          job.tables,
          to,
          plus(to, x.valid * dst.step),
          dst.pitch,
          dst.step,
          block.first,
          block.end,
          within(outCols - col, x.valid),
          within(outCols - col - x.valid, x.valid),
        )
      }
    }
  }
}

/**
 * Correlates a strip with a 1-D kernel along y. Columns are `samples` adjacent float32 numbers, whichever channel they
 * belong to. `tile` is at input row `fftInputRows(plan, outRows, y0, y1).first`, `dst` at output row y0. Columns x..x+3
 * and x+4..x+7 share a transform for x a multiple of 8, so a range of columns that begins at a multiple of 8 gives the
 * same bits.
 */
export function correlateColumnsFft(
  wasm: WasmExports,
  job: FftJob &
    Strip & {
      readonly plan: FftAxis
      readonly samples: number
      readonly tile: Address
      readonly tilePitch: number
      readonly dst: Address
      readonly dstPitch: number
    },
): void {
  const { plan, tilePitch, dstPitch } = job
  const spectrum = plus(job.tables, 4 * fftTwiddleCount(plan.n))
  for (const block of blocks(plan, job)) {
    wasm.fftColumns(
      plus(job.tile, block.tileRow * tilePitch),
      tilePitch,
      block.rows,
      job.samples,
      plan.n,
      job.tables,
      spectrum,
      job.scratch,
      plus(job.dst, block.dstRow * dstPitch),
      dstPitch,
      block.first,
      block.end,
    )
  }
}

/**
 * Correlates `rows` rows with a 1-D kernel along x. `src` has outCols + kernel - 1 columns, `dst` has outCols. The
 * result of a row depends on that row alone.
 */
export function correlateRowsFft(
  wasm: WasmExports,
  job: FftJob & {
    readonly plan: FftAxis
    readonly channels: number
    readonly rows: number
    readonly outCols: number
    readonly src: Samples
    readonly dst: Samples
  },
): void {
  const { plan, src, dst } = job
  const spectrum = plus(job.tables, 4 * fftTwiddleCount(plan.n))
  for (let channel = 0; channel < job.channels; channel++) {
    wasm.fftRows(
      plus(src.address, channel * src.channelPitch),
      src.pitch,
      src.step,
      job.rows,
      job.outCols + plan.kernel - 1,
      plan.valid,
      plan.n,
      job.tables,
      spectrum,
      job.scratch,
      plus(dst.address, channel * dst.channelPitch),
      dst.pitch,
      dst.step,
      job.outCols,
    )
  }
}

/** A row of blocks, relative to a strip. */
type BlockRow = {
  /** The first input row, counted from the tile of the strip, and the number of input rows. */
  readonly tileRow: number
  readonly rows: number
  /** The output rows of the block that belong to the strip. */
  readonly first: number
  readonly end: number
  /** The row that they go to, counted from y0. */
  readonly dstRow: number
}

function blocks(axis: FftAxis, { y0, y1, outRows }: Strip): BlockRow[] {
  invariant(0 <= y0 && y0 < y1 && y1 <= outRows, 'a strip must lie within the picture')
  const input = fftInputRows(axis, outRows, y0, y1)
  const out: BlockRow[] = []
  for (let row = input.first; row < y1; row += axis.valid) {
    const first = Math.max(y0 - row, 0)
    out.push({
      tileRow: row - input.first,
      rows: Math.min(axis.n, outRows + axis.kernel - 1 - row),
      first,
      end: Math.min(y1 - row, axis.valid),
      dstRow: row + first - y0,
    })
  }
  return out
}
