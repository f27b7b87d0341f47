// Histograms of columns (Perreault and Hebert 2007). Each column counts, in 8 bits or, for more than 255 rows, in 16,
// its samples up to the end of each of 16 groups of levels, then those up to each level of a group. The counts of a
// window are the sums over its columns; only the group in question is kept up to date. The number of counts that are
// too small gives the level of the rank, without a search, whose branches cannot be predicted.

import { Address } from './address'

/**
 * The counts that a sample of a level adds to, as −1. `half` selects the lower or upper half of 16 counts of 16 bits.
 */
@inline
function lanesFrom<T>(level: usize, half: i32): v128 {
  if (sizeof<T>() == 1)
    return i8x16.gt_s(i8x16(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), i8x16.splat(<i8>level))
  return i16x8.gt_s(i16x8(1, 2, 3, 4, 5, 6, 7, 8), i16x8.splat(<i16>level - 8 * <i16>half))
}

@inline
function countIn<T>(counts: usize, level: usize): void {
  v128.store(counts, v128.sub<T>(v128.load(counts), lanesFrom<T>(level, 0)))
  if (sizeof<T>() == 2) v128.store(counts, i16x8.sub(v128.load(counts, 16), lanesFrom<T>(level, 1)), 16)
}

@inline
function countOut<T>(counts: usize, level: usize): void {
  v128.store(counts, v128.add<T>(v128.load(counts), lanesFrom<T>(level, 0)))
  if (sizeof<T>() == 2) v128.store(counts, i16x8.add(v128.load(counts, 16), lanesFrom<T>(level, 1)), 16)
}

/** The byte offset of the counts of a level's group: 16 counts of groups, then 16 for each group. */
@inline
function groupOf<T>(level: usize): usize {
  return (16 + (level & 0xf0)) * sizeof<T>()
}

@inline
function startAll<T>(columns: usize, src: usize, pitch: usize, n: usize, rows: usize): void {
  memory.fill(columns, 0, n * 272 * sizeof<T>())
  for (let y: usize = 0; y < rows; y++, src += pitch) {
    let at = columns
    for (let i: usize = 0; i < n; i++, at += 272 * sizeof<T>()) {
      const level = <usize>load<u8>(src + i)
      countIn<T>(at, level >> 4)
      countIn<T>(at + groupOf<T>(level), level & 15)
    }
  }
}

@inline
function slideAll<T>(columns: usize, come: usize, gone: usize, n: usize): void {
  for (let i: usize = 0; i < n; i++, columns += 272 * sizeof<T>()) {
    const a = <usize>load<u8>(come + i)
    const b = <usize>load<u8>(gone + i)
    countIn<T>(columns, a >> 4)
    countOut<T>(columns, b >> 4)
    countIn<T>(columns + groupOf<T>(a), a & 15)
    countOut<T>(columns + groupOf<T>(b), b & 15)
  }
}

/**
 * Makes the histograms of n columns over the bytes of `rows` rows. With counts of `bytes` bytes, each takes 272 times
 * as many.
 */
export function startColumns(
  columns: Address,
  src: Address,
  pitch: usize,
  n: usize,
  rows: usize,
  bytes: i32,
): void {
  if (bytes == 1) startAll<i8>(columns, src, pitch, n, rows)
  else startAll<i16>(columns, src, pitch, n, rows)
}

/** Moves the histograms down by one row: the row at `come` enters, the row at `gone` leaves. */
export function slideColumns(columns: Address, come: Address, gone: Address, n: usize, bytes: i32): void {
  if (bytes == 1) slideAll<i8>(columns, come, gone, n)
  else slideAll<i16>(columns, come, gone, n)
}

/** Half of 16 counts, as 16 bits each. */
@inline
function half<T>(counts: usize, second: usize): v128 {
  return sizeof<T>() == 1 ? v128.load_ext<u8>(counts + 8 * second) : v128.load(counts + 16 * second)
}

/** The number of the 16 sums that are at most `index`. */
@inline
function upTo(low: v128, high: v128, index: i32): usize {
  const most = i16x8.splat(<i16>index)
  return 16 - <usize>popcnt(i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.gt_s(low, most), i16x8.gt_s(high, most))))
}

@inline
function ranks<T>(
  dst: usize,
  columns: usize,
  n: i32,
  step: usize,
  width: i32,
  index: i32,
  work: usize,
): void {
  const stride = step * (272 * sizeof<T>())
  const sums = work + 528
  const held = work + 560
  // sums are compared as signed numbers, so they begin at the smallest
  const none = i16x8.splat(-32768)
  store<u16>(sums - 2, 0x8000)
  for (let s: usize = 0; s < 64; s += 4) store<i32>(held + s, -0x40000000)
  let low = none
  let high = none
  let next = columns
  for (let c = 1; c < width; c++, next += stride) {
    low = i16x8.add(low, half<T>(next, 0))
    high = i16x8.add(high, half<T>(next, 1))
  }
  for (let x = 0; x < n; x++, dst += step, columns += stride, next += stride) {
    low = i16x8.add(low, half<T>(next, 0))
    high = i16x8.add(high, half<T>(next, 1))
    const group = upTo(low, high, index - 32768)
    v128.store(sums, low)
    v128.store(sums, high, 16)
    const rest = index - <i32>load<u16>(sums + 2 * group - 2)
    low = i16x8.sub(low, half<T>(columns, 0))
    high = i16x8.sub(high, half<T>(columns, 1))

    const counts = (group << 4) * sizeof<T>() + 16 * sizeof<T>()
    const fine = work + (group << 5)
    const late = x - load<i32>(held + (group << 2))
    store<i32>(held + (group << 2), x)
    let a = none
    let b = none
    if (late > width >> 1) {
      for (let p = columns + counts; p < next + counts + stride; p += stride) {
        a = i16x8.add(a, half<T>(p, 0))
        b = i16x8.add(b, half<T>(p, 1))
      }
    } else {
      a = v128.load(fine)
      b = v128.load(fine, 16)
      let p = columns + counts - <usize>late * stride
      let q = next + counts - <usize>(late - 1) * stride
      for (let i = 0; i < late; i++, p += stride, q += stride) {
        a = i16x8.add(a, i16x8.sub(half<T>(q, 0), half<T>(p, 0)))
        b = i16x8.add(b, i16x8.sub(half<T>(q, 1), half<T>(p, 1)))
      }
    }
    v128.store(fine, a)
    v128.store(fine, b, 16)
    store<u8>(dst, <u8>((group << 4) + upTo(a, b, rest)))
  }
}

/**
 * Writes n bytes of rank `index`, `step` apart, for windows `width` columns wide, each `step` columns after the one
 * before. `work` has 640 bytes: the counts of a window, and the position of each group.
 */
export function rankColumns(
  dst: Address,
  columns: Address,
  n: i32,
  step: usize,
  width: i32,
  index: i32,
  bytes: i32,
  work: Address,
): void {
  if (bytes == 1) ranks<i8>(dst, columns, n, step, width, index, work)
  else ranks<i16>(dst, columns, n, step, width, index, work)
}
