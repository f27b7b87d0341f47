import { describe, expect, test } from 'vitest'
import {
  type FftAxis,
  fftFrequencies,
  fftInputRows,
  fftProducts2d,
  fftProductsColumns,
  fftProductsRows,
  fftStages,
  fftTables1d,
  fftTables2d,
  fftTwiddleCount,
  fftTwiddles,
  planFft2d,
  planFftColumns,
  planFftRows,
  spectrum1d,
  spectrum2d,
  unitRoot,
} from '../../src/conv/fft.ts'
import {
  correlateColumnsFftReference,
  correlateFft2dReference,
  correlateRowsFftReference,
} from '../../src/definition/fft.ts'
import { exactColumns, exactDense, exactRows, noise, picture, worstError } from './fft-oracle.ts'

const axis = (kernel: number, n: number): FftAxis => ({ kernel, n, valid: n - kernel + 1 })

describe('roots of unity', () => {
  test('are right to the last bits, and exact where they can be', () => {
    for (const n of [8, 16, 1024]) {
      for (let k = 0; k < 2 * n; k++) {
        const [re, im] = unitRoot(k, n)
        expect(Math.abs(re - Math.cos((2 * Math.PI * k) / n))).toBeLessThan(2e-15)
        expect(Math.abs(im + Math.sin((2 * Math.PI * k) / n))).toBeLessThan(2e-15)
      }
    }
    const quarters = [0, 1, 2, 3].map((k) => unitRoot(k, 4).map((v) => v + 0))
    expect(quarters).toEqual([
      [1, 0],
      [0, -1],
      [-1, 0],
      [0, 1],
    ])
  })

  test('have the same bits in all eight octants', () => {
    const n = 256
    for (let k = 1; k < n / 8; k++) {
      const [c, s] = unitRoot(k, n).map(Math.abs)
      for (const quarter of [0, 64, 128, 192]) {
        for (const other of [quarter + k, quarter + 64 - k]) {
          expect(unitRoot(other, n).map(Math.abs).sort()).toEqual([c, s].sort())
        }
      }
    }
  })
})

describe('tables', () => {
  test('stages multiply to the length and end with radix 4', () => {
    for (let n = 16; n <= 8192; n *= 2) {
      const stages = fftStages(n)
      expect(stages.reduce((product, s) => product * s.radix, 1)).toBe(n)
      expect(stages.at(-1)).toEqual({ radix: 4, size: 4 })
      expect(fftTwiddles(n).length).toBe(fftTwiddleCount(n))
      expect([...fftFrequencies(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
    }
  })

  test.each([16, 32, 64, 128])('the 1-D spectrum for n = %i is the conjugate transform over n', (n) => {
    const weights = noise(7, 1)
    const spectrum = spectrum1d(weights, axis(7, n))
    fftFrequencies(n).forEach((f, place) => {
      let [re, im] = [0, 0]
      weights.forEach((w, k) => {
        re += (w * Math.cos((2 * Math.PI * f * k) / n)) / n
        im += (w * Math.sin((2 * Math.PI * f * k) / n)) / n
      })
      expect(spectrum[2 * place]).toBeCloseTo(re, 7)
      expect(spectrum[2 * place + 1]).toBeCloseTo(im, 7)
    })
  })

  test('the 2-D spectrum is the conjugate transform over ny nx, lanes along y', () => {
    const [ny, nx] = [32, 16]
    const weights = noise(15, 2)
    const spectrum = spectrum2d(weights, { y: axis(3, ny), x: axis(5, nx) })
    const [fy, fx] = [fftFrequencies(ny), fftFrequencies(nx)]
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        let [re, im] = [0, 0]
        weights.forEach((w, k) => {
          const angle = 2 * Math.PI * ((fy[y]! * Math.floor(k / 5)) / ny + (fx[x]! * (k % 5)) / nx)
          re += (w * Math.cos(angle)) / (ny * nx)
          im += (w * Math.sin(angle)) / (ny * nx)
        })
        const at = (Math.floor(y / 4) * nx + x) * 8 + (y % 4)
        expect(spectrum[at]).toBeCloseTo(re, 7)
        expect(spectrum[at + 4]).toBeCloseTo(im, 7)
      }
    }
  })

  test('stand one after the other', () => {
    const plan = { y: axis(3, 16), x: axis(3, 32) }
    const all = fftTables2d(noise(9, 3), plan)
    expect(all.length).toBe(fftTwiddleCount(16) + fftTwiddleCount(32) + 2 * 16 * 32)
    expect(fftTables1d(noise(3, 3), plan.x).length).toBe(fftTwiddleCount(32) + 2 * 32)
  })

  test('a kernel of another size than planned is a bug', () => {
    expect(() => spectrum1d(noise(4, 1), axis(3, 16))).toThrow('must have the length it was planned for')
    expect(() => spectrum2d(noise(8, 1), { y: axis(3, 16), x: axis(3, 16) })).toThrow(
      'must have the size it was planned for',
    )
  })
})

describe('plans', () => {
  test('the lengths for a picture of 12 megapixels and a small one', () => {
    const lengths = (k: number, h: number, w: number) => {
      const { y, x } = planFft2d(k, k, h, w)
      return [y.n, x.n]
    }
    expect([15, 31, 63, 127].map((k) => lengths(k, 3000, 4000))).toEqual([
      [128, 128],
      [256, 256],
      [256, 256],
      [512, 512],
    ])
    expect([15, 31].map((k) => lengths(k, 512, 512))).toEqual([
      [128, 64],
      [128, 128],
    ])
    expect([41, 161, 401].map((k) => planFftColumns(k, 3000).n)).toEqual([256, 512, 1024])
    expect([41, 161, 401].map((k) => planFftRows(k, 4000).n)).toEqual([128, 512, 1024])
  })

  test('every kernel gets blocks that hold it', () => {
    for (let kernel = 1; kernel <= 5000; kernel += 1 + (kernel >> 3)) {
      for (const out of [1, 50, 700, 4000]) {
        const plans = [
          planFftRows(kernel, out),
          planFftColumns(kernel, out),
          planFft2d(kernel, 3, out, out).y,
        ]
        for (const p of plans) {
          expect(p).toEqual({ kernel, n: p.n, valid: p.n - kernel + 1 })
          expect(p.valid).toBeGreaterThan(0)
          expect(Number.isInteger(Math.log2(p.n))).toBe(true)
        }
      }
    }
  })

  test('a strip needs the rows of whole blocks, and none beyond the last', () => {
    const a = axis(5, 16)
    expect(fftInputRows(a, 100, 0, 1)).toEqual({ first: 0, end: 16 })
    expect(fftInputRows(a, 100, 11, 13)).toEqual({ first: 0, end: 28 })
    expect(fftInputRows(a, 100, 12, 24)).toEqual({ first: 12, end: 28 })
    expect(fftInputRows(a, 100, 96, 100)).toEqual({ first: 96, end: 104 })
  })
})

// The reference is slow. The WASM loops, which match it bit for bit, are measured on photographs in
// test/run/fft.test.ts.
describe('the reference agrees with the sum in float64', () => {
  test.each([
    [1, 1, 16, 16],
    [3, 5, 16, 32],
    [9, 2, 32, 16],
    [16, 16, 16, 16],
    [15, 15, 64, 32],
  ])('%i x %i taps in blocks of %i x %i', (kH, kW, ny, nx) => {
    for (const [rows, cols] of [
      [1, 1],
      [7, 30],
      [33, 61],
    ] as const) {
      const plane = picture(rows + kH - 1, cols + kW - 1, 5)
      const weights = noise(kH * kW, 6)
      const got = correlateFft2dReference(plane, weights, { y: axis(kH, ny), x: axis(kW, nx) })
      expect([got.rows, got.cols]).toEqual([rows, cols])
      expect(worstError(got.data, exactDense(plane, weights, kH, kW), weights)).toBeLessThan(1e-6)
    }
  })

  test.each([
    [1, 16],
    [7, 32],
    [20, 64],
    [100, 128],
  ])('%i taps along y or x in blocks of %i', (k, n) => {
    const plane = picture(k + 70, k + 90, 7)
    const weights = noise(k, 8)
    const columns = correlateColumnsFftReference(plane, weights, axis(k, n))
    expect(worstError(columns.data, exactColumns(plane, weights), weights)).toBeLessThan(1e-6)
    const rows = correlateRowsFftReference(plane, weights, axis(k, n))
    expect(worstError(rows.data, exactRows(plane, weights), weights)).toBeLessThan(1e-6)
  })
})

test('the products of a transform are those of its definition, counted one by one', () => {
  const twiddles = (n: number) => {
    let count = 0
    for (const { radix, size } of fftStages(n)) {
      if (size === 4) continue
      for (let block = 0; block < n; block += size) {
        for (let j = 0; j < size / radix; j++) for (let k = 1; k < radix; k++) count += 4
      }
    }
    return count
  }
  // 16 = 4 x 4: three of four products in the first stage, none in the last
  expect(twiddles(16)).toBe(48)
  const line = (n: number) => {
    let spectrum = 0
    for (let place = 0; place < n; place++) spectrum += 4
    return twiddles(n) + spectrum + twiddles(n)
  }
  for (const [n, kernel, rows, cols] of [
    [16, 5, 30, 41],
    [32, 7, 9, 8],
    [512, 100, 700, 900],
  ] as const) {
    const axis: FftAxis = { n, kernel, valid: n - kernel + 1 }
    let [plane, down, across] = [0, 0, 0]
    for (let row = 0; row < rows; row += axis.valid) {
      for (let col = 0; col < cols; col += 2 * axis.valid) {
        plane += n * twiddles(n) + n * line(n) + n * twiddles(n)
      }
      for (let group = 0; group < cols; group += 8) down += 4 * line(n)
    }
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col += 2 * axis.valid) across += line(n)
    }
    expect(fftProducts2d({ y: axis, x: axis }, rows, cols)).toBe(plane)
    expect(fftProductsColumns(axis, rows, cols)).toBe(down)
    expect(fftProductsRows(axis, rows, cols)).toBe(across)
  }
})
