import { copyRow, eachRow, type Layer, preparedRows } from './layer.ts'

const { fround } = Math

/**
 * The weights of every output sample along an axis: sample o is the sum over t of
 * weights[t · size + o] · x[first[o] + t].
 */
export type Resampling = {
  /** The number of output samples. */
  readonly size: number
  readonly taps: number
  readonly first: Int32Array
  /** [taps][size]; a weight of 0 is skipped. All positions are inside. */
  readonly weights: Float32Array
}

/** Resamples rows: in float32, tap by tap from the left, each product and each sum rounded. */
export const resampledAcross: Layer<Resampling> = eachRow(
  ({ size }, [x]) => [x![0], x![1], size],
  ({ size, taps, first, weights }, out, { c, y, to }, [x]) => {
    const from = x!.at(c, y)
    for (let o = 0; o < size; o++) {
      let sum = 0
      for (let t = 0; t < taps; t++) {
        const weight = weights[t * size + o]!
        if (weight !== 0) sum = fround(sum + fround(weight * x!.data[from + first[o]! + t]!))
      }
      out[to + o] = sum
    }
  },
)

/** Resamples columns in the same way, from the top. */
export const resampledDown: Layer<Resampling> = eachRow(
  ({ size }, [x]) => [x![0], size, x![2]],
  ({ size, taps, first, weights }, out, { c, y, to, width }, [x]) => {
    out.fill(0, to, to + width)
    for (let t = 0; t < taps; t++) {
      const [weight, from] = [weights[t * size + y]!, x!.at(c, first[y]! + t)]
      if (weight === 0) continue
      for (let i = 0; i < width; i++) out[to + i] = fround(out[to + i]! + fround(weight * x!.data[from + i]!))
    }
  },
  ({ taps, first }, [top, end]) => [[first[top]!, first[end - 1]! + taps]],
)

/** Selects samples: sample (y, x) is that of row `rows[y]` and column `columns[x]`, both ascending. */
export const chosen: Layer<{ readonly rows: Int32Array; readonly columns: Int32Array }> = preparedRows(
  ({ rows, columns }, [x]) => [x![0], rows.length, columns.length],
  ({ rows, columns }, [x], [given]) => {
    const isWhole = columns.length === given![2] && columns.every((column, i) => column === i)
    return (out, { c, y, to, width }) => {
      const from = x!.at(c, rows[y]!)
      if (isWhole) copyRow(out, to, x!, from, width)
      else for (let i = 0; i < width; i++) out[to + i] = x!.data[from + columns[i]!]!
    }
  },
  ({ rows }, [first, end]) => [[rows[first]!, rows[end - 1]! + 1]],
)
