import { filterRows } from '../definition/filter-rows.ts'
import { invariant } from '../error.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import {
  adler32,
  adlerCombine,
  type Compression,
  compressionSettings,
  concat,
  deflateStrip,
  idatChunk,
  isPngPicture,
  pngBytes,
  pngHeader,
  pngRowBytes,
  pngTrailer,
  zlibHeader,
} from './png.ts'
import { chunksBeside } from './png-text.ts'

/**
 * A whole PNG in one go, on one thread: the sum of the parts in png.ts, for tests and for handing pictures on.
 * `stripRows` is the height of the strips that are filtered and deflated on their own.
 */
export function encodePngWhole(
  picture: Picture,
  compression: Compression = compressionSettings(),
  stripRows: number = picture.height,
): Uint8Array {
  invariant(isPngPicture(picture), 'a PNG has 8 or 16 bits')
  const { height, data } = picture
  const meta: PictureMeta = picture.meta
  const rowBytes = pngRowBytes(picture)
  const bpp = rowBytes / picture.width
  const bytes = pngBytes(data)
  const pieces = [pngHeader({ ...picture, meta }, chunksBeside(meta, picture))]
  let adler = 1
  for (let y = 0; y < height; y += stripRows) {
    const end = Math.min(y + stripRows, height)
    const filtered = filterRows(
      bytes.subarray(y * rowBytes, end * rowBytes),
      rowBytes,
      bpp,
      undefined,
      compression.filter,
    )
    adler = adlerCombine(adler, adler32(filtered), filtered.length)
    const strip = deflateStrip(filtered, { ...compression, last: end === height })
    pieces.push(...idatChunk(y === 0 ? [zlibHeader(compression.level), strip] : [strip]))
  }
  pieces.push(pngTrailer(adler))
  return concat(pieces)
}
