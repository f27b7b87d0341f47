import { describe, expect, it } from 'vitest'
import { gain, sumsToZero } from '../../src/conv/recipe.ts'
import { ConvoError } from '../../src/error.ts'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { resolve } from '../../src/params.ts'
import { evaluate, picture, rank, recipe, rows, weights } from './textbook.ts'

const names = Object.keys(filters)
const blurs = ['gaussian', 'binomial', 'box', 'disk', 'motion', 'savgol']

describe('the table', () => {
  it.each(Object.keys(stepFilters))('%s is documented, and its defaults are values that it takes', (name) => {
    expect(Object.hasOwn(filters, name)).toBe(false)
    const { summary, source, formula, params } = stepFilters[name]!
    expect(summary).toMatch(/^[a-z].*[^.]$/)
    expect(source.length).toBeGreaterThan(20)
    expect(formula.length).toBeGreaterThan(10)
    for (const [key, param] of Object.entries(params)) {
      expect(param.summary, key).not.toBe('')
      if (param.default !== undefined) expect(param.parse(param.default, `--${key}`)).toEqual(param.default)
      else expect(param.unset, key).toBeDefined()
    }
  })
  it.each(names)('%s is documented and its defaults are values that it takes', (name) => {
    const entry = filters[name]!
    expect(entry.summary).toMatch(/^[a-z].*[^.]$/)
    expect(entry.source.length).toBeGreaterThan(20)
    for (const [key, param] of Object.entries(entry.params)) {
      expect(param.summary, key).not.toBe('')
      if (param.default !== undefined) expect(param.parse(param.default, `--${key}`)).toEqual(param.default)
    }
    expect(recipe(name).kernels.length).toBeGreaterThan(0)
  })
  it.each(names)('%s is the same each time it is built', (name) => {
    expect(recipe(name)).toEqual(recipe(name))
  })
  it.each(names.filter((n) => !['box', 'roberts'].includes(n)))('%s has odd kernels, so a middle', (name) => {
    for (const k of recipe(name).kernels) for (const n of weights(k).shape) expect(n % 2).toBe(1)
  })
})

describe('sums', () => {
  it.each(blurs)('%s sums to 1', (name) => {
    expect(Math.abs(gain(recipe(name).kernels[0]!) - 1)).toBeLessThan(1e-12)
  })
  it.each([
    ['gaussian', { sigma: 500, 'sigma-y': 0.1 }],
    ['binomial', { radius: 13 }],
    ['binomial', { radius: 14 }],
    ['binomial', { radius: 100 }],
    ['box', { size: '2,7' }],
    ['savgol', { kind: 'smooth7', axis: 'both' }],
    ['sharpen', { amount: 0.3 }],
    ['emboss', {}],
  ])('%s %o sums to 1', (name, given) => {
    expect(Math.abs(gain(recipe(name, given).kernels[0]!) - 1)).toBeLessThan(1e-12)
  })
  it.each([
    ['laplacian', { neighbours: 4 }],
    ['laplacian', { neighbours: 8 }],
    ['log', { sigma: 3 }],
    ['outline', {}],
    ['line', { angle: 45 }],
    ['savgol', { kind: 'd1' }],
    ['savgol', { kind: 'd2', axis: 'y' }],
    ['gabor', { 'zero-mean': true }],
  ])('%s %o sums to 0', (name, given) => {
    const [k] = recipe(name, given).kernels
    expect(Math.abs(gain(k!))).toBeLessThan(1e-12)
    expect(sumsToZero(k!)).toBe(true)
  })
  it('dog sums to 0 once its two bell curves are subtracted', () => {
    const flat = picture([
      [7, 7, 7],
      [7, 7, 7],
    ])
    for (const v of evaluate(recipe('dog'), flat).data) expect(v).toBeCloseTo(0, 12)
  })
})

describe('whole weights stay whole, their divisor in the scale', () => {
  it.each([
    ['sobel', {}],
    ['sobel', { size: 5, unit: true }],
    ['prewitt', {}],
    ['scharr', {}],
    ['roberts', {}],
    ['kirsch', {}],
    ['robinson', {}],
    ['compass', {}],
    ['laplacian', {}],
    ['binomial', { radius: 13 }],
    ['box', { size: 9 }],
    ['motion', { length: 9, angle: 90 }],
    ['sharpen', {}],
    ['emboss', {}],
    ['outline', {}],
    ['line', {}],
    ['savgol', { kind: 'smooth5' }],
    ['savgol', { kind: 'd1', axis: 'both' }],
  ])('%s %o', (name, given) => {
    for (const k of recipe(name, given).kernels) {
      const numbers = k.form === 'separable' ? [...k.col, ...k.row] : [...k.kernel.weights]
      expect(numbers.filter((w) => !Number.isInteger(Math.fround(w)) || Math.fround(w) !== w)).toEqual([])
    }
  })
})

describe('the kernels as they are written', () => {
  it.each([
    [
      'laplacian',
      {},
      [
        [0, 1, 0],
        [1, -4, 1],
        [0, 1, 0],
      ],
    ],
    [
      'laplacian',
      { neighbours: 8 },
      [
        [1, 1, 1],
        [1, -8, 1],
        [1, 1, 1],
      ],
    ],
    [
      'sharpen',
      {},
      [
        [0, -1, 0],
        [-1, 5, -1],
        [0, -1, 0],
      ],
    ],
    [
      'sharpen',
      { amount: 2 },
      [
        [0, -2, 0],
        [-2, 9, -2],
        [0, -2, 0],
      ],
    ],
    [
      'emboss',
      {},
      [
        [-2, -1, 0],
        [-1, 1, 1],
        [0, 1, 2],
      ],
    ],
    [
      'outline',
      {},
      [
        [-1, -1, -1],
        [-1, 8, -1],
        [-1, -1, -1],
      ],
    ],
    [
      'line',
      {},
      [
        [-1, -1, -1],
        [2, 2, 2],
        [-1, -1, -1],
      ],
    ],
    [
      'line',
      { angle: 45 },
      [
        [-1, -1, 2],
        [-1, 2, -1],
        [2, -1, -1],
      ],
    ],
    [
      'line',
      { angle: 90 },
      [
        [-1, 2, -1],
        [-1, 2, -1],
        [-1, 2, -1],
      ],
    ],
    [
      'line',
      { angle: 135 },
      [
        [2, -1, -1],
        [-1, 2, -1],
        [-1, -1, 2],
      ],
    ],
    [
      'binomial',
      {},
      [
        [1, 2, 1],
        [2, 4, 2],
        [1, 2, 1],
      ],
    ],
    ['box', { size: [3, 1] }, [[1, 1, 1]]],
    ['box', { size: '1x2' }, [[1], [1]]],
    ['savgol', {}, [[-3, 12, 17, 12, -3]]],
    ['savgol', { kind: 'smooth7' }, [[-2, 3, 6, 7, 6, 3, -2]]],
    ['savgol', { kind: 'd1' }, [[-2, -1, 0, 1, 2]]],
    ['savgol', { kind: 'd2', axis: 'y' }, [[2], [-1], [-2], [-1], [2]]],
  ])('%s %o', (name, given, expected) => {
    // Ignores the sign of zero, and rounding errors of whole numbers that were divided by a scale.
    expect(rows(name, given)).toEqual(expected.map((row) => row.map((w) => expect.closeTo(w, 12))))
  })
  it('have the divisors of their definitions', () => {
    const scale = (name: string, given = {}) => {
      const [k] = recipe(name, given).kernels
      return k?.form === 'separable' ? k.scale : k?.kernel.scale
    }
    expect(scale('binomial', { radius: 2 })).toBe(256)
    expect(scale('box', { size: '4,5' })).toBe(20)
    for (const [kind, divisor] of Object.entries({ smooth5: 35, smooth7: 21, d1: 10, d2: 7 })) {
      expect(scale('savgol', { kind })).toBe(divisor)
      expect(scale('savgol', { kind, axis: 'both' })).toBe(divisor * divisor)
    }
  })
  it('have these ranks', () => {
    expect(rank(rows('laplacian'))).toBe(2)
    expect(rank(rows('laplacian', { neighbours: 8 }))).toBe(2)
    expect(rank(rows('sharpen'))).toBe(2)
    expect(rank(rows('outline'))).toBe(2)
    expect(rank(rows('emboss'))).toBe(3)
    expect(rank(rows('line'))).toBe(1)
    expect(rank(rows('gaussian'))).toBe(1)
  })
})

describe('recipes', () => {
  const image = picture([
    [10, 200, 30, 40],
    [50, 60, 70, 255],
    [0, 90, 110, 120],
  ])
  it('dog is one bell curve less another, 1.6 times as wide unless told', () => {
    const blur = (sigma: number) => evaluate(recipe('gaussian', { sigma }), image).data
    const less = (a: Float64Array, b: Float64Array) => Array.from(a, (v, i) => expect.closeTo(v - b[i]!, 11))
    const dog = (given: Record<string, number>) => Array.from(evaluate(recipe('dog', given), image).data)
    expect(dog({ sigma: 0.5 })).toEqual(less(blur(0.5), blur(0.8)))
    expect(dog({ sigma: 0.5, sigma2: 0.6 })).toEqual(less(blur(0.5), blur(0.6)))
    expect(dog({ sigma: 0.5, ratio: 3 })).toEqual(less(blur(0.5), blur(1.5)))
  })
  it('unsharp adds the difference from the blur where it exceeds the threshold', () => {
    const blur = evaluate(recipe('gaussian', { sigma: 0.8 }), image).data
    const got = evaluate(recipe('unsharp', { sigma: 0.8, amount: 2, threshold: 40 }), image).data
    const differences = Array.from(image.data).map((v, i) => v - blur[i]!)
    expect(differences.some((d) => Math.abs(d) > 40)).toBe(true)
    expect(differences.some((d) => Math.abs(d) < 40)).toBe(true)
    expect(Array.from(got)).toEqual(
      differences.map((d, i) => expect.closeTo(image.data[i]! + (Math.abs(d) > 40 ? 2 * d : 0), 11)),
    )
  })
  it('highpass is the picture less its blur, and local-contrast adds a part of that', () => {
    const blur = evaluate(recipe('gaussian', { sigma: 0.8 }), image).data
    const high = recipe('highpass', { sigma: 0.8 })
    expect(high.offset).toBe(127.5)
    const rest = Array.from(image.data).map((v, i) => v - blur[i]!)
    expect(Array.from(evaluate(high, image).data)).toEqual(rest.map((d) => expect.closeTo(d + 127.5, 11)))
    const lifted = evaluate(recipe('local-contrast', { sigma: 0.8, amount: 0.5 }), image).data
    expect(Array.from(lifted)).toEqual(rest.map((d, i) => expect.closeTo(image.data[i]! + d / 2, 11)))
  })
  it('savgol smooth5 keeps cubics, d1 and d2 give the slopes of a parabola', () => {
    const along = (f: (x: number) => number) => picture([Array.from({ length: 9 }, (_, x) => f(x))])
    const at4 = (kind: string, f: (x: number) => number) =>
      evaluate(recipe('savgol', { kind }), along(f)).data[4]
    expect(at4('smooth5', (x) => x ** 3 - 5 * x * x + 2)).toBeCloseTo(64 - 80 + 2, 10)
    expect(at4('smooth7', (x) => x ** 3 - 5 * x * x + 2)).toBeCloseTo(64 - 80 + 2, 10)
    expect(at4('d1', (x) => x * x)).toBeCloseTo(8, 10)
    expect(at4('d2', (x) => x * x)).toBeCloseTo(2, 10)
  })
})

describe('settings that cannot be', () => {
  it.each([
    ['gaussian', { sigma: 0 }, '--sigma must be from 0.1 to 500, got 0'],
    ['gaussian', { sigma: 501 }, '--sigma must be from 0.1 to 500, got 501'],
    ['gaussian', { 'sigma-y': 'wide' }, '--sigma-y must be a number, got "wide"'],
    ['binomial', { radius: 1.5 }, '--radius must be a whole number, got 1.5'],
    ['binomial', { radius: 0 }, '--radius must be from 1 to 100, got 0'],
    ['box', { size: '3,4,5' }, '--size must be 1 to 2 numbers, got "3,4,5"'],
    ['box', { size: 0 }, '--size must be from 1 to 2047, got 0'],
    ['disk', { radius: 0.4 }, '--radius must be from 0.5 to 1000, got 0.4'],
    ['motion', { length: 0.5 }, '--length must be from 1 to 2000, got 0.5'],
    ['motion', { angle: 400 }, '--angle must be from -360 to 360, got 400'],
    ['log', { sigma: 31 }, '--sigma must be from 0.3 to 30, got 31'],
    ['unsharp', { threshold: 256 }, '--threshold must be from 0 to 255, got 256'],
    ['unsharp', { amount: -1 }, '--amount must be from 0 to 100, got -1'],
    ['sobel', { size: 4 }, '--size must be one of 3, 5, got "4"'],
    ['sobel', { axis: 'z' }, '--axis must be one of x, y, magnitude, angle, got "z"'],
    ['robinson', { level: 4 }, '--level must be one of 3, 5, got "4"'],
    ['laplacian', { neighbours: 6 }, '--neighbours must be one of 4, 8, got "6"'],
    ['line', { angle: 30 }, '--angle must be one of 0, 45, 90, 135, got "30"'],
    ['savgol', { kind: 'smooth9' }, '--kind must be one of smooth5, smooth7, d1, d2, got "smooth9"'],
    ['gabor', { lambda: 1 }, '--lambda must be from 2 to 500, got 1'],
    ['dog', { sigma2: 2, ratio: 2 }, 'sigma2 and ratio cannot be used together, got sigma2 2 and ratio 2'],
    [
      'dog',
      { ratio: 1 },
      'the two standard deviations must differ, got 1 twice: the result would be 0 everywhere',
    ],
    ['emboss', { amount: 1 }, 'unknown setting --amount'],
  ])('%s %o', (name, given, message) => {
    expect(() => recipe(name, given)).toThrow(ConvoError)
    expect(() => recipe(name, given)).toThrow(message)
  })
  it('a name that is nearly right is guessed', () => {
    const params = filters.gaussian!.params
    expect(() => resolve(params, { sigm: 2 })).toThrow(
      expect.objectContaining({ code: 'E_NAME', fix: '--sigma' }),
    )
  })
})
