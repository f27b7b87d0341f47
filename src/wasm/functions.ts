// Functions of single samples in doubles, rounded once (definitions: functions.ts), and softmax. Rows may be read and
// written up to 12 bytes past their end.

import { Address } from './address'
import { exponentials, logarithmParts, logarithmsRest } from './math'

@inline
function tangents(v: v128): v128 {
  const one = f64x2.splat(1)
  const a = f64x2.abs(v)
  const t = exponentials(f64x2.mul(f64x2.splat(-2), a))
  const positive = f64x2.div(f64x2.sub(one, t), f64x2.add(one, t))
  const far = v128.bitselect(f64x2.neg(positive), positive, f64x2.lt(v, f64x2.splat(0)))
  const near = f64x2.sub(v, f64x2.div(f64x2.mul(f64x2.mul(v, v), v), f64x2.splat(3)))
  return v128.bitselect(near, far, f64x2.lt(a, f64x2.splat(5e-4)))
}

@inline
function errors(v: v128): v128 {
  const a = f64x2.abs(v)
  const zero = f64x2.splat(0)
  const one = f64x2.splat(1)
  const isNear = f64x2.lt(a, f64x2.splat(6))
  const square = v128.and(f64x2.mul(f64x2.mul(f64x2.splat(2), a), a), isNear)
  let term = v128.and(a, isNear)
  let sum = term
  for (let n: f64 = 3; ; n += 8) {
    // terms after those of the definition are too small to change the sum; checking after every one takes 1.6 times as
    // long
    for (let i: f64 = 0; i < 8; i += 2) {
      term = f64x2.mul(term, f64x2.div(square, f64x2.splat(n + i)))
      sum = f64x2.add(sum, term)
    }
    if (!v128.any_true(f64x2.gt(term, f64x2.mul(sum, f64x2.splat(1e-17))))) break
  }
  const bell = exponentials(v128.and(f64x2.mul(f64x2.neg(a), a), isNear))
  const near = f64x2.min(one, f64x2.mul(f64x2.mul(f64x2.splat(1.1283791670955126), bell), sum))
  const positive = v128.bitselect(near, one, isNear)
  const signed = v128.bitselect(f64x2.neg(positive), positive, f64x2.lt(v, zero))
  return v128.bitselect(v, signed, f64x2.ne(v, v))
}

/** gelu in functions.ts. */
@inline
function bellShares(v: v128): v128 {
  const a = f64x2.abs(f64x2.mul(v, f64x2.splat(0.7071067811865476)))
  const t = f64x2.div(f64x2.splat(4), f64x2.add(f64x2.splat(4), a))
  const s = f64x2.sub(f64x2.mul(t, f64x2.splat(2.8)), f64x2.splat(1.8))
  let p = f64x2.splat(-3.1134174156824037e-9)
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(-1.1852008081979657e-8))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(5.320483593643135e-8))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(3.402057209964177e-7))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(-2.962949333933019e-7))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(-7.642356862461676e-6))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(-2.0923772393529042e-5))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(7.66098815143943e-5))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.000937209530564612))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.004743116705819618))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.016646404832235662))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.04538155713034424))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.10053341245546361))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.18472143745830458))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.283657405855952))
  p = f64x2.add(f64x2.mul(p, s), f64x2.splat(0.3633313301288408))
  const share = f64x2.mul(f64x2.mul(exponentials(f64x2.mul(f64x2.neg(a), a)), t), p)
  const below = v128.bitselect(share, f64x2.sub(f64x2.splat(2), share), f64x2.lt(v, f64x2.splat(0)))
  return f64x2.mul(f64x2.mul(f64x2.splat(0.5), v), below)
}

/** log in tensor/math.ts, of two numbers that are not below the smallest normal double. */
function logarithms(x: v128): v128 {
  const sum = logarithmParts(x)
  const near = f64x2.add(sum, logarithmsRest)
  const zero = f64x2.splat(0)
  const infinite = f64x2.splat(Infinity)
  const isInside = v128.and(f64x2.gt(x, zero), f64x2.lt(x, infinite))
  const end = v128.bitselect(f64x2.splat(-Infinity), f64x2.splat(NaN), f64x2.eq(x, zero))
  return v128.bitselect(near, v128.bitselect(x, end, f64x2.eq(x, infinite)), isInside)
}

/** log(1 + exp(v)), as softplus in the definitions. */
function softplus(v: v128): v128 {
  const e = exponentials(f64x2.neg(f64x2.abs(v)))
  const rest = logarithms(f64x2.add(f64x2.splat(1), e))
  const isAbove = f64x2.gt(v, f64x2.splat(0))
  const sum = v128.bitselect(f64x2.add(v, rest), rest, isAbove)
  return v128.bitselect(e, sum, f64x2.lt(v, f64x2.splat(-15)))
}

/** exp(v) − 1. */
function lessOne(v: v128): v128 {
  const square = f64x2.mul(v, v)
  const series = f64x2.add(
    f64x2.add(v, f64x2.mul(square, f64x2.splat(0.5))),
    f64x2.div(f64x2.mul(square, v), f64x2.splat(6)),
  )
  const isSmall = f64x2.lt(f64x2.abs(v), f64x2.splat(1e-4))
  return v128.bitselect(series, f64x2.sub(exponentials(v), f64x2.splat(1)), isSmall)
}

/** `other` if v is below 0, otherwise v. */
@inline
function belowZero(v: v128, other: v128): v128 {
  return v128.bitselect(other, v, f64x2.lt(v, f64x2.splat(0)))
}

/** Two samples through function number `name`, as numbered in run/layer-loops.ts. */
@inline
function functionsOf(name: i32, v: v128, a: v128, b: v128): v128 {
  const zero = f64x2.splat(0)
  const one = f64x2.splat(1)
  switch (name) {
    case 0:
      return f64x2.div(one, f64x2.add(one, exponentials(f64x2.neg(v))))
    case 1: {
      const y = f64x2.mul(v, f64x2.div(one, f64x2.add(one, exponentials(f64x2.neg(v)))))
      return v128.andnot(y, f64x2.eq(v, f64x2.splat(-Infinity)))
    }
    case 2:
      return tangents(v)
    case 3:
      return exponentials(v)
    case 4:
      return belowZero(v, f64x2.mul(a, lessOne(v)))
    case 5:
      return errors(v)
    case 6:
      return bellShares(v)
    case 7: {
      const cube = f64x2.mul(f64x2.mul(f64x2.mul(f64x2.splat(0.044715), v), v), v)
      const share = tangents(f64x2.mul(f64x2.splat(0.7978845608028654), f64x2.add(v, cube)))
      return f64x2.mul(f64x2.mul(f64x2.splat(0.5), v), f64x2.add(one, share))
    }
    case 8:
      return f64x2.min(one, f64x2.max(zero, f64x2.add(f64x2.mul(a, v), b)))
    case 9: {
      const share = f64x2.add(f64x2.div(v, f64x2.splat(6)), f64x2.splat(0.5))
      return f64x2.mul(v, f64x2.min(one, f64x2.max(zero, share)))
    }
    case 10:
      return f64x2.sqrt(v)
    case 11:
      return f64x2.abs(v)
    case 12:
      return f64x2.neg(v)
    case 13:
      return f64x2.div(one, v)
    case 14:
      return logarithms(v)
    case 15:
      return softplus(v)
    case 16:
      return v128.andnot(f64x2.mul(v, tangents(softplus(v))), f64x2.eq(v, f64x2.splat(-Infinity)))
    case 17:
      return v128.bitselect(
        f64x2.mul(b, v),
        f64x2.mul(f64x2.mul(b, a), lessOne(v)),
        f64x2.gt(v, zero),
      )
    case 18:
      return belowZero(v, f64x2.mul(a, lessOne(f64x2.div(v, a))))
    case 19:
      return f64x2.div(v, f64x2.add(one, f64x2.abs(v)))
    case 20:
      return v128.and(v, v128.or(f64x2.gt(v, a), f64x2.ne(v, v)))
    case 21:
      return f64x2.floor(v)
    case 22:
      return f64x2.ceil(v)
    case 23:
      // zeros are positive
      return f64x2.add(f64x2.nearest(v), zero)
    case 25:
      return v128.bitselect(b, v128.and(v, f64x2.ne(v, v)), f64x2.gt(v, a))
    default:
      return f64x2.trunc(v)
  }
}

/** Applies function number `name`, with its parameters, to n samples: unit · f(v / unit), where f is rounded. */
export function functionRow(
  dst: Address, src: Address, n: i32, name: i32, first: f64, second: f64, unit: f64,
): void {
  const a = f64x2.splat(first)
  const b = f64x2.splat(second)
  const one = f64x2.splat(unit)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 8) {
    let v = f64x2.promote_low_f32x4(v128.load64_zero(src + i))
    if (unit != 1) v = f64x2.div(v, one)
    let made = f32x4.demote_f64x2_zero(functionsOf(name, v, a, b))
    if (unit != 1) made = f32x4.demote_f64x2_zero(f64x2.mul(one, f64x2.promote_low_f32x4(made)))
    v128.store64_lane(dst + i, made, 0)
  }
}

/** The number of columns that softmax computes at once. */
const columns: usize = 64

/**
 * exp(x − largest) divided by its sum over the channels, whose rows are `pitch` bytes apart, in doubles, rounded once.
 * `scratch` has room for 64 doubles for each channel and 128 more.
 */
export function softmaxRow(
  dst: Address,
  dstPitch: usize,
  src: Address,
  pitch: usize,
  channels: i32,
  n: i32,
  scratch: Address,
): void {
  const sums = scratch
  const most = scratch + columns * 8
  const powers = most + columns * 8
  const end = <usize>n << 2
  for (let x: usize = 0; x < end; x += columns * 4) {
    const wide = min(end - x, columns * 4)
    for (let i: usize = 0; i < wide; i += 16) {
      let p = src + x + i
      let largest = v128.load(p)
      for (let c = 1; c < channels; c++) {
        p += pitch
        const v = v128.load(p)
        const stays = v128.or(f32x4.gt(largest, v), f32x4.ne(largest, largest))
        largest = v128.bitselect(largest, v, stays)
      }
      v128.store(most + i, largest)
      v128.store(sums + i * 2, f64x2.splat(0))
      v128.store(sums + i * 2, f64x2.splat(0), 16)
    }
    let from = src + x
    let power = powers
    for (let c = 0; c < channels; c++, from += pitch, power += columns * 8) {
      for (let i: usize = 0; i < wide; i += 8) {
        const v = f64x2.promote_low_f32x4(v128.load64_zero(from + i))
        const largest = f64x2.promote_low_f32x4(v128.load64_zero(most + i))
        const e = exponentials(f64x2.sub(v, largest))
        v128.store(power + i * 2, e)
        v128.store(sums + i * 2, f64x2.add(v128.load(sums + i * 2), e))
      }
    }
    let to = dst + x
    power = powers
    for (let c = 0; c < channels; c++, to += dstPitch, power += columns * 8) {
      for (let i: usize = 0; i < wide; i += 16) {
        const at = i * 2
        const p = f32x4.demote_f64x2_zero(f64x2.div(v128.load(power + at), v128.load(sums + at)))
        const q = f32x4.demote_f64x2_zero(f64x2.div(v128.load(power + at, 16), v128.load(sums + at, 16)))
        v128.store(to + i, v128.shuffle<i32>(p, q, 0, 1, 4, 5))
      }
    }
  }
}
