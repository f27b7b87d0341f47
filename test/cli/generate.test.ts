import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { manPage, readmeTables } from '../../docs/parts/manual.ts'
import { commands } from '../../src/cli/registry.ts'
import { errorCodes } from '../../src/error.ts'
import { operations } from '../../src/picture/operations.ts'
import { sharedSettings } from '../../src/picture/settings.ts'

const names = (kind: string) => Object.values(operations).filter((o) => o.kind === kind)
const hasGroff = spawnSync('groff', ['--version']).status === 0

describe('the tables of the README', () => {
  const tables = readmeTables()
  it.each(['filters', 'operators'] as const)('%s: a row for each, with its options', (table) => {
    const [head, rule, ...rows] = tables[table].split('\n')
    expect(head).toMatch(/^\| (filter|operator) \| what it does \| its options \|$/)
    expect(rule).toBe('|---|---|---|')
    const all = names(table.slice(0, -1))
    expect(rows.map((row) => /^\| `([^`]*)` \|/.exec(row)?.[1])).toEqual(all.map(({ name }) => name))
    for (const [i, { params }] of all.entries()) {
      for (const option of Object.keys(params)) expect(rows[i]).toContain(`\`--${option}`)
    }
  })
  it('keeps to its columns: every bar of a text is escaped', () => {
    for (const table of Object.values(tables)) {
      const counts = table.split('\n').map((row) => row.replaceAll('\\|', '').split('|').length)
      expect(new Set(counts).size).toBe(1)
    }
  })
  it('names every shared option', () => {
    for (const name of Object.keys(sharedSettings)) expect(tables.options).toContain(`--${name}`)
  })
})

describe('the manual page', () => {
  const page = manPage(commands)
  it('is the same every time: no date, no place', () => {
    expect(page).toMatch(/^\.TH CONVO 1 "" "convo \d+\.\d+\.\d+" "User Commands"\n/)
    expect(manPage(commands)).toBe(page)
  })
  it.skipIf(!hasGroff)('is good roff, and says everything', () => {
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-k', '-P', '-cbou'], {
      input: page,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const text = stdout.replaceAll(/[‐−\u00ad]/g, '-')
    for (const { name, params } of Object.values(operations)) {
      expect(text).toContain(`\n       ${name}`)
      for (const option of Object.keys(params)) expect(text).toContain(`--${option}`)
    }
    for (const name of Object.keys(sharedSettings)) expect(text).toContain(`--${name}`)
    for (const code of Object.keys(errorCodes)) expect(text).toContain(code)
    for (const status of ['129, 130, 143', '70']) expect(text).toContain(`\n       ${status}`)
  })
})
