import { constants, createInflate } from 'node:zlib'
import { readAt } from '../files/read.ts'
import { type Address, align, plus, shift } from '../graph/address.ts'
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
  const bench = lent()
  try {
    return await use(bench)
  } finally {
    bench.giveBack()
  }
}

function lent(): Bench & { giveBack(): void } {
  const bench = free.pop() ?? newBench()
  const mark = bench.arena.mark()
  return {
    ...bench,
    giveBack() {
      bench.arena.release(mark)
      free.push(bench)
    },
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
  const fit = Math.floor(stripBytes / (rowBytes + 1))
  // a multiple of 8, so that a row is at the same place among eight bytes in every strip
  return { bpp, rowBytes, stripRows: Math.max(1, Math.min(height, fit < 8 ? fit : fit & ~7)) }
}

/**
 * Yields the rows of a plain PNG from top to bottom. They are inflated on other threads while the previous strip is
 * used. A strip is valid until the next one is requested. All but the last have `stripRows` rows.
 *
 * @throws UnsoundPng for data that is damaged, or more or less than the header says; ConvoError as reading does
 */
export async function* stripsOf({ source, size, head }: PlainPng, bench: Bench): AsyncGenerator<Strip> {
  const { arena, wasm } = bench
  const { bpp, rowBytes, stripRows } = layoutOf(head)
  const { height, depth } = head
  const filtered = arena.alloc(stripRows * (rowBytes + 1) + 8)
  const above = align(64 + rowBytes)
  const whole = arena.alloc(above + stripRows * rowBytes)
  const rowsAt = plus(whole, above)
  const turned = depth === 16 ? arena.alloc(stripRows * rowBytes) : rowsAt
  const bytes = new Uint8Array(arena.memory.buffer)
  bytes.fill(0, whole, rowsAt)
  // one more byte, so that excess data is noticed
  const chunkSize = Math.max(64, Math.min(pieceBytes, height * (rowBytes + 1) + 1))
  const isOne = size <= pieceBytes
  const inflate = createInflate({
    chunkSize,
    // pieces one by one: otherwise those that are waiting are joined
    readableObjectMode: true,
    readableHighWaterMark: 2,
    ...(isOne && { flush: constants.Z_FINISH }),
  } as object)
  const write = (piece: Uint8Array) =>
    new Promise<void>((done, failed) => inflate.write(piece, (error) => (error ? failed(error) : done())))
  const feed = async () => {
    let written = Promise.resolve()
    for await (const piece of dataOf(source, isOne)) {
      await written
      written = write(piece)
    }
    await written
    // `end` would wait for the other thread a second time
    if (isOne) inflate.push(null)
    else inflate.end()
  }
  feed().catch((error) => inflate.destroy(error))
  let [done, filled, raw] = [0, 0, filtered]
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length; ) {
        const rows = Math.min(stripRows, height - done)
        if (rows === 0) throw new UnsoundPng('there is more data than rows')
        if (filled === 0) raw = plus(filtered, shift(piece.byteOffset + at))
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

const idat = 0x49444154

/**
 * Yields the compressed data: the verified bodies of the IDAT chunks, joined to pieces. A piece is valid until the next
 * but one is requested. zlib takes 0.8 of the time for pieces of 1 MiB that it takes for 64 KiB, the size of the chunks
 * that most encoders write.
 *
 * @throws UnsoundPng, ConvoError as reading does
 */
async function* dataOf(source: Source, isOne: boolean): AsyncGenerator<Uint8Array> {
  const read = isOne ? await readerOfOne(source) : readerOf(source)
  // of the current chunk: its type, the bytes of its body that follow, and the checksum of those before
  let [type, left, crc, isBegun] = [0, 0, 0, false]
  // a chunk ends in a checksum, and what comes before the first is skipped like one
  for (let from = 4; ; ) {
    const window = await read(from)
    let [at, filled] = [0, 0]
    for (;;) {
      const body = window.subarray(at, type === idat ? at + left : at)
      crc = crc32(body, crc)
      window.copyWithin(filled, at, at + body.length)
      filled += body.length
      const passed = type === idat ? body.length : left
      at += passed
      left -= passed
      if (left > 0 || at + 12 > window.length) break
      const { buffer, byteOffset } = window
      const view = new DataView(buffer, byteOffset + at, 12)
      if (type === idat && crc !== view.getUint32(0)) throw new UnsoundPng('checksum')
      left = view.getUint32(4)
      type = view.getUint32(8)
      if (type !== idat && isBegun) {
        yield window.subarray(0, filled)
        return
      }
      isBegun ||= type === idat
      crc = crc32(window.subarray(at + 8, at + 12))
      at += 12
    }
    if (at === 0) throw new UnsoundPng('the file ends early')
    // also without data, so that the place of the piece before is not used again too soon
    yield window.subarray(0, filled)
    from += at
  }
}

/** Reads pieces of a source into memory that may be changed, in turns into one of two places. */
function readerOf(source: Source): (at: number) => Promise<Uint8Array> {
  const rooms = [0, 1].map(() => Buffer.allocUnsafeSlow(pieceBytes)) as [Buffer, Buffer]
  return async (at) => {
    const [room] = rooms.reverse() as [Buffer]
    if (typeof source === 'string') return room.subarray(0, await readAt(source, room, at))
    const piece = source.subarray(at, at + pieceBytes)
    room.set(piece)
    return room.subarray(0, piece.length)
  }
}

/** Does the same for a source of a single piece. */
async function readerOfOne(source: Source): Promise<(at: number) => Promise<Uint8Array>> {
  const bytes = await wholeOf(source)
  const own = typeof source === 'string' ? bytes : new Uint8Array(bytes)
  return async (at) => own.subarray(at)
}

/** Yields the rows of a PNG; see `PlainDecoder`. */
export const decodePlain: PlainDecoder = async function* (png) {
  const { rowBytes } = layoutOf(png.head)
  const bench = lent()
  try {
    for await (const { address, rows } of stripsOf(png, bench))
      yield new Uint8Array(bench.arena.memory.buffer, address, rows * rowBytes)
    return true
  } catch (error) {
    if (error instanceof UnsoundPng) return false
    throw error
  } finally {
    bench.giveBack()
  }
}
