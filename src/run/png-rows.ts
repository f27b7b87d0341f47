import { constants, createInflate } from 'node:zlib'
import { type Address, plus } from '../graph/address.ts'
import { copyTo, inTurns } from '../host/turns.ts'
import type { PlainDecoder, PlainPng, PngHead } from '../image/png-head.ts'
import { crc32 } from '../image/png-parts.ts'
import { type Source, wholeOf } from '../image/reader.ts'
import { type Arena, createArena } from './arena.ts'
import { loadEngine, type WasmExports } from './engine.ts'

/** Consecutive rows in the memory of a bench, without gaps; samples are little-endian. */
export type Strip = { readonly address: Address; readonly rows: number }

/** A memory and the loops over it. */
export type Bench = { readonly arena: Arena; readonly wasm: WasmExports }

/** Thrown for a damaged PNG. The caller then uses the decoder for all PNGs, whose errors explain more. */
export class UnsoundPng extends Error {}

/** The number of filtered bytes of a strip, small enough that they stay in the cache until they are used. */
const stripBytes = 2 ** 18
/** The number of bytes that are inflated at a time, while those before are used. */
const pieceBytes = 2 ** 20

const free: Bench[] = []

/** Lends out a bench. What was allocated in it is released afterwards. */
export async function withBench<T>(use: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = free.pop() ?? newBench()
  const mark = bench.arena.mark()
  try {
    return await use(bench)
  } finally {
    bench.arena.release(mark)
    free.push(bench)
  }
}

function newBench(): Bench {
  const arena = createArena()
  return { arena, wasm: loadEngine(arena.memory) }
}

/** Returns the bytes of a pixel, the bytes of a row of a plain PNG, and the rows of a strip. */
export function layoutOf({ width, height, channels, depth }: PngHead) {
  const bpp = channels * (depth / 8)
  const rowBytes = width * bpp
  return { bpp, rowBytes, stripRows: Math.max(1, Math.min(height, Math.floor(stripBytes / (rowBytes + 1)))) }
}

/**
 * Yields the rows of a plain PNG from top to bottom. They are inflated on other threads while the previous strip is
 * used. A strip is valid until the next one is requested. All but the last have `stripRows` rows.
 *
 * @throws UnsoundPng for data that is damaged, or more or less than the header says
 */
export async function* stripsOf({ source, head }: PlainPng, { arena, wasm }: Bench): AsyncGenerator<Strip> {
  const { bpp, rowBytes, stripRows } = layoutOf(head)
  const { height, depth } = head
  const raw = arena.alloc(stripRows * (rowBytes + 1))
  const whole = arena.alloc(64 + (stripRows + 1) * rowBytes)
  const rowsAt = plus(whole, 64 + rowBytes)
  const turned = depth === 16 ? arena.alloc(stripRows * rowBytes) : rowsAt
  const bytes = new Uint8Array(arena.memory.buffer)
  bytes.fill(0, whole, rowsAt)
  // one more byte, so that excess data is noticed
  const chunkSize = Math.max(64, Math.min(pieceBytes, height * (rowBytes + 1) + 1))
  const inflate = createInflate({
    chunkSize,
    readableHighWaterMark: 2 * chunkSize,
    flush: constants.Z_FINISH,
  } as object)
  // ended when everything has arrived, because `end` would wait for the other thread a second time
  inflate.write(await dataOf(source), () => inflate.push(null))
  let [done, filled] = [0, 0]
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length; ) {
        const rows = Math.min(stripRows, height - done)
        if (rows === 0) throw new UnsoundPng('there is more data than rows')
        const part = piece.subarray(at, at + rows * (rowBytes + 1) - filled)
        bytes.set(part, raw + filled)
        at += part.length
        filled += part.length
        if (filled < rows * (rowBytes + 1)) continue
        if (wasm.unfilterRows(rowsAt, raw, rowBytes, rows, bpp) < rows) throw new UnsoundPng('no such filter')
        if (depth === 16) wasm.swapU16(turned, rowsAt, (rows * rowBytes) / 2)
        yield { address: turned, rows }
        const last = rowsAt + (rows - 1) * rowBytes
        bytes.copyWithin(rowsAt - rowBytes, last, last + rowBytes)
        done += rows
        filled = 0
      }
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? new UnsoundPng('damaged data') : error
  }
  if (done < height) throw new UnsoundPng('there is less data than rows')
}

/**
 * Returns the compressed data: the bodies of the IDAT chunks, verified, as one piece. zlib takes 0.8 of the time for
 * one piece that it takes for many of 64 KiB, the size that most encoders write.
 *
 * @throws UnsoundPng, ConvoError as reading does
 */
async function dataOf(source: Source): Promise<Uint8Array> {
  const isOwn = typeof source === 'string'
  const bytes = await wholeOf(source)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // bytes that were read here may be joined in place; bytes of the caller stay unchanged
  const joined = isOwn ? bytes : new Uint8Array(bytes.length)
  let length = 0
  let isBegun = false
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at)
    const isData = view.getUint32(at + 4) === 0x49444154
    if (end > bytes.length || (!isData && isBegun)) break
    if (isData) {
      const checked = bytes.subarray(at + 4, end - 4)
      let crc = 0
      await inTurns(
        checked.length,
        (from, to) => {
          crc = crc32(checked.subarray(from, to), crc)
        },
        pieceBytes,
      )
      if (crc !== view.getUint32(end - 4)) throw new UnsoundPng('checksum')
      await copyTo(joined, checked.subarray(4), length)
      length += end - at - 12
      isBegun = true
    }
    at = end
  }
  return joined.subarray(0, length)
}

/** Returns all samples of a PNG; see `PlainDecoder`. */
export const decodePlain: PlainDecoder = async (png, onRows) => {
  const { width, height, channels, depth } = png.head
  const { rowBytes } = layoutOf(png.head)
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels)
  const target = new Uint8Array(samples.buffer)
  try {
    await withBench(async (bench) => {
      let at = 0
      for await (const { address, rows } of stripsOf(png, bench)) {
        target.set(new Uint8Array(bench.arena.memory.buffer, address, rows * rowBytes), at)
        at += rows * rowBytes
        onRows?.(samples, at / rowBytes)
      }
    })
  } catch (error) {
    if (error instanceof UnsoundPng) return undefined
    throw error
  }
  return samples
}
