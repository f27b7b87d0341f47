import { pause } from '../host/turns.ts'
import type { PlainDecoder, PlainPng } from '../image/png-head.ts'
import { madeAside } from './png-crew.ts'
import {
  type Bench,
  closeRows,
  layoutOf,
  newBench,
  nextStrip,
  openRows,
  type Strip,
  UnsoundPng,
} from './png-data.ts'

/** Strips that a helper has ready at most. */
const slotsAhead = 4

const free: Bench[] = []

/** Lends out a bench; what was allocated in it is taken back. */
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

/**
 * The rows of a plain PNG from top to bottom. A strip is valid until the next is asked for; all but the last have
 * `stripRows` rows. With helpers, they are made on another thread as soon as one has nothing to do.
 *
 * @throws UnsoundPng for data that is damaged, or more or less than the header says
 */
export async function* stripsOf(png: PlainPng, bench: Bench, withHelpers = false): AsyncGenerator<Strip> {
  const cursor = openRows(png, bench, withHelpers ? slotsAhead : 1)
  try {
    for (;;) {
      const aside = withHelpers ? madeAside(cursor, bench) : undefined
      if (aside !== undefined) return yield* aside
      const strip = nextStrip(cursor, bench)
      if (strip === undefined) return
      yield strip
      await pause()
    }
  } finally {
    closeRows(cursor)
  }
}

/** All samples of a PNG: see `PlainDecoder`. */
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
