import { describe, expect, it } from 'vitest'
import { expectClose, rebatch, unbatch } from './cases.ts'

describe('the comparison of the conformance cases', () => {
  const numbers = (...data: number[]) => ({ shape: [data.length], data })
  const tolerance = { abs: 0.5, rel: 0.25 }
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

  it.each([
    ['at the edge of the tolerance', 101.75, 81],
    ['NaN for NaN', nan, nan],
    ['Infinity for Infinity', infinity, infinity],
    ['-0 for 0', -0, 0],
  ])('passes %s', (_, got, want) => {
    expectClose('t', numbers(got), numbers(want), tolerance)
  })

  it.each([
    ['just outside the tolerance', 101.76, 81],
    ['NaN for a number', nan, 1],
    ['a number for NaN', 1, nan],
    ['Infinity for a number', infinity, 1],
    ['a number for Infinity', 1e38, infinity],
    ['Infinity of the other sign', -infinity, infinity],
  ])('fails %s', (_, got, want) => {
    expect(() => expectClose('t', numbers(got), numbers(want), tolerance)).toThrow(`at 0: got ${got}`)
  })

  it('fails equal numbers of another shape', () => {
    const flat = { shape: [1, 4], data: [1, 2, 3, 4] }
    const square = { shape: [2, 2], data: [1, 2, 3, 4] }
    expect(() => expectClose('t', flat, square, tolerance)).toThrow(
      'shape [1,4] of 4 numbers, expected [2,2]',
    )
  })

  it('takes a batch apart and puts it together again', () => {
    const batch = { shape: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    expect(unbatch(batch)[1]).toEqual({ shape: [1, 3], data: Float32Array.of(4, 5, 6) })
    expect(rebatch(unbatch(batch))).toEqual({ shape: [2, 1, 3], data: [1, 2, 3, 4, 5, 6] })
  })
})
