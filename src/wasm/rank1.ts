// The second passes of rank-1 integer kernels, over the sums of a first pass (integer.ts). Exact; tap lists are as
// there. Rows may be read and written up to 64 bytes past their end.
import { Address } from './address'
import { store4 } from './lanes'

/**
 * The number of samples of a block of columns, whose rows stay in the first-level cache while the loop runs down the
 * strip.
 */
const blockSamples: i32 = 2048

/** Sums of sums of the same type, in blocks of columns. */
@inline
function sameSums<T>(
  dst: usize, dstPitch: usize, src: usize, rowStep: usize, n: i32, rows: i32,
  offsets: usize, weights: usize, count: i32, block: i32,
): void {
  const end = offsets + (<usize>count << 2)
  for (let x = 0; x < n; x += block) {
    const stop = min(n, x + block)
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>y * rowStep
      const to = dst + <usize>y * dstPitch
      for (let i = x; i < stop; i += 64 / <i32>sizeof<T>()) {
        const at = from + <usize>i * sizeof<T>()
        let a0 = i32x4.splat(0)
        let a1 = i32x4.splat(0)
        let a2 = i32x4.splat(0)
        let a3 = i32x4.splat(0)
        let w = weights
        for (let o = offsets; o < end; o += 4) {
          const p = at + load<u32>(o)
          const k = v128.load_splat<T>(w)
          a0 = v128.add<T>(a0, v128.mul<T>(k, v128.load(p)))
          a1 = v128.add<T>(a1, v128.mul<T>(k, v128.load(p, 16)))
          a2 = v128.add<T>(a2, v128.mul<T>(k, v128.load(p, 32)))
          a3 = v128.add<T>(a3, v128.mul<T>(k, v128.load(p, 48)))
          w += sizeof<T>()
        }
        store4(to + <usize>i * sizeof<T>(), a0, a1, a2, a3)
      }
    }
  }
}

/** Sums (i16) of sums (i16), which must all fit. Offsets are in bytes, weights i16. */
export function tapsI16I16(
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
  sameSums<i16>(dst, dstPitch, src, rowStep, n, rows, offsets, weights, count, blockSamples)
}

/** Sums (i32) of sums (i16), two taps at a time as in `tapsU8I32`. */
export function tapsI16I32(
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
  for (let x = 0; x < n; x += blockSamples) {
    const stop = min(n, x + blockSamples)
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
        store4(at32, a0, a1, a2, a3)
      }
    }
  }
}

/** Sums (i32) of sums (i32), weights i32. */
export function tapsI32I32(
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
  sameSums<i32>(dst, dstPitch, src, rowStep, n, rows, offsets, weights, count, n)
}
