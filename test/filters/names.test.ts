import { describe, expect, it } from 'vitest'
import { directions } from '../../src/filters/compass.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { filters } from '../../src/filters/table.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { resolve } from '../../src/params.ts'
import { recipe, weights } from './textbook.ts'

function named(name: string, given: Readonly<Record<string, unknown>> = {}): Kernel {
  const entry = namedKernels[name]
  if (entry === undefined) throw new Error(`no kernel ${name}`)
  return entry.build(resolve(entry.params, given))
}
const scaled = (k: Kernel) => ({ shape: k.shape, data: k.weights.map((w) => w / k.scale) })

describe('named kernels', () => {
  it.each(Object.keys(namedKernels))('%s is documented and can be built', (name) => {
    expect(namedKernels[name]!.summary).not.toBe('')
    const k = named(name)
    expect(k.shape).toHaveLength(2)
    expect(k.weights.some((w) => w !== 0)).toBe(true)
  })
  it('of filters of one kernel are that kernel', () => {
    const single = Object.keys(filters).filter((name) => recipe(name).combine.kind === 'only')
    expect(single).toContain('gaussian')
    for (const [name, { hasSeveral }] of Object.entries(filters)) {
      const { kind } = recipe(name).combine
      expect([name, hasSeveral === true || !Object.hasOwn(namedKernels, name)]).toEqual([
        name,
        kind !== 'only',
      ])
    }
    for (const name of single) expect(scaled(named(name)), name).toEqual(weights(recipe(name).kernels[0]!))
  })
  it('of gradients are their two directions, with the settings but for the axis', () => {
    for (const name of ['sobel', 'prewitt', 'scharr', 'farid', 'roberts']) {
      for (const axis of ['x', 'y']) {
        expect(scaled(named(`${name}-${axis}`))).toEqual(weights(recipe(name, { axis }).kernels[0]!))
        expect(namedKernels[`${name}-${axis}`]!.params).not.toHaveProperty('axis')
      }
    }
    expect(named('sobel-x', { size: 5 }).shape).toEqual([5, 5])
    expect(named('sobel-x', { unit: true }).scale).toBe(4)
  })
  it('of compass filters are their eight directions', () => {
    for (const name of ['kirsch', 'robinson', 'compass']) {
      directions.forEach((d, i) => {
        expect(scaled(named(`${name}-${d}`))).toEqual(weights(recipe(name).kernels[i]!))
      })
    }
    expect(Array.from(named('robinson-n', { level: 3 }).weights)).toEqual([1, 1, 1, 0, 0, 0, -1, -1, -1])
    expect(scaled(named('frei-chen-9')).data).toEqual(new Float64Array(9).fill(1 / 3))
  })
  it('keep whole weights and their scale', () => {
    expect(named('binomial')).toMatchObject({ shape: [3, 3], scale: 16 })
    expect(Array.from(named('binomial').weights)).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1])
  })
  it('are not written out when they would be too large', () => {
    expect(() => named('gaussian', { sigma: 500 })).toThrow(
      expect.objectContaining({
        code: 'E_TOO_LARGE',
        message: 'a named kernel can have at most 1048576 weights, got 4001x4001',
      }),
    )
  })
})
