import { copyRow, eachRow, type Layer, type Shape } from './layer.ts'
import type { Span } from './rows.ts'

// Layers that move samples: slice, pad, shuffle, join, resize.

const { fround } = Math

/** The position in the input for each position on an axis of the output; -1 is `fill`. */
export type Places = Readonly<Record<'channels' | 'rows' | 'columns', Int32Array>>

/** Returns the span from the smallest to the largest position that is inside. */
function hull(places: Int32Array, [first, end]: Span): Span {
  let [low, high] = [Number.POSITIVE_INFINITY, -1]
  for (let i = first; i < end; i++) {
    const place = places[i]!
    if (place < 0) continue
    low = Math.min(low, place)
    high = Math.max(high, place)
  }
  return high < 0 ? [0, 0] : [low, high + 1]
}

/** Whether positions count up by one from the first. */
export const isRun = (places: Int32Array): boolean =>
  places[0]! >= 0 && places.every((place, i) => place === places[0]! + i)

/** Takes channels, rows and columns from other positions: slices, paddings, flips, nearest neighbours. */
export const placed: Layer<Places & { readonly fill: number }> = eachRow(
  ({ channels, rows, columns }) => [channels.length, rows.length, columns.length],
  ({ channels, rows, columns, fill }, out, { c, y, to, width }, [x]) => {
    if (channels[c]! < 0 || rows[y]! < 0) return void out.fill(fill, to, to + width)
    const from = x!.at(channels[c]!, rows[y]!)
    for (let i = 0; i < width; i++) {
      const column = columns[i]!
      out[to + i] = column < 0 ? fill : x!.data[from + column]!
    }
  },
  ({ rows }, span) => [hull(rows, span)],
)

/**
 * Puts slices of a volume, which are stacked vertically, into channels: channel i·C + c is channel c of slice
 * `first` + i.
 */
export const slices: Layer<{ readonly height: number; readonly first: number; readonly count: number }> =
  eachRow(
    ({ height, count }, [x]) => [x![0] * count, height, x![2]],
    ({ height, first }, out, { c, y, to, width }, [x], [given]) => {
      const [channels] = given!
      const slice = first + Math.floor(c / channels)
      copyRow(out, to, x!, x!.at(c % channels, slice * height + y), width)
    },
    ({ height, first, count }, [top, end]) => [
      Array.from({ length: count }, (_, i): Span => [(first + i) * height + top, (first + i) * height + end]),
    ],
  )

/**
 * A factor of an axis: `size` positions, at a distance of `from` on an axis of the input and `to` on one of the output.
 */
export type Factor = {
  readonly size: number
  /** 0 channels, 1 rows, 2 columns. */
  readonly fromAxis: 0 | 1 | 2
  readonly from: number
  readonly toAxis: 0 | 1 | 2
  readonly to: number
}

/** Returns what position i on an axis of the output adds to the position on an axis of the input. */
const share = (factors: readonly Factor[], toAxis: 0 | 1 | 2, fromAxis: 0 | 1 | 2) => {
  const own = factors.filter((f) => f.toAxis === toAxis && f.fromAxis === fromAxis)
  return (i: number) => own.reduce((sum, f) => sum + (Math.floor(i / f.to) % f.size) * f.from, 0)
}

/** Returns what a span of positions on an output axis adds to the positions on each axis of the input. */
export function shares(
  factors: readonly Factor[],
  axis: 0 | 1 | 2,
  [first, end]: Span,
): readonly [channels: Int32Array, rows: Int32Array, columns: Int32Array] {
  const table = (fromAxis: 0 | 1 | 2): Int32Array => {
    const of = share(factors, axis, fromAxis)
    return Int32Array.from({ length: end - first }, (_, i) => of(first + i))
  }
  return [table(0), table(1), table(2)]
}

/** Splits the axes into factors and joins these in another order: pixel shuffles, transpositions, flattenings. */
export const rearranged: Layer<{ readonly shape: Shape; readonly factors: readonly Factor[] }> = {
  shape: ({ shape }) => shape,
  needs({ factors }, [first, end]) {
    const rowOf = share(factors, 1, 1)
    const beside = (axis: 0 | 2) =>
      factors
        .filter((f) => f.fromAxis === 1 && f.toAxis === axis)
        .reduce((sum, f) => sum + (f.size - 1) * f.from, 0)
    let [low, high] = [Number.POSITIVE_INFINITY, 0]
    for (let y = first; y < end; y++) {
      const row = rowOf(y)
      low = Math.min(low, row)
      high = Math.max(high, row)
    }
    return [[low, high + beside(0) + beside(2) + 1]]
  },
  run({ shape, factors }, out, [x], rows) {
    const [channels, , width] = shape
    const [first, end] = rows
    const [cc, cy, cx] = shares(factors, 0, [0, channels])
    const [yc, yy, yx] = shares(factors, 1, rows)
    const [xc, xy, xx] = shares(factors, 2, [0, width])
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const to = out.at(c, y)
        const k = y - first
        const [channel, row, column] = [cc[c]! + yc[k]!, cy[c]! + yy[k]!, cx[c]! + yx[k]!]
        // columns that come from one row are together, so each row is looked up once
        let [lastChannel, lastRow, from] = [-1, -1, 0]
        for (let i = 0; i < width; i++) {
          if (xc[i] !== lastChannel || xy[i] !== lastRow) {
            ;[lastChannel, lastRow] = [xc[i]!, xy[i]!]
            from = x!.at(channel + lastChannel, row + lastRow) + column
          }
          out.data[to + i] = x!.data[from + xx[i]!]!
        }
      }
    }
  },
}

/** Joins inputs along an axis: 0 channels, 1 rows, 2 columns. */
export const concat: Layer<{ readonly axis: 0 | 1 | 2 }> = {
  shape({ axis }, inputs) {
    const sum = inputs.reduce((total, shape) => total + shape[axis], 0)
    return inputs[0]!.map((size, i) => (i === axis ? sum : size)) as unknown as Shape
  },
  needs({ axis }, [first, end], inputs) {
    if (axis !== 1) return inputs.map(() => [first, end])
    let before = 0
    return inputs.map(([, height]): Span => {
      const span = [Math.max(0, first - before), Math.min(height, end - before)] as const
      before += height
      return span[1] > span[0] ? span : [0, 0]
    })
  },
  run({ axis }, out, inputs, [first, end], shapes) {
    let before = 0
    inputs.forEach((x, k) => {
      const [channels, height, width] = shapes[k]!
      const [low, high] =
        axis === 1 ? [Math.max(0, first - before), Math.min(height, end - before)] : [first, end]
      for (let c = 0; c < channels; c++) {
        for (let y = low; y < high; y++) {
          const to = out.at(axis === 0 ? c + before : c, axis === 1 ? y + before : y)
          copyRow(out.data, axis === 2 ? to + before : to, x, x.at(c, y), width)
        }
      }
      before += shapes[k]![axis]
    })
  },
}

/** For each position on an axis of the output, `taps` positions of the input and their weights. */
export type Taps = { readonly taps: number; readonly places: Int32Array; readonly weights: Float64Array }

/** Interpolates samples: sums rows first, then columns, in double precision, rounded once. */
export const resized: Layer<{ readonly rows: Taps; readonly columns: Taps }> = eachRow(
  ({ rows, columns }, [x]) => [x![0], rows.places.length / rows.taps, columns.places.length / columns.taps],
  ({ rows, columns }, out, { c, y, to, width }, [x]) => {
    const span = columns.places.reduce((most, place) => Math.max(most, place), 0) + 1
    const line = new Float64Array(span)
    for (let t = y * rows.taps; t < (y + 1) * rows.taps; t++) {
      const weight = rows.weights[t]!
      if (weight === 0) continue
      const from = x!.at(c, rows.places[t]!)
      for (let i = 0; i < span; i++) line[i]! += weight * x!.data[from + i]!
    }
    for (let i = 0, t = 0; i < width; i++) {
      let sum = 0
      for (const last = t + columns.taps; t < last; t++) {
        // a weight of 0 is skipped, whatever the sample is
        if (columns.weights[t] !== 0) sum += columns.weights[t]! * line[columns.places[t]!]!
      }
      out[to + i] = fround(sum)
    }
  },
  ({ rows: { places, taps } }, [first, end]) => [hull(places, [first * taps, end * taps])],
)
