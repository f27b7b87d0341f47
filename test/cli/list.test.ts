import { describe, expect, it } from 'vitest'
import { namedKernels } from '../../src/filters/names.ts'
import { filters } from '../../src/filters/table.ts'
import { formats } from '../../src/kernel/formats/index.ts'
import { operators } from '../../src/operators/index.ts'
import { borders } from '../../src/tensor/border.ts'
import { convo } from './convo.ts'

describe('convo list', () => {
  it.each([
    ['filters', Object.keys(filters)],
    ['operators', Object.keys(operators)],
    ['kernels', Object.keys(namedKernels)],
    ['borders', Object.keys(borders)],
    ['formats', [...Object.keys(formats), 'png']],
  ])('%s names them all, one a line', async (what, names) => {
    const { status, stdout, stderr } = await convo(['list', what])
    expect([status, stderr]).toEqual([0, ''])
    const first = stdout.split('\n').map((line) => line.split(' ')[0])
    expect(first).toEqual(expect.arrayContaining(names))
    expect(stdout).not.toMatch(/undefined|\[object/)
  })
  it.each(['filters', 'operators', 'kernels', 'borders', 'formats'])(
    '%s --json holds the same',
    async (what) => {
      const [text, json] = await Promise.all([convo(['list', what]), convo(['list', what, '--json'])])
      const rows = JSON.parse(json.stdout) as { name: string }[]
      expect(rows.map(({ name }) => name)).toEqual(
        text.stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split(' ')[0]),
      )
    },
  )
  it('aligns its columns', async () => {
    const { stdout } = await convo(['list', 'borders'])
    expect(stdout.split('\n')[0]).toBe(
      'replicate  aaa|abcd|ddd  edge nearest clamp  the edge sample, repeated',
    )
    expect(
      new Set(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.indexOf('|abcd|')),
      ).size,
    ).toBe(1)
  })
})
