import { afterAll, describe, expect, it } from 'vitest'
import { anchoredAxis, correlationAxis } from '../../src/conv/geometry.ts'
import { filterDefaults, planPlain, planRecipe } from '../../src/conv/plan.ts'
import { type Recipe, single } from '../../src/conv/recipe.ts'
import { correlationOf, transpositionOf } from '../../src/conv/spec.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { evaluateRecipe, type Interleaved } from '../../src/definition/evaluate.ts'
import type { Levels } from '../../src/definition/levels.ts'
import { chooseStripRows } from '../../src/graph/cut.ts'
import { leveled, picked } from '../../src/graph/narrow.ts'
import {
  filterNode,
  interleaved,
  type Node,
  nodeOf,
  parted,
  planesNode,
  sourceNode,
  traced,
  tracer,
} from '../../src/graph/node.ts'
import { listed } from '../../src/graph/schedule.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { edged } from '../../src/operators/upsampling.ts'
import { heldOnce, levelsOf, runToArray, runToSheet, runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { legible, pick, sheet, stretch } from '../image/whole-sheets.ts'
import { fractions } from '../operators/tensors.ts'
import fc from '../property.ts'

const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const

/** A step of a random network. The shape of its input is only known when it runs. */
type Step = readonly [name: string, (engine: Engine, x: Tensor) => Promise<Tensor>]

const shapeOf = (x: Tensor) => x.shape as [number, number, number]
const flat = { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, output: 1 }
const small = fc.integer({ min: 1, max: 3 })

const levels: readonly Levels[] = [
  { kind: 'plain' },
  { kind: 'absolute' },
  { kind: 'shifted', by: 127.5 },
  { kind: 'stretched', min: -3, gain: 7 },
  { kind: 'legible', low: 100, gain: 9, full: 255 },
]

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      stride: fc.tuple(small, small),
      dilation: fc.tuple(small, small),
      border: fc.constantFrom(...(Object.keys(borders) as BorderName[])),
      filters: fc.integer({ min: 1, max: 6 }),
      isGrouped: fc.boolean(),
      isValid: fc.boolean(),
    })
    .map(
      ({ kernel: [kH, kW], stride, dilation, border, filters, isGrouped, isValid }): Step => [
        `correlate ${kH}x${kW} /${stride} :${dilation} ${border}`,
        (engine, x) => {
          const [channels, height, width] = shapeOf(x)
          const axis = (n: number, k: number, i: 0 | 1) =>
            isValid && n > dilation[i] * (k - 1)
              ? correlationAxis('', n, k, { stride: stride[i], dilation: dilation[i], padding: 'valid' })
              : anchoredAxis(n, k, Math.floor(k / 2), stride[i], dilation[i])
          const groups = isGrouped ? channels : 1
          const c = {
            channels,
            filters: filters * groups,
            groups,
            axes: [flat, axis(height, kH, 0), axis(width, kW, 1)] as const,
            border,
            fill: 3,
          }
          const weight = fractions([c.filters, channels / groups, kH, kW])
          return engine.correlate(x, weight, fractions([c.filters]).data, c)
        },
      ],
    ),
  fc.record({ kernel: small, stride: small, filters: small }).map(
    ({ kernel, stride, filters }): Step => [
      `transpose ${kernel} /${stride}`,
      (engine, x) => {
        const weight = fractions([x.shape[0]!, filters, kernel, kernel + 1])
        const t = transpositionOf(2, x, weight, { stride })
        return engine.transpose(x, weight, undefined, t)
      },
    ],
  ),
  fc
    .record({ half: fc.integer({ min: 0, max: 2 }), dilation: small, patch: fc.constantFrom(1, 3) })
    .map(
      ({ half, dilation, patch }): Step => [
        `involve ${2 * half + 1} :${dilation} ${patch}`,
        (engine, x) =>
          engine.involve(x, { size: 2 * half + 1, dilation, sigmaSpace: 2, sigmaRange: 3, patch }),
      ],
    ),
  fc.record({ size: fc.tuple(small, small), stride: small, dilation: small }).map(
    ({ size, stride, dilation }): Step => [
      `pool ${size} /${stride}`,
      async (engine, x) => {
        const [, height, width] = shapeOf(x)
        if (height <= dilation * (size[0] - 1) || width <= dilation * (size[1] - 1)) return x
        return engine.layer('pool', [x], { axes: poolAxes(2, x, { kernelSize: size, stride, dilation }) })
      },
    ],
  ),
  fc.record({ size: fc.tuple(small, small), mark: fc.boolean() }).map(
    ({ size, mark }): Step => [
      `maxima ${size}`,
      (engine, x) => {
        const axes = poolAxes(2, x, { kernelSize: size, ceilMode: true })
        return engine.layer('maxima', [x], { axes, size, mark })
      },
    ],
  ),
  fc.constantFrom<Step>(
    ['edged', (e, x) => edged(e, x)],
    ['relu', (e, x) => e.layer('activate', [x], { name: 'relu', unit: 1 })],
    ['tanh', (e, x) => e.layer('activate', [x], { name: 'tanh', unit: 255 })],
    ['affine', (e, x) => e.layer('affine', [x], { scale: fractions([x.shape[0]!]).data.map((v) => v + 9) })],
    ['twice', (e, x) => e.layer('paired', [x, x], { operation: 'add' })],
    ['weighted', (e, x) => e.layer('weighted', [x], {})],
    ['straightened', (e, x) => e.layer('straightened', [x], { full: 255 })],
    [
      'residual',
      async (e, x) => e.layer('paired', [await e.layer('scaled', [x], { by: 0.5 }), x], { operation: 'add' }),
    ],
    [
      'parted',
      async (e, x) => {
        const first = await e.layer('select', [x], { first: 0, count: 1 })
        return e.layer('join', [await e.layer('activate', [x], { name: 'relu', unit: 1 }), first], {
          gain: [3, 2],
        })
      },
    ],
    [
      'leveled',
      (e, x) =>
        e.layer('leveled', [x], {
          levels: Array.from({ length: x.shape[0]! }, (_, c) => levels[c % levels.length]!),
        }),
    ],
    ['means', async (e, x) => (Math.min(x.shape[1]!, x.shape[2]!) < 2 ? x : e.layer('means', [x], { s: 2 }))],
    [
      'kernels',
      async (e, x) => {
        const [channels, height, width] = shapeOf(x)
        const c = {
          channels,
          filters: 9,
          groups: 1,
          axes: [flat, anchoredAxis(height, 1, 0, 1, 1), anchoredAxis(width, 1, 0, 1, 1)] as const,
          border: 'constant' as const,
          fill: 0,
        }
        const kernel = await e.correlate(x, fractions([9, channels, 1, 1]), undefined, c)
        return e.layer('kernels', [x, kernel], { kernelSize: 3, stride: 1, groups: 1, dilation: 2 })
      },
    ],
  ),
)

async function apply(engine: Engine, x: Tensor, chain: readonly Step[]): Promise<Tensor> {
  let out = x
  for (const [, step] of chain) out = await step(engine, out)
  return out
}

describe('a graph in strips', () => {
  const pools = [1, 3].map((threads) => createPool(threads))
  afterAll(() => Promise.all(pools.map((pool) => pool.close())))

  it('has the bits of its steps one after the other over the whole, for any strips and threads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          channels: fc.integer({ min: 1, max: 4 }),
          height: fc.integer({ min: 1, max: 23 }),
          width: fc.integer({ min: 1, max: 21 }),
          chain: fc.array(steps, { minLength: 1, maxLength: 4 }),
          stripRows: fc.integer({ min: 1, max: 30 }),
          pool: fc.constantFrom(...pools),
          odd: fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, -0),
          place: fc.double({ min: 0, max: 0.999, noNaN: true }),
        }),
        async ({ channels, height, width, chain, stripRows, pool, odd, place }) => {
          const x = fractions([channels, height, width])
          if (odd !== undefined) x.data[Math.floor(place * x.data.length)] = odd
          const want = await apply(referenceEngine, x, chain)
          const out = await apply(tracer, traced(planesNode(x)), chain)
          expect(out.shape).toEqual(want.shape)
          const graph = { out: nodeOf(out) }
          const got = await pool.exclusive((session) => runToTensor(session, graph, stripRows))
          const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got.data[i]! + 0))
          expect(wrong, chain.map(([name]) => name).join(', ')).toBe(-1)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('has the bits of its filters, over pixels side by side and over maps, in whole blocks of FFTs too', async () => {
    const row = (n: number) => Float64Array.from({ length: n }, (_, i) => ((i * 7) % 5) / 8 + 0.1)
    const kernels: Record<string, Recipe> = {
      blur: single(kernel([3, 5], [...row(15)])),
      long: {
        ...single(kernel([1, 1], [1])),
        kernels: [{ form: 'separable', col: row(7), row: row(9), scale: 3 }],
      },
      gradient: {
        ...single(kernel([1, 1], [1])),
        combine: { kind: 'magnitude' },
        kernels: [
          { form: 'dense', kernel: kernel([3, 3], [-1, 0, 1, -2, 0, 2, -1, 0, 1]) },
          { form: 'dense', kernel: kernel([3, 3], [-1, -2, -1, 0, 0, 0, 1, 2, 1]) },
        ],
      },
      detail: {
        ...single(kernel([1, 1], [1])),
        combine: { kind: 'unsharp', amount: 0.7, threshold: 2 },
        kernels: [
          { form: 'dense', kernel: kernel([1, 1], [1]) },
          { form: 'separable', col: row(3), row: row(3), scale: 1 },
        ],
      },
    }
    const filters = fc.record({
      recipe: fc.constantFrom(...Object.keys(kernels)),
      border: fc.constantFrom(...(Object.keys(borders) as BorderName[])),
      stride: fc.tuple(small, small),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          channels: fc.integer({ min: 1, max: 4 }),
          height: fc.integer({ min: 1, max: 40 }),
          width: fc.integer({ min: 1, max: 30 }),
          chain: fc.array(filters, { minLength: 1, maxLength: 3 }),
          isMaps: fc.boolean(),
          stripRows: fc.integer({ min: 1, max: 45 }),
          pool: fc.constantFrom(...pools),
        }),
        async ({ channels, height, width, chain, isMaps, stripRows, pool }) => {
          const x = fractions([channels, height, width])
          const pixels = isMaps ? 1 : channels
          const source = planesNode(x)
          let node = isMaps ? source : interleaved(source)
          let want: Interleaved[] = isMaps
            ? Array.from({ length: channels }, (_, c) => ({ ...pick(x, [c]), width, height, channels: 1 }))
            : [{ data: await runWhole(node), width, height, channels }]
          for (const { recipe, border, stride } of chain) {
            const size = { width: want[0]!.width, height: want[0]!.height, samples: 'f32' } as const
            const plan = planRecipe(kernels[recipe]!, { ...filterDefaults, border, fill: 9, stride }, size)
            node = filterNode({ plan, tone, channels: pixels as 1, full: 255 }, node)
            want = want.map((one) => ({
              data: evaluateRecipe(plan, one, 255),
              width: plan.outWidth,
              height: plan.outHeight,
              channels: pixels,
            }))
          }
          const out = isMaps ? node : parted(node, channels)
          const got = await pool.exclusive((session) => runToTensor(session, { out }, stripRows))
          const plane = got.data.length / channels
          const wrong = got.data.findIndex((v, i) => {
            const [c, at] = [Math.floor(i / plane), i % plane]
            const expected = isMaps ? want[c]!.data[at]! : want[0]!.data[at * channels + c]!
            return !Object.is(v + 0, expected + 0)
          })
          expect(wrong, chain.map(({ recipe }) => recipe).join(', ')).toBe(-1)
        },
      ),
      { numRuns: 200 },
    )
    async function runWhole(node: Node) {
      const { data } = await pools[0]!.exclusive((session) => runToTensor(session, { out: node }))
      return data
    }
  })

  it('gives FFTs of a step in between the blocks that they have in the whole', async () => {
    const [height, width] = [210, 170]
    const x = fractions([3, height, width])
    const long = Float64Array.from({ length: 101 }, (_, i) => 1 + (i % 3))
    const recipes: Recipe[] = [
      { ...single(kernel([1, 1], [1])), kernels: [{ form: 'separable', col: long, row: long, scale: 9 }] },
      single(
        kernel(
          [17, 17],
          Array.from({ length: 289 }, (_, i) => (i % 7) - 3),
        ),
      ),
    ]
    const graphs = recipes.map((recipe) => {
      const plan = planRecipe(recipe, filterDefaults, { width, height, samples: 'f32' })
      expect(plan.stencils[0]!.algorithm).toMatch(/fft/)
      const blur = planRecipe(single(kernel([5, 3], Array(15).fill(0.1))), filterDefaults, {
        width,
        height,
        samples: 'f32',
      })
      const far = filterNode({ plan, tone, channels: 3, full: 255 }, interleaved(planesNode(x)))
      return { out: parted(filterNode({ plan: blur, tone, channels: 3, full: 255 }, far), 3) }
    })
    for (const graph of graphs) {
      const whole = await pools[0]!.exclusive((session) => runToTensor(session, graph, height))
      for (const [rows, pool] of [
        [1, pools[1]!],
        [7, pools[0]!],
        [64, pools[1]!],
      ] as const) {
        const got = await pool.exclusive((session) => runToTensor(session, graph, rows))
        expect(got.data.findIndex((v, i) => !Object.is(v, whole.data[i]))).toBe(-1)
      }
    }
  })

  it('goes into an array strip by strip, some of its channels or all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(
            fc.integer({ min: 2, max: 5 }),
            fc.integer({ min: 1, max: 150 }),
            fc.integer({ min: 1, max: 9 }),
          ),
          chain: fc.array(steps, { maxLength: 2 }),
          channels: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 6 }),
          pool: fc.constantFrom(...pools),
        }),
        async ({ shape, chain, channels, pool }) => {
          const x = fractions(shape)
          const whole = await apply(referenceEngine, x, chain)
          const some = channels.map((c) => c % whole.shape[0]!)
          const want = pick(whole, some)
          const [count, height, width] = want.shape as [number, number, number]
          const got = new Float32Array(want.data.length)
          const out = picked(nodeOf(await apply(tracer, traced(planesNode(x)), chain)), some)
          await pool.exclusive((session) =>
            runToArray(session, { out }, (part, { bytes }, parts) => {
              const strip = new Float32Array(bytes!.buffer)
              const rows = strip.length / (count * width)
              const first = part === parts - 1 ? height - rows : part * rows
              for (let c = 0; c < count; c++) {
                const from = c * rows * width
                got.set(strip.subarray(from, from + rows * width), (c * height + first) * width)
              }
            }),
          )
          const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got[i]! + 0))
          expect(wrong, chain.map(([name]) => name).join(', ')).toBe(-1)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('makes the sheet that its maps make as a whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(
            fc.integer({ min: 2, max: 9 }),
            fc.integer({ min: 3, max: 70 }),
            fc.integer({ min: 3, max: 40 }),
          ),
          filters: fc.integer({ min: 2, max: 11 }),
          levels: fc.constantFrom('plain' as const, 'stretched' as const, 'legible' as const),
          each: fc.boolean(),
          labels: fc.boolean(),
          isPooled: fc.boolean(),
          pool: fc.constantFrom(...pools),
        }),
        async ({ shape, filters, levels, each, labels, isPooled, pool }) => {
          const x = fractions(shape)
          const net = async (engine: Engine, input: Tensor) => {
            const c = correlationOf(2, input, fractions([filters, shape[0], 3, 3]), { padding: 1 })
            const maps = await engine.correlate(input, fractions([filters, shape[0], 3, 3]), undefined, c)
            const relu = await engine.layer('affine', [maps], { bias: fractions([filters]).data })
            return isPooled
              ? engine.layer('pool', [relu], { axes: poolAxes(2, relu, { kernelSize: 2 }) })
              : relu
          }
          const maps = await net(referenceEngine, x)
          const shown =
            levels === 'plain'
              ? maps
              : levels === 'legible'
                ? legible(maps, 255, each)
                : stretch(maps, 255, each)
          const want = sheet(shown, { labels, black: 3, white: 200 })
          const [, height, width] = want.shape as [number, number, number]
          const out = nodeOf(await net(tracer, traced(planesNode(x))))
          const got = await pool.exclusive(async (session) => {
            const target = session.arena.alloc(height * width * 4)
            const plan = planPlain(width, height, 'f32')
            const sink = { kind: 'float', target } as const
            const held = await heldOnce(session, { out })
            const { levels: own } = await levelsOf(session, {}, [held.out], levels, each, 255)
            await runToSheet(
              session,
              { out: leveled(held.out, own) },
              { labels, black: 3, white: 200 },
              { plan, tone, range: 'raw', sink, channels: 1, full: 255 },
            )
            return new Float32Array(session.arena.memory.buffer, target, height * width).slice()
          })
          const wrong = want.data.findIndex((v, i) => !Object.is(v + 0, got[i]! + 0))
          expect(wrong).toBe(-1)
        },
      ),
      { numRuns: 150 },
    )
  })
})

it('what is needed several times is held where it takes long and is small', async () => {
  const over = async (out: Node, filters: number, size: number) => {
    const [x, weights] = [traced(out), fractions([filters, 3, size, size], 4)]
    return nodeOf(await tracer.correlate(x, weights, undefined, correlationOf(2, x, weights, {})))
  }
  const x = planesNode(fractions([3, 40, 50], 3))
  const [costly, cheap] = [await over(x, 4, 3), await over(x, 4, 1)]
  const large = await over(sourceNode([3, 5000, 5000]), 1, 3)
  const pool = createPool(2)
  await pool.exclusive(async (session) => {
    expect((await heldOnce(session, { out: cheap })).out).toBe(cheap)
    expect((await heldOnce(session, { out: large })).out).toBe(large)
    const { out } = await heldOnce(session, { out: costly })
    expect(out.work.kind).toBe('planes')
    expect(await runToTensor(session, { out })).toEqual(await runToTensor(session, { out: costly }))
  })
  await pool.close()
})

describe('the strips of a graph', () => {
  const strips = (height: number, width: number) => {
    const steps = listed(sourceNode([1, height, width]))
    return [chooseStripRows(steps), Math.ceil(height / chooseStripRows(steps))]
  }

  it('have 64 rows, and of tall pictures more, so that they are not countless', () => {
    expect(strips(10, 8)).toEqual([10, 1])
    expect(strips(1000, 800)[0]).toBe(64)
    expect(strips(64 * 4096, 1)).toEqual([64, 4096])
    expect(strips(9_000_000, 1)[1]).toBeLessThanOrEqual(4096)
  })
})
