import { describe, expect, test } from 'vitest'
import { transpositionBank } from '../../src/conv/bank.ts'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { transpositionOf } from '../../src/conv/spec.ts'
import { filters } from '../../src/filters/table.ts'
import { itemsOfShard } from '../../src/host/shard.ts'
import { resolve } from '../../src/params.ts'
import { isLong } from '../../src/run/long.ts'
import type { Sink, StencilJob } from '../../src/run/picture-job.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { runRecipe } from './recipes.ts'

test.each([
  ['png', 8, 1, true],
  ['png', 8, 0.2, false],
  ['png', 16, 0.6, true],
  ['lzw', 8, 0.3, true],
  ['lzw', 8, 0.05, false],
  ['packbits', 16, 0.3, true],
  ['deflate', 16, 1, false],
  ['array', 32, 1, true],
  ['samples', 16, 1, false],
] as const)(
  'a program that has others to answer does not pack %s of %s bits in large strips (%s)',
  (form, depth, size, isLeft) => {
    const compression = form as 'lzw'
    const kind = ['lzw', 'packbits', 'deflate'].includes(form) ? 'tiff' : form
    const width = 4618 * size
    const plan = { stride: [1, 1], stripRows: 64, outWidth: width }
    const sink = { kind, compression, ...(depth !== 32 && { depth }) } as unknown as Sink
    const job = { plan, sink, stencils: [], rows: 64, fullWidth: width, tileChannels: 3 }
    expect(isLong(job as unknown as StencilJob)).toBe(isLeft)
  },
)

// Lists as long as a picture must never be the arguments of a call: the stack overflows at about 120,000.

describe('very long pictures', () => {
  const length = 2_000_000
  test.each([
    ['high', 1, length],
    ['wide', length, 1],
  ])('a picture that is %s goes through in a bounded number of strips', async (_, width, height) => {
    const recipe = filters.box!.build(resolve(filters.box!.params, {}))
    const plan = planRecipe(recipe, filterDefaults, { width, height, samples: 'u8' })
    const data = Uint8Array.from({ length }, (_, i) => (i * 31) & 255)
    const pool = createPool(1)
    let strips = 0
    const samples = await pool.exclusive(async (session) => {
      const target = session.arena.alloc(length)
      const source = { data, width, height, channels: 1, depth: 8, full: 255 } as const
      const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
      const sink = { kind: 'samples', depth: 8, target } as const
      await runRecipe(session, plan, source, tone, 'clamp', sink, () => {
        strips++
      })
      return new Uint8Array(session.arena.memory.buffer, target, length).slice()
    })
    await pool.close()
    expect(strips).toBeLessThanOrEqual(4096)
    // box 3x3 on a single row: three equal rows of three neighbours
    const middle = length / 2
    for (const i of [1, middle, length - 2])
      expect(samples[i]).toBe(Math.round((data[i - 1]! + data[i]! + data[i + 1]!) / 3))
  })

  test('a transposed kernel of very many taps', () => {
    const taps = 200_000
    const x = new Tensor([1, 1, 1], new Float32Array([2]))
    const weight = new Tensor([1, 1, 1, taps], new Float32Array(taps).fill(1))
    const plan = transpositionBank(transpositionOf(2, x, weight, {}))
    expect([plan.columns.first, plan.columns.span, plan.output]).toEqual([1 - taps, taps, [1, 1, taps]])
  })

  test('more shards than arguments of a call', () => {
    const items = Array.from({ length: 10 }, (_, bytes) => ({ bytes }))
    const got = [1, 2, 10, 400_000].map(
      (index) => itemsOfShard(items, { index, count: 400_000 }, 'size').length,
    )
    expect(got).toEqual([1, 1, 1, 0])
  })
})
