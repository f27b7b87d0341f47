import { type Address, plus } from '../graph/address.ts'
import { pitchOf } from '../graph/schedule.ts'
import { type Span, slotOf } from '../graph/spans.ts'
import { borders } from '../tensor/border.ts'
import type { WasmExports } from './engine.ts'
import type { PlacedTaps } from './graph-job.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64
/** Output channels that one loop computes side by side. */
const block = 4

/** Computes rows of a bank's output from rows of its input; `scratch` is room for a tile. Addresses of buffers are absolute. */
export function prepareBankRows(
  bank: PlacedTaps,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const { plan, tileRows, tilePitch, blockRows } = bank
  const [, height] = plan.input
  const xPhases = plan.step[2]
  const planeBytes = tileRows * xPhases * tilePitch
  const rowTable = scratch
  const directOffsets = plus(rowTable, align(tileRows * 4))
  const sums = plus(directOffsets, align(Math.max(...bank.phases.map(({ taps }) => taps)) * 4))
  const sumsPitch = pitchOf(plan.grid[2])
  const tile = plus(sums, align(block * blockRows * sumsPitch))
  const place = borders[plan.border].source
  const words = new Int32Array(memory.buffer)
  const [, outStepY, outStepX] = plan.outStep

  function gather(from: PlacedRows, group: number, rows: number): void {
    const channels = plan.channelsPerGroup
    for (let c = 0; c < channels; c++) {
      const source = plus(from.address, (group * channels + c) * from.plane)
      wasm.gatherPlane(
        plus(tile, c * planeBytes),
        tilePitch,
        source,
        from.pitch,
        rowTable,
        rows,
        bank.columnTables,
        xPhases,
        bank.columnCount,
        bank.copied[0],
        bank.copied[1],
        plan.fill,
      )
    }
  }

  /** Rows `first` to `end` − 1 of one phase of the grid; `src` is under row `first`, `step` bytes lead to the next. */
  function accumulate(
    phase: PlacedTaps['phases'][number],
    offsets: Address,
    group: number,
    src: Address,
    step: number,
    first: number,
    rows: number,
    to: PlacedRows,
  ): void {
    const { taps, columns: n } = phase
    const y = first * outStepY + phase.offset
    const address = plus(rowAt(to, 0, y), phase.column * 4)
    const pitch = outStepY * to.pitch
    const end = (group + 1) * plan.filtersPerGroup
    for (let filter = end - plan.filtersPerGroup; filter < end; ) {
      const [w, bias] = [plus(phase.weights, filter * taps * 4), plus(bank.bias, filter * 4)]
      const channels = end - filter >= block ? block : 1
      const target = plus(address, filter * to.plane)
      const isDense = outStepX === 1
      const sumsPlane = rows * sumsPitch
      const [dst, dstPlane, dstPitch] = isDense ? [target, to.plane, pitch] : [sums, sumsPlane, sumsPitch]
      if (channels === block) wasm.taps4(dst, dstPlane, dstPitch, src, step, n, rows, offsets, w, taps, bias)
      else wasm.taps1(dst, dstPitch, src, step, n, rows, offsets, w, taps, bias)
      if (!isDense)
        wasm.scatterRows(target, to.plane, pitch, sums, sumsPlane, sumsPitch, channels, rows, n, outStepX)
      filter += channels
    }
  }

  function direct(to: PlacedRows, from: PlacedRows, [first, end]: Span): void {
    const [phase] = bank.phases as [PlacedTaps['phases'][number]]
    for (let c = 0; c < plan.channelsPerGroup; c++) words[directOffsets / 4 + c] = c * from.plane
    for (let y = first; y < end; y += blockRows) {
      const row = rowAt(from, 0, y)
      for (let group = 0; group < plan.groups; group++) {
        const src = plus(row, group * plan.channelsPerGroup * from.plane)
        accumulate(phase, directOffsets, group, src, from.pitch, y, Math.min(blockRows, end - y), to)
      }
    }
  }

  return (to, from, [first, end]) => {
    if (bank.direct) {
      direct(to, from, [first, end])
      return
    }
    const last = Math.floor((end - 1) / outStepY)
    for (let grid = Math.floor(first / outStepY); grid <= last; grid += blockRows) {
      const start = grid * plan.step[1] + plan.rows.first
      const rows = (Math.min(blockRows, last + 1 - grid) - 1) * plan.step[1] + plan.rows.span
      for (let i = 0; i < rows; i++) {
        const row = place(start + i, height)
        words[rowTable / 4 + i] = row < 0 ? -1 : slotOf(from.rows, row)
      }
      for (let group = 0; group < plan.groups; group++) {
        gather(from, group, rows)
        for (const phase of bank.phases) {
          const low = Math.max(grid, Math.ceil((first - phase.offset) / outStepY))
          const high = Math.min(
            grid + blockRows,
            Math.floor((end - 1 - phase.offset) / outStepY) + 1,
            phase.rows,
          )
          const src = plus(tile, (low - grid) * plan.step[1] * xPhases * tilePitch)
          const step = plan.step[1] * xPhases * tilePitch
          if (high > low) accumulate(phase, phase.offsets, group, src, step, low, high - low, to)
        }
      }
    }
  }
}
