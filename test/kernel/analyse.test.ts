import { describe, expect, test } from 'vitest'
import { namedKernels } from '../../src/filters/names.ts'
import { analyse, decompose, factor, flip, lowRank, normalize } from '../../src/kernel/analyse.ts'
import { type Kernel, kernel } from '../../src/kernel/kernel.ts'
import { resolve } from '../../src/params.ts'
import fc from '../property.ts'

/** Makes a kernel from rows as users write them. */
function rows(text: string): Kernel {
  const numbers = text.split(';').map((row) => row.trim().split(/\s+/).map(Number))
  return kernel([numbers.length, numbers[0]!.length], numbers.flat())
}

function named(name: string, given: Record<string, unknown> = {}): Kernel {
  const entry = namedKernels[name]!
  return entry.build(resolve(entry.params, given))
}

const outer = (col: ArrayLike<number>, row: ArrayLike<number>): number[] =>
  Array.from(col).flatMap((c) => Array.from(row, (r) => c * r))

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)))

const gaussian273 = '1 4 7 4 1; 4 16 26 16 4; 7 26 41 26 7; 4 16 26 16 4; 1 4 7 4 1'

describe('rank', () => {
  test.each([
    ['sobel x', '-1 0 1; -2 0 2; -1 0 1', 1],
    ['prewitt y', '-1 -1 -1; 0 0 0; 1 1 1', 1],
    ['corner', '1 -2 1; -2 4 -2; 1 -2 1', 1],
    ['laplacian, 4 neighbours', '0 1 0; 1 -4 1; 0 1 0', 2],
    ['laplacian, 8 neighbours', '1 1 1; 1 -8 1; 1 1 1', 2],
    ['sharpen', '0 -1 0; -1 5 -1; 0 -1 0', 2],
    ['kirsch, north', '5 5 5; -3 0 -3; -3 -3 -3', 2],
    ['kirsch, north-east', '-3 5 5; -3 0 5; -3 -3 -3', 3],
    ['emboss', '-2 -1 0; -1 1 1; 0 1 2', 3],
    ['gaussian of 273', gaussian273, 3],
    ['zeros', '0 0; 0 0', 0],
    ['a row', '1 2 3 4', 1],
    ['a column', '1; 0; -1', 1],
    ['wide', '1 0 2 0; 0 1 0 2', 2],
    ['tall', '1 0; 0 1; 2 0; 0 2', 2],
  ])('%s', (_, text, rank) => {
    expect(analyse(rows(text)).rank).toBe(rank)
  })

  test.each([
    ['gaussian', 1],
    ['box', 1],
    ['binomial', 1],
    ['sobel-x', 1],
    ['scharr-y', 1],
    ['farid-x', 1],
  ])('the named kernel %s has rank %i', (name, rank) => {
    expect(analyse(named(name)).rank).toBe(rank)
  })

  test('only planes have one', () => {
    const analysis = analyse(kernel([1, 2, 2], [1, 0, 0, 1]))
    expect([analysis.rank, analysis.singularValues]).toEqual([undefined, undefined])
  })
})

test('sums and whole weights', () => {
  expect(analyse(rows('-1 0 1; -2 0 2.5'))).toMatchObject({ sum: 0.5, absSum: 6.5, isInteger: false })
  expect(analyse(rows(gaussian273))).toMatchObject({ sum: 273, absSum: 273, isInteger: true })
})

describe('singular values', () => {
  test('of a diagonal, largest first, without signs', () => {
    expect([...analyse(rows('2 0 0; 0 -7 0; 0 0 3')).singularValues!]).toEqual([7, 3, 2])
  })

  test('their squares sum to those of the weights, and the terms sum to the kernel', () => {
    const size = fc.integer({ min: 1, max: 7 })
    const weight = fc.double({ min: -10, max: 10, noNaN: true })
    const any = fc
      .tuple(size, size)
      .chain(([kH, kW]) =>
        fc.array(weight, { minLength: kH * kW, maxLength: kH * kW }).map((w) => kernel([kH, kW], w)),
      )
    fc.assert(
      fc.property(any, (k) => {
        const terms = decompose(k)
        const energy = k.weights.reduce((s, w) => s + w * w, 0)
        expect(terms.reduce((s, t) => s + t.sigma * t.sigma, 0)).toBeCloseTo(energy, 6)
        const sum = new Float64Array(k.weights.length)
        for (const { sigma, col, row } of terms)
          outer(col, row).forEach((w, i) => {
            sum[i]! += sigma * w
          })
        expect(largestDifference(sum, k.weights)).toBeLessThan(1e-9)
      }),
    )
  })
})

describe('factor', () => {
  test('whole weights have whole factors, exactly', () => {
    expect(factor(rows('-1 0 1; -2 0 2; -1 0 1'))).toEqual({
      col: Float64Array.of(1, 2, 1),
      row: Float64Array.of(-1, 0, 1),
    })
    expect(factor(rows('1 -2 1; -2 4 -2; 1 -2 1'))).toBeDefined()
  })

  test('any whole kernel of rank 1 comes back as its factors, to the last bit', () => {
    const vector = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(vector, vector, (col, row) => {
        fc.pre(col.some((c) => c !== 0) && row.some((r) => r !== 0))
        const k = kernel([col.length, row.length], outer(col, row))
        const found = factor(k)!
        expect([...found.col, ...found.row].every(Number.isInteger)).toBe(true)
        expect(outer(found.col, found.row).map((w) => w + 0)).toEqual([...k.weights].map((w) => w + 0))
      }),
    )
  })

  test('other weights within 1e-6 of the largest, so that float32 copies count', () => {
    const k = named('gaussian', { sigma: 2 })
    const { col, row } = factor(k)!
    const largest = Math.max(...k.weights)
    expect(largestDifference(outer(col, row), k.weights)).toBeLessThan(1e-9 * largest)
  })

  test.each(['0 1 0; 1 -4 1; 0 1 0', '-2 -1 0; -1 1 1; 0 1 2', gaussian273, '0 0; 0 0', '1 0; 0 1e-5'])(
    'there is none for %s',
    (text) => {
      expect(factor(rows(text))).toBeUndefined()
    },
  )

  test('nor for a bank', () => {
    expect(factor(kernel([1, 1, 3, 3], new Array(9).fill(1)))).toBeUndefined()
  })
})

describe('low rank', () => {
  test.each([0, 1, 2, 3])('the error of rank %i equals the Frobenius distance', (rank) => {
    const k = rows(gaussian273)
    const { terms, error } = lowRank(k, rank)
    const rest = Float64Array.from(k.weights)
    for (const { col, row } of terms)
      outer(col, row).forEach((w, i) => {
        rest[i]! -= w
      })
    const norm = (w: Float64Array) => Math.hypot(...w)
    expect(terms).toHaveLength(rank)
    expect(error).toBeCloseTo(norm(rest) / norm(k.weights), 12)
    expect(error < 1e-12).toBe(rank === 3)
  })

  test('no other kernel of rank 1 is nearer', () => {
    const k = rows('5 5 5; -3 0 -3; -3 -3 -3')
    const { terms, error } = lowRank(k, 1)
    const distance = (w: number[]) =>
      Math.hypot(...w.map((x, i) => x - k.weights[i]!)) / Math.hypot(...k.weights)
    const { col, row } = terms[0]!
    const nudge = fc.array(fc.double({ min: -0.5, max: 0.5, noNaN: true }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(nudge, (d) => {
        const other = outer(
          col.map((c, i) => c + d[i]!),
          row.map((r, i) => r + d[3 + i]!),
        )
        expect(distance(other)).toBeGreaterThanOrEqual(error - 1e-12)
      }),
    )
  })

  test('zeros are met without error', () => {
    expect(lowRank(rows('0 0; 0 0'), 1).error).toBe(0)
  })
})

describe('flip', () => {
  test('turns each plane by 180 degrees', () => {
    expect([...flip(kernel([2, 1, 3], [1, 2, 3, 4, 5, 6])).weights]).toEqual([3, 2, 1, 6, 5, 4])
  })

  test('takes the anchor along, and twice gives the kernel back', () => {
    const k = kernel([2, 3], [1, 2, 3, 4, 5, 6], { anchor: [0, 2], scale: 3, offset: 1 })
    expect(flip(k).anchor).toEqual([1, 0])
    expect(flip(flip(k))).toEqual(k)
    // for an even size: floor(k/2) becomes the tap before it
    expect(flip(kernel([1, 4], [1, 2, 3, 4])).anchor).toEqual([0, 1])
  })
})

test('normalize divides by the sum, and not at all where it is 0', () => {
  expect(normalize(rows(gaussian273)).scale).toBe(273)
  expect(normalize(rows('-1 0 1')).scale).toBe(1)
})
