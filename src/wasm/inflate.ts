// Streams of zlib inflated (RFC 1950 and 1951), in the manner of libdeflate: eight bytes of input at a time, a wide first
// look, and room on both ends so that nothing is counted byte by byte.

import { Address } from './address'
import { codeScratch, distanceMeaning, endOfBlock, joinLiterals, lengthMeaning, literals, longer, makeCode, odd } from './inflate-code'

const lengthBits: u32 = 11
const distanceBits: u32 = 8
const orderBits: u32 = 7

// The state of a stream.
const bitsAt: usize = 0
const countAt: usize = 8
const inputAt: usize = 12
const inputEndAt: usize = 16
const isAllAt: usize = 20
const outAt: usize = 24
const firstAt: usize = 28
const modeAt: usize = 32
const isFinalAt: usize = 36
const leftAt: usize = 40
const adlerAt: usize = 44
const tableAt: usize = 64
// entries with the tables behind: what the most uneven codes of 286 and 30 symbols take (ENOUGH_LENS, ENOUGH_DISTS of zlib)
const distanceTableAt: usize = tableAt + 4 * 2342
const orderTableAt: usize = distanceTableAt + 4 * 402
const lengthMeaningsAt: usize = orderTableAt + 4 * 128
const distanceMeaningsAt: usize = lengthMeaningsAt + 4 * 288
const orderMeaningsAt: usize = distanceMeaningsAt + 4 * 32
const patternsAt: usize = orderMeaningsAt + 4 * 20
const lengthsAt: usize = patternsAt + 16 * 16
const scratchAt: usize = lengthsAt + 512
const stateBytes: usize = scratchAt + codeScratch

/** What a stream is about to read. */
const head: u32 = 0
const block: u32 = 1
const stored: u32 = 2
const coded: u32 = 3
const check: u32 = 4
const end: u32 = 5

/** Input that a step may need at once: the lengths of a block are 571 bytes at most. */
const longestStep: i32 = 640

const goesOn: i32 = 0
const wantsInput: i32 = 1
const isDone: i32 = 2
const isDamaged: i32 = -1
/** Of a block alone: it is over. */
const isOver: i32 = 3

/** Bytes of the state of a stream. */
export function inflateBytes(): i32 {
  return <i32>stateBytes
}

/** Begins a stream whose first byte goes to `out`. */
export function inflateBegin(state: Address, out: Address): void {
  memory.fill(state, 0, stateBytes)
  store<u32>(state, <u32>out, outAt)
  store<u32>(state, <u32>out, firstAt)
  for (let i: u32 = 0; i < 288; i++) store<u32>(state + 4 * <usize>i, lengthMeaning(i), lengthMeaningsAt)
  for (let i: u32 = 0; i < 32; i++) store<u32>(state + 4 * <usize>i, distanceMeaning(i), distanceMeaningsAt)
  for (let i: u32 = 0; i < 19; i++) store<u32>(state + 4 * <usize>i, i << 16, orderMeaningsAt)
  for (let distance: usize = 1; distance < 16; distance++) {
    const pattern = state + 16 * distance
    for (let i: usize = 0; i < 16; i++) store<u8>(pattern + i, <u8>(i % distance), patternsAt)
  }
}

/** Says where the input goes on, and whether that is all; 1024 bytes behind it may be read, and are then to be zeros. */
export function inflateFeed(state: Address, input: Address, bytes: i32, isAll: bool): void {
  store<u32>(state, <u32>input, inputAt)
  store<u32>(state, <u32>input + bytes, inputEndAt)
  store<u32>(state, isAll, isAllAt)
}

/** The first byte of input that was not used yet: whole bytes that were read ahead go back. */
export function inflateInput(state: Address): Address {
  const count = load<u32>(state, countAt)
  const at = load<u32>(state, inputAt) - (count >> 3)
  store<u32>(state, count & 7, countAt)
  store<u32>(state, at, inputAt)
  return at
}

/** The end of what was written. */
export function inflateEnd(state: Address): Address {
  return load<u32>(state, outAt)
}

/** The Adler-32 that the stream ends with. */
export function inflateCheck(state: Address): u32 {
  return load<u32>(state, adlerAt)
}

/** Moves what was written down by `bytes`: what is past `used`, and the 32 KiB before that copies may reach back to. */
export function inflateMove(state: Address, used: Address, bytes: i32): void {
  const out = load<u32>(state, outAt)
  const from = max(<u32>used - 32768, load<u32>(state, firstAt))
  memory.copy(from - bytes, from, out - from)
  store<u32>(state, out - bytes, outAt)
  store<u32>(state, from - bytes, firstAt)
}

/**
 * Inflates up to `until` and at most 320 bytes past it. The result is 0 when all before `until` is there, 1 where more input is
 * needed, 2 at the end of the stream, and -1 for damaged data, or data that ends too early.
 */
export function inflate(state: Address, until: Address): i32 {
  let result = goesOn
  while (result == goesOn && load<u32>(state, outAt) < <u32>until) {
    const mode = load<u32>(state, modeAt)
    const there = <i32>(load<u32>(state, inputEndAt) - load<u32>(state, inputAt))
    if (mode == end) result = isDone
    else if (mode == stored) result = copyStored(state, <u32>until)
    else if (mode == coded) result = decode(state, until)
    else if (there < longestStep && !load<u32>(state, isAllAt)) result = wantsInput
    else if (mode == block) result = begin(state)
    else result = frame(state, mode)
    if (result != isOver) continue
    store<u32>(state, load<u32>(state, isFinalAt) ? check : block, modeAt)
    result = goesOn
  }
  return result
}

/** Reads what is before and behind all blocks. */
function frame(state: usize, mode: u32): i32 {
  if (mode == head) {
    const at = load<u32>(state, inputAt)
    const method = <u32>load<u8>(at)
    const flags = <u32>load<u8>(at, 1)
    const isKnown = (method & 15) == 8 && method >> 4 < 8 && !(flags & 0x20)
    if (!isKnown || ((method << 8) | flags) % 31) return isDamaged
    store<u32>(state, at + 2, inputAt)
    store<u32>(state, block, modeAt)
    return goesOn
  }
  const at = <u32>inflateInput(state)
  if (at + 4 > load<u32>(state, inputEndAt)) return isDamaged
  store<u32>(state, bswap(load<u32>(at)), adlerAt)
  store<u32>(state, end, modeAt)
  return isDone
}

function copyStored(state: usize, until: u32): i32 {
  const input = load<u32>(state, inputAt)
  const out = load<u32>(state, outAt)
  const left = load<u32>(state, leftAt)
  const n = min(min(left, until - out), load<u32>(state, inputEndAt) - input)
  memory.copy(out, input, n)
  store<u32>(state, input + n, inputAt)
  store<u32>(state, out + n, outAt)
  store<u32>(state, left - n, leftAt)
  if (left == n) return isOver
  if (out + n == until) return goesOn
  return load<u32>(state, isAllAt) ? isDamaged : wantsInput
}

// The bits that were read ahead while a block begins.
let bits: u64 = 0
let count: u32 = 0
let input: usize = 0

/** Reads eight bytes, of which the bits that are missing to 56 and more are kept. */
@inline
function refill(): void {
  bits |= load<u64>(input) << <u64>count
  input += (63 - count) >> 3
  count |= 56
}

@inline
function take(n: u32): u32 {
  const value = <u32>bits & ((1 << n) - 1)
  bits >>= <u64>n
  count -= n
  return value
}

/** Reads the head of a block, with its codes. */
function begin(state: usize): i32 {
  bits = load<u64>(state, bitsAt)
  count = load<u32>(state, countAt)
  input = load<u32>(state, inputAt)
  refill()
  store<u32>(state, take(1), isFinalAt)
  const kind = take(2)
  if (kind == 0) {
    take(count & 7)
    input -= count >> 3
    count = 0
    bits = 0
    const length = <u32>load<u16>(input)
    if (length != (<u32>load<u16>(input, 2) ^ 0xffff)) return isDamaged
    input += 4
    store<u32>(state, length, leftAt)
    store<u32>(state, stored, modeAt)
  } else {
    if (kind == 3 || !readCodes(state, kind == 1)) return isDamaged
    store<u32>(state, coded, modeAt)
  }
  store<u64>(state, bits, bitsAt)
  store<u32>(state, count, countAt)
  store<u32>(state, <u32>input, inputAt)
  return input - (count >> 3) > load<u32>(state, inputEndAt) ? isDamaged : goesOn
}

function readCodes(state: usize, isFixed: bool): bool {
  const lengths = state + lengthsAt
  const scratch = state + scratchAt
  let n: u32 = 288
  let distances: u32 = 32
  if (isFixed) {
    memory.fill(lengths, 8, 288)
    memory.fill(lengths + 144, 9, 112)
    memory.fill(lengths + 256, 7, 24)
    memory.fill(lengths + 288, 5, 32)
  } else {
    n = 257 + take(5)
    distances = 1 + take(5)
    const known: u32 = 4 + take(4)
    if (n > 286 || distances > 30) return false
    memory.fill(lengths, 0, 19)
    for (let i: u32 = 0; i < known; i++) {
      refill()
      // 16 17 18 0, then from the middle outwards: 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15
      const symbol: u32 = i < 3 ? 16 + i : i == 3 ? 0 : i & 1 ? 8 - ((i - 3) >> 1) : 8 + ((i - 4) >> 1)
      store<u8>(lengths + symbol, <u8>take(3))
    }
    if (!makeCode(state + orderTableAt, lengths, 19, state + orderMeaningsAt, orderBits, true, scratch)) return false
    if (!readLengths(state + orderTableAt, lengths, n + distances)) return false
    // a block that cannot end
    if (load<u8>(lengths + 256) == 0) return false
  }
  const table = state + tableAt
  const distanceTable = state + distanceTableAt
  const distanceMeanings = state + distanceMeaningsAt
  if (!makeCode(distanceTable, lengths + n, distances, distanceMeanings, distanceBits, false, scratch)) return false
  if (!makeCode(table, lengths, n, state + lengthMeaningsAt, lengthBits, false, scratch)) return false
  joinLiterals(table, lengthBits)
  return true
}

function readLengths(table: usize, lengths: usize, n: u32): bool {
  for (let i: u32 = 0; i < n; ) {
    refill()
    const entry = load<u32>(table + 4 * (<usize>bits & ((1 << orderBits) - 1)))
    take(entry & 63)
    const symbol = entry >> 16
    if (symbol < 16) {
      store<u8>(lengths + i++, <u8>symbol)
      continue
    }
    if (symbol == 16 && i == 0) return false
    const length: u8 = symbol == 16 ? load<u8>(lengths + i - 1) : 0
    const times = symbol == 16 ? 3 + take(2) : symbol == 17 ? 3 + take(3) : 11 + take(7)
    if (i + times > n) return false
    memory.fill(lengths + i, length, times)
    i += times
  }
  return true
}

/** The entry that the next bits lead to. */
@inline
function look(table: usize, ahead: u64, n: u32): u32 {
  return load<u32>(table + ((<usize>ahead & ((1 << n) - 1)) << 2))
}

/** What a base and the extra bits behind its code make. */
@inline
function amount(entry: u32, ahead: u64): usize {
  return <usize>(entry >> 16) + ((<usize>ahead & ((1 << (entry & 31)) - 1)) >> ((entry >> 8) & 15))
}

function decode(state: usize, until: usize): i32 {
  let bits = load<u64>(state, bitsAt)
  let count = <u64>load<u32>(state, countAt)
  let input = <usize>load<u32>(state, inputAt)
  let out = <usize>load<u32>(state, outAt)
  const first = <usize>load<u32>(state, firstAt)
  const inputEnd = <usize>load<u32>(state, inputEndAt)
  const isAll = load<u32>(state, isAllAt)
  const stop = isAll ? inputEnd + 8 : inputEnd - 32
  const table = state + tableAt
  const distanceTable = state + distanceTableAt
  let result = goesOn
  while (out < until) {
    if (<isize>input > <isize>stop) {
      result = isAll ? isDamaged : wantsInput
      break
    }
    bits |= load<u64>(input) << count
    input += <usize>((63 - count) >> 3)
    count |= 56
    // 56 bits are four looks of 11, or three and the longest length: 15 and 5
    let entry = look(table, bits, lengthBits)
    if (entry & literals) {
      store<u32>(out, entry >> 8)
      out += <usize>((entry >> 6) & 3)
      bits >>= <u64>entry
      count -= <u64>(entry & 63)
      entry = look(table, bits, lengthBits)
      if (entry & literals) {
        store<u32>(out, entry >> 8)
        out += <usize>((entry >> 6) & 3)
        bits >>= <u64>entry
        count -= <u64>(entry & 63)
        entry = look(table, bits, lengthBits)
        if (entry & literals) {
          store<u32>(out, entry >> 8)
          out += <usize>((entry >> 6) & 3)
          bits >>= <u64>entry
          count -= <u64>(entry & 63)
          entry = look(table, bits, lengthBits)
          if (entry & literals) {
            store<u32>(out, entry >> 8)
            out += <usize>((entry >> 6) & 3)
            bits >>= <u64>entry
            count -= <u64>(entry & 63)
            continue
          }
        }
      }
    }
    let ahead = bits
    bits >>= <u64>entry
    count -= <u64>(entry & 63)
    if (entry & odd) {
      if (entry & longer) {
        entry = look(table + 4 * <usize>(entry >> 16), bits, (entry >> 8) & 15)
        ahead = bits
        bits >>= <u64>entry
        count -= <u64>(entry & 63)
        if (entry & literals) {
          store<u8>(out++, <u8>(entry >> 8))
          continue
        }
      }
      if (entry & odd) {
        result = entry & endOfBlock ? isOver : isDamaged
        break
      }
    }
    const length = amount(entry, ahead)
    bits |= load<u64>(input) << count
    input += <usize>((63 - count) >> 3)
    count |= 56
    entry = look(distanceTable, bits, distanceBits)
    if (entry & longer) {
      bits >>= distanceBits
      count -= distanceBits
      entry = look(distanceTable + 4 * <usize>(entry >> 16), bits, (entry >> 8) & 15)
    }
    const distance = amount(entry, bits)
    bits >>= <u64>entry
    count -= <u64>(entry & 63)
    if (entry & odd || distance > out - first) {
      result = isDamaged
      break
    }
    copy(state, out, distance, length)
    out += length
  }
  if (isAll && input - <usize>(count >> 3) > inputEnd) result = isDamaged
  store<u64>(state, bits, bitsAt)
  store<u32>(state, <u32>count, countAt)
  store<u32>(state, <u32>input, inputAt)
  store<u32>(state, <u32>out, outAt)
  return result
}

/** Repeats what is `distance` bytes back, 16 bytes at a time: where that is less, they are made of whole repetitions. */
@inline
function copy(state: usize, to: usize, distance: usize, length: usize): void {
  const end = to + length
  let from = to - distance
  if (distance >= 16) {
    for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from))
    return
  }
  const pattern = v128.load(state + 16 * distance, patternsAt)
  const repeated = i8x16.swizzle(v128.load(from), pattern)
  const step: usize = 16 - (<usize>16 % distance)
  for (; to < end; to += step) v128.store(to, repeated)
}
