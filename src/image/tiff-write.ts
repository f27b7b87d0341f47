import { viewOf } from '../files/read.ts'
import type { Field } from '../tensor/metadata.ts'
import type { Picture } from '../tensor/picture.ts'
import { bytesField, directoryBytes, exifFor, numberField, resolutionFields, withFields } from './exif.ts'
import { concat, iccFits } from './png.ts'
import { predictorOf, type TiffCompression, tiffCompressions } from './tiff-pack.ts'

// TIFF files (TIFF 6.0): the strips of a page, then its directory.

/** A page of a TIFF without its samples. */
export type TiffPage = Pick<Picture, 'width' | 'height' | 'channels' | 'depth' | 'meta'>

/** The size, in bytes, from which 32-bit offsets may not be enough. A BigTIFF has 64-bit offsets. */
const bigFrom = 2 ** 32 - 2 ** 24

/**
 * Whether a TIFF with this many bytes of samples needs 64-bit offsets. Compression may make the data slightly larger.
 */
export const isBigTiff = (bytes: number): boolean => bytes * 1.01 > bigFrom

/** The first bytes of a TIFF. `first` is the offset of its first directory. */
export function tiffHead(first: number, isBig: boolean): Uint8Array {
  const head = new Uint8Array(isBig ? 16 : 8)
  const view = viewOf(head)
  head.set([0x49, 0x49, isBig ? 43 : 42, 0])
  if (!isBig) view.setUint32(4, first, true)
  else {
    head[4] = 8
    view.setBigUint64(8, BigInt(first), true)
  }
  return head
}

/** The offsets and lengths of the strips of a page, in order. */
export type TiffStrips = {
  readonly rows: number
  readonly places: readonly (readonly [at: number, bytes: number])[]
}

/**
 * Encodes the directory of a page for the offset `at`.
 *
 * @param next offset of the next directory, 0 for none
 */
export function tiffDirectory(
  page: TiffPage,
  { rows, places }: TiffStrips,
  compression: TiffCompression,
  at: number,
  isBig: boolean,
  next = 0,
): Uint8Array {
  const { width, height, channels, depth, meta } = page
  const { icc, resolution, metadata = {} } = meta
  const isAlpha = channels % 2 === 0
  const offset = isBig ? 16 : 4
  const all = (value: number) => Array<number>(channels).fill(value)
  const predictor = predictorOf(compression, depth)
  const own: Field[] = [
    numberField(256, 4, width),
    numberField(257, 4, height),
    numberField(258, 3, ...all(depth)),
    numberField(259, 3, tiffCompressions[compression]),
    numberField(262, 3, channels < 3 ? 1 : 2),
    numberField(273, offset, ...places.map(([from]) => from)),
    numberField(277, 3, channels),
    numberField(278, 4, rows),
    numberField(279, offset, ...places.map(([, bytes]) => bytes)),
    numberField(284, 3, 1),
    ...(resolution === undefined ? [] : resolutionFields(resolution)),
    ...(predictor === 1 ? [] : [numberField(317, 3, predictor)]),
    // unassociated alpha
    ...(isAlpha ? [numberField(338, 3, 2)] : []),
    ...(depth === 32 ? [numberField(339, 3, ...all(3))] : []),
    ...(metadata.xmp === undefined ? [] : [bytesField(700, metadata.xmp, 1)]),
    ...(metadata.iptc === undefined ? [] : [bytesField(33723, metadata.iptc)]),
    ...(icc !== undefined && iccFits(icc, channels) ? [bytesField(34675, icc)] : []),
    ...(metadata.geo ?? []),
  ]
  const exif = exifFor(meta, page, false) ?? { fields: [], below: new Map() }
  return directoryBytes(withFields(exif, ...own), at, next, isBig)
}

/** Joins pages with packed strips into a TIFF, in memory. */
export function joinPages(
  pages: readonly (TiffPage & { readonly rows: number; readonly strips: readonly Uint8Array[] })[],
  compression: TiffCompression,
): Uint8Array {
  const isBig = isBigTiff(
    pages.reduce((sum, { strips }) => strips.reduce((all, { length }) => all + length, sum), 0),
  )
  let at = tiffHead(0, isBig).length
  const placed = pages.map((page) => {
    const places = page.strips.map((strip): [number, number] => {
      const from = at
      at += strip.length + (strip.length % 2)
      return [from, strip.length]
    })
    return { page, strips: { rows: page.rows, places } }
  })
  const lengths = placed.map(({ page, strips }) => tiffDirectory(page, strips, compression, 0, isBig).length)
  const first = at
  const parts: Uint8Array[] = [tiffHead(first, isBig)]
  for (const { strips } of pages)
    for (const strip of strips) parts.push(strip, new Uint8Array(strip.length % 2))
  placed.forEach(({ page, strips }, i) => {
    const end = at + lengths[i]!
    parts.push(tiffDirectory(page, strips, compression, at, isBig, i + 1 < pages.length ? end : 0))
    at = end
  })
  return concat(parts)
}
