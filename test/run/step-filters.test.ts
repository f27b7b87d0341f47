import { afterAll, describe, expect, it } from 'vitest'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { ConvoError } from '../../src/error.ts'
import { stepFilters } from '../../src/filters/table.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { type Kernel, kernel } from '../../src/kernel/kernel.ts'
import { resolve } from '../../src/params.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { fractions, whole } from '../operators/tensors.ts'
import fc from '../property.ts'
import { randomValues } from './values.ts'

// All filters that need steps on planes must give the result of the definition for any strips and threads.

const pools = [2, 1, 3, 4].map((threads) => createPool(threads))
const pool = pools[0]!
afterAll(() => Promise.all(pools.map((one) => one.close())))

const blur = kernel([3, 5], [1, 2, 3, 2, 1, 2, 4, 6, 4, 2, 1, 2, 3, 2, 1])
const large = kernel([15, 17], new Float64Array(255).fill(1))

const cases: readonly (readonly [name: string, values: Readonly<Record<string, unknown>>])[] = [
  ['canny', { sigma: 0.7, low: 20, high: 40 }],
  ['structure-tensor', { sigma: 0.8 }],
  ['structure-tensor', { sigma: 0.8, give: 'angle' }],
  ['harris', { sigma: 0.6 }],
  ['bilateral', { size: 5 }],
  ['nlmeans', { size: 5, patch: 3 }],
  ['guided', { radius: 2 }],
  ['guided', { radius: 2, guide: 'luminance' }],
  ['median', { size: 5 }],
  ['percentile', { size: '7,4', rank: 80, shape: 'square' }],
  ['erode', { size: 7, shape: 'disk' }],
  ['dilate', { size: '2,9' }],
  ['open', { size: 5, shape: 'diamond' }],
  ['close', { size: 5 }],
  ['gradient', {}],
  ['tophat', { size: 7, shape: 'line', angle: 30 }],
  ['blackhat', {}],
  ['resize', { by: 0.4 }],
  ['resize', { by: 1.7, curve: 'mitchell' }],
  ['resize', { width: 50, height: 9, curve: 'nearest' }],
  ['resize', { width: 12, height: 12, fit: 'cover', curve: 'box' }],
  ['crop', { size: 7 }],
  ['pad', { by: '3,0,5,1' }],
]

const levels = (shape: readonly number[]): Tensor => {
  const x = whole(shape, 5)
  return new Tensor(
    shape,
    x.data.map((v) => (Math.abs(v) * 37) % 256),
  )
}

const builtFor = (
  name: string,
  values: Readonly<Record<string, unknown>>,
  border?: BorderName,
  channels = 3,
  full = 255,
  given?: Kernel,
) => {
  const entry = stepFilters[name]!
  const settings = border === undefined ? {} : { border }
  return entry.build({ values: resolve(entry.params, values), kernel: given, settings, channels, full })
}

/** What is made, or the message of the refusal. */
const outcome = <T>(make: () => Promise<T>): Promise<T | string> =>
  make().catch((error: unknown) => {
    if (error instanceof ConvoError) return error.message
    throw error
  })

const side = fc.constantFrom('1', '2', '3', '6', '9', '15')

const inStrips = (
  x: Tensor,
  stripRows: number,
  steps: (engine: Engine, x: Tensor) => Promise<Tensor>,
  own = pool,
) =>
  own.exclusive(async (session) => {
    const out = await steps(tracer, traced(planesNode(x)))
    return runToTensor(session, { out: nodeOf(out) }, stripRows)
  })

const isSame = (a: Tensor, b: Tensor): boolean =>
  a.shape.join() === b.shape.join() && a.data.every((v, i) => Object.is(v, b.data[i]!))

describe('strips and threads', () => {
  it.each(cases)('%s %o', async (name, values) => {
    const takesBorder = stepFilters[name]!.takes.includes('border')
    for (const x of [levels([3, 23, 31]), fractions([3, 19, 27], 3)]) {
      for (const border of takesBorder
        ? [undefined, ...(Object.keys(borders) as BorderName[])]
        : [undefined]) {
        const step = await builtFor(name, values, border)
        const expected = await step.apply(x, referenceEngine)
        for (const stripRows of [1, 5, 64]) {
          expect(
            isSame(await inStrips(x, stripRows, (engine, own) => step.apply(own, engine)), expected),
          ).toBe(true)
        }
      }
    }
  })
  it('richardson-lucy of a picture of any size, in a memory that must grow for it', async () => {
    const entry = stepFilters['richardson-lucy']!
    const blur = kernel([13, 13], new Float64Array(169).fill(1))
    const values = resolve(entry.params, { iterations: 2 })
    for (const side of [100, 300, 512, 700]) {
      const fresh = createPool(1)
      const step = await entry.build({ values, kernel: blur, settings: {}, channels: 1, full: 255 })
      const x = new Tensor([1, side, side], new Float32Array(side * side).fill(7))
      const { data } = await step.apply(x, poolEngine(fresh))
      await fresh.close()
      expect(data.every((v) => Math.abs(v - 7) < 0.01)).toBe(true)
    }
  })
  // the inverse of a small blur is large enough for the FFT
  const kernels: Readonly<Record<string, readonly Kernel[]>> = {
    wiener: [blur],
    'richardson-lucy': [blur, large],
  }
  /** Small enough for the definition; what a setting may be apart from its bounds. */
  const settings: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    size: fc.oneof(side, fc.tuple(side, side).map(String)),
    patch: fc.constantFrom('1', '3', '5'),
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 60 }),
    by: fc.constantFrom('5', '3,2', '0,1,40,2', '0.3', '1', '250%'),
    iterations: fc.integer({ min: 1, max: 3 }),
    // smaller ones make kernels of up to 511x511
    balance: fc.constantFrom(0.01, 0.1, 1),
  }
  const named: Readonly<Record<string, typeof settings>> = {
    bilateral: { size: fc.constantFrom('1', '3', '7') },
    nlmeans: { size: fc.constantFrom('1', '3', '7') },
  }
  /** Not the settings of a resize that refuse each other. */
  const fitting = (given: Readonly<Record<string, unknown>>) => {
    const { by, ...values } = given
    const { fit: _, ...others } = values
    if (values.width === undefined && values.height === undefined)
      return by === undefined ? others : { by, ...others }
    return values.width === undefined || values.height === undefined ? others : values
  }
  it.each(Object.keys(stepFilters))('%s with any settings, samples, strips and threads', async (name) => {
    const { params, takes } = stepFilters[name]!
    let made = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          values: randomValues(params, { ...settings, ...named[name] }).map(fitting),
          shape: fc.tuple(
            fc.integer({ min: 1, max: 4 }),
            fc.integer({ min: 1, max: 70 }),
            fc.integer({ min: 1, max: 40 }),
          ),
          full: fc.constantFrom(1, 255, 65535),
          isWhole: fc.boolean(),
          border: fc.constantFrom(undefined, ...(Object.keys(borders) as BorderName[])),
          stripRows: fc.integer({ min: 1, max: 200 }),
          own: fc.constantFrom(...pools),
          given: fc.constantFrom(...(kernels[name] ?? [undefined])),
        }),
        async ({ values, shape, full, isWhole, border, stripRows, own, given }) => {
          const x = isWhole ? levels(shape) : fractions(shape)
          if (!isWhole) x.data.set(x.data.map((v) => (v * full) / 3))
          const build = async () =>
            builtFor(name, values, takes.includes('border') ? border : undefined, shape[0], full, given)
          const built = build()
          const [expected, got] = [
            await outcome(async () => (await built).apply(x, referenceEngine)),
            await outcome(async () => {
              const step = await built
              if (step.seesAll === 'alone') return step.apply(x, poolEngine(own))
              return inStrips(x, stripRows, (engine, one) => step.apply(one, engine), own)
            }),
          ]
          if (typeof expected === 'string' || typeof got === 'string') expect(got).toBe(expected)
          else {
            made++
            expect(isSame(got, expected)).toBe(true)
          }
        },
      ),
      { numRuns: 25 },
    )
    // the others are refused, for instance a crop beyond the edge
    expect(made).toBeGreaterThan(1)
  })
})
