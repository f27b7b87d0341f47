// PNG row filters and Adler-32. Rows may be read up to 64 bytes past their end, and up to 64 bytes may be written past
// the last one.

import { Address } from './address'
import { average, paeth } from './lanes'

/** The number of blocks of 16 bytes whose sums of absolute values fit in 16-bit lanes: 2 x 128 each. */
const summedBlocks: i32 = 255

/**
 * Filters `rows` rows of `rowBytes` bytes (PNG, section 9; the definition is `filterRows` in src/definition). Each row
 * is written as the filter byte followed by the filtered bytes, without gaps between rows. bpp is the bytes of a pixel,
 * 1 to 8. `above` is the row before the first, or 0 if there is none; the first row then takes None or Sub. `scratch`
 * has 128 bytes. Adaptive: the filter with the least sum of absolute values of the filtered bytes as signed; of equal
 * ones, the lower number.
 */
export function filterRows(
  dst: Address,
  src: Address,
  pitch: usize,
  rowBytes: i32,
  rows: i32,
  bpp: i32,
  above: Address,
  scratch: Address,
): void {
  for (let y = 0; y < rows; y++) {
    const filter = above ? cheapest(src, above, rowBytes, bpp, scratch) : cheapestFirst(src, rowBytes, bpp, scratch)
    store<u8>(dst, filter)
    writeRow(dst + 1, src, above ? above : src, rowBytes, bpp, filter, scratch)
    dst += <usize>rowBytes + 1
    above = src
    src += pitch
  }
}

/** Stores the first 16 bytes of a row with 16 zeros before them, which the pixel to the left of the first one reads. */
@inline
function stage(scratch: usize, row: usize): void {
  v128.store(scratch, i8x16.splat(0))
  v128.store(scratch, v128.load(row), 16)
}

@inline
function left(row: usize, i: i32, bpp: i32, scratch: usize): v128 {
  return i == 0 ? v128.load(scratch + 16 - <usize>bpp) : v128.load(row + <usize>i - <usize>bpp)
}

/** The sums of |signed byte| for pairs of bytes, in 16-bit lanes. */
@inline
function cost(bytes: v128): v128 {
  return i16x8.extadd_pairwise_i8x16_u(i8x16.abs(bytes))
}

@inline
function total(lanes: v128): i32 {
  const two = i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes))
  return <i32>(i64x2.extract_lane(two, 0) + i64x2.extract_lane(two, 1))
}

/** A mask of the bytes of this block that belong to the row. */
@inline
function within(i: i32, n: i32): v128 {
  const lane = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  return i8x16.lt_s(lane, i8x16.splat(<i8>min(16, n - i)))
}

function cheapest(row: usize, above: usize, n: i32, bpp: i32, scratch: usize): u8 {
  stage(scratch, row)
  stage(scratch + 32, above)
  let none = i32x4.splat(0)
  let sub = none
  let up = none
  let avg = none
  let pth = none
  for (let start = 0; start < n; start += summedBlocks << 4) {
    const stop = min(n, start + (summedBlocks << 4))
    let none16 = i16x8.splat(0)
    let sub16 = none16
    let up16 = none16
    let avg16 = none16
    let pth16 = none16
    for (let i = start; i < stop; i += 16) {
      const x = v128.load(row + <usize>i)
      const b = v128.load(above + <usize>i)
      const a = left(row, i, bpp, scratch)
      const c = left(above, i, bpp, scratch + 32)
      let d0 = x
      let d1 = i8x16.sub(x, a)
      let d2 = i8x16.sub(x, b)
      let d3 = i8x16.sub(x, average(a, b))
      let d4 = i8x16.sub(x, paeth(a, b, c))
      if (i + 16 > n) {
        const real = within(i, n)
        d0 = v128.and(d0, real)
        d1 = v128.and(d1, real)
        d2 = v128.and(d2, real)
        d3 = v128.and(d3, real)
        d4 = v128.and(d4, real)
      }
      none16 = i16x8.add(none16, cost(d0))
      sub16 = i16x8.add(sub16, cost(d1))
      up16 = i16x8.add(up16, cost(d2))
      avg16 = i16x8.add(avg16, cost(d3))
      pth16 = i16x8.add(pth16, cost(d4))
    }
    none = i32x4.add(none, i32x4.extadd_pairwise_i16x8_u(none16))
    sub = i32x4.add(sub, i32x4.extadd_pairwise_i16x8_u(sub16))
    up = i32x4.add(up, i32x4.extadd_pairwise_i16x8_u(up16))
    avg = i32x4.add(avg, i32x4.extadd_pairwise_i16x8_u(avg16))
    pth = i32x4.add(pth, i32x4.extadd_pairwise_i16x8_u(pth16))
  }
  let filter: u8 = 0
  let least = total(none)
  if (total(sub) < least) {
    least = total(sub)
    filter = 1
  }
  if (total(up) < least) {
    least = total(up)
    filter = 2
  }
  if (total(avg) < least) {
    least = total(avg)
    filter = 3
  }
  return total(pth) < least ? 4 : filter
}

function cheapestFirst(row: usize, n: i32, bpp: i32, scratch: usize): u8 {
  stage(scratch, row)
  let none = i32x4.splat(0)
  let sub = none
  for (let i = 0; i < n; i += 16) {
    const real = within(i, n)
    const x = v128.load(row + <usize>i)
    const d = i8x16.sub(x, left(row, i, bpp, scratch))
    none = i32x4.add(none, i32x4.extadd_pairwise_i16x8_u(cost(v128.and(x, real))))
    sub = i32x4.add(sub, i32x4.extadd_pairwise_i16x8_u(cost(v128.and(d, real))))
  }
  return total(sub) < total(none) ? 1 : 0
}

function writeRow(dst: usize, row: usize, above: usize, n: i32, bpp: i32, filter: u8, scratch: usize): void {
  if (filter == 0) {
    memory.copy(dst, row, <usize>n)
    return
  }
  stage(scratch, row)
  stage(scratch + 32, above)
  if (filter == 1) {
    for (let i = 0; i < n; i += 16) {
      v128.store(dst + <usize>i, i8x16.sub(v128.load(row + <usize>i), left(row, i, bpp, scratch)))
    }
  } else if (filter == 2) {
    for (let i = 0; i < n; i += 16) {
      v128.store(dst + <usize>i, i8x16.sub(v128.load(row + <usize>i), v128.load(above + <usize>i)))
    }
  } else if (filter == 3) {
    for (let i = 0; i < n; i += 16) {
      const predicted = average(left(row, i, bpp, scratch), v128.load(above + <usize>i))
      v128.store(dst + <usize>i, i8x16.sub(v128.load(row + <usize>i), predicted))
    }
  } else {
    for (let i = 0; i < n; i += 16) {
      const a = left(row, i, bpp, scratch)
      const c = left(above, i, bpp, scratch + 32)
      v128.store(dst + <usize>i, i8x16.sub(v128.load(row + <usize>i), paeth(a, v128.load(above + <usize>i), c)))
    }
  }
}

/** The number of bytes after which Adler's sums must be reduced: zlib's NMAX, a multiple of 16. */
const adlerRun: i32 = 5552

/** Adler-32 of `n` bytes, continued from `start` (1 at the beginning). Nothing past the end is counted. */
export function adler32(src: Address, n: i32, start: u32): u32 {
  let a = start & 0xffff
  let b = start >> 16
  const highWeights = i16x8(16, 15, 14, 13, 12, 11, 10, 9)
  const lowWeights = i16x8(8, 7, 6, 5, 4, 3, 2, 1)
  while (n >= 16) {
    const run = min(adlerRun, n & ~15)
    const end = src + <usize>run
    let sum = i32x4.splat(0)
    // Sums of all bytes before the block: each counts 16 times in b.
    let before = i32x4.splat(0)
    let weighted = i32x4.splat(0)
    b += a * <u32>run
    for (; src < end; src += 16) {
      const bytes = v128.load(src)
      before = i32x4.add(before, sum)
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)))
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), highWeights))
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), lowWeights))
    }
    a = (a + lanesSum(sum)) % 65521
    b = (b + (lanesSum(before) << 4) + lanesSum(weighted)) % 65521
    n -= run
  }
  for (; n > 0; n--, src++) {
    a += load<u8>(src)
    b += a
  }
  return ((b % 65521) << 16) | a % 65521
}

@inline
function lanesSum(v: v128): u32 {
  const two = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1))
  return i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1)
}
