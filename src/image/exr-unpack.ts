import { inflateSync } from 'node:zlib'
import { viewOf } from '../files/read.ts'
import { inRows, inTurns, pause } from '../host/turns.ts'

/** A plane of an OpenEXR picture. Its samples are integers (0), halfs (1) or floats (2). */
export type ExrChannel = { readonly name: string; readonly type: 0 | 1 | 2 }

export type ExrBlock = {
  readonly width: number
  readonly rows: number
  readonly channels: readonly ExrChannel[]
}

export const sampleBytes = [4, 2, 4] as const

/** The compressions of OpenEXR, in the order of their numbers in a file, and the rows in a block of each. */
export const exrCompressions = {
  none: 1,
  rle: 1,
  zips: 1,
  zip: 16,
  piz: 32,
  pxr24: 16,
  b44: 32,
  b44a: 32,
  dwaa: 32,
  dwab: 256,
} as const
type ExrCompression = keyof typeof exrCompressions

/** Uncompresses the bytes of a block, [y][channel][x]. Returns undefined if it is damaged. */
export async function unpackBlock(
  packed: Uint8Array,
  block: ExrBlock,
  compression: ExrCompression,
): Promise<Uint8Array | undefined> {
  const perPixel = block.channels.reduce((sum, { type }) => sum + sampleBytes[type], 0)
  const length = perPixel * block.width * block.rows
  // a block that would not become smaller is stored uncompressed
  if (compression === 'none' || packed.length >= length) return packed.length < length ? undefined : packed
  try {
    return await unpackers[compression](packed, length, block)
  } catch {
    return undefined
  }
}

type Made = Uint8Array | undefined
type Unpack = (packed: Uint8Array, length: number, block: ExrBlock) => Made | Promise<Made>

const unzip: Unpack = (packed, length) => {
  const plain = inflateSync(packed, { maxOutputLength: length })
  return plain.length === length ? woven(plain) : undefined
}

const unpackers: Readonly<Record<Exclude<ExrCompression, 'none'>, Unpack>> = {
  rle(packed, length) {
    const plain = new Uint8Array(length)
    let to = 0
    for (let at = 0; at < packed.length; ) {
      const head = (packed[at++]! << 24) >> 24
      const count = head < 0 ? -head : head + 1
      if (to + count > length || at + (head < 0 ? count : 1) > packed.length) return undefined
      if (head < 0) plain.set(packed.subarray(at, at + count), to)
      else plain.fill(packed[at]!, to, to + count)
      at += head < 0 ? count : 1
      to += count
    }
    return to === length ? woven(plain) : undefined
  },
  zips: unzip,
  zip: unzip,
  piz: unpackPiz,
  pxr24: unpackPxr24,
  b44: unpackB44,
  b44a: unpackB44,
  // refused earlier
  dwaa: () => undefined,
  dwab: () => undefined,
}

/** Adds up differences and interleaves the two halves byte by byte. */
function woven(plain: Uint8Array): Uint8Array {
  for (let i = 1; i < plain.length; i++) plain[i] = plain[i - 1]! + plain[i]! - 128
  const out = new Uint8Array(plain.length)
  const half = (plain.length + 1) >> 1
  for (let i = 0; i < plain.length; i++) out[i] = plain[(i & 1) * half + (i >> 1)]!
  return out
}

/** Unpacks differences along a row, stored as planes of bytes, highest first. Floats omit the lowest byte. */
function unpackPxr24(packed: Uint8Array, length: number, { width, rows, channels }: ExrBlock) {
  const planes = ({ type }: { readonly type: 0 | 1 | 2 }) => [4, 2, 3][type]!
  const perPixel = channels.reduce((sum, one) => sum + planes(one), 0)
  const plain = inflateSync(packed, { maxOutputLength: perPixel * width * rows })
  if (plain.length !== perPixel * width * rows) return undefined
  const out = new Uint8Array(length)
  const view = viewOf(out)
  let [from, to] = [0, 0]
  for (let y = 0; y < rows; y++) {
    for (const channel of channels) {
      const count = planes(channel)
      const size = sampleBytes[channel.type]
      for (let x = 0, sum = 0; x < width; x++, to += size) {
        let difference = 0
        for (let b = 0; b < count; b++) difference = (difference << 8) | plain[from + b * width + x]!
        sum = (sum + (difference << (channel.type === 2 ? 8 : 0))) | 0
        if (size === 2) view.setUint16(to, sum, true)
        else view.setUint32(to, sum, true)
      }
      from += count * width
    }
  }
  return out
}

/**
 * Unpacks squares of 4x4 halfs from 14 bytes, or from 3 if all are equal. Other samples are stored as they are, and
 * each channel separately.
 */
function unpackB44(packed: Uint8Array, length: number, { width, rows, channels }: ExrBlock) {
  const out = new Uint8Array(length)
  const view = viewOf(out)
  const row = channels.reduce((sum, { type }) => sum + sampleBytes[type] * width, 0)
  const square = new Uint16Array(16)
  let [at, start] = [0, 0]
  for (const { type } of channels) {
    const wide = sampleBytes[type] * width
    if (type !== 1) {
      for (let y = 0; y < rows; y++, at += wide) out.set(packed.subarray(at, at + wide), y * row + start)
    } else {
      for (let y = 0; y < rows; y += 4) {
        for (let x = 0; x < width; x += 4) {
          if (at + 3 > packed.length) return undefined
          const isFlat = packed[at + 2]! >= 13 << 2
          unpackSquare(packed.subarray(at, at + (isFlat ? 3 : 14)), square)
          at += isFlat ? 3 : 14
          for (let i = 0; i < 16; i++) {
            const [column, line] = [x + (i & 3), y + (i >> 2)]
            if (column < width && line < rows)
              view.setUint16(line * row + start + column * 2, square[i]!, true)
          }
        }
      }
    }
    start += wide
  }
  return at > packed.length ? undefined : out
}

/** Unpacks a square. Its 6-bit numbers are a shift, the differences down the left side, and those to the right. */
function unpackSquare(bytes: Uint8Array, square: Uint16Array): void {
  const first = (bytes[0]! << 8) | bytes[1]!
  square.fill(first)
  if (bytes.length > 3) {
    const six = (i: number): number => {
      const bit = 16 + i * 6
      return (((bytes[bit >> 3]! << 8) | (bytes[(bit >> 3) + 1] ?? 0)) >> (10 - (bit & 7))) & 63
    }
    const shift = six(0)
    for (let i = 1; i < 16; i++) {
      const place = i < 4 ? i * 4 : ((i - 4) & 3) * 4 + ((i - 4) >> 2) + 1
      const before = i < 4 ? place - 4 : place - 1
      square[place] = square[before]! + (six(i) << shift) - (32 << shift)
    }
  }
  for (let i = 0; i < 16; i++) square[i] = square[i]! & 0x8000 ? square[i]! & 0x7fff : ~square[i]!
}

// PIZ, the wavelet compression of OpenEXR: a table maps the 16-bit values that occur to small numbers, which go through
// a Haar wavelet and Huffman codes.

/**
 * Unpacks the bytes of a block, [y][channel][x]. Returns undefined if it is damaged.
 *
 * @throws RangeError if damage makes it read past the end
 */
async function unpackPiz(
  packed: Uint8Array,
  length: number,
  block: ExrBlock,
): Promise<Uint8Array | undefined> {
  const view = viewOf(packed)
  const [least, most] = [view.getUint16(0, true), view.getUint16(2, true)]
  let at = 4
  const table = new Uint16Array(65536)
  let used = 1
  for (let byte = least; byte <= most; byte++, at++) {
    if (byte >= 8192) return undefined
    const bits = view.getUint8(at)
    for (let i = 0; i < 8; i++) if ((bits >> i) & 1 && byte * 8 + i > 0) table[used++] = byte * 8 + i
  }
  const size = view.getUint32(at, true)
  at += 4
  if (at + size > packed.length) return undefined
  const words = new Uint16Array(length / 2)
  if (!(await uncode(packed.subarray(at, at + size), words))) return undefined
  const { width, rows, channels } = block
  const starts: number[] = []
  let start = 0
  for (const { type } of channels) {
    const each = sampleBytes[type] / 2
    for (let i = 0; i < each; i++) {
      await pause()
      unwave(words, start + i, width, each, rows, width * each, used - 1)
    }
    starts.push(start)
    start += width * rows * each
  }
  const out = new Uint8Array(length)
  const bytes = viewOf(out)
  let to = 0
  await inRows(rows, length / rows, (y) => {
    channels.forEach(({ type }, c) => {
      const count = (width * sampleBytes[type]) / 2
      for (let i = 0; i < count; i++, to += 2)
        bytes.setUint16(to, table[words[starts[c]! + y * count + i]!]!, true)
    })
  })
  return out
}

const longest = 58
const codesAtOnce = 2 ** 16
const quick = 12

/** Decodes numbers until `out` is full. Returns false if that fails. */
async function uncode(bytes: Uint8Array, out: Uint16Array): Promise<boolean> {
  const view = viewOf(bytes)
  const [first, last, count] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(12, true)]
  if (first >= last || last > 65536) return false
  let [held, room, at] = [0, 0, 20]
  const take = (width: number): number => {
    while (room < width) {
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xffffff
      room += 8
    }
    room -= width
    return (held >> room) & ((1 << width) - 1)
  }
  const lengths = new Uint8Array(65537)
  const counts = new Array<number>(longest + 1).fill(0)
  for (let symbol = first; symbol <= last; symbol++) {
    const length = take(6)
    if (length >= 59) symbol += (length === 63 ? take(8) + 6 : length - 57) - 1
    else {
      lengths[symbol] = length
      counts[length] = counts[length]! + 1
    }
    if (at > bytes.length + 3) return false
  }
  // the longest codes have the smallest values
  const base = new Array<number>(longest + 2).fill(0)
  const ranks = new Array<number>(longest + 2).fill(0)
  for (let length = longest, code = 0, rank = 0; length > 0; length--) {
    base[length] = code
    ranks[length] = rank
    rank += counts[length]!
    code = Math.floor((code + counts[length]!) / 2)
  }
  const symbols = new Int32Array(last - first + 1)
  const next = ranks.slice()
  for (let symbol = first; symbol <= last; symbol++) {
    const length = lengths[symbol]!
    if (length > 0) symbols[next[length]!++] = symbol
  }
  // a table by the first bits: a symbol and its length
  const short = new Int32Array(2 ** quick)
  for (let length = 1; length <= quick; length++) {
    for (let i = 0; i < counts[length]!; i++) {
      const from = (base[length]! + i) * 2 ** (quick - length)
      short.fill(symbols[ranks[length]! + i]! * 64 + length, from, from + 2 ** (quick - length))
    }
  }
  const bit = (n: number): number => ((bytes[at + (n >> 3)] ?? 0) >> (7 - (n & 7))) & 1
  ;[held, room] = [0, 0]
  let place = 0
  let to = 0
  /** Decodes one code. Returns false if it is invalid. */
  const step = (): boolean => {
    const from = at + (place >> 3)
    const window =
      (((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)) >>
      (24 - quick - (place & 7))
    const known = short[window & (2 ** quick - 1)]!
    let symbol = known >> 6
    if (known !== 0) place += known & 63
    else {
      let [code, length] = [0, 0]
      do {
        code = code * 2 + bit(place++)
        length++
        if (length > longest) return false
      } while (!(code >= base[length]! && code - base[length]! < counts[length]!))
      symbol = symbols[ranks[length]! + code - base[length]!]!
    }
    if (symbol !== last) {
      out[to++] = symbol
      return true
    }
    // the last symbol repeats the previous number
    let times = 0
    for (let i = 0; i < 8; i++) times = times * 2 + bit(place++)
    if (to === 0 || to + times > out.length) return false
    out.fill(out[to - 1]!, to, to + times)
    to += times
    return true
  }
  let isSound = true
  // a code has at least one bit
  await inTurns(
    count,
    (first, end) => {
      for (let i = first; i < end && place < count && to < out.length && isSound; i++) isSound = step()
      return !isSound || place >= count || to >= out.length
    },
    codesAtOnce,
  )
  return isSound && to === out.length && at + (place + 7) / 8 <= bytes.length + 1
}

/** Undoes the wavelet in place. `most` is the largest number that occurs. */
function unwave(
  words: Uint16Array,
  start: number,
  width: number,
  stepX: number,
  rows: number,
  stepY: number,
  most: number,
): void {
  // recovers two numbers from their sum and difference, modulo 2^16 if they may be large
  const isSmall = most < 2 ** 14
  let [a, b] = [0, 0]
  const split = (sum: number, difference: number) => {
    if (isSmall) {
      const [l, h] = [(sum << 16) >> 16, (difference << 16) >> 16]
      a = l + (h & 1) + (h >> 1)
      b = a - h
    } else {
      b = (sum - (difference >> 1)) & 0xffff
      a = (difference + b - 0x8000) & 0xffff
    }
  }
  let far = 1
  while (far * 2 <= Math.min(width, rows)) far *= 2
  for (let near = far >> 1; near >= 1; far = near, near >>= 1) {
    const [right, down] = [near * stepX, near * stepY]
    let y = 0
    for (; y + far <= rows; y += far) {
      let at = start + y * stepY
      let x = 0
      for (; x + far <= width; x += far, at += far * stepX) {
        split(words[at]!, words[at + down]!)
        const [upper, lower] = [a, b]
        split(words[at + right]!, words[at + down + right]!)
        const [other, last] = [a, b]
        split(upper & 0xffff, other & 0xffff)
        words[at] = a
        words[at + right] = b
        split(lower & 0xffff, last & 0xffff)
        words[at + down] = a
        words[at + down + right] = b
      }
      if (width & near) {
        split(words[at]!, words[at + down]!)
        words[at] = a
        words[at + down] = b
      }
    }
    if (rows & near) {
      let at = start + y * stepY
      for (let x = 0; x + far <= width; x += far, at += far * stepX) {
        split(words[at]!, words[at + right]!)
        words[at] = a
        words[at + right] = b
      }
    }
  }
}
