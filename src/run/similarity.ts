import type { Shape } from '../definition/layer.ts'
import type { LayerSettings } from '../definition/layers.ts'
import { insideColumns } from '../definition/neighbourhood.ts'
import { type SimilarityOptions, type SimilarityTap, similarityTaps } from '../definition/similarity.ts'
import { type Address, align, plus } from '../graph/address.ts'
import { similarityNeeds } from '../graph/node.ts'
import { pitchOf } from '../graph/schedule.ts'
import { rowCount, type Span, slotOf, united } from '../graph/spans.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, type PlacedRows, rowAt } from './placed-rows.ts'

/** Lays out the tables, rows and tile of a step in its scratch memory. */
function layOut(
  [channels, , width]: Shape,
  { patch }: SimilarityOptions,
  taps: readonly SimilarityTap[],
  rows: number,
) {
  // as far as a patch around a neighbour reaches
  const reach = taps.reduce((most, { dx }) => Math.max(most, dx), 0) + (patch - 1) / 2
  const pitch = pitchOf(width + 2 * reach)
  const rowPitch = pitchOf(width + patch)
  const offsets = align(taps.length * 4)
  const made = offsets + align(taps.length * 4)
  const tile = made + 4 * rowPitch
  return { reach, pitch, rowPitch, near: 0, offsets, made, tile, bytes: tile + channels * rows * pitch + 128 }
}

/** The bytes of scratch memory of an involution by similarity that reads `rows` rows of its input at once. */
export const similarityBytes = (shape: Shape, options: SimilarityOptions, rows: number): number =>
  layOut(shape, options, similarityTaps(shape, options).taps, rows).bytes

/** The rows that were gathered, and the bytes from channel to channel. */
type Tile = { readonly rows: readonly Span[]; readonly plane: number }

/** Prepares an involution by similarity. Addresses of buffers are absolute. */
export function prepareSimilarity(
  shape: Shape,
  options: SimilarityOptions,
  wasm: WasmExports,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const [channels, height, width] = shape
  const { patch } = options
  const { taps, perSquare } = similarityTaps(shape, options)
  const layout = layOut(shape, options, taps, 0)
  const { reach, pitch } = layout
  const [near, offsets, tile] = [scratch, plus(scratch, layout.offsets), plus(scratch, layout.tile)]
  const numbers = new Float32Array(wasm.memory.buffer)
  const words = new Int32Array(wasm.memory.buffer)
  const nearness = Float32Array.from(taps, (tap) => tap.near)
  const fused = patch === 1 && (channels === 1 || channels === 3)

  /**
   * Copies the rows that `span` needs into the tile, with extra columns at both sides for neighbours that are outside.
   */
  function gather(from: PlacedRows, span: Span): Tile {
    const rows = united(similarityNeeds(shape, options, span))
    const plane = rowCount(rows) * pitch
    for (let c = 0; c < channels; c++) {
      let to = plus(tile, c * plane)
      for (const [first, end] of rows) {
        for (let y = first; y < end; y++, to = plus(to, pitch)) {
          const source = rowAt(from, c, y)
          wasm.copyBytes(plus(to, reach * 4), source, width * 4)
          // NaN is similar to no sample; patches reach beyond the edge, where its samples are repeated
          const [left, right] = fused
            ? [Number.NaN, Number.NaN]
            : [numbers[source / 4]!, numbers[source / 4 + width - 1]!]
          numbers.fill(left, to / 4, to / 4 + reach)
          numbers.fill(right, to / 4 + reach + width, to / 4 + 2 * reach + width)
        }
      }
    }
    return { rows, plane }
  }

  function pixelRow(to: PlacedRows, { rows, plane }: Tile, y: number): void {
    const here = slotOf(rows, y)
    let [first, count] = [0, 0]
    for (const [i, { dy, dx }] of taps.entries()) {
      if (y + dy < 0) first = i + 1
      else if (y + dy < height) {
        words[offsets / 4 + count] = (slotOf(rows, y + dy) - here) * pitch + dx * 4
        count++
      }
    }
    const src = plus(tile, here * pitch + reach * 4)
    const dst = rowAt(to, 0, y)
    wasm.involveRow(
      dst,
      to.plane,
      src,
      plane,
      width,
      channels,
      offsets,
      plus(near, first * 4),
      count,
      perSquare,
    )
  }

  // Computes a row whose pixels are compared by patches, or that has any other number of channels: tap by tap, through
  // rows of weights.
  const pad = (patch - 1) / 2
  const [squares, summed, weights, totals] = [0, 1, 2, 3].map((i) =>
    plus(scratch, layout.made + i * layout.rowPitch),
  ) as [Address, Address, Address, Address]
  const inside = (y: number) => Math.max(0, Math.min(y, height - 1))

  function patchRow(to: PlacedRows, { rows, plane }: Tile, y: number): void {
    const tileRow = (c: number, row: number) =>
      plus(tile, c * plane + slotOf(rows, inside(row)) * pitch + reach * 4)
    const made = (c: number) => rowAt(to, c, y)
    wasm.fillRow(totals, width, 0)
    for (let c = 0; c < channels; c++) wasm.fillRow(made(c), width, 0)
    for (const { dy, dx, near } of taps) {
      if (y + dy < 0 || y + dy >= height) continue
      wasm.fillRow(squares, width + 2 * pad, 0)
      for (let q = -pad; q <= pad; q++) {
        for (let c = 0; c < channels; c++) {
          const [here, there] = [tileRow(c, y + q), tileRow(c, y + q + dy)]
          wasm.addSquares(squares, plus(here, -pad * 4), plus(there, (dx - pad) * 4), width + 2 * pad)
        }
      }
      wasm.sumAcross(summed, squares, width, patch)
      // a neighbour outside the picture is similar to nothing
      const sum = summed / 4
      numbers.fill(Number.NaN, sum, sum + Math.max(0, -dx))
      numbers.fill(Number.NaN, sum + Math.min(width, width - dx), sum + width)
      wasm.weighRow(weights, totals, summed, width, perSquare, near)
      for (let c = 0; c < channels; c++)
        wasm.addWeighted(made(c), weights, plus(tileRow(c, y + dy), dx * 4), width)
    }
    for (let c = 0; c < channels; c++) wasm.operationRow(made(c), made(c), totals, width, 3)
  }

  return (to, from, [first, end]) => {
    // other steps use this memory, too
    numbers.set(nearness, near / 4)
    const gathered = gather(from, [first, end])
    for (let y = first; y < end; y++) (fused ? pixelRow : patchRow)(to, gathered, y)
  }
}

/**
 * Prepares a layer with a kernel of its own at every place. 2 megapixels of 3x3 take 1.4 s of processor time instead of
 * 2.0.
 */
export function prepareKernels(
  { kernelSize, stride, groups, dilation }: LayerSettings['kernels'],
  [channels, , n]: Shape,
  [, height, width]: Shape,
  wasm: WasmExports,
): Compute {
  const area = { height, width, size: kernelSize, stride, dilation }
  const half = (kernelSize - 1) / 2
  const columns = Array.from({ length: kernelSize }, (_, v) => insideColumns(area, v, n))
  return (to, [from, kernel], [top, bottom]) => {
    for (let c = 0; c < channels; c++) {
      const tap = Math.floor(c / (channels / groups)) * kernelSize ** 2
      for (let y = top; y < bottom; y++) {
        const dst = rowAt(to, c, y)
        wasm.fillRow(dst, n, 0)
        for (let u = 0; u < kernelSize; u++) {
          const row = y * stride + (u - half) * dilation
          if (row < 0 || row >= height) continue
          const src = rowAt(from!, c, row)
          for (const [v, [first, end]] of columns.entries()) {
            const weights = plus(rowAt(kernel!, tap + u * kernelSize + v, y), first * 4)
            const place = (v - half) * dilation + first * stride
            wasm.addProducts(plus(dst, first * 4), weights, plus(src, place * 4), end - first, stride * 4)
          }
        }
      }
    }
  }
}
