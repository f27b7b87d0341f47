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

/**
 * Row `row` of windows side by side, `size` samples wide and `rows` rows of `rowStep` bytes high, the last one perhaps
 * narrower: the maximum of a window where it was, or with `mark` a 1, and zeros elsewhere (definition: maxima). The row has
 * `width` samples.
 */
export function maximaRow(
  dst: Address,
  src: Address,
  rowStep: usize,
  rows: i32,
  row: i32,
  size: i32,
  width: i32,
  mark: bool,
): void {
  const window = <usize>size << 2
  let x = 0
  for (; x + 4 * size <= width; x += 4 * size) {
    const from = src + (<usize>x << 2)
    let best = everyNth(from, size)
    let place = i32x4.splat(0)
    for (let u = 0; u < rows; u++) {
      let p = from + <usize>u * rowStep
      for (let t = 0; t < size; t++, p += 4) {
        const v = everyNth(p, size)
        const isBetter = v128.or(f32x4.gt(v, best), v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best)))
        best = v128.bitselect(v, best, isBetter)
        place = v128.bitselect(i32x4.splat(u * size + t), place, isBetter)
      }
    }
    if (mark) best = f32x4.splat(1)
    let to = dst + (<usize>x << 2)
    const first = row * size
    if (size == 2) {
      const a = v128.and(best, i32x4.eq(place, i32x4.splat(first)))
      const b = v128.and(best, i32x4.eq(place, i32x4.splat(first + 1)))
      v128.store(to, v128.shuffle<f32>(a, b, 0, 4, 1, 5))
      v128.store(to, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16)
      continue
    }
    for (let t = 0; t < size; t++, to += 4) {
      const v = v128.and(best, i32x4.eq(place, i32x4.splat(first + t)))
      v128.store32_lane(to, v, 0)
      v128.store32_lane(to + window, v, 1)
      v128.store32_lane(to + 2 * window, v, 2)
      v128.store32_lane(to + 3 * window, v, 3)
    }
  }
  for (; x < width; x += size) {
    const from = src + (<usize>x << 2)
    const taps = min(size, width - x)
    let best = load<f32>(from)
    let place = 0
    for (let u = 0; u < rows; u++) {
      for (let t = 0; t < taps; t++) {
        const v = load<f32>(from + <usize>u * rowStep + (<usize>t << 2))
        if (!(v > best || (v != v && best == best))) continue
        best = v
        place = u * size + t
      }
    }
    for (let t = 0; t < taps; t++) {
      const v: f32 = place == row * size + t ? (mark ? 1 : best) : 0
      store<f32>(dst + (<usize>(x + t) << 2), v)
    }
  }
}
