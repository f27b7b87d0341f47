// Two 1-D passes over float32 rows: COLUMNS FIRST, then rows. That order is part of the definition. It is the cheaper
// one: a strip computes no row twice, and the halo columns that it computes for the second pass are few compared with a
// whole row.
// In each pass: acc = 0; acc = acc + w * sample for the taps from the first to the last, each step rounded.
// There is no variant for symmetric kernels: w * (p + q) saves a product but no addition and no load, and was no faster
// (57 against 58 ms for the row pass of 41 taps). Rows may be read and written up to 64 bytes past their end.
import { Address } from './address'
import { store4 } from './lanes'
import { storeSums28, sums4 } from './sums'

/** The number of samples of a block of columns. The rows that a long kernel reads stay in the second-level cache. */
const blockSamples: i32 = 512

/**
 * The column pass: row r, of `n` samples, is the sum over k of weights[k] * row r + k of the source. For a dilation d,
 * pass the rows of one residue: srcPitch and dstPitch are d times as large.
 */
export function columnF32(
  dst: Address,
  dstPitch: usize,
  src: Address,
  srcPitch: usize,
  n: i32,
  rows: i32,
  weights: Address,
  count: i32,
): void {
  for (let x = 0; x < n; x += blockSamples) {
    const width = min(blockSamples, n - x)
    const from = src + (<usize>x << 2)
    const to = dst + (<usize>x << 2)
    let y = 0
    for (; y + 2 <= rows; y += 2) {
      columnPair(to + <usize>y * dstPitch, dstPitch, from + <usize>y * srcPitch, srcPitch, width, weights, count)
    }
    if (y < rows) columnOne(to + <usize>y * dstPitch, from + <usize>y * srcPitch, srcPitch, width, weights, count)
  }
}

/** Two rows of sums share the loads of all source rows but the first and the last. */
function columnPair(
  dst: usize,
  dstPitch: usize,
  src: usize,
  srcPitch: usize,
  n: i32,
  weights: usize,
  count: i32,
): void {
  const lastWeight = weights + (<usize>(count - 1) << 2)
  for (let x = 0; x < n; x += 16) {
    let p = src + (<usize>x << 2)
    let k = v128.load32_splat(weights)
    const zero = f32x4.splat(0)
    let a0 = f32x4.add(zero, f32x4.mul(k, v128.load(p)))
    let a1 = f32x4.add(zero, f32x4.mul(k, v128.load(p, 16)))
    let a2 = f32x4.add(zero, f32x4.mul(k, v128.load(p, 32)))
    let a3 = f32x4.add(zero, f32x4.mul(k, v128.load(p, 48)))
    let b0 = zero
    let b1 = zero
    let b2 = zero
    let b3 = zero
    for (let w = weights; w < lastWeight; w += 4) {
      p += srcPitch
      const s0 = v128.load(p)
      const s1 = v128.load(p, 16)
      const s2 = v128.load(p, 32)
      const s3 = v128.load(p, 48)
      k = v128.load32_splat(w, 4)
      a0 = f32x4.add(a0, f32x4.mul(k, s0))
      a1 = f32x4.add(a1, f32x4.mul(k, s1))
      a2 = f32x4.add(a2, f32x4.mul(k, s2))
      a3 = f32x4.add(a3, f32x4.mul(k, s3))
      k = v128.load32_splat(w)
      b0 = f32x4.add(b0, f32x4.mul(k, s0))
      b1 = f32x4.add(b1, f32x4.mul(k, s1))
      b2 = f32x4.add(b2, f32x4.mul(k, s2))
      b3 = f32x4.add(b3, f32x4.mul(k, s3))
    }
    p += srcPitch
    k = v128.load32_splat(lastWeight)
    b0 = f32x4.add(b0, f32x4.mul(k, v128.load(p)))
    b1 = f32x4.add(b1, f32x4.mul(k, v128.load(p, 16)))
    b2 = f32x4.add(b2, f32x4.mul(k, v128.load(p, 32)))
    b3 = f32x4.add(b3, f32x4.mul(k, v128.load(p, 48)))
    let to = dst + (<usize>x << 2)
    store4(to, a0, a1, a2, a3)
    to += dstPitch
    store4(to, b0, b1, b2, b3)
  }
}

function columnOne(dst: usize, src: usize, srcPitch: usize, n: i32, weights: usize, count: i32): void {
  const end = weights + (<usize>count << 2)
  for (let x = 0; x < n; x += 16) {
    let p = src + (<usize>x << 2)
    let a0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    for (let w = weights; w < end; w += 4) {
      const k = v128.load32_splat(w)
      a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p)))
      a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)))
      a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32)))
      a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)))
      p += srcPitch
    }
    const to = dst + (<usize>x << 2)
    store4(to, a0, a1, a2, a3)
  }
}

/**
 * The row pass: sample i of each of `rows` rows is the sum over k of weights[k] * sample at i + k x step. `step` is in
 * bytes: 4 x channels x dilation.
 */
export function rowF32(
  dst: Address,
  dstPitch: usize,
  src: Address,
  srcPitch: usize,
  n: i32,
  rows: i32,
  weights: Address,
  count: i32,
  step: usize,
): void {
  const end = weights + (<usize>count << 2)
  for (let y = 0; y < rows; y++) {
    rowOne(dst + <usize>y * dstPitch, src + <usize>y * srcPitch, n, weights, end, step)
  }
}

function rowOne(dst: usize, src: usize, n: i32, weights: usize, end: usize, step: usize): void {
  if (n < 28) {
    for (let x: usize = 0; x < <usize>n << 2; x += 16) {
      v128.store(dst + x, sums4(src + x, weights, end, weights, step, false))
    }
    return
  }
  const last = <usize>(n - 28) << 2
  for (let x: usize = 0; ; x += 112) {
    if (x > last) x = last
    storeSums28(dst + x, src + x, weights, end, weights, step, false, f32x4.splat(0), false)
    if (x == last) break
  }
}
