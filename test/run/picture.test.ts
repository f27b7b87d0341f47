import { afterAll, describe, expect, test } from 'vitest'
import type { Padding } from '../../src/conv/geometry.ts'
import { type FilterOptions, filterDefaults, planRecipe, type RecipePlan } from '../../src/conv/plan.ts'
import type { Recipe } from '../../src/conv/recipe.ts'
import { evaluateRecipe } from '../../src/definition/evaluate.ts'
import { quantise, type Range } from '../../src/definition/quantise.ts'
import type { ConvoError } from '../../src/error.ts'
import { filters } from '../../src/filters/table.ts'
import { resolve } from '../../src/params.ts'
import { createPool } from '../../src/run/pool.ts'
import type { BorderName } from '../../src/tensor/border.ts'
import fc from '../property.ts'
import {
  dense,
  line,
  picture,
  plain,
  recipes,
  reference,
  runRecipe,
  runRecipeOver,
  type Source,
  separable,
} from './recipes.ts'

const pools = new Map([1, 2, 3].map((threads) => [threads, createPool(threads)]))
afterAll(async () => {
  for (const pool of pools.values()) await pool.close()
})

const run = (
  recipe: Recipe,
  source: Source,
  options?: Partial<FilterOptions>,
  range?: Range,
  threads = 1,
  stripRows?: number,
) => runRecipeOver(pools.get(threads)!, recipe, source, options, range, stripRows)

/**
 * Kernels that use an FFT are only compared within a bound, because their definition is their butterflies
 * (test/conv/fft).
 */
const isFft = (plan: RecipePlan) => plan.stencils.some((s) => s.algorithm.startsWith('fft'))

describe('every named filter equals its definition bit for bit', () => {
  for (const [name, filter] of Object.entries(filters)) {
    for (const depth of [8, 16] as const) {
      test(`${name}, ${depth} bits`, async () => {
        const source = picture(37, 29, 3, depth)
        const got = await run(filter.build(resolve(filter.params, {})), source)
        const expected = reference(got.plan, source, got.full)
        if (isFft(got.plan)) {
          const worst = Math.max(...Array.from(got.samples, (v, i) => Math.abs(v - expected.samples[i]!)))
          expect(worst).toBeLessThanOrEqual(1)
          return
        }
        expect(got.samples).toEqual(expected.samples)
        expect([got.outcome.low, got.outcome.high]).toEqual([expected.clipped.low, expected.clipped.high])
      })
    }
  }
})

describe('threads and strips change nothing', () => {
  for (const [name, recipe] of Object.entries(recipes)) {
    test(name, async () => {
      for (const depth of [8, 16] as const) {
        const source = picture(41, 67, 3, depth, 7)
        const whole = await run(recipe, source)
        expect(whole.samples).toEqual(reference(whole.plan, source, whole.full).samples)
        for (const stripRows of [1, 2, 3, 7, 16, 63, 64, 65, 200]) {
          const cut = await run(recipe, source, {}, 'clamp', 1 + (stripRows % 3), stripRows)
          expect(cut.samples).toEqual(whole.samples)
        }
      }
    })
  }

  test('FFT, dense and along lines', async () => {
    const noisy = (n: number) => line(n, (i) => Math.fround(((i * 7919) % 31) / 31 - 0.4))
    const fftRecipes = [
      dense(line(17, (y) => y).map((y) => noisy(15).map((v) => v * (y + 1) * 0.03 + 0.01 * (y % 5)))),
      separable(noisy(101), noisy(99), 40),
    ]
    for (const recipe of fftRecipes) {
      const source = picture(53, 230, 3, 8, 5)
      const whole = await run(recipe, source)
      expect(isFft(whole.plan)).toBe(true)
      for (const stripRows of [1, 13, 64, 101, 200]) {
        expect((await run(recipe, source, {}, 'clamp', 2, stripRows)).samples).toEqual(whole.samples)
      }
      const values = evaluateRecipe(whole.plan, source, 255)
      const expected = new Uint8Array(values.length)
      quantise(values, expected, 'clamp', 255)
      const off = expected.filter((v, i) => v !== whole.samples[i]).length
      expect(off / expected.length).toBeLessThan(1e-3)
    }
  })

  test('a picture large enough for workers', async () => {
    const source = picture(1300, 900, 3, 8, 3)
    const recipe = recipes['integer i16']!
    const [one, three] = [
      await run(recipe, source, {}, 'clamp', 1),
      await run(recipe, source, {}, 'clamp', 3),
    ]
    expect(Buffer.compare(one.samples as Uint8Array, three.samples as Uint8Array)).toBe(0)
  })
})

describe('options equal the definition', () => {
  const borders: BorderName[] = ['replicate', 'symmetric', 'reflect', 'wrap', 'constant']
  test('every border, halos larger than the picture, every channel count', async () => {
    for (const recipe of Object.values(recipes)) {
      for (const border of borders) {
        for (const [w, h, c] of [
          [1, 1, 1],
          [2, 3, 4],
          [9, 5, 2],
          [34, 3, 3],
        ] as const) {
          const source = picture(w, h, c, 8, w * h)
          const got = await run(recipe, source, { border, fill: 100 })
          expect(got.samples).toEqual(reference(got.plan, source, got.full).samples)
        }
      }
    }
  })

  test('stride, dilation, anchor, flip, padding, bias, scale, algorithm', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          recipe: fc.constantFrom(...Object.keys(recipes)),
          width: fc.integer({ min: 1, max: 40 }),
          height: fc.integer({ min: 1, max: 30 }),
          channels: fc.constantFrom(1, 2, 3, 4),
          depth: fc.constantFrom(8, 16),
          border: fc.constantFrom(...borders),
          stride: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
          dilation: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
          padding: fc.option(fc.constantFrom('same', 'full', [3, 1] as const), { nil: undefined }),
          flip: fc.boolean(),
          bias: fc.option(fc.constantFrom(128, -3.5), { nil: undefined }),
          scale: fc.option(fc.constantFrom(3, -0.5), { nil: undefined }),
          algorithm: fc.constantFrom('auto', 'direct'),
          range: fc.constantFrom('clamp', 'abs', 'offset', 'minmax'),
          seed: fc.nat(1000),
        }),
        async (c) => {
          const source = picture(c.width, c.height, c.channels as 1, c.depth as 8, c.seed + 1)
          const pad = c.padding as Padding | undefined
          const padding = pad === undefined ? undefined : ([pad, pad] as const)
          const { border, stride, dilation, flip, bias, scale } = c
          const options = {
            border: border as BorderName,
            stride,
            dilation,
            flip,
            bias,
            scale,
            padding,
            algorithm: c.algorithm as 'auto',
          }
          let got: Awaited<ReturnType<typeof run>>
          try {
            got = await run(recipes[c.recipe]!, source, options, c.range as Range)
          } catch (error) {
            // With a padding of 3 and 1, a small picture may have no output.
            expect((error as ConvoError).code).toBe('E_SHAPE')
            return
          }
          const expected = reference(got.plan, source, got.full, c.range as Range)
          expect(got.samples).toEqual(expected.samples)
          expect([got.outcome.low, got.outcome.high]).toEqual([expected.clipped.low, expected.clipped.high])
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('float sums of one kernel, straight to their places', () => {
  const weights = [0.3, -1.7, 2.1, 0, 0.9, -0.4, 1.1, 5.3, -2.2]
  const cases: readonly [string, Recipe, Partial<FilterOptions>][] = [
    ['as they are', dense([weights.slice(0, 3), weights.slice(3, 6), weights.slice(6)]), {}],
    ['every second row', dense([weights.slice(0, 3), weights.slice(2, 5)]), { stride: [2, 1] }],
    ['every second pixel', dense([weights.slice(0, 3), weights.slice(2, 5)]), { stride: [1, 2] }],
    ['divided', dense([weights.slice(0, 3), weights.slice(1, 4)], 3), {}],
    ['with a bias', dense([weights.slice(0, 3), weights.slice(1, 4)]), { bias: 7.5 }],
  ]

  test.each(cases)('%s', async (_, recipe, options) => {
    for (const width of [1, 9, 10, 27, 28, 29, 43, 101]) {
      for (const threads of [1, 3]) {
        const source = picture(width, 23, 3, 8, width)
        const planned = planRecipe(recipe, { ...filterDefaults, ...options }, { ...source, samples: 'u8' })
        const plan = { ...planned, stripRows: 5 }
        const n = plan.outWidth * plan.outHeight * 3
        const got = await pools.get(threads)!.exclusive(async (session) => {
          const target = session.arena.alloc(n * 4)
          const behind = new Uint8Array(session.arena.memory.buffer, target + n * 4, 16).fill(77)
          const { data, ...shape } = source
          const sink = { kind: 'float', target } as const
          await runRecipe(session, plan, { ...shape, data, full: 255 }, plain, 'raw', sink)
          if (width > 9) expect([...behind]).toEqual(Array(16).fill(77))
          return new Float32Array(session.arena.memory.buffer, target, n).slice()
        })
        expect(got).toEqual(Float32Array.from(evaluateRecipe(plan, source, 255)))
      }
    }
  })
})
