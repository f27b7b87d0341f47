import { afterAll, describe, expect, it } from 'vitest'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { conv3d } from '../../src/operators/conv3d.ts'
import { convTranspose2d } from '../../src/operators/transposed.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from '../operators/tensors.ts'

// Covers every way in which a bank reads and writes: from the source or from a tile, directly or through a scratch
// buffer, rows one by one or joined, with row lengths around the widths of the loops. Each must give the bits of the
// definition.

const pool = createPool(2)
const engine = poolEngine(pool)
afterAll(() => pool.close())

async function agree(call: (engine: Engine) => Promise<Tensor>): Promise<void> {
  const [got, want] = [await call(engine), await call(referenceEngine)]
  expect(got.shape).toEqual(want.shape)
  const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got.data[i]! + 0))
  expect(wrong, `at ${wrong} of ${got.shape}: ${got.data[wrong]} instead of ${want.data[wrong]}`).toBe(-1)
}

describe('rows of 1 to 45 samples', () => {
  const widths = Array.from({ length: 45 }, (_, i) => i + 1)
  const cases: readonly [string, (e: Engine, x: Tensor, width: number) => Promise<Tensor>][] = [
    ['1x1, joined rows', (e, x) => conv2d(e, x, fractions([5, 4, 1, 1]), { bias: fractions([5]) })],
    ['3x1, joined rows', (e, x) => conv2d(e, x, fractions([6, 4, 3, 1]))],
    ['1x1, every second row', (e, x) => conv2d(e, x, fractions([5, 4, 1, 1]), { stride: [2, 1] })],
    ['1x1, stride 2', (e, x) => conv2d(e, x, fractions([5, 4, 1, 1]), { stride: 2 })],
    ['3x3, padded', (e, x) => conv2d(e, x, fractions([5, 4, 3, 3]), { padding: 1 })],
    [
      '3x1, padded above only',
      (e, x) =>
        conv2d(e, x, fractions([5, 4, 3, 1]), {
          padding: [
            [2, 0],
            [0, 0],
          ],
        }),
    ],
    ['depthwise', (e, x) => conv2d(e, x, fractions([4, 1, 3, 3]), { padding: 1, groups: 4 })],
    [
      'grouped, stride 2',
      (e, x) => conv2d(e, x, fractions([10, 2, 3, 3]), { padding: 1, groups: 2, stride: 2 }),
    ],
    ['transposed 1x1', (e, x) => convTranspose2d(e, x, fractions([4, 5, 1, 1]))],
    ['transposed 1x1, stride 2', (e, x) => convTranspose2d(e, x, fractions([4, 5, 1, 1]), { stride: 2 })],
    [
      'transposed 2x2, stride 2 and 1',
      (e, x) => convTranspose2d(e, x, fractions([4, 5, 2, 2]), { stride: [2, 1] }),
    ],
    ['transposed 3x3, padded', (e, x) => convTranspose2d(e, x, fractions([4, 5, 3, 3]), { padding: 1 })],
  ]

  it.each(cases)('%s', async (_, call) => {
    for (const width of widths) await agree((e) => call(e, fractions([4, 5, width]), width))
  })

  it('3x3 without padding', async () => {
    for (const width of widths)
      await agree((e) => conv2d(e, fractions([3, 6, width + 2]), fractions([5, 3, 3, 3])))
  })
})

it('volumes: planes a stride apart, read from the source and from a tile', async () => {
  const x = fractions([2, 9, 6, 19])
  await agree((e) => conv3d(e, x, fractions([5, 2, 1, 1, 1]), { stride: [2, 1, 1] }))
  await agree((e) => conv3d(e, x, fractions([5, 2, 3, 1, 1]), { dilation: [2, 1, 1] }))
  await agree((e) => conv3d(e, x, fractions([5, 2, 3, 2, 2]), { stride: [2, 1, 1] }))
  await agree((e) => conv3d(e, x, fractions([5, 2, 3, 2, 2]), { padding: [1, 1, 0] }))
})

it.each([1, 2, 5, 6])('steps that are repeated %i times', async (times) => {
  const weight = fractions([4, 4, 3, 3])
  await agree((e) =>
    e.together(
      [fractions([4, 21, 13]), fractions([4, 21, 13])],
      async (own, x, other) =>
        own.layer('paired', [await conv2d(own, x!, weight, { padding: 1 }), other!], {
          operation: 'subtract',
        }),
      times,
    ),
  )
})

it('refuses to repeat a step that must see the whole', async () => {
  const centred = (own: Engine, x: Tensor) =>
    own
      .layer('summary', [x], { of: 'mean', groups: 2 })
      .then((mean) => own.layer('paired', [x, mean], { operation: 'subtract' }))
  const x = fractions([2, 5, 7])
  await agree((e) => e.together([x], (own, one) => centred(own, one!)))
  await expect(engine.together([x], (own, one) => centred(own, one!), 2)).rejects.toThrow('runs in strips')
})

it('many groups in one part, and a last part with fewer', async () => {
  for (const groups of [15, 16, 17, 67]) {
    await agree((e) =>
      conv2d(e, fractions([groups, 21, 13]), fractions([groups, 1, 3, 3]), { groups, padding: 1 }),
    )
  }
})

it('planes that would fall into the same places of a cache', async () => {
  await agree((e) => conv2d(e, fractions([40, 32, 32]), fractions([9, 40, 1, 1])))
  await agree((e) => conv2d(e, fractions([40, 33, 32]), fractions([9, 40, 1, 1])))
})

it('tiles for a part of a wide row', async () => {
  for (const width of [257, 331]) {
    const x = fractions([70, 6, width])
    const weights = fractions([5, 70, 3, 3])
    await agree((e) => conv2d(e, x, weights, { padding: 1, paddingMode: 'reflect', algorithm: 'direct' }))
    await agree((e) => conv2d(e, x, weights, { padding: 2, stride: 2 }))
    await agree((e) => conv2d(e, x, weights, { padding: 3, stride: [1, 3], paddingMode: 'circular' }))
    await agree((e) => conv2d(e, x, weights, { padding: 2, dilation: 2, paddingMode: 'replicate' }))
    await agree((e) => convTranspose2d(e, x, fractions([70, 5, 3, 3]), { stride: [1, 2], padding: 1 }))
  }
})
