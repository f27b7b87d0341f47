// Samples brought to other places, and sums of samples in doubles (definition: placed, rearranged, resized in
// definition/shaping.ts).

import { Address } from './address'

/** Sample i is the one at src + places[i] (u32, bytes), or `fill` where that is 2^32 − 1. */
export function pickRow(dst: Address, src: Address, n: i32, places: Address, fill: f32): void {
  for (const end = places + (<usize>n << 2); places < end; places += 4, dst += 4) {
    const place = load<u32>(places)
    store<f32>(dst, place == u32.MAX_VALUE ? fill : load<f32>(src + <usize>place))
  }
}

/** line + weight · src in doubles, each step rounded, for `n` samples. Up to 24 bytes past the end are read and written. */
export function addScaledRow(line: Address, src: Address, n: i32, weight: f64): void {
  const by = f64x2.splat(weight)
  for (const end = src + (<usize>n << 2); src < end; src += 16, line += 32) {
    const v = v128.load(src)
    const low = f64x2.mul(by, f64x2.promote_low_f32x4(v))
    const high = f64x2.mul(by, f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3)))
    v128.store(line, f64x2.add(v128.load(line), low))
    v128.store(line, f64x2.add(v128.load(line, 16), high), 16)
  }
}

/**
 * `n` samples, rounded once: sample o is the sum over t of weights[t · step + o] · line[places[t · step + o]] in doubles; a weight
 * of 0 is no tap. Places (i32, in bytes) and weights (f64) are read, and samples written, up to the next 4.
 */
export function sumTaps(
  dst: Address, line: Address, n: i32, places: Address, weights: Address, taps: i32, step: i32,
): void {
  for (let o = 0; o < n; o += 4, dst += 16) {
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    for (let t = 0, at = <usize>o; t < taps; t++, at += <usize>step) {
      const p = places + (at << 2)
      const w = weights + (at << 3)
      low = f64x2.add(low, pair(line, p, v128.load(w)))
      high = f64x2.add(high, pair(line, p + 8, v128.load(w, 16)))
    }
    v128.store(dst, v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5))
  }
}

/** Two products; 0 where a weight is 0, whatever the sample. */
@inline
function pair(line: usize, places: usize, weights: v128): v128 {
  const v = v128.load64_lane(line + <usize>load<i32>(places, 4), v128.load64_zero(line + <usize>load<i32>(places)), 1)
  return v128.and(f64x2.mul(weights, v), f64x2.ne(weights, f64x2.splat(0)))
}
