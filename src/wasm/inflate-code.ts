// Prefix codes of deflate as tables (RFC 1951): a look at the next bits gives what to do with them.
//
// An entry is one of
//
//     literals  | bits 0-5: bits of all codes | 6-7: 1 or 2, how many | 8-23: the bytes
//     a base    | 0-5: bits of code and extra | 6-7: 0 | 8-11: bits of the code | 16-31: the base
//     a table   | 0-5: bits looked at | 8-11: bits of the second look | 14, 15: set | 16-31: where it begins
//     an end    | 0-5: bits of the code | 13, 15: set
//     no symbol | 15: set

/** Set where an entry is of literals. */
export const literals: u32 = 0xc0
export const odd: u32 = 0x8000
export const longer: u32 = 0x4000
export const endOfBlock: u32 = 0x2000

const symbols: u32 = 288
const countsAt: usize = 4 * <usize>symbols
const nextAt: usize = countsAt + 64
/** Bytes that `makeCode` writes for itself. */
export const codeScratch: usize = nextAt + 64

/** What a literal or length means; 286 and 287 have no meaning. */
export function lengthMeaning(symbol: u32): u32 {
  if (symbol < 256) return 0x40 | (symbol << 8)
  if (symbol == 256) return odd | endOfBlock
  if (symbol == 285) return 258 << 16
  const i = symbol - 257
  return i > 28 ? odd : spread(i, 2, 3)
}

/** What a distance means; 30 and 31 have no meaning. */
export function distanceMeaning(symbol: u32): u32 {
  return symbol > 29 ? odd : spread(symbol, 1, 1)
}

/** Ranges that are twice as wide after every 2^bits, the first of them of one number each. */
@inline
function spread(i: u32, bits: u32, first: u32): u32 {
  const step: u32 = 1 << bits
  const extra = i < 2 * step ? 0 : (i >> bits) - 1
  const base = extra == 0 ? i : (step + (i & (step - 1))) << extra
  return ((base + first) << 16) | extra
}

/** A meaning as the entry of a code of some bits. */
@inline
function entryOf(meaning: u32, bits: u32): u32 {
  return meaning & literals ? meaning + bits : meaning + bits + (bits << 8)
}

@inline
function counter(at: usize, i: u32): usize {
  return at + 4 * <usize>i
}

/**
 * Makes the table of a code from the lengths of its `n` symbols, a byte each, and from what they mean. `bits` are looked at
 * first; codes that are longer are in tables behind. `isFull`: a code with room for more symbols is refused, even one of a single
 * symbol or of none, as zlib does for lengths. The result is false for lengths that are no code.
 */
export function makeCode(
  table: usize,
  lengths: usize,
  n: u32,
  meanings: usize,
  bits: u32,
  isFull: bool,
  scratch: usize,
): bool {
  const sorted = scratch
  const counts = scratch + countsAt
  const next = scratch + nextAt
  memory.fill(counts, 0, 64)
  for (let i: u32 = 0; i < n; i++) {
    const at = counter(counts, load<u8>(lengths + i))
    store<u32>(at, load<u32>(at) + 1)
  }
  const unused = load<u32>(counts)
  let room: i32 = 1
  let most: u32 = 0
  let before: u32 = unused
  store<u32>(next, 0)
  for (let length: u32 = 1; length < 16; length++) {
    const count = load<u32>(counter(counts, length))
    store<u32>(counter(next, length), before)
    before += count
    room = 2 * room - <i32>count
    if (room < 0) return false
    if (count) most = length
  }
  // by length, and by number among those of one length
  for (let i: u32 = 0; i < n; i++) {
    const at = counter(next, load<u8>(lengths + i))
    const place = load<u32>(at)
    store<u16>(sorted + 2 * <usize>place, <u16>i)
    store<u32>(at, place + 1)
  }
  const first = sorted + 2 * <usize>unused
  if (room > 0) {
    if (isFull || most > 1) return false
    const none = odd | 1
    const only = most ? entryOf(load<u32>(counter(meanings, load<u16>(first))), 1) : none
    for (let i: u32 = 0; i < 1 << bits; i++) store<u32>(counter(table, i), i & 1 ? none : only)
    return true
  }
  fill(table, first, meanings, counts, bits)
  return true
}

/** Fills the table of a sound code, from the shortest codes on: what is there is doubled for each bit more. */
function fill(table: usize, symbol: usize, meanings: usize, counts: usize, bits: u32): void {
  let length: u32 = 1
  let left = load<u32>(counter(counts, 1))
  while (left == 0) left = load<u32>(counter(counts, ++length))
  let size: u32 = 1 << min(length, bits)
  let end = size
  /** the bits of the code, the first one lowest */
  let code: u32 = 0
  let prefix: u32 = 0xffffffff
  let start: u32 = 0
  for (;;) {
    const meaning = load<u32>(counter(meanings, load<u16>(symbol)))
    symbol += 2
    if (length <= bits) store<u32>(counter(table, code), entryOf(meaning, length))
    else {
      const head = code & ((1 << bits) - 1)
      if (head != prefix) {
        prefix = head
        start = end
        let more = length - bits
        for (let used = left; used < 1 << more; ) used = 2 * used + load<u32>(counter(counts, bits + ++more))
        end = start + (1 << more)
        store<u32>(counter(table, head), (start << 16) | odd | longer | (more << 8) | bits)
      }
      const entry = entryOf(meaning, length - bits)
      for (let i = start + (code >> bits); i < end; i += 1 << (length - bits)) store<u32>(counter(table, i), entry)
    }
    const last: u32 = (1 << length) - 1
    const isLast = code == last
    if (!isLast) {
      const bit: u32 = 1 << (31 - clz(code ^ last))
      code = (code & (bit - 1)) | bit
      left--
    }
    while (isLast ? length < bits : left == 0) {
      left = load<u32>(counter(counts, ++length))
      if (length > bits) continue
      memory.copy(table + 4 * <usize>size, table, 4 * <usize>size)
      size <<= 1
      end = size
    }
    if (isLast) return
  }
}

/** Joins literals that follow each other within `bits` bits, so that one look gives both. */
export function joinLiterals(table: usize, bits: u32): void {
  // downwards: what is looked up is not joined yet
  for (let i: i32 = (1 << bits) - 1; i >= 0; i--) {
    const entry = load<u32>(counter(table, i))
    if (!(entry & literals)) continue
    const length = entry & 15
    const other = load<u32>(counter(table, <u32>i >> length))
    const both = length + (other & 15)
    if (!(other & literals) || both > bits) continue
    store<u32>(counter(table, i), (entry & 0xff00) | ((other & 0xff00) << 8) | 0x80 | both)
  }
}
