import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Result } from '../../../src/batch/runner.ts'
import { createTally } from '../../../src/batch/tally.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const task = (input: string) => ({
  item: { input, rel: '', output: `out/${input}`, name: input, bytes: 100, stat: undefined },
  reason: 'the output does not exist',
})
const footprint = { pixels: 1e6, bytes: 0 }
const done: Result = {
  kind: 'done',
  pixels: 1e6,
  clipped: { low: 0, high: 0, samples: 3e6 },
  notes: [],
  bytes: 10,
  milliseconds: 1,
  made: undefined,
}
const failed: Result = {
  kind: 'failed',
  error: { code: 'E_DECODE', message: 'damaged', why: [] },
  milliseconds: 1,
}

describe('the tally of a batch', () => {
  it('counts what came of each input', () => {
    const tally = createTally(4)
    tally.current()
    tally.begin([task('a'), task('b'), task('c')])
    tally.count(task('b'), failed, footprint)
    tally.count(task('a'), done, footprint)
    expect(tally.counts()).toEqual({ done: 1, current: 1, failed: 1, left: 1 })
    expect(tally.failures()).toEqual(['b'])
    expect(tally.standing()).toMatchObject({ done: 3, total: 4, megapixels: 1, megapixelsLeft: 1 })
  })

  it('forgets the failure of a half-written picture when it is done later', () => {
    const tally = createTally(0)
    tally.begin([])
    tally.add(task('slow'))
    tally.count(task('slow'), failed, footprint)
    tally.add(task('slow'))
    tally.count(task('slow'), failed, footprint)
    expect(tally.counts()).toEqual({ done: 0, current: 0, failed: 1, left: 0 })
    tally.add(task('slow'))
    tally.count(task('slow'), done, footprint)
    expect(tally.counts()).toEqual({ done: 1, current: 0, failed: 0, left: 0 })
    expect(tally.failures()).toEqual([])
  })

  it('does not count the time in which a watched folder is at rest', () => {
    const tally = createTally(1)
    tally.begin([task('a')])
    vi.advanceTimersByTime(500)
    tally.count(task('a'), done, footprint)
    vi.advanceTimersByTime(60_000)
    expect(tally.standing().milliseconds).toBe(500)
    tally.add(task('b'))
    vi.advanceTimersByTime(1500)
    expect(tally.standing().milliseconds).toBe(2000)
    tally.count(task('b'), done, footprint)
    vi.advanceTimersByTime(60_000)
    expect(tally.summary()).toBe('2 pictures in 2.0 s, 1.0 MP/s: 2 done')
  })
})
