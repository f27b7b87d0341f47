// Sums of the taps at a place, for the loops over rows of float32: acc = 0; acc = acc + w * sample for the taps in order,
// each step rounded. The taps are either listed, as the offsets (i32, bytes) from `taps` to `end`, or `step` bytes apart,
// and then `taps` to `end` are their weights.
import { store7 } from './lanes'

/** The sums of 4 samples. */
@inline
export function sums4(at: usize, taps: usize, end: usize, weights: usize, step: usize, isListed: bool): v128 {
  let a = f32x4.splat(0)
  let w = weights
  let p = at
  for (let o = taps; o < end; o += 4) {
    if (isListed) p = at + load<u32>(o)
    a = f32x4.add(a, f32x4.mul(v128.load32_splat(isListed ? w : o), v128.load(p)))
    if (isListed) w += 4
    else p += step
  }
  return a
}

/** Stores the sums of 28 samples, plus a bias if `isBiased`. */
@inline
export function storeSums28(
  to: usize, at: usize, taps: usize, end: usize, weights: usize, step: usize, isListed: bool, bias: v128, isBiased: bool,
): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  let a4 = f32x4.splat(0)
  let a5 = f32x4.splat(0)
  let a6 = f32x4.splat(0)
  let w = weights
  let p = at
  for (let o = taps; o < end; o += 4) {
    if (isListed) p = at + load<u32>(o)
    const k = v128.load32_splat(isListed ? w : o)
    a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p)))
    a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)))
    a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32)))
    a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)))
    a4 = f32x4.add(a4, f32x4.mul(k, v128.load(p, 64)))
    a5 = f32x4.add(a5, f32x4.mul(k, v128.load(p, 80)))
    a6 = f32x4.add(a6, f32x4.mul(k, v128.load(p, 96)))
    if (isListed) w += 4
    else p += step
  }
  if (isBiased) {
    a0 = f32x4.add(a0, bias)
    a1 = f32x4.add(a1, bias)
    a2 = f32x4.add(a2, bias)
    a3 = f32x4.add(a3, bias)
    a4 = f32x4.add(a4, bias)
    a5 = f32x4.add(a5, bias)
    a6 = f32x4.add(a6, bias)
  }
  store7(to, a0, a1, a2, a3, a4, a5, a6)
}

/**
 * Two vectors of sums of four channels, `second` bytes apart in the source and `dstSecond` in the destination. Listed
 * taps have four weights each, and a bias is added. Otherwise `taps` to `end` are the weights, in fours, and the samples
 * of each follow those of the one before.
 */
@inline
export function eightSums4(
  dst: usize,
  dstChannelPitch: usize,
  dstSecond: usize,
  src: usize,
  second: usize,
  taps: usize,
  end: usize,
  weights: usize,
  bias: usize,
  isListed: bool,
): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let d0 = f32x4.splat(0)
  let d1 = f32x4.splat(0)
  let w = isListed ? weights : taps
  let p = src
  for (let o = taps; o < end; o += isListed ? 4 : 16) {
    if (isListed) p = src + load<u32>(o)
    const s0 = v128.load(p)
    const s1 = v128.load(p + second)
    let k = v128.load32_splat(w)
    a0 = f32x4.add(a0, f32x4.mul(k, s0))
    a1 = f32x4.add(a1, f32x4.mul(k, s1))
    k = v128.load32_splat(w, 4)
    b0 = f32x4.add(b0, f32x4.mul(k, s0))
    b1 = f32x4.add(b1, f32x4.mul(k, s1))
    k = v128.load32_splat(w, 8)
    c0 = f32x4.add(c0, f32x4.mul(k, s0))
    c1 = f32x4.add(c1, f32x4.mul(k, s1))
    k = v128.load32_splat(w, 12)
    d0 = f32x4.add(d0, f32x4.mul(k, s0))
    d1 = f32x4.add(d1, f32x4.mul(k, s1))
    w += 16
    if (!isListed) p += 32
  }
  if (isListed) {
    let k = v128.load32_splat(bias)
    a0 = f32x4.add(a0, k)
    a1 = f32x4.add(a1, k)
    k = v128.load32_splat(bias, 4)
    b0 = f32x4.add(b0, k)
    b1 = f32x4.add(b1, k)
    k = v128.load32_splat(bias, 8)
    c0 = f32x4.add(c0, k)
    c1 = f32x4.add(c1, k)
    k = v128.load32_splat(bias, 12)
    d0 = f32x4.add(d0, k)
    d1 = f32x4.add(d1, k)
  }
  v128.store(dst, a0)
  v128.store(dst + dstSecond, a1)
  dst += dstChannelPitch
  v128.store(dst, b0)
  v128.store(dst + dstSecond, b1)
  dst += dstChannelPitch
  v128.store(dst, c0)
  v128.store(dst + dstSecond, c1)
  dst += dstChannelPitch
  v128.store(dst, d0)
  v128.store(dst + dstSecond, d1)
}
