import { describe, expect, test } from 'vitest'
import { checkAnchor, fitsBias, kernel, placeOf, planeSize, showShape } from '../../src/kernel/kernel.ts'
import { failure } from './expect-failure.ts'

const zeros = (n: number) => new Array<number>(n).fill(0)

describe('kernel', () => {
  test('fills in scale 1 and offset 0 and copies what it is given', () => {
    const shape = [1, 2]
    const weights = Float64Array.of(3, 4)
    const k = kernel(shape, weights)
    shape[0] = 7
    weights[0] = 7
    expect(k).toEqual({ shape: [1, 2], weights: Float64Array.of(3, 4), scale: 1, offset: 0 })
  })

  test('keeps double precision and every field', () => {
    const fields = { scale: 8, offset: -3, anchor: [0, 1], border: 'wrap', name: 'a', summary: 'b' } as const
    expect(kernel([1, 2], [0.1, 1e-300], fields)).toEqual({
      shape: [1, 2],
      weights: Float64Array.of(0.1, 1e-300),
      ...fields,
    })
  })

  test.each([[[3]], [[]], [[1, 1, 1, 1, 1, 1]], [[0, 3]], [[-1, 3]], [[1.5, 2]], [[Number.NaN, 1]]])(
    'refuses the shape %j',
    (shape) => {
      const error = failure(() => kernel(shape, [1]))
      expect(error.code).toBe('E_KERNEL_SHAPE')
      expect(error.message).toBe(`a kernel needs 2 to 5 whole sizes of at least 1, got [${shape}]`)
    },
  )

  test('refuses a number of weights that is not that of the shape', () => {
    const error = failure(() => kernel([3, 4], zeros(9)))
    expect(error.code).toBe('E_KERNEL_SHAPE')
    expect(error.message).toBe('kernel size must match the weights, got 9 numbers for 3x4 = 12')
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e39])('refuses the weight %d and says where', (bad) => {
    const error = failure(() => kernel([2, 2, 2], [0, 0, 0, 0, 0, bad, 0, 0]))
    expect(error.code).toBe('E_KERNEL_VALUE')
    expect(error.message).toBe(
      `weights must be finite float32 numbers, got ${bad} at index 5 ([1,0,1], counted from 0)`,
    )
  })

  test.each([
    [{ scale: 0 }, 'scale must be a finite float32 number other than 0, got 0'],
    [{ scale: Number.POSITIVE_INFINITY }, 'scale must be a finite float32 number other than 0, got Infinity'],
    [{ scale: 1e-320 }, 'scale must be a finite float32 number other than 0, got 1e-320'],
    [{ offset: 1e300 }, 'offset must be a number from -1e+35 to 1e+35, got 1e+300'],
    [{ offset: Number.NaN }, 'offset must be a number from -1e+35 to 1e+35, got NaN'],
  ])('refuses %j', (fields, message) => {
    const error = failure(() => kernel([1, 1], [1], fields))
    expect([error.code, error.message]).toEqual(['E_KERNEL_VALUE', message])
  })

  test('takes a bias for each filter of a bank, or for the outputs of a transposed one', () => {
    expect(kernel([2, 3, 1, 1], zeros(6), { bias: Float64Array.of(1, 2) }).bias).toHaveLength(2)
    expect(kernel([2, 3, 1, 1], zeros(6), { bias: new Float64Array(9) }).bias).toHaveLength(9)
    expect([
      fitsBias([4, 3, 1, 1], 4),
      fitsBias([4, 3, 1, 1], 5),
      fitsBias([4, 3, 1, 1], 0),
      fitsBias([4, 3], 4),
    ]).toEqual([true, false, false, false])
  })

  test.each([
    [[2, 3, 1, 1], [1, 2, 3, 4], '4 numbers for [2,3,1,1]'],
    [[2, 3], [1, 2], '2 numbers for [2,3]'],
    [[2, 3, 1, 1], [1, Number.NaN], 'NaN for [2,3,1,1]'],
  ])('refuses for %j the bias %j', (shape, bias, found) => {
    const error = failure(() => kernel(shape, zeros(6), { bias: Float64Array.from(bias) }))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_VALUE',
      `bias must be one finite number per output channel of a bank, got ${found}`,
    ])
  })
})

test('an anchor lies on a tap, y before x', () => {
  checkAnchor([0, 4], [1, 5])
  for (const anchor of [[1, 0], [0, 5], [-1, 0], [0, 0.5], [0], [0, 0, 0]]) {
    expect(failure(() => checkAnchor(anchor, [1, 5])).code).toBe('E_KERNEL_SHAPE')
  }
  const error = failure(() => checkAnchor([3, 7], [2, 5]))
  expect(error.message).toBe('anchor must be inside the 5x2 kernel, got x=7, y=3')
  expect(error.fix).toBe('x from 0 to 4, y from 0 to 1')
})

test('shapes and places as they are printed', () => {
  expect(planeSize([9, 8, 2, 3])).toEqual([2, 3])
  expect(showShape([1, 3, 5, 5])).toBe('[1,3,5,5]')
  expect(placeOf([2, 3, 4], 23)).toEqual([1, 2, 3])
})
