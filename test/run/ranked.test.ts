import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { type Element, sizeOfElement } from '../../src/definition/windows.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import fc from '../property.ts'

// There are several ways to find a rank. The definition sorts every window.

const pool = createPool(2)
afterAll(() => pool.close())

const elementOf = (height: number, width: number, has: (y: number, x: number) => boolean): Element => {
  const runs = Array.from({ length: height * width }, (_, i) => [Math.floor(i / width), i % width] as const)
    .filter(([y, x]) => has(y, x))
    .map(([row, left]) => ({ row, left, count: 1 }))
  return { height, width, runs }
}

/** Joins the same samples into as few runs as possible. */
const joined = ({ height, width, runs }: Element): Element => ({
  height,
  width,
  runs: runs.flatMap((run) => {
    const has = (x: number) => runs.some(({ row, left }) => row === run.row && left === x)
    if (has(run.left - 1)) return []
    let count = 1
    while (has(run.left + count)) count++
    return [{ ...run, count }]
  }),
})

const kinds = {
  bytes: (v: number) => Math.floor(v * 256),
  'few bytes': (v: number) => Math.floor(v * 3) * 100,
  words: (v: number) => Math.floor(v * 65536),
  fractions: (v: number) => v - 0.5,
  'odd ones': (v: number) =>
    [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 255, 256, -1, 0.5][
      Math.floor(v * 9)
    ]!,
} as const

function samples(kind: keyof typeof kinds, shape: readonly number[], seed: number): Tensor {
  const x = Tensor.zeros(shape)
  let state = seed
  for (let i = 0; i < x.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    x.data[i] = kinds[kind](state / 2 ** 32)
  }
  return x
}

async function check(x: Tensor, element: Element, index: number, ignored: boolean, stripRows: number) {
  const margins = {
    top: Math.floor(element.height / 2),
    bottom: Math.ceil(element.height / 2) - 1,
    left: Math.floor(element.width / 2),
    right: Math.ceil(element.width / 2) - 1,
  }
  const settings = { element, index, ...(ignored && { ignored: margins }) }
  const expected = await referenceEngine.layer('ranked', [x], settings)
  const got = await pool.exclusive(async (session) => {
    const out = await tracer.layer('ranked', [traced(planesNode(x))], settings)
    return runToTensor(session, { out: nodeOf(out) }, stripRows)
  })
  expect(got.shape).toEqual(expected.shape)
  expect(got.data.every((v, i) => Object.is(v, expected.data[i]!))).toBe(true)
}

const side = fc.integer({ min: 1, max: 7 })

describe('ranks of windows, by every way', () => {
  it('are those of the definition, whatever the samples, the window and the strips', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
          size: fc.tuple(side, side),
          more: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 40 })),
          shape: fc.constantFrom('full', 'cross', 'holes', 'middle'),
          rank: fc.double({ min: 0, max: 1, noNaN: true }),
          extreme: fc.constantFrom('none', 'smallest', 'largest'),
          ignored: fc.boolean(),
          channels: fc.integer({ min: 1, max: 2 }),
          stripRows: fc.integer({ min: 1, max: 9 }),
          seed: fc.integer({ min: 1, max: 1e6 }),
        }),
        async ({
          kind,
          size: [height, width],
          more,
          shape,
          rank,
          extreme,
          ignored,
          channels,
          stripRows,
          seed,
        }) => {
          const middle = [Math.floor(height / 2), Math.floor(width / 2)] as const
          const has = {
            full: () => true,
            cross: (y: number, x: number) => y === middle[0] || x === middle[1],
            holes: (y: number, x: number) => (y * 3 + x * 5 + seed) % 4 !== 0 || (y === 0 && x === 0),
            middle: (y: number, x: number) => y === middle[0] && x === middle[1],
          }[shape]
          const element = joined(elementOf(height, width, has))
          const last = sizeOfElement(element) - 1
          const index = { none: Math.round(rank * last), smallest: 0, largest: last }[extreme]
          const x = samples(kind, [channels, height + more[0], width + more[1]], seed)
          await check(x, element, index, ignored && extreme !== 'none', stripRows)
        },
      ),
      { numRuns: 200 },
    )
  })
  it.each([
    ['bytes', 11, 11, 60],
    ['bytes', 15, 9, 0],
    ['few bytes', 13, 13, 100],
    ['words', 9, 12, 54],
    ['fractions', 5, 5, 12],
    ['bytes', 5, 5, 12],
    ['words', 3, 3, 4],
  ] as const)(
    '%s in a window of %i x %i, rank %i, over the seams of tiles',
    async (kind, height, width, index) => {
      const x = samples(kind, [1, height + 5, 1100], 7)
      await check(x, joined(elementOf(height, width, () => true)), index, false, 4)
    },
  )
  it.each([255, 256, 300])(
    'counts of columns of %i rows fit, also where all samples are the same',
    async (height) => {
      const element = joined(elementOf(height, 3, () => true))
      const [dark, bright] = [0, 255].map((level) => {
        const x = samples('bytes', [1, height + 2, 8], 5)
        x.data.fill(level, 0, x.data.length - 12)
        return x
      })
      for (const index of [1, (height * 3) >> 1, height * 3 - 2]) {
        await check(dark!, element, index, false, 3)
        await check(bright!, element, index, false, 3)
      }
    },
  )
  it('bytes under a large disk go by their counts', async () => {
    const disk = joined(elementOf(13, 13, (y, x) => (y - 6) ** 2 + (x - 6) ** 2 <= 36))
    await check(samples('bytes', [2, 20, 100], 3), disk, 56, false, 3)
    // a few rows at a time
    await check(samples('bytes', [1, 17, 25_000], 3), disk, 56, false, 5)
  })
  it('words are sorted some rows at a time', async () => {
    const element = joined(elementOf(3, 4, () => true))
    await check(samples('words', [1, 90, 20], 3), element, 4, false, 88)
  })
  it.each([
    [3, 0],
    [5, 0],
    [3, 0.5],
    [5, 0.5],
  ])(
    'medians of %i squared are right for all zeros and ones, so for all samples (+ %f)',
    async (side, by) => {
      // all numbers of ones in each column of a window, at positions that differ between windows
      const windows = (side + 1) ** side
      const x = Tensor.zeros([1, side + 2, windows * side])
      for (let w = 0; w < windows; w++) {
        for (let c = 0; c < side; c++) {
          const ones = Math.floor(w / (side + 1) ** c) % (side + 1)
          for (let i = 0; i < side + 2; i++) {
            const isOne = (((i + w * (c + 1)) * 3) % side) + 1 <= ones
            x.data[(i * windows + w) * side + c] = (isOne ? 1 : 0) + by
          }
        }
      }
      await check(x, joined(elementOf(side, side, () => true)), (side * side) >> 1, false, 4)
    },
  )
})
