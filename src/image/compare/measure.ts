import { differRow } from '../../definition/differ.ts'
import type { Samples } from '../../tensor/picture.ts'
import type { PlainPng } from '../png-head.ts'
import { type Largest, largestIn } from './comparison.ts'
import { bytesOf, type Pair } from './pair.ts'

/** The results of one pass over two pictures. */
export type Measured = {
  /** pixels that differ at all */
  readonly differing: number
  /** pixels that differ by more than the threshold */
  readonly beyond: number
  /** over all compared samples */
  readonly sumOfSquares: number
  readonly largest: Largest | undefined
  /** [y][x]: the largest difference of a channel, in levels */
  readonly values: Uint8Array | Uint16Array | Float64Array
  /** differing pixels in each row */
  readonly rowCounts: Uint32Array
}

/** What to measure. */
export type Wanted = {
  /** levels above which a pixel counts */
  readonly threshold: number
  /** how many samples of a pixel are compared, from the first on */
  readonly compared: number
  /** [y][x]: 1 where a pixel is not compared */
  readonly ignored: Uint8Array | undefined
  /** whether the caller needs the samples themselves */
  readonly keep: boolean
}

/**
 * Measures two plain PNGs of one shape like `measure` does, without holding them whole in memory unless they are to be
 * kept. Returns undefined if one is damaged.
 */
export type Differ = (
  expected: PlainPng,
  actual: PlainPng,
  wanted: Wanted,
) => Promise<(Measured & { readonly kept?: readonly [Samples, Samples] }) | undefined>

type Look = ReturnType<typeof begun>

function begun(pair: Pair, threshold: number, ignored: Uint8Array | undefined, isReal: boolean) {
  const { expected, actual, depth } = pair
  const size = pair.width * pair.height
  return {
    ...{ pair, threshold, ignored },
    // what both pictures have
    width: Math.min(expected.width, actual.width),
    height: Math.min(expected.height, actual.height),
    values: isReal ? new Float64Array(size) : depth === 8 ? new Uint8Array(size) : new Uint16Array(size),
    rowCounts: new Uint32Array(pair.height),
    ...{ beyond: 0, sumOfSquares: 0 },
    // the largest difference, with its pixel and channel; channel -1 means that one picture has no such pixel
    ...{ most: 0, x: 0, y: 0, channel: 0 },
  }
}

/**
 * Compares sample by sample, in one pass, and skips rows of equal bytes. Integer samples give integer differences. For
 * floats, NaN equals NaN and differs infinitely from any number.
 */
export function measure(pair: Pair, threshold: number, ignored: Uint8Array | undefined): Measured {
  const { expected, actual, depth, alpha } = pair
  const isReal = depth === 32 || alpha === 'visible'
  const state = begun(pair, threshold, ignored, isReal)
  const [a, b] = [bytesOf(expected.data), bytesOf(actual.data)]
  const sampleBytes = expected.data.BYTES_PER_ELEMENT
  const rowBytes = state.width * pair.channels * sampleBytes
  const row = isReal ? (alpha === 'visible' ? visibleRow : floatRow) : wholeRow
  for (let y = 0; y < state.height; y++) {
    const i = y * expected.width * pair.channels
    const j = y * actual.width * pair.channels
    const [from, to] = [i * sampleBytes, j * sampleBytes]
    if (b.compare(a, from, from + rowBytes, to, to + rowBytes) !== 0) row(state, y, i, j)
  }
  addAbsent(state)
  return {
    differing: state.rowCounts.reduce((sum, n) => sum + n, 0),
    beyond: state.beyond,
    sumOfSquares: state.sumOfSquares,
    largest: largestOf(state),
    values: state.values,
    rowCounts: state.rowCounts,
  }
}

type Row = (state: Look, y: number, i: number, j: number) => void

const wholeRow: Row = (state, y, i, j) => {
  const { pair, threshold, ignored, width } = state
  const { channels, compared } = pair
  const start = y * pair.width
  const row = differRow(
    state.values.subarray(start, start + width) as Uint8Array,
    pair.expected.data.subarray(i) as Uint8Array,
    pair.actual.data.subarray(j) as Uint8Array,
    ...([channels, compared, threshold, state.most, ignored?.subarray(start)] as const),
  )
  state.rowCounts[y] = row.count
  state.beyond += row.beyond
  // the sums of a row are exact, so the total is precise at any size
  state.sumOfSquares += row.squares
  if (row.x >= 0) Object.assign(state, { most: row.most, x: row.x, y, channel: row.channel })
}

const floatRow: Row = (state, y, i, j) => {
  const a = state.pair.expected.data
  const b = state.pair.actual.data
  realRow(state, y, i, j, (p, q, c) => numberDifference(a[p + c]!, b[q + c]!))
}

/** Straight alpha gives c a over black and c a + (1 - a) over white. The larger of the two differences counts. */
const visibleRow: Row = (state, y, i, j) => {
  const { full, channels, expected, actual } = state.pair
  const a = expected.data
  const b = actual.data
  const alphaAt = channels - 1
  realRow(state, y, i, j, (p, q, c) => {
    const [u, v] = [a[p + alphaAt]!, b[q + alphaAt]!]
    // under alpha 0, even a colour that is not a number is invisible
    const overBlack = (u === 0 ? 0 : a[p + c]! * u) - (v === 0 ? 0 : b[q + c]! * v)
    const overWhite = overBlack - full * (u - v)
    const d = Math.max(Math.abs(overBlack), Math.abs(overWhite)) / full
    return Number.isNaN(d) ? Math.max(numberDifference(a[p + c]!, b[q + c]!), numberDifference(u, v)) : d
  })
}

function numberDifference(a: number, b: number): number {
  if (a === b) return 0
  const d = Math.abs(a - b)
  if (!Number.isNaN(d)) return d
  return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.POSITIVE_INFINITY
}

function realRow(
  state: Look,
  y: number,
  i: number,
  j: number,
  difference: (p: number, q: number, c: number) => number,
): void {
  const { pair, threshold, ignored, width } = state
  const { channels, compared } = pair
  const start = y * pair.width
  let count = 0
  for (let x = 0; x < width; x++, i += channels, j += channels) {
    if (ignored?.[start + x] === 1) continue
    let worst = 0
    for (let c = 0; c < compared; c++) {
      const d = difference(i, j, c)
      state.sumOfSquares += d * d
      if (d > worst) {
        worst = d
        if (d > state.most) Object.assign(state, { most: d, x, y, channel: c })
      }
    }
    if (worst === 0) continue
    state.values[start + x] = worst
    count++
    if (worst > threshold) state.beyond++
  }
  state.rowCounts[y] = count
}

/** Counts pixels that only one picture has: they differ by the full scale in every channel. */
function addAbsent(state: Look): void {
  const { pair, threshold, ignored } = state
  const { width, height, full, compared } = pair
  for (let y = 0; y < height; y++) {
    for (let x = y < state.height ? state.width : 0; x < width; x++) {
      if (ignored?.[y * width + x] === 1) continue
      state.values[y * width + x] = full
      state.rowCounts[y]!++
      state.sumOfSquares += full * full * compared
      if (full > threshold) state.beyond++
      if (full > state.most) Object.assign(state, { most: full, x, y, channel: -1 })
    }
  }
}

function largestOf({ pair, most, x, y, channel }: Look): Largest | undefined {
  if (most === 0) return undefined
  if (channel < 0) return { difference: most, x, y }
  const { expected, actual, channels } = pair
  const pixel = ({ width, data }: Pair['expected']) => {
    const at = (y * width + x) * channels
    return Array.from(data.subarray(at, at + channels))
  }
  const [expectedPixel, gotPixel] = [pixel(expected), pixel(actual)]
  // over black and white, colours may differ only because of their alpha
  const shown = expectedPixel[channel] === gotPixel[channel] ? channels - 1 : channel
  return largestIn(most, shown, channels, [x, y], [expectedPixel, gotPixel])
}
