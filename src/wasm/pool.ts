// Max pooling (definition: poolRow). Rows may be read and written up to 64 bytes past their end.

import { Address } from './address'

/** Samples 0, stride, 2 stride, 3 stride at p. */
@inline
function everyNth(p: usize, stride: i32): v128 {
  if (stride == 1) return v128.load(p)
  if (stride == 2) return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 0, 2, 4, 6)
  const step = <usize>stride << 2
  let v = v128.load32_zero(p)
  v = v128.load32_lane(p + step, v, 1)
  v = v128.load32_lane(p + 2 * step, v, 2)
  return v128.load32_lane(p + 3 * step, v, 3)
}

/**
 * A row of `n` maxima, n at least 4, of windows that lie wholly inside: `rows` rows of `taps` samples, `rowStep` and `tapStep`
 * bytes apart, `stride` samples from window to window. The first of equal samples stays, a NaN wins over every number.
 */
export function maxRow(
  dst: Address,
  src: Address,
  rowStep: usize,
  rows: i32,
  tapStep: usize,
  taps: i32,
  stride: i32,
  n: i32,
): void {
  for (let i = 0; ; i += 4) {
    if (i > n - 4) i = n - 4
    const from = src + (<usize>(i * stride) << 2)
    let best = everyNth(from, stride)
    for (let u = 0; u < rows; u++) {
      let p = from + <usize>u * rowStep
      for (let t = 0; t < taps; t++, p += tapStep) {
        const x = everyNth(p, stride)
        const isBetter = v128.or(f32x4.gt(x, best), v128.andnot(f32x4.ne(x, x), f32x4.ne(best, best)))
        best = v128.bitselect(x, best, isBetter)
      }
    }
    v128.store(dst + (<usize>i << 2), best)
    if (i == n - 4) break
  }
}
