// Levels of maps in doubles, rounded once, and counts of magnitudes (definitions: levels.ts).

import { Address } from './address'

/** low + v · gain, clamped to 0..full. Rows may be read and written up to 12 bytes past their end. */
export function legibleRow(dst: Address, src: Address, n: i32, low: f64, gain: f64, full: f64): void {
  for (const end = src + (<usize>n << 2); src < end; src += 16, dst += 16) {
    const v = v128.load(src)
    const a = f32x4.demote_f64x2_zero(leveled(f64x2.promote_low_f32x4(v), low, gain, full))
    const b = f32x4.demote_f64x2_zero(leveled(f64x2.promote_low_f32x4(upper(v)), low, gain, full))
    v128.store(dst, v128.shuffle<i32>(a, b, 0, 1, 4, 5))
  }
}

/** Gives the same as Math.max and Math.min for zeros and NaN, because low is not below 0. */
@inline
function leveled(v: v128, low: f64, gain: f64, full: f64): v128 {
  const sum = f64x2.add(f64x2.splat(low), f64x2.mul(v, f64x2.splat(gain)))
  return f64x2.pmin(f64x2.pmax(sum, f64x2.splat(0)), f64x2.splat(full))
}

/** (v − min) · gain, both steps rounded. Rows may be read and written up to 12 bytes past their end. */
export function stretchedRow(dst: Address, src: Address, n: i32, min: f32, gain: f32): void {
  for (const end = src + (<usize>n << 2); src < end; src += 16, dst += 16) {
    v128.store(dst, f32x4.mul(f32x4.sub(v128.load(src), f32x4.splat(min)), f32x4.splat(gain)))
  }
}

/**
 * Counts the finite samples by 4096 parts of the largest magnitude, in 4098 numbers of 32 bits. The last one counts all
 * other samples. Exactly `n` samples are read.
 */
export function countMagnitudes(bins: Address, src: Address, n: i32, largest: f64): void {
  const end = src + (<usize>n << 2)
  for (; src + 16 <= end; src += 16) {
    const v = f32x4.abs(v128.load(src))
    const a = i32x4.trunc_sat_f64x2_s_zero(partOf(v, largest))
    const b = i32x4.trunc_sat_f64x2_s_zero(partOf(upper(v), largest))
    const both = v128.shuffle<i32>(a, b, 0, 1, 4, 5)
    const at = v128.bitselect(both, i32x4.splat(4097), f32x4.lt(v, f32x4.splat(Infinity)))
    count(bins, i32x4.extract_lane(at, 0))
    count(bins, i32x4.extract_lane(at, 1))
    count(bins, i32x4.extract_lane(at, 2))
    count(bins, i32x4.extract_lane(at, 3))
  }
  for (; src < end; src += 4) {
    const v = Math.abs(<f64>load<f32>(src))
    count(bins, v < Infinity ? <i32>((v / largest) * 4096) : 4097)
  }
}

@inline
function partOf(v: v128, largest: f64): v128 {
  return f64x2.mul(f64x2.div(f64x2.promote_low_f32x4(v), f64x2.splat(largest)), f64x2.splat(4096))
}

@inline
function upper(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 2, 3, 2, 3)
}

@inline
function count(bins: usize, bin: i32): void {
  const at = bins + (<usize>bin << 2)
  store<u32>(at, load<u32>(at) + 1)
}
