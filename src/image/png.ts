import * as zlib from 'node:zlib'
import { ConvoError, invariant } from '../error.ts'
import type { Picture } from '../tensor/picture.ts'
import { crc32, pngSignature } from './png-parts.ts'

/** How to compress a PNG: zlib level and strategy, and whether rows are filtered first. */
export type Compression = {
  /** zlib level, 0..9 */
  readonly level: number
  /** a zlib strategy constant */
  readonly strategy: number
  readonly filter: 'none' | 'adaptive'
}

/** The contents of the header of a PNG. */
export type PngShape = Pick<Picture, 'width' | 'height' | 'channels' | 'meta'> & { readonly depth: 8 | 16 }

/** PNG colour types by channel count: gray, gray + alpha, RGB, RGBA. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const
/** The largest chunk that the format allows (PNG, section 5.3). */
const maxChunk = 0x7fffffff

/**
 * Returns zlib settings for `--compression` 0..9. The default is level 1 and run lengths after adaptive filters, the
 * fastest setting whose files are no larger than sharp's default on photographs. 0 stores. 1 to 3 equal the default: on
 * filtered photographs, zlib's searches at these levels take longer than run lengths and give larger files (1080p: 2.60
 * MB in 39 ms, against 2.81 to 2.69 MB in 51 to 94 ms). 4 to 9 search longer and longer (2.59 MB in 118 ms to 2.52 MB
 * in 850 ms), with the strategy for filtered data, which gave smaller photographs than the default strategy.
 *
 * @throws ConvoError E_OPTION for a level that is not a whole number from 0 to 9
 */
export function compressionSettings(level?: number): Compression {
  const { Z_RLE, Z_FILTERED, Z_DEFAULT_STRATEGY } = zlib.constants
  if (level === undefined) return { level: 1, strategy: Z_RLE, filter: 'adaptive' }
  if (!Number.isInteger(level) || level < 0 || level > 9) {
    throw new ConvoError('E_OPTION', `compression must be a whole number from 0 to 9, got ${level}`)
  }
  if (level === 0) return { level, strategy: Z_DEFAULT_STRATEGY, filter: 'none' }
  return { level, strategy: level < 4 ? Z_RLE : Z_FILTERED, filter: 'adaptive' }
}

/** Bytes of one row of samples, before the filter byte. */
export const pngRowBytes = ({ width, channels, depth }: Omit<PngShape, 'height' | 'meta'>): number =>
  width * channels * (depth / 8)

/**
 * Returns everything before the picture data: signature, IHDR, gAMA, iCCP and pHYs from `meta`, and the chunks
 * `beside`. A profile for other channels (RGB on a picture that became gray) is dropped, because readers refuse it.
 */
export function pngHeader(
  { width, height, depth, channels, meta }: PngShape,
  beside: readonly Uint8Array[] = [],
): Uint8Array {
  invariant(
    width >= 1 && height >= 1 && width <= maxChunk && height <= maxChunk,
    'PNG sides are 1 to 2^31 - 1',
  )
  const ihdr = new Uint8Array(13)
  const view = new DataView(ihdr.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  ihdr[8] = depth
  ihdr[9] = colourTypes[channels]
  const chunks = [pngSignature, chunk('IHDR', ihdr)]
  if (meta.gamma !== undefined) chunks.push(chunk('gAMA', uint32(meta.gamma)))
  if (meta.icc !== undefined && iccFits(meta.icc, channels)) {
    // name, its end, method 0 = deflate
    const head = latin1('ICC profile\0\0')
    chunks.push(chunk('iCCP', concat([head, zlib.deflateSync(meta.icc, { level: 9 })])))
  }
  if (meta.resolution !== undefined) {
    const [x, y] = meta.resolution
    chunks.push(chunk('pHYs', concat([uint32(x), uint32(y), Uint8Array.of(1)])))
  }
  return concat([...chunks, ...beside])
}

/** Whether the colour space in the header of an ICC profile (bytes 16..19) is that of the channels. */
export function iccFits(icc: Uint8Array, channels: number): boolean {
  const space = String.fromCharCode(...icc.subarray(16, 20))
  return space === (channels < 3 ? 'GRAY' : 'RGB ')
}

type Packing = Pick<Compression, 'level' | 'strategy'> & { readonly last: boolean }

/**
 * The level from which zlib searches long, taking a second for a megabyte. From there on, run lengths are tried too.
 */
const slowLevel = 4

/** Whether packing takes so long that `deflateSlowly` must do it. */
export const isSlow = ({ level }: Pick<Compression, 'level'>): boolean => level >= slowLevel

/**
 * Deflates the filtered rows of one strip separately. All strips except the last end in a full flush, on a byte
 * boundary, so `zlibHeader` + strips + Adler-32 form one zlib stream. From level 4 on, run lengths are tried too and
 * the shorter result is kept, so no strip is longer than by default.
 */
export function deflateStrip(filtered: Uint8Array, packing: Packing): Uint8Array {
  const deflate = (strategy: number) =>
    zlib.deflateRawSync(filtered, {
      ...settingsOf(filtered, { ...packing, strategy }),
      finishFlush: flushOf(packing),
    })
  const first = deflate(packing.strategy)
  return isSlow(packing) ? shorter(first, deflate(zlib.constants.Z_RLE)) : first
}

/** Packs to the same bytes as `deflateStrip`, but on another thread. For levels below 4. */
export const deflateAside = (filtered: Uint8Array, packing: Packing): Promise<Uint8Array> =>
  packedBy({ ...settingsOf(filtered, packing), flush: flushOf(packing) }, (packer, done) =>
    // the write flushes too, because `end` would wait for the other thread a second time
    packer.write(filtered, () => done()),
  )

/**
 * Packs to the same bytes as `deflateStrip`, piece by piece outside this thread, so that an exit waits for one piece.
 */
export async function deflateSlowly(filtered: Uint8Array, packing: Packing): Promise<Uint8Array> {
  const inPieces = (strategy: number) =>
    packedBy(settingsOf(filtered, { ...packing, strategy }), (packer, done) => {
      const write = (at: number) => {
        if (at < filtered.length)
          packer.write(filtered.subarray(at, at + pieceBytes), () => write(at + pieceBytes))
        else if (packing.last) packer.once('end', done).end()
        else packer.flush(flushOf(packing), done)
      }
      write(0)
    })
  return shorter(await inPieces(packing.strategy), await inPieces(zlib.constants.Z_RLE))
}

function packedBy(
  settings: zlib.ZlibOptions,
  drive: (packer: zlib.DeflateRaw, done: () => void) => void,
): Promise<Uint8Array> {
  const packer = zlib.createDeflateRaw(settings)
  const packed: Uint8Array[] = []
  packer.on('data', (piece: Uint8Array) => packed.push(piece))
  return new Promise<Uint8Array>((done, failed) => {
    packer.on('error', failed)
    drive(packer, () => done(concat(packed)))
    // not in the callback, after which a closed stream makes an error that nobody sees
  }).finally(() => packer.close())
}

/** The number of bytes that zlib packs in a tenth of a second at its slowest. */
const pieceBytes = 2 ** 16

const settingsOf = (filtered: Uint8Array, { level, strategy }: Packing) => ({
  level,
  strategy,
  memLevel: 9,
  // one piece of output for most strips; the default of 16 KiB makes many small ones and joins them
  chunkSize: Math.max(1 << 14, filtered.length + 1024),
})

const flushOf = ({ last }: Packing): number => (last ? zlib.constants.Z_FINISH : zlib.constants.Z_FULL_FLUSH)

const shorter = (one: Uint8Array, other: Uint8Array): Uint8Array => (other.length < one.length ? other : one)

/** The first two bytes of a zlib stream: deflate, 32 KiB window, and a hint of the level (RFC 1950). */
export function zlibHeader(level: number): Uint8Array {
  const cmf = 0x78
  const hint = level < 2 ? 0 : level < 6 ? 1 : level === 6 ? 2 : 3
  const flags = hint << 6
  return Uint8Array.of(cmf, flags + (31 - (((cmf << 8) | flags) % 31)))
}

/**
 * Wraps parts of the zlib stream in an IDAT chunk, returned as pieces to write in order, so that nothing is copied.
 * With one chunk per strip, the thread that deflated it can also compute the CRC.
 */
export function idatChunk(parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  invariant(length <= maxChunk, 'a PNG chunk holds at most 2^31 - 1 bytes: use lower strips')
  const head = concat([uint32(length), latin1('IDAT')])
  let crc = crc32(head.subarray(4))
  for (const part of parts) crc = crc32(part, crc)
  return [head, ...parts, uint32(crc)]
}

/**
 * Returns the end of the file after the last strip: the Adler-32 of all filtered bytes in a separate IDAT, and IEND.
 */
export function pngTrailer(adler: number): Uint8Array {
  return concat([chunk('IDAT', uint32(adler)), chunk('IEND', new Uint8Array(0))])
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function isPngPicture(
  picture: Picture,
): picture is Picture & { readonly depth: 8 | 16; readonly data: Uint8Array | Uint16Array } {
  return picture.depth !== 32
}

/** Makes a chunk of a PNG, with its length and checksum. */
export function chunk(type: string, body: Uint8Array): Uint8Array {
  const tagged = concat([latin1(type), body])
  return concat([uint32(body.length), tagged, uint32(crc32(tagged))])
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
