import { describe, expect, it } from 'vitest'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { operators } from '../../src/operators/index.ts'
import { findOperation, operations } from '../../src/picture/operations.ts'
import { shortNames } from '../../src/picture/run-settings.ts'
import { sharedSettings } from '../../src/picture/settings.ts'

describe('operations', () => {
  it('are the filters and the operators, and no name means two things', () => {
    expect(Object.keys(operations)).toEqual([
      ...Object.keys(filters),
      ...Object.keys(stepFilters),
      ...Object.keys(operators),
    ])
  })
  it.each(Object.values(operations).map((o) => [o.name, o] as const))(
    '%s: every option has one meaning',
    (_, o) => {
      const own = Object.keys(o.params)
      expect(Object.keys(o.shared).filter((name) => own.includes(name))).toEqual([])
      for (const name of own) expect(Object.values(shortNames)).not.toContain(name)
      for (const name of Object.keys(o.shared)) expect(Object.keys(sharedSettings)).toContain(name)
      expect(own.includes('kernel') || Object.hasOwn(o.shared, 'kernel')).toBe(o.kernel !== 'none')
    },
  )
  it.each(Object.values(operations).map((o) => [o.name, o] as const))('%s: summary, source', (_, o) => {
    expect(o.summary).toMatch(/^[a-z].*[^.]$/)
    expect(o.source).not.toBe('')
  })
})

describe('findOperation', () => {
  it('finds by name', () => {
    expect(findOperation('sobel')).toBe(operations.sobel)
  })
  it.each([
    ['gausian', 'gaussian'],
    ['Sobel', 'sobel'],
    ['Blur', 'gaussian'],
    ['edges', 'sobel'],
    ['xylophone', 'convo --help'],
    ['toString', 'convo --help'],
    ['lst', 'list'],
  ])('%s: leads to %s', (name, fix) => {
    expect(() => findOperation(name, ['list'])).toThrow(expect.objectContaining({ code: 'E_NAME', fix }))
  })
})
