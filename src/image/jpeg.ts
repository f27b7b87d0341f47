import { ConvoError } from '../error.ts'
import { viewOf } from '../files/read.ts'
import type { TextEntry } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { exifBlock, exifFor } from './exif.ts'
import { photoshopOf } from './metadata.ts'
import { concat, iccFits } from './png.ts'
import { textOf } from './reader.ts'
import type { Size } from './size.ts'

// JPEG files as segments (ITU-T T.81, annex B): metadata segments, and strips joined into one picture.

/** The most bytes of metadata that fit in one segment with its name. */
export const mostInSegment = 65000

/** The longest side that the encoder writes. */
const mostSide = 65500

/** Whether a text is a comment that fits in a JPEG. */
export const isComment = ({ keyword, text }: TextEntry): boolean =>
  keyword === 'Comment' && Buffer.byteLength(text) <= mostInSegment

function segment(marker: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bodies = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))
  const length = 2 + bodies.reduce((sum, { length }) => sum + length, 0)
  return concat([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), ...bodies])
}

function segmentsOf(jpeg: Uint8Array): { marker: number; at: number; end: number }[] {
  const found: { marker: number; at: number; end: number }[] = []
  for (let at = 2; at + 4 <= jpeg.length; ) {
    const marker = jpeg[at + 1]!
    const end = at + 2 + viewOf(jpeg).getUint16(at + 2)
    found.push({ marker, at, end })
    if (marker === 0xda) break
    at = end
  }
  return found
}

/**
 * Makes the metadata segments to insert after the first marker: JFIF with the resolution, EXIF, XMP, IPTC, the ICC
 * profile and comments.
 */
export function segmentsBeside(meta: PictureMeta, size: Size & { readonly channels: number }): Uint8Array {
  const { resolution, icc, metadata = {} } = meta
  const inches = resolution?.map((n) => Math.round(n * 0.0254))
  // JFIF holds whole numbers per inch; other resolutions are written in EXIF
  const isExact = resolution?.every(
    (n, i) => Math.round(inches![i]! / 0.0254) === n && inches![i]! > 0 && inches![i]! < 65536,
  )
  const [x = 1, y = 1] = isExact ? inches! : []
  const jfif = Uint8Array.of(1, 1, isExact ? 1 : 0, x >> 8, x & 0xff, y >> 8, y & 0xff, 0, 0)
  const exif = exifFor(meta, size, resolution !== undefined && !isExact)
  const { xmp, iptc, text = [] } = metadata
  const block = exif && exifBlock(exif)
  const fits = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
    bytes !== undefined && bytes.length <= mostInSegment
  return concat([
    segment(0xe0, 'JFIF\0', jfif),
    ...(fits(block) ? [segment(0xe1, 'Exif\0\0', block)] : []),
    ...(fits(xmp) ? [segment(0xe1, 'http://ns.adobe.com/xap/1.0/\0', xmp)] : []),
    ...(icc !== undefined && iccFits(icc, size.channels) ? profileSegments(icc) : []),
    ...(fits(iptc) ? [segment(0xed, photoshopOf(iptc))] : []),
    ...text.filter(isComment).map((one) => segment(0xfe, Buffer.from(one.text))),
  ])
}

/** Splits an ICC profile into the segments that it needs (ICC.1, annex B.4). */
function profileSegments(icc: Uint8Array): Uint8Array[] {
  const step = 65519
  const count = Math.ceil(icc.length / step)
  return Array.from({ length: count }, (_, i) =>
    segment(0xe2, 'ICC_PROFILE\0', Uint8Array.of(i + 1, count), icc.subarray(i * step, (i + 1) * step)),
  )
}

/** Replaces the metadata segments of an encoded JPEG. */
export function jpegWith(jpeg: Uint8Array, beside: Uint8Array): Uint8Array {
  const kept = segmentsOf(jpeg).filter(({ marker }) => marker < 0xe0 || marker === 0xee)
  const start = segmentsOf(jpeg).at(-1)!.end
  return concat([
    jpeg.subarray(0, 2),
    beside,
    ...kept.map(({ at, end }) => jpeg.subarray(at, end)),
    jpeg.subarray(start),
  ])
}

/** @throws ConvoError E_OUTPUT for a picture that is too long for a JPEG */
export function checkJpegSide(width: number, height: number): void {
  if (Math.max(width, height) <= mostSide) return
  throw new ConvoError('E_OUTPUT', 'the picture cannot be written as jpeg', {
    why: `${width}x${height}: the sides of a JPEG have at most ${mostSide} pixels`,
    fix: 'an output path ending in .png or .tif',
  })
}

/**
 * The number of rows in the strips in which a JPEG may be encoded: whole blocks of 16 rows, and few enough that a strip
 * is one restart interval, whose blocks are counted in 16 bits.
 */
export function jpegStripRows(width: number, subsampling: Subsampling): number {
  const side = subsampling === '4:2:0' ? 16 : 8
  const across = Math.ceil(width / side)
  const down = Math.floor(65535 / across)
  return Math.max(16, Math.min(256, Math.floor((down * side) / 16) * 16))
}

/**
 * Joins strips into one JPEG. They must be encoded separately with equal tables. Each becomes a restart interval, after
 * which the prediction of mean levels restarts as at the start of a picture. So the samples equal those of a picture
 * encoded whole.
 *
 * @param height of the whole picture
 */
export function joinStrips(strips: readonly Uint8Array[], height: number): Uint8Array {
  const [first] = strips
  if (first === undefined || strips.length === 1) return first!
  const segments = segmentsOf(first)
  const frame = segments.find(({ marker }) => marker >= 0xc0 && marker <= 0xc2)!
  const scan = segments.at(-1)!
  const head = first.slice(0, scan.at)
  const view = viewOf(head)
  const [rows, width] = [view.getUint16(frame.at + 5), view.getUint16(frame.at + 7)]
  const factors = Array.from({ length: head[frame.at + 9]! }, (_, i) => head[frame.at + 11 + 3 * i]!)
  // with a single component, a block is 8x8 whatever its factors
  const isOne = factors.length === 1
  const across = 8 * (isOne ? 1 : Math.max(...factors.map((both) => both >> 4)))
  const down = 8 * (isOne ? 1 : Math.max(...factors.map((both) => both & 15)))
  const interval = Math.ceil(width / across) * Math.ceil(rows / down)
  view.setUint16(frame.at + 5, height)
  const parts = [head, segment(0xdd, Uint8Array.of(interval >> 8, interval & 0xff))]
  parts.push(first.subarray(scan.at, first.length - 2))
  strips.slice(1).forEach((strip, i) => {
    const start = segmentsOf(strip).at(-1)!.end
    parts.push(Uint8Array.of(0xff, 0xd0 + (i % 8)), strip.subarray(start, strip.length - 2))
  })
  return concat([...parts, Uint8Array.of(0xff, 0xd9)])
}

/** The luminance table of T.81, annex K.1, in the order of files, at quality 50. */
const luminance = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
  51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
  62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
]

/**
 * Finds the libjpeg quality, 1 to 100, whose luminance table is nearest to that of a file, by the sum of the
 * differences. For a file from libjpeg it is exactly the quality that was used, for others one with a similar loss.
 *
 * @param table 64 numbers, in the order of the file
 */
function qualityOf(table: ArrayLike<number>): number {
  let [best, least] = [100, Number.POSITIVE_INFINITY]
  for (let quality = 100; quality >= 1; quality--) {
    const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality
    const at = (value: number) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100)))
    const sum = luminance.reduce((total, value, i) => total + Math.abs(at(value) - table[i]!), 0)
    if (sum < least) [best, least] = [quality, sum]
  }
  return best
}

/** Finds how a JPEG was encoded, from its tables and its frame. Returns undefined if there is no luminance table. */
export function codingOf(
  tables: Uint8Array | undefined,
  frame: Uint8Array | undefined,
): PictureMeta['jpeg'] | undefined {
  const table = tables && quantisation(tables)
  if (table === undefined || frame === undefined || frame.length < 9) return undefined
  const sampled = frame[5] === 3 ? `${frame[7]! >> 4}x${frame[7]! & 15}` : '1x1'
  return { quality: qualityOf(table), subsampling: subsamplings[sampled] ?? sampled }
}

/** Chroma subsamplings, by the number of pixels across and down for each chroma sample. */
const subsamplings: Readonly<Record<string, string>> = {
  '1x1': '4:4:4',
  '2x1': '4:2:2',
  '1x2': '4:4:0',
  '4x1': '4:1:1',
  '2x2': '4:2:0',
  '4x2': '4:1:0',
}

/** The chroma subsamplings that are written. */
export type Subsampling = '4:4:4' | '4:2:0'

/** The subsampling to write for one that was read: the same, or the one that keeps more of its chroma. */
const writtenFor = (read: string | undefined): Subsampling =>
  read === '4:2:0' || read === '4:1:0' ? '4:2:0' : '4:4:4'

/** The subsampling of a JPEG: the requested one, or that of the JPEG it was made from. */
export const chromaOf = ({ jpeg }: PictureMeta, asked: Subsampling | undefined): Subsampling =>
  asked ?? writtenFor(jpeg?.subsampling)

/** Returns a note if a colour JPEG has a subsampling that cannot be written, or if one is requested for gray. */
export function chromaNotes(
  format: string,
  { jpeg }: PictureMeta,
  channels: number,
  asked: Subsampling | undefined,
): string[] {
  if (asked !== undefined && channels < 3)
    return [`--subsampling ${asked} has no effect on a picture in gray`]
  const written = writtenFor(jpeg?.subsampling)
  if (
    format !== 'jpeg' ||
    jpeg === undefined ||
    channels < 3 ||
    asked !== undefined ||
    written === jpeg.subsampling
  )
    return []
  return [`jpeg is written with ${written} chroma, the input has ${jpeg.subsampling}`]
}

/** Finds the first quantisation table, number 0, in the segments of tables. */
function quantisation(segments: Uint8Array): number[] | undefined {
  for (let at = 0; at < segments.length; ) {
    const size = segments[at]! >> 4 === 0 ? 1 : 2
    const end = at + 1 + 64 * size
    if (end > segments.length) return undefined
    if ((segments[at]! & 15) === 0) {
      const view = viewOf(segments)
      return Array.from({ length: 64 }, (_, i) =>
        size === 1 ? segments[at + 1 + i]! : view.getUint16(at + 1 + 2 * i),
      )
    }
    at = end
  }
  return undefined
}

/** Decodes a comment as UTF-8, or else as Latin-1. */
export function commentOf(bytes: Uint8Array): TextEntry {
  const text = Buffer.from(bytes).toString()
  return { keyword: 'Comment', text: (text.includes('\ufffd') ? textOf(bytes) : text).replace(/\0+$/, '') }
}
