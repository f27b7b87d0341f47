import { afterAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../src/definition/engine.ts'
import { referenceEngine } from '../../src/definition/engine.ts'
import { type FunctionName, functions } from '../../src/definition/functions.ts'
import { type OperationName, operations } from '../../src/definition/mixing.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { randoms } from './graphs.ts'

const pool = createPool(1)
afterAll(() => pool.close())

const odd = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1e-40,
  -1e-40,
  3e38,
  -3e38,
  88.8,
  -88.8,
  -104,
  710,
  -746,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2 ** -149,
  4.9e-4,
]
const random = randoms(11)
const numbers = (count: number) =>
  Array.from({ length: count }, (_, i) => (i < odd.length ? odd[i]! : random() * 20))
const x = new Tensor([2, 5, 13], Float32Array.from(numbers(130)))
const y = new Tensor([2, 5, 13], Float32Array.from(numbers(130).reverse()))

/** Compares a layer in the definition and in the loops of a run, bit by bit. All NaN are equal. */
async function both(layer: (engine: Engine, a: Tensor, b: Tensor) => Promise<Tensor>): Promise<void> {
  const expected = await layer(referenceEngine, x, y)
  const out = await layer(tracer, traced(planesNode(x)), traced(planesNode(y)))
  const got = await pool.exclusive((session) => runToTensor(session, { out: nodeOf(out) }))
  const different = got.data.findIndex((v, i) => !Object.is(v, expected.data[i]!))
  expect(
    different < 0
      ? ''
      : `${x.data[different]} and ${y.data[different]}: ${got.data[different]} for ${expected.data[different]}`,
  ).toBe('')
}

describe('loops of layers have the bits of their definitions', () => {
  it.each(Object.keys(functions) as FunctionName[])('%s', (name) =>
    both((engine, a) => engine.layer('activate', [a], { name, unit: 1 })),
  )

  it.each([
    ['leakyrelu', Math.fround(0.3), 0],
    ['leakyrelu', 0.3, 0],
    ['clip', -0.5, 6],
    ['elu', 0.3, 0],
    ['hardsigmoid', 0.1, -0.3],
    ['clip', 0, Number.POSITIVE_INFINITY],
  ] as const)('%s with %f and %f', (name, a, b) =>
    both((engine, one) => engine.layer('activate', [one], { name, unit: 1, a, b })),
  )

  it.each(Object.keys(operations) as OperationName[])(
    '%s of a number, before and behind',
    async (operation) => {
      for (const isFirst of [false, true])
        for (const list of [[0.3], [-2, 3], [Number.NaN], [0]])
          await both((engine, a) =>
            engine.layer('withNumber', [a], { operation, numbers: Float32Array.from(list), isFirst }),
          )
    },
  )

  it.each(Object.keys(operations) as OperationName[])(
    '%s of two, either of them repeated',
    async (operation) => {
      await both((engine, a, b) => engine.layer('paired', [a, b], { operation }))
      const few = [
        [1, 5, 13],
        [2, 1, 13],
        [2, 5, 1],
        [2, 1, 1],
        [1, 1, 1],
      ] as const
      for (const shape of few) {
        const some = new Tensor(shape, y.data.slice(0, shape[0] * shape[1] * shape[2]))
        await both((engine, a) => engine.layer('paired', [a, some], { operation }))
        await both((engine, a) => engine.layer('paired', [some, a], { operation }))
      }
    },
  )

  it('softmax', async () => {
    await both((engine, a) => engine.layer('softmax', [a], { isLog: false }))
    const wide = new Tensor(
      [3, 2, 150],
      Float32Array.from({ length: 900 }, () => random() * 40),
    )
    await both((engine) => engine.layer('softmax', [wide], { isLog: false }))
  })

  it('prelu and normalized', async () => {
    await both((engine, a) => engine.layer('prelu', [a], { slope: Float32Array.of(0.25, -3) }))
    await both((engine, a) =>
      engine.layer('normalized', [a], { mean: [0.1, 3], root: [0.7, 2], gamma: [1.3, -4], beta: [0, 1e-3] }),
    )
  })

  describe.each([
    [3, 1, 1, 2],
    [3, 1, 1, 1],
    [2, 1, 0, 2],
    [1, 1, 0, 3],
    // every window extends past an edge, and all have the same number of taps
    [2, 13, 13, 1],
    [3, 6, 6, 1],
    [4, 2, 3, 5],
  ])('windows of %i taps, dilation %i, padding %i, stride %i', (taps, dilation, padding, stride) => {
    const axesOf = (high: number) =>
      poolAxes(2, new Tensor([2, 5, 13], new Float32Array(130)), {
        kernelSize: [high, taps],
        dilation: [1, dilation],
        padding: [high - 1, padding],
        stride: [high === 3 ? 2 : 1, stride],
        ceilMode: true,
      })
    it.each([1, 2, 3])('and %i rows', async (high) => {
      const axes = axesOf(high)
      const across = taps
      const counts = ({ low, high }: (typeof axes)[1]) => low.map((first, i) => high[i]! - first + 1)
      await both((engine, a) => engine.layer('pool', [a], { axes }))
      await both((engine, a) => engine.layer('pooled', [a], { axes }))
      await both((engine, a) => engine.layer('switches', [a], { axes, across }))
      await both((engine, a) =>
        engine.layer('averaged', [a], { axes, rows: counts(axes[1]), columns: counts(axes[2]) }),
      )
    })
  })

  it.each([
    [[2, 2, 2], [2, 2, 2], [0, 0, 0], 1],
    [[3, 3, 3], [1, 1, 1], [1, 1, 1], 1],
    [[2, 3, 2], [1, 2, 3], [1, 1, 0], 2],
  ])('windows of %j in volumes', async (kernelSize, strides, padding, dilation) => {
    const shape = [2, 5, 6, 13]
    const axes = poolAxes(3, new Tensor(shape, new Float32Array(780)), {
      kernelSize: kernelSize as [number, number, number],
      stride: strides as [number, number, number],
      padding: padding as [number, number, number],
      dilation,
      ceilMode: true,
    })
    for (const list of [numbers(780), Array.from({ length: 780 }, () => random())]) {
      const volume = new Tensor([2, 30, 13], Float32Array.from(list))
      await both((engine) => engine.layer('pool', [volume], { axes }))
    }
  })

  it('the first of equal maxima, whichever the sign of zero', async () => {
    const signs = Float32Array.from({ length: 2 * 9 * 16 }, (_, i) => (((i * 7) % 11) % 3 === 0 ? 0 : -0))
    const zeros = new Tensor([2, 9, 16], signs)
    const axes = poolAxes(2, zeros, { kernelSize: 3, stride: 1, padding: 1 })
    await both((engine) => engine.layer('pool', [zeros], { axes }))
    await both((engine) => engine.layer('pooled', [zeros], { axes }))
    await both((engine) => engine.layer('switches', [zeros], { axes, across: 3 }))
  })

  it('follow each other in the same rows', () =>
    both(async (engine, a) => {
      const one = await engine.layer('paired', [a, a], { operation: 'multiply' })
      const two = await engine.layer('activate', [one], { name: 'sigmoid', unit: 1 })
      return engine.layer('prelu', [two], { slope: Float32Array.of(0.5, 2) })
    }))
})
