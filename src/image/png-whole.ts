import { adler32, adlerCombine } from '../definition/adler.ts'
import { filterRows, pngBytes } from '../definition/filter-rows.ts'
import { invariant } from '../error.ts'
import { joined, pause, pieceOf } from '../host/turns.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import {
  type Compression,
  compressionSettings,
  concat,
  deflateStrip,
  idatChunk,
  isPngPicture,
  pngHeader,
  pngRowBytes,
  pngTrailer,
  zlibHeader,
} from './png.ts'
import { chunksBeside } from './png-text.ts'

/**
 * Encodes a whole PNG in one go, on one thread, from the parts in png.ts. It is used in tests and to pass pictures on.
 * `stripRows` is the height of the strips that are filtered and deflated separately.
 */
export const encodePngWhole = (picture: Picture, ...how: How): Uint8Array =>
  concat([...pieces(picture, ...how)])

/** Encodes the same picture in strips of a few rows, between which the event loop can run. */
export async function encodePngInTurns(picture: Picture, compression: Compression): Promise<Uint8Array> {
  const made: Uint8Array[] = []
  const stripRows = Math.max(1, Math.floor(pieceOf / (picture.width * 4)))
  for (const piece of pieces(picture, compression, stripRows)) {
    made.push(piece)
    await pause()
  }
  return joined(made)
}

type How = [compression?: Compression, stripRows?: number]

function* pieces(
  picture: Picture,
  ...[compression = compressionSettings(), stripRows = picture.height]: How
): Generator<Uint8Array> {
  invariant(isPngPicture(picture), 'a PNG has 8 or 16 bits')
  const { height, data } = picture
  const meta: PictureMeta = picture.meta
  const rowBytes = pngRowBytes(picture)
  const bpp = rowBytes / picture.width
  const bytes = pngBytes(data)
  yield pngHeader({ ...picture, meta }, chunksBeside(meta, picture))
  let adler = 1
  for (let y = 0; y < height; y += stripRows) {
    const end = Math.min(y + stripRows, height)
    const rows = bytes.subarray(y * rowBytes, end * rowBytes)
    const filtered = filterRows(rows, rowBytes, bpp, undefined, compression.filter)
    adler = adlerCombine(adler, adler32(filtered), filtered.length)
    const strip = deflateStrip(filtered, { ...compression, last: end === height })
    yield* idatChunk(y === 0 ? [zlibHeader(compression.level), strip] : [strip])
  }
  yield pngTrailer(adler)
}
