import { afterEach, describe, expect, test } from 'vitest'
import { extremesOf } from '../../src/definition/quantise.ts'
import type { FinishParams } from '../../src/run/engine.ts'
import { floats, random, scratch, sizes, wholes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const f = Math.fround
const next = random(4)

afterEach(() => expect(s.broken()).toEqual([]))

/** Rounds half to even. */
function nearest(v: number): number {
  const low = Math.floor(v)
  const rest = v - low
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low
}

/** The definition of the finish, before rounding. */
function finish(sum: number, how: FinishParams): number {
  let v = f(f(f(sum) / f(how.scale)) + f(how.offset))
  if (how.absolute) v = Math.abs(v)
  if (how.affine) v = f(f(v - f(how.affine.low)) * f(how.affine.gain))
  return v
}

function samplesOf(values: ArrayLike<number>, how: FinishParams, full: number) {
  const alpha = how.alpha ?? 0
  const counts = [0, 0]
  const samples = Array.from(values, (v, i) => {
    const rounded = Number.isNaN(v) ? -1 : nearest(v)
    const counted = alpha === 0 || i % alpha !== alpha - 1
    if (counted && rounded < 0) counts[0]!++
    if (counted && rounded > full) counts[1]!++
    return Math.min(full, Math.max(0, rounded)) + 0
  })
  return { samples, counts }
}

const ways: readonly FinishParams[] = [
  { scale: 1, offset: 0 },
  { scale: 16, offset: 128, alpha: 4 },
  { scale: -0.5, offset: 0.25 },
  { scale: 9, offset: 0, alpha: 2 },
  { scale: 273, offset: -7.5 },
  { scale: 3, offset: 0, absolute: true },
  { scale: 1, offset: 1, affine: { low: -310.5, gain: 0.217 }, alpha: 4 },
  { scale: 2, offset: -4, absolute: true, affine: { low: 3, gain: 1.5 } },
  { scale: 2 ** -20, offset: 0 },
  { scale: 1e-7, offset: 3 },
  { scale: 1, offset: -1e9 },
  { scale: 1 / 64, offset: 2 ** 20 },
]

const loops = [
  { name: 'f32 -> u8', loop: wasm.quantiseF32U8, from: 'f32', full: 255 },
  { name: 'i32 -> u8', loop: wasm.quantiseI32U8, from: 'i32', full: 255 },
  { name: 'i16 -> u8', loop: wasm.quantiseI16U8, from: 'i16', full: 255 },
  { name: 'f32 -> u16', loop: wasm.quantiseF32U16, from: 'f32', full: 65535 },
] as const

function sums(from: 'f32' | 'i32' | 'i16', n: number, full: number, scale: number) {
  const size = 2 * full * Math.abs(scale)
  if (from === 'i16') return Int16Array.from(wholes(next, n, -32768, 32767))
  if (from === 'i32') return Int32Array.from(wholes(next, n, -Math.ceil(size), Math.ceil(size)))
  const row = floats(next, n, size)
  const odd = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3e38, -3e38, -0]
  if (n > 40) row.set(odd, n - odd.length)
  return row
}

describe.each(loops)('$name', ({ loop, from, full }) => {
  test('scales, rounds half to even once, saturates and counts', () => {
    for (const n of sizes) {
      for (const way of n > 100 ? ways.slice(0, 2) : ways) {
        s.reset()
        const row = sums(from, n, full, way.scale)
        const to = s.room((n * (full === 255 ? 8 : 16)) / 8)
        const counts = s.put(Uint32Array.of(3, 5))
        loop(to, s.put(row), n, s.how(way), counts)
        const expected = samplesOf(
          Array.from(row, (v) => finish(v, way)),
          way,
          full,
        )
        expect(Array.from(full === 255 ? s.u8(to, n) : s.u16(to, n))).toEqual(expected.samples)
        expect(Array.from(s.u32(counts, 2))).toEqual([3 + expected.counts[0]!, 5 + expected.counts[1]!])
        expect(s.broken()).toEqual([])
      }
    }
  })
})

describe('whole sums over whole scales are rounded as their quotient is, ties and all', () => {
  const scales = [...Array(65).keys()].slice(1)
  const large = [
    81,
    90,
    100,
    128,
    245,
    256,
    273,
    1000,
    1125,
    1126,
    2054,
    4097,
    8190,
    32767,
    65534,
    2 ** 19 - 2,
  ]
  const check = (loop: typeof wasm.quantiseI16U8, row: Int16Array | Int32Array, scale: number) => {
    s.reset()
    const n = row.length
    const [to, counts] = [s.room(n), s.put(new Uint32Array(2))]
    loop(to, s.put(row), n, s.how({ scale, offset: 0, whole: true }), counts)
    const [samples, clipped] = [s.u8(to, n), [0, 0]]
    const wrong = row.findIndex((sum, i) => {
      const v = nearest(f(sum / scale))
      if (v < 0) clipped[0]!++
      if (v > 255) clipped[1]!++
      return samples[i] !== Math.min(255, Math.max(0, v))
    })
    expect(wrong, `${row[wrong]} / ${scale} became ${samples[wrong]}`).toBe(-1)
    expect(Array.from(s.u32(counts, 2))).toEqual(clipped)
  }

  test('every sum of 16 bits', () => {
    const row = Int16Array.from({ length: 65536 }, (_, i) => i - 32768)
    for (const scale of [...scales, ...large]) check(wasm.quantiseI16U8, row, scale)
  })

  test('sums below 2^19 around everything that is rounded', () => {
    for (const scale of [...scales.slice(2, 12), ...large]) {
      const places = [-3, -2, -1, 0, 1, 2, 3]
      const ties = Array.from({ length: 600 }, (_, k) => Math.round(((k - 40) * scale) / 2))
      const sums = ties.flatMap((t) => places.map((p) => t + p)).filter((v) => Math.abs(v) < 2 ** 19)
      check(wasm.quantiseI32U8, Int32Array.from(sums), scale)
      check(wasm.quantiseI32U8, Int32Array.from(wholes(next, 9999, 1 - 2 ** 19, 2 ** 19 - 1)), scale)
    }
  })
})

test('clips are counted in rows of any length', () => {
  const n = 1_200_000
  s.reset()
  const to = s.room(n)
  const counts = s.put(new Uint32Array(2))
  wasm.quantiseF32U8(to, s.put(new Float32Array(n).fill(256)), n, s.how({ scale: 1, offset: 0 }), counts)
  expect(Array.from(s.u32(counts, 2))).toEqual([0, n])
})

test('the magnitude of two rows of sums equals its float32 definition', () => {
  for (const n of sizes) {
    for (const small of [true, false]) {
      for (const way of n > 100 ? ways.slice(0, 1) : ways) {
        s.reset()
        const high = small ? 4096 : 32767
        const gx = Int16Array.from(wholes(next, n, -high, high))
        const gy = Int16Array.from(wholes(next, n, -high, high))
        const shift = next() < 0.7 ? 5 : 0
        for (const sums of [gx, gy]) sums.set(sums.map((v) => v >> shift))
        const to = s.room(n)
        const counts = s.put(new Uint32Array(2))
        wasm.magnitudeI16U8(to, s.put(gx), s.put(gy), n, s.how({ ...way, small }), counts)
        const values = Array.from(gx, (x, i) => {
          const y = gy[i]!
          return finish(f(Math.sqrt(f(f(x * x) + f(y * y)))), way)
        })
        const expected = samplesOf(values, way, 255)
        expect(Array.from(s.u8(to, n))).toEqual(expected.samples)
        expect(Array.from(s.u32(counts, 2))).toEqual(expected.counts)
        expect(s.broken()).toEqual([])
      }
    }
  }
})

test('float results are finished without rounding', () => {
  for (const n of sizes.slice(0, 75)) {
    for (const how of ways) {
      s.reset()
      const row = floats(next, n, 900)
      const to = s.room(4 * n)
      wasm.finishF32(to, s.put(row), n, s.how(how))
      expect(s.f32(to, n)).toEqual(row.map((v) => finish(v, how)))
      expect(s.broken()).toEqual([])
    }
  }
})

test('the range of a row widens what was found before', () => {
  const [up, down] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const n of sizes) {
    s.reset()
    const row = floats(next, n, 900)
    if (n > 3) row[n - 3] = Number.NaN
    if (n > 8) row.set([up, down], n - 9)
    const range = s.put(Float32Array.of(up, down, up))
    const from = s.put(row)
    wasm.scanRange(from, n, range)
    const { min, max } = extremesOf(row)
    const lowest = Math.min(...row.filter((v) => !Number.isNaN(v)))
    expect(Array.from(s.f32(range, 3))).toEqual([min, max, lowest])
    const wide = s.put(Float32Array.of(-1000, 1000, down))
    wasm.scanRange(from, n, wide)
    expect(Array.from(s.f32(wide, 3))).toEqual([-1000, 1000, down])
  }
})

test('alpha is copied, all else stays', () => {
  for (const channels of [2, 4]) {
    for (const bytes of [1, 4]) {
      for (const pixels of [1, 2, 5, 33]) {
        s.reset()
        const size = channels * bytes
        const row = Uint8Array.from(wholes(next, pixels * size, 0, 255))
        const to = s.room(row.length)
        const expected = s.u8(to, row.length)
        row.forEach((v, i) => {
          if (i % size >= size - bytes) expected[i] = v
        })
        wasm.copyAlpha(to, s.put(row), pixels, channels, bytes)
        expect(s.u8(to, row.length)).toEqual(expected)
      }
    }
  }
})

test('the bytes of 16-bit samples are swapped', () => {
  for (const n of sizes.slice(0, 75)) {
    s.reset()
    const row = Uint16Array.from(wholes(next, n, 0, 65535))
    const to = s.room(2 * n)
    wasm.swapU16(to, s.put(row), n)
    expect(s.u16(to, n)).toEqual(row.map((v) => ((v & 255) << 8) | (v >> 8)))
    expect(s.broken()).toEqual([])
  }
})
