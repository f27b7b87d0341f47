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
export function encodePngWhole(
  picture: Picture,
  compression: Compression = compressionSettings(),
  stripRows: number = picture.height,
): Uint8Array {
  const steps = pieces(picture, compression, stripRows)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return concat(step.value)
  }
}

/** Encodes the same picture in strips of a few rows, between which the event loop can run. */
export async function encodePngInTurns(picture: Picture, compression: Compression): Promise<Uint8Array> {
  const steps = pieces(picture, compression, Math.max(1, Math.floor(pieceOf / (picture.width * 4))))
  for (;;) {
    const step = steps.next()
    if (step.done === true) return joined(step.value)
    await pause()
  }
}

function* pieces(
  picture: Picture,
  compression: Compression,
  stripRows: number,
): Generator<undefined, readonly Uint8Array[]> {
  invariant(isPngPicture(picture), 'a PNG has 8 or 16 bits')
  const { height, data } = picture
  const meta: PictureMeta = picture.meta
  const rowBytes = pngRowBytes(picture)
  const bpp = rowBytes / picture.width
  const bytes = pngBytes(data)
  const made = [pngHeader({ ...picture, meta }, chunksBeside(meta, picture))]
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
    made.push(...idatChunk(y === 0 ? [zlibHeader(compression.level), strip] : [strip]))
    yield
  }
  made.push(pngTrailer(adler))
  return made
}
