// Small functions that several loops share; inlined, never exported from the module.

import { flagAbsolute, flagAffine, flagWhole, finishAlpha, finishFlags, finishGain, finishLow, finishOffset, finishScale } from '../run/finish-params'

/** Samples 0, stride, 2 stride, 3 stride at p. */
@inline
export function everyNth(p: usize, stride: i32): v128 {
  if (stride == 1) return v128.load(p)
  if (stride == 2) return v128.shuffle<f32>(v128.load(p), v128.load(p, 16), 0, 2, 4, 6)
  const step = <usize>stride << 2
  let v = v128.load32_zero(p)
  v = v128.load32_lane(p + step, v, 1)
  v = v128.load32_lane(p + 2 * step, v, 2)
  return v128.load32_lane(p + 3 * step, v, 3)
}

/** Stores four vectors of sums, one after the other. */
@inline
export function store4(to: usize, a0: v128, a1: v128, a2: v128, a3: v128): void {
  v128.store(to, a0)
  v128.store(to, a1, 16)
  v128.store(to, a2, 32)
  v128.store(to, a3, 48)
}

/** Stores seven vectors of sums, as many as fit in registers beside a tap. */
@inline
export function store7(to: usize, a0: v128, a1: v128, a2: v128, a3: v128, a4: v128, a5: v128, a6: v128): void {
  store4(to, a0, a1, a2, a3)
  v128.store(to, a4, 64)
  v128.store(to, a5, 80)
  v128.store(to, a6, 96)
}

/** Whether a scale is a power of two, of either sign, whose reciprocal is a normal number. */
@inline
export function isPowerOfTwo(scale: f32): bool {
  const bits = reinterpret<u32>(scale)
  const exponent = (bits >> 23) & 0xff
  return (bits & 0x7fffff) == 0 && exponent > 1 && exponent < 253
}

/**
 * v rounded half to even to i32, for |v| < 2^22: adding 1.5 x 2^23 leaves the whole number in the low bits of the sum.
 */
@inline
export function rounded(v: v128): v128 {
  return i32x4.sub(f32x4.add(v, f32x4.splat(12582912)), i32x4.splat(0x4b400000))
}

/** Like `rounded`, for any v: clamped to -32768..98303; NaN gives -32768. */
@inline
export function nearest(v: v128): v128 {
  return rounded(f32x4.pmin(f32x4.splat(98303), f32x4.pmax(f32x4.splat(-32768), v)))
}

/** A mask of the lanes, out of 8, that count as clipped: all, or all but alpha. */
@inline
function countedLanes(params: usize): v128 {
  const alpha = load<i32>(params, finishAlpha)
  if (alpha == 4) return i16x8(-1, -1, -1, 0, -1, -1, -1, 0)
  return alpha == 2 ? i16x8(-1, 0, -1, 0, -1, 0, -1, 0) : i16x8.splat(-1)
}

/** Adds 8 unsigned 16-bit lanes to the u32 at `count`. */
@inline
function addCount(count: usize, lanes: v128): void {
  const four = i32x4.extadd_pairwise_i16x8_u(lanes)
  const two = i32x4.add(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1))
  store<u32>(count, load<u32>(count) + i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1))
}

/** Adds the clipped samples of lanes that count to the two u32 at `counts`. */
@inline
export function addClipped(params: usize, counts: usize, under: v128, over: v128): void {
  const counted = countedLanes(params)
  addCount(counts, v128.and(under, counted))
  addCount(counts + 4, v128.and(over, counted))
}

// How a row is scaled: by a product, which is exact for powers of two; by a quotient; with every step there is; or by a
// product that is corrected.
@inline
export const product: i32 = 0
@inline
export const quotient: i32 = 1
@inline
export const everything: i32 = 2
@inline
export const snapped: i32 = 3

/** How a row with these parameters is scaled. */
export function wayOf(params: usize): i32 {
  if (load<i32>(params, finishFlags) & flagWhole) return isPowerOfTwo(load<f32>(params, finishScale)) ? product : snapped
  if (load<i32>(params, finishFlags) & (flagAbsolute | flagAffine)) return everything
  return isPowerOfTwo(load<f32>(params, finishScale)) ? product : quotient
}

/**
 * How a row of sums of 16 bits, or of their magnitudes, below 46342, is scaled. If scale or offset could take them
 * beyond the range of `rounded`, it is `everything`, whose loop clamps.
 */
export function wayOfSums(params: usize): i32 {
  const ordinary = abs(load<f32>(params, finishScale)) >= 0.015625 && abs(load<f32>(params, finishOffset)) <= 1048576
  return ordinary ? wayOf(params) : everything
}

/**
 * For `snapped`, with whole sums s below 2^19 and a whole scale d: a number which, added and subtracted again, leaves
 * multiples of a grid of 1/4d to 1/2d. s x (1/d) is off by less than 1/16d, so that a tie of s / d, which is on the
 * grid, is met exactly; and what is not a tie is at least 1/2d from one, and stays on its side. So s / d is rounded as
 * the quotient is, without a division.
 */
@inline
export function snap(scale: f32): f32 {
  const exponent = ((reinterpret<u32>(scale) >> 23) & 0xff) - 127
  return reinterpret<f32>(((127 + 21 - exponent) << 23) | 0x400000)
}

@inline
export function absoluteMask(params: usize): v128 {
  return i32x4.splat(load<i32>(params, finishFlags) & flagAbsolute ? 0x7fffffff : -1)
}

@inline
export function affineLow(params: usize): v128 {
  return f32x4.splat(load<i32>(params, finishFlags) & flagAffine ? load<f32>(params, finishLow) : 0)
}

@inline
export function affineGain(params: usize): v128 {
  return f32x4.splat(load<i32>(params, finishFlags) & flagAffine ? load<f32>(params, finishGain) : 1)
}

@inline
export function finish(sum: v128, scale: v128, offset: v128, mask: v128, low: v128, gain: v128, way: i32): v128 {
  if (way == snapped) return f32x4.sub(f32x4.add(f32x4.mul(sum, scale), offset), offset)
  if (way == product) return f32x4.add(f32x4.mul(sum, scale), offset)
  const v = f32x4.add(f32x4.div(sum, scale), offset)
  if (way == quotient) return v
  return f32x4.mul(f32x4.sub(v128.and(v, mask), low), gain)
}

/**
 * A mask of the first `left` of 8 lanes, all from 8, none below 1. Sums past the end of a row become 0, which is never
 * clipped.
 */
@inline
export function lanesBefore(left: i32): v128 {
  return i16x8.lt_s(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(<i16>min(left, 8)))
}

/** floor((a + b) / 2) of unsigned bytes. The instruction for averages rounds up. */
@inline
export function average(a: v128, b: v128): v128 {
  return i8x16.sub(i8x16.avgr_u(a, b), v128.and(v128.xor(a, b), i8x16.splat(1)))
}

/**
 * The Paeth predictor on unsigned bytes. pa = |b - c|, pb = |a - c|; pc = |(b - c) + (a - c)| is pa + pb if both
 * differences have the same sign (saturated, which does not change any comparison), otherwise |pa - pb|.
 */
@inline
export function paeth(a: v128, b: v128, c: v128): v128 {
  const bc = i8x16.sub_sat_u(b, c)
  const cb = i8x16.sub_sat_u(c, b)
  const ac = i8x16.sub_sat_u(a, c)
  const ca = i8x16.sub_sat_u(c, a)
  const pa = v128.or(bc, cb)
  const pb = v128.or(ac, ca)
  const zero = i8x16.splat(0)
  const opposite = v128.xor(i8x16.eq(cb, zero), i8x16.eq(ca, zero))
  const apart = v128.or(i8x16.sub_sat_u(pa, pb), i8x16.sub_sat_u(pb, pa))
  const pc = v128.bitselect(apart, i8x16.add_sat_u(pa, pb), opposite)
  const least = i8x16.min_u(i8x16.min_u(pa, pb), pc)
  return v128.bitselect(a, v128.bitselect(b, c, i8x16.eq(pb, least)), i8x16.eq(pa, least))
}

/**
 * ((atan2(y, x) / π) + 1) · half. With q = smaller / larger of |x|, |y| (0 if both are 0) and z = q²: a = q · P(z), P
 * by Horner's rule; if |y| > |x|, a = π/2 − a; if x < 0, a = π − a; if y < 0, a = −a. P is the polynomial of degree 8
 * nearest to atan(√z)/√z on 0..1 in relative error: 1.5e-8 before rounding.
 */
@inline
export function angleOf(x: v128, y: v128, half: v128): v128 {
  const zero = f32x4.splat(0)
  const pi = f32x4.splat(<f32>3.14159265358979)
  const halfPi = f32x4.splat(<f32>1.5707963267948966)
  const across = f32x4.abs(x)
  const up = f32x4.abs(y)
  const steep = f32x4.gt(up, across)
  const larger = v128.bitselect(up, across, steep)
  const smaller = v128.bitselect(across, up, steep)
  const q = v128.and(f32x4.div(smaller, larger), f32x4.gt(larger, zero))
  const z = f32x4.mul(q, q)
  let p = f32x4.splat(<f32>0.0028498864267021418)
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-0.01606861501932144))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>0.04269149899482727))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-0.07504292577505112))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>0.10640933364629745))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-0.14203643798828125))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>0.1999261975288391))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-0.3333307206630707))
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1))
  let a = f32x4.mul(q, p)
  a = v128.bitselect(f32x4.sub(halfPi, a), a, steep)
  a = v128.bitselect(f32x4.sub(pi, a), a, f32x4.lt(x, zero))
  a = v128.bitselect(f32x4.neg(a), a, f32x4.lt(y, zero))
  return f32x4.mul(f32x4.add(f32x4.div(a, pi), f32x4.splat(1)), half)
}
