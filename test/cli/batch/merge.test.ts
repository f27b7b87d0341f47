import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { mergeLogs } from '../../../src/batch/merge.ts'
import { failure } from '../../kernel/expect-failure.ts'

const folder = mkdtempSync(join(tmpdir(), 'convo-logs-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'log.jsonl')

const start = {
  ...{
    event: 'start',
    time: '2026-01-01T00:00:00Z',
    version: '1',
    operation: ['sobel'],
    output: 'o/{stem}.png',
  },
  ...{ shard: '1-of-2', all: 4, total: 2, plan: 'p' },
}
const item = { event: 'item', status: 'failed', input: 'a.png', output: 'o/a.png', reason: 'new' }
const error = { code: 'E_DECODE', message: 'a.png is damaged', why: ['a'] }

const merge = (...entries: unknown[]) => {
  writeFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  return mergeLogs([path])
}

test('entries as they are written, and what a later version may add', () => {
  const merged = merge({ ...start, more: 1 }, { ...item, error }, { event: 'pause' })
  expect(merged).toMatchObject({ shards: 1, failed: 1, left: 3, failures: [{ error }] })
})

describe('a line that no batch wrote is named, and what is wrong with it', () => {
  test.each([
    [[null], '1:1: expected an object with an event'],
    [[start, [item]], '2:1: expected an object with an event'],
    [[{ ...start, shard: undefined }], '1:1: shard of this start is missing or wrong'],
    [[{ ...start, shard: '3-of-2' }], '1:1: shard of this start is missing or wrong'],
    [[{ ...start, shard: '1-of-9999999' }], '1:1: shard of this start is missing or wrong'],
    [[{ ...start, operation: 'sobel' }], '1:1: operation of this start is missing or wrong'],
    [[{ ...start, all: 1e300 }], '1:1: all of this start is missing or wrong'],
    [[start, { ...item, input: 7 }], '2:1: input of this item is missing or wrong'],
    [[start, { ...item, error: 'bad' }], '2:1: error of this item is missing or wrong'],
    [
      [start, { ...item, error: { ...error, code: 'toString' } }],
      '2:1: error of this item is missing or wrong',
    ],
    [[start, { event: 'end', milliseconds: 'x' }], '2:1: milliseconds of this end is missing or wrong'],
  ])('%j', (entries, why) => {
    const { code, why: reasons } = failure(() => merge(...entries))
    expect([code, reasons[0]]).toEqual(['E_INPUT', `${path}:${why}`])
  })
})

test('outputs that are gone, or of another size than was written, are not counted as done', () => {
  const names = ['whole', 'cut', 'gone']
  const done = names.map((name) => {
    const output = join(folder, `${name}.png`)
    if (name !== 'gone') writeFileSync(output, name === 'cut' ? 'pi' : 'picture')
    return { ...item, status: 'done', input: `${name}-in.png`, output, bytes: 7 }
  })
  const merged = merge({ ...start, output: join(folder, '{stem}.png'), all: 3, total: 3 }, ...done)
  expect(merged).toMatchObject({ done: 1, left: 2 })
  const told = merged.missing.join('\n')
  expect(told).toContain('cut.png, made from cut-in.png, has changed: it has 2 bytes, 7 were written')
  expect(told).toContain('gone.png, made from gone-in.png, does not exist')
  expect(told).not.toContain('whole.png')
})
