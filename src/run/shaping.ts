import type { Shape } from '../definition/layer.ts'
import type { LayerSettings, LayerWork } from '../definition/layers.ts'
import { unpooled } from '../definition/mixing.ts'
import type { Span } from '../definition/rows.ts'
import { isRun, shares, type Taps } from '../definition/shaping.ts'
import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

const names = ['across', 'evened', 'placed', 'rearranged', 'resized', 'unpooled'] as const

type Shaping = Extract<LayerWork, { name: (typeof names)[number] }>

/** Whether a layer runs in loops here that need tables or sums. */
export const isShaping = (work: LayerWork): work is Shaping =>
  (names as readonly string[]).includes(work.name)

/** Lays out the samples of a row as doubles, and the tables of its columns, with `step` entries for each tap. */
function layOutTaps({ taps, places }: Taps) {
  const span = places.reduce((most, place) => Math.max(most, place), 0) + 1
  const step = Math.ceil(places.length / taps / 4) * 4
  const weights = doublesBytes(span)
  const table = weights + taps * step * 8
  return { span, step, weights, table, bytes: table + taps * step * 4 }
}

/** The bytes of a row of doubles, with the room after it that loops need. */
const doublesBytes = (width: number): number => Math.ceil(width / 8) * 64

/** The bytes of scratch memory: tables of places, or sums. */
export function shapingBytes(work: Shaping, [, , width]: Shape): number {
  if (work.name === 'resized') return layOutTaps(work.settings.columns).bytes
  if (work.name === 'evened' || work.name === 'across') return 2 * doublesBytes(width)
  // with padding, there may be more pooled columns than columns of the output
  return (work.name === 'unpooled' ? work.settings.axes[2].output : width) * 4
}

/** Moves columns to other places: nearest neighbours, reflections, flips. */
export function preparePlaced(
  { channels, rows, columns, fill }: LayerSettings['placed'],
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const width = columns.length
  const table = isRun(columns) ? undefined : columns.map((column) => (column < 0 ? -1 : column * 4))
  const words = new Int32Array(wasm.memory.buffer)
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

/** Shuffles pixels and transposes, if the input rows are consecutive. */
export function prepareRearranged(
  { shape, factors }: LayerSettings['rearranged'],
  wasm: WasmExports,
  scratch: Address,
  asDefined: Compute,
): Compute {
  const [channels, height, width] = shape
  const [cc, cy, cx] = shares(factors, 0, [0, channels])
  const [yc, yy, yx] = shares(factors, 1, [0, height])
  const [xc, xy, xx] = shares(factors, 2, [0, width])
  const words = new Int32Array(wasm.memory.buffer)
  const tables = new Map<string, Int32Array>()
  return (to, [from], [first, end]) => {
    const { rows, plane, pitch } = from!
    if (rows.length > 1) return asDefined(to, [from!], [first, end])
    const key = `${plane} ${pitch}`
    const table =
      tables.get(key) ?? Int32Array.from(xx, (column, i) => xc[i]! * plane + xy[i]! * pitch + column * 4)
    tables.set(key, table)
    words.set(table, scratch / 4)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const src = rowAt(from!, cc[c]! + yc[y]!, cy[c]! + yy[y]!)
        wasm.pickRow(rowAt(to, c, y), plus(src, (cx[c]! + yx[y]!) * 4), width, scratch, 0)
      }
    }
  }
}

/** Interpolates between samples. */
export function prepareResized(
  { rows, columns }: LayerSettings['resized'],
  [channels, , width]: Shape,
  wasm: WasmExports,
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
  const words = new Int32Array(wasm.memory.buffer)
  const doubles = new Float64Array(wasm.memory.buffer)
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

/** Reduces the channels at each place to one number. */
export function prepareOverChannels(
  { of }: LayerSettings['across'],
  [channels, , width]: Shape,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const [sums, zeros] = [scratch, plus(scratch, doublesBytes(width))]
  const data = new Float32Array(wasm.memory.buffer)
  const doubles = (at: Address) => new Float64Array(wasm.memory.buffer, at, width)
  return (to, [from], [first, end]) => {
    const [sum] = [doubles(sums), doubles(zeros).fill(0)]
    for (let y = first; y < end; y++) {
      const dst = rowAt(to, 0, y)
      if (of === 'max' || of === 'min') {
        wasm.copyBytes(dst, rowAt(from!, 0, y), width * 4)
        for (let c = 1; c < channels; c++)
          wasm.operationRow(dst, dst, rowAt(from!, c, y), width, of === 'max' ? 5 : 4)
        continue
      }
      sum.fill(0)
      for (let c = 0; c < channels; c++) {
        const src = rowAt(from!, c, y)
        if (of === 'l2') wasm.addApart(sums, src, zeros, width)
        else wasm.addScaledRow(sums, src, width, 1)
      }
      for (let i = 0; i < width; i++)
        data[dst / 4 + i] = of === 'l2' ? Math.sqrt(sum[i]!) : of === 'mean' ? sum[i]! / channels : sum[i]!
    }
  }
}

/** Normalizes over the channels at each place. */
export function prepareEvened(
  { epsilon, gamma, beta }: LayerSettings['evened'],
  [channels, , width]: Shape,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const [means, roots] = [scratch, plus(scratch, doublesBytes(width))]
  const sums = (at: Address) => new Float64Array(wasm.memory.buffer, at, width)
  return (to, [from], [first, end]) => {
    const [mean, root] = [sums(means), sums(roots)]
    for (let y = first; y < end; y++) {
      mean.fill(0)
      root.fill(0)
      for (let c = 0; c < channels; c++) wasm.addScaledRow(means, rowAt(from!, c, y), width, 1)
      for (let i = 0; i < width; i++) mean[i]! /= channels
      for (let c = 0; c < channels; c++) wasm.addApart(roots, rowAt(from!, c, y), means, width)
      for (let i = 0; i < width; i++) root[i] = Math.sqrt(root[i]! / channels + epsilon)
      for (let c = 0; c < channels; c++)
        wasm.evenedRow(rowAt(to, c, y), rowAt(from!, c, y), means, roots, width, gamma[c]!, beta[c]!)
    }
  }
}

/** Multiplies matrices. */
export function prepareProduct(
  [channels, , width]: Shape,
  [a, b]: readonly Shape[],
  wasm: WasmExports,
  asDefined: Compute,
): Compute {
  const [, high] = b!
  return (to, from, [first, end]) => {
    const [left, right] = from
    if (right!.rows.length > 1) return asDefined(to, from, [first, end])
    for (let c = 0; c < channels; c++) {
      const [inA, inB] = [a![0] === 1 ? 0 : c, b![0] === 1 ? 0 : c]
      const rows = rowAt(right!, inB, 0)
      for (let y = first; y < end; y++)
        wasm.productRow(rowAt(to, c, y), rowAt(left!, inA, y), high, rows, right!.pitch, width)
    }
  }
}

/** Puts pooled samples back where they came from. */
export function prepareUnpooled(
  settings: LayerSettings['unpooled'],
  [channels, , width]: Shape,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const { axes, across } = settings
  const [, ay, ax] = axes
  const starts = Int32Array.from(ax.start)
  const words = new Int32Array(wasm.memory.buffer)
  return (to, [from, places], [first, end]) => {
    const [[low, high]] = unpooled.needs(settings, [first, end], []) as [Span]
    words.set(starts, scratch / 4)
    for (let c = 0; c < channels; c++) {
      const dst = rowAt(to, c, first)
      for (let y = first; y < end; y++) wasm.fillRow(rowAt(to, c, y), width, 0)
      for (let o = low; o < high; o++) {
        const [src, place] = [rowAt(from!, c, o), rowAt(places!, c, o)]
        const [top, down] = [ay.start[o]!, ay.dilation]
        wasm.unpoolRow(
          ...([dst, to.pitch, width, first, end, src, place, ax.output] as const),
          ...([top, down, scratch, across, ax.dilation] as const),
        )
      }
    }
  }
}
