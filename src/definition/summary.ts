import { eachRow, type Layer, type Shape, sameShape, wider } from './layer.ts'
import { operations } from './mixing.ts'

// Facts about a channel that need all of it. Every row is summed up separately, from left to right, and the rows are
// joined from top to bottom, all in double precision, so strips do not change the result. In between, a double is
// stored as two float32: its rounded value and the rest.

const { fround } = Math

/** What to summarise; `moments` are the mean and the variance. */
export type Summary = 'mean' | 'sum' | 'max' | 'min' | 'l2' | 'moments'

/** The settings. For moments, channels are joined into `groups`. */
export type SummarySettings = { readonly of: Summary; readonly groups: number }

/** Returns how many float32 a row is stored in: one double, or two for moments. */
const widthOf = (of: Summary): number => (of === 'moments' ? 4 : 2)

/** How two numbers are joined. */
const joining = (of: Summary): ((sum: number, v: number) => number) => {
  if (of === 'max') return (sum, v) => operations.larger(v, sum)
  return of === 'min' ? (sum, v) => operations.smaller(v, sum) : operations.add
}

/** Sums up one row of numbers into the doubles that are joined. */
function ofRow(of: Summary, data: Float32Array, from: number, width: number): readonly [number, number] {
  const join = joining(of)
  let sum = of === 'max' ? Number.NEGATIVE_INFINITY : of === 'min' ? Number.POSITIVE_INFINITY : 0
  for (let i = from; i < from + width; i++) sum = join(sum, of === 'l2' ? data[i]! * data[i]! : data[i]!)
  if (of !== 'moments') return [sum, 0]
  const mean = sum / width
  let squares = 0
  for (let i = from; i < from + width; i++) {
    // `** 2` is a product in some compilers and a power in others
    const apart = data[i]! - mean
    squares += apart * apart
  }
  return [mean, squares]
}

/** The first part of a summary: [C,H,2], or [C,H,4] for moments. */
export const rowSummary: Layer<{ readonly of: Summary }> = eachRow(
  ({ of }, [x]) => [x![0], x![1], widthOf(of)],
  ({ of }, out, { c, y, to, width }, [x], [given]) => {
    ofRow(of, x!.data, x!.at(c, y), given![2]).forEach((v, k) => {
      if (2 * k >= width) return
      const high = fround(v)
      out[to + 2 * k] = high
      out[to + 2 * k + 1] = Number.isFinite(high) ? v - high : 0
    })
  },
)

/**
 * The second part: joins the rows [C,H,2] or [C,H,4] of planes of `width` columns into [C,1,1], or for moments [C,1,3]:
 * the mean, the remainder of its rounding, and the variance.
 */
export function summaryOfRows(
  { of, groups }: SummarySettings,
  rows: Float32Array,
  [channels, height, width]: Shape,
): Float32Array {
  const step = widthOf(of)
  const at = (c: number, y: number, k: number): number => {
    const place = (c * height + y) * step + 2 * k
    return rows[place]! + rows[place + 1]!
  }
  if (of === 'moments') {
    const perGroup = channels / groups
    const out = new Float32Array(channels * 3)
    for (let group = 0; group < groups; group++) {
      // after Chan, Golub and LeVeque 1979
      let [count, mean, squares] = [0, 0, 0]
      for (let c = group * perGroup; c < (group + 1) * perGroup; c++) {
        for (let y = 0; y < height; y++) {
          const delta = at(c, y, 0) - mean
          const total = count + width
          mean += (delta * width) / total
          squares += at(c, y, 1) + (delta * delta * count * width) / total
          count = total
        }
      }
      for (let c = group * perGroup; c < (group + 1) * perGroup; c++) {
        out[3 * c] = mean
        out[3 * c + 1] = mean - out[3 * c]!
        out[3 * c + 2] = squares / count
      }
    }
    return out
  }
  const join = joining(of)
  return Float32Array.from({ length: channels }, (_, c) => {
    let sum = at(c, 0, 0)
    for (let y = 1; y < height; y++) sum = join(sum, at(c, y, 0))
    return of === 'mean' ? sum / (height * width) : of === 'l2' ? Math.sqrt(sum) : sum
  })
}

/** The summary of each whole channel: [C,1,1], or for moments [C,1,3]. */
export const summary: Layer<SummarySettings> = {
  shape: ({ of }, [x]) => [x![0], 1, of === 'moments' ? 3 : 1],
  needs: (_settings, _rows, [x]) => [[0, x![1]]],
  run(settings, out, [x], _rows, shapes) {
    const [given] = shapes
    const [channels, height] = given!
    const step = widthOf(settings.of)
    const rows = new Float32Array(channels * height * step)
    const to = { data: rows, at: (c: number, y: number) => (c * height + y) * step }
    rowSummary.run(settings, to, [x!], [0, height], shapes, [channels, height, step])
    const found = summaryOfRows(settings, rows, given!)
    const wide = found.length / channels
    for (let c = 0; c < channels; c++) out.data.set(found.subarray(c * wide, (c + 1) * wide), out.at(c, 0))
  },
}

/** (x − mean) / √(variance + epsilon) · gamma + beta with the moments [C,1,3], rounded once: instance and group normalisation. */
export const standardized: Layer<{
  readonly epsilon: number
  readonly gamma: Float32Array
  readonly beta: Float32Array
}> = eachRow(
  sameShape,
  ({ epsilon, gamma, beta }, out, { c, y, to, width }, [x, moments]) => {
    const at = moments!.at(c, 0)
    const mean = moments!.data[at]! + moments!.data[at + 1]!
    const root = Math.sqrt(moments!.data[at + 2]! + epsilon)
    const from = x!.at(c, y)
    for (let i = 0; i < width; i++)
      out[to + i] = fround(((x!.data[from + i]! - mean) / root) * gamma[c]! + beta[c]!)
  },
  (_, rows) => [rows, [0, 1]],
)

/**
 * Multiplies matrices [C,M,K] by [C,K,N], with sums over K in double precision, rounded once. One matrix is repeated
 * for all channels.
 */
export const product: Layer<Record<string, never>> = eachRow(
  (_, [a, b]) => [wider(a![0], b![0]), a![1], b![2]],
  (_, out, { c, y, to, width }, [a, b], [aShape, bShape]) => {
    const sums = new Float64Array(width)
    const [inA, inB] = [aShape![0] === 1 ? 0 : c, bShape![0] === 1 ? 0 : c]
    for (let k = 0; k < bShape![1]; k++) {
      const [by, from] = [a!.data[a!.at(inA, y) + k]!, b!.at(inB, k)]
      for (let i = 0; i < width; i++) sums[i]! += by * b!.data[from + i]!
    }
    out.set(sums, to)
  },
  (_, rows, [, b]) => [rows, [0, b![1]]],
)
