import { closeSync, fstatSync, readSync } from 'node:fs'
import { openFile } from '../files/read.ts'
import { type Address, plus } from '../graph/address.ts'
import type { PlainPng, PngHead } from '../image/png-head.ts'
import { crc32 } from '../image/png-parts.ts'
import type { Source } from '../image/reader.ts'
import { type Arena, createArena } from './arena.ts'
import { loadEngine, type WasmExports } from './engine.ts'

/** Rows in the memory of a bench: one right behind the other, samples little-endian. */
export type Strip = { readonly address: Address; readonly rows: number }

/** A memory with the loops over it. */
export type Loops = { readonly memory: WebAssembly.Memory; readonly wasm: WasmExports }

/** The same, from which memory can be taken. */
export type Bench = Loops & { readonly arena: Arena }

/** What is wrong with a file here is said better by the decoder that reads all of them. */
export class UnsoundPng extends Error {}

/** Filtered bytes of a strip: they stay in the cache until they are used. */
const stripBytes = 2 ** 18
/** Compressed bytes that are read at a time. */
const pieceBytes = 2 ** 18
/** What `inflate` may read past its input, and write past what it is asked for. */
const slack = { input: 1024, output: 384 } as const
/** Bytes that deflate reaches back to. */
const windowBytes = 2 ** 15

const imageData = 0x49444154

/** How far a plain PNG has been read. Any thread that has the memory may go on with it. */
export type Cursor = {
  readonly source: Source
  readonly fd: number
  readonly size: number
  readonly head: PngHead
  readonly state: Address
  /** Room for compressed bytes. */
  readonly input: Address
  readonly room: number
  readonly raw: Address
  /** Where strips go in turn, each behind room for the row before it. */
  readonly slots: readonly Address[]
  /** Where the next bytes are in the file, and how many are left of their chunk. */
  at: number
  left: number
  crc: number
  isBegun: boolean
  /** Compressed bytes that were handed over last. */
  fed: number
  isAll: boolean
  strips: number
  done: number
  adler: number
}

/** A new memory with the loops over it. */
export function newBench(): Bench {
  const arena = createArena()
  const { memory } = arena
  return { arena, memory, wasm: loadEngine(memory) }
}

/** Bytes of a pixel, of a row of a plain PNG, and rows of a strip. */
export function layoutOf({ width, height, channels, depth }: PngHead) {
  const bpp = channels * (depth / 8)
  const rowBytes = width * bpp
  return { bpp, rowBytes, stripRows: Math.max(1, Math.min(height, Math.floor(stripBytes / (rowBytes + 1)))) }
}

/**
 * Begins to read the rows of a plain PNG into a number of slots. To be closed.
 *
 * @throws ConvoError E_INPUT for a file that cannot be opened
 */
export function openRows({ source, head }: PlainPng, { arena, wasm }: Bench, slots: number): Cursor {
  const { rowBytes, stripRows } = layoutOf(head)
  const fd = typeof source === 'string' ? openFile(source) : -1
  const size = typeof source === 'string' ? fstatSync(fd).size : source.length
  const room = Math.min(size, pieceBytes) + slack.input
  const window = Math.min(windowBytes, head.height * (rowBytes + 1))
  const state = arena.alloc(wasm.inflateBytes())
  const raw = plus(arena.alloc(window + stripRows * (rowBytes + 1) + slack.output), window)
  wasm.inflateBegin(state, raw)
  return {
    ...{ source, fd, size, head, state, room, raw },
    input: arena.alloc(room + slack.input),
    slots: Array.from({ length: slots }, () =>
      plus(arena.alloc(64 + (stripRows + 1) * rowBytes), 64 + rowBytes),
    ),
    ...{ at: 8, left: 0, crc: 0, isBegun: false, fed: 0, isAll: false, strips: 0, done: 0, adler: 1 },
  }
}

export function closeRows({ fd }: Cursor): void {
  if (fd >= 0) closeSync(fd)
}

/**
 * The next strip, valid until its slot's turn comes again; undefined behind the last. All but the last have the same number
 * of rows.
 *
 * @throws UnsoundPng for data that is damaged, or more or less than the header says
 */
export function nextStrip(cursor: Cursor, loops: Loops): Strip | undefined {
  const { memory, wasm } = loops
  const { head, state, raw, slots } = cursor
  const { bpp, rowBytes, stripRows } = layoutOf(head)
  const rows = Math.min(stripRows, head.height - cursor.done)
  if (rows === 0) {
    finish(cursor, loops)
    return undefined
  }
  const size = rows * (rowBytes + 1)
  if (advance(cursor, loops, plus(raw, size)) !== 0) throw new UnsoundPng('there is less data than rows')
  cursor.adler = wasm.adler32(raw, size, cursor.adler)
  const address = slots[cursor.strips % slots.length]!
  const bytes = new Uint8Array(memory.buffer)
  if (cursor.done === 0) bytes.fill(0, address - rowBytes, address)
  if (wasm.unfilterRows(address, raw, rowBytes, rows, bpp) < rows) throw new UnsoundPng('no such filter')
  cursor.strips++
  cursor.done += rows
  if (cursor.done < head.height) {
    wasm.inflateMove(state, plus(raw, size), size)
    const after = slots[cursor.strips % slots.length]! - rowBytes
    const last = address + (rows - 1) * rowBytes
    bytes.copyWithin(after, last, last + rowBytes)
  }
  if (head.depth === 16) wasm.swapU16(address, address, (rows * rowBytes) / 2)
  return { address, rows }
}

/** Checks that the data ends with the rows. */
function finish(cursor: Cursor, loops: Loops): void {
  const { wasm } = loops
  const end = wasm.inflateEnd(cursor.state)
  if (advance(cursor, loops, plus(end, 1)) !== 2) throw new UnsoundPng('there is more data than rows')
  const { rowBytes, stripRows } = layoutOf(cursor.head)
  const rows = cursor.head.height - (Math.ceil(cursor.head.height / stripRows) - 1) * stripRows
  const isWhole = end === plus(cursor.raw, rows * (rowBytes + 1))
  if (!isWhole || wasm.inflateCheck(cursor.state) !== (cursor.adler | 0)) throw new UnsoundPng('checksum')
  // chunks behind the end of the stream are to be sound too
  for (; !cursor.isAll; feed(cursor, loops)) cursor.fed = 0
}

/** Inflates until a byte is there: 0, or until the stream ends: 2. */
function advance(cursor: Cursor, loops: Loops, until: Address): number {
  for (;;) {
    const result = loops.wasm.inflate(cursor.state, until)
    if (result < 0) throw new UnsoundPng('damaged data')
    if (result !== 1) return result
    feed(cursor, loops)
  }
}

/** Hands over the next piece of the compressed data, the bodies of IDAT, whose checksums it looks at. */
function feed(cursor: Cursor, { memory, wasm }: Loops): void {
  const { input, room, state } = cursor
  const bytes = new Uint8Array(memory.buffer)
  let have = 0
  if (cursor.fed > 0) {
    const rest = wasm.inflateInput(state)
    have = input + cursor.fed - rest
    bytes.copyWithin(input, rest, rest + have)
  }
  while (have < room && !cursor.isAll) {
    if (cursor.left === 0) nextChunk(cursor)
    else {
      const part = bytes.subarray(input + have, input + Math.min(have + cursor.left, room))
      read(cursor, part)
      cursor.crc = crc32(part, cursor.crc)
      have += part.length
      cursor.left -= part.length
      if (cursor.left === 0) endChunk(cursor)
    }
  }
  if (cursor.isAll) bytes.fill(0, input + have, input + have + slack.input)
  cursor.fed = have
  wasm.inflateFeed(state, input, have, cursor.isAll)
}

/** Goes to the body of the next IDAT; all is read where another chunk follows on one, or where the file ends. */
function nextChunk(cursor: Cursor): void {
  while (cursor.at + 12 <= cursor.size) {
    const head = read(cursor, Buffer.alloc(8))
    const length = head.readUInt32BE(0)
    const isData = head.readUInt32BE(4) === imageData
    if (cursor.at + length + 4 > cursor.size || (!isData && cursor.isBegun)) break
    if (!isData) cursor.at += length + 4
    else {
      cursor.crc = crc32(head.subarray(4))
      cursor.left = length
      cursor.isBegun = true
      if (length === 0) endChunk(cursor)
      return
    }
  }
  cursor.isAll = true
}

function endChunk(cursor: Cursor): void {
  if (read(cursor, Buffer.alloc(4)).readUInt32BE(0) !== cursor.crc) throw new UnsoundPng('checksum')
}

/** Fills bytes from where the cursor is in the file. */
function read<T extends Uint8Array>(cursor: Cursor, into: T): T {
  const { source, fd, at } = cursor
  if (typeof source !== 'string') into.set(source.subarray(at, at + into.length))
  else {
    for (let done = 0; done < into.length; ) {
      const count = readSync(fd, into, done, into.length - done, at + done)
      if (count === 0) throw new UnsoundPng('the file became shorter')
      done += count
    }
  }
  cursor.at += into.length
  return into
}
