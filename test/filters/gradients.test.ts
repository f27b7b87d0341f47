import { describe, expect, it } from 'vitest'
import { evaluate, picture, rank, recipe, rows, transposed } from './textbook.ts'

const pairs = ['sobel', 'prewitt', 'scharr', 'farid'] as const
const step = (dark: number, bright: number) =>
  picture(Array.from({ length: 7 }, () => [dark, dark, dark, dark, bright, bright, bright, bright]))
const middle = (image: { data: Float64Array; shape: readonly number[] }) =>
  image.data[3 * image.shape[2]! + 4]!

describe('the kernels as they are written', () => {
  it('sobel', () => {
    expect(rows('sobel', { axis: 'x' })).toEqual([
      [-1, 0, 1],
      [-2, 0, 2],
      [-1, 0, 1],
    ])
    expect(rows('sobel', { axis: 'x', size: 5 })).toEqual([
      [-1, -2, 0, 2, 1],
      [-4, -8, 0, 8, 4],
      [-6, -12, 0, 12, 6],
      [-4, -8, 0, 8, 4],
      [-1, -2, 0, 2, 1],
    ])
  })
  it('prewitt, scharr', () => {
    expect(rows('prewitt', { axis: 'x' })).toEqual([
      [-1, 0, 1],
      [-1, 0, 1],
      [-1, 0, 1],
    ])
    expect(rows('scharr', { axis: 'x' })).toEqual([
      [-3, 0, 3],
      [-10, 0, 10],
      [-3, 0, 3],
    ])
  })
  it('roberts', () => {
    expect(rows('roberts', { axis: 'x' })).toEqual([
      [1, 0],
      [0, -1],
    ])
    expect(rows('roberts', { axis: 'y' })).toEqual([
      [0, 1],
      [-1, 0],
    ])
  })
  it('farid: smoothing of sum 1 by a difference', () => {
    const x = rows('farid', { axis: 'x' })
    expect(x[0]![4]).toBe(0.0376593171958126 * 0.109603762960254)
    expect(x[2]![3]).toBe(0.426374573253687 * 0.276690988455557)
    expect(x[2]![1]).toBe(-x[2]![3]!)
  })
})

describe.each(pairs)('%s', (name) => {
  const x = rows(name, { axis: 'x' })
  const y = rows(name, { axis: 'y' })

  it('has a y kernel that is the transpose of its x kernel', () => expect(y).toEqual(transposed(x)))
  it('has rank 1', () => expect([rank(x), rank(y)]).toEqual([1, 1]))
  it('sums to 0', () => expect(x.flat().reduce((a, b) => a + b)).toBeCloseTo(0, 15))
  it('combines just these two', () => {
    expect([rows(name, {}, 0), rows(name, {}, 1)]).toEqual([x, y])
  })
  it('is positive from dark to bright, to the right and downwards', () => {
    expect(middle(evaluate(recipe(name, { axis: 'x' }), step(10, 60)))).toBeGreaterThan(0)
    expect(middle(evaluate(recipe(name, { axis: 'x' }), step(60, 10)))).toBeLessThan(0)
    const down = picture([[0], [0], [0], [9], [9], [9]])
    expect(evaluate(recipe(name, { axis: 'y' }), down).data[3]).toBeGreaterThan(0)
  })
  it('gives full white for a full step under --unit, on an axis and in the magnitude', () => {
    expect(middle(evaluate(recipe(name, { axis: 'x', unit: true }), step(0, 255)))).toBeCloseTo(255, 10)
    expect(middle(evaluate(recipe(name, { unit: true }), step(0, 255)))).toBeCloseTo(255, 10)
  })
  it('has an angle of 0 to the right, a quarter turn downwards, whatever --unit says', () => {
    for (const unit of [false, true]) {
      const angle = recipe(name, { axis: 'angle', unit })
      expect(middle(evaluate(angle, step(0, 100)))).toBeCloseTo(127.5, 10)
      expect(evaluate(angle, picture([[0], [0], [0], [9], [9], [9]])).data[3]).toBeCloseTo(191.25, 10)
    }
  })
})

describe('sobel on pictures of 0..1', () => {
  it('has a magnitude of √20 at most', () => {
    const sobel = recipe('sobel')
    let largest = 0
    // The magnitude is convex, so its maximum is at a picture of zeros and ones: tries all 512.
    for (let code = 0; code < 512; code++) {
      const image = Array.from({ length: 3 }, (_, y) =>
        Array.from({ length: 3 }, (_, x) => (code >> (3 * y + x)) & 1),
      )
      largest = Math.max(largest, evaluate(sobel, picture(image)).data[4]!)
    }
    expect(largest).toBe(Math.sqrt(20))
  })
})

describe('roberts', () => {
  it('gives √2 for a full upright step, and full white under --unit', () => {
    expect(middle(evaluate(recipe('roberts'), step(0, 1)))).toBeCloseTo(Math.SQRT2, 14)
    expect(middle(evaluate(recipe('roberts', { unit: true }), step(0, 255)))).toBeCloseTo(255, 10)
  })
  it('gives full white for a full diagonal step of one kernel under --unit', () => {
    const corner = picture([
      [255, 0],
      [0, 0],
    ])
    expect(evaluate(recipe('roberts', { axis: 'x', unit: true }), corner).data[3]).toBe(255)
  })
  it('has the angle of the gradient plus 135°', () => {
    const right = middle(evaluate(recipe('roberts', { axis: 'angle' }), step(0, 9)))
    expect((right / 255) * 360 - 180).toBeCloseTo(135, 10)
  })
})
