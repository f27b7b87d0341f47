import { afterEach, expect, test } from 'vitest'
import { differRow } from '../../src/definition/differ.ts'
import { filterRows, unfilterRows } from '../../src/definition/filter-rows.ts'
import { random, scratch, wholes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const next = random(9)

afterEach(() => expect(s.broken()).toEqual([]))

/** Makes rows of random bytes, each after a random filter number. */
function filteredRows(rows: number, rowBytes: number): Uint8Array {
  const bytes = Uint8Array.from(wholes(next, rows * (rowBytes + 1), 0, 255))
  for (let y = 0; y < rows; y++) bytes[y * (rowBytes + 1)] = Math.floor(next() * 5)
  return bytes
}

test('filters are undone as the definition says, whatever the size of a pixel', () => {
  for (const bpp of [1, 2, 3, 4, 6, 8]) {
    for (const pixels of [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 101, 700]) {
      for (const withAbove of [false, true]) {
        s.reset()
        const rowBytes = pixels * bpp
        const rows = 9
        const filtered = filteredRows(rows, rowBytes)
        const above = Uint8Array.from(wholes(next, rowBytes, 0, 255))
        const src = s.put(filtered)
        // as in a strip, the row before the first one directly precedes it
        const whole = s.put(new Uint8Array(64 + rowBytes * (rows + 1)))
        const dst = whole + 64 + rowBytes
        if (withAbove) s.write(whole + 64, above)
        expect(wasm.unfilterRows(dst, src, rowBytes, rows, bpp)).toBe(rows)
        const expected = unfilterRows(filtered, rowBytes, bpp, withAbove ? above : undefined)
        expect(s.u8(dst, rowBytes * rows)).toEqual(expected)
      }
    }
  }
})

test('the definition undoes what the definition of the filters does', () => {
  for (const bpp of [1, 2, 3, 4, 6, 8]) {
    for (const pixels of [1, 2, 5, 16, 40]) {
      const rowBytes = pixels * bpp
      const rows = Uint8Array.from(wholes(next, rowBytes * 7, 0, 255))
      const above = Uint8Array.from(wholes(next, rowBytes, 0, 255))
      const filtered = filterRows(rows, rowBytes, bpp, above, 'adaptive')
      expect(unfilterRows(filtered, rowBytes, bpp, above)).toEqual(rows)
    }
  }
})

test('a filter that does not exist is found at its row', () => {
  for (const row of [0, 3, 8]) {
    s.reset()
    const filtered = filteredRows(9, 12)
    filtered[row * 13] = 5
    expect(wasm.unfilterRows(s.room(64 + 9 * 12) + 64, s.put(filtered), 12, 9, 3)).toBe(row)
    expect(unfilterRows(filtered, 12, 3)).toBeUndefined()
  }
})

test('differences of rows are those of the definition', () => {
  for (const Samples of [Uint8Array, Uint16Array]) {
    const full = Samples === Uint8Array ? 255 : 65535
    for (const channels of [1, 2, 3, 4]) {
      for (const compared of new Set([channels, Math.max(1, channels - 1)])) {
        for (const pixels of [1, 2, 4, 5, 6, 7, 15, 16, 17, 40, 333]) {
          for (const share of [0, 0.1, 1]) {
            s.reset()
            const a = Samples.from(wholes(next, pixels * channels, 0, full))
            const b = a.map((v) => (next() < share ? wholes(next, 1, 0, full)[0]! : v))
            const ignored =
              next() < 0.5 ? undefined : Uint8Array.from(a.subarray(0, pixels), () => Math.round(next()))
            const values = new Samples(pixels)
            const [threshold, most] = [Math.floor(next() * full), Math.floor((next() * full) / 2)]
            const expected = differRow(values, a, b, channels, compared, threshold, most, ignored)
            const bytes = Samples.BYTES_PER_ELEMENT
            const [to, found] = [s.room(pixels * bytes), s.room(32)]
            const mask = ignored === undefined ? 0 : s.put(ignored)
            wasm.differRow(
              to,
              s.put(a),
              s.put(b),
              pixels,
              channels,
              compared,
              bytes,
              threshold,
              most,
              mask,
              found,
            )
            const [count, beyond] = s.u32(found, 2)
            const squares = new Float64Array(s.u8(found + 8, 8).buffer)[0]
            const [largest, x, channel] = s.i32(found + 16, 3)
            expect({ count, beyond, squares, most: largest, x, channel }).toEqual(expected)
            expect(bytes === 1 ? s.u8(to, pixels) : s.u16(to, pixels)).toEqual(values)
          }
        }
      }
    }
  }
})
