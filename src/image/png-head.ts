import { viewOf } from '../files/read.ts'
import { checkLimit } from '../limits.ts'
import { optional } from '../text/record.ts'
import { srgbPrimaries } from './colour.ts'
import { type Damage, damaged } from './own-picture.ts'
import { crc32 } from './png-parts.ts'
import { type Reader, type Source, textOf } from './reader.ts'

/** A chunk that is present but not used, with the reason. */
export type IgnoredChunk = Pick<Chunk, 'type' | 'at' | 'end'> & { readonly why: string }

/** The contents of the chunks of a PNG before its picture data. */
export type PngHead = ReturnType<typeof readPngHead>

/** A PNG whose rows contain its samples directly: one picture of 8 or 16 bits, from top to bottom. */
export type PlainPng = { readonly source: Source; readonly size: number; readonly head: PngHead }

/**
 * Decodes a plain PNG from top to bottom, and yields equal numbers of rows, except at the end. They are valid until the
 * next are requested. Returns whether the file is sound; for a damaged one, the general decoder reports the error.
 */
export type PlainDecoder = (png: PlainPng) => AsyncGenerator<Uint8Array, boolean>

/** Whether the samples of a PNG can be read from its rows by undoing only the filters. */
export const isPlainPng = (png: PngHead | undefined): png is PngHead =>
  png !== undefined &&
  !png.interlaced &&
  !png.isAnimated &&
  png.bits >= 8 &&
  // a transparent colour adds an alpha channel that is not stored
  png.channels === colourTypes[png.colourType]!.samples

/** The samples of a pixel, and their depths, by colour type. The pixels of a palette are entries, not samples. */
const colourTypes: Readonly<
  Record<number, { readonly samples: number; readonly depths: readonly number[] }>
> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
}

const lost: Readonly<Record<string, string>> = {
  tIME: 'time',
  cICP: 'colour encoding (cICP)',
  mDCV: 'HDR metadata',
  cLLI: 'HDR metadata',
  bKGD: 'background colour',
  sPLT: 'suggested palette',
}

const textTypes = ['tEXt', 'zTXt', 'iTXt']

export type Chunk = NonNullable<ReturnType<typeof chunkAt>>

/** Reads the chunk at an offset, whose body is from `at + 8` to `end - 4`. Undefined after the end of the file. */
export function chunkAt({ read }: Reader, at: number) {
  const head = read(at, 8)
  if (head.length < 8) return undefined
  const length = viewOf(head).getUint32(0)
  return { type: textOf(head, 4, 8), at, length, end: at + 12 + length }
}

export function isSound({ read }: Reader, { at, length, end }: Chunk): boolean {
  let crc = 0
  for (let from = at + 4; from < end - 4; from += pieceBytes) {
    crc = crc32(read(from, Math.min(pieceBytes, end - 4 - from)), crc)
  }
  const stated = read(at + 8 + length, 4)
  return stated.length === 4 && viewOf(stated).getUint32(0) === crc
}

const pieceBytes = 2 ** 16

/** The most bytes that one byte of deflate can become: 258 from two bits. */
const mostDeflated = 1032

/** The smallest possible size, in bytes, of a PNG with this many pixels. */
export const leastBytesOf = ({ width, height, bits, colourType }: PngHead): number =>
  (width * height * bits * colourTypes[colourType]!.samples) / 8 / mostDeflated

/** The reason why a chunk cannot be used, by its length and position, as in libpng 1.6. Undefined if it can be used. */
function fault(chunk: Chunk, colourType: number, seen: ReadonlyMap<string, Chunk>, palette: number) {
  const { type, length } = chunk
  const needs = (bytes: number) =>
    length === bytes ? undefined : `it has ${length} bytes instead of ${bytes}`
  if (seen.has(type)) return 'it occurs twice'
  const fixed = { gAMA: 4, sRGB: 1, pHYs: 9, acTL: 8 }[type]
  if (fixed !== undefined) return needs(fixed)
  if (type === 'iCCP') return seen.has('PLTE') ? 'it comes after the palette' : undefined
  if (type !== 'tRNS') return undefined
  if (colourType >= 4) return 'the picture has alpha'
  if (colourType === 0) return needs(2)
  if (colourType === 2) return needs(6)
  if (!seen.has('PLTE')) return 'it comes before the palette'
  return length >= 1 && length <= palette ? undefined : `it has ${length} entries, the palette ${palette}`
}

const used = ['tRNS', 'gAMA', 'sRGB', 'pHYs', 'iCCP', 'eXIf', 'acTL']

/**
 * Reads the chunks before the picture data, and checks that the file has its end.
 *
 * @throws ConvoError E_DECODE for damage that decoders miss too: a wrong IHDR, a missing end; E_TOO_LARGE for more
 *   chunks than the limit
 */
export function readPngHead(reader: Reader, name: string) {
  const bad = damaged(name, 'PNG')
  const first = reader.read(8, 25).slice()
  if (first.length < 25) throw bad(reader.size, `the file ends inside the header, after ${reader.size} bytes`)
  const view = viewOf(first)
  if (textOf(first, 4, 8) !== 'IHDR' || view.getUint32(0) !== 13) throw bad(8, 'expected IHDR of 13 bytes')
  if (view.getUint32(21) !== crc32(first.subarray(4, 21))) throw bad(29, 'IHDR fails its checksum')
  const [width, height, bits, colourType] = [view.getUint32(8), view.getUint32(12), first[16]!, first[17]!]
  if (width === 0 || height === 0) throw bad(16, `the size is ${width}x${height}`)
  const depths = colourTypes[colourType]?.depths
  if (depths === undefined) throw bad(25, `colour type ${colourType} is not one of 0, 2, 3, 4, 6`)
  if (!depths.includes(bits)) {
    throw bad(24, `${bits} bits is not a depth of colour type ${colourType}: ${depths.join(', ')}`)
  }

  const seen = new Map<string, Chunk>()
  const ignored: IgnoredChunk[] = []
  const metadata = new Set<string>()
  const texts: Chunk[] = []
  let palette = 0
  let at = 33
  for (let count = 0; ; count++) {
    checkLimit('chunks', count, name)
    const chunk = chunkAt(reader, at)
    if (chunk === undefined) throw bad(reader.size, 'the file ends before the picture data')
    const { type, length, end } = chunk
    if (type === 'IDAT') break
    if (type === 'IEND') throw bad(at, 'the file has no picture data')
    if (type === 'PLTE') {
      palette = Math.min(Math.floor(length / 3), colourType === 3 ? 2 ** bits : 256)
      const transparent = seen.get('tRNS')
      if (transparent !== undefined) {
        ignored.push({ ...transparent, why: 'it comes before the palette' })
        seen.delete('tRNS')
      }
      seen.set(type, chunk)
    } else if (used.includes(type)) {
      const why = isSound(reader, chunk) ? fault(chunk, colourType, seen, palette) : 'it fails its checksum'
      if (why === undefined) seen.set(type, chunk)
      else ignored.push({ type, why, at, end })
    } else if ((type === 'cHRM' || type === 'cICP') && isSound(reader, chunk)) seen.set(type, chunk)
    // the damage may be in the type, so the meaning of the chunk is lost
    else if (/^[a-z]/.test(type) && !Object.hasOwn(lost, type) && !isSound(reader, chunk)) {
      ignored.push({ type, why: 'it fails its checksum', at, end })
    } else if (textTypes.includes(type)) texts.push(chunk)
    const what = lost[type]
    if (what !== undefined) metadata.add(what)
    at = end
  }
  const colours = coloursOf(reader, seen)
  if (colours?.startsWith('cHRM')) metadata.add('chromaticity (cHRM)')
  const { resolution, isAspect } = pixelsOf(reader, seen.get('pHYs'))
  if (isAspect) metadata.add(pixelAspect)
  for (const one of trailing(reader, at, name, bad)) {
    const what = one.type === 'eXIf' ? 'EXIF after the picture' : lost[one.type]
    if (what !== undefined) metadata.add(what)
    else if (textTypes.includes(one.type)) texts.push(one)
  }

  const gamma = numberAt(reader, seen.get('gAMA'))
  const planes = colourType === 0 || colourType === 4 ? 1 : 3
  const hasAlpha = colourType >= 4 || seen.has('tRNS')
  return {
    width,
    height,
    bits,
    colourType,
    interlaced: first[20] === 1,
    // after decoding: palettes become RGB, a transparent colour or palette becomes alpha, low depths 8 bits
    channels: (planes + (hasAlpha ? 1 : 0)) as 1 | 2 | 3 | 4,
    depth: (bits === 16 ? 16 : 8) as 8 | 16,
    isAnimated: (numberAt(reader, seen.get('acTL')) ?? 0) > 0,
    // 1/gamma times 100000
    ...(gamma !== undefined && gamma > 0 && { gamma }),
    ...(colours !== undefined && { colours }),
    ...(seen.has('sRGB') && { isSrgb: true as const }),
    ...(resolution !== undefined && { resolution }),
    ...optional('icc', seen.get('iCCP')),
    ...optional('exif', seen.get('eXIf')),
    // decoders must not see these
    ignored,
    // what an output does not keep, in words
    metadata: [...metadata],
    texts,
  }
}

/** The values of cICP that mean sRGB: with its own tone curve or that of BT.709, or unspecified. */
const srgbCodings = ['1,13,0,1', '1,1,0,1', '2,2,0,1']

function coloursOf({ read }: Reader, seen: ReadonlyMap<string, Chunk>): string | undefined {
  const [coding, primaries] = [seen.get('cICP'), seen.get('cHRM')]
  const isSaid = seen.has('sRGB') || seen.has('iCCP')
  const chunk = coding ?? (isSaid ? undefined : primaries)
  if (chunk === undefined) return undefined
  const body = read(chunk.at + 8, Math.min(chunk.length, 32))
  const view = viewOf(body.slice())
  const numbers =
    chunk === coding ? [...body] : Array.from({ length: body.length >> 2 }, (_, i) => view.getUint32(4 * i))
  const isSrgb =
    chunk === coding
      ? srgbCodings.includes(numbers.join())
      : // white comes first; programs round these numbers differently
        srgbPrimaries.every((n, i) => Math.abs(Math.round(n * 1e5) - (numbers[(i + 2) % 8] ?? 0)) <= 100)
  return isSrgb ? undefined : `${chunk.type} ${numbers.join()}`
}

/** Returns a PNG without its ignored chunks, for the decoder. */
export function withoutIgnored(bytes: Uint8Array, ignored: readonly IgnoredChunk[]): Uint8Array {
  const cuts = [...ignored].sort((a, b) => a.at - b.at)
  const starts = [0, ...cuts.map(({ end }) => end)]
  return Buffer.concat(starts.map((start, i) => bytes.subarray(start, cuts[i]?.at ?? bytes.length)))
}

const numberAt = (reader: Reader, chunk: Chunk | undefined): number | undefined =>
  chunk && viewOf(reader.read(chunk.at + 8, 4)).getUint32(0)

/** Reads pHYs. It states how large pixels are, or only how much wider than high: then `isAspect` if not square. */
function pixelsOf({ read }: Reader, chunk: Chunk | undefined) {
  if (chunk === undefined) return {}
  const body = viewOf(read(chunk.at + 8, 9))
  const [x, y, unit] = [body.getUint32(0), body.getUint32(4), body.getUint8(8)]
  return unit === 1 ? { resolution: [x, y] as const } : { isAspect: unit === 0 && x !== y }
}

/** The name of the metadata for pixels that are not square. */
export const pixelAspect = 'aspect ratio of the pixels'

/** The number of bytes at the end that are searched for chunks after the picture data. */
const tailBytes = 2 ** 16

/**
 * Finds the metadata chunks after the picture data. It searches from the end of the file, so that it need not walk over
 * every data chunk. If there are bytes after the last chunk, it finds none.
 *
 * @throws the error from `bad` for a file without IEND
 */
function trailing(reader: Reader, data: number, name: string, bad: Damage): Chunk[] {
  const last = reader.read(reader.size - 12, 8)
  if (textOf(last, 4, 8) !== 'IEND' || viewOf(last).getUint32(0) !== 0) {
    let at = data
    for (let chunk = chunkAt(reader, at), count = 1; ; chunk = chunkAt(reader, at), count++) {
      checkLimit('dataChunks', count, name)
      if (chunk === undefined || chunk.end > reader.size) {
        throw bad(reader.size, `the file ends after ${reader.size} bytes, before its last chunk`)
      }
      if (chunk.type === 'IEND') return []
      at = chunk.end
    }
  }
  const from = Math.max(data, reader.size - tailBytes)
  const tail = Buffer.from(reader.read(from, tailBytes))
  const starts = [...Object.keys(lost), ...textTypes, 'eXIf'].flatMap((type) => {
    for (
      let place = tail.indexOf(type, 4, 'latin1');
      place >= 4;
      place = tail.indexOf(type, place + 1, 'latin1')
    )
      if (leadsToEnd(tail, place - 4)) return [place - 4]
    return []
  })
  const found: Chunk[] = []
  const tailReader = {
    size: tail.length,
    read: (at: number, length: number) => tail.subarray(at, at + length),
  }
  for (let at = Math.min(...starts, tail.length); ; ) {
    const chunk = chunkAt(tailReader, at)
    if (chunk === undefined || chunk.type === 'IEND') return found
    found.push({ ...chunk, at: chunk.at + from, end: chunk.end + from })
    at = chunk.end
  }
}

/** Whether an unbroken sequence of chunks runs from an offset to the very end. */
function leadsToEnd(tail: Buffer, from: number): boolean {
  let at = from
  while (at + 12 < tail.length) at += 12 + tail.readUInt32BE(at)
  return at + 12 === tail.length
}
