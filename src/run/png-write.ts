import { invariant } from '../error.ts'
import { noBlock } from '../graph/address.ts'
import {
  adlerCombine,
  compressionSettings,
  concat,
  deflateAside,
  idatChunk,
  isPngPicture,
  pngBytes,
  pngHeader,
  pngRowBytes,
  pngTrailer,
  zlibHeader,
} from '../image/png.ts'
import type { Picture } from '../tensor/picture.ts'
import { withBench } from './png-rows.ts'

/** Filtered bytes of a strip: as much as zlib's window makes good use of, and enough strips for all threads. */
const stripBytes = 2 ** 19
/** Strips that are deflated at a time. */
const mostAside = 8

/**
 * A picture of 8 or 16 bits as a PNG with the default compression: rows are filtered here, strips are deflated on other
 * threads. The bytes do not depend on their number.
 */
export async function encodeInStrips(picture: Picture): Promise<Uint8Array> {
  invariant(isPngPicture(picture), 'a PNG holds 8 or 16 bits')
  const { height, width, data } = picture
  const rowBytes = pngRowBytes(picture)
  const bytes = pngBytes(data)
  const compression = compressionSettings()
  const stripRows = Math.max(1, Math.min(height, Math.floor(stripBytes / rowBytes)))
  let adler = 1
  const strips: Promise<Uint8Array>[] = []
  await withBench(async ({ arena, wasm }) => {
    const [rowsAt, filteredAt] = [
      arena.alloc(stripRows * rowBytes),
      arena.alloc(stripRows * (rowBytes + 1) + 64),
    ]
    const scratch = arena.alloc(128)
    const memory = new Uint8Array(arena.memory.buffer)
    for (let y = 0; y < height; y += stripRows) {
      const rows = Math.min(stripRows, height - y)
      memory.set(bytes.subarray(y * rowBytes, (y + rows) * rowBytes), rowsAt)
      wasm.filterRows(filteredAt, rowsAt, rowBytes, rowBytes, rows, rowBytes / width, noBlock, scratch)
      const length = rows * (rowBytes + 1)
      adler = adlerCombine(adler, wasm.adler32(filteredAt, length, 1) >>> 0, length)
      const filtered = memory.slice(filteredAt, filteredAt + length)
      strips.push(deflateAside(filtered, { ...compression, last: y + rows === height }))
      await strips[strips.length - mostAside]
    }
  })
  const deflated = await Promise.all(strips)
  const chunks = deflated.flatMap((strip, i) =>
    idatChunk(i === 0 ? [zlibHeader(compression.level), strip] : [strip]),
  )
  return concat([pngHeader(picture), ...chunks, pngTrailer(adler)])
}
