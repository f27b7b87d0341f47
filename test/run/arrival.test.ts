import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { ConvoError } from '../../src/error.ts'
import { arrivingRows } from '../../src/image/arriving.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import type { SourcePicture } from '../../src/run/picture-job.ts'
import { createPool, type Pool } from '../../src/run/pool.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import { runRecipe } from './recipes.ts'

// A picture may arrive from top to bottom while it is worked on. However its rows arrive, the result must be that of the
// whole picture.

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

/**
 * The rows of the picture as a decoder yields them, some at a time, with a wait before each. Memory is used again as
 * soon as it is given up, so that a read of rows that are gone would be noticed.
 */
function arriving(rows: number, milliseconds: number, damagedFrom = Number.POSITIVE_INFINITY) {
  const rowBytes = width * 3
  async function* strips() {
    for (let y = 0; y < height; y += rows) {
      await wait(milliseconds)
      if (y >= damagedFrom) return false
      yield whole.slice(y * rowBytes, (y + rows) * rowBytes)
    }
    return true
  }
  return arrivingRows(strips(), { height, rowBytes, depth: 8 }, async () => {
    if (damagedFrom === height - 1) return whole
    throw new ConvoError('E_DECODE', 'the end is missing')
  })
}

describe.each(pools.map((pool) => [pool.threads, pool] as const))('on %i threads', (_, pool) => {
  test.each([
    [1, 0],
    [7, 1],
    [130, 3],
    [519, 5],
    [520, 5],
  ])('%i rows at a time, %i ms apart', async (rows, milliseconds) => {
    const expected = await run(pool, { ...shape, data: whole })
    expect(await run(pool, { ...shape, arriving: arriving(rows, milliseconds) })).toBe(expected)
  })

  test('under every border: wrap needs the last row for the first', async () => {
    for (const border of Object.keys(borders) as BorderName[]) {
      const expected = await run(pool, { ...shape, data: whole }, border)
      expect(await run(pool, { ...shape, arriving: arriving(40, 0) }, border), border).toBe(expected)
    }
  })

  test('in two passes', async () => {
    const expected = await run(pool, { ...shape, data: whole }, 'replicate', 'minmax')
    expect(await run(pool, { ...shape, arriving: arriving(40, 0) }, 'replicate', 'minmax')).toBe(expected)
  })

  test('a rest that is damaged is an error, and the pool goes on', async () => {
    await expect(run(pool, { ...shape, arriving: arriving(40, 1, 200) })).rejects.toThrow(
      'the end is missing',
    )
    // also if the upper rows are enough for the result
    await expect(
      run(pool, { ...shape, arriving: arriving(40, 1, 200) }, 'replicate', 'clamp', [height, 1]),
    ).rejects.toThrow('the end is missing')
    const expected = await run(pools[0]!, { ...shape, data: whole })
    expect(await run(pool, { ...shape, data: whole })).toBe(expected)
  })

  test('damage that the general decoder accepts', async () => {
    const expected = await run(pools[0]!, { ...shape, data: whole })
    expect(await run(pool, { ...shape, arriving: arriving(1, 0, height - 1) })).toBe(expected)
  })
})
