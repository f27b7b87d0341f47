import { inflateSync } from 'node:zlib'
import { orElse } from '../error.ts'
import { viewOf } from '../files/read.ts'
import { limits } from '../limits.ts'
import type { TextEntry } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { exifBlock, exifFor } from './exif.ts'
import { chunk, concat, iccFits } from './png.ts'
import { type Chunk, isSound } from './png-head.ts'
import { type Reader, textOf } from './reader.ts'
import type { Size } from './size.ts'

// Text chunks of a PNG (PNG, section 11.3.3): tEXt in Latin-1, zTXt as deflated Latin-1, iTXt in UTF-8.

const xmpKeyword = 'XML:com.adobe.xmp'

/** Reads the texts and the XMP of a PNG. `lost` is true if one of them is damaged or too long to unpack. */
export function readTexts(reader: Reader, chunks: readonly Chunk[]) {
  const text: TextEntry[] = []
  let xmp: Uint8Array | undefined
  let lost = false
  let room: number = limits.metadataBytes.most
  for (const one of chunks) {
    const read = one.length <= room && isSound(reader, one) ? textOfChunk(reader, one, room) : undefined
    if (read === undefined) {
      lost = true
      continue
    }
    room -= read.bytes.length
    if (one.type === 'iTXt' && read.keyword === xmpKeyword) xmp = new Uint8Array(read.bytes)
    else
      text.push({
        keyword: read.keyword,
        text: one.type === 'iTXt' ? Buffer.from(read.bytes).toString() : textOf(read.bytes),
      })
  }
  return { held: { ...(text.length > 0 && { text }), ...(xmp !== undefined && { xmp }) }, lost }
}

/** Reads the keyword and the text of a chunk. Returns undefined if it is damaged or takes more than `room` bytes. */
function textOfChunk(reader: Reader, chunk: Chunk, room: number) {
  const { type } = chunk
  const body = bodyOf(reader, chunk)
  const split = body.indexOf(0)
  if (split < 1 || split > 79) return undefined
  const keyword = textOf(body, 0, split)
  let rest = body.subarray(split + 1)
  let isPacked = type === 'zTXt' && rest[0] === 0
  if (type === 'zTXt') rest = rest.subarray(1)
  if (type === 'iTXt') {
    isPacked = rest[0] === 1
    const [language, translated] = [rest.indexOf(0, 2), rest.indexOf(0, rest.indexOf(0, 2) + 1)]
    if (language < 2 || translated < 3) return undefined
    rest = rest.subarray(translated + 1)
  }
  const unpacked = () => (isPacked ? inflateSync(rest, { maxOutputLength: Math.max(1, room) }) : rest)
  const bytes = orElse(unpacked, undefined)
  return bytes && { keyword, bytes }
}

/** The longest chunk, unpacked, that libpng reads, in bytes. */
export const mostOfLibpng = 8e6

/** Returns a copy of the body of a chunk. */
export const bodyOf = ({ read }: Reader, { at, length }: Chunk): Uint8Array =>
  new Uint8Array(read(at + 8, length))

/**
 * Unpacks the ICC profile of an iCCP chunk, which is stored like a zTXt. Undefined if libpng might refuse it: for a
 * wrong length, for other colours than those of the picture, for a class that is no device, for a tag outside it.
 */
export function profileOf(reader: Reader, chunk: Chunk, channels: number): Uint8Array | undefined {
  const body = bodyOf(reader, chunk)
  // what is not deflated would be read as it is
  if (body[body.indexOf(0) + 1] !== 0) return undefined
  const bytes = textOfChunk(reader, { ...chunk, type: 'zTXt' }, mostOfLibpng)?.bytes
  if (bytes === undefined || bytes.length < 132 || bytes.length % 4 !== 0) return undefined
  const view = viewOf(bytes)
  const isInside = (tag: number) => view.getUint32(tag + 4) + view.getUint32(tag + 8) <= bytes.length
  const tags = Array.from(
    { length: Math.min(view.getUint32(128), bytes.length / 12) },
    (_, i) => 132 + 12 * i,
  )
  const isUsual =
    view.getUint32(0) === bytes.length &&
    view.getUint32(64) < 4 &&
    iccFits(bytes, channels) &&
    ['scnr', 'mntr', 'prtr', 'spac'].includes(textOf(bytes, 12, 16)) &&
    ['XYZ ', 'Lab '].includes(textOf(bytes, 20, 24)) &&
    textOf(bytes, 36, 40) === 'acsp' &&
    tags.every((tag) => tag + 12 <= bytes.length && isInside(tag))
  return isUsual ? bytes : undefined
}

/** Whether a text can be written in Latin-1, as tEXt requires. */
const isLatin = (text: string): boolean => [...text].every((c) => c.charCodeAt(0) < 256 && c !== '\0')

/** Makes the chunks for the EXIF, XMP and texts of a picture. */
export function chunksBeside(meta: PictureMeta, size: Size): Uint8Array[] {
  const { text = [], xmp } = meta.metadata ?? {}
  const exif = exifFor(meta, size, false, [])
  const latin = (word: string) => Buffer.from(word, 'latin1')
  return [
    ...(exif === undefined ? [] : [chunk('eXIf', exifBlock(exif))]),
    ...(xmp === undefined ? [] : [chunk('iTXt', concat([latin(`${xmpKeyword}\0\0\0\0\0`), xmp]))]),
    ...text.map(({ keyword, text: words }) =>
      isLatin(words)
        ? chunk('tEXt', latin(`${keyword}\0${words}`))
        : chunk('iTXt', concat([latin(`${keyword}\0\0\0\0\0`), Buffer.from(words)])),
    ),
  ]
}
