import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { ConvoError } from '../../src/error.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import type { SourcePicture } from '../../src/run/picture-job.ts'
import { createPool, type Pool } from '../../src/run/pool.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import type { Samples } from '../../src/tensor/picture.ts'
import { runRecipe } from './recipes.ts'

// The upper rows of a picture may arrive before the rest. In any order of arrival, the result must be that of the whole
// picture.

const [width, height] = [1100, 520]
const whole = Uint8Array.from(
  { length: width * height * 3 },
  (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255,
)
const plain = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
const shape = { width, height, channels: 3, depth: 8, full: 255 } as const
const blur = single(kernel([3, 3], [1, 2, 1, 2, 4, 2, 1, 2, 1], { scale: 16 }))

const pools = [createPool(1), createPool(3)]
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

const run = (
  pool: Pool,
  source: SourcePicture,
  border: BorderName = 'replicate',
  range: 'clamp' | 'minmax' = 'clamp',
  stride: readonly [number, number] = [1, 1],
) =>
  pool.exclusive(async (session) => {
    const plan = planRecipe(blur, { ...filterDefaults, border, stride }, { ...shape, samples: 'u8' })
    const target = session.arena.alloc(whole.length)
    await runRecipe(session, plan, source, plain, range, { kind: 'samples', depth: 8, target })
    return Buffer.from(new Uint8Array(session.arena.memory.buffer, target, whole.length)).toString('base64')
  })

/** The upper rows of the picture. A read beyond them would be noticed. */
const upperRows = (rows: number): Samples => whole.slice(0, rows * width * 3)

const later = async <T>(milliseconds: number, value: T): Promise<T> => {
  await wait(milliseconds)
  return value
}

describe.each(pools.map((pool) => [pool.threads, pool] as const))('on %i threads', (_, pool) => {
  test.each([
    ['the upper rows first', 5, 40],
    ['the whole first', 40, 5],
    ['both at once', 0, 0],
  ])('%s', async (_, upper, rest) => {
    const expected = await run(pool, { ...shape, data: whole })
    for (const rows of [1, 200, 519, 520]) {
      const arriving = { rows, upper: later(upper, upperRows(rows)), whole: later(rest, whole) }
      expect(await run(pool, { ...shape, arriving }), `${rows} rows`).toBe(expected)
    }
  })

  test('under every border: wrap needs the last row for the first', async () => {
    for (const border of Object.keys(borders) as BorderName[]) {
      const expected = await run(pool, { ...shape, data: whole }, border)
      const arriving = { rows: 200, upper: later(1, upperRows(200)), whole: later(20, whole) }
      expect(await run(pool, { ...shape, arriving }, border), border).toBe(expected)
    }
  })

  test('in two passes', async () => {
    const expected = await run(pool, { ...shape, data: whole }, 'replicate', 'minmax')
    const arriving = { rows: 200, upper: later(1, upperRows(200)), whole: later(20, whole) }
    expect(await run(pool, { ...shape, arriving }, 'replicate', 'minmax')).toBe(expected)
  })

  test('a rest that is damaged is an error, and the pool goes on', async () => {
    const damaged = later(20, 0).then(() => {
      throw new ConvoError('E_DECODE', 'the end is missing')
    })
    damaged.catch(() => undefined)
    const arriving = { rows: 200, upper: later(1, upperRows(200)), whole: damaged }
    await expect(run(pool, { ...shape, arriving })).rejects.toThrow('the end is missing')
    // also if the upper rows are enough for the result
    await expect(run(pool, { ...shape, arriving }, 'replicate', 'clamp', [height, 1])).rejects.toThrow(
      'the end is missing',
    )
    const expected = await run(pools[0]!, { ...shape, data: whole })
    expect(await run(pool, { ...shape, data: whole })).toBe(expected)
  })
})
