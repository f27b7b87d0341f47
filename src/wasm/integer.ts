// Exact sums of whole weights over 8-bit samples. Integers may be added in any order, so all of these equal the float32
// path bit for bit while every partial sum stays below 2^24; and below 2^15 where the sums are of 16 bits.
// Tap lists as in stencil.ts: `offsets` are i32, in bytes. Rows may be read and written up to 64 bytes past their end.
import { addCount, countedLanes } from './lanes'

/** Bytes of a block of columns: its rows stay in the first-level cache while the strip runs down. */
const blockBytes: i32 = 4096

/** `rows` rows of `n` sums (i16) of 8-bit samples; weights are i16, and the sum of |weights| x 255 is at most 32767. */
export function tapsU8I16(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
): void {
  const end = offsets + (<usize>count << 2)
  for (let x = 0; x < n; x += blockBytes) {
    const stop = min(n, x + blockBytes)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      for (let i = x; i < stop; i += 32) {
        const at = from + <usize>i
        let a0 = i16x8.splat(0)
        let a1 = i16x8.splat(0)
        let a2 = i16x8.splat(0)
        let a3 = i16x8.splat(0)
        let w = weights
        for (let o = offsets; o < end; o += 4) {
          const p = at + load<u32>(o)
          const k = v128.load16_splat(w)
          a0 = i16x8.add(a0, i16x8.mul(k, v128.load_ext<u8>(p)))
          a1 = i16x8.add(a1, i16x8.mul(k, v128.load_ext<u8>(p, 8)))
          a2 = i16x8.add(a2, i16x8.mul(k, v128.load_ext<u8>(p, 16)))
          a3 = i16x8.add(a3, i16x8.mul(k, v128.load_ext<u8>(p, 24)))
          w += 2
        }
        const at16 = to + (<usize>i << 1)
        v128.store(at16, a0)
        v128.store(at16, a1, 16)
        v128.store(at16, a2, 32)
        v128.store(at16, a3, 48)
      }
    }
  }
}

/**
 * 8-bit samples from 8-bit samples: sum + offset, saturated, clipping counted; scale 1. `how` is as in quantise.ts, of
 * which offset (a whole number), the absolute-value flag and alpha are used. Sum of |weights| x 255 + |offset| <= 32767.
 */
export function tapsU8U8(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
  how: usize,
  counts: usize,
): void {
  const end = offsets + (<usize>count << 2)
  const offset = i16x8.splat(<i16>(<i32>load<f32>(how, 4)))
  const absolute = (load<i32>(how, 16) & 1) != 0
  const counted = countedLanes(how)
  for (let x = 0; x < n; x += blockBytes) {
    const stop = min(n, x + blockBytes)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      let under = i16x8.splat(0)
      let over = i16x8.splat(0)
      for (let i = x; i < stop; i += 32) {
        const at = from + <usize>i
        let a0 = offset
        let a1 = offset
        let a2 = offset
        let a3 = offset
        let w = weights
        for (let o = offsets; o < end; o += 4) {
          const p = at + load<u32>(o)
          const k = v128.load16_splat(w)
          a0 = i16x8.add(a0, i16x8.mul(k, v128.load_ext<u8>(p)))
          a1 = i16x8.add(a1, i16x8.mul(k, v128.load_ext<u8>(p, 8)))
          a2 = i16x8.add(a2, i16x8.mul(k, v128.load_ext<u8>(p, 16)))
          a3 = i16x8.add(a3, i16x8.mul(k, v128.load_ext<u8>(p, 24)))
          w += 2
        }
        if (absolute) {
          a0 = i16x8.abs(a0)
          a1 = i16x8.abs(a1)
          a2 = i16x8.abs(a2)
          a3 = i16x8.abs(a3)
        }
        v128.store(to + <usize>i, i8x16.narrow_i16x8_u(a0, a1))
        v128.store(to + <usize>i, i8x16.narrow_i16x8_u(a2, a3), 16)
        if (i + 32 > stop) {
          // Sums past the end become 0, which is never clipped.
          const left = <i16>(stop - i)
          const lane = i16x8(0, 1, 2, 3, 4, 5, 6, 7)
          a0 = v128.and(a0, i16x8.lt_s(lane, i16x8.splat(left)))
          a1 = v128.and(a1, i16x8.lt_s(lane, i16x8.splat(left - 8)))
          a2 = v128.and(a2, i16x8.lt_s(lane, i16x8.splat(left - 16)))
          a3 = v128.and(a3, i16x8.lt_s(lane, i16x8.splat(left - 24)))
        }
        const zero = i16x8.splat(0)
        const top = i16x8.splat(255)
        under = i16x8.sub(under, i16x8.add(i16x8.lt_s(a0, zero), i16x8.lt_s(a1, zero)))
        under = i16x8.sub(under, i16x8.add(i16x8.lt_s(a2, zero), i16x8.lt_s(a3, zero)))
        over = i16x8.sub(over, i16x8.add(i16x8.gt_s(a0, top), i16x8.gt_s(a1, top)))
        over = i16x8.sub(over, i16x8.add(i16x8.gt_s(a2, top), i16x8.gt_s(a3, top)))
      }
      addCount(counts, v128.and(under, counted))
      addCount(counts + 4, v128.and(over, counted))
    }
  }
}

/**
 * `rows` rows of `n` sums (i32) of 8-bit samples, two taps at a time: weights are i16, `pairs` pairs of them, with as
 * many offsets; an odd list is filled up with a weight of 0 at any offset that may be read.
 */
export function tapsU8I32(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
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
        v128.store(at32, a0)
        v128.store(at32, a1, 16)
        v128.store(at32, a2, 32)
        v128.store(at32, a3, 48)
      }
    }
  }
}

/** The second pass of a rank-1 kernel: sums (i16) of sums (i16), all of which fit. Offsets in bytes, weights i16. */
export function tapsI16I16(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
): void {
  const end = offsets + (<usize>count << 2)
  for (let x = 0; x < n; x += blockBytes) {
    const stop = min(n, x + blockBytes)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      for (let i = x; i < stop; i += 32) {
        const at = from + (<usize>i << 1)
        let a0 = i16x8.splat(0)
        let a1 = i16x8.splat(0)
        let a2 = i16x8.splat(0)
        let a3 = i16x8.splat(0)
        let w = weights
        for (let o = offsets; o < end; o += 4) {
          const p = at + load<u32>(o)
          const k = v128.load16_splat(w)
          a0 = i16x8.add(a0, i16x8.mul(k, v128.load(p)))
          a1 = i16x8.add(a1, i16x8.mul(k, v128.load(p, 16)))
          a2 = i16x8.add(a2, i16x8.mul(k, v128.load(p, 32)))
          a3 = i16x8.add(a3, i16x8.mul(k, v128.load(p, 48)))
          w += 2
        }
        const at16 = to + (<usize>i << 1)
        v128.store(at16, a0)
        v128.store(at16, a1, 16)
        v128.store(at16, a2, 32)
        v128.store(at16, a3, 48)
      }
    }
  }
}

/** The second pass of a rank-1 kernel: sums (i32) of sums (i16), two taps at a time as in `tapsU8I32`. */
export function tapsI16I32(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  pairs: i32,
): void {
  const end = offsets + (<usize>pairs << 3)
  for (let x = 0; x < n; x += blockBytes) {
    const stop = min(n, x + blockBytes)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      for (let i = x; i < stop; i += 16) {
        const at = from + (<usize>i << 1)
        let a0 = i32x4.splat(0)
        let a1 = i32x4.splat(0)
        let a2 = i32x4.splat(0)
        let a3 = i32x4.splat(0)
        let w = weights
        for (let o = offsets; o < end; o += 8) {
          const p = at + load<u32>(o)
          const q = at + load<u32>(o, 4)
          const p0 = v128.load(p)
          const q0 = v128.load(q)
          const p1 = v128.load(p, 16)
          const q1 = v128.load(q, 16)
          const k = v128.load32_splat(w)
          a0 = i32x4.add(a0, i32x4.dot_i16x8_s(k, v128.shuffle<i16>(p0, q0, 0, 8, 1, 9, 2, 10, 3, 11)))
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(k, v128.shuffle<i16>(p0, q0, 4, 12, 5, 13, 6, 14, 7, 15)))
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(k, v128.shuffle<i16>(p1, q1, 0, 8, 1, 9, 2, 10, 3, 11)))
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(k, v128.shuffle<i16>(p1, q1, 4, 12, 5, 13, 6, 14, 7, 15)))
          w += 4
        }
        const at32 = to + (<usize>i << 2)
        v128.store(at32, a0)
        v128.store(at32, a1, 16)
        v128.store(at32, a2, 32)
        v128.store(at32, a3, 48)
      }
    }
  }
}

/** The second pass of a rank-1 kernel whose first has sums of 32 bits: sums (i32) of sums (i32), weights i32. */
export function tapsI32I32(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
): void {
  const end = offsets + (<usize>count << 2)
  for (let y = 0; y < rows; y++) {
    const from = src + <usize>y * rowStep
    const to = dst + <usize>y * dstPitch
    for (let i = 0; i < n; i += 16) {
      const at = from + (<usize>i << 2)
      let a0 = i32x4.splat(0)
      let a1 = i32x4.splat(0)
      let a2 = i32x4.splat(0)
      let a3 = i32x4.splat(0)
      let w = weights
      for (let o = offsets; o < end; o += 4) {
        const p = at + load<u32>(o)
        const k = v128.load32_splat(w)
        a0 = i32x4.add(a0, i32x4.mul(k, v128.load(p)))
        a1 = i32x4.add(a1, i32x4.mul(k, v128.load(p, 16)))
        a2 = i32x4.add(a2, i32x4.mul(k, v128.load(p, 32)))
        a3 = i32x4.add(a3, i32x4.mul(k, v128.load(p, 48)))
        w += 4
      }
      const at32 = to + (<usize>i << 2)
      v128.store(at32, a0)
      v128.store(at32, a1, 16)
      v128.store(at32, a2, 32)
      v128.store(at32, a3, 48)
    }
  }
}

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
