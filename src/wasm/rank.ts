// Samples of a window by their rank (definition: ranked in definition/windows.ts). Rows of float32 become rows of bytes where
// all samples are whole and 0..255, else keys of 32 bits that order as the samples do. Rows may be read up to 64 bytes past
// their end.

import { Address } from './address'

/** Four samples as whole numbers where they are whole and 0..255; `bad` gathers lanes that are not. */
let bad: v128

@inline
function wholes(src: usize): v128 {
  const v = v128.load(src)
  const whole = i32x4.trunc_sat_f32x4_s(v)
  // as bits, so that -0 differs
  const isWhole = i32x4.eq(f32x4.convert_i32x4_s(whole), v)
  const isByte = i32x4.eq(v128.and(whole, i32x4.splat(255)), whole)
  bad = v128.or(bad, v128.not(v128.and(isWhole, isByte)))
  return whole
}

@inline
function pack16(dst: usize, src: usize): void {
  const a = i16x8.narrow_i32x4_s(wholes(src), wholes(src + 16))
  const b = i16x8.narrow_i32x4_s(wholes(src + 32), wholes(src + 48))
  v128.store(dst, i8x16.narrow_i16x8_u(a, b))
}

/** f32 -> u8; 1 where all n samples are whole and 0..255, else 0 and `dst` is of no use. Writes no more than n bytes. */
export function packU8(dst: Address, src: Address, n: i32): i32 {
  if (n < 16) {
    for (let i = 0; i < n; i++) {
      const v = load<f32>(src + (<usize>i << 2))
      const whole = <i32>v
      if (reinterpret<u32>(<f32>whole) != reinterpret<u32>(v) || (whole & 255) != whole) return 0
      store<u8>(dst + i, <u8>whole)
    }
    return 1
  }
  bad = i32x4.splat(0)
  for (let i = 0; ; i += 16) {
    if (i > n - 16) i = n - 16
    pack16(dst + i, src + (<usize>i << 2))
    if (i == n - 16) break
  }
  return v128.any_true(bad) ? 0 : 1
}

/** f32 -> i32 that orders as the samples do: -0 before 0, NaN last. */
export function toKeys(dst: Address, src: Address, n: i32): void {
  const most = i32x4.splat(0x7fffffff)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const v = v128.load(src + i)
    const key = v128.xor(v, v128.and(i32x4.shr_s(v, 31), most))
    v128.store(dst + i, v128.bitselect(most, key, f32x4.ne(v, v)))
  }
}

/** i32 keys -> f32. */
export function fromKeys(dst: Address, src: Address, n: i32): void {
  const most = i32x4.splat(0x7fffffff)
  const nan = i32x4.splat(0x7fc00000)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const key = v128.load(src + i)
    const v = v128.xor(key, v128.and(i32x4.shr_s(key, 31), most))
    v128.store(dst + i, v128.bitselect(nan, v, i32x4.eq(key, most)))
  }
}

/**
 * Bytes of rank `index` among the `count` bytes at `offsets` (i32 bytes from the place of the output), at most 127 of them,
 * bit by bit from the highest: a bit is set where no more than `index` bytes are below what it makes.
 */
export function rankFew(dst: Address, src: Address, n: i32, offsets: Address, count: i32, index: i32): void {
  const enough = i8x16.splat(<i8>(count - index))
  const flip = i8x16.splat(-128)
  for (let i: usize = 0; i < <usize>n; i += 16) {
    let found = i8x16.splat(0)
    for (let bit = 128; bit > 0; bit >>= 1) {
      const tried = v128.or(found, i8x16.splat(<i8>bit))
      // bytes below: signed comparisons, which are one instruction
      const bar = v128.xor(tried, flip)
      let below = i8x16.splat(0)
      for (let t: usize = 0, end = <usize>count << 2; t < end; t += 4) {
        const x = v128.xor(v128.load(src + i + load<i32>(offsets + t)), flip)
        below = i8x16.sub(below, i8x16.gt_s(bar, x))
      }
      const above = i8x16.sub(i8x16.splat(<i8>count), below)
      found = v128.bitselect(tried, found, i8x16.ge_s(above, enough))
    }
    v128.store(dst + i, found)
  }
}

// Histograms of columns (Perreault and Hebert 2007). Each column counts, in 8 bits or for more than 255 rows in 16, its samples
// up to the end of each of 16 groups of levels, then those up to each level of a group. Those of a window are the sums over its
// columns, of which only the group in question is kept up to date. How many counts are too small tells where the rank is: it
// takes no search, whose branches nothing predicts.

/** The counts that samples of a level add to, as −1: `half` is the lower or upper half of 16 bits. */
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

/** The counts of a group are 16 times its first level behind those of the groups. */
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

/** Histograms of n columns over the bytes of `rows` rows; with counts of `bytes` bytes, each takes 272 times as many. */
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

/** The same one row further down: the row at `come` counts, that at `gone` does no longer. */
export function slideColumns(columns: Address, come: Address, gone: Address, n: usize, bytes: i32): void {
  if (bytes == 1) slideAll<i8>(columns, come, gone, n)
  else slideAll<i16>(columns, come, gone, n)
}

/** Half of 16 counts as 16 bits each. */
@inline
function half<T>(counts: usize, second: usize): v128 {
  return sizeof<T>() == 1 ? v128.load_ext<u8>(counts + 8 * second) : v128.load(counts + 16 * second)
}

/** How many of 16 sums are at most `index`. */
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
  // sums are compared with a sign, so that they begin at the smallest
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
 * n bytes of rank `index`, `step` apart, of windows `width` columns wide, of which each is `step` behind the one before. `work` has
 * 640 bytes: counts of a window, and where each group is.
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

/** Pairs (u32 place, u32 key) of n keys of a row, whose first has the place `at`; keys are made to order without a sign. */
export function pairRow(dst: Address, keys: Address, n: i32, at: i32): void {
  for (let i = 0; i < n; i++, dst += 8) {
    store<u32>(dst, at + i)
    store<u32>(dst, load<u32>(keys + (<usize>i << 2)) ^ 0x80000000, 4)
  }
}

/** Sorts n pairs by their keys, in the order of places where they are equal; `other` is as much room, `counts` 1024 bytes. */
export function sortPairs(pairs: Address, other: Address, n: i32, counts: Address): void {
  for (let byte: usize = 4; byte < 8; byte++) {
    memory.fill(counts, 0, 1024)
    const end = pairs + (<usize>n << 3)
    for (let p = pairs; p < end; p += 8) {
      const c = counts + (<usize>load<u8>(p + byte) << 2)
      store<u32>(c, load<u32>(c) + 8)
    }
    let sum: u32 = 0
    for (let c = counts; c < counts + 1024; c += 4) {
      const many = load<u32>(c)
      store<u32>(c, sum)
      sum += many
    }
    for (let p = pairs; p < end; p += 8) {
      const c = counts + (<usize>load<u8>(p + byte) << 2)
      const to = load<u32>(c)
      store<u32>(c, to + 8)
      store<u64>(other + to, load<u64>(p))
    }
    const swap = pairs
    pairs = other
    other = swap
  }
}

/** Of n sorted pairs: the rank of every place into `ranks` (u32), and the keys by rank into `sorted` (i32). */
export function spreadPairs(pairs: Address, n: i32, ranks: Address, sorted: Address): void {
  for (let k = 0; k < n; k++, pairs += 8) {
    store<u32>(ranks + (<usize>load<u32>(pairs) << 2), k)
    store<u32>(sorted + (<usize>k << 2), load<u32>(pairs, 4) ^ 0x80000000)
  }
}

// A set of ranks: a bit for each, and the number of them in every block of 512.

let block: i32
let below: i32

@inline
function change(bits: usize, blocks: usize, rank: u32, by: i32): void {
  const word = bits + ((<usize>rank >> 6) << 3)
  store<u64>(word, load<u64>(word) ^ (<u64>1 << (rank & 63)))
  const count = blocks + ((<usize>rank >> 9) << 2)
  store<i32>(count, load<i32>(count) + by)
  if (<i32>(rank >> 9) < block) below += by
}

/**
 * A row of n keys of rank `index` of windows of `runs` runs: for each three i32, the byte offset of its first rank from that of
 * the output's place, the same of the rank behind its last, and its count. Bits and blocks are 0 before and after.
 */
export function rankRuns(
  dst: Address,
  ranks: Address,
  n: i32,
  table: Address,
  runs: i32,
  index: i32,
  bits: Address,
  blocks: Address,
  sorted: Address,
): void {
  const end = table + <usize>runs * 12
  block = 0
  below = 0
  for (let r = table; r < end; r += 12) {
    const from = ranks + load<i32>(r)
    for (let t = 0; t < load<i32>(r, 8); t++) change(bits, blocks, load<u32>(from + (<usize>t << 2)), 1)
  }
  for (let x = 0; ; x++, ranks += 4) {
    while (below > index) {
      block--
      below -= load<i32>(blocks + (<usize>block << 2))
    }
    for (let many = load<i32>(blocks + (<usize>block << 2)); below + many <= index; ) {
      below += many
      block++
      many = load<i32>(blocks + (<usize>block << 2))
    }
    let rest = index - below
    let word = bits + (<usize>block << 6)
    let w = load<u64>(word)
    for (let many = <i32>popcnt(w); many <= rest; many = <i32>popcnt(w)) {
      rest -= many
      word += 8
      w = load<u64>(word)
    }
    for (; rest > 0; rest--) w &= w - 1
    const rank = ((word - bits) << 3) + <usize>ctz(w)
    store<i32>(dst + (<usize>x << 2), load<i32>(sorted + (rank << 2)))
    if (x == n - 1) break
    for (let r = table; r < end; r += 12) {
      change(bits, blocks, load<u32>(ranks + load<i32>(r)), -1)
      change(bits, blocks, load<u32>(ranks + load<i32>(r, 4)), 1)
    }
  }
  for (let r = table; r < end; r += 12) {
    const from = ranks + load<i32>(r)
    for (let t = 0; t < load<i32>(r, 8); t++) change(bits, blocks, load<u32>(from + (<usize>t << 2)), -1)
  }
}

/**
 * A row of n bytes of rank `index`, `step` apart: as `rankRuns`, over bytes, whose counts (u32, 256 of them, 0 before and after) take the place
 * of the set (Huang, Yang and Tang 1979).
 */
export function rankBytes(
  dst: Address,
  src: Address,
  n: i32,
  step: i32,
  table: Address,
  runs: i32,
  index: i32,
  counts: Address,
): void {
  const end = table + <usize>runs * 12
  let level: i32 = 0
  let under: i32 = 0
  for (let r = table; r < end; r += 12) {
    const from = src + load<i32>(r)
    for (let t = 0; t < load<i32>(r, 8); t++) countByte(counts, load<u8>(from + t * step), 1)
  }
  for (let x = 0; ; x++, src += step) {
    while (under > index) under -= load<i32>(counts + (<usize>--level << 2))
    for (let many = load<i32>(counts + (<usize>level << 2)); under + many <= index; ) {
      under += many
      many = load<i32>(counts + (<usize>++level << 2))
    }
    store<u8>(dst + x * step, <u8>level)
    if (x == n - 1) break
    for (let r = table; r < end; r += 12) {
      const gone = <i32>load<u8>(src + load<i32>(r))
      const come = <i32>load<u8>(src + load<i32>(r, 4))
      countByte(counts, gone, -1)
      countByte(counts, come, 1)
      under += i32(come < level) - i32(gone < level)
    }
  }
  for (let r = table; r < end; r += 12) {
    const from = src + load<i32>(r)
    for (let t = 0; t < load<i32>(r, 8); t++) countByte(counts, load<u8>(from + t * step), -1)
  }
}

@inline
function countByte(counts: usize, value: i32, by: i32): void {
  const at = counts + (<usize>value << 2)
  store<i32>(at, load<i32>(at) + by)
}
