import { afterEach, expect, test } from 'vitest'
import { floats, random, scratch, sizes, wholes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const next = random(1)

afterEach(() => expect(s.broken()).toEqual([]))

test('samples become float32 exactly', () => {
  for (const n of sizes) {
    s.reset()
    const bytes = Uint8Array.from(wholes(next, n, 0, 255))
    const words = Uint16Array.from(wholes(next, n, 0, 65535))
    const signed = Int16Array.from(wholes(next, n, -32768, 32767))
    const sums = Int32Array.from(wholes(next, n, -(2 ** 31), 2 ** 31 - 1))
    const to = s.room(4 * n)
    wasm.convertU8(to, s.put(bytes), n)
    expect(s.f32(to, n)).toEqual(Float32Array.from(bytes))
    wasm.convertU16(to, s.put(words), n)
    expect(s.f32(to, n)).toEqual(Float32Array.from(words))
    wasm.convertI16(to, s.put(signed), n)
    expect(s.f32(to, n)).toEqual(Float32Array.from(signed))
    wasm.convertI32(to, s.put(sums), n)
    expect(s.f32(to, n)).toEqual(Float32Array.from(sums))
    expect(s.broken()).toEqual([])
  }
})

test('tables are looked up for every sample', () => {
  const table8 = floats(next, 256, 255)
  const table16 = floats(next, 65536, 65535)
  for (const n of [1, 2, 3, 17, 300]) {
    s.reset()
    const bytes = Uint8Array.from(wholes(next, n, 0, 255))
    const words = Uint16Array.from(wholes(next, n, 0, 65535))
    const to = s.room(4 * n)
    wasm.lookupU8(to, s.put(bytes), n, s.put(table8))
    expect(s.f32(to, n)).toEqual(Float32Array.from(bytes, (v) => table8[v]!))
    wasm.lookupU16(to, s.put(words), n, s.put(table16))
    expect(s.f32(to, n)).toEqual(Float32Array.from(words, (v) => table16[v]!))
  }
})

test('halo pixels come from their columns or the fill pixel, and nothing else is written', () => {
  for (const pixelBytes of [1, 2, 3, 4, 6, 8, 12, 16]) {
    for (const count of [0, 1, 2, 5, 9]) {
      s.reset()
      const pixels = 7
      const row = Uint8Array.from(wholes(next, pixels * pixelBytes, 0, 255))
      const fill = Uint8Array.from(wholes(next, pixelBytes, 0, 255))
      const columns = Int32Array.from(wholes(next, count, -1, pixels - 1))
      const to = s.room(count * pixelBytes)
      const before = s.u8(to, count * pixelBytes + 64)
      wasm.fillHalo(to, s.put(row), s.put(columns), count, pixelBytes, s.put(fill))
      const expected = before.slice()
      columns.forEach((column, i) => {
        const pixel = column < 0 ? fill : row.subarray(column * pixelBytes, (column + 1) * pixelBytes)
        expected.set(pixel, i * pixelBytes)
      })
      expect(s.u8(to, count * pixelBytes + 64)).toEqual(expected)
    }
  }
})

test('a row is split into the phases of a stride', () => {
  for (const pixelBytes of [1, 2, 3, 4, 6, 8, 12, 16]) {
    for (const stride of [1, 2, 3, 5]) {
      for (const pixels of [1, 2, 3, 4, 7, 20]) {
        s.reset()
        const row = Uint8Array.from(wholes(next, pixels * pixelBytes, 0, 255))
        const phasePixels = Math.ceil(pixels / stride)
        const pitch = Math.ceil((phasePixels * pixelBytes + 64) / 16) * 16
        const to = s.room(pitch * stride - 64)
        wasm.splitPhases(to, pitch, s.put(row), pixels, stride, pixelBytes)
        for (let p = 0; p < Math.min(stride, pixels); p++) {
          const expected: number[] = []
          for (let i = p; i < pixels; i += stride) {
            expected.push(...row.subarray(i * pixelBytes, (i + 1) * pixelBytes))
          }
          expect([...s.u8(to + p * pitch, expected.length)]).toEqual(expected)
        }
        expect(s.broken()).toEqual([])
      }
    }
  }
})
