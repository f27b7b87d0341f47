import { type Address, align, plus } from '../graph/address.ts'
import { slicesOf } from '../graph/node.ts'
import { pitchOf } from '../graph/schedule.ts'
import { type Span, slotOf } from '../graph/spans.ts'
import { borders } from '../tensor/border.ts'
import { block, phasesAcross, wholeRow } from './bank.ts'
import type { WasmExports } from './engine.ts'
import type { PlacedTaps } from './graph-job.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

/**
 * Computes rows of a bank's output from rows of its input. `scratch` has room for a tile. Addresses of buffers are
 * absolute.
 */
export function prepareBankRows(
  bank: PlacedTaps,
  wasm: WasmExports,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const { plan, tileRows, tilePitch, blockRows } = bank
  const [depth, height] = plan.input
  const depths = plan.depths.length
  const xPhases = phasesAcross(plan)
  const planeBytes = tileRows * xPhases * tilePitch
  const rowTable = scratch
  const sums = plus(rowTable, align(depths * tileRows * 4))
  const sumsPitch = pitchOf(plan.grid[2])
  const tile = plus(sums, align(block * blockRows * sumsPitch))
  const { source } = borders[plan.border]
  const words = new Int32Array(wasm.memory.buffer)
  const [outStepZ, outStepY, outStepX] = plan.outStep

  /** Looks up the input rows of a tile of output slice `z`, from row `start` of the input slices. */
  function place(from: PlacedRows, z: number, start: number, rows: number): void {
    for (const [k, d] of plan.depths.entries()) {
      const slice = source(z * plan.step[0] + d, depth)
      for (let i = 0; i < rows; i++) {
        const row = slice < 0 ? -1 : source(start + i, height)
        words[rowTable / 4 + k * tileRows + i] = row < 0 ? -1 : slotOf(from.rows, slice * height + row)
      }
    }
  }

  /** Copies the rows under the columns of the grid from `left` into the tile. */
  function gather(from: PlacedRows, group: number, rows: number, left: number, columns: number): void {
    const channels = plan.channelsPerGroup
    const count = columns + bank.beside
    const [first, last] = bank.copied.map((x) => Math.max(0, Math.min(count, x - left))) as [number, number]
    for (let k = 0; k < depths; k++) {
      wasm.gatherPlanes(
        plus(tile, k * planeBytes),
        depths * planeBytes,
        tilePitch,
        plus(from.address, group * channels * from.plane),
        from.plane,
        channels,
        from.pitch,
        plus(rowTable, k * tileRows * 4),
        rows,
        bank.columnTables,
        left,
        xPhases,
        plan.step[2],
        count,
        first,
        last,
        plan.fill,
      )
    }
  }

  /**
   * Writes `rows` rows of `n` samples of a phase to `address`. `src` is under the first row, and rows are `step` bytes
   * apart.
   */
  function accumulate(
    { taps, weights }: PlacedTaps['phases'][number],
    offsets: Address,
    group: number,
    src: Address,
    step: number,
    n: number,
    rows: number,
    address: Address,
    pitch: number,
    plane: number,
  ): void {
    const isDense = outStepX === 1
    const sumsPlane = rows * sumsPitch
    const end = (group + 1) * plan.filtersPerGroup
    for (let filter = end - plan.filtersPerGroup; filter < end; ) {
      const w = plus(weights, filter * taps * 4)
      const b = plus(bank.bias, filter * 4)
      const channels = end - filter >= block ? block : 1
      const target = plus(address, filter * plane)
      const dst = isDense ? target : sums
      const dstPitch = isDense ? pitch : sumsPitch
      if (channels === block)
        wasm.taps4(dst, isDense ? plane : sumsPlane, dstPitch, src, step, n, rows, offsets, w, taps, b)
      else wasm.taps1(dst, dstPitch, src, step, n, rows, offsets, w, taps, b)
      if (!isDense)
        wasm.scatterRows(target, plane, pitch, sums, sumsPlane, sumsPitch, channels, rows, n, outStepX)
      filter += channels
    }
  }

  /**
   * Loops over blocks of columns, and over filters inside each block. The samples of a block are copied next to each
   * other, because planes of a size such as 256x256 compete for a few lines of every cache: 64 channels of it to 64
   * take 19 ms instead of 33.
   */
  function direct(to: PlacedRows, from: PlacedRows, [first, end]: Span): void {
    const [phase] = bank.phases as [PlacedTaps['phases'][number]]
    const { columns } = phase
    // consecutive rows are treated as one
    const isJoined = from.pitch === columns * 4 && to.pitch === columns * 4
    const n = isJoined ? columns * (end - first) : columns
    const atOnce = bank.directColumns
    for (let y = first; y < end; y += isJoined ? end - first : 1) {
      const [row, out] = [rowAt(from, 0, y), rowAt(to, 0, y)]
      for (let group = 0; group < plan.groups; group++) {
        const src = plus(row, group * plan.channelsPerGroup * from.plane)
        for (let x = 0; x < n; x += atOnce) {
          const at = Math.max(0, Math.min(x, n - wholeRow))
          const some = Math.min(atOnce, n - at)
          wasm.copyRows(tile, bank.tilePitch, plus(src, at * 4), from.plane, some, plan.channelsPerGroup)
          accumulate(phase, phase.offsets, group, tile, 0, some, 1, plus(out, at * 4), to.pitch, to.plane)
        }
      }
    }
  }

  /**
   * The column at which a piece of the width begins: a multiple of the vector length, so that no piece has only a few
   * columns.
   */
  const edge = (piece: number): number =>
    piece === bank.pieces ? plan.grid[2] : Math.floor((piece * plan.grid[2]) / bank.pieces / 8) * 8

  /** Computes rows of one output slice. */
  function slice(to: PlacedRows, from: PlacedRows, [z, first, end]: readonly [number, number, number]): void {
    const phases = bank.phases.filter((phase) => phase.slice === z % outStepZ)
    const top = z * plan.output[1]
    const step = plan.step[1] * xPhases * tilePitch
    const last = Math.floor((end - 1) / outStepY)
    for (let grid = Math.floor(first / outStepY); grid <= last; grid += blockRows) {
      const start = grid * plan.step[1] + plan.rows.first
      const rows = (Math.min(blockRows, last + 1 - grid) - 1) * plan.step[1] + plan.rows.span
      place(from, Math.floor(z / outStepZ), start, rows)
      for (let piece = 0; piece < bank.pieces; piece++) {
        const [left, right] = [edge(piece), edge(piece + 1)]
        for (let group = 0; group < plan.groups; group++) {
          gather(from, group, rows, left, right - left)
          for (const phase of phases) {
            const low = Math.max(grid, Math.ceil((first - phase.offset) / outStepY))
            const high = Math.min(
              grid + blockRows,
              Math.floor((end - 1 - phase.offset) / outStepY) + 1,
              phase.rows,
            )
            const columns = Math.min(right, phase.columns) - left
            if (high <= low || columns <= 0) continue
            const src = plus(tile, (low - grid) * step)
            const row = rowAt(to, 0, top + low * outStepY + phase.offset)
            const address = plus(row, (left * outStepX + phase.column) * 4)
            const [pitch, plane] = [outStepY * to.pitch, to.plane]
            accumulate(phase, phase.offsets, group, src, step, columns, high - low, address, pitch, plane)
          }
        }
      }
    }
  }

  return (to, from, rows) => {
    if (bank.directColumns > 0) direct(to, from, rows)
    else for (const part of slicesOf(rows, plan.output[1])) slice(to, from, part)
  }
}
