// Powers of samples (definition: power in definition/functions.ts).

import { exponentials, logarithmParts, logarithmsRest, lostByProduct } from './math'

/** a to the power b of four samples, in doubles, rounded once. */
@inline
export function powers(a: v128, b: v128): v128 {
  const low = f32x4.demote_f64x2_zero(ofTwo(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)))
  const high = f32x4.demote_f64x2_zero(ofTwo(upper(a), upper(b)))
  return v128.shuffle<i32>(low, high, 0, 1, 4, 5)
}

@inline
function upper(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3))
}

/** exp(b · log a), with the logarithm in two parts, as pow of tensor/math.ts; then the special cases. */
function ofTwo(a: v128, b: v128): v128 {
  const zero = f64x2.splat(0)
  const one = f64x2.splat(1)
  const infinite = f64x2.splat(Infinity)
  const x = f64x2.abs(a)
  const log = logarithmParts(x)
  const product = f64x2.mul(log, b)
  const rest = f64x2.add(lostByProduct(log, b, product), f64x2.mul(logarithmsRest, b))
  const value = exponentials(product)
  const isNear = v128.and(f64x2.lt(f64x2.abs(product), f64x2.splat(800)), f64x2.ne(value, infinite))
  let y = v128.bitselect(f64x2.add(value, f64x2.mul(value, rest)), value, isNear)

  const isZero = f64x2.eq(x, zero)
  const isEnd = v128.or(isZero, f64x2.eq(x, infinite))
  y = v128.bitselect(v128.and(infinite, v128.xor(isZero, f64x2.gt(b, zero))), y, isEnd)
  const isWhole = v128.and(f64x2.eq(f64x2.floor(b), b), f64x2.lt(f64x2.abs(b), infinite))
  const isNegative = f64x2.lt(a, zero)
  const isNone = v128.or(v128.or(f64x2.ne(a, a), f64x2.ne(b, b)), v128.andnot(isNegative, isWhole))
  y = v128.bitselect(f64x2.splat(NaN), y, isNone)
  const isUnit = v128.and(f64x2.eq(x, one), v128.not(v128.andnot(isNegative, isWhole)))
  y = v128.bitselect(one, y, v128.or(f64x2.eq(b, zero), isUnit))
  const half = f64x2.mul(b, f64x2.splat(0.5))
  const isOdd = v128.and(isWhole, f64x2.ne(f64x2.floor(half), half))
  y = v128.bitselect(f64x2.neg(y), y, v128.and(isNegative, isOdd))
  y = v128.bitselect(a, y, f64x2.eq(b, one))
  y = v128.bitselect(f64x2.mul(a, a), y, f64x2.eq(b, f64x2.splat(2)))
  return v128.bitselect(f64x2.sqrt(a), y, f64x2.eq(b, f64x2.splat(0.5)))
}
