import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { alternatives } from '../../../src/image/compare/smallest.ts'
import { limitsText, type Tolerance } from '../../../src/image/compare/tolerance.ts'
import { failure } from '../pictures.ts'
import { altered, pattern, picture } from './pictures.ts'

const rgb = pattern(30, 20, 3, 8, 5, 60)
const rgb16 = pattern(30, 20, 3, 16, 5, 60)
const rgba = picture(30, 20, 4, 8, (i) =>
  i % 4 === 3 ? [0, 255, 128][Math.floor(i / 4) % 3]! : (i * 31) % 200,
)
const outcome = (a: Parameters<typeof comparePictures>[0], b: typeof a, tolerance: Tolerance = {}) =>
  comparePictures(a, b, tolerance).outcome
const suggested = (result: ReturnType<typeof comparePictures>) =>
  alternatives(result.smallest).map(limitsText)

describe('exact comparison', () => {
  it('finds equal samples the same, in other memory and at an odd offset', () => {
    const bytes = new Uint8Array(rgb.data.length + 1)
    bytes.set(rgb.data, 1)
    const result = comparePictures(rgb, { ...rgb, data: bytes.subarray(1) })
    expect(result.outcome).toBe('same')
    expect(result.stats).toMatchObject({
      compared: 600,
      differing: 0,
      rmse: 0,
      psnr: Number.POSITIVE_INFINITY,
    })
    expect(suggested(result)).toEqual([''])
  })

  it('sees one low byte of a 16-bit sample', () => {
    const result = comparePictures(rgb16, altered(rgb16, [7, 11, 2, 1]))
    expect(result.outcome).toBe('different')
    const before = rgb16.data[(11 * 30 + 7) * 3 + 2]!
    expect(result.stats!.largest).toMatchObject({
      difference: 1,
      channel: 'blue',
      x: 7,
      y: 11,
      expected: before,
      got: before + 1,
    })
    expect(result.stats!.differing).toBe(1)
    expect(suggested(result)).toEqual(['--max-abs 1', '--max-diff-pixels 1'])
  })

  it('sees one level all over', () => {
    const result = comparePictures(rgb, { ...rgb, data: rgb.data.map((v) => v + 1) })
    expect(result.outcome).toBe('different')
    expect(result.stats).toMatchObject({ differing: 600, share: 1, rmse: 1 })
    expect(result.stats!.clusters).toEqual([{ x: 0, y: 0, width: 30, height: 20, pixels: 600 }])
  })

  it('counts a pixel once, whatever the number of its channels', () => {
    const result = comparePictures(rgb, altered(rgb, [3, 4, 0, 5], [3, 4, 1, -9], [3, 4, 2, 9]))
    expect(result.stats).toMatchObject({ differing: 1, counted: 1 })
    expect(result.stats!.largest).toMatchObject({ difference: 9, channel: 'green' })
    expect(result.stats!.rmse).toBeCloseTo(Math.sqrt((25 + 81 + 81) / 1800), 14)
  })

  it('names the first of several largest differences', () => {
    const result = comparePictures(rgb, altered(rgb, [9, 9, 1, 7], [8, 9, 2, 7], [20, 3, 0, 6]))
    expect(result.stats!.largest).toMatchObject({ x: 8, y: 9, channel: 'blue', difference: 7 })
  })

  it('finds a moved edge in one cluster of its shape', () => {
    const edge = (at: number) => picture(64, 40, 1, 8, (i) => (i % 64 < at ? 20 : 220))
    const result = comparePictures(edge(30), edge(32))
    expect(result.stats!.differing).toBe(80)
    expect(result.stats!.clusters).toEqual([{ x: 30, y: 0, width: 2, height: 40, pixels: 80 }])
  })

  it('tells clusters apart, the largest first', () => {
    const flat = picture(200, 100, 1, 8, () => 90)
    const changed = altered(flat, [3, 3, 0, 1], [150, 80, 0, 1], [151, 82, 0, 1])
    expect(comparePictures(flat, changed).stats!.clusters).toEqual([
      { x: 150, y: 80, width: 2, height: 3, pixels: 2 },
      { x: 3, y: 3, width: 1, height: 1, pixels: 1 },
    ])
  })

  it('takes floats by value: NaN is NaN, -0 is 0, NaN is infinitely far from a number', () => {
    const values = [Number.NaN, -0, 0.1, 1e30]
    const a = picture(4, 1, 1, 32, (i) => values[i]!)
    expect(
      outcome(
        a,
        picture(4, 1, 1, 32, (i) => [Number.NaN, 0, 0.1, 1e30][i]!),
      ),
    ).toBe('same')
    const result = comparePictures(
      a,
      picture(4, 1, 1, 32, (i) => [0, 0, 0.1, 1e30][i]!),
    )
    expect(result.stats!.largest!.difference).toBe(Number.POSITIVE_INFINITY)
    expect(suggested(result)).toEqual(['--max-diff-pixels 1'])
    expect(
      suggested(
        comparePictures(
          a,
          picture(4, 1, 1, 32, () => 0),
          { maxRmse: 5 },
        ),
      ),
    ).toEqual([])
  })

  it('sees the last bit of a float', () => {
    const a = picture(4, 1, 1, 32, () => 1)
    const b = altered(a, [2, 0, 0, 2 ** -23])
    expect(comparePictures(a, b).stats!.largest).toMatchObject({ difference: 2 ** -23, x: 2 })
  })
})

describe('what no limit on samples covers', () => {
  it('a size', () => {
    const result = comparePictures(
      rgb,
      picture(30, 21, 3, 8, () => 0),
    )
    expect(result).toMatchObject({ outcome: 'size', mismatches: ['size'] })
    expect(result.stats).toBeUndefined()
    expect(suggested(result)).toEqual([])
  })

  it('a depth; the pixels are measured on the finer scale', () => {
    const wide = picture(30, 20, 3, 16, (i) => rgb.data[i]! * 257 + (i === 100 ? 3 : 0))
    const result = comparePictures(rgb, wide, { maxAbs: { value: 100, unit: 'percent' } })
    expect(result).toMatchObject({ outcome: 'different', mismatches: ['depth'] })
    expect(result.stats).toMatchObject({ differing: 1, largest: { difference: 3 } })
    expect(suggested(result)).toEqual([])
  })

  it('channels: gray against the same as RGB', () => {
    const gray = picture(8, 8, 1, 8, (i) => i)
    const result = comparePictures(
      gray,
      picture(8, 8, 3, 8, (i) => Math.floor(i / 3)),
    )
    expect(result).toMatchObject({ outcome: 'different', mismatches: ['channels'], stats: { differing: 0 } })
  })

  it('colour profiles, unless they are only warned of or ignored', () => {
    const profile = (text: string) => ({ ...rgb, meta: { icc: new TextEncoder().encode(text) } })
    const result = comparePictures(profile('one'), profile('two'))
    expect(result).toMatchObject({ outcome: 'different', mismatches: ['icc'] })
    expect(suggested(result)).toEqual(['--icc ignore'])
    expect(comparePictures(profile('one'), rgb).notes.join()).toContain('the actual')
    expect(outcome(rgb, profile('one'))).toBe('different')
    expect(outcome(profile('one'), profile('one'))).toBe('same')
    const warned = comparePictures(profile('one'), profile('two'), { icc: 'warn' })
    expect(warned.outcome).toBe('same')
    expect(warned.notes).toHaveLength(1)
    expect(comparePictures(profile('one'), profile('two'), { icc: 'ignore' })).toMatchObject({
      outcome: 'same',
      notes: [],
    })
  })

  it('a profile and samples: both are in what would pass', () => {
    const other = { ...altered(rgb, [0, 0, 0, 4]), meta: { icc: new Uint8Array([1]) } }
    expect(suggested(comparePictures(rgb, other))).toEqual([
      '--max-abs 4 --icc ignore',
      '--max-diff-pixels 1 --icc ignore',
    ])
  })
})

describe('alpha', () => {
  // pixels 0, 3, 6 … are transparent, 1, 4, 7 … opaque, 2, 5, 8 … half transparent
  it('strict: a hidden colour counts', () => {
    expect(outcome(rgba, altered(rgba, [0, 0, 1, 9]))).toBe('different')
  })

  it('visible: a hidden colour does not', () => {
    expect(outcome(rgba, altered(rgba, [0, 0, 1, 9]), { alpha: 'visible' })).toBe('same')
  })

  it('visible: half-transparent colours count by their opacity, opaque ones in full', () => {
    const half = comparePictures(rgba, altered(rgba, [2, 0, 1, 10]), { alpha: 'visible' })
    expect(half.stats!.largest!.difference).toBeCloseTo((10 * 128) / 255, 12)
    const whole = comparePictures(rgba, altered(rgba, [1, 0, 1, 10]), { alpha: 'visible' })
    expect(whole.stats!.largest!.difference).toBe(10)
  })

  it('visible: alpha counts as it looks over black or white, whichever is more', () => {
    const black = picture(1, 1, 4, 8, (i) => (i === 3 ? 255 : 0))
    const faded = altered(black, [0, 0, 3, -55])
    // over black, both are black; over white, 0 becomes 55
    expect(comparePictures(black, faded, { alpha: 'visible' }).stats!.largest!.difference).toBeCloseTo(55, 12)
    const white = picture(1, 1, 4, 8, () => 255)
    expect(
      comparePictures(white, altered(white, [0, 0, 3, -55]), { alpha: 'visible' }).stats!.largest!.difference,
    ).toBeCloseTo(55, 12)
  })

  it('visible: no alpha is opaque', () => {
    const opaque = picture(30, 20, 4, 8, (i) =>
      i % 4 === 3 ? 255 : rgb.data[Math.floor(i / 4) * 3 + (i % 4)]!,
    )
    expect(outcome(rgb, opaque, { alpha: 'visible' })).toBe('same')
    expect(outcome(rgb, opaque)).toBe('different')
  })

  it('ignore: only colours are compared, hidden ones too', () => {
    expect(outcome(rgba, altered(rgba, [2, 0, 3, 50]), { alpha: 'ignore' })).toBe('same')
    expect(outcome(rgba, altered(rgba, [0, 0, 1, 9]), { alpha: 'ignore' })).toBe('different')
  })
})

describe('regions', () => {
  const changed = altered(rgb, [5, 6, 0, 40])
  const rectangle = (x: number, y: number, width: number, height: number) => [{ x, y, width, height }]

  it('a rectangle covers its pixels and no more', () => {
    expect(outcome(rgb, changed, { ignore: rectangle(5, 6, 1, 1) })).toBe('same')
    expect(outcome(rgb, changed, { ignore: rectangle(4, 6, 1, 1) })).toBe('different')
    expect(outcome(rgb, changed, { ignore: rectangle(6, 6, 99, 99) })).toBe('different')
    expect(outcome(rgb, changed, { ignore: rectangle(0, 7, 30, 13) })).toBe('different')
    expect(outcome(rgb, changed, { ignore: rectangle(0, 0, 6, 7) })).toBe('same')
  })

  it('several rectangles', () => {
    const twice = altered(changed, [20, 10, 2, 3])
    const ignore = [...rectangle(5, 6, 1, 1), ...rectangle(20, 10, 1, 1)]
    const result = comparePictures(rgb, twice, { ignore })
    expect(result.outcome).toBe('same')
    expect(result.stats!.compared).toBe(598)
  })

  it('a border of so many pixels', () => {
    expect(outcome(rgb, changed, { ignoreBorder: 5 })).toBe('different')
    expect(outcome(rgb, changed, { ignoreBorder: 6 })).toBe('same')
    const corner = altered(rgb, [29, 19, 0, 1])
    expect(outcome(rgb, corner, { ignoreBorder: 1 })).toBe('same')
  })

  it('a mask compares what is not black', () => {
    const mask = (at: number) => picture(30, 20, 1, 8, (i) => (i === at ? 0 : 255))
    expect(outcome(rgb, changed, { mask: mask(6 * 30 + 5) })).toBe('same')
    expect(outcome(rgb, changed, { mask: mask(6 * 30 + 4) })).toBe('different')
    expect(
      outcome(rgb, changed, { mask: picture(30, 20, 3, 8, (i) => (i === (6 * 30 + 5) * 3 + 2 ? 1 : 0)) }),
    ).toBe('different')
  })

  it('refuses a mask of another size, a rectangle outside, and to compare nothing', async () => {
    const mask = picture(30, 19, 1, 8, () => 255)
    expect((await failure('E_SHAPE', () => comparePictures(rgb, changed, { mask }))).why.join()).toContain(
      '30x19',
    )
    await failure('E_OPTION', () => comparePictures(rgb, changed, { ignore: rectangle(30, 0, 1, 1) }))
    await failure('E_OPTION', () => comparePictures(rgb, changed, { ignoreBorder: 10 }))
    await failure('E_OPTION', () => comparePictures(rgb, rgb, { ignoreBorder: 10 }))
  })
})

describe('padding', () => {
  it('what one of the two lacks differs by the full scale', () => {
    const wider = picture(32, 20, 3, 8, (i) => {
      const [p, c] = [Math.floor(i / 3), i % 3]
      const [x, y] = [p % 32, Math.floor(p / 32)]
      return x < 30 ? rgb.data[(y * 30 + x) * 3 + c]! : 0
    })
    const result = comparePictures(rgb, wider, { size: 'pad' })
    expect(result).toMatchObject({ outcome: 'different', stats: { compared: 640, differing: 40 } })
    expect(result.stats!.largest).toEqual({ difference: 255, x: 30, y: 0 })
    expect(result.stats!.clusters).toEqual([{ x: 30, y: 0, width: 2, height: 20, pixels: 40 }])
    expect(outcome(rgb, wider, { size: 'pad', maxDiffPixels: 40 })).toBe('tolerated')
    expect(outcome(rgb, wider, { size: 'pad', maxDiffPixels: 39 })).toBe('different')
    expect(outcome(wider, rgb, { size: 'pad', ignore: [{ x: 30, y: 0, width: 2, height: 20 }] })).toBe('same')
    expect(outcome(rgb, wider, { size: 'pad', perceptual: 0.1, maxDiffPixels: 40 })).toBe('tolerated')
    expect(outcome(rgb, wider, { size: 'pad', perceptual: 0.1, maxDiffPixels: 39 })).toBe('different')
  })

  it('one picture wider, the other higher', () => {
    const a = picture(4, 2, 1, 8, () => 9)
    const b = picture(2, 5, 1, 8, () => 9)
    const result = comparePictures(a, b, { size: 'pad' })
    expect(result.stats).toMatchObject({ compared: 20, differing: 16 })
  })
})
