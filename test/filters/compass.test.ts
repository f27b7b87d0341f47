import { describe, expect, it } from 'vitest'
import { directions, turned as turnedWeights } from '../../src/filters/compass.ts'
import { evaluate, picture, rank, recipe, rows } from './textbook.ts'

const clockwise = (m: readonly (readonly number[])[]) =>
  m.map((_, y) => m.map((_, x) => m[m.length - 1 - x]![y]!))

const turned = (m: readonly (readonly number[])[], eighths: number) => {
  const weights = [...turnedWeights(Float64Array.from(m.flat()), eighths)]
  return [0, 3, 6].map((at) => weights.slice(at, at + 3))
}

describe('a turned kernel', () => {
  const ring = [
    [1, 2, 3],
    [8, 0, 4],
    [7, 6, 5],
  ]
  it('moves its outer weights clockwise', () => {
    expect(turned(ring, 1)).toEqual([
      [8, 1, 2],
      [7, 0, 3],
      [6, 5, 4],
    ])
  })
  it('is a plain rotation after two steps and itself after eight', () => {
    expect(turned(ring, 2)).toEqual(clockwise(ring))
    expect(turned(ring, 8)).toEqual(ring)
  })
})

describe.each([
  ['kirsch', {}, 15],
  ['robinson', { level: 5 }, 4],
  ['robinson', { level: 3 }, 3],
  ['compass', {}, 5],
] as const)('%s %o', (name, given, gain) => {
  const masks = directions.map((_, i) => rows(name, given, i))

  it('has eight different kernels of sum 0', () => {
    expect(recipe(name, given).kernels).toHaveLength(8)
    expect(new Set(masks.map(String)).size).toBe(8)
    for (const m of masks) expect(m.flat().reduce((a, b) => a + b)).toBe(0)
  })
  it('turns by 45° from each to the next', () => {
    masks.forEach((m, i) => {
      expect(masks[(i + 1) % 8]).toEqual(turned(m, 1))
      expect(masks[(i + 2) % 8]).toEqual(clockwise(m))
    })
  })
  it('answers most to brightness in the direction of its name', () => {
    const bright = picture([
      [9, 9, 9],
      [0, 0, 0],
      [0, 0, 0],
    ])
    const answers = recipe(name, given).kernels.map((k) => {
      return evaluate({ kernels: [k], combine: { kind: 'only' }, scale: 1, offset: 0 }, bright).data[4]!
    })
    expect(answers.indexOf(Math.max(...answers))).toBe(directions.indexOf('n'))
  })
  it(`has a gain of ${gain}, and of 1 under --unit`, () => {
    const step = picture([
      [255, 255, 255],
      [255, 255, 255],
      [0, 0, 0],
      [0, 0, 0],
    ])
    const most = (g: Readonly<Record<string, unknown>>) => Math.max(...evaluate(recipe(name, g), step).data)
    expect(most({ ...given, unit: true })).toBeLessThanOrEqual(255)
    expect(most(given)).toBe(most({ ...given, unit: true }) * gain)
  })
})

describe('the masks as they are written', () => {
  it('kirsch, robinson, compass', () => {
    expect(rows('kirsch')).toEqual([
      [5, 5, 5],
      [-3, 0, -3],
      [-3, -3, -3],
    ])
    expect(rows('robinson')).toEqual([
      [1, 2, 1],
      [0, 0, 0],
      [-1, -2, -1],
    ])
    expect(rows('robinson', { level: '3' })).toEqual([
      [1, 1, 1],
      [0, 0, 0],
      [-1, -1, -1],
    ])
    expect(rows('compass', {}, directions.indexOf('e'))).toEqual([
      [-1, 1, 1],
      [-1, -2, 1],
      [-1, 1, 1],
    ])
  })
  it('kirsch has rank 2, and so has robinson on the diagonals', () => {
    expect(rank(rows('kirsch'))).toBe(2)
    expect(rank(rows('robinson'))).toBe(1)
    expect(rank(rows('robinson', {}, directions.indexOf('ne')))).toBe(2)
  })
})

describe('frei-chen', () => {
  const masks = recipe('frei-chen').kernels.map((k) => {
    if (k.form !== 'dense') throw new Error('not dense')
    return Array.from(k.kernel.weights, (w) => w / k.kernel.scale)
  })
  const near = (m: number[]) => m.map((w) => expect.closeTo(w, 14))
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)

  it('has nine orthonormal masks', () => {
    expect(masks).toHaveLength(9)
    masks.forEach((a, i) => {
      masks.forEach((b, j) => {
        expect(dot(a, b), `masks ${i + 1} and ${j + 1}`).toBeCloseTo(i === j ? 1 : 0, 14)
      })
    })
  })
  it('writes them as Frei and Chen do', () => {
    const r2 = Math.SQRT2
    expect(rows('frei-chen', {}, 0).flat()).toEqual(near([1, r2, 1, 0, 0, 0, -1, -r2, -1]))
    expect(rows('frei-chen', {}, 1).flat()).toEqual(near([1, 0, -1, r2, 0, -r2, 1, 0, -1]))
    expect(rows('frei-chen', {}, 2).flat()).toEqual(near([0, -1, r2, 1, 0, -1, -r2, 1, 0]))
    expect(rows('frei-chen', {}, 3).flat()).toEqual(near([r2, -1, 0, -1, 0, 1, 0, 1, -r2]))
    expect(rows('frei-chen', {}, 5).flat()).toEqual(near([-1, 0, 1, 0, 0, 0, 1, 0, -1]))
    expect(rows('frei-chen', {}, 7).flat()).toEqual(near([-2, 1, -2, 1, 4, 1, -2, 1, -2]))
  })
  it('shows the share of the first four masks, whatever the contrast', () => {
    const edge = (bright: number) =>
      evaluate(
        recipe('frei-chen'),
        picture([
          [0, 0, 0],
          [0, 0, 0],
          [bright, bright, bright],
        ]),
      ).data[4]!
    expect(edge(200)).toBeCloseTo(edge(2), 10)
    // The energy is that of the nine samples: 3 b². The share of the edges is what the first four masks detect of it.
    const [one, two, three, four] = [1, 2, 3, 4].map((m) => dot(masks[m - 1]!, [0, 0, 0, 0, 0, 0, 1, 1, 1]))
    const edges = one! ** 2 + two! ** 2 + three! ** 2 + four! ** 2
    expect(edge(1)).toBeCloseTo(255 * Math.sqrt(edges / 3), 10)
  })
  it('is black where there is nothing at all', () => {
    expect(evaluate(recipe('frei-chen'), picture([[0, 0]])).data).toEqual(Float64Array.of(0, 0))
  })
})
