import { afterEach, expect, test } from 'vitest'
import { random, scratch, wholes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const next = random(5)

afterEach(() => expect(s.broken()).toEqual([]))

function predict(filter: number, a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c
  return [0, a, b, Math.floor((a + b) / 2), paeth][filter]!
}

/**
 * Filters a row by the text of PNG, section 9: the smallest sum of absolute values wins, and of equal ones the lower
 * number.
 */
function filterRow(row: Uint8Array, above: Uint8Array | undefined, bpp: number): number[] {
  const candidates = (above ? [0, 1, 2, 3, 4] : [0, 1]).map((filter) => {
    const bytes = Array.from(row, (x, i) => {
      const [a, b, c] = [row[i - bpp] ?? 0, above?.[i] ?? 0, above?.[i - bpp] ?? 0]
      return (x - predict(filter, a, b, c)) & 255
    })
    return { bytes: [filter, ...bytes], cost: bytes.reduce((sum, v) => sum + Math.min(v, 256 - v), 0) }
  })
  return candidates.reduce((best, c) => (c.cost < best.cost ? c : best)).bytes
}

/**
 * Makes rows for which each filter wins sometimes: noise, flat, ramps, copies of the row above, smooth in both
 * directions.
 */
function texture(kind: number, n: number, bpp: number, above: Uint8Array): Uint8Array {
  const noise = () => Math.floor(next() * 5)
  if (kind === 0) return Uint8Array.from(wholes(next, n, 0, 255))
  if (kind === 1) return new Uint8Array(n).fill(Math.floor(next() * 256))
  if (kind === 2) return Uint8Array.from({ length: n }, (_, i) => 3 * Math.floor(i / bpp) + noise())
  if (kind === 3) return above.map((v) => v + noise())
  const row = new Uint8Array(n)
  for (let i = 0; i < n; i++) {
    const a = row[i - bpp] ?? 0
    row[i] =
      kind === 4 ? Math.floor((a + above[i]!) / 2) + noise() : a + above[i]! - (above[i - bpp] ?? 0) + noise()
  }
  return row
}

test('rows are filtered as the definition says, whichever filter wins', () => {
  const won = new Set<number>()
  const widths = [...Array.from({ length: 40 }, (_, i) => i + 1), 100, 4079, 4080, 4081, 9000]
  for (const bpp of [1, 2, 3, 4, 6, 8]) {
    for (const pixels of widths) {
      for (const withAbove of [false, true]) {
        s.reset()
        const n = pixels * bpp
        if (n > 10000) continue
        const pitch = Math.ceil((n + 64) / 16) * 16
        const rows = n > 500 ? 6 : 8
        const before = Uint8Array.from(wholes(next, n, 0, 255))
        const tile = new Uint8Array(pitch * rows).fill(0x55)
        const expected: number[] = []
        let above: Uint8Array | undefined = withAbove ? before : undefined
        for (let y = 0; y < rows; y++) {
          const row: Uint8Array = texture(Math.floor(next() * 6), n, bpp, above ?? before)
          tile.set(row, y * pitch)
          const filtered = filterRow(row, above, bpp)
          won.add(filtered[0]!)
          expected.push(...filtered)
          above = row
        }
        const to = s.room(rows * (n + 1))
        const scratchBlock = s.room(128)
        wasm.filterRows(to, s.put(tile), pitch, n, rows, bpp, withAbove ? s.put(before) : 0, scratchBlock)
        expect(Array.from(s.u8(to, expected.length))).toEqual(expected)
        expect(s.broken()).toEqual([])
      }
    }
  }
  expect([...won].sort()).toEqual([0, 1, 2, 3, 4])
})

test('the Paeth predictor, for every left neighbour against the corner values of the two above', () => {
  const values = [0, 1, 2, 3, 63, 64, 100, 126, 127, 128, 129, 191, 200, 253, 254, 255]
  for (const c of values) {
    for (const b of values) {
      // Every second sample has a to its left, b above and c above a, and equals the Paeth prediction.
      s.reset()
      const n = 512
      const row = new Uint8Array(n)
      const above = new Uint8Array(n)
      for (let a = 0; a < 256; a++) {
        row[2 * a] = a
        above[2 * a] = c
        above[2 * a + 1] = b
        const predicted = predict(4, a, b, c)
        row[2 * a + 1] = predicted
      }
      const to = s.room(n + 1)
      wasm.filterRows(to, s.put(row), n + 64, n, 1, 1, s.put(above), s.room(128))
      expect(Array.from(s.u8(to, n + 1))).toEqual(filterRow(row, above, 1))
    }
  }
})

test('Adler-32, also in pieces', () => {
  const adler = (bytes: Uint8Array, start: number) => {
    let [a, b] = [start & 0xffff, start >>> 16]
    for (const v of bytes) {
      a = (a + v) % 65521
      b = (b + a) % 65521
    }
    return ((b << 16) | a) >>> 0
  }
  for (const n of [0, 1, 2, 15, 16, 17, 31, 100, 5551, 5552, 5553, 5568, 70000]) {
    for (const bytes of [new Uint8Array(n).fill(255), Uint8Array.from(wholes(next, n, 0, 255))]) {
      s.reset()
      const from = s.put(bytes)
      expect(wasm.adler32(from, n, 1) >>> 0).toBe(adler(bytes, 1))
      expect(wasm.adler32(from, n, 0xfff0fff0) >>> 0).toBe(adler(bytes, 0xfff0fff0))
    }
  }
  expect(wasm.adler32(s.put(new TextEncoder().encode('Wikipedia')), 9, 1) >>> 0).toBe(0x11e60398)
})
