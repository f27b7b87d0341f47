// The 3x3 gradient family on 8-bit samples. Rows may be read and written up to 64 bytes past their end.
import {
  absoluteMask,
  addCount,
  affineGain,
  affineLow,
  countedLanes,
  everything,
  finish,
  lanesBefore,
  nearest,
  product,
  quotient,
  wayOf,
} from './lanes'

/** Samples of one run of counting: 16-bit lane counters cannot overflow in it. */
const countedRun: i32 = 131072

/**
 * Both derivatives of the 3x3 gradient family in one pass (sobel, prewitt, scharr), i16, `rows` rows of `n` sums each:
 * gx = [side centre side]ᵀ × [-1 0 1], gy its transpose. `src` is the sample above and to the left of the first one,
 * rowPitch and pixelStep lead to the next row and pixel. (4 side + 2 centre) x 255 <= 32767.
 */
export function gradientU8I16(
  gx: usize,
  gy: usize,
  dstPitch: usize,
  src: usize,
  rowPitch: usize,
  pixelStep: usize,
  n: i32,
  rows: i32,
  side: i32,
  centre: i32,
): void {
  const a = i16x8.splat(<i16>side)
  const b = i16x8.splat(<i16>centre)
  for (let y = 0; y < rows; y++) {
    let p = src + <usize>y * rowPitch
    let to = <usize>y * dstPitch
    for (let i = 0; i < n; i += 8) {
      const q = p + rowPitch
      const r = q + rowPitch
      const topLeft = v128.load_ext<u8>(p)
      const topRight = v128.load_ext<u8>(p + pixelStep + pixelStep)
      const bottomLeft = v128.load_ext<u8>(r)
      const bottomRight = v128.load_ext<u8>(r + pixelStep + pixelStep)
      const across = i16x8.sub(v128.load_ext<u8>(q + pixelStep + pixelStep), v128.load_ext<u8>(q))
      const down = i16x8.sub(v128.load_ext<u8>(r + pixelStep), v128.load_ext<u8>(p + pixelStep))
      const falling = i16x8.sub(bottomRight, topLeft)
      const rising = i16x8.sub(topRight, bottomLeft)
      v128.store(gx + to, i16x8.add(i16x8.mul(a, i16x8.add(falling, rising)), i16x8.mul(b, across)))
      v128.store(gy + to, i16x8.add(i16x8.mul(a, i16x8.sub(falling, rising)), i16x8.mul(b, down)))
      p += 8
      to += 16
    }
  }
}

/**
 * The magnitude √(gx² + gy²) of both derivatives as 8-bit samples, finished as in quantise.ts. The sums stay in registers
 * and hide behind the square roots, which are what takes the time: 1.5 times as fast as three passes
 * (test/bench/loops.mjs). (2 |side| + |centre|) x 255 <= 4096: then squares and their sum are exact as integers, and the
 * one rounding to float32 is that of the definition.
 */
export function gradientMagnitudeU8(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowPitch: usize,
  pixelStep: usize,
  n: i32,
  rows: i32,
  side: i32,
  centre: i32,
  how: usize,
  counts: usize,
): void {
  const way = wayOf(how)
  for (let y = 0; y < rows; y++) {
    if (way == product) magnitudeRow(dst, src, rowPitch, pixelStep, n, side, centre, how, counts, product)
    else if (way == quotient) magnitudeRow(dst, src, rowPitch, pixelStep, n, side, centre, how, counts, quotient)
    else magnitudeRow(dst, src, rowPitch, pixelStep, n, side, centre, how, counts, everything)
    dst += dstPitch
    src += rowPitch
  }
}

// @ts-ignore: decorator
@inline
function magnitudeRow(
  dst: usize,
  p: usize,
  rowPitch: usize,
  pixelStep: usize,
  n: i32,
  side: i32,
  centre: i32,
  how: usize,
  counts: usize,
  way: i32,
): void {
  const a = i16x8.splat(<i16>side)
  const b = i16x8.splat(<i16>centre)
  const scale = f32x4.splat(way == product ? 1 / load<f32>(how) : load<f32>(how))
  const offset = f32x4.splat(load<f32>(how, 4))
  const mask = absoluteMask(how)
  const low = affineLow(how)
  const gain = affineGain(how)
  const counted = countedLanes(how)
  for (let start = 0; start < n; start += countedRun) {
    const stop = min(n, start + countedRun)
    let under = i16x8.splat(0)
    let over = i16x8.splat(0)
    for (let i = start; i < stop; i += 8, p += 8) {
      const q = p + rowPitch
      const r = q + rowPitch
      const across = i16x8.sub(v128.load_ext<u8>(q + pixelStep + pixelStep), v128.load_ext<u8>(q))
      const down = i16x8.sub(v128.load_ext<u8>(r + pixelStep), v128.load_ext<u8>(p + pixelStep))
      const falling = i16x8.sub(v128.load_ext<u8>(r + pixelStep + pixelStep), v128.load_ext<u8>(p))
      const rising = i16x8.sub(v128.load_ext<u8>(p + pixelStep + pixelStep), v128.load_ext<u8>(r))
      const gx = i16x8.add(i16x8.mul(a, i16x8.add(falling, rising)), i16x8.mul(b, across))
      const gy = i16x8.add(i16x8.mul(a, i16x8.sub(falling, rising)), i16x8.mul(b, down))
      const first = v128.shuffle<i16>(gx, gy, 0, 8, 1, 9, 2, 10, 3, 11)
      const second = v128.shuffle<i16>(gx, gy, 4, 12, 5, 13, 6, 14, 7, 15)
      const m0 = f32x4.sqrt(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(first, first)))
      const m1 = f32x4.sqrt(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(second, second)))
      const v = i16x8.narrow_i32x4_s(
        nearest(finish(m0, scale, offset, mask, low, gain, way)),
        nearest(finish(m1, scale, offset, mask, low, gain, way)),
      )
      v128.store64_lane(dst + <usize>i, i8x16.narrow_i16x8_u(v, v), 0)
      if (v128.any_true(v128.and(v, i16x8.splat(-256)))) {
        const real = v128.and(v, lanesBefore(stop - i))
        under = i16x8.sub(under, i16x8.lt_s(real, i16x8.splat(0)))
        over = i16x8.sub(over, i16x8.gt_s(real, i16x8.splat(255)))
      }
    }
    addCount(counts, v128.and(under, counted))
    addCount(counts + 4, v128.and(over, counted))
  }
}
