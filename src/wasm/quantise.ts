// From sums to samples: scale, offset, range, one rounding half to even, saturation, clip counts.
// Rows may be read and written up to 64 bytes past their end.
import { flagSmall, finishFlags, finishOffset, finishScale } from '../run/finish-params'
import { Address } from './address'
import {
  absoluteMask,
  addClipped,
  affineGain,
  affineLow,
  everything,
  finish,
  lanesBefore,
  nearest,
  product,
  quotient,
  rounded,
  snap,
  snapped,
  wayOf,
  wayOfSums,
} from './lanes'

// The block in memory that describes how a row is finished is laid out in ../run/finish-params.
// These are the kinds of sums.
@inline
const fromF32: i32 = 0
@inline
const fromI32: i32 = 1
@inline
const fromI16: i32 = 2
@inline
const fromGradient: i32 = 3
@inline
const fromSmallGradient: i32 = 4

/** 8-bit samples from `n` float32 sums. */
export function quantiseF32U8(dst: Address, src: Address, n: i32, params: Address, counts: Address): void {
  byWay<u8>(dst, src, 0, n, params, counts, fromF32, wayOf(params))
}

/** 8-bit samples from `n` sums of 32 bits. */
export function quantiseI32U8(dst: Address, src: Address, n: i32, params: Address, counts: Address): void {
  byWay<u8>(dst, src, 0, n, params, counts, fromI32, wayOf(params))
}

/** 8-bit samples from `n` sums of 16 bits. */
export function quantiseI16U8(dst: Address, src: Address, n: i32, params: Address, counts: Address): void {
  byWay<u8>(dst, src, 0, n, params, counts, fromI16, wayOfSums(params))
}

/**
 * 8-bit samples from `n` magnitudes √(gx² + gy²) of two rows of 16-bit sums. With the flag that no |sum| exceeds 4096,
 * the squares are added as integers. Each is then exact in float32 too, and their sum is rounded once either way, so
 * the bits are the same.
 */
export function magnitudeI16U8(dst: Address, gx: Address, gy: Address, n: i32, params: Address, counts: Address): void {
  const way = wayOfSums(params)
  if (load<i32>(params, finishFlags) & flagSmall) {
    byWay<u8>(dst, gx, gy, n, params, counts, fromSmallGradient, way)
    return
  }
  byWay<u8>(dst, gx, gy, n, params, counts, fromGradient, way)
}

/** 16-bit samples from `n` float32 sums. */
export function quantiseF32U16(dst: Address, src: Address, n: i32, params: Address, counts: Address): void {
  byWay<u16>(dst, src, 0, n, params, counts, fromF32, wayOf(params))
}

/** Makes samples of type T with the loop for a way of scaling. Only whole sums are snapped, and only to 8 bits. */
@inline
function byWay<T>(
  dst: usize, src: usize, other: usize, n: i32, params: usize, counts: usize, from: i32, way: i32,
): void {
  if (way == product) toSamples<T>(dst, src, other, n, params, counts, from, product)
  else if ((from == fromI32 || from == fromI16) && way == snapped)
    toSamples<T>(dst, src, other, n, params, counts, from, snapped)
  else if (way == quotient) toSamples<T>(dst, src, other, n, params, counts, from, quotient)
  else toSamples<T>(dst, src, other, n, params, counts, from, everything)
}

/** float32 results from `n` float32 sums: scale, offset and range as for samples, but without rounding and clamping. */
export function finishF32(dst: Address, src: Address, n: i32, params: Address): void {
  const end = src + (<usize>n << 2)
  const scale = f32x4.splat(load<f32>(params, finishScale))
  const offset = f32x4.splat(load<f32>(params, finishOffset))
  const mask = absoluteMask(params)
  const low = affineLow(params)
  const gain = affineGain(params)
  for (; src < end; src += 16, dst += 16) {
    v128.store(dst, finish(v128.load(src), scale, offset, mask, low, gain, everything))
  }
}

/**
 * Widens three float32 in memory: the least and the greatest finite sample of a row, and the least sample that is not
 * NaN. Start them at +Infinity, -Infinity and +Infinity. v + (v - v) is v, or NaN if v is not finite, and NaN wins no
 * comparison.
 */
export function scanRange(src: Address, n: i32, range: Address): void {
  let least = v128.load32_splat(range)
  let most = v128.load32_splat(range, 4)
  let lowest = v128.load32_splat(range, 8)
  const end = src + (<usize>n << 2)
  while (src < end) {
    const isWhole = src + 16 <= end
    const raw = isWhole ? v128.load(src) : v128.load32_splat(src)
    const v = f32x4.add(raw, f32x4.sub(raw, raw))
    least = f32x4.pmin(least, v)
    most = f32x4.pmax(most, v)
    lowest = f32x4.pmin(lowest, raw)
    src += isWhole ? 16 : 4
  }
  store<f32>(range, leastLane(least))
  store<f32>(range, -leastLane(f32x4.neg(most)), 4)
  store<f32>(range, leastLane(lowest), 8)
}

@inline
function leastLane(v: v128): f32 {
  const two = f32x4.pmin(v, v128.shuffle<i32>(v, v, 2, 3, 2, 3))
  return f32x4.extract_lane(f32x4.pmin(two, v128.shuffle<i32>(two, two, 1, 1, 1, 1)), 0)
}

/** Copies the alpha of `pixels` pixels of 2 or 4 channels from the row at `src`. Samples have `bytes` bytes: 1 or 4. */
export function copyAlpha(dst: Address, src: Address, pixels: i32, channels: i32, bytes: i32): void {
  const step = <usize>(channels * bytes)
  const end = src + <usize>pixels * step
  const at = <usize>((channels - 1) * bytes)
  if (bytes == 1) for (; src < end; src += step, dst += step) store<u8>(dst + at, load<u8>(src + at))
  else for (; src < end; src += step, dst += step) store<u32>(dst + at, load<u32>(src + at))
}

/** Swaps the bytes of `n` 16-bit samples, as PNG requires. May work in place. */
export function swapU16(dst: Address, src: Address, n: i32): void {
  for (const end = src + (<usize>n << 1); src < end; src += 16, dst += 16) {
    const v = v128.load(src)
    v128.store(dst, v128.shuffle<i8>(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14))
  }
}

@inline
function loadSums(src: usize, other: usize, i: i32, from: i32): v128 {
  if (from == fromF32) return v128.load(src + (<usize>i << 2))
  if (from == fromI32) return f32x4.convert_i32x4_s(v128.load(src + (<usize>i << 2)))
  if (from == fromI16) return f32x4.convert_i32x4_s(v128.load_ext<i16>(src + (<usize>i << 1)))
  if (from == fromSmallGradient) {
    const x = v128.load64_zero(src + (<usize>i << 1))
    const y = v128.load64_zero(other + (<usize>i << 1))
    const both = v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
    return f32x4.sqrt(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(both, both)))
  }
  const x = f32x4.convert_i32x4_s(v128.load_ext<i16>(src + (<usize>i << 1)))
  const y = f32x4.convert_i32x4_s(v128.load_ext<i16>(other + (<usize>i << 1)))
  return f32x4.sqrt(f32x4.add(f32x4.mul(x, x), f32x4.mul(y, y)))
}

/**
 * Rounds sums. Snapped sums, and sums of 16 bits with ordinary scale and offset, need no clamping first (see
 * `wayOfSums`).
 */
@inline
function round<T>(v: v128, from: i32, way: i32): v128 {
  return (sizeof<T>() == 1 && from >= fromI16 && way != everything) || way == snapped ? rounded(v) : nearest(v)
}

/** The number of samples of one run of counting, in which 16-bit lane counters cannot overflow. */
const countedRun: i32 = 131072

// Clips are counted without a branch: skipping blocks that have none gains 8 %, but scattered clipping then costs 25 %.

@inline
function toSamples<T>(
  dst: usize, src: usize, other: usize, n: i32, params: usize, counts: usize, from: i32, way: i32,
): void {
  const scale = f32x4.splat(way == product || way == snapped ? 1 / load<f32>(params, finishScale) : load<f32>(params, finishScale))
  const offset = f32x4.splat(way == snapped ? snap(load<f32>(params, finishScale)) : load<f32>(params, finishOffset))
  const mask = absoluteMask(params)
  const low = affineLow(params)
  const gain = affineGain(params)
  for (let start = 0; start < n; start += countedRun) {
    const stop = min(n, start + countedRun)
    let under = i16x8.splat(0)
    let over = i16x8.splat(0)
    for (let i = start; i < stop; i += 8) {
      const a = round<T>(finish(loadSums(src, other, i, from), scale, offset, mask, low, gain, way), from, way)
      const b = round<T>(finish(loadSums(src, other, i + 4, from), scale, offset, mask, low, gain, way), from, way)
      let below: v128
      let above: v128
      if (sizeof<T>() == 1) {
        const v = i16x8.narrow_i32x4_s(a, b)
        v128.store64_lane(dst + <usize>i, i8x16.narrow_i16x8_u(v, v), 0)
        below = i16x8.lt_s(v, i16x8.splat(0))
        above = i16x8.gt_s(v, i16x8.splat(255))
      } else {
        v128.store(dst + (<usize>i << 1), i16x8.narrow_i32x4_u(a, b))
        below = i16x8.narrow_i32x4_s(i32x4.lt_s(a, i32x4.splat(0)), i32x4.lt_s(b, i32x4.splat(0)))
        above = i16x8.narrow_i32x4_s(i32x4.gt_s(a, i32x4.splat(65535)), i32x4.gt_s(b, i32x4.splat(65535)))
      }
      if (i + 8 > stop) {
        const real = lanesBefore(stop - i)
        below = v128.and(below, real)
        above = v128.and(above, real)
      }
      under = i16x8.sub(under, below)
      over = i16x8.sub(over, above)
    }
    addClipped(params, counts, under, over)
  }
}
