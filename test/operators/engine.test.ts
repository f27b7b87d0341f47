import { afterAll, describe, expect, it } from 'vitest'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { conv3d } from '../../src/operators/conv3d.ts'
import { depthwiseConv2d } from '../../src/operators/depthwise.ts'
import { depthwiseSeparableConv2d } from '../../src/operators/depthwise-separable.ts'
import { involution2d } from '../../src/operators/involution.ts'
import { pointwiseConv2d } from '../../src/operators/pointwise.ts'
import { separableConv2d } from '../../src/operators/separable.ts'
import { convTranspose2d, convTranspose3d } from '../../src/operators/transposed.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from './tensors.ts'

// On the pool, the engine must give the bits of the definition for any operator, shape and number of threads. The
// larger tensors exceed the size from which workers are used.

const x = fractions([6, 61, 47])
const large = fractions([8, 83, 101])
const calls: readonly (readonly [name: string, call: (engine: Engine) => Promise<Tensor>])[] = [
  ['conv2d', (e) => conv2d(e, x, fractions([5, 6, 3, 4]), { padding: [1, 2], bias: fractions([5]) })],
  [
    'conv2d, large',
    (e) => conv2d(e, large, fractions([9, 8, 3, 5]), { padding: 'same', paddingMode: 'replicate' }),
  ],
  [
    'conv2d, stride and dilation',
    (e) => conv2d(e, x, fractions([4, 6, 3, 3]), { stride: [2, 3], dilation: [3, 2], padding: 4 }),
  ],
  [
    'grouped',
    (e) => conv2d(e, x, fractions([9, 2, 3, 3]), { groups: 3, padding: 'full', paddingMode: 'circular' }),
  ],
  ['pointwise', (e) => pointwiseConv2d(e, large, fractions([7, 8]), { activation: 'sigmoid' })],
  [
    'depthwise',
    (e) => depthwiseConv2d(e, x, fractions([12, 1, 5, 3]), { padding: 'same', paddingMode: 'reflect' }),
  ],
  [
    'separable',
    (e) =>
      separableConv2d(e, x, fractions([9]), fractions([6]), {
        padding: 'same',
        stride: [1, 2],
        paddingMode: 'symmetric',
      }),
  ],
  [
    'depthwise separable',
    (e) => depthwiseSeparableConv2d(e, large, fractions([8, 1, 3, 3]), fractions([32, 8]), { padding: 1 }),
  ],
  [
    'transposed',
    (e) =>
      convTranspose2d(e, x, fractions([6, 3, 4, 5]), { stride: [3, 2], padding: 1, outputPadding: [2, 1] }),
  ],
  [
    'transposed, large',
    (e) => convTranspose2d(e, large, fractions([8, 5, 3, 3]), { stride: 2, bias: fractions([5]) }),
  ],
  [
    'conv3d',
    (e) =>
      conv3d(e, fractions([3, 9, 23, 31]), fractions([5, 3, 3, 2, 3]), {
        stride: [2, 1, 1],
        padding: [1, 0, 2],
      }),
  ],
  [
    'convTranspose3d',
    (e) =>
      convTranspose3d(e, fractions([4, 5, 7, 9]), fractions([4, 2, 2, 3, 3]), {
        stride: [2, 2, 3],
        groups: 2,
      }),
  ],
  [
    'involution',
    (e) =>
      involution2d(e, x, {
        kernelSize: 3,
        groups: 2,
        reduceWeight: fractions([3, 6]),
        spanWeight: fractions([18, 3]),
      }),
  ],
  [
    'involution by similarity',
    (e) => e.involve(large, { size: 7, dilation: 2, sigmaSpace: 3, sigmaRange: 2, patch: 1 }),
  ],
  [
    'involution by similarity, colours',
    (e) =>
      e.involve(fractions([3, 83, 101]), { size: 5, dilation: 1, sigmaSpace: 3, sigmaRange: 2, patch: 1 }),
  ],
  [
    'involution by the similarity of patches',
    (e) =>
      e.involve(fractions([3, 67, 41]), { size: 9, dilation: 1, sigmaSpace: 9, sigmaRange: 3, patch: 3 }),
  ],
]

describe.each([1, 2, 3])('on %d threads', (threads) => {
  const pool = createPool(threads)
  const engine = poolEngine(pool)
  afterAll(() => pool.close())

  it.each(calls)('%s', async (_, call) => {
    const [got, want] = [await call(engine), await call(referenceEngine)]
    expect(got.shape).toEqual(want.shape)
    const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got.data[i]! + 0))
    expect(wrong, `at ${wrong}: ${got.data[wrong]} instead of ${want.data[wrong]}`).toBe(-1)
  })

  it('involution by similarity, in small worlds with samples that are no numbers', async () => {
    for (const channels of [1, 2, 3, 4]) {
      for (const [height, width] of [
        [1, 1],
        [1, 9],
        [4, 2],
        [5, 3],
        [6, 13],
      ] as const) {
        const x = fractions([channels, height, width])
        if (width > 2) x.data.set([Number.NaN, Number.POSITIVE_INFINITY, -0], width - 3)
        for (const [size, dilation, patch] of [
          [1, 1, 1],
          [3, 1, 1],
          [5, 2, 1],
          [3, 2, 3],
          [7, 1, 5],
        ] as const) {
          const o = { size, dilation, sigmaSpace: 2, sigmaRange: 1.5, patch }
          const [got, want] = [await engine.involve(x, o), await referenceEngine.involve(x, o)]
          expect(got.data, JSON.stringify({ shape: x.shape, ...o })).toEqual(want.data)
        }
      }
    }
  })

  it('many calls at once give what they give one by one', async () => {
    const results = await Promise.all(calls.map(([, call]) => call(engine)))
    for (const [i, [, call]] of calls.entries()) expect(results[i]!.data).toEqual((await call(engine)).data)
  })
})
