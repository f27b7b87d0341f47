// Rows of float32 samples one by one (definitions: layers.ts). May work in place. Rows may be read and written up to 12
// bytes past their end.

import { Address } from './address'
import { powers } from './power'

/** src / scale + bias, both steps rounded. */
export function affineRow(dst: Address, src: Address, n: i32, scale: f32, bias: f32): void {
  const s = f32x4.splat(scale)
  const b = f32x4.splat(bias)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    v128.store(dst + i, f32x4.add(f32x4.div(v128.load(src + i), s), b))
  }
}

/** src if it is above 0 or NaN, otherwise 0. */
export function reluRow(dst: Address, src: Address, n: i32): void {
  const zero = f32x4.splat(0)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, v128.andnot(x, f32x4.le(x, zero)))
  }
}

/** src times the slope if it is below 0, otherwise src. */
export function preluRow(dst: Address, src: Address, n: i32, slope: f32): void {
  const zero = f32x4.splat(0)
  const s = f32x4.splat(slope)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, v128.bitselect(f32x4.mul(x, s), x, f32x4.lt(x, zero)))
  }
}

/** src, clamped to `low`..`high`. */
export function clipRow(dst: Address, src: Address, n: i32, low: f32, high: f32): void {
  const a = f32x4.splat(low)
  const b = f32x4.splat(high)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16)
    v128.store(dst + i, f32x4.min(b, f32x4.max(a, v128.load(src + i))))
}

/** unit · (src / unit) in doubles, with the quotient clamped to `low`..`high`, rounded once. */
export function clipScaledRow(dst: Address, src: Address, n: i32, low: f64, high: f64, unit: f64): void {
  const a = f64x2.splat(low)
  const b = f64x2.splat(high)
  const one = f64x2.splat(unit)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 8) {
    const v = f64x2.div(f64x2.promote_low_f32x4(v128.load64_zero(src + i)), one)
    const made = f64x2.mul(one, f64x2.min(b, f64x2.max(a, v)))
    v128.store64_lane(dst + i, f32x4.demote_f64x2_zero(made), 0)
  }
}

/** Not inlined, because it is long: the module contains it once. */
function raised(a: v128, b: v128): v128 {
  return powers(a, b)
}

/**
 * Combines two vectors: 0 a + b, 1 a − b, 2 a · b, 3 a / b, 4 the smaller, 5 the larger (for 4 and 5, a if it is NaN),
 * 6 a to the power b; comparisons give 1 if true, otherwise 0: 7 a = b, 8 a > b, 9 a ≥ b, 10 a < b, 11 a ≤ b.
 */
@inline
function combined(a: v128, b: v128, operation: i32): v128 {
  const one = f32x4.splat(1)
  switch (operation) {
    case 0: return f32x4.add(a, b)
    case 1: return f32x4.sub(a, b)
    case 2: return f32x4.mul(a, b)
    case 3: return f32x4.div(a, b)
    case 4: return v128.bitselect(a, b, v128.or(f32x4.lt(a, b), f32x4.ne(a, a)))
    case 5: return v128.bitselect(a, b, v128.or(f32x4.gt(a, b), f32x4.ne(a, a)))
    case 6: return raised(a, b)
    case 7: return v128.and(one, f32x4.eq(a, b))
    case 8: return v128.and(one, f32x4.gt(a, b))
    case 9: return v128.and(one, f32x4.ge(a, b))
    case 10: return v128.and(one, f32x4.lt(a, b))
    default: return v128.and(one, f32x4.le(a, b))
  }
}

/** The sample of a if the condition is not 0, otherwise that of b. */
export function eitherRow(dst: Address, condition: Address, a: Address, b: Address, n: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const isSo = f32x4.ne(v128.load(condition + i), f32x4.splat(0))
    v128.store(dst + i, v128.bitselect(v128.load(a + i), v128.load(b + i), isSo))
  }
}

/**
 * The number of the largest channel, or with a sign of −1 the smallest; of equal ones, the first, or with `isLast` the
 * last. The rows of the channels are `pitch` bytes apart.
 */
export function argmaxRow(
  dst: Address, src: Address, pitch: usize, channels: i32, n: i32, sign: f32, isLast: bool,
): void {
  const by = f32x4.splat(sign)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    let best = f32x4.splat(-Infinity)
    let found = f32x4.splat(0)
    let at = src + i
    for (let c = 0; c < channels; c++, at += pitch) {
      const v = f32x4.mul(by, v128.load(at))
      const isBest = isLast ? f32x4.ge(v, best) : f32x4.gt(v, best)
      best = v128.bitselect(v, best, isBest)
      found = v128.bitselect(f32x4.splat(<f32>c), found, isBest)
    }
    v128.store(dst + i, found)
  }
}

/** Combines two rows by an operation; see `combined`. */
export function operationRow(dst: Address, a: Address, b: Address, n: i32, operation: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16)
    v128.store(dst + i, combined(v128.load(a + i), v128.load(b + i), operation))
}

/** Combines a row and a number, which is the second operand, or with `isFirst` the first. */
export function numberRow(dst: Address, src: Address, n: i32, operation: i32, number: f32, isFirst: bool): void {
  const k = f32x4.splat(number)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, isFirst ? combined(k, x, operation) : combined(x, k, operation))
  }
}

/** (src − mean) / root · gamma + beta in doubles, rounded once. */
export function normalizedRow(dst: Address, src: Address, n: i32, mean: f64, root: f64, gamma: f64, beta: f64): void {
  const m = f64x2.splat(mean)
  const r = f64x2.splat(root)
  const g = f64x2.splat(gamma)
  const b = f64x2.splat(beta)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    const low = f64x2.promote_low_f32x4(x)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1))
    const p = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(f64x2.div(f64x2.sub(low, m), r), g), b))
    const q = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(f64x2.div(f64x2.sub(high, m), r), g), b))
    v128.store(dst + i, v128.shuffle<i32>(p, q, 0, 1, 4, 5))
  }
}

/**
 * Adds a sample to a sum: 0 sums, 1 sums of squares, 2 maxima, 3 minima, 4 sums of squared differences from the mean.
 */
@inline
function summed(kind: i32, sum: f64, v: f64, mean: f64): f64 {
  if (kind == 0) return sum + v
  if (kind == 1) return sum + v * v
  if (kind == 2) return v > sum || v != v ? v : sum
  if (kind == 3) return v < sum || v != v ? v : sum
  return sum + (v - mean) * (v - mean)
}

/** Stores a double as two float32: its rounded value and the rest. */
@inline
function storeParts(to: usize, v: f64): void {
  const high = <f32>v
  store<f32>(to, high)
  store<f32>(to, abs(high) < Infinity ? <f32>(v - <f64>high) : 0, 4)
}

/**
 * Summarizes four rows at once, each from left to right; a single row would wait for each of its sums. Rows past `last`
 * repeat it.
 */
@inline
function summaries(to: usize, toPitch: usize, src: usize, pitch: usize, last: i32, n: i32, kind: i32, start: f64): void {
  const src1 = src + <usize>min(last, 1) * pitch
  const src2 = src + <usize>min(last, 2) * pitch
  const src3 = src + <usize>min(last, 3) * pitch
  const to1 = to + <usize>min(last, 1) * toPitch
  const to2 = to + <usize>min(last, 2) * toPitch
  const to3 = to + <usize>min(last, 3) * toPitch
  const end = <usize>n << 2
  let s0 = start
  let s1 = start
  let s2 = start
  let s3 = start
  const first = kind == 4 ? 0 : kind
  for (let i: usize = 0; i < end; i += 4) {
    s0 = summed(first, s0, <f64>load<f32>(src + i), 0)
    s1 = summed(first, s1, <f64>load<f32>(src1 + i), 0)
    s2 = summed(first, s2, <f64>load<f32>(src2 + i), 0)
    s3 = summed(first, s3, <f64>load<f32>(src3 + i), 0)
  }
  let at: usize = 0
  if (kind == 4) {
    const m0 = s0 / <f64>n
    const m1 = s1 / <f64>n
    const m2 = s2 / <f64>n
    const m3 = s3 / <f64>n
    storeParts(to, m0)
    storeParts(to1, m1)
    storeParts(to2, m2)
    storeParts(to3, m3)
    at = 8
    s0 = 0
    s1 = 0
    s2 = 0
    s3 = 0
    for (let i: usize = 0; i < end; i += 4) {
      s0 = summed(4, s0, <f64>load<f32>(src + i), m0)
      s1 = summed(4, s1, <f64>load<f32>(src1 + i), m1)
      s2 = summed(4, s2, <f64>load<f32>(src2 + i), m2)
      s3 = summed(4, s3, <f64>load<f32>(src3 + i), m3)
    }
  }
  storeParts(to + at, s0)
  storeParts(to1 + at, s1)
  storeParts(to2 + at, s2)
  storeParts(to3 + at, s3)
}

/**
 * Summarizes rows of n samples: each becomes a double stored as two float32, or for moments (4) two of them, its mean
 * and its sum of squares (definition: ofRow).
 */
export function rowSummaries(
  to: Address,
  toPitch: usize,
  src: Address,
  pitch: usize,
  n: i32,
  rows: i32,
  kind: i32,
): void {
  for (; rows > 0; rows -= 4, to += 4 * toPitch, src += 4 * pitch) {
    const last = rows - 1
    if (kind == 0) summaries(to, toPitch, src, pitch, last, n, 0, 0)
    else if (kind == 1) summaries(to, toPitch, src, pitch, last, n, 1, 0)
    else if (kind == 2) summaries(to, toPitch, src, pitch, last, n, 2, -Infinity)
    else if (kind == 3) summaries(to, toPitch, src, pitch, last, n, 3, Infinity)
    else summaries(to, toPitch, src, pitch, last, n, 4, 0)
  }
}
