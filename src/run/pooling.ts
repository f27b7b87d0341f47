import type { Shape } from '../definition/layer.ts'
import { type LayerWork, runLayer } from '../definition/layers.ts'
import { firstTap, type PoolAxes, type PoolAxis } from '../definition/pool.ts'
import type { Rows } from '../definition/rows.ts'
import { type Address, align, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, type PlacedRows, rowAt } from './placed-rows.ts'

// Pooling along rows, then down columns: 3x3 at every sample takes a fifth of the time of windows one by one. A row of
// the input is copied between neutral samples, so that windows over an edge are like the others.

/** Layers that compute over windows. */
export type Pooling = Extract<LayerWork, { name: 'pool' | 'pooled' | 'switches' | 'averaged' }>

/**
 * Lays out the scratch memory, in bytes: a padded row, a ring of rows of maxima, and as many rows of places or sums.
 */
function layOut([az, ay, ax]: PoolAxes) {
  const taps = tapsOf(ax)
  const stride = ax.output > 1 ? ax.start[1]! - ax.start[0]! : 1
  const left = Math.max(0, -ax.start[0]!)
  const reach = ax.start.at(-1)! + (taps - 1) * ax.dilation + 1
  const right = Math.max(0, reach - ax.input)
  // room for extra windows at the end, which fill up the vectors
  const line = align((left + ax.input + right + 4 * stride + 16) * 4)
  const pitch = align((ax.output + 16) * 4)
  const slots = (tapsOf(ay) - 1) * ay.dilation + 1
  const deep = (tapsOf(az) - 1) * az.dilation + 1
  const bytes = line + 2 * Math.max(deep * slots, 2) * pitch
  return { taps, stride, left, right, line, pitch, slots, deep, bytes }
}

/** The number of taps of a window. Taps outside the picture count if any window has them inside. */
const tapsOf = ({ high }: PoolAxis): number => high.reduce((most, last) => Math.max(most, last), 0) + 1

export const isPooling = (work: LayerWork): work is Pooling =>
  work.name === 'pool' || work.name === 'pooled' || work.name === 'switches' || work.name === 'averaged'

/** The bytes of scratch memory for pooling. */
export const poolingBytes = ({ settings }: Pooling): number => layOut(settings.axes).bytes

/** Prepares a pooling layer. A row of windows that contain NaN or −infinity is computed as its definition. */
export function preparePooling(
  work: Pooling,
  shape: Shape,
  shapes: readonly Shape[],
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const { axes } = work.settings
  const [az, ay, ax] = axes
  const [channels, height, width] = shapes[0]!
  const { taps, stride, left, right, line, pitch, slots, deep } = layOut(axes)
  const data = new Float32Array(wasm.memory.buffer)
  const row = plus(scratch, left * 4)
  const windows = plus(row, ax.start[0]! * 4)
  const rings = plus(scratch, line)
  const beside = deep * slots * pitch
  const tapStep = ax.dilation * 4
  const n = ax.output
  const places =
    work.name === 'pooled'
      ? ([ax.start[0]!, ax.dilation, stride] as const)
      : work.name === 'switches'
        ? ([0, 1, 0] as const)
        : undefined

  /** Fills the samples around a row with a neutral value. */
  const surround = (by: number): void => {
    const at = scratch / 4
    data.fill(by, at, at + left)
    data.fill(by, at + left + ax.input, at + left + ax.input + right)
  }

  if (work.name === 'averaged') {
    const { rows, columns } = work.settings
    const counts = plus(rings, pitch * 2)
    return (to, [from], [first, end]) => {
      surround(0)
      new Int32Array(wasm.memory.buffer).set(columns, counts / 4)
      for (let c = 0; c < channels; c++) {
        for (let y = first; y < end; y++) {
          for (let u = ay.low[y]!; u <= ay.high[y]!; u++) {
            wasm.plainRow(row, rowAt(from!, c, ay.start[y]! + u * ay.dilation), ax.input)
            wasm.windowSums(rings, windows, n, tapStep, taps, stride, u === ay.low[y])
          }
          wasm.meansRow(rowAt(to, c, y), rings, n, rows[y]!, counts)
        }
      }
    }
  }

  const held = new Int32Array(deep * slots)
  const isPlain = new Uint8Array(deep * slots)
  /** Puts the maxima of a row of the input into a ring. Returns whether all its samples are numbers above −infinity. */
  const hold = (from: PlacedRows, c: number, source: number, place: number): boolean => {
    if (held[place] === source) return isPlain[place] === 1
    held[place] = source
    const best = plus(rings, place * pitch)
    isPlain[place] = +wasm.plainRow(row, rowAt(from, c, source), ax.input)
    wasm.maxAcross(best, windows, n, tapStep, taps, stride)
    if (places !== undefined)
      wasm.placesAcross(plus(best, beside), best, windows, n, tapStep, taps, stride, ...places)
    return isPlain[place] === 1
  }
  const asDefined = (to: PlacedRows, from: PlacedRows, c: number, y: number): void => {
    const out: Rows = { data, at: (k, y) => rowAt(to, k * channels + c, y) / 4 }
    const x: Rows = { data, at: (_, y) => rowAt(from, c, y) / 4 }
    const one: Shape = [shape[0] / channels, shape[1], shape[2]]
    runLayer(work, out, [x], [y, y + 1], [[1, height, width]], one)
  }

  // the usual case reads its rows directly: 64 x 256 x 256 took 2.8 times as long in its loops, 1.3 times in net.run
  const isPairs = deep === 1 && slots === 2 && taps === 2 && stride === 2 && ax.dilation === 1
  const isInside = work.name === 'pool' && isPairs && left === 0 && right === 0

  return (to, [input], [first, end]) => {
    const from = input!
    surround(Number.NEGATIVE_INFINITY)
    for (let c = 0; c < channels; c++) {
      held.fill(-1)
      for (let y = first; y < end; y++) {
        const z = Math.floor(y / ay.output)
        const v = y % ay.output
        const top = firstTap(ay, v)
        const rows = ay.high[v]! - ay.low[v]! + 1
        const slot = top % slots
        const slices = az.high[z]! - az.low[z]! + 1
        const dst = rowAt(to, c, y)
        if (isInside && rows === 2 && slices === 1) {
          const source = firstTap(az, z) * ay.input + top
          const [upper, lower] = [rowAt(from, c, source), rowAt(from, c, source + 1)]
          const by = ax.start[0]! * 4
          if (!wasm.maxOfFour(dst, plus(upper, by), plus(lower, by), n)) asDefined(to, from, c, y)
          continue
        }
        let isFast = true
        for (let t = 0, slice = firstTap(az, z); t < slices; t++, slice += az.dilation) {
          const base = (slice % deep) * slots
          for (let u = 0, source = top; u < rows; u++, source += ay.dilation)
            isFast = hold(from, c, slice * ay.input + source, base + (source % slots)) && isFast
          const ring = plus(rings, base * pitch)
          const made = slices === 1 ? dst : plus(rings, beside + t * pitch)
          if (work.name !== 'switches') wasm.maxDown(made, ring, pitch, slot, ay.dilation, slots, rows, n)
        }
        if (!isFast) {
          asDefined(to, from, c, y)
          continue
        }
        if (slices > 1) wasm.maxDown(dst, plus(rings, beside), pitch, 0, 1, slices, slices, n)
        if (places === undefined) continue
        const isFlat = work.name === 'pooled'
        const [place, rowPlace] =
          work.name === 'switches'
            ? [ay.low[v]! * work.settings.across, work.settings.across]
            : [top * ax.input, ay.dilation * ax.input]
        const found = isFlat ? rowAt(to, channels + c, y) : dst
        wasm.placesDown(found, rings, beside, pitch, slot, ay.dilation, slots, rows, n, place, rowPlace)
      }
    }
  }
}
