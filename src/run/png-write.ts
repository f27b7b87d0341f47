import { adlerCombine } from '../definition/adler.ts'
import { pngBytes } from '../definition/filter-rows.ts'
import { invariant } from '../error.ts'
import { noBlock } from '../graph/address.ts'
import { isDue, turn } from '../host/turns.ts'
import type { Drawing } from '../image/compare/render.ts'
import {
  compressionSettings,
  concat,
  deflateAside,
  idatChunk,
  isPngPicture,
  pngHeader,
  pngRowBytes,
  pngTrailer,
  zlibHeader,
} from '../image/png.ts'
import { chunksBeside } from '../image/png-text.ts'
import type { Picture } from '../tensor/picture.ts'
import { withBench } from './png-rows.ts'

/**
 * The number of filtered bytes of a strip: enough for zlib's window to be useful, few enough that all threads have
 * strips.
 */
const stripBytes = 2 ** 19
/** The maximum number of strips that are deflated at a time. */
const mostAside = 8

/**
 * Writes a picture of 8 or 16 bits, or a drawing, as a PNG with the default compression. Rows are filtered here; strips
 * are deflated on other threads and passed to `write` in order. The bytes do not depend on the number of threads.
 */
export async function writeInStrips(
  picture: Picture | Drawing,
  write: (bytes: Uint8Array) => unknown,
): Promise<void> {
  const { height, width } = picture
  const { depth, ...rest } = 'draw' in picture ? ({ ...picture, depth: 8, meta: {} } as const) : picture
  invariant(depth !== 32, 'a PNG holds 8 or 16 bits')
  const shape = { ...rest, depth }
  const rowBytes = pngRowBytes(shape)
  const draw = 'draw' in picture ? picture.draw : copier(picture, rowBytes)
  const compression = compressionSettings()
  const stripRows = Math.max(1, Math.min(height, Math.floor(stripBytes / rowBytes)))
  let adler = 1
  let isFirst = true
  const strips: Promise<Uint8Array>[] = []
  const writeNext = async () => {
    const strip = (await strips.shift())!
    for (const piece of idatChunk(isFirst ? [zlibHeader(compression.level), strip] : [strip]))
      await write(piece)
    isFirst = false
  }
  await write(pngHeader(shape, 'draw' in picture ? [] : chunksBeside(picture.meta, picture)))
  await withBench(async ({ arena, wasm }) => {
    const [rowsAt, filteredAt] = [
      arena.alloc(stripRows * rowBytes),
      arena.alloc(stripRows * (rowBytes + 1) + 64),
    ]
    const scratch = arena.alloc(128)
    const memory = new Uint8Array(arena.memory.buffer)
    for (let y = 0; y < height; y += stripRows) {
      const rows = Math.min(stripRows, height - y)
      for (let i = 0; i < rows; i++) {
        if (isDue()) await turn()
        draw(y + i, memory, rowsAt + i * rowBytes)
      }
      wasm.filterRows(filteredAt, rowsAt, rowBytes, rowBytes, rows, rowBytes / width, noBlock, scratch)
      const length = rows * (rowBytes + 1)
      adler = adlerCombine(adler, wasm.adler32(filteredAt, length, 1) >>> 0, length)
      const filtered = memory.slice(filteredAt, filteredAt + length)
      strips.push(deflateAside(filtered, { ...compression, last: y + rows === height }))
      if (strips.length >= mostAside) await writeNext()
    }
  })
  while (strips.length > 0) await writeNext()
  await write(pngTrailer(adler))
}

/** Returns the bytes that `writeInStrips` writes, as one array. */
export async function encodeInStrips(picture: Picture | Drawing): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  await writeInStrips(picture, (piece) => pieces.push(piece))
  return concat(pieces)
}

function copier(picture: Picture, rowBytes: number): Drawing['draw'] {
  invariant(isPngPicture(picture), 'a PNG holds 8 or 16 bits')
  const bytes = pngBytes(picture.data)
  return (y, to, at) => to.set(bytes.subarray(y * rowBytes, (y + 1) * rowBytes), at)
}
