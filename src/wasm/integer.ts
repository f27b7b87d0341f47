// Exact sums of whole weights over 8-bit samples. Integers may be added in any order, so all of these equal the float32
// path bit for bit while every partial sum stays below 2^24, or below 2^15 if the sums have 16 bits.
// Tap lists are as in stencil.ts: `offsets` are i32, in bytes. Rows may be read and written up to 64 bytes past their
// end.
import { flagAbsolute, finishFlags, finishOffset } from '../run/finish-params'
import { Address } from './address'
import { addClipped, lanesBefore, store4 } from './lanes'

/** The bytes of a block of columns, whose rows stay in the first-level cache while the loop runs down the strip. */
const blockBytes: i32 = 4080

/**
 * `rows` rows of `n` sums (i16) of 8-bit samples. Weights are i16, and the sum of |weights| x 255 is at most 32767.
 * Fastest if the taps are sorted by weight: runs of -1 and of 1 are then added without multiplying.
 */
export function tapsU8I16(
  dst: Address,
  dstPitch: usize,
  src: Address,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: Address,
  weights: Address,
  count: i32,
): void {
  for (let x = 0; x < n; x += blockBytes) {
    let width = min(blockBytes, n - x)
    // Blocks of 48 samples: the last one of a row overlaps the one before it. Short rows go 8 by 8.
    if (width < 48 && n >= 48) {
      x = n - 48
      width = 48
    }
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep + <usize>x
      const to = dst + <usize>y * dstPitch + (<usize>x << 1)
      if (width < 48) shortRow(to, from, width, offsets, weights, count)
      else sums48(to, from, width, offsets, weights, count, 0, 0, false)
    }
  }
}

function shortRow(dst: usize, src: usize, n: i32, offsets: usize, weights: usize, count: i32): void {
  for (let x: usize = 0; x < <usize>n; x += 8) {
    let a = i16x8.splat(0)
    for (let t: usize = 0; t < <usize>count; t++) {
      const sample = v128.load_ext<u8>(src + x + load<u32>(offsets + (t << 2)))
      a = i16x8.add(a, i16x8.mul(v128.load16_splat(weights + (t << 1)), sample))
    }
    v128.store(dst + (x << 1), a)
  }
}

/**
 * 8-bit samples from 8-bit samples: sum + offset, saturated, with clipping counted; scale 1. `params` is as in
 * quantise.ts; the offset (a whole number), the absolute-value flag and alpha are used. Sum of |weights| x 255 +
 * |offset| <= 32767. Fastest if the taps are sorted by weight.
 */
export function tapsU8U8(
  dst: Address,
  dstPitch: usize,
  src: Address,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: Address,
  weights: Address,
  count: i32,
  params: Address,
  counts: Address,
): void {
  for (let x = 0; x < n; x += blockBytes) {
    const width = min(blockBytes, n - x)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep + <usize>x
      sums48(dst + <usize>y * dstPitch + <usize>x, from, width, offsets, weights, count, params, counts, true)
    }
  }
}

/**
 * 48 samples at a time: the registers hold 6 sums and 6 loads, and the more samples, the less the walk along the tap
 * list costs (5 taps: 16 samples 15.4 ms, 32 8.6 ms, 48 6.2 ms for 12 MP RGB, test/bench/loops.mjs).
 */
@inline
function sums48(
  dst: usize,
  src: usize,
  n: i32,
  offsets: usize,
  weights: usize,
  count: i32,
  params: usize,
  counts: usize,
  finished: bool,
): void {
  const end = offsets + (<usize>count << 2)
  let minus = offsets
  while (minus < end && load<i16>(weightAt(weights, offsets, minus)) != -1) minus += 4
  let plus = minus
  while (plus < end && load<i16>(weightAt(weights, offsets, plus)) == -1) plus += 4
  let rest = plus
  while (rest < end && load<i16>(weightAt(weights, offsets, rest)) == 1) rest += 4
  const bias = finished ? i16x8.splat(<i16>(<i32>load<f32>(params, finishOffset))) : i16x8.splat(0)
  const absolute = finished && (load<i32>(params, finishFlags) & flagAbsolute) != 0
  let under = i16x8.splat(0)
  let over = i16x8.splat(0)
  for (let i = 0; i < n; i += 48) {
    if (!finished && i + 48 > n) i = n - 48
    const at = src + <usize>i
    let a0 = bias
    let a1 = bias
    let a2 = bias
    let a3 = bias
    let a4 = bias
    let a5 = bias
    let w = weights
    let o = offsets
    for (; o < minus; o += 4) {
      const p = at + load<u32>(o)
      const k = v128.load16_splat(w)
      a0 = i16x8.add(a0, i16x8.mul(k, v128.load_ext<u8>(p)))
      a1 = i16x8.add(a1, i16x8.mul(k, v128.load_ext<u8>(p, 8)))
      a2 = i16x8.add(a2, i16x8.mul(k, v128.load_ext<u8>(p, 16)))
      a3 = i16x8.add(a3, i16x8.mul(k, v128.load_ext<u8>(p, 24)))
      a4 = i16x8.add(a4, i16x8.mul(k, v128.load_ext<u8>(p, 32)))
      a5 = i16x8.add(a5, i16x8.mul(k, v128.load_ext<u8>(p, 40)))
      w += 2
    }
    for (; o < plus; o += 4) {
      const p = at + load<u32>(o)
      a0 = i16x8.sub(a0, v128.load_ext<u8>(p))
      a1 = i16x8.sub(a1, v128.load_ext<u8>(p, 8))
      a2 = i16x8.sub(a2, v128.load_ext<u8>(p, 16))
      a3 = i16x8.sub(a3, v128.load_ext<u8>(p, 24))
      a4 = i16x8.sub(a4, v128.load_ext<u8>(p, 32))
      a5 = i16x8.sub(a5, v128.load_ext<u8>(p, 40))
    }
    for (; o < rest; o += 4) {
      const p = at + load<u32>(o)
      a0 = i16x8.add(a0, v128.load_ext<u8>(p))
      a1 = i16x8.add(a1, v128.load_ext<u8>(p, 8))
      a2 = i16x8.add(a2, v128.load_ext<u8>(p, 16))
      a3 = i16x8.add(a3, v128.load_ext<u8>(p, 24))
      a4 = i16x8.add(a4, v128.load_ext<u8>(p, 32))
      a5 = i16x8.add(a5, v128.load_ext<u8>(p, 40))
    }
    w = weightAt(weights, offsets, o)
    for (; o < end; o += 4) {
      const p = at + load<u32>(o)
      const k = v128.load16_splat(w)
      a0 = i16x8.add(a0, i16x8.mul(k, v128.load_ext<u8>(p)))
      a1 = i16x8.add(a1, i16x8.mul(k, v128.load_ext<u8>(p, 8)))
      a2 = i16x8.add(a2, i16x8.mul(k, v128.load_ext<u8>(p, 16)))
      a3 = i16x8.add(a3, i16x8.mul(k, v128.load_ext<u8>(p, 24)))
      a4 = i16x8.add(a4, i16x8.mul(k, v128.load_ext<u8>(p, 32)))
      a5 = i16x8.add(a5, i16x8.mul(k, v128.load_ext<u8>(p, 40)))
      w += 2
    }
    if (!finished) {
      const to = dst + (<usize>i << 1)
      store4(to, a0, a1, a2, a3)
      v128.store(to, a4, 64)
      v128.store(to, a5, 80)
    } else {
      if (absolute) {
        a0 = i16x8.abs(a0)
        a1 = i16x8.abs(a1)
        a2 = i16x8.abs(a2)
        a3 = i16x8.abs(a3)
        a4 = i16x8.abs(a4)
        a5 = i16x8.abs(a5)
      }
      v128.store(dst + <usize>i, i8x16.narrow_i16x8_u(a0, a1))
      v128.store(dst + <usize>i, i8x16.narrow_i16x8_u(a2, a3), 16)
      v128.store(dst + <usize>i, i8x16.narrow_i16x8_u(a4, a5), 32)
      // Most blocks of most photographs have nothing to count.
      const any = v128.or(v128.or(v128.or(a0, a1), v128.or(a2, a3)), v128.or(a4, a5))
      if (v128.any_true(v128.and(any, i16x8.splat(-256)))) {
        if (i + 48 > n) {
          const left = n - i
          a0 = v128.and(a0, lanesBefore(left))
          a1 = v128.and(a1, lanesBefore(left - 8))
          a2 = v128.and(a2, lanesBefore(left - 16))
          a3 = v128.and(a3, lanesBefore(left - 24))
          a4 = v128.and(a4, lanesBefore(left - 32))
          a5 = v128.and(a5, lanesBefore(left - 40))
        }
        under = i16x8.sub(under, i16x8.add(below(a0, a1), i16x8.add(below(a2, a3), below(a4, a5))))
        over = i16x8.sub(over, i16x8.add(above(a0, a1), i16x8.add(above(a2, a3), above(a4, a5))))
      }
    }
  }
  if (finished) {
    addClipped(params, counts, under, over)
  }
}

@inline
function weightAt(weights: usize, offsets: usize, o: usize): usize {
  return weights + ((o - offsets) >> 1)
}

@inline
function below(a: v128, b: v128): v128 {
  return i16x8.add(i16x8.lt_s(a, i16x8.splat(0)), i16x8.lt_s(b, i16x8.splat(0)))
}

@inline
function above(a: v128, b: v128): v128 {
  return i16x8.add(i16x8.gt_s(a, i16x8.splat(255)), i16x8.gt_s(b, i16x8.splat(255)))
}

/**
 * `rows` rows of `n` sums (i32) of 8-bit samples, two taps at a time. Weights are i16, `pairs` pairs of them, with as
 * many offsets. An odd list is padded with a weight of 0 at any offset that may be read.
 */
export function tapsU8I32(
  dst: Address,
  dstPitch: usize,
  src: Address,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: Address,
  weights: Address,
  pairs: i32,
): void {
  const end = offsets + (<usize>pairs << 3)
  for (let x = 0; x < n; x += blockBytes) {
    const stop = min(n, x + blockBytes)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      for (let i = x; i < stop; i += 16) {
        const at = from + <usize>i
        let a0 = i32x4.splat(0)
        let a1 = i32x4.splat(0)
        let a2 = i32x4.splat(0)
        let a3 = i32x4.splat(0)
        let w = weights
        for (let o = offsets; o < end; o += 8) {
          const p = v128.load(at + load<u32>(o))
          const q = v128.load(at + load<u32>(o, 4))
          const low = v128.shuffle<i8>(p, q, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
          const high = v128.shuffle<i8>(p, q, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
          const k = v128.load32_splat(w)
          a0 = i32x4.add(a0, i32x4.dot_i16x8_s(k, i16x8.extend_low_i8x16_u(low)))
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(k, i16x8.extend_high_i8x16_u(low)))
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(k, i16x8.extend_low_i8x16_u(high)))
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(k, i16x8.extend_high_i8x16_u(high)))
          w += 4
        }
        const at32 = to + (<usize>i << 2)
        store4(at32, a0, a1, a2, a3)
      }
    }
  }
}
