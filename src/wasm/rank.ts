// Samples of a window by their rank (definition: ranked in definition/windows.ts). Rows of float32 become rows of bytes
// if all samples are whole and 0..255, otherwise rows of 32-bit keys that sort like the samples. Rows may be read up to
// 64 bytes past their end.

import { Address } from './address'

/** Gathers the lanes of samples that are not whole or not 0..255. */
let bad: v128

@inline
function wholes(src: usize): v128 {
  const v = v128.load(src)
  const whole = i32x4.trunc_sat_f32x4_s(v)
  // compared as bits, so that -0 differs
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

/**
 * f32 -> u8. Returns 1 if all n samples are whole and 0..255, otherwise 0, and `dst` is not usable. Writes at most n
 * bytes.
 */
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

/** f32 -> i32 keys that sort like the samples: -0 before 0, NaN last. */
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
 * Bytes of rank `index` among the `count` bytes at `offsets` (i32 bytes from the place of the output), at most 127 of
 * them, bit by bit from the highest: a bit is set if no more than `index` bytes are below the value that it makes.
 */
export function rankFew(dst: Address, src: Address, n: i32, offsets: Address, count: i32, index: i32): void {
  const enough = i8x16.splat(<i8>(count - index))
  const flip = i8x16.splat(-128)
  for (let i: usize = 0; i < <usize>n; i += 16) {
    let found = i8x16.splat(0)
    for (let bit = 128; bit > 0; bit >>= 1) {
      const tried = v128.or(found, i8x16.splat(<i8>bit))
      // counts the bytes below; signed comparisons are one instruction
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

/**
 * Makes pairs (u32 place, u32 key) of n keys of a row, the first of which has the place `at`. Keys are changed to sort
 * as unsigned.
 */
export function pairRow(dst: Address, keys: Address, n: i32, at: i32): void {
  for (let i = 0; i < n; i++, dst += 8) {
    store<u32>(dst, at + i)
    store<u32>(dst, load<u32>(keys + (<usize>i << 2)) ^ 0x80000000, 4)
  }
}

/**
 * Sorts n pairs by their keys; pairs with equal keys stay in the order of their places. `other` has room for as many
 * pairs, `counts` has 1024 bytes.
 */
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

/** Writes, for n sorted pairs, the rank of every place to `ranks` (u32), and the keys by rank to `sorted` (i32). */
export function spreadPairs(pairs: Address, n: i32, ranks: Address, sorted: Address): void {
  for (let k = 0; k < n; k++, pairs += 8) {
    store<u32>(ranks + (<usize>load<u32>(pairs) << 2), k)
    store<u32>(sorted + (<usize>k << 2), load<u32>(pairs, 4) ^ 0x80000000)
  }
}

// A set of ranks: a bit for each, and the number of bits in every block of 512.

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
 * A row of n keys of rank `index` of windows of `runs` runs. `table` has three i32 for each run: the byte offset of its
 * first rank from that of the output's place, the offset after its last rank, and its count. Bits and blocks are 0
 * before and after.
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
 * A row of n bytes of rank `index`, `step` apart. Like `rankRuns`, but over bytes, with counts (u32, 256 of them, 0
 * before and after) instead of the set (Huang, Yang and Tang 1979).
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
