// Sums in float64 by their definition, and samples for them.

type Plane = { readonly rows: number; readonly cols: number; readonly data: Float32Array }

/** Returns `n` numbers of -1..1 that look random but are the same everywhere. */
export function noise(n: number, seed: number): Float32Array {
  let state = seed * 2654435761
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** Returns a plane of whole numbers 0..255. */
export function picture(rows: number, cols: number, seed: number): Plane {
  return { rows, cols, data: noise(rows * cols, seed).map((v) => Math.round(127.5 * (v + 1))) }
}

/** Computes every output sample, or only those of every `every`-th row and column. The others are NaN. */
export function exactDense(
  { rows, cols, data }: Plane,
  weights: ArrayLike<number>,
  kH: number,
  kW: number,
  every = 1,
): Float64Array {
  const [outRows, outCols] = [rows - kH + 1, cols - kW + 1]
  const out = new Float64Array(outRows * outCols).fill(Number.NaN)
  for (let y = 0; y < outRows; y += every) {
    for (let x = 0; x < outCols; x += every) {
      let sum = 0
      for (let v = 0; v < kH; v++) {
        for (let u = 0; u < kW; u++) sum += weights[v * kW + u]! * data[(y + v) * cols + x + u]!
      }
      out[y * outCols + x] = sum
    }
  }
  return out
}

export const exactColumns = (plane: Plane, weights: ArrayLike<number>): Float64Array =>
  exactDense(plane, weights, weights.length, 1)

export const exactRows = (plane: Plane, weights: ArrayLike<number>): Float64Array =>
  exactDense(plane, weights, 1, weights.length)

/** Returns the largest error as a fraction of 255 times the sum of the absolute weights. */
export function worstError(got: Float32Array, exact: Float64Array, weights: ArrayLike<number>): number {
  let worst = 0
  let compared = 0
  exact.forEach((e, i) => {
    if (Number.isNaN(e)) return
    worst = Math.max(worst, Math.abs(got[i]! - e))
    compared++
  })
  if (compared === 0 || got.length !== exact.length) throw new Error('nothing to compare')
  return worst / (255 * Array.from(weights).reduce((sum, w) => sum + Math.abs(w), 0))
}
