import { describe, expect, it } from 'vitest'
import { evaluateRecipe } from '../../src/conv/evaluate.ts'
import { type FilterOptions, filterDefaults, planRecipe, type SampleType } from '../../src/conv/plan.ts'
import type { PlaneKernel, Recipe } from '../../src/conv/recipe.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import {
  borderOf,
  type Case,
  casesOf,
  compare,
  type Given,
  haveCases,
  input,
  type Loose,
  listOf,
  numberOf,
  termsOf,
  wordOf,
} from './cases.ts'

/** Filters the planes of x [C,H,W] and leaves the result in float. */
export type FilterPlanes = (x: Given, recipe: Recipe, options: FilterOptions) => Loose

/** A picture case as recipes, whose results are added. */
export function recipesOf(c: Case): Recipe[] {
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

/** The options of a picture case. Mode `convolve` is the flipped kernel, its anchor flipped along. */
export function pictureOptionsOf(c: Case): FilterOptions {
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

/** The definition of a recipe, over samples of a type: a plan depends on it. */
function byDefinition(samples: SampleType): FilterPlanes {
  return ({ shape, data }, recipe, options) => {
    const [channels, height, width] = shape as [number, number, number]
    const interleaved = Float32Array.from(data, (_, i) => {
      const pixel = Math.floor(i / channels)
      return data[(i % channels) * height * width + pixel]!
    })
    const plan = planRecipe(recipe, options, { width, height, samples })
    const out = evaluateRecipe(plan, { width, height, channels, data: interleaved }, 255)
    const size = plan.outHeight * plan.outWidth
    const planar = out.map((_, i) => out[(i % size) * channels + Math.floor(i / size)]!)
    return { shape: [channels, plan.outHeight, plan.outWidth], data: planar }
  }
}

describe.skipIf(!haveCases)('conformance of picture filters (needs ../shared/conformance)', () => {
  const cases = casesOf('imageFilter', 'imageGradientMagnitude', 'imageSeparableSum')

  it('there are 100 cases', () => expect(cases).toHaveLength(100))

  for (const samples of ['u8', 'f32'] as const) {
    const filterPlanes = byDefinition(samples)
    describe(`by the definition, ${samples} samples`, () => {
      it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
        const parts = recipesOf(c).map((r) => filterPlanes(input(c, 'x'), r, pictureOptionsOf(c)))
        compare(c, 'output', parts.reduce(sum))
      })
    })
  }
})

function sum(a: Loose, b: Loose): Loose {
  return { shape: a.shape, data: Array.from(a.data, (v, i) => v + b.data[i]!) }
}
