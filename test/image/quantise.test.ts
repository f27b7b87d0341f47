import { describe, expect, it } from 'vitest'
import { extremesOf, quantise, roundHalfEven, to8Bits } from '../../src/definition/quantise.ts'
import fc from '../property.ts'

type Mode = Parameters<typeof quantise>[2]

function to8(values: number[], range: Mode, extremes?: { min: number; max: number }) {
  const dst = new Uint8Array(values.length)
  const clipped = quantise(Float32Array.from(values), dst, range, 255, extremes)
  return { samples: [...dst], ...clipped }
}

describe('quantise', () => {
  it('rounds once, half to even, and clamps without wrapping', () => {
    expect(to8([0.5, 1.5, 2.5, 200.49, 254.5, 1020, -0.5, -1020], 'clamp')).toEqual({
      samples: [0, 2, 2, 200, 254, 255, 0, 0],
      low: 1,
      high: 1,
    })
  })

  it('counts what rounding brings inside as not clipped, and what it takes outside as clipped', () => {
    expect(to8([-0.5, 255.25, 255.5, -0.75], 'clamp')).toEqual({ samples: [0, 255, 255, 0], low: 1, high: 1 })
  })

  it('turns what is no number to 0 and counts it', () => {
    const { POSITIVE_INFINITY: inf } = Number
    expect(to8([Number.NaN, inf, -inf], 'clamp')).toEqual({ samples: [0, 255, 0], low: 2, high: 1 })
  })

  it('keeps a flat 200 under nine weights of 0.1111111', () => {
    expect(to8([199.99998], 'clamp').samples).toEqual([200])
  })

  it('abs takes the size of signed values', () => {
    expect(to8([-100, 100, -300], 'abs')).toEqual({ samples: [100, 100, 255], low: 0, high: 1 })
  })

  it('offset puts zero at half of full scale', () => {
    expect(to8([0, -128, 127, -129, 128], 'offset')).toEqual({
      samples: [128, 0, 255, 0, 255],
      low: 1,
      high: 1,
    })
    const wide = new Uint16Array(1)
    quantise(Float32Array.of(0), wide, 'offset', 65535)
    expect(wide[0]).toBe(32768)
  })

  it('minmax spreads the extremes over the whole scale', () => {
    expect(to8([-10, 0, 10], 'minmax', { min: -10, max: 10 })).toEqual({
      samples: [0, 128, 255],
      low: 0,
      high: 0,
    })
  })

  it('minmax of a flat picture is 0', () => {
    expect(to8([7, 7], 'minmax', { min: 7, max: 7 })).toEqual({ samples: [0, 0], low: 0, high: 0 })
  })

  it('goes through float32 at every step of minmax', () => {
    const { fround } = Math
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -1000, max: 1000 }), (v) => {
        const [min, max] = [fround(-1000.1), fround(1000.3)]
        const wide = new Uint16Array(1)
        quantise(Float32Array.of(v), wide, 'minmax', 65535, { min: -1000.1, max: 1000.3 })
        const u = fround(fround(v - min) * fround(65535 / fround(max - min)))
        expect(wide[0]).toBe(Math.min(65535, roundHalfEven(u)))
      }),
    )
  })

  it('takes every whole level to itself at 16 bits', () => {
    const src = Float32Array.from({ length: 65536 }, (_, i) => i)
    const dst = new Uint16Array(65536)
    expect(quantise(src, dst, 'clamp', 65535)).toEqual({ low: 0, high: 0 })
    expect(dst.every((v, i) => v === i)).toBe(true)
  })
})

describe('extremesOf', () => {
  it('looks at finite samples only and goes on from what was found', () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number
    const first = extremesOf(Float32Array.of(3, nan, inf, -inf, 5))
    expect(first).toEqual({ min: 3, max: 5 })
    expect(extremesOf(Float32Array.of(-1, 4), first)).toEqual({ min: -1, max: 5 })
  })
})

describe('to8Bits', () => {
  it('is v / 257 rounded, for every sample', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const levels = new Uint8Array(65536)
    to8Bits(all, levels, 0, 40000)
    to8Bits(all, levels, 40000, 65536)
    expect(levels.every((v, i) => v === Math.round(i / 257))).toBe(true)
    expect([0, 257, 514, 65535].map((v) => levels[v])).toEqual([0, 1, 2, 255])
  })
})
