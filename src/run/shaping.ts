import type { Shape } from '../definition/layer.ts'
import type { LayerSettings, LayerWork } from '../definition/layers.ts'
import { isRun, shares, type Taps } from '../definition/shaping.ts'
import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

type Shaping = Extract<LayerWork, { name: 'placed' | 'rearranged' | 'resized' }>

/** Whether a layer brings samples to other places here. */
export const isShaping = (work: LayerWork): work is Shaping =>
  work.name === 'placed' || work.name === 'rearranged' || work.name === 'resized'

/** Samples of a row in doubles, and the tables of its columns, `step` entries for each tap. */
function layOutTaps({ taps, places }: Taps) {
  const span = places.reduce((most, place) => Math.max(most, place), 0) + 1
  const step = Math.ceil(places.length / taps / 4) * 4
  const weights = Math.ceil(span / 8) * 64
  const table = weights + taps * step * 8
  return { span, step, weights, table, bytes: table + taps * step * 4 }
}

/** Scratch memory: tables of places. */
export const shapingBytes = (work: Shaping, [, , width]: Shape): number =>
  work.name === 'resized' ? layOutTaps(work.settings.columns).bytes : width * 4

/** Columns in other places: nearest neighbours, reflections, flips. */
export function preparePlaced(
  { channels, rows, columns, fill }: LayerSettings['placed'],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): Compute {
  const width = columns.length
  const table = isRun(columns) ? undefined : columns.map((column) => (column < 0 ? -1 : column * 4))
  const words = new Int32Array(memory.buffer)
  return (to, [from], [first, end]) => {
    if (table !== undefined) words.set(table, scratch / 4)
    for (let c = 0; c < channels.length; c++) {
      for (let y = first; y < end; y++) {
        const dst = rowAt(to, c, y)
        if (channels[c]! < 0 || rows[y]! < 0) {
          wasm.fillRow(dst, width, fill)
          continue
        }
        const src = rowAt(from!, channels[c]!, rows[y]!)
        if (table === undefined) wasm.copyBytes(dst, plus(src, columns[0]! * 4), width * 4)
        else wasm.pickRow(dst, src, width, scratch, fill)
      }
    }
  }
}

/** Fewer columns from one row are not worth a call. */
const fewColumns = 16

/** Pixel shuffles and transpositions whose columns come from one row, or from a few one after the other. */
export function prepareRearranged(
  { shape, factors }: LayerSettings['rearranged'],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): Compute | undefined {
  const [channels, height, width] = shape
  const [cc, cy, cx] = shares(factors, 0, [0, channels]) as [Int32Array, Int32Array, Int32Array]
  const [yc, yy, yx] = shares(factors, 1, [0, height]) as [Int32Array, Int32Array, Int32Array]
  const [xc, xy, xx] = shares(factors, 2, [0, width]) as [Int32Array, Int32Array, Int32Array]
  // where columns begin that come from another row
  const starts = Array.from(xy.keys()).filter((i) => i === 0 || xy[i] !== xy[i - 1])
  if (width < fewColumns * starts.length) return undefined
  const words = new Int32Array(memory.buffer)
  let [table, plane] = [new Int32Array(0), -1]
  return (to, [from], [first, end]) => {
    if (from!.plane !== plane) {
      plane = from!.plane
      table = Int32Array.from(xx, (column, i) => xc[i]! * plane + column * 4)
    }
    words.set(table, scratch / 4)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const dst = rowAt(to, c, y)
        const [channel, row, column] = [cc[c]! + yc[y]!, cy[c]! + yy[y]!, cx[c]! + yx[y]!]
        for (const [k, start] of starts.entries()) {
          const src = plus(rowAt(from!, channel, row + xy[start]!), column * 4)
          const n = (starts[k + 1] ?? width) - start
          wasm.pickRow(plus(dst, start * 4), src, n, plus(scratch, start * 4), 0)
        }
      }
    }
  }
}

/** Samples between samples. */
export function prepareResized(
  { rows, columns }: LayerSettings['resized'],
  [channels, , width]: Shape,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): Compute {
  const { span, step, weights, table } = layOutTaps(columns)
  const { taps } = columns
  const places = new Int32Array(taps * step)
  const by = new Float64Array(taps * step)
  for (let i = 0; i < width * taps; i++) {
    const at = (i % taps) * step + Math.floor(i / taps)
    places[at] = Math.max(0, columns.places[i]!) * 8
    by[at] = columns.weights[i]!
  }
  const words = new Int32Array(memory.buffer)
  const doubles = new Float64Array(memory.buffer)
  return (to, [from], [first, end]) => {
    words.set(places, plus(scratch, table) / 4)
    doubles.set(by, plus(scratch, weights) / 8)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        doubles.fill(0, scratch / 8, scratch / 8 + span)
        for (let t = y * rows.taps; t < (y + 1) * rows.taps; t++) {
          const weight = rows.weights[t]!
          if (weight !== 0) wasm.addScaledRow(scratch, rowAt(from!, c, rows.places[t]!), span, weight)
        }
        wasm.sumTaps(
          rowAt(to, c, y),
          scratch,
          width,
          plus(scratch, table),
          plus(scratch, weights),
          taps,
          step,
        )
      }
    }
  }
}
