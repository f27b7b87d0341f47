import { noBlock, plus } from '../graph/address.ts'
import { type Largest, largestIn } from '../image/compare/comparison.ts'
import type { Differ } from '../image/compare/measure.ts'
import { optional } from '../text/record.ts'
import { optimise } from './engine.ts'
import { layoutOf, stripsOf, UnsoundPng, withBench } from './png-rows.ts'

/** The number of pixels above which loops are compiled by the optimising compiler at once. */
const optimisedFrom = 2 ** 20

/**
 * Measures two PNGs of the same shape, channels and depth as `measure` does, but strip by strip. Both are inflated at
 * the same time on other threads, and neither picture is ever complete in memory unless it is to be kept. Returns
 * undefined if one is damaged.
 */
export const differPlain: Differ = async (expected, actual, { threshold, compared, ignored, keep }) => {
  const { width, height, channels, depth } = expected.head
  const { rowBytes } = layoutOf(expected.head)
  const bytes = depth / 8
  if (width * height > optimisedFrom) optimise()
  const samplesOf = (n: number) => new (depth === 16 ? Uint16Array : Uint8Array)(n)
  const values = samplesOf(width * height)
  const kept = keep
    ? ([samplesOf(width * height * channels), samplesOf(width * height * channels)] as const)
    : undefined
  const rowCounts = new Uint32Array(height)
  let [differing, beyond, sumOfSquares, most, y] = [0, 0, 0, 0, 0]
  let largest: Largest | undefined
  try {
    await withBench(async (bench) => {
      const { arena, wasm } = bench
      const found = arena.alloc(32)
      const rowValues = arena.alloc(width * bytes)
      const rowIgnored = arena.alloc(width)
      // both allocate their memory with the first strip, so the views created after it cover all of it
      const [a, b] = [stripsOf(expected, bench), stripsOf(actual, bench)]
      try {
        for (;;) {
          const [left, right] = await Promise.all([a.next(), b.next()])
          if (left.done === true || right.done === true) break
          const { buffer } = arena.memory
          const all = new Uint8Array(buffer)
          const view = new DataView(buffer, found, 32)
          const samplesAt = (address: number, n: number) =>
            depth === 16 ? new Uint16Array(buffer, address, n) : new Uint8Array(buffer, address, n)
          const row = samplesAt(rowValues, width)
          const pixel = (address: number) => Array.from(samplesAt(address, channels))
          for (const [i, { address, rows }] of [left.value, right.value].entries())
            kept?.[i]?.set(samplesAt(address, rows * width * channels), y * width * channels)
          for (let i = 0; i < left.value.rows; i++, y++) {
            const [p, q] = [plus(left.value.address, i * rowBytes), plus(right.value.address, i * rowBytes)]
            if (ignored !== undefined) all.set(ignored.subarray(y * width, (y + 1) * width), rowIgnored)
            const mask = ignored === undefined ? noBlock : rowIgnored
            wasm.differRow(rowValues, p, q, width, channels, compared, bytes, threshold, most, mask, found)
            const count = view.getUint32(0, true)
            if (count === 0) continue
            values.set(row, y * width)
            rowCounts[y] = count
            differing += count
            beyond += view.getUint32(4, true)
            sumOfSquares += view.getFloat64(8, true)
            const x = view.getInt32(20, true)
            if (x < 0) continue
            most = view.getUint32(16, true)
            const channel = view.getInt32(24, true)
            const at = x * channels * bytes
            largest = largestIn(most, channel, channels, [x, y], [pixel(p + at), pixel(q + at)])
          }
        }
      } finally {
        await Promise.all([a.return(undefined), b.return(undefined)])
      }
    })
  } catch (error) {
    if (error instanceof UnsoundPng) return undefined
    throw error
  }
  return { differing, beyond, sumOfSquares, largest, values, rowCounts, ...optional('kept', kept) }
}
