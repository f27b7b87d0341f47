import { describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { activationNames, functionOf } from '../../src/definition/functions.ts'
import { ConvoError } from '../../src/error.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { activate } from '../../src/operators/activation.ts'
import { depthwiseConv2d } from '../../src/operators/depthwise.ts'
import { depthwiseSeparableConv2d } from '../../src/operators/depthwise-separable.ts'
import { pointwiseConv2d } from '../../src/operators/pointwise.ts'
import { separableConv2d } from '../../src/operators/separable.ts'
import { separateKernel } from '../../src/operators/separate.ts'
import { kernelOf } from '../../src/picture/api/kernel-input.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import * as oracle from '../oracle.ts'
import { fractions, noEngine, plain, whole } from './tensors.ts'

describe('the activations', () => {
  const points = [
    -1e30, -745.5, -88, -20, -3, -0.75, -5e-4, -4.9e-4, -1e-10, -0, 0, 1e-30, 3e-4, 0.5, 1, 9.1, 22, 90, 1e30,
  ]

  it.each(points)('at %d are those of mathematics, rounded to float32', (point) => {
    const v = Math.fround(point)
    const near = (got: number, want: number) =>
      expect(Math.abs(got - want)).toBeLessThanOrEqual(Math.abs(want) * 6.1e-8 + 2 ** -150)
    near(functionOf('sigmoid')(v), 1 / (1 + Math.exp(-v)))
    near(functionOf('tanh')(v), Math.tanh(v))
    expect(functionOf('relu')(v)).toBe(Math.max(0, v))
    expect(functionOf('none')(v)).toBe(v)
  })

  // x erfc(-x/√2) / 2 in 30 digits
  it.each([
    [-13, -7.952313719414843e-38],
    [-9, -1.0157295653584566e-18],
    [-6, -5.9195258702261885e-9],
    [-3, -0.0040496940948902835],
    [-0.75, -0.16997051428265114],
    [-1e-20, -5e-21],
    [0.75, 0.5800294857173488],
    [3, 2.99595030590511],
    [9, 9],
    [-1e30, -0],
    [1e30, 1e30],
  ])('gelu(%d) has all digits of a float32', (v, want) => {
    const got = functionOf('gelu')(v)
    expect(Math.abs(got - want)).toBeLessThanOrEqual(Math.abs(want) * 6.1e-8 + 2 ** -150)
  })

  it('let NaN through', () => {
    for (const name of activationNames) expect(functionOf(name)(Number.NaN)).toBeNaN()
  })

  it('can count in another unit than 1', async () => {
    const x = new Tensor([1, 1, 2], Float32Array.of(0, 127.5))
    expect((await activate(engine, x, 'sigmoid', 255)).data[0]).toBe(127.5)
    expect((await activate(engine, x, 'tanh', 255)).data[1]).toBeCloseTo(255 * Math.tanh(0.5), 4)
  })

  it('come after the bias of a pointwise convolution', async () => {
    const x = new Tensor([1, 1, 3], Float32Array.of(-2, 0, 2))
    const w = new Tensor([1, 1], Float32Array.of(1))
    const got = await pointwiseConv2d(engine, x, w, { bias: [1], activation: 'relu' })
    expect(Array.from(got.data)).toEqual([0, 1, 3])
  })

  it('are refused by a name that there is not', async () => {
    const call = pointwiseConv2d(noEngine, whole([2, 2, 3]), whole([1, 2]), { activation: 'rely' as 'relu' })
    await expect(call).rejects.toMatchObject({ code: 'E_ARGUMENT', fix: 'relu' })
  })
})

describe('separate', () => {
  const separated = async (weights: Parameters<typeof kernelOf>[0], options?: { rank: number }) =>
    separateKernel(kernelOf(weights), options)

  const sobel = [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ]

  it('takes Sobel apart into 6 whole numbers', async () => {
    const { column, row, error, singularValues } = await separated(sobel)
    expect(Array.from(oracle.outer(column, row).data)).toEqual(sobel.flat())
    expect([...column, ...row].every(Number.isInteger)).toBe(true)
    expect(error).toBe(0)
    expect(singularValues[0]).toBeCloseTo(Math.sqrt(12), 12)
  })

  it('takes tensors and kernels, too', async () => {
    const want = await separated(sobel)
    expect(await separated(new Tensor([3, 3], Float32Array.from(sobel.flat())))).toEqual(want)
    expect(await separated(kernel([3, 3], sobel.flat()))).toEqual(want)
    expect(await separated({ shape: [3, 3], data: sobel.flat() })).toEqual(want)
  })

  it('says the singular values of what cannot be taken apart', async () => {
    const laplace = [
      [0, 1, 0],
      [1, -4, 1],
      [0, 1, 0],
    ]
    const refusal: unknown = await separated(laplace).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ConvoError)
    // The eigenvalues of this symmetric matrix are -2 ± √6 and 0.
    expect((refusal as ConvoError).message).toBe('the kernel of 3x3 is not separable: its rank is 2, not 1')
    expect((refusal as ConvoError).fix).toBe('--rank 2')
    expect((refusal as ConvoError).why[0]).toBe('singular values: 4.449, 0.4495, 0')
  })

  it('approximates by a few products and states the error', async () => {
    const weights = fractions([5, 7])
    const approximations = await Promise.all([1, 2, 3, 4, 5].map((rank) => separated(weights, { rank })))
    const size = Math.sqrt(weights.data.reduce((s, w) => s + w * w, 0))
    for (const { terms, error, singularValues } of approximations) {
      const sum = new Float64Array(35)
      for (const { column, row } of terms)
        oracle.outer(column, row).data.forEach((v, i) => {
          sum[i]! += v
        })
      const left = Math.sqrt(sum.reduce((s, v, i) => s + (v - weights.data[i]!) ** 2, 0)) / size
      expect(error).toBeCloseTo(left, 12)
      const tail = Array.from(singularValues.subarray(terms.length)).reduce((s, v) => s + v * v, 0)
      expect(error).toBeCloseTo(Math.sqrt(tail) / size, 12)
    }
    const errors = approximations.map((a) => a.error)
    expect(errors).toEqual([...errors].sort((a, b) => b - a))
    expect(errors[4]).toBeLessThan(1e-12)
    expect(errors[0]).toBeGreaterThan(0.1)
  })

  it.each([
    [sobel, { rank: 4 }, /rank must be a whole number from 1 to 3 for a 3x3 kernel, got 4/],
    [sobel, { rank: 0 }, /rank must be/],
    [
      [
        [0, 0],
        [0, 0],
      ],
      {},
      /its rank is 0/,
    ],
    [
      [
        [0, 0],
        [0, 0],
      ],
      { rank: 1 },
      /its rank is 0/,
    ],
    [[[1, 2], [3]], {}, /lists of numbers of equal length/],
    [[], {}, /whole sizes of at least 1/],
    [3, {}, /cannot be made from 3/],
    [whole([2, 3, 3]), {}, /must have rank 2, .* got \[2,3,3\]/],
    [
      [
        [1, Number.NaN],
        [1, 1],
      ],
      {},
      /finite/,
    ],
  ])('refuses %j %j', async (weights, options, message) => {
    await expect(separated(weights as never, options as never)).rejects.toThrow(message)
  })
})

describe('refusals name the argument and the numbers, before anything is computed', () => {
  const x = whole([3, 5, 6])
  it.each([
    [
      'pointwise kernel of 3x3',
      () => pointwiseConv2d(noEngine, x, whole([2, 3, 3, 3])),
      /weight must be 1x1, .* got \[2,3,3,3\]/,
    ],
    ['pointwise channels', () => pointwiseConv2d(noEngine, x, whole([2, 4])), /weight has 4 channels .* 3/],
    [
      'pointwise bias',
      () => pointwiseConv2d(noEngine, x, whole([2, 3]), { bias: [1] }),
      /bias has 1 numbers for 2/,
    ],
    [
      'pointwise weight',
      () => pointwiseConv2d(noEngine, x, [1, 2, 3] as never),
      /weight must be a Tensor, got \[1, 2, 3\]/,
    ],
    [
      'pointwise stride',
      () => pointwiseConv2d(noEngine, x, whole([2, 3]), { stride: 2 } as never),
      /pointwiseConv2d has no option stride/,
    ],
    [
      'depthwise of two channels',
      () => depthwiseConv2d(noEngine, x, whole([3, 2, 3, 3])),
      /one channel per filter, got \[3,2,3,3\]/,
    ],
    [
      'depthwise filters',
      () => depthwiseConv2d(noEngine, x, whole([4, 1, 3, 3])),
      /weight has 4 filters, which is not a multiple of the 3 channels/,
    ],
    [
      'depthwise groups',
      () => depthwiseConv2d(noEngine, x, whole([3, 1, 3, 3]), { groups: 3 } as never),
      /depthwiseConv2d has no option groups/,
    ],
    [
      'depthwise separable: second step',
      () => depthwiseSeparableConv2d(noEngine, x, whole([3, 1, 3, 3]), whole([2, 4])),
      /pointwise is for 4 channels, depthwise makes 3/,
    ],
    [
      'depthwise separable: bias of the second step',
      () => depthwiseSeparableConv2d(noEngine, x, whole([3, 1, 3, 3]), whole([2, 3]), { pointwiseBias: [1] }),
      /1 numbers for 2/,
    ],
    [
      'separable column',
      () => separableConv2d(noEngine, x, [], [1]),
      /col must hold at least one number.* got an empty list/,
    ],
    ['separable row', () => separableConv2d(noEngine, x, [1], ['1'] as never), /row .* got "1" at index 0/],
    [
      'separable rank',
      () => separableConv2d(noEngine, x, whole([3, 1]), [1]),
      /col must have rank 1, \[k\], got \[3,1\]/,
    ],
    [
      'separable kernel',
      () => separableConv2d(noEngine, x, 3 as never, [1]),
      /col must be a tensor, a Float32Array or a list of numbers, got 3/,
    ],
    [
      'separable size',
      () => separableConv2d(noEngine, x, [1, 1, 1, 1, 1, 1], [1]),
      /kernel is larger .* height: 6 against 5/,
    ],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(ConvoError)
    await expect(call()).rejects.toThrow(message)
  })
})

describe('inputs stay as they are', () => {
  it('whatever an operator does with them', async () => {
    const x = fractions([2, 6, 5])
    const before = plain(x)
    await pointwiseConv2d(engine, x, whole([2, 2]), { activation: 'relu' })
    await separableConv2d(engine, x, [1, 2], [3])
    expect(await activate(engine, x, 'none')).toBe(x)
    expect(plain(x)).toEqual(before)
  })
})
