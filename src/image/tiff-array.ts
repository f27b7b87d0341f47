import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { roundHalfEven } from '../definition/quantise.ts'
import { viewOf } from '../files/read.ts'
import { type ArrayType, converted, copied, inRows, inTurns, pause } from '../host/turns.ts'
import { numberTypes } from '../kernel/formats/binary.ts'
import type { StoredArray } from '../kernel/formats/npy.ts'
import { type Depth, fullScale, type Samples } from '../tensor/picture.ts'
import { damaged } from './own-picture.ts'
import { type Read, type Source, wholeOf, withReader } from './reader.ts'
import type { Size } from './size.ts'
import { type Directory, numberOf, numbersOf, pageOf } from './tiff-directory.ts'
import { unpackBits, unpackLzw } from './tiff-unpack.ts'

// TIFFs with sample types that the decoder does not support, or more channels than a picture: arrays, like .npy files.
// Also pictures that are packed as the decoder does not support.

type Storage = ReturnType<typeof storageOf>

/** The type of the samples, by NumPy's name; undefined for one that is not read. */
function typeOf({ format, bits }: Pick<Storage, 'format' | 'bits'>): string | undefined {
  const type = `${['', 'u', 'i', 'f'][format]}${bits / 8}`
  return Object.hasOwn(numberTypes, type) ? type : undefined
}

/** How a page stores its samples, in the terms of TIFF 6.0. */
export function storageOf(page: Directory) {
  const first = (tag: number, other: number) => numberOf(page, tag, other)
  const orientation = first(274, 1)
  return {
    width: first(256, 0),
    height: first(257, 0),
    bits: first(258, 1),
    compression: first(259, 1),
    photometric: first(262, 1),
    channels: first(277, 1),
    isPlanar: first(284, 1) === 2,
    // the bits in each byte
    isReversed: first(266, 1) === 2,
    predictor: first(317, 1),
    // 1 unsigned integers, 2 signed integers, 3 floats
    format: first(339, 1),
    orientation: orientation > 8 ? 1 : orientation,
  }
}

type Unpack = (packed: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array>
const unpacking = (name: string): Unpack | undefined => {
  const own = (zlib as unknown as Record<string, typeof zlib.inflate | undefined>)[name]
  return own && promisify<Uint8Array, zlib.ZlibOptions, Buffer>(own)
}
const inflated = unpacking('inflate')!
/** Not in Node before 22.15. */
const zstd = unpacking('zstdDecompress')
const zstandard = 50000

const packings = [1, 5, 8, 32773, 32946, ...(zstd === undefined ? [] : [zstandard])]
/** The most channels. Satellites and microscopes have many. */
const mostChannels = 4096

/**
 * Whether a page is an array: it has samples of a type that the decoder does not support, or more channels than a
 * picture, and it is stored in a way that is supported here.
 */
function isArrayPage(storage: Storage): boolean {
  const { bits, format, channels, photometric, compression } = storage
  if (typeOf(storage) === undefined || !packings.includes(compression)) return false
  const isOdd = format === 2 || bits > 32 || (format === 1 && bits === 32) || (format === 3 && bits === 16)
  const isMany = channels > (photometric === 2 ? 4 : 2)
  return (isOdd || isMany) && (photometric === 1 || photometric === 2) && channels <= mostChannels
}

/** Whether the first page of a TIFF must be read as an array. */
export function holdsArray(read: Read): boolean {
  const found = pageOf(read)
  return found !== undefined && isArrayPage(storageOf(found))
}

/** Whether integers are not of whole bytes, except for the gray and the palettes that the decoder supports. */
const isPacked = ({ format, bits, channels }: Storage): boolean =>
  format === 1 && bits < 16 && bits % 8 !== 0 && !(channels === 1 && [1, 2, 4].includes(bits))

/**
 * Decides who reads the pixels of a page. `there` is the decoder. `here` is this code: for integers of 1 to 15 bits that
 * the decoder does not support, for Zstandard, for separate planes that the decoder mixes up or does not support (tiles,
 * gray and alpha, fewer than 8 bits), and for colours multiplied by their alpha, which the decoder divides without
 * rounding. The result is undefined if these are packed or meant in an unsupported way.
 */
export function readerOf(page: Directory): 'there' | 'here' | undefined {
  const storage = storageOf(page)
  const { isPlanar, channels, bits, format, photometric, compression, predictor } = storage
  const isApart = isPlanar && (page.tags.has(322) || channels === 2 || bits % 8 !== 0)
  const isOurs = isApart || isPacked(storage) || compression === zstandard
  if (!isOurs && !isMultiplied(page)) return 'there'
  const isEven = numbersOf(page, 258, channels).every((own) => own === bits)
  const isType = isEven && (format === 1 ? bits > 0 && bits <= 16 : format === 3 && bits === 32)
  const isKnown = isType && packings.includes(compression) && (predictor === 1 || bits % 8 === 0)
  const isMeant = channels > 2 ? photometric === 2 : photometric === 1 || (photometric === 0 && format === 1)
  if (isKnown && isMeant) return 'here'
  return isOurs ? undefined : 'there'
}

/** Whether the colours of a page are multiplied by its alpha (ExtraSamples). */
export const isMultiplied = ({ tags }: Directory): boolean => tags.get(338)?.value === 1

/**
 * Reads a page of a TIFF as an array [H,W] or [H,W,C]. It supports unsigned and signed integers of 8 to 64 bits and
 * floats of 16 to 64, in strips or tiles, with channels interleaved or planar, uncompressed or packed by LZW, Deflate
 * or PackBits, with or without a predictor.
 *
 * @param checkSize refuses a size before memory is allocated for it
 * @param turns whether to turn the page by its orientation; an orientation that is not applied is returned
 * @throws ConvoError E_DECODE for a damaged file
 */
export async function readTiffArray(
  bytes: Uint8Array,
  name: string,
  checkSize: (size: Size) => void,
  page = 0,
  turns = true,
): Promise<StoredArray & { readonly orientation?: number; readonly isTurned?: boolean }> {
  const read: Read = (at, length) => bytes.subarray(at, at + length)
  const bad = damaged(name, 'TIFF')
  const found = pageOf(read, page)
  if (found === undefined) throw bad(0, `it has no page ${page + 1}`)
  const storage = storageOf(found)
  const { width, height, channels, bits, isPlanar } = storage
  checkSize({ width: width * channels, height })
  const list = (tag: number) => numbersOf(found, tag, 2 ** 22)
  const isTiled = found.tags.has(322)
  const tileWidth = isTiled ? (list(322)[0] ?? 0) : width
  const tileHeight = isTiled ? (list(323)[0] ?? 0) : Math.min(height, list(278)[0] ?? height)
  const [offsets, lengths] = isTiled ? [list(324), list(325)] : [list(273), list(279)]
  const across = Math.ceil(width / tileWidth)
  const down = Math.ceil(height / tileHeight)
  const perPixel = isPlanar ? 1 : channels
  const count = across * down * (isPlanar ? channels : 1)
  const rowBytes = Math.ceil((tileWidth * perPixel * bits) / 8)
  if (!(width > 0 && height > 0 && tileWidth > 0 && tileHeight > 0) || rowBytes * tileHeight > 2 ** 30)
    throw bad(0, `${width}x${height} in pieces of ${tileWidth}x${tileHeight}`)
  if (offsets.length < count || lengths.length < count)
    throw bad(0, `${count} pieces are needed, but there are ${Math.min(offsets.length, lengths.length)}`)
  const type = typeOf(storage)!
  const isExact = bits <= 16 || type === 'f4'
  const data = new (isExact ? Float32Array : Float64Array)(width * height * channels)
  const shown = turnOf(turns ? storage.orientation : 1, width, height)
  for (let i = 0; i < count; i++) {
    const plane = isPlanar ? Math.floor(i / (across * down)) : 0
    const [row, column] = [Math.floor((i % (across * down)) / across) * tileHeight, (i % across) * tileWidth]
    const rows = isTiled ? tileHeight : Math.min(tileHeight, height - row)
    const wanted = rowBytes * rows
    const stored = bytes.subarray(offsets[i], offsets[i]! + lengths[i]!)
    const packed = storage.isReversed ? await mirrored(stored) : stored
    const plain = await unpacked(packed, wanted, storage.compression)
    if (plain === undefined || plain.length < wanted)
      throw bad(offsets[i]!, `piece ${i + 1} of ${count} is cut off or damaged`)
    const size = { rows, perRow: tileWidth * perPixel, step: perPixel }
    const stated = { ...storage, ...size, little: found.layout.little, type }
    const numbers = await (bits % 8 === 0 ? numbersIn : bitsIn)(plain, stated)
    await pause()
    await inRows(Math.min(rows, height - row), tileWidth * perPixel, (y) => {
      for (let x = 0; x < tileWidth && column + x < width; x++) {
        const to = (shown.first + (row + y) * shown.down + (column + x) * shown.right) * channels + plane
        const from = (y * tileWidth + x) * perPixel
        for (let c = 0; c < perPixel; c++) data[to + c] = numbers[from + c]!
      }
    })
  }
  return {
    shape: channels === 1 ? shown.size : [...shown.size, channels],
    data,
    dtype: `<${type}`,
    ...(storage.orientation > 1 && (turns ? { isTurned: true } : { orientation: storage.orientation })),
  }
}

/** The size [height, width] of a page as shown, the position of its first pixel, and the steps to the next ones. */
function turnOf(orientation: number, width: number, height: number) {
  const isAcross = orientation > 4 && orientation < 9
  const size = isAcross ? [width, height] : [height, width]
  const right = (isAcross ? size[1]! : 1) * ([2, 3, 7, 8].includes(orientation) ? -1 : 1)
  const down = (isAcross ? 1 : size[1]!) * ([3, 4, 6, 7].includes(orientation) ? -1 : 1)
  const first = (right < 0 ? -right * (width - 1) : 0) + (down < 0 ? -down * (height - 1) : 0)
  return { size, right, down, first }
}

async function mirrored(bytes: Uint8Array): Promise<Uint8Array> {
  const out = await copied(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  await inTurns(out.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const pairs = ((out[i]! & 0x55) << 1) | ((out[i]! >> 1) & 0x55)
      const fours = ((pairs & 0x33) << 2) | ((pairs >> 2) & 0x33)
      out[i] = ((fours & 15) << 4) | (fours >> 4)
    }
  })
  return out
}

/** Unpacks a piece. Returns undefined if it is damaged. */
async function unpacked(packed: Uint8Array, length: number, compression: number) {
  try {
    if (compression === 1)
      return await copied(new Uint8Array(packed.buffer, packed.byteOffset, packed.length))
    if (compression === 32773) return await unpackBits(packed, length)
    if (compression === 5) return await unpackLzw(packed, length)
    const unpack = compression === zstandard ? zstd! : inflated
    return await unpack(packed, { maxOutputLength: length + 2 ** 16 })
  } catch {
    return undefined
  }
}

type Piece = Storage & {
  readonly rows: number
  readonly perRow: number
  readonly step: number
  readonly little: boolean
  readonly type: string
}

/** Reads the numbers of a piece, whose rows may be stored as differences. `bytes` is changed. */
async function numbersIn(bytes: Uint8Array, piece: Piece): Promise<Float64Array> {
  const { bits, predictor, perRow, rows, step, little, type } = piece
  const size = bits / 8
  const view = viewOf(bytes)
  const out = new Float64Array(perRow * rows)
  const { read } = numberTypes[type]!
  await inRows(rows, perRow, (y) => {
    const start = y * perRow * size
    const row = bytes.subarray(start, start + perRow * size)
    if (predictor === 3) {
      for (let i = step; i < row.length; i++) row[i] = row[i]! + row[i - step]!
      const apart = new Uint8Array(row)
      // the most significant bytes of all numbers come first
      for (let i = 0; i < perRow; i++)
        for (let b = 0; b < size; b++) row[i * size + (little ? size - 1 - b : b)] = apart[b * perRow + i]!
    } else if (predictor === 2) {
      for (let i = step; i < perRow; i++) {
        // adds integers byte by byte, low byte first, with carry
        for (let b = 0, carried = 0; b < size; b++) {
          const at = (n: number) => n * size + (little ? b : size - 1 - b)
          const sum = row[at(i)]! + row[at(i - step)]! + carried
          row[at(i)] = sum
          carried = sum >> 8
        }
      }
    }
    for (let i = 0; i < perRow; i++) out[y * perRow + i] = read(view, start + i * size, little)
  })
  return out
}

/** Reads integers that are packed bit by bit, highest bit first. Every row begins with a byte. */
async function bitsIn(bytes: Uint8Array, { bits, perRow, rows }: Piece): Promise<Float64Array> {
  const out = new Float64Array(perRow * rows)
  const rowBytes = Math.ceil((perRow * bits) / 8)
  await inRows(rows, perRow, (y) => {
    let [at, held, count] = [y * rowBytes, 0, 0]
    for (let i = y * perRow; i < (y + 1) * perRow; i++) {
      for (; count < bits; count += 8) held = (held << 8) | bytes[at++]!
      count -= bits
      out[i] = held >> count
      held &= (1 << count) - 1
    }
  })
  return out
}

/** Returns a page that is read here but is not an array, see `readerOf`, or undefined for others. */
export function pageRead(source: Source, page: number, name: string) {
  const found = withReader(source, name, ({ read }) => {
    const directory = pageOf(read, page)
    if (directory === undefined || readerOf(directory) !== 'here') return undefined
    return { ...storageOf(directory), isMultiplied: isMultiplied(directory) }
  })
  if (found === undefined || found.width * found.height === 0) return undefined
  const { width, height, channels, bits, orientation } = found
  const depth: Depth = bits <= 8 ? 8 : bits <= 16 ? 16 : 32
  const type: ArrayType<Samples> = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
  return {
    ...{ width, height, channels: channels as 1 | 2 | 3 | 4, depth, orientation },
    async samples(turns: boolean) {
      const { data } = await readTiffArray(await wholeOf(source), name, () => undefined, page, turns)
      if (depth !== 32) await level(data as Float32Array, found, fullScale(depth))
      if (found.isMultiplied) await divide(data as Float32Array, channels, depth)
      return converted(data, type)
    },
  }
}

/** Spreads integers of fewer bits over 0..full, and makes 0 black where it is white, in place. */
async function level(data: Float32Array, { bits, channels, photometric }: Storage, full: number) {
  const most = 2 ** bits - 1
  if (most === full && photometric !== 0) return
  await inTurns(data.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = most === full ? data[i]! : roundHalfEven((data[i]! * full) / most)
      data[i] = photometric === 0 && i % channels === 0 ? full - value : value
    }
  })
}

/**
 * Divides colours by the alpha that they were multiplied by, in place. Integer colours are rounded and clipped to
 * white. Colours become black if alpha is 0. Alpha of floats is in 0..1, or in 0..255 if it exceeds 1.
 */
async function divide(data: Float32Array, channels: number, depth: 8 | 16 | 32): Promise<void> {
  const colours = channels - 1
  let full = depth === 32 ? 1 : fullScale(depth)
  const isPast = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (data[i * channels + colours]! > 1) return true
    return false
  }
  if (depth === 32 && (await inTurns(data.length / channels, isPast))) full = 255
  await inTurns(data.length / channels, (from, to) => {
    for (let i = from * channels; i < to * channels; i += channels) {
      const alpha = data[i + colours]!
      for (let c = i; c < i + colours; c++) {
        const colour = alpha > 0 ? (data[c]! * full) / alpha : 0
        data[c] = depth === 32 ? colour : Math.min(roundHalfEven(colour), full)
      }
    }
  })
}
