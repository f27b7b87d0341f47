import { exp, log } from '../tensor/math.ts'
import { power } from './functions.ts'
import { eachRow, type Layer, placewise, pointwise, type Shape, sameShape } from './layer.ts'
import { type PoolAxes, poolRow } from './pool.ts'
import type { Span } from './rows.ts'

// Layers of networks that compute with samples, their channels and their neighbours.

const { fround } = Math

/** Comparisons of two numbers: 1 if true, else 0. */
export const comparisons = {
  equal: (a, b) => +(a === b),
  greater: (a, b) => +(a > b),
  atLeast: (a, b) => +(a >= b),
  less: (a, b) => +(a < b),
  atMost: (a, b) => +(a <= b),
  and: (a, b) => +(a !== 0 && b !== 0),
  or: (a, b) => +(a !== 0 || b !== 0),
  xor: (a, b) => +((a !== 0) !== (b !== 0)),
} as const satisfies Record<string, (a: number, b: number) => number>

/** Operations on two numbers. Layers round the result to float32. NaN stays NaN. */
export const operations = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power,
  /** The remainder of a / b with the sign of b; `remainder` has the sign of a. */
  modulo(a, b) {
    const rest = a % b
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
  },
  remainder: (a, b) => a % b,
  smaller: (a, b) => (a < b || Number.isNaN(a) ? a : b),
  larger: (a, b) => (a > b || Number.isNaN(a) ? a : b),
  ...comparisons,
} as const satisfies Record<string, (a: number, b: number) => number>

/** The name of an operation on two samples. */
export type OperationName = keyof typeof operations

/** Combines two samples into one. */
export const paired = placewise(
  ({ operation }: { readonly operation: OperationName }) => operations[operation],
)

/** The second sample if the first is not 0, else the third. */
export const either = placewise((_: Record<string, never>) => (condition, a, b) => (condition !== 0 ? a : b))

/**
 * Combines every sample with a number: one for all channels, or one for each. With `isFirst`, the number is the first
 * operand.
 */
export const withNumber = pointwise(
  ({
    operation,
    numbers,
    isFirst,
  }: {
    readonly operation: OperationName
    readonly numbers: Float32Array
    readonly isFirst: boolean
  }) => {
    const f = operations[operation]
    const of = (c: number) => numbers[numbers.length === 1 ? 0 : c]!
    return isFirst ? (v, c) => f(of(c), v) : (v, c) => f(v, of(c))
  },
)

/** Multiplies negative samples by a slope: one for all channels, or one for each. */
export const prelu = pointwise(
  ({ slope }: { readonly slope: Float32Array }) =>
    (v, c) =>
      v < 0 ? fround(v * slope[slope.length === 1 ? 0 : c]!) : v,
)

/** (x − mean) / root · gamma + beta, rounded once: batch normalisation. */
export const normalized = pointwise(
  ({ mean, root, gamma, beta }: Readonly<Record<'mean' | 'root' | 'gamma' | 'beta', readonly number[]>>) =>
    (v, c) =>
      fround(((v - mean[c]!) / root[c]!) * gamma[c]! + beta[c]!),
)

/** How the samples of all channels at a position are combined. */
export type Across = 'mean' | 'sum' | 'max' | 'min' | 'l2'

const gathered: Readonly<
  Record<
    Across,
    { readonly start: number; add(sum: number, v: number): number; end(sum: number, n: number): number }
  >
> = {
  mean: { start: 0, add: (sum, v) => sum + v, end: (sum, n) => sum / n },
  sum: { start: 0, add: (sum, v) => sum + v, end: (sum) => sum },
  l2: { start: 0, add: (sum, v) => sum + v * v, end: Math.sqrt },
  max: { start: Number.NEGATIVE_INFINITY, add: operations.larger, end: (sum) => sum },
  min: { start: Number.POSITIVE_INFINITY, add: operations.smaller, end: (sum) => sum },
}

/** Combines the channels of each position into one number, in double precision, rounded once: [1,H,W]. */
export const across: Layer<{ readonly of: Across }> = eachRow(
  (_, [x]) => [1, x![1], x![2]],
  ({ of }, out, { y, to, width }, [x], [given]) => {
    const { start, add, end } = gathered[of]
    const [channels] = given!
    const sums = new Float64Array(width).fill(start)
    for (let c = 0; c < channels; c++) {
      const from = x!.at(c, y)
      for (let i = 0; i < width; i++) sums[i] = add(sums[i]!, x!.data[from + i]!)
    }
    for (let i = 0; i < width; i++) out[to + i] = fround(end(sums[i]!, channels))
  },
)

/**
 * exp(x − largest) divided by its sum over the channels; with `isLog` the logarithm of that. In double precision,
 * rounded once.
 */
export const softmax: Layer<{ readonly isLog: boolean }> = {
  shape: sameShape,
  needs: (_, rows) => [rows],
  run({ isLog }, out, [x], [first, end], _, [channels, , width]) {
    const values = new Float64Array(channels)
    for (let y = first; y < end; y++) {
      for (let i = 0; i < width; i++) {
        let most = Number.NEGATIVE_INFINITY
        for (let c = 0; c < channels; c++) most = operations.larger(most, x!.data[x!.at(c, y) + i]!)
        let sum = 0
        for (let c = 0; c < channels; c++) {
          values[c] = x!.data[x!.at(c, y) + i]! - most
          sum += exp(values[c]!)
        }
        const whole = isLog ? log(sum) : sum
        for (let c = 0; c < channels; c++)
          out.data[out.at(c, y) + i] = fround(isLog ? values[c]! - whole : exp(values[c]!) / whole)
      }
    }
  },
}

/**
 * (x − mean) / √(variance + epsilon) · gamma + beta over the channels of each position, rounded once: layer
 * normalisation.
 */
export const evened: Layer<{
  readonly epsilon: number
  readonly gamma: Float32Array
  readonly beta: Float32Array
}> = {
  shape: sameShape,
  needs: (_, rows) => [rows],
  run({ epsilon, gamma, beta }, out, [x], [first, end], _, [channels, , width]) {
    const means = new Float64Array(width)
    const roots = new Float64Array(width)
    for (let y = first; y < end; y++) {
      means.fill(0)
      roots.fill(0)
      for (let c = 0; c < channels; c++) {
        const from = x!.at(c, y)
        for (let i = 0; i < width; i++) means[i]! += x!.data[from + i]!
      }
      for (let i = 0; i < width; i++) means[i]! /= channels
      for (let c = 0; c < channels; c++) {
        const from = x!.at(c, y)
        for (let i = 0; i < width; i++) {
          const apart = x!.data[from + i]! - means[i]!
          roots[i]! += apart * apart
        }
      }
      for (let i = 0; i < width; i++) roots[i] = Math.sqrt(roots[i]! / channels + epsilon)
      for (let c = 0; c < channels; c++) {
        const [from, to] = [x!.at(c, y), out.at(c, y)]
        for (let i = 0; i < width; i++)
          out.data[to + i] = fround(((x!.data[from + i]! - means[i]!) / roots[i]!) * gamma[c]! + beta[c]!)
      }
    }
  },
}

/**
 * The number of the channel with the largest sample, or the smallest if `sign` is −1. Of equal samples, the first
 * channel counts, or the last with `isLast`.
 */
export const argmax: Layer<{ readonly sign: 1 | -1; readonly isLast: boolean }> = eachRow(
  (_, [x]) => [1, x![1], x![2]],
  ({ sign, isLast }, out, { y, to, width }, [x], [given]) => {
    const [channels] = given!
    const best = new Float64Array(width).fill(Number.NEGATIVE_INFINITY)
    out.fill(0, to, to + width)
    for (let c = 0; c < channels; c++) {
      const from = x!.at(c, y)
      for (let i = 0; i < width; i++) {
        const v = sign * x!.data[from + i]!
        if (!(v > best[i]! || (isLast && v === best[i]))) continue
        best[i] = v
        out[to + i] = c
      }
    }
  },
)

/** Returns the input rows of windows. */
export const windowRows = ({ start, low, high, dilation }: PoolAxes[1], [first, end]: Span): Span => [
  start[first]! + low[first]! * dilation,
  start[end - 1]! + high[end - 1]! * dilation + 1,
]

type Pooling = { readonly axes: PoolAxes }
const shapeOfPool = <S extends Pooling>({ axes }: S, [x]: readonly Shape[]): Shape => [
  x![0],
  axes[1].output,
  axes[2].output,
]

const rowsOfPool = <S extends Pooling>({ axes: [, axis] }: S, rows: Span): Span[] => [windowRows(axis, rows)]

/**
 * The mean over each window, in double precision, rounded once. The sum is divided by `rows` times `columns`, the
 * counts of each window.
 */
export const averaged: Layer<{
  readonly axes: PoolAxes
  readonly rows: Int32Array
  readonly columns: Int32Array
}> = eachRow(
  shapeOfPool,
  ({ axes: [, ay, ax], rows, columns }, out, { c, y, to, width }, [x]) => {
    for (let i = 0; i < width; i++) {
      let sum = 0
      for (let u = ay.low[y]!; u <= ay.high[y]!; u++) {
        const from = x!.at(c, ay.start[y]! + u * ay.dilation) + ax.start[i]!
        for (let v = ax.low[i]!; v <= ax.high[i]!; v++) sum += x!.data[from + v * ax.dilation]!
      }
      out[to + i] = fround(sum / (rows[y]! * columns[i]!))
    }
  },
  rowsOfPool,
)

/**
 * The position of each maximum in its window: tap row · columns of a window + tap column. Of equal maxima, the first.
 */
export const switches: Layer<{ readonly axes: PoolAxes; readonly across: number }> = eachRow(
  shapeOfPool,
  ({ axes, across: taps }, out, { c, y, to, width }, [x]) => {
    const [, ay, ax] = axes
    const places = new Int32Array(width)
    poolRow(x!, axes, c, 0, y, new Float32Array(width), 0, places)
    places.forEach((place, i) => {
      const row = (Math.floor(place / ax.input) - ay.start[y]!) / ay.dilation
      out[to + i] = row * taps + ((place % ax.input) - ax.start[i]!) / ax.dilation
    })
  },
  rowsOfPool,
)

/**
 * Pooled samples at the positions in their switches, with zeros elsewhere. If two have the same position, the later one
 * is kept.
 */
export const unpooled: Layer<{ readonly axes: PoolAxes; readonly across: number }> = {
  shape: ({ axes }, [x]) => [x![0], axes[1].input, axes[2].input],
  needs({ axes: [, axis] }, [first, end]) {
    let [low, high] = [axis.output, 0]
    for (let o = 0; o < axis.output; o++) {
      const [top, bottom] = windowRows(axis, [o, o + 1])
      if (bottom > first && top < end) [low, high] = [Math.min(low, o), Math.max(high, o + 1)]
    }
    const span: Span = high > low ? [low, high] : [0, 0]
    return [span, span]
  },
  run(settings, out, [x, places], rows, _, [channels, , width]) {
    const { axes, across: taps } = settings
    const [, ay, ax] = axes
    const [first, end] = rows
    const [[low, high]] = unpooled.needs(settings, rows, []) as [Span]
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) out.data.fill(0, out.at(c, y), out.at(c, y) + width)
      for (let o = low; o < high; o++) {
        const [from, at] = [x!.at(c, o), places!.at(c, o)]
        for (let i = 0; i < ax.output; i++) {
          const place = places!.data[at + i]!
          const y = ay.start[o]! + Math.floor(place / taps) * ay.dilation
          if (y >= first && y < end)
            out.data[out.at(c, y) + ax.start[i]! + (place % taps) * ax.dilation] = x!.data[from + i]!
        }
      }
    }
  },
}

/**
 * Every whole number as a colour of a palette of RGB triples: [3,H,W]. Beyond its end the palette repeats, except for
 * the first colour.
 */
export const coloured: Layer<{ readonly palette: readonly number[] }> = eachRow(
  (_, [x]) => [3, x![1], x![2]],
  ({ palette }, out, { c, y, to, width }, [x]) => {
    const count = palette.length / 3
    const from = x!.at(0, y)
    for (let i = 0; i < width; i++) {
      const label = Math.max(0, Math.round(x!.data[from + i]!))
      const entry = label < count ? label : 1 + ((label - 1) % (count - 1))
      out[to + i] = palette[entry * 3 + c]!
    }
  },
)

/**
 * Every whole number as an entry of a table of `count` entries: [R·C,H,W] for entries of R numbers, which become
 * channels. Negative numbers count from the end. Numbers beyond the table use the nearest entry.
 */
export const lookedUp: Layer<{ readonly table: Float32Array; readonly count: number }> = eachRow(
  ({ table, count }, [x]) => [(table.length / count) * x![0], x![1], x![2]],
  ({ table, count }, out, { c, y, to, width }, [x], [given]) => {
    const [places] = given!
    const [size, part] = [table.length / count, Math.floor(c / places)]
    const from = x!.at(c % places, y)
    for (let i = 0; i < width; i++) {
      const place = Math.trunc(x!.data[from + i]!) || 0
      const entry = Math.max(0, Math.min(count - 1, place < 0 ? place + count : place))
      out[to + i] = table[entry * size + part]!
    }
  },
)

/** Mixes the channels of every pixel by a matrix [O,C], in double precision, rounded once. */
export const mixed: Layer<{ readonly matrix: readonly (readonly number[])[] }> = eachRow(
  ({ matrix }, [x]) => [matrix.length, x![1], x![2]],
  ({ matrix }, out, { c, y, to, width }, [x], [given]) => {
    const [inputs] = given!
    for (let i = 0; i < width; i++) {
      let sum = 0
      for (let k = 0; k < inputs; k++) sum += matrix[c]![k]! * x!.data[x!.at(k, y) + i]!
      out[to + i] = fround(sum)
    }
  },
)
