import { inflateSync } from 'node:zlib'
import { viewOf } from '../files/read.ts'
import { type ExrBlock, type ExrCompression, sampleBytes, unpackPiz } from './exr-piz.ts'

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

const inflated = (packed: Uint8Array, length: number): Made => {
  const plain = inflateSync(packed, { maxOutputLength: length })
  return plain.length === length ? plain : undefined
}

const unzip: Unpack = (packed, length) => {
  const plain = inflated(packed, length)
  return plain && woven(plain)
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
