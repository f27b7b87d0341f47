import { afterEach, describe, expect, test } from 'vitest'
import { floats, random, scratch, sizes, wholes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const f = Math.fround
const next = random(2)

afterEach(() => expect(s.broken()).toEqual([]))

const align = (bytes: number) => Math.ceil((bytes + 64) / 16) * 16

/** The definition: a list of taps on a tile of `samples`. Offsets count samples. */
function tapSums(
  tile: ArrayLike<number>,
  step: number,
  n: number,
  rows: number,
  offsets: readonly number[],
  weights: ArrayLike<number>,
  round: (v: number) => number,
): number[] {
  const sums: number[] = []
  for (let y = 0; y < rows; y++) {
    for (let i = 0; i < n; i++) {
      let acc = 0
      offsets.forEach((o, t) => {
        acc = round(acc + round(weights[t]! * tile[y * step + o + i]!))
      })
      sums.push(acc)
    }
  }
  return sums
}

type World = { n: number; rows: number; pitch: number; offsets: number[]; samples: number }

/** Makes a tile of `rows` + 2 rows of `n` + 6 samples of `size` bytes, with a pitch that is not a power of two. */
function world(n: number, count: number, size: number): World {
  const rows = 1 + Math.floor(next() * 3)
  const pitch = align((n + 6) * size + 48) / size
  const offsets = Array.from({ length: count }, () => Math.floor(next() * 3) * pitch + Math.floor(next() * 7))
  return { n, rows, pitch, offsets, samples: (rows + 2) * pitch }
}

const tapCounts = [1, 2, 3, 5, 9, 12]
const table = (values: readonly number[], size: number) => Int32Array.from(values, (v) => v * size)

function readRows(
  to: number,
  pitch: number,
  n: number,
  rows: number,
  read: (a: number, n: number) => ArrayLike<number>,
) {
  return Array.from({ length: rows }, (_, y) => Array.from(read(to + y * pitch, n))).flat()
}

test('the float tap list adds its taps in order, rounding each product and each sum', () => {
  for (const n of sizes) {
    for (const count of n > 200 ? [3] : tapCounts) {
      s.reset()
      const w = world(n, count, 4)
      const tile = floats(next, w.samples, 255)
      const weights = floats(next, count, 2)
      const pitch = align(4 * n)
      const to = s.room(pitch * w.rows - 64)
      const step = w.pitch * 4
      wasm.tapsF32(to, pitch, s.put(tile), step, n, w.rows, s.put(table(w.offsets, 4)), s.put(weights), count)
      const expected = tapSums(tile, w.pitch, n, w.rows, w.offsets, weights, f)
      expect(readRows(to, pitch, n, w.rows, s.f32)).toEqual(expected)
      expect(s.broken()).toEqual([])
    }
  }
})

test('an empty tap list gives zeros, and offsets may point backwards', () => {
  s.reset()
  const tile = floats(next, 200, 255)
  const to = s.room(4 * 50)
  const from = s.put(tile)
  wasm.tapsF32(to, 320, from, 0, 50, 1, s.room(4), s.room(4), 0)
  expect(s.f32(to, 50)).toEqual(new Float32Array(50))
  const weights = Float32Array.of(1, -0.25)
  wasm.tapsF32(to, 320, from + 400, 0, 50, 1, s.put(Int32Array.of(-400, 4)), s.put(weights), 2)
  expect(Array.from(s.f32(to, 50))).toEqual(tapSums(tile, 0, 50, 1, [0, 101], weights, f))
})

test('a dense kernel, whose rows of sums share their loads, gives each row its own taps in order', () => {
  for (const n of sizes) {
    for (const [kH, kW, step] of n > 200 ? [[3, 3, 1] as const] : denseShapes) {
      for (const rows of [1, 2, 3, 4]) {
        s.reset()
        const pitch = align(4 * (n + 3 * kW)) / 4
        const tile = floats(next, pitch * (rows * step + kH * step), 255)
        const count = kH * kW
        const offsets = Array.from(
          { length: count },
          (_, t) => Math.floor(t / kW) * step * pitch + (t % kW) * 3,
        )
        const weights = floats(next, count, 2)
        const outPitch = align(4 * n)
        const to = s.room(outPitch * rows - 64)
        const rowStep = step * pitch
        const [o, k] = [s.put(table(offsets, 4)), s.put(weights)]
        wasm.tapsF32(to, outPitch, s.put(tile), 4 * rowStep, n, rows, o, k, count)
        expect(readRows(to, outPitch, n, rows, s.f32)).toEqual(
          tapSums(tile, rowStep, n, rows, offsets, weights, f),
        )
        expect(s.broken()).toEqual([])
      }
    }
  }
})

test('rows that share loads do not see samples under taps they do not have', () => {
  s.reset()
  const pitch = 64
  const tile = new Float32Array(pitch * 5).fill(1)
  tile.fill(Number.POSITIVE_INFINITY, 0, pitch)
  tile.fill(Number.NaN, 4 * pitch)
  const offsets = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => y * pitch + x))
  const to = s.room(2 * 256)
  const [from, o, k] = [s.put(tile), s.put(table(offsets, 4)), s.put(new Float32Array(9).fill(1))]
  wasm.tapsF32(to, 256, from, 4 * pitch, 40, 2, o, k, 9)
  expect(Array.from(s.f32(to, 40))).toEqual(new Array(40).fill(Number.POSITIVE_INFINITY))
  expect(Array.from(s.f32(to + 256, 40))).toEqual(new Array(40).fill(9))
})

const denseShapes = [
  [2, 1, 1],
  [3, 1, 2],
  [2, 3, 1],
  [3, 3, 1],
  [3, 3, 2],
  [5, 2, 1],
  [1, 4, 1],
] as const

const exact = (v: number) => v

/** Returns weights with runs of -1 and 1, or weights that use the whole range: sum of |weights| x 255 <= limit. */
function wholeWeights(count: number, limit: number): number[] {
  const kind = next()
  if (kind < 0.5) {
    const small = wholes(next, count, -1, 1).map((w) => (next() < 0.3 && limit > 255 * 3 * count ? 3 * w : w))
    return kind < 0.25 ? small : small.sort((a, b) => a - b)
  }
  const most = Math.floor(limit / 255 / count)
  return wholes(next, count, -most, most)
}

describe('integer tap lists are exact', () => {
  test('u8 -> i16', () => {
    for (const n of sizes) {
      for (const count of n > 200 ? [5] : tapCounts) {
        s.reset()
        const w = world(n, count, 1)
        const tile = Uint8Array.from(wholes(next, w.samples, 0, 255))
        const weights = wholeWeights(count, 32767)
        const pitch = align(2 * n)
        const to = s.room(pitch * w.rows - 64)
        const [o, k] = [s.put(table(w.offsets, 1)), s.put(Int16Array.from(weights))]
        wasm.tapsU8I16(to, pitch, s.put(tile), w.pitch, n, w.rows, o, k, count)
        const expected = tapSums(tile, w.pitch, n, w.rows, w.offsets, weights, exact)
        expect(readRows(to, pitch, n, w.rows, s.i16)).toEqual(expected.map((v) => v + 0))
        expect(s.broken()).toEqual([])
      }
    }
  })

  test('u8 -> i32 and i16 -> i32, by pairs, an odd list filled up with 0', () => {
    for (const n of sizes) {
      for (const count of n > 200 ? [5] : tapCounts) {
        for (const size of [1, 2]) {
          s.reset()
          const w = world(n, count, size)
          const tile =
            size === 1
              ? Uint8Array.from(wholes(next, w.samples, 0, 255))
              : Int16Array.from(wholes(next, w.samples, -32768, 32767))
          const weights = wholes(next, count, size === 1 ? -32768 : -5000, size === 1 ? 32767 : 5000)
          const even = count % 2 === 0
          const offsets = even ? w.offsets : [...w.offsets, w.offsets[0]!]
          const filled = even ? weights : [...weights, 0]
          const pitch = align(4 * n)
          const to = s.room(pitch * w.rows - 64)
          const [o, k] = [s.put(table(offsets, size)), s.put(Int16Array.from(filled))]
          const loop = size === 1 ? wasm.tapsU8I32 : wasm.tapsI16I32
          loop(to, pitch, s.put(tile), w.pitch * size, n, w.rows, o, k, filled.length / 2)
          const expected = tapSums(tile, w.pitch, n, w.rows, w.offsets, weights, exact)
          expect(readRows(to, pitch, n, w.rows, s.i32)).toEqual(expected.map((v) => v + 0))
          expect(s.broken()).toEqual([])
        }
      }
    }
  })

  test('i16 -> i16 and i32 -> i32, the second passes', () => {
    for (const n of sizes) {
      for (const count of n > 200 ? [5] : tapCounts) {
        for (const size of [2, 4]) {
          s.reset()
          const w = world(n, count, size)
          const high = size === 2 ? Math.floor(32767 / 10) : 2 ** 24
          const values = wholes(next, w.samples, -high, high)
          const tile = size === 2 ? Int16Array.from(values) : Int32Array.from(values)
          const most = size === 2 ? 10 / count : (2 ** 31 - 1) / high / count
          const weights = wholes(next, count, -Math.floor(most), Math.floor(most))
          const pitch = align(size * n)
          const to = s.room(pitch * w.rows - 64)
          const k = s.put(size === 2 ? Int16Array.from(weights) : Int32Array.from(weights))
          const loop = size === 2 ? wasm.tapsI16I16 : wasm.tapsI32I32
          loop(to, pitch, s.put(tile), w.pitch * size, n, w.rows, s.put(table(w.offsets, size)), k, count)
          const expected = tapSums(tile, w.pitch, n, w.rows, w.offsets, weights, exact)
          expect(readRows(to, pitch, n, w.rows, size === 2 ? s.i16 : s.i32)).toEqual(
            expected.map((v) => v + 0),
          )
          expect(s.broken()).toEqual([])
        }
      }
    }
  })

  test('u8 -> u8 saturates and counts, alpha not counted', () => {
    for (const n of sizes) {
      for (const alpha of [0, 2, 4] as const) {
        for (const absolute of [false, true]) {
          s.reset()
          const count = tapCounts[Math.floor(next() * tapCounts.length)]!
          const w = world(n, count, 1)
          const tile = Uint8Array.from(wholes(next, w.samples, 0, 255))
          const offset = wholes(next, 1, -128, 128)[0]!
          const weights = wholeWeights(count, next() < 0.5 ? 1200 : 32767 - Math.abs(offset))
          const pitch = align(n)
          const to = s.room(pitch * w.rows - 64)
          const counts = s.put(Uint32Array.of(7, 9))
          const [o, k] = [s.put(table(w.offsets, 1)), s.put(Int16Array.from(weights))]
          const how = s.how({ scale: 1, offset, absolute, alpha })
          wasm.tapsU8U8(to, pitch, s.put(tile), w.pitch, n, w.rows, o, k, count, how, counts)
          const sums = tapSums(tile, w.pitch, n, w.rows, w.offsets, weights, exact)
          const values = sums.map((v) => (absolute ? Math.abs(v + offset) : v + offset))
          const seen = values.filter((_, i) => alpha === 0 || (i % n) % alpha !== alpha - 1)
          expect(readRows(to, pitch, n, w.rows, s.u8)).toEqual(
            values.map((v) => Math.min(255, Math.max(0, v)) + 0),
          )
          expect(Array.from(s.u32(counts, 2))).toEqual([
            7 + seen.filter((v) => v < 0).length,
            9 + seen.filter((v) => v > 255).length,
          ])
          expect(s.broken()).toEqual([])
        }
      }
    }
  })

  test('both derivatives of the gradient family', () => {
    for (const n of sizes) {
      for (const [side, centre] of [
        [1, 2],
        [1, 1],
        [3, 10],
        [0, 64],
        [-5, 7],
      ] as const) {
        const step = 1 + Math.floor(next() * 4)
        s.reset()
        const rows = 2
        const pitch = align(n + 2 * step)
        const tile = Uint8Array.from(wholes(next, pitch * (rows + 2), 0, 255))
        const outPitch = align(2 * n)
        const gx = s.room(outPitch * rows - 64)
        const gy = s.room(outPitch * rows - 64)
        wasm.gradientU8I16(gx, gy, outPitch, s.put(tile), pitch, step, n, rows, side, centre)
        const places = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => y * pitch + x * step))
        const across = [-side, 0, side, -centre, 0, centre, -side, 0, side]
        const down = [-side, -centre, -side, 0, 0, 0, side, centre, side]
        expect(readRows(gx, outPitch, n, rows, s.i16)).toEqual(
          tapSums(tile, pitch, n, rows, places, across, exact).map((v) => v + 0),
        )
        expect(readRows(gy, outPitch, n, rows, s.i16)).toEqual(
          tapSums(tile, pitch, n, rows, places, down, exact).map((v) => v + 0),
        )
        expect(s.broken()).toEqual([])
      }
    }
  })
})

test('the separable passes are tap lists down a column and along a row', () => {
  for (const n of sizes) {
    for (const count of n > 200 ? [5] : [1, 2, 3, 8]) {
      for (const rows of [1, 2, 3, 4]) {
        s.reset()
        const step = 1 + Math.floor(next() * 4)
        const pitch = align(4 * (n + (count - 1) * step)) / 4
        const tile = floats(next, pitch * (rows + count - 1), 255)
        const weights = floats(next, count, 1)
        const outPitch = align(4 * n)
        const to = s.room(outPitch * rows - 64)
        const [from, k] = [s.put(tile), s.put(weights)]
        wasm.columnF32(to, outPitch, from, 4 * pitch, n, rows, k, count)
        const down = Array.from({ length: count }, (_, t) => t * pitch)
        expect(readRows(to, outPitch, n, rows, s.f32)).toEqual(
          tapSums(tile, pitch, n, rows, down, weights, f),
        )
        wasm.rowF32(to, outPitch, from, 4 * pitch, n, rows, k, count, 4 * step)
        const along = Array.from({ length: count }, (_, t) => t * step)
        expect(readRows(to, outPitch, n, rows, s.f32)).toEqual(
          tapSums(tile, pitch, n, rows, along, weights, f),
        )
        expect(s.broken()).toEqual([])
      }
    }
  }
})

test('box sums slide down and along and stay exact', () => {
  for (const channels of [1, 2, 3, 4]) {
    for (const pixels of [1, 2, 3, 7, 16, 33]) {
      for (const radius of [0, 1, 4, 40]) {
        for (const depth of [8, 16]) {
          s.reset()
          const width = 2 * radius + 1
          const n = (pixels + width - 1) * channels
          const high = depth === 8 ? 255 : 65535
          const rows = Array.from({ length: 5 }, () => wholes(next, n, 0, high))
          const placed = rows.map((r) => s.put(depth === 8 ? Uint8Array.from(r) : Uint16Array.from(r)))
          const add = depth === 8 ? wasm.addU8 : wasm.addU16
          const slide = depth === 8 ? wasm.slideU8 : wasm.slideU16
          const sums = s.put(new Int32Array(n))
          const to = s.room(4 * pixels * channels)
          add(sums, placed[0]!, n)
          add(sums, placed[1]!, n)
          add(sums, placed[2]!, n)
          slide(sums, placed[3]!, placed[0]!, n)
          slide(sums, placed[4]!, placed[1]!, n)
          wasm.boxRow(to, sums, pixels, channels, width)
          const columns = rows[2]!.map((v, i) => v + rows[3]![i]! + rows[4]![i]!)
          const expected = Array.from({ length: pixels * channels }, (_, i) => {
            let sum = 0
            for (let k = 0; k < width; k++) sum += columns[i + k * channels]!
            return sum
          })
          expect(Array.from(s.i32(to, pixels * channels))).toEqual(expected)
          expect(s.broken()).toEqual([])
        }
      }
    }
  }
})
