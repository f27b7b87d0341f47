import { afterAll, describe, expect, it } from 'vitest'
import {
  type FilterOptions,
  filterDefaults,
  planRecipe,
  type RecipePlan,
  type SampleType,
} from '../../src/conv/plan.ts'
import type { PlaneKernel, Recipe } from '../../src/conv/recipe.ts'
import { evaluateRecipe, type Interleaved } from '../../src/definition/evaluate.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { createPool } from '../../src/run/pool.ts'
import { runRecipe } from '../run/recipes.ts'
import {
  borderOf,
  type Case,
  casesOf,
  compare,
  type Given,
  haveCases,
  input,
  listOf,
  numberOf,
  termsOf,
  wordOf,
} from './cases.ts'

/** Filters interleaved samples 0..255 by a plan, and returns the result in float, interleaved. */
type Run = (plan: RecipePlan, picture: Interleaved) => ArrayLike<number> | Promise<ArrayLike<number>>

type Planes = { shape: number[]; data: number[] }

const pool = createPool(1)
afterAll(() => pool.close())

/** Returns a picture case as recipes whose results are added. */
function recipesOf(c: Case): Recipe[] {
  const plain = { scale: 1, offset: 0 }
  switch (c.op) {
    case 'imageFilter':
      return [{ ...plain, kernels: [dense(c, 'kernel')], combine: { kind: 'only' } }]
    case 'imageGradientMagnitude':
      return [
        { ...plain, kernels: [dense(c, 'kernelX'), dense(c, 'kernelY')], combine: { kind: 'magnitude' } },
      ]
    case 'imageSeparableSum':
      return termsOf(c).map(({ col, row }) => ({
        ...plain,
        kernels: [{ form: 'separable', col: Float64Array.from(col), row: Float64Array.from(row), scale: 1 }],
        combine: { kind: 'only' },
      }))
    default:
      throw new Error(`${c.id}: not a picture case`)
  }
}

/**
 * Returns the options of a picture case. The mode `convolve` is the rotated kernel, with its anchor rotated as well.
 */
function pictureOptionsOf(c: Case): FilterOptions {
  const [y, x] = c.attrs.anchor === undefined ? [] : listOf(c, 'anchor')
  return {
    ...filterDefaults,
    border: borderOf(c),
    fill: numberOf(c, 'cval'),
    flip: c.op === 'imageFilter' && wordOf(c, 'mode') === 'convolve',
    anchor: y === undefined || x === undefined ? undefined : [y, x],
  }
}

function dense(c: Case, name: string): PlaneKernel {
  const { shape, data } = input(c, name)
  return { form: 'dense', kernel: kernel(shape, data) }
}

/** Plans a recipe for x [C,H,W] with a type of samples, which the plan depends on, and runs the plan. */
async function filterPlanes({ shape, data }: Given, recipe: Recipe, c: Case, samples: SampleType, run: Run) {
  const [channels, height, width] = shape as [1 | 3, number, number]
  const interleaved = Float32Array.from(data, (_, i) => {
    return data[(i % channels) * height * width + Math.floor(i / channels)]!
  })
  const plan = planRecipe(recipe, pictureOptionsOf(c), { width, height, samples })
  const out = await run(plan, { width, height, channels, data: interleaved })
  const size = plan.outHeight * plan.outWidth
  const planar = Array.from(out, (_, i) => out[(i % size) * channels + Math.floor(i / size)]!)
  return { shape: [channels, plan.outHeight, plan.outWidth], data: planar }
}

const byDefinition: Run = (plan, picture) => evaluateRecipe(plan, picture, 255)

const byThePool =
  (depth: 8 | 32): Run =>
  (plan, { width, height, channels, data }) =>
    pool.exclusive(async (session) => {
      const { arena } = session
      const address = arena.alloc((data.length * depth) / 8)
      const size = plan.outWidth * plan.outHeight * channels
      const target = arena.alloc(size * 4)
      const { buffer } = arena.memory
      const Samples = depth === 8 ? Uint8Array : Float32Array
      new Uint8Array(buffer).set(new Uint8Array(Samples.from(data).buffer), address)
      const source = { address, width, height, channels: channels as 1 | 3, depth, full: 255 } as const
      const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
      await runRecipe(session, plan, source, tone, 'raw', { kind: 'float', target })
      return Float32Array.from(new Float32Array(arena.memory.buffer, target, size))
    })

describe.skipIf(!haveCases)('conformance of picture filters (needs ../shared/conformance)', () => {
  const cases = casesOf('imageFilter', 'imageGradientMagnitude', 'imageSeparableSum')

  it('there are 100 cases', () => expect(cases).toHaveLength(100))

  describe.each([
    ['by the definition, 8-bit samples', 'u8', byDefinition],
    ['by the definition, float samples', 'f32', byDefinition],
    ['by the loops, 8-bit samples', 'u8', byThePool(8)],
    ['by the loops, float samples', 'f32', byThePool(32)],
  ] as const)('%s', (_title, samples, run) => {
    it.each(cases.map((c) => [c.id, c] as const))('%s', async (_, c) => {
      const parts = await Promise.all(
        recipesOf(c).map((r) => filterPlanes(input(c, 'x'), r, c, samples, run)),
      )
      compare(c, 'output', parts.reduce(sum))
    })
  })
})

function sum(a: Planes, b: Planes): Planes {
  return { shape: a.shape, data: a.data.map((v, i) => v + b.data[i]!) }
}
