import { promisify } from 'node:util'
import { inflate, type ZlibOptions } from 'node:zlib'
import { roundHalfEven } from '../definition/quantise.ts'
import { viewOf } from '../files/read.ts'
import { type ArrayType, converted, copied, inRows, inTurns, pause } from '../host/turns.ts'
import { numberTypes } from '../kernel/formats/binary.ts'
import type { StoredArray } from '../kernel/formats/npy.ts'
import { fullScale, type Samples } from '../tensor/picture.ts'
import { damaged, type OwnPicture } from './own-picture.ts'
import { type Read, type Source, wholeOf, withReader } from './reader.ts'
import type { Size } from './size.ts'
import { type Directory, numbersOf, pageOf } from './tiff-directory.ts'
import { unpackBits, unpackLzw } from './tiff-unpack.ts'

// TIFFs with sample types that the decoder does not support, or more channels than a picture: arrays, like .npy files.

/** How a page stores its samples, in the terms of TIFF 6.0. */
type Storage = {
  readonly width: number
  readonly height: number
  readonly bits: number
  /** 1 unsigned integers, 2 signed integers, 3 floats */
  readonly format: number
  readonly channels: number
  readonly photometric: number
  readonly compression: number
  readonly predictor: number
  readonly isPlanar: boolean
  /** whether the bits in each byte are in reverse order */
  readonly isReversed: boolean
  readonly orientation: number
}

/** The type of the samples, by NumPy's name; undefined for one that is not read. */
function typeOf({ format, bits }: Pick<Storage, 'format' | 'bits'>): string | undefined {
  const type = `${['', 'u', 'i', 'f'][format]}${bits / 8}`
  return Object.hasOwn(numberTypes, type) ? type : undefined
}

function storageOf(read: Read, page: Directory): Storage {
  const first = (tag: number, other: number) => numbersOf(read, page, tag, 2 ** 16)[0] ?? other
  const orientation = first(274, 1)
  return {
    width: first(256, 0),
    height: first(257, 0),
    bits: first(258, 1),
    compression: first(259, 1),
    photometric: first(262, 1),
    channels: first(277, 1),
    isPlanar: first(284, 1) === 2,
    isReversed: first(266, 1) === 2,
    predictor: first(317, 1),
    format: first(339, 1),
    orientation: orientation > 8 ? 1 : orientation,
  }
}

const packings = [1, 5, 8, 32773, 32946]
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
  return found !== undefined && isArrayPage(storageOf(read, found))
}

/**
 * Decides who reads the pixels of a page. `there` is the decoder. `here` is this code: for channels in separate planes
 * that are tiled or are gray and alpha, whose rows the decoder mixes up, and for colours multiplied by their alpha,
 * which the decoder divides without rounding. The result is undefined if such planes are packed or meant in an
 * unsupported way.
 */
export function readerOf(read: Read, page: Directory): 'there' | 'here' | undefined {
  const { isPlanar, channels, bits, format, photometric, compression } = storageOf(read, page)
  const isApart = isPlanar && (page.tags.has(322) ? channels > 1 : channels === 2)
  if (!isApart && !isMultiplied(page)) return 'there'
  const isKnown = ['1,8', '1,16', '3,32'].includes(`${format},${bits}`) && packings.includes(compression)
  if (isKnown && (photometric === 1 || photometric === 2)) return 'here'
  return isApart ? undefined : 'there'
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
  const storage = storageOf(read, found)
  const { width, height, channels, bits, isPlanar } = storage
  checkSize({ width: width * channels, height })
  const list = (tag: number) => numbersOf(read, found, tag, 2 ** 22)
  const isTiled = found.tags.has(322)
  const tileWidth = isTiled ? (list(322)[0] ?? 0) : width
  const tileHeight = isTiled ? (list(323)[0] ?? 0) : Math.min(height, list(278)[0] ?? height)
  const [offsets, lengths] = isTiled ? [list(324), list(325)] : [list(273), list(279)]
  const across = Math.ceil(width / tileWidth)
  const down = Math.ceil(height / tileHeight)
  const perPixel = isPlanar ? 1 : channels
  const count = across * down * (isPlanar ? channels : 1)
  const tileBytes = tileWidth * tileHeight * perPixel * (bits / 8)
  if (!(width > 0 && height > 0 && tileWidth > 0 && tileHeight > 0) || tileBytes > 2 ** 30)
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
    const wanted = tileWidth * rows * perPixel * (bits / 8)
    const stored = bytes.subarray(offsets[i], offsets[i]! + lengths[i]!)
    const packed = storage.isReversed ? await mirrored(stored) : stored
    const plain = await unpacked(packed, wanted, storage.compression)
    if (plain === undefined || plain.length < wanted)
      throw bad(offsets[i]!, `piece ${i + 1} of ${count} is cut off or damaged`)
    const numbers = await numbersIn(
      plain,
      storage,
      tileWidth * perPixel,
      rows,
      perPixel,
      found.layout.little,
      type,
    )
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

/** Reverses the bits in each byte. */
async function mirrored(bytes: Uint8Array): Promise<Uint8Array> {
  const out = await copied(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  await inTurns(out.length, (from, to) => {
    for (let i = from; i < to; i++) out[i] = reversed(out[i]!)
  })
  return out
}

function reversed(byte: number): number {
  const pairs = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55)
  const fours = ((pairs & 0x33) << 2) | ((pairs >> 2) & 0x33)
  return ((fours & 15) << 4) | (fours >> 4)
}

const inflated = promisify<Uint8Array, ZlibOptions, Buffer>(inflate)

/** Unpacks a piece. Returns undefined if it is damaged. */
async function unpacked(
  packed: Uint8Array,
  length: number,
  compression: number,
): Promise<Uint8Array | undefined> {
  try {
    if (compression === 1)
      return await copied(new Uint8Array(packed.buffer, packed.byteOffset, packed.length))
    if (compression === 32773) return await unpackBits(packed, length)
    if (compression === 5) return await unpackLzw(packed, length)
    return await inflated(packed, { maxOutputLength: length + 2 ** 16 })
  } catch {
    return undefined
  }
}

/** Reads the numbers of a piece, whose rows may be stored as differences. `bytes` is changed. */
async function numbersIn(
  bytes: Uint8Array,
  { bits, predictor }: Storage,
  perRow: number,
  rows: number,
  step: number,
  little: boolean,
  type: string,
): Promise<Float64Array> {
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

/** Returns the samples of a page that is read here but is not an array, see `readerOf`. Undefined for other pages. */
export function pageRead(
  source: Source,
  page: number,
  depth: 8 | 16 | 32,
  turns: boolean,
  name: string,
): Pick<OwnPicture, 'samples'> | undefined {
  const found = withReader(source, name, ({ read }) => {
    const directory = pageOf(read, page)
    if (directory === undefined || readerOf(read, directory) !== 'here') return undefined
    return { isMultiplied: isMultiplied(directory) }
  })
  if (found === undefined) return undefined
  const type: ArrayType<Samples> = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
  return {
    async samples() {
      const { data, shape } = await readTiffArray(await wholeOf(source), name, () => undefined, page, turns)
      if (found.isMultiplied) await divide(data as Float32Array, shape[2] ?? 1, depth)
      return converted(data, type)
    },
  }
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
