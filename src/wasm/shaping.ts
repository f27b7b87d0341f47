// Moves samples to other places, and sums samples in doubles (definition: placed, rearranged, resized in
// definition/shaping.ts; unpooled, evened in definition/mixing.ts; product in definition/summary.ts).

import { Address } from './address'

/** Sample i is the one at src + places[i] (u32, bytes), or `fill` if that is 2^32 − 1. */
export function pickRow(dst: Address, src: Address, n: i32, places: Address, fill: f32): void {
  for (const end = places + (<usize>n << 2); places < end; places += 4, dst += 4) {
    const place = load<u32>(places)
    store<f32>(dst, place == u32.MAX_VALUE ? fill : load<f32>(src + <usize>place))
  }
}

/** line + weight · src in doubles, each step rounded, for `n` samples, rounded up to a multiple of 2. */
export function addScaledRow(line: Address, src: Address, n: i32, weight: f64): void {
  const by = f64x2.splat(weight)
  for (const end = src + (<usize>n << 2); src < end; src += 8, line += 16)
    v128.store(line, f64x2.add(v128.load(line), f64x2.mul(by, doubles(src))))
}

/**
 * `n` samples, rounded once: sample o is the sum over t of weights[t · step + o] · line[places[t · step + o]] in
 * doubles; a weight of 0 is not a tap. Places (i32, in bytes) and weights (f64) are read, and samples written, up to
 * the next multiple of 4.
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
    v128.store(dst, singles(low, high))
  }
}

/** Two products; 0 if a weight is 0, whatever the sample. */
@inline
function pair(line: usize, places: usize, weights: v128): v128 {
  const v = v128.load64_lane(line + <usize>load<i32>(places, 4), v128.load64_zero(line + <usize>load<i32>(places)), 1)
  return v128.and(f64x2.mul(weights, v), f64x2.ne(weights, f64x2.splat(0)))
}

/**
 * Row `a` of `count` samples times a matrix whose rows are `pitch` bytes apart: `n` sums over its rows in doubles, each
 * step rounded, then rounded to float32. Samples are read and written up to the next multiple of 8.
 */
export function productRow(dst: Address, a: Address, count: i32, b: Address, pitch: usize, n: i32): void {
  const end = a + (<usize>count << 2)
  for (let left = n; left > 0; left -= 8, dst += 32, b += 32) {
    let s0 = f64x2.splat(0)
    let s1 = f64x2.splat(0)
    let s2 = f64x2.splat(0)
    let s3 = f64x2.splat(0)
    for (let k = a, row = b; k < end; k += 4, row += pitch) {
      const by = f64x2.splat(<f64>load<f32>(k))
      s0 = f64x2.add(s0, f64x2.mul(by, doubles(row)))
      s1 = f64x2.add(s1, f64x2.mul(by, doubles(row + 8)))
      s2 = f64x2.add(s2, f64x2.mul(by, doubles(row + 16)))
      s3 = f64x2.add(s3, f64x2.mul(by, doubles(row + 24)))
    }
    v128.store(dst, singles(s0, s1))
    v128.store(dst, singles(s2, s3), 16)
  }
}

@inline
function doubles(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at))
}

@inline
function singles(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5)
}

/** sums + (src − means)² in doubles, each step rounded, for `n` samples, rounded up to a multiple of 2. */
export function addApart(sums: Address, src: Address, means: Address, n: i32): void {
  for (const end = src + (<usize>n << 2); src < end; src += 8, sums += 16, means += 16) {
    const apart = f64x2.sub(doubles(src), v128.load(means))
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.mul(apart, apart)))
  }
}

/** (src − mean) / root · gamma + beta in doubles, rounded once, for `n` samples, rounded up to a multiple of 2. */
export function evenedRow(
  dst: Address, src: Address, means: Address, roots: Address, n: i32, gamma: f64, beta: f64,
): void {
  for (const end = src + (<usize>n << 2); src < end; src += 8, dst += 8, means += 16, roots += 16) {
    const share = f64x2.div(f64x2.sub(doubles(src), v128.load(means)), v128.load(roots))
    const v = f64x2.add(f64x2.mul(share, f64x2.splat(gamma)), f64x2.splat(beta))
    v128.store64_lane(dst, f32x4.demote_f64x2_zero(v), 0)
  }
}

/**
 * Puts a row of `n` pooled samples back where they were: place p of column i is p / taps · down rows below row `top` of
 * the output, and p % taps · across samples to the right of starts[i] (i32). Rows `first` to `end` − 1 are at dst,
 * `pitch` bytes apart, and have `width` samples. Places elsewhere are ignored.
 */
export function unpoolRow(
  dst: Address, pitch: usize, width: i32, first: i32, end: i32, src: Address, places: Address, n: i32,
  top: i32, down: i32, starts: Address, taps: i32, across: i32,
): void {
  for (let i: usize = 0, last = <usize>n << 2; i < last; i += 4) {
    const given = load<f32>(places + i)
    if (!(given >= 0 && given < 16777216)) continue
    const place = <i32>given
    const y = top + (place / taps) * down
    const x = load<i32>(starts + i) + (place % taps) * across
    if (y < first || y >= end || <u32>x >= <u32>width) continue
    store<f32>(dst + <usize>(y - first) * pitch + (<usize>x << 2), load<f32>(src + i))
  }
}
