import { describe, expect, it } from 'vitest'
import { itemsOfShard, parseShard } from '../../../src/host/shard.ts'
import { failure } from '../../image/pictures.ts'
import fc from '../../property.ts'

describe('--shard', () => {
  it('i/n, counted from 1', async () => {
    expect(parseShard('2/8', {})).toEqual({ index: 2, count: 8 })
    expect(parseShard('1/1', {})).toEqual({ index: 1, count: 1 })
    const zero = await failure('E_OPTION', () => parseShard('0/8', {}))
    expect([zero.why[0], zero.fix]).toEqual(['shards are counted from 1', '1/8'])
    for (const text of ['9/8', '1/0', '1', 'x', '-1/2', '1.5/2', 'auto/x', 'auto/']) {
      await failure('E_OPTION', () => parseShard(text, {}))
    }
  })

  it.each<[string, Record<string, string>, [number, number]]>([
    ['a Slurm array', slurm(3, 1, 8, 1, 8), [3, 8]],
    ['a Slurm array from 0', slurm(0, 0, 7, 1, 8), [1, 8]],
    ['a Slurm array in steps', slurm(8, 0, 12, 4, 4), [3, 4]],
    ['a Slurm array whose last step is cut', slurm(12, 0, 15, 4, 4), [4, 4]],
    ['tasks of a Slurm step', { SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '4' }, [3, 4]],
    [
      'tasks of a step in an array',
      { ...slurm(2, 1, 3, 1, 3), SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '2' },
      [4, 6],
    ],
    ['a script of sbatch, which is no step', { ...slurm(2, 1, 3, 1, 3), SLURM_PROCID: '0' }, [2, 3]],
    ['AWS Batch', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '10' }, [1, 10]],
    ['GitLab', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5' }, [2, 5]],
    ['GitLab without parallel', { CI_NODE_TOTAL: '1' }, [1, 1]],
    ['CircleCI', { CIRCLE_NODE_INDEX: '4', CIRCLE_NODE_TOTAL: '5' }, [5, 5]],
    ['Buildkite', { BUILDKITE_PARALLEL_JOB: '0', BUILDKITE_PARALLEL_JOB_COUNT: '3' }, [1, 3]],
    ['an array on runners of GitLab', { CI_NODE_TOTAL: '1', ...slurm(3, 1, 4, 1, 4) }, [3, 4]],
  ])('auto: %s', (_, environment, [index, count]) => {
    expect(parseShard('auto', environment)).toEqual({ index, count })
    expect(parseShard(`auto/${count}`, environment)).toEqual({ index, count })
  })

  it('auto/n: a Kubernetes Indexed Job does not tell how many there are', async () => {
    expect(parseShard('auto/6', { JOB_COMPLETION_INDEX: '5' })).toEqual({ index: 6, count: 6 })
    const alone = await failure('E_OPTION', () => parseShard('auto', { JOB_COMPLETION_INDEX: '5' }))
    expect(alone.fix).toBe('--shard auto/n, with the number of completions')
    await failure('E_OPTION', () => parseShard('auto/5', { JOB_COMPLETION_INDEX: '5' }))
  })

  it.each([
    ['1,2,7', slurm(7, 1, 7, 1, 3)],
    // for a list, Slurm reports a step of 1
    ['1,3,5', slurm(3, 1, 5, 1, 3)],
  ])('refuses a Slurm array with gaps: %s', async (_, environment) => {
    const error = await failure('E_OPTION', () => parseShard('auto', environment))
    expect(error.message).toBe('--shard auto: the Slurm array has gaps')
    expect(error.fix).toBe('sbatch --array=1-3')
  })

  it('refuses to guess: no engine, two engines, a wrong n, numbers that are none', async () => {
    const none = await failure('E_OPTION', () => parseShard('auto', {}))
    expect(none.why.join('\n')).toContain('GitLab CI: CI_NODE_INDEX, CI_NODE_TOTAL')
    const two = { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '2', CIRCLE_NODE_INDEX: '0', CIRCLE_NODE_TOTAL: '2' }
    const both = await failure('E_OPTION', () => parseShard('auto', two))
    expect(both.message).toBe('--shard auto found two job systems, GitLab CI and CircleCI')
    const wrong = await failure('E_OPTION', () =>
      parseShard('auto/3', { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '2' }),
    )
    expect(wrong.message).toBe('--shard auto/3 was given, but the GitLab CI has 2 jobs')
    await failure('E_OPTION', () => parseShard('auto', { CI_NODE_INDEX: 'x', CI_NODE_TOTAL: '2' }))
    await failure('E_OPTION', () => parseShard('auto', { CI_NODE_INDEX: '3', CI_NODE_TOTAL: '2' }))
    await failure('E_OPTION', () => parseShard('auto', { SLURM_ARRAY_TASK_ID: '3' }))
  })
})

describe('itemsOfShard', () => {
  const sizes = fc.array(fc.nat({ max: 1e6 }), { maxLength: 60 })
  const itemsOf = (bytes: readonly number[]) => bytes.map((n, i) => ({ bytes: n, name: `p${i}` }))

  it.each(['order', 'size'] as const)('%s: every item is in exactly one shard, in its order', (by) => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 9 }), (bytes, count) => {
        const items = itemsOf(bytes)
        const shards = Array.from({ length: count }, (_, i) =>
          itemsOfShard(items, { index: i + 1, count }, by),
        )
        for (const shard of shards) {
          expect(shard).toEqual([...shard].sort((a, b) => items.indexOf(a) - items.indexOf(b)))
        }
        const all = shards.flat()
        expect(all).toHaveLength(items.length)
        expect(new Set(all)).toEqual(new Set(items))
      }),
    )
  })

  it('order deals out, so that shards differ by one item at most', () => {
    const items = itemsOf([5, 5, 5, 5, 5, 5, 5])
    expect(itemsOfShard(items, { index: 2, count: 3 }, 'order').map(({ name }) => name)).toEqual(['p1', 'p4'])
  })

  it('size: no shard has more than the fullest must, by one item', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 7 }), (bytes, count) => {
        const items = itemsOf(bytes)
        const loads = Array.from({ length: count }, (_, i) =>
          itemsOfShard(items, { index: i + 1, count }, 'size').reduce((sum, item) => sum + item.bytes + 1, 0),
        )
        const largest = Math.max(0, ...bytes.map((n) => n + 1))
        // a greedy shard exceeds the mean by less than its last item, and so by less than the largest item
        const mean = loads.reduce((a, b) => a + b, 0) / count
        for (const load of loads) expect(load).toBeLessThanOrEqual(mean + largest)
      }),
    )
  })
})

function slurm(id: number, min: number, max: number, step: number, count: number): Record<string, string> {
  return {
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_MIN: String(min),
    SLURM_ARRAY_TASK_MAX: String(max),
    SLURM_ARRAY_TASK_STEP: String(step),
    SLURM_ARRAY_TASK_COUNT: String(count),
  }
}
