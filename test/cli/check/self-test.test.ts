import { describe, expect, it } from 'vitest'
import { selfTest } from '../../../src/golden/self-test.ts'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import type { Tolerance } from '../../../src/image/compare/tolerance.ts'
import type { Depth, Picture } from '../../../src/tensor/picture.ts'
import fc from '../../property.ts'

function picture(depth: Depth, channels: 1 | 2 | 3 | 4, sample: (i: number) => number, side = 24): Picture {
  const size = side * side * channels
  const data =
    depth === 8 ? new Uint8Array(size) : depth === 16 ? new Uint16Array(size) : new Float32Array(size)
  for (let i = 0; i < size; i++) data[i] = sample(i)
  return { width: side, height: side, channels, depth, data, meta: {} }
}

const varied = (depth: Depth) => picture(depth, 3, (i) => (i * 37) % (depth === 16 ? 65536 : 256))

const tolerances: readonly Tolerance[] = [
  {},
  { maxAbs: { value: 3, unit: 'levels' } },
  { maxAbs: { value: 2.5, unit: 'percent' } },
  { maxDiffPixels: 10 },
  { maxDiffRatio: 0.05 },
  { maxDensity: { pixels: 3, window: 4 } },
  { maxDensity: { pixels: 3, window: 4 }, maxDiffPixels: 200 },
  { maxAbs: { value: 5, unit: 'levels' }, maxDiffPixels: 7 },
  { minPsnr: 40 },
  { maxRmse: 1.5 },
  { minSsim: 0.98 },
  { minSsim: 0.9, maxAbs: { value: 4, unit: 'levels' } },
  { ignore: [{ x: 0, y: 0, width: 20, height: 24 }] },
  { ignoreBorder: 9 },
  { alpha: 'ignore' },
]

describe('the self-test', () => {
  it.each(tolerances.flatMap((t) => ([8, 16, 32] as const).map((depth) => [t, depth] as const)))(
    'breaks %j at depth %i',
    (tolerance, depth) => {
      const golden = varied(depth)
      expect(selfTest(golden, golden, tolerance)).toBe('noticed')
    },
  )

  it('breaks a perceptual tolerance', () => {
    const golden = varied(8)
    expect(selfTest(golden, golden, { perceptual: 0.1 })).toBe('noticed')
  })

  it('finds tolerances that let everything pass', () => {
    const golden = varied(8)
    expect(selfTest(golden, golden, { maxDiffRatio: 1 })).toBe('missed')
    expect(selfTest(golden, golden, { maxAbs: { value: 100, unit: 'percent' } })).toBe('missed')
    expect(selfTest(golden, golden, { maxDiffPixels: 1e6 })).toBe('missed')
    expect(selfTest(golden, golden, { minSsim: -1 })).toBe('missed')
  })

  it('changes neither picture', () => {
    const golden = varied(8)
    const before = golden.data.slice()
    selfTest(golden, golden, { maxAbs: { value: 3, unit: 'levels' } })
    expect(golden.data).toEqual(before)
  })

  it('starts from an actual that differs within the tolerance', () => {
    const golden = varied(8)
    const actual = { ...golden, data: golden.data.map((v) => (v < 255 ? v + 1 : v)) }
    const tolerance = { maxAbs: { value: 1, unit: 'levels' } } as const
    expect(comparePictures(golden, actual, tolerance).outcome).toBe('tolerated')
    expect(selfTest(golden, actual, tolerance)).toBe('noticed')
  })

  it('is right for any picture, distance and number of pixels that leave room', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 126 }),
        fc.integer({ min: 0, max: 15 }),
        (samples, levels, pixels) => {
          const golden = picture(8, 1, (i) => samples[i]!, 4)
          const tolerance = { maxAbs: { value: levels, unit: 'levels' }, maxDiffPixels: pixels } as const
          // every sample can change by 127 levels in one direction, and 16 pixels are more than 15
          expect(selfTest(golden, golden, tolerance)).toBe('noticed')
        },
      ),
    )
  })
})
