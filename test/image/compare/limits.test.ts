import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { alternatives, roundDown, roundUp } from '../../../src/image/compare/smallest.ts'
import { type Limits, limitsText, type Tolerance } from '../../../src/image/compare/tolerance.ts'
import type { Picture } from '../../../src/tensor/picture.ts'
import fc from '../../property.ts'
import { failure } from '../pictures.ts'
import { altered, pattern, picture } from './pictures.ts'

const flat = picture(20, 15, 3, 8, () => 100)
/** Differs by 1, 2, 3, 10 in four pixels. */
const changed = altered(flat, [1, 1, 0, 1], [5, 5, 1, 2], [6, 5, 2, -3], [15, 10, 0, 10])
const levels = (value: number) => ({ maxAbs: { value, unit: 'levels' } as const })
const percent = (value: number) => ({ maxAbs: { value, unit: 'percent' } as const })
const passes = (tolerance: Tolerance, actual = changed, expected = flat) =>
  comparePictures(expected, actual, tolerance).outcome === 'tolerated'

describe('each limit at its boundary', () => {
  it.each<[string, Tolerance, Tolerance]>([
    ['--max-abs', levels(10), levels(9)],
    ['--max-abs, fractional', levels(10), levels(9.99)],
    ['--max-abs %', percent(3.93), percent(3.9)],
    ['--max-diff-pixels', { maxDiffPixels: 4 }, { maxDiffPixels: 3 }],
    ['--max-diff-ratio', { maxDiffRatio: 4 / 300 }, { maxDiffRatio: 3.99 / 300 }],
    [
      'both counts, the ratio stricter',
      { maxDiffPixels: 9, maxDiffRatio: 0.0134 },
      { maxDiffPixels: 9, maxDiffRatio: 0.0133 },
    ],
    [
      'both counts, the number stricter',
      { maxDiffPixels: 4, maxDiffRatio: 0.5 },
      { maxDiffPixels: 3, maxDiffRatio: 0.5 },
    ],
    ['how far and how many', { ...levels(2), maxDiffPixels: 2 }, { ...levels(2), maxDiffPixels: 1 }],
    ['how many and how far', { ...levels(3), maxDiffPixels: 1 }, { ...levels(2), maxDiffPixels: 1 }],
    ['--max-density', { maxDensity: { pixels: 2, window: 5 } }, { maxDensity: { pixels: 1, window: 5 } }],
    [
      'the window of --max-density',
      { maxDensity: { pixels: 2, window: 5 } },
      { maxDensity: { pixels: 2, window: 6 } },
    ],
    [
      '--max-density above a level',
      { ...levels(2), maxDensity: { pixels: 1, window: 4 } },
      { ...levels(1), maxDensity: { pixels: 1, window: 4 } },
    ],
    ['--min-psnr', { minPsnr: 47.0 }, { minPsnr: 58 }],
    ['--max-rmse', { maxRmse: 0.3561 }, { maxRmse: 0.3558 }],
    ['--min-ssim', { minSsim: 0.98 }, { minSsim: 0.9999 }],
    ['every limit must hold', { maxRmse: 1, ...levels(10) }, { maxRmse: 1, ...levels(9) }],
  ])('%s: just passes, just fails', (_, loose, tight) => {
    expect(passes(loose)).toBe(true)
    expect(passes(tight)).toBe(false)
  })

  it('a limit on the whole picture, given alone, decides alone', () => {
    expect(passes({ minPsnr: 40 })).toBe(true)
    expect(passes({ minPsnr: 40, maxDiffPixels: 0 })).toBe(false)
    expect(passes({ minPsnr: 40, ...levels(0) })).toBe(false)
  })

  it('percent are of the full scale of the depth', () => {
    const a = picture(4, 4, 1, 16, () => 1000)
    expect(passes(percent(1), altered(a, [0, 0, 0, 655]), a)).toBe(true)
    expect(passes(percent(1), altered(a, [0, 0, 0, 656]), a)).toBe(false)
  })

  it('tells which limits fail, and by how much', () => {
    const { failed } = comparePictures(flat, changed, { ...levels(1), maxDiffPixels: 1, maxRmse: 0.25 })
    expect(failed).toMatchObject([
      { limit: 'max-diff-pixels', allowed: 1, found: 3, by: 2 },
      { limit: 'max-rmse', allowed: 0.25 },
    ])
    expect(failed[1]!.by).toBeCloseTo(Math.sqrt(114 / 900) - 0.25, 12)
    expect(comparePictures(flat, changed, levels(4)).failed).toMatchObject([
      { limit: 'max-abs', allowed: 4, found: 10, by: 6 },
    ])
  })
})

describe('--max-density', () => {
  it('finds the fullest window wherever it lies', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.nat(80), { minLength: 1, maxLength: 20 }),
        (width, height, window, places) => {
          const a = picture(width, height, 1, 8, () => 0)
          const at = new Set(places.map((p) => p % (width * height)))
          const b = picture(width, height, 1, 8, (i) => (at.has(i) ? 1 : 0))
          const inside = (x0: number, y0: number) =>
            [...at].filter((p) => {
              const [x, y] = [p % width, Math.floor(p / width)]
              return x >= x0 && x < x0 + window && y >= y0 && y < y0 + window
            }).length
          let most = 0
          for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) most = Math.max(most, inside(x, y))
          expect(comparePictures(a, b, { maxDensity: { pixels: 0, window } }).stats!.density).toBe(most)
        },
      ),
    )
  })
})

describe('--perceptual', () => {
  it('lets pass what is not seen, and not what is', () => {
    expect(passes({ perceptual: 0.1 })).toBe(true)
    expect(passes({ perceptual: 0.001 })).toBe(false)
    const white = altered(
      flat,
      [3, 3, 0, 155],
      [3, 3, 1, 155],
      [3, 3, 2, 155],
      [10, 10, 0, 155],
      [10, 10, 1, 155],
    )
    expect(passes({ perceptual: 0.1 }, white)).toBe(false)
    expect(passes({ perceptual: 0.1, maxDiffPixels: 2 }, white)).toBe(true)
    expect(passes({ perceptual: 0.1, maxDiffPixels: 1 }, white)).toBe(false)
    expect(
      passes(
        { perceptual: 0.1, ignore: [{ x: 3, y: 3, width: 8, height: 8 }] },
        altered(white, [0, 0, 0, 1]),
      ),
    ).toBe(true)
  })

  it('says that it is for 8 bits', async () => {
    const a = pattern(8, 8, 3, 16, 1, 50)
    const error = await failure('E_OPTION', () =>
      comparePictures(a, altered(a, [0, 0, 0, 1]), { perceptual: 0.1 }),
    )
    expect(error.message).toContain('8-bit')
  })
})

describe('the smallest tolerance that would pass', () => {
  const limits = fc.record(
    {
      maxAbs: fc.integer({ min: 0, max: 12 }).map((value) => ({ value, unit: 'levels' as const })),
      maxDiffPixels: fc.nat(8),
      maxDiffRatio: fc.double({ min: 0, max: 0.2, noNaN: true }),
      maxDensity: fc.record({ pixels: fc.nat(4), window: fc.integer({ min: 1, max: 6 }) }),
      minPsnr: fc.double({ min: 10, max: 90, noNaN: true }),
      maxRmse: fc.double({ min: 0, max: 5, noNaN: true }),
      minSsim: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: [] },
  )
  const changes = fc.array(
    fc.tuple(
      fc.nat(15),
      fc.nat(13),
      fc.nat(2),
      fc.integer({ min: -12, max: 12 }).filter((by) => by !== 0),
    ),
    { minLength: 1, maxLength: 12 },
  )
  const base = picture(16, 14, 3, 8, (i) => 90 + ((i * 13) % 40))
  const base16 = picture(16, 14, 3, 16, (i) => 9000 + ((i * 1300) % 4000))
  const base32 = picture(16, 14, 4, 32, (i) =>
    i % 4 === 3 ? [255, 100, 0][i % 3]! : 90 + ((i * 13) % 40) / 7,
  )

  function checkSmallest(a: Picture, b: Picture, tolerance: Tolerance): void {
    const { outcome, smallest } = comparePictures(a, b, tolerance)
    if (outcome === 'same') return
    const choices = alternatives(smallest)
    expect(choices.length).toBeGreaterThan(0)
    for (const choice of choices) {
      // keeps the scope of the comparison, and replaces its limits
      const { alpha } = tolerance
      const withScope = (some: Limits): Tolerance => ({ ...some, ...(alpha !== undefined && { alpha }) })
      expect(comparePictures(a, b, withScope(choice)).outcome, limitsText(choice)).toBe('tolerated')
      for (const tighter of oneLess(choice, tolerance)) {
        expect(comparePictures(a, b, withScope(tighter)).outcome, limitsText(tighter)).toBe('different')
      }
    }
  }

  /** Tightens each found limit by one unit of its last digit. Given limits are kept. */
  function oneLess(found: Limits, given: Limits): Limits[] {
    const isNew = (name: keyof Limits) => JSON.stringify(found[name]) !== JSON.stringify(given[name])
    const list: Limits[] = []
    const { maxAbs, maxDiffPixels, maxDiffRatio, maxDensity, minPsnr, maxRmse, minSsim } = found
    if (maxAbs && isNew('maxAbs') && maxAbs.value > 0)
      list.push({ ...found, ...levels(lastDigitLess(maxAbs.value)) })
    if (maxDiffPixels && isNew('maxDiffPixels')) list.push({ ...found, maxDiffPixels: maxDiffPixels - 1 })
    if (maxDiffRatio && isNew('maxDiffRatio'))
      list.push({ ...found, maxDiffRatio: lastDigitLess(maxDiffRatio) })
    if (maxDensity?.pixels && isNew('maxDensity'))
      list.push({ ...found, maxDensity: { ...maxDensity, pixels: maxDensity.pixels - 1 } })
    if (minPsnr !== undefined && isNew('minPsnr')) list.push({ ...found, minPsnr: minPsnr + 0.0001 })
    if (maxRmse && isNew('maxRmse')) list.push({ ...found, maxRmse: lastDigitLess(maxRmse) })
    if (minSsim !== undefined && isNew('minSsim')) list.push({ ...found, minSsim: minSsim + 0.000001 })
    return list
  }

  const lastDigitLess = (value: number) =>
    Number.isInteger(value) ? value - 1 : value - 10 ** (Math.floor(Math.log10(value)) - 5) * 1.000001

  it('passes, and one less fails: 8 bits, any limits', () => {
    fc.assert(
      fc.property(changes, limits, (list, given) =>
        checkSmallest(base, altered(base, ...list), given as Limits),
      ),
      { numRuns: 200 },
    )
  })

  it('passes, and one less fails: 16 bits', () => {
    fc.assert(
      fc.property(changes, limits, (list, given) =>
        checkSmallest(base16, altered(base16, ...list), given as Limits),
      ),
      { numRuns: 100 },
    )
  })

  it('passes, and one less fails: floats, alpha as it looks', () => {
    const alpha = fc.constantFrom('strict' as const, 'visible' as const, 'ignore' as const)
    fc.assert(
      fc.property(changes, limits, alpha, (list, given, rule) => {
        const b = altered(base32, ...list.map(([x, y, c, by]) => [x, y, c, by / 3] as const))
        checkSmallest(base32, b, { ...(given as Limits), alpha: rule })
      }),
      { numRuns: 200 },
    )
  })

  it('tightens limits that are looser than needed', () => {
    const choices = (tolerance: Tolerance) =>
      alternatives(comparePictures(flat, changed, tolerance).smallest).map(limitsText)
    expect(choices(levels(50))).toEqual(['--max-abs 10'])
    expect(choices({ maxDiffPixels: 50 })).toEqual(['--max-diff-pixels 4'])
    expect(choices({ ...levels(2), maxDiffPixels: 9 })).toEqual(['--max-abs 2 --max-diff-pixels 2'])
    expect(choices({ ...levels(2), maxDiffPixels: 1 })).toEqual([
      '--max-abs 3 --max-diff-pixels 1',
      '--max-abs 2 --max-diff-pixels 2',
    ])
    expect(choices({ maxDiffRatio: 0 })).toEqual([
      '--max-abs 10 --max-diff-ratio 0',
      '--max-diff-ratio 0.0133334',
    ])
    expect(choices({ perceptual: 0.001 })[0]).toMatch(/^--max-diff-pixels \d+ --perceptual 0.001$/)
  })

  it('rounds to where it passes', () => {
    expect(roundUp(0.1234561)).toBe(0.123457)
    expect(roundUp(0.123456)).toBe(0.123456)
    expect(roundUp(9.9999991)).toBe(10)
    expect(roundUp(1e-9 / 3)).toBe(3.33334e-10)
    expect(roundDown(0.99999999, 6)).toBe(0.999999)
    expect(roundDown(30.12345, 4)).toBe(30.1234)
  })
})
