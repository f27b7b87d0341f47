import { copyTo } from '../host/turns.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'
import { viewSamples } from './flatten.ts'

/** The bytes that are decoded beyond the rows that were asked for, while these are worked on. */
export const aheadBytes = 2 ** 22

/**
 * Decodes rows from top to bottom, as fast as they are asked for. `strips` yields equal numbers of rows, except at the
 * end, and returns whether the file is sound. For one that is not, `general` returns all samples, or throws.
 */
export function arrivingRows(
  strips: AsyncGenerator<Uint8Array, boolean>,
  { height, rowBytes, depth }: { readonly height: number; readonly rowBytes: number; readonly depth: 8 | 16 },
  general: () => Promise<Samples>,
): Arriving {
  const ahead = Math.ceil(aheadBytes / rowBytes)
  /** The strips from the first on, those that were given up as undefined, and memory for further ones. */
  const blocks: (Uint8Array | undefined)[] = []
  const free: Uint8Array[] = []
  let [stripRows, there, wanted, kept] = [height, 0, 0, 0]
  let all: Samples | undefined
  let goOn: () => void = () => undefined
  const waiting = new Map<number, { readonly promise: Promise<unknown>; readonly done: () => void }>()

  const hold = (strip: Uint8Array) => {
    if (blocks.length === 0) stripRows = strip.length / rowBytes
    const room = free.pop() ?? Buffer.allocUnsafeSlow(strip.length)
    room.set(strip)
    blocks.push(room)
    there += strip.length / rowBytes
    forget(kept)
  }
  const forget = (row: number) => {
    kept = row
    for (let i = Math.min(Math.floor(row / stripRows), blocks.length) - 1; i >= 0; i--) {
      const block = blocks[i]
      if (block === undefined) return
      blocks[i] = undefined
      free.push(block)
    }
  }
  const decodeAll = async () => {
    for (;;) {
      const { done, value } = await strips.next()
      if (done) {
        if (!value) all = await general()
        return
      }
      hold(value)
      for (const [rows, { done }] of waiting) {
        if (rows > there) continue
        waiting.delete(rows)
        done()
      }
      if (there >= wanted + ahead) await new Promise<void>((resolve) => (goOn = resolve))
    }
  }
  const decoding = decodeAll()
  // callers that wait for the rows get the error
  decoding.catch(() => undefined)
  const upTo = (rows: number): Promise<unknown> => {
    wanted = Math.max(wanted, rows)
    goOn()
    if (rows >= height) return decoding
    const known = waiting.get(rows)
    if (known !== undefined) return known.promise
    let done: () => void = () => undefined
    const promise = Promise.race([decoding, new Promise<void>((resolve) => (done = resolve))])
    promise.catch(() => undefined)
    waiting.set(rows, { promise, done })
    return promise
  }
  return {
    missing: (rows) => (rows <= there || all !== undefined ? undefined : upTo(rows)),
    bytes([first, end]) {
      if (all !== undefined)
        return [new Uint8Array(all.buffer, all.byteOffset + first * rowBytes, (end - first) * rowBytes)]
      const pieces: Uint8Array[] = []
      for (let row = first; row < end; ) {
        const i = Math.floor(row / stripRows)
        const last = Math.min(end, (i + 1) * stripRows)
        pieces.push(blocks[i]!.subarray((row - i * stripRows) * rowBytes, (last - i * stripRows) * rowBytes))
        row = last
      }
      return pieces
    },
    forget,
    end: () => upTo(height),
    async whole() {
      await upTo(height)
      if (all !== undefined) return all
      const out = Buffer.allocUnsafeSlow(height * rowBytes)
      for (const [i, block] of blocks.entries()) await copyTo(out, block!, i * stripRows * rowBytes)
      return viewSamples(out, depth)
    },
  }
}
