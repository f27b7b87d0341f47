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

  it.each([
    ...Array.from({ length: 4 }, (_, i) => [i + 40, 1, 1] as const),
    [67, 2, 1],
    [131, 1, 3],
    [70, 3, 2],
    [61, 4, 4],
  ] as const)('5x5 in rows of %i samples, taps %i and %i apart', async (width, dy, dx) => {
    const [x, weight, bias] = [
      fractions([33, Math.ceil(4096 / width) + 8 * dy, width]),
      fractions([34, 33, 5, 5]),
      fractions([34]),
    ]
    for (const paddingMode of ['zeros', 'reflect'] as const) {
      const options = { padding: [2 * dy, dx], dilation: [dy, dx], bias, paddingMode } as const
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
  it.each([
    [1, 3],
    [2, 3],
    [3, 3],
    [1, 5],
    [2, 5],
  ])('in networks of several layers, taps up to %i apart, one of 3x3 and %i', async (dilation, side) => {
    const channels = side === 3 ? [3, 8, 11, 8, 9] : [3, 32, 33, 8, 9]
    const sides = [3, side, 3, side]
    const weights = channels.slice(1).map((out, i) => fractions([out, channels[i]!, sides[i]!, sides[i]!], i))
    const network = async (engine: Engine, x: Tensor): Promise<Tensor> => {
      let y = x
      for (const [i, weight] of weights.entries()) {
        const apart = i % 2 === 1 ? dilation : 1
        y = await conv2d(engine, y, weight, {
          padding: i === 2 ? 0 : apart * (sides[i]! >> 1),
          dilation: apart,
          bias: fractions([channels[i + 1]!]),
        })
        y = await engine.layer('prelu', [y], { slope: Float32Array.of(0.25) })
        if (i === 1) y = await engine.layer('paired', [y, y], { operation: 'add' })
      }
      return y
    }
    const x = side === 3 ? fractions([3, 45, 41]) : fractions([3, 68, 69])
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
      { numRuns: side === 3 ? 60 : 8 },
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
    const large = fractions([32, 68, 68])
    expect(algorithmOf(large, fractions([32, 32, 5, 5]))).toBe('winograd')
    expect(algorithmOf(large, fractions([31, 32, 5, 5]))).toBe('direct')
    expect(algorithmOf(fractions([32, 68, 67]), fractions([32, 32, 5, 5]))).toBe('direct')
    expect(algorithmOf(fractions([31, 68, 68]), fractions([32, 31, 5, 5]))).toBe('direct')
    for (const sides of [
      [5, 3],
      [4, 4],
      [7, 7],
    ])
      expect(algorithmOf(large, fractions([32, 32, ...sides]))).toBe('direct')
    expect(algorithmOf(fractions([3, 40, 40]), fractions([8, 3, 3, 3]))).toBe('direct')
    expect(algorithmOf(x, fractions([3, 8, 3, 3]))).toBe('direct')
    expect(algorithmOf(fractions([8, 20, 20]), weight)).toBe('direct')
    expectSame(
      await conv2d(poolEngine(pools[1]!), x, weight, { padding: 1, algorithm: 'direct' }),
      await conv2d(referenceEngine, x, weight, { padding: 1, algorithm: 'direct' }),
    )
  })

  it.each([3, 5])('gives the same sums of %i taps a side but for rounding', async (side) => {
    const many = side === 3 ? 8 : 32
    const [x, weight] = [fractions([many, 68, 68]), fractions([many, many, side, side])]
    const whole = ({ shape, data }: Tensor) => new Tensor(shape, data.map(Math.round))
    const engine = poolEngine(pools[0]!)
    const tiled = await conv2d(engine, whole(x), whole(weight), { padding: 1 })
    expect(algorithmOf(x, weight, { padding: 1 })).toBe('winograd')
    const direct = await conv2d(engine, whole(x), whole(weight), { padding: 1, algorithm: 'direct' })
    expect(tiled.data.map((v) => Math.round(v) + 0)).toEqual(direct.data.map((v) => v + 0))
  })
})

/**
 * Returns the matrices of tiles of 6x6 samples for a kernel and the points, in float64: A of sums, G of weights, B of samples, each
 * transposed.
 */
function matrices(taps: number): readonly [a: number[][], g: number[][], b: number[][]] {
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
    powers(0, 7 - taps).map((_, i) => [...points.map((p) => p ** i), i === 6 - taps ? 1 : 0]),
    [
      ...points.map((p) => powers(p, taps).map((v) => v / others(p).reduce((n, q) => n * (p - q), 1))),
      powers(0, taps).map((_, k) => (k === taps - 1 ? 1 : 0)),
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
    [8, 1, 3],
    [64, 1, 3],
    [64, 1e-3, 3],
    [160, 1, 3],
    [32, 1, 5],
    [64, 1, 5],
    [64, 1e-3, 5],
    [160, 1, 5],
  ])(
    'of %i channels at %d, of %i taps a side, are below the stated bound, and near those of direct sums',
    async (channels, level, taps) => {
      const [size, filters] = taps === 3 ? [34, 8] : [68, 32]
      const shift = fractions([channels, size, size], 3).data.map((v) => v * level)
      // many zeros, like the output of a ReLU
      const x = new Tensor(
        [channels, size, size],
        shift.map((v) => Math.max(0, v)),
      )
      const weight = fractions([filters, channels, taps, taps])
      const [tiled, direct] = await Promise.all(
        ([undefined, 'direct'] as const).map((algorithm) =>
          conv2d(poolEngine(pools[0]!), x, weight, { algorithm }),
        ),
      )
      // the first 8 filters: sums in float64 take long
      const some = new Tensor([8, channels, taps, taps], weight.data.slice(0, 8 * channels * taps ** 2))
      const want = oracle.correlate(x, some)
      const errorOf = ({ data }: Tensor) => Float32Array.from(want.data, (v, i) => Math.abs(data[i]! - v))
      const [errors, plain] = [errorOf(tiled!), errorOf(direct!)]
      const most = (list: Float32Array) => list.reduce((a, b) => Math.max(a, b), 0)
      expect(most(errors)).toBeLessThan(4 * most(plain))

      const places = size + 1 - taps
      const line = Array.from({ length: taps }, (_, i) => i)
      const [a, g, b] = matrices(taps).map(magnitudes) as [number[][], number[][], number[][]]
      const at = (c: number, y: number, left: number) =>
        Array.from({ length: 6 }, (_, i) =>
          Array.from({ length: 6 }, (_, j) => Math.abs(x.data[(c * size + y + i) * size + left + j]!)),
        )
      const weightsOf = (f: number, c: number) =>
        line.map((i) =>
          line.map((j) => Math.abs(weight.data[(f * channels + c) * taps ** 2 + i * taps + j]!)),
        )
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
              const error = errors[(filter * places + y + i) * places + left + j]!
              expect(error).toBeLessThanOrEqual((channels + 20) * 2 ** -24 * sum)
            })
          })
        }
      }
    },
  )

  it.each([3, 5])('the matrices of %i taps give the sums exactly, but for rounding in float64', (taps) => {
    const [a, g, b] = matrices(taps)
    const [d, w] = [6, taps].map((n) =>
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
        for (let i = 0; i < taps; i++)
          for (let j = 0; j < taps; j++) want += w![i]![j]! * d![y + i]![left + j]!
        expect(sum).toBeCloseTo(want, 12)
      })
    })
  })
})
