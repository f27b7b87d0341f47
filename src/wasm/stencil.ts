// The direct path: tap lists over float32 rows. Rows may be read and written up to 64 bytes past their end.
//
// Registers decide what is fast here: x64 has 16 of them, and the compiler moves all loads of a block to its top. 8
// sums with 8 loads spill and run at half the speed of 7 with 7 (test/bench/loops.mjs: 26 against 45 GFLOP/s at 7x7); 4
// sums of two rows that share 4 loads fit as well and load half as much (57 GFLOP/s).
import { Address } from './address'
import { store4 } from './lanes'
import { storeSums28, sums4 } from './sums'

/**
 * The number of samples of a block of columns. The rows of a block that a kernel reads stay in the first-level cache
 * while the loop runs down the strip.
 */
const blockSamples: i32 = 1024

/**
 * `rows` rows of `n` sums: acc = 0; acc = acc + w * sample for the taps in order, each step rounded. Row r reads at src
 * + r x rowStep + offsets[t] (i32, bytes, of any sign) and is written at dst + r x dstPitch. Weights are float32.
 */
export function tapsF32(
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
  const end = offsets + (<usize>count << 2)
  const shift: usize = n < 16 ? 0 : sharedTaps(offsets, end, rowStep)
  for (let x = 0; x < n; x += blockSamples) {
    let width = min(blockSamples, n - x)
    if (width < 28 && n >= 28) {
      x = n - 28
      width = 28
    }
    let to = dst + (<usize>x << 2)
    let from = src + (<usize>x << 2)
    let y = 0
    if (shift) {
      for (; y + 2 <= rows; y += 2) {
        tapsPair(to, dstPitch, from, rowStep, width, offsets, end, weights, shift)
        to += dstPitch << 1
        from += rowStep << 1
      }
    }
    for (; y < rows; y++) {
      tapsRow(to, from, width, offsets, end, weights)
      to += dstPitch
      from += rowStep
    }
  }
}

/**
 * The number of bytes after which the tap list repeats itself one output row further down: 4 x the taps of a row, for a
 * dense kernel. Returns 0 if it does not, or overlaps by less than half.
 */
function sharedTaps(offsets: usize, end: usize, rowStep: usize): usize {
  let o = offsets
  while (o < end && load<u32>(o) - load<u32>(offsets) != <u32>rowStep) o += 4
  const shift = o - offsets
  if (o >= end || shift == 0 || shift << 1 > end - offsets) return 0
  for (; o < end; o += 4) if (load<u32>(o) - load<u32>(o - shift) != <u32>rowStep) return 0
  return shift
}

/**
 * Two rows, 16 samples at a time: first the taps that only the upper row has, then those at which both rows read the
 * same samples, then those of the lower row alone. Each row still adds its own taps in order.
 */
function tapsPair(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  offsets: usize,
  end: usize,
  weights: usize,
  shift: usize,
): void {
  const last = <usize>(n - 16) << 2
  for (let x: usize = 0; ; x += 64) {
    if (x > last) x = last
    const at = src + x
    let a0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    let b0 = f32x4.splat(0)
    let b1 = f32x4.splat(0)
    let b2 = f32x4.splat(0)
    let b3 = f32x4.splat(0)
    let w = weights
    let o = offsets
    for (const both = offsets + shift; o < both; o += 4) {
      const p = at + load<u32>(o)
      const k = v128.load32_splat(w)
      a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p)))
      a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)))
      a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32)))
      a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)))
      w += 4
    }
    for (; o < end; o += 4) {
      const p = at + load<u32>(o)
      const upper = v128.load32_splat(w)
      const lower = v128.load32_splat(w - shift)
      const s0 = v128.load(p)
      const s1 = v128.load(p, 16)
      const s2 = v128.load(p, 32)
      const s3 = v128.load(p, 48)
      a0 = f32x4.add(a0, f32x4.mul(upper, s0))
      b0 = f32x4.add(b0, f32x4.mul(lower, s0))
      a1 = f32x4.add(a1, f32x4.mul(upper, s1))
      b1 = f32x4.add(b1, f32x4.mul(lower, s1))
      a2 = f32x4.add(a2, f32x4.mul(upper, s2))
      b2 = f32x4.add(b2, f32x4.mul(lower, s2))
      a3 = f32x4.add(a3, f32x4.mul(upper, s3))
      b3 = f32x4.add(b3, f32x4.mul(lower, s3))
      w += 4
    }
    const under = at + rowStep
    w -= shift
    for (o = end - shift; o < end; o += 4) {
      const p = under + load<u32>(o)
      const k = v128.load32_splat(w)
      b0 = f32x4.add(b0, f32x4.mul(k, v128.load(p)))
      b1 = f32x4.add(b1, f32x4.mul(k, v128.load(p, 16)))
      b2 = f32x4.add(b2, f32x4.mul(k, v128.load(p, 32)))
      b3 = f32x4.add(b3, f32x4.mul(k, v128.load(p, 48)))
      w += 4
    }
    let to = dst + x
    store4(to, a0, a1, a2, a3)
    to += dstPitch
    store4(to, b0, b1, b2, b3)
    if (x == last) break
  }
}

function tapsRow(dst: usize, src: usize, n: i32, offsets: usize, end: usize, weights: usize): void {
  if (n < 28) {
    for (let x: usize = 0; x < <usize>n << 2; x += 16) {
      v128.store(dst + x, sums4(src + x, offsets, end, weights, 0, true))
    }
    return
  }
  // The last block overlaps the one before it, which costs less than a separate tail.
  const last = <usize>(n - 28) << 2
  for (let x: usize = 0; ; x += 112) {
    if (x > last) x = last
    storeSums28(dst + x, src + x, offsets, end, weights, 0, true, f32x4.splat(0), false)
    if (x == last) break
  }
}
