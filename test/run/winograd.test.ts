import { afterAll, describe, expect, it } from 'vitest'
import { correlationBank } from '../../src/conv/bank.ts'
import { correlationOf } from '../../src/conv/spec.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { narrowed } from '../../src/graph/narrow.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from '../operators/tensors.ts'
import * as oracle from '../oracle.ts'
import fc from '../property.ts'

const pools = [1, 2].map((threads) => createPool(threads))
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

function expectSame(got: Tensor, want: Tensor): void {
  expect(got.shape).toEqual(want.shape)
  const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got.data[i]! + 0))
  expect(wrong, `at ${wrong} of ${got.shape}: ${got.data[wrong]} instead of ${want.data[wrong]}`).toBe(-1)
}

const algorithmOf = (x: Tensor, weight: Tensor, options: Parameters<typeof conv2d>[3] = {}) =>
  correlationBank(correlationOf(2, x, weight, options)).algorithm

describe('the loops have the bits of the definition', () => {
  const sizes = [...Array.from({ length: 20 }, (_, i) => i + 32), 67, 96, 131]
  it.each(sizes)('rows of %i samples', async (width) => {
    const [x, weight, bias] = [fractions([9, 34, width]), fractions([10, 9, 3, 3]), fractions([10])]
    const options = { padding: 1, bias }
    expect(algorithmOf(x, weight, options)).toBe('winograd')
    const want = await conv2d(referenceEngine, x, weight, options)
    for (const pool of pools) expectSame(await conv2d(poolEngine(pool), x, weight, options), want)
  })

  it.each(Object.keys(borders) as BorderName[])('border %s', async (paddingMode) => {
    const [x, weight] = [fractions([8, 33, 38]), fractions([8, 8, 3, 3])]
    for (const padding of [
      0,
      1,
      2,
      [3, 0],
      [
        [0, 5],
        [7, 1],
      ],
    ] as const) {
      const options = { padding, paddingMode }
      expect(algorithmOf(x, weight, options)).toBe('winograd')
      expectSame(
        await conv2d(poolEngine(pools[0]!), x, weight, options),
        await conv2d(referenceEngine, x, weight, options),
      )
    }
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e36])('%d stays where direct sums have it', async (odd) => {
    const [x, weight] = [fractions([8, 33, 38]), fractions([8, 8, 3, 3])]
    const data = x.data.slice()
    data[3 * 33 * 38 + 17 * 38 + 20] = odd
    const spoilt = new Tensor(x.shape, data)
    const want = await conv2d(referenceEngine, spoilt, weight, { padding: 1, algorithm: 'direct' })
    const engines = [referenceEngine, ...pools.map((pool) => poolEngine(pool))]
    for (const engine of engines) expectSame(await conv2d(engine, spoilt, weight, { padding: 1 }), want)
    const far = want.data.filter((v) => !(Math.abs(v) < 1e30)).length
    expect(far).toBe(8 * 9)
  })

  it.each([
    [34, 2, 2],
    [67, 1, 3],
    [38, 3, 1],
    [61, 2, 4],
    [131, 4, 2],
    [96, 4, 4],
    ...Array.from({ length: 8 }, (_, i) => [i + 43, 2, 2] as const),
  ] as const)('rows of %i samples, taps %i and %i apart', async (width, dy, dx) => {
    const [x, weight, bias] = [fractions([9, 37, width]), fractions([10, 9, 3, 3]), fractions([10])]
    for (const paddingMode of ['zeros', 'reflect'] as const) {
      const options = { padding: [dy, dx], dilation: [dy, dx], bias, paddingMode } as const
      expect(algorithmOf(x, weight, options)).toBe('winograd')
      const want = await conv2d(referenceEngine, x, weight, options)
      for (const pool of pools) expectSame(await conv2d(poolEngine(pool), x, weight, options), want)
    }
  })

  it('many channels, and more filters than a cache holds at once', async () => {
    const [x, weight] = [fractions([130, 32, 200]), fractions([22, 130, 3, 3])]
    expectSame(
      await conv2d(poolEngine(pools[1]!), x, weight, { padding: 1 }),
      await conv2d(referenceEngine, x, weight, { padding: 1 }),
    )
  })
})

describe('strips, passes and threads change nothing', () => {
  it.each([1, 2, 3])('in networks of several layers, taps up to %i apart', async (dilation) => {
    const channels = [3, 8, 11, 8, 9]
    const weights = channels.slice(1).map((out, i) => fractions([out, channels[i]!, 3, 3], i))
    const network = async (engine: Engine, x: Tensor): Promise<Tensor> => {
      let y = x
      for (const [i, weight] of weights.entries()) {
        const apart = i % 2 === 1 ? dilation : 1
        y = await conv2d(engine, y, weight, {
          padding: i === 2 ? 0 : apart,
          dilation: apart,
          bias: fractions([channels[i + 1]!]),
        })
        y = await engine.layer('prelu', [y], { slope: Float32Array.of(0.25) })
        if (i === 1) y = await engine.layer('paired', [y, y], { operation: 'add' })
      }
      return y
    }
    const x = fractions([3, 45, 41])
    const want = await network(referenceEngine, x)
    const out = nodeOf(await network(tracer, traced(planesNode(x))))
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        fc.constantFrom(...pools),
        async (stripRows, passRows, pool) => {
          const cut = passRows === undefined ? stripRows : { stripRows, passRows }
          expectSame(await pool.exclusive((session) => runToTensor(session, { out }, cut)), want)
        },
      ),
      { numRuns: 60 },
    )
  })
})

it('with taps apart is the same as without over every so many rows and columns, bit for bit', async () => {
  const [x, weight, bias] = [fractions([8, 73, 106]), fractions([8, 8, 3, 3]), fractions([8])]
  const [dy, dx] = [2, 3]
  const whole = await conv2d(poolEngine(pools[1]!), x, weight, { dilation: [dy, dx], bias })
  for (let top = 0; top < dy; top++) {
    for (let left = 0; left < dx; left++) {
      const every = ({ shape, data }: Tensor) => {
        const [channels, height, width] = shape as [number, number, number]
        const [high, wide] = [Math.ceil((height - top) / dy), Math.ceil((width - left) / dx)]
        const of = (i: number) => {
          const [c, y, column] = [Math.floor(i / (high * wide)), Math.floor(i / wide) % high, i % wide]
          return data[(c * height + top + y * dy) * width + left + column * dx]!
        }
        return new Tensor(
          [channels, high, wide],
          Float32Array.from({ length: channels * high * wide }, (_, i) => of(i)),
        )
      }
      const options = { bias }
      expect(algorithmOf(every(x), weight, options)).toBe('winograd')
      expectSame(every(whole), await conv2d(referenceEngine, every(x), weight, options))
    }
  }
})

it('some channels alone have the bits that they have among all', async () => {
  const [x, weight, bias] = [fractions([8, 37, 33]), fractions([14, 8, 3, 3]), fractions([14])]
  const want = await conv2d(referenceEngine, x, weight, { padding: 1, bias })
  const out = nodeOf(await conv2d(tracer, traced(planesNode(x)), weight, { padding: 1, bias }))
  for (const [first, count] of [
    [0, 1],
    [5, 6],
    [13, 1],
  ] as const) {
    const some = narrowed(out, first, count)
    const got = await pools[1]!.exclusive((session) => runToTensor(session, { out: some }))
    const part = want.data.slice(first * 37 * 33, (first + count) * 37 * 33)
    expectSame(got, new Tensor([count, 37, 33], part))
  }
})

describe('the choice', () => {
  const x = fractions([8, 40, 40])
  const weight = fractions([8, 8, 3, 3])
  it('is a function of shapes, and direct sums can be asked for', async () => {
    expect(algorithmOf(x, weight, { padding: 1 })).toBe('winograd')
    expect(algorithmOf(x, weight, { padding: 1, algorithm: 'direct' })).toBe('direct')
    expect(algorithmOf(x, weight, { stride: 2 })).toBe('direct')
    expect(algorithmOf(x, weight, { dilation: 4 })).toBe('winograd')
    expect(algorithmOf(x, weight, { padding: 5, dilation: 5 })).toBe('direct')
    expect(algorithmOf(fractions([8, 35, 35]), weight, { padding: [1, 4], dilation: [1, 4] })).toBe(
      'winograd',
    )
    expect(algorithmOf(fractions([8, 64, 28]), weight, { padding: [1, 4], dilation: [1, 4] })).toBe('direct')
    expect(algorithmOf(x, fractions([8, 4, 3, 3]), { groups: 2 })).toBe('direct')
    expect(algorithmOf(x, fractions([8, 8, 5, 5]))).toBe('direct')
    expect(algorithmOf(fractions([3, 40, 40]), fractions([8, 3, 3, 3]))).toBe('direct')
    expect(algorithmOf(x, fractions([3, 8, 3, 3]))).toBe('direct')
    expect(algorithmOf(fractions([8, 20, 20]), weight)).toBe('direct')
    expectSame(
      await conv2d(poolEngine(pools[1]!), x, weight, { padding: 1, algorithm: 'direct' }),
      await conv2d(referenceEngine, x, weight, { padding: 1, algorithm: 'direct' }),
    )
  })

  it('gives the same sums but for rounding', async () => {
    const whole = ({ shape, data }: Tensor) => new Tensor(shape, data.map(Math.round))
    const engine = poolEngine(pools[0]!)
    const tiled = await conv2d(engine, whole(x), whole(weight), { padding: 1 })
    const direct = await conv2d(engine, whole(x), whole(weight), { padding: 1, algorithm: 'direct' })
    expect(tiled.data.map((v) => Math.round(v) + 0)).toEqual(direct.data.map((v) => v + 0))
  })
})

/**
 * Returns the matrices of F(4x4, 3x3) for the points, in float64: A of sums, G of weights, B of samples, each
 * transposed.
 */
function matrices(): readonly [a: number[][], g: number[][], b: number[][]] {
  const points = [0, 5 / 8, -5 / 8, 3 / 2, -3 / 2]
  /** Returns the coefficients of the product of x - p. */
  const product = (roots: readonly number[]) =>
    roots.reduce(
      (c, p) => Array.from({ length: c.length + 1 }, (_, i) => (c[i - 1] ?? 0) - p * (c[i] ?? 0)),
      [1],
    )
  const others = (p: number) => points.filter((q) => q !== p)
  const powers = (p: number, n: number) => Array.from({ length: n }, (_, k) => p ** k)
  return [
    powers(0, 4).map((_, i) => [...points.map((p) => p ** i), i === 3 ? 1 : 0]),
    [
      ...points.map((p) => powers(p, 3).map((v) => v / others(p).reduce((n, q) => n * (p - q), 1))),
      [0, 0, 1],
    ],
    [...points.map((p) => [...product(others(p)), 0]), product(points)],
  ]
}

const byMatrix = (m: number[][], v: number[][]): number[][] =>
  m.map((row) => v[0]!.map((_, j) => row.reduce((sum, w, k) => sum + w * v[k]![j]!, 0)))
const transposed = (m: number[][]): number[][] => m[0]!.map((_, j) => m.map((row) => row[j]!))
const bothSides = (m: number[][], v: number[][]): number[][] =>
  transposed(byMatrix(m, transposed(byMatrix(m, v))))
const magnitudes = (m: number[][]): number[][] => m.map((row) => row.map(Math.abs))

describe('errors', () => {
  it.each([
    [8, 1],
    [64, 1],
    [64, 1e-3],
    [160, 1],
  ])('of %i channels are below the stated bound, and near those of direct sums', async (channels, level) => {
    const shift = fractions([channels, 34, 34], 3).data.map((v) => v * level)
    // many zeros, like the output of a ReLU
    const x = new Tensor(
      [channels, 34, 34],
      shift.map((v) => Math.max(0, v)),
    )
    const weight = fractions([8, channels, 3, 3])
    const [tiled, direct] = await Promise.all(
      ([undefined, 'direct'] as const).map((algorithm) =>
        conv2d(poolEngine(pools[0]!), x, weight, { algorithm }),
      ),
    )
    const want = oracle.correlate(x, weight)
    const errorOf = ({ data }: Tensor) => data.map((v, i) => Math.abs(v - want.data[i]!))
    const [errors, plain] = [errorOf(tiled!), errorOf(direct!)]
    const most = (list: Float32Array) => list.reduce((a, b) => Math.max(a, b), 0)
    expect(most(errors)).toBeLessThan(4 * most(plain))

    const [a, g, b] = matrices().map(magnitudes) as [number[][], number[][], number[][]]
    const at = (c: number, y: number, left: number) =>
      Array.from({ length: 6 }, (_, i) =>
        Array.from({ length: 6 }, (_, j) => Math.abs(x.data[(c * 34 + y + i) * 34 + left + j]!)),
      )
    const weightsOf = (f: number, c: number) =>
      [0, 3, 6].map((i) => [0, 1, 2].map((j) => Math.abs(weight.data[(f * channels + c) * 9 + i + j]!)))
    for (const [y, left] of [
      [0, 0],
      [4, 28],
      [16, 12],
    ] as const) {
      for (const filter of [0, 7]) {
        const sums = Array.from({ length: 6 }, () => new Array<number>(6).fill(0))
        for (let c = 0; c < channels; c++) {
          const [u, v] = [bothSides(g, weightsOf(filter, c)), bothSides(b, at(c, y, left))]
          for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) sums[i]![j]! += u[i]![j]! * v[i]![j]!
        }
        bothSides(a, sums).forEach((row, i) => {
          row.forEach((sum, j) => {
            const error = errors[(filter * 32 + y + i) * 32 + left + j]!
            expect(error).toBeLessThanOrEqual((channels + 20) * 2 ** -24 * sum)
          })
        })
      }
    }
  })

  it('the matrices give the sums exactly, but for rounding in float64', () => {
    const [a, g, b] = matrices()
    const [d, w] = [6, 3].map((n) =>
      Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Math.sin(7 * i + j))),
    )
    const [u, v] = [bothSides(g, w!), bothSides(b, d!)]
    const got = bothSides(
      a,
      u.map((row, i) => row.map((n, j) => n * v[i]![j]!)),
    )
    got.forEach((row, y) => {
      row.forEach((sum, left) => {
        let want = 0
        for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) want += w![i]![j]! * d![y + i]![left + j]!
        expect(sum).toBeCloseTo(want, 12)
      })
    })
  })
})
