import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { type FormulaName, formulas } from '../../src/definition/formulas.ts'
import type { LayerName, LayerSettings } from '../../src/definition/layers.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

// The loops for formulas, blending and normalisation of channels must give the samples of their definitions.

const pool = createPool(1)
afterAll(() => pool.close())

const odd = [0, -0, 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-30, -3, 255]

function samples(shape: readonly number[], seed: number, scale = 1): Tensor {
  const x = Tensor.zeros(shape)
  let state = seed
  for (let i = 0; i < x.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    // includes some odd numbers, and some that are the same in all inputs
    const v = i % 7 === 3 ? odd[state % odd.length]! : i % 11 === 5 ? i % 3 : (state / 2 ** 32) * scale
    x.data[i] = v
  }
  return x
}

async function check<K extends LayerName>(
  name: K,
  inputs: readonly Tensor[],
  settings: LayerSettings[K],
  stripRows = 3,
) {
  const expected = await referenceEngine.layer(name, inputs, settings)
  const got = await pool.exclusive(async (session) => {
    const steps = inputs.map((x) => traced(planesNode(x)))
    return runToTensor(session, { out: nodeOf(await tracer.layer(name, steps, settings)) }, stripRows)
  })
  const wrong = got.data.findIndex((v, i) => !Object.is(v, expected.data[i]!))
  expect(wrong < 0 ? 'equal' : `${wrong}: ${got.data[wrong]} for ${expected.data[wrong]}`).toBe('equal')
}

describe('loops over samples of one place', () => {
  it.each(Object.keys(formulas) as FormulaName[])('the formula %s', async (name) => {
    for (const width of [1, 4, 37]) {
      for (const [full, by, scale] of [
        [255, 0.05, 255],
        [1, 0.3, 1],
        [65535, 12.75, 3],
      ] as const) {
        const inputs = [1, 2, 3, 4].map((seed) => samples([2, 5, width], seed * 77, scale))
        await check('formula', inputs, { name, full, by })
      }
    }
  })
  it('a blend, with every number of channels, luma, a mask and a region', async () => {
    const [height, width] = [7, 29]
    for (const count of [1, 2, 3, 4]) {
      for (const isLuma of count > 2 ? [false, true] : [false]) {
        for (const [rows, columns] of [
          [
            [0, height],
            [0, width],
          ],
          [
            [2, 5],
            [3, 6],
          ],
          [
            [1, 7],
            [11, 28],
          ],
        ] as const) {
          for (const mix of [1, 0.3, 0]) {
            const made = samples([isLuma ? count - 2 : count, height, width], 5, 255)
            const x = samples([count, height, width], 9, 255)
            const mask = samples([1, height, width], 13)
            const settings = { mix, rows, columns, isLuma } as const
            await check('blend', [made, x], settings)
            await check('blend', [made, x, mask], settings)
          }
        }
      }
    }
  })
})

describe('loops over channels', () => {
  const summaries = ['mean', 'sum', 'max', 'min', 'l2', 'moments'] as const
  it.each(summaries)('rows to their %s, with samples that are not finite and without', async (of) => {
    for (const width of [1, 2, 7, 33]) {
      for (const rows of [1, 3, 4, 9, 17]) {
        const x = samples([2, rows, width], rows * 31 + width, 9)
        await check('rowSummary', [x], { of }, rows)
        const finite = new Tensor(
          x.shape,
          x.data.map((v, i) => (Number.isFinite(v) ? v - 3 : -i)),
        )
        await check('rowSummary', [finite], { of }, rows)
      }
    }
  })
  it('normalised by their moments', async () => {
    const moments = new Tensor([3, 1, 3], Float32Array.from([0.5, 1e-9, 2, -3, 0, 0.01, 7, 2e-8, 0]))
    const [gamma, beta] = [Float32Array.from([1, -0.3, 2]), Float32Array.from([0, 0.7, 1e-3])]
    for (const width of [1, 5, 32]) {
      const x = samples([3, 7, width], width, 5)
      await check('standardized', [x, moments], { epsilon: 1e-5, gamma, beta })
    }
  })
})
