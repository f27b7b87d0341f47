import { describe, expect, it } from 'vitest'
import {
  bellRadius,
  disk,
  gabor,
  gaussianRow,
  laplacianOfGaussian,
  motionLine,
  pascalRow,
} from '../../src/filters/weights.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { transposed } from './textbook.ts'

const sum = (a: Iterable<number>) => [...a].reduce((total, v) => total + v, 0)

/** Returns the rows of a kernel, divided by its scale. */
function rowsOf(k: Kernel): number[][] {
  const [kH, kW] = k.shape as [number, number]
  return Array.from({ length: kH }, (_, y) =>
    Array.from(k.weights.slice(y * kW, (y + 1) * kW), (w) => w / k.scale),
  )
}
const near = (m: readonly (readonly number[])[], digits: number) =>
  m.map((row) => row.map((w) => expect.closeTo(w, digits)))

describe('the bell curve', () => {
  it('is cut at trunc(4 sigma + 0.5)', () => {
    for (const [sigma, radius] of [
      [0.1, 0],
      [0.12, 0],
      [0.13, 1],
      [1, 4],
      [1.12, 4],
      [1.13, 5],
      [2, 8],
      [500, 2000],
    ] as const) {
      expect(bellRadius(sigma), `sigma ${sigma}`).toBe(radius)
      expect(gaussianRow(sigma)).toHaveLength(2 * radius + 1)
    }
  })
  it('sums to 1, is symmetric, and falls as exp(-i²/2σ²)', () => {
    for (const sigma of [0.1, 0.5, 1, 2.7, 30, 500]) {
      const row = gaussianRow(sigma)
      const radius = (row.length - 1) / 2
      expect(Math.abs(sum(row) - 1)).toBeLessThan(1e-12)
      expect(row.toReversed()).toEqual(row)
      if (radius > 0)
        expect(row[radius - 1]! / row[radius]!).toBeCloseTo(Math.exp(-1 / (2 * sigma * sigma)), 14)
    }
  })
})

describe("Pascal's triangle", () => {
  it('has the known rows', () => {
    expect(pascalRow(0)).toEqual(Float64Array.of(1))
    expect(pascalRow(4)).toEqual(Float64Array.of(1, 4, 6, 4, 1))
    expect(pascalRow(26)[13]).toBe(10400600)
  })
  it('has rows of sum 2^n', () => {
    for (const n of [1, 8, 50, 200]) expect(sum(pascalRow(n)) / 2 ** n).toBeCloseTo(1, 13)
  })
})

describe('the Laplacian of a Gaussian', () => {
  it('sums to 0, is symmetric and negative in the middle', () => {
    for (const sigma of [0.3, 1, 2.5, 10]) {
      const k = laplacianOfGaussian(sigma)
      expect(Math.abs(sum(k.weights))).toBeLessThan(1e-12)
      expect(rowsOf(k)).toEqual(transposed(rowsOf(k)))
      expect(k.weights.toReversed()).toEqual(k.weights)
      expect(k.weights[(k.weights.length - 1) / 2]).toBeLessThan(0)
    }
  })
  it('has its values: -2/σ² in the middle, 0 on the circle of radius σ√2', () => {
    const k = laplacianOfGaussian(2)
    expect(k.shape).toEqual([17, 17])
    // The corner is (128 - 8)/16 exp(-16) before the mean is removed, so it shows the mean.
    const removed = 7.5 * Math.exp(-16) - k.weights[0]!
    expect(k.weights[144]! + removed).toBeCloseTo(-0.5, 14)
    expect(k.weights[8 * 17 + 8 + 2 * 17 + 2]! + removed).toBeCloseTo(0, 14)
    expect(Math.abs(removed)).toBeLessThan(1e-4)
  })
})

describe('the disk', () => {
  it('has the values of fspecial', () => {
    expect(rowsOf(disk(1))).toEqual(
      near(
        [
          [0.0251, 0.1453, 0.0251],
          [0.1453, 0.3183, 0.1453],
          [0.0251, 0.1453, 0.0251],
        ],
        4,
      ),
    )
  })
  it('covers the area of the circle', () => {
    for (const radius of [0.5, 0.6, 1, Math.SQRT2, 2, 3.25, 5, 37.3, 100]) {
      const k = disk(radius)
      const area = Math.PI * radius * radius
      expect(Math.abs(k.scale - area) / area, `radius ${radius}`).toBeLessThan(1e-13)
      expect(Math.abs(sum(rowsOf(k).flat()) - 1)).toBeLessThan(1e-12)
      expect(k.shape).toEqual([2 * Math.ceil(radius - 0.5) + 1, 2 * Math.ceil(radius - 0.5) + 1])
      expect(Math.max(...k.weights)).toBeLessThanOrEqual(1)
      expect(Math.min(...k.weights)).toBeGreaterThanOrEqual(0)
    }
  })
  it('is the same in all eight octants', () => {
    const rows = rowsOf(disk(4.3))
    expect(transposed(rows)).toEqual(rows)
    expect(rows.toReversed()).toEqual(rows)
  })
  it('agrees with counting points inside the circle', () => {
    const k = disk(2.2)
    const fine = 200
    for (const [y, x] of [
      [0, 2],
      [1, 2],
      [2, 2],
      [1, 1],
    ] as const) {
      let inside = 0
      for (let i = 0; i < fine * fine; i++) {
        const dy = y - 0.5 + (Math.floor(i / fine) + 0.5) / fine
        const dx = x - 0.5 + ((i % fine) + 0.5) / fine
        if (dy * dy + dx * dx <= 2.2 * 2.2) inside++
      }
      expect(k.weights[(2 + y) * 5 + 2 + x]).toBeCloseTo(inside / (fine * fine), 3)
    }
  })
})

describe('the line of motion', () => {
  const ninth = Array.from({ length: 9 }, () => 1 / 9)
  it('is a plain row at 0°, a plain column at 90°', () => {
    expect(rowsOf(motionLine(9, 0))).toEqual([ninth])
    expect(rowsOf(motionLine(9, 90))).toEqual(ninth.map((w) => [w]))
    expect(rowsOf(motionLine(9, -180))).toEqual([ninth])
  })
  it('ends in halves for an even length', () => {
    expect(rowsOf(motionLine(4, 0))).toEqual([[1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8]])
  })
  it('has the values of fspecial at 45°, rising to the right', () => {
    expect(rowsOf(motionLine(5, 45))).toEqual(
      near(
        [
          [0, 0, 0, 0.0501, 0.0304],
          [0, 0, 0.0519, 0.1771, 0.0501],
          [0, 0.0519, 0.1771, 0.0519, 0],
          [0.0501, 0.1771, 0.0519, 0, 0],
          [0.0304, 0.0501, 0, 0, 0],
        ],
        4,
      ),
    )
  })
  it('is one pixel for a length of 1', () => expect(rowsOf(motionLine(1, 33))).toEqual([[1]]))
  it('sums to 1 and looks the same from both ends', () => {
    for (const [length, angle] of [
      [2.5, 10],
      [7, 60],
      [15, 123],
      [255, 45],
      [31, -17.5],
    ] as const) {
      const k = motionLine(length, angle)
      expect(Math.abs(sum(rowsOf(k).flat()) - 1)).toBeLessThan(1e-12)
      expect(k.weights.toReversed()).toEqual(k.weights)
    }
  })
  it('is mirrored by the opposite angle, transposed by the complement, and repeats after 180°', () => {
    for (const angle of [12, 30, 45, 77]) {
      const rows = rowsOf(motionLine(11, angle))
      const mirrored = rows.map((row) => row.toReversed())
      expect(rowsOf(motionLine(11, -angle))).toEqual(near(mirrored, 13))
      expect(rowsOf(motionLine(11, 180 - angle))).toEqual(near(mirrored, 13))
      expect(rowsOf(motionLine(11, 180 + angle))).toEqual(near(rows, 13))
      // Rows count downwards, so the complement is mirrored in the other diagonal.
      expect(rowsOf(motionLine(11, 90 - angle))).toEqual(near(transposed(rows.toReversed()).toReversed(), 13))
    }
  })
})

describe('the Gabor kernel', () => {
  const plain = { sigma: 2, theta: 0, lambda: 5, gamma: 0.5, psi: 0, zeroMean: false }
  it('is the formula over the sum of its positive weights', () => {
    const k = gabor({ ...plain, theta: 30, psi: 40 })
    const [kH, kW] = k.shape as [number, number]
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]
    k.weights.forEach((w, i) => {
      const y = Math.floor(i / kW) - (kH - 1) / 2
      const x = (i % kW) - (kW - 1) / 2
      const u = x * c + y * s
      const v = -x * s + y * c
      const bell = Math.exp(-(u * u + 0.25 * v * v) / 8)
      expect(w).toBeCloseTo(bell * Math.cos((2 * Math.PI * u) / 5 + (40 * Math.PI) / 180), 14)
    })
    expect(k.scale).toBeCloseTo(
      k.weights.reduce((sum, w) => sum + Math.max(w, 0), 0),
      10,
    )
  })
  it('reaches 4 standard deviations of its envelope', () => {
    expect(gabor(plain).shape).toEqual([33, 17])
    expect(gabor({ ...plain, theta: 90 }).shape).toEqual([17, 33])
  })
  it('is even without a phase and odd at 90°', () => {
    const even = gabor({ ...plain, theta: 20 }).weights
    expect(even.toReversed()).toEqual(even)
    const odd = gabor({ ...plain, theta: 20, psi: 90 })
    expect(Math.abs(sum(odd.weights))).toBeLessThan(1e-12)
  })
  it('sums to 0 with zero mean, and dies out at the rim all the same', () => {
    const k = gabor({ ...plain, lambda: 20, zeroMean: true })
    expect(Math.abs(sum(gabor({ ...plain, lambda: 20 }).weights))).toBeGreaterThan(1)
    expect(Math.abs(sum(k.weights))).toBeLessThan(1e-12)
    expect(Math.abs(k.weights[0]!)).toBeLessThan(1e-6)
  })
  it('refuses to be wider than 255, with the numbers', () => {
    expect(() => gabor({ ...plain, sigma: 30, gamma: 0.5 })).toThrow(
      'a gabor kernel can be at most 255 pixels wide, but sigma 30 and gamma 0.5 need 481',
    )
  })
})
