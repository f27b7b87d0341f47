import { inflateSync } from 'node:zlib'
import { limits } from '../limits.ts'
import type { TextEntry } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { exifBlock, exifFor } from './exif.ts'
import { chunk, concat } from './png.ts'
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

type Read = { readonly keyword: string; readonly bytes: Uint8Array }

/** Reads the keyword and the text of a chunk. Returns undefined if it is damaged or takes more than `room` bytes. */
function textOfChunk({ read }: Reader, { type, at, length }: Chunk, room: number): Read | undefined {
  const body = new Uint8Array(read(at + 8, length))
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
  try {
    return { keyword, bytes: isPacked ? inflateSync(rest, { maxOutputLength: Math.max(1, room) }) : rest }
  } catch {
    return undefined
  }
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
