import { describe, expect, it } from 'vitest'
import { comparePages, type Pages } from '../../../src/image/compare/pages.ts'
import { alternatives } from '../../../src/image/compare/smallest.ts'
import { type Limits, limitsText } from '../../../src/image/compare/tolerance.ts'
import type { Picture } from '../../../src/tensor/picture.ts'
import fc from '../../property.ts'
import { altered, picture } from './pictures.ts'

const flat = picture(12, 11, 1, 8, () => 100)

function pagesOf(list: readonly Picture[], log: number[] = []): Pages {
  return {
    count: list.length,
    pictures: (async function* () {
      for (const [i, page] of list.entries()) {
        log.push(i)
        yield page
      }
    })(),
  }
}

describe('files of several pages', () => {
  it('the worst page is the answer', async () => {
    const small = picture(3, 3, 1, 8, () => 1)
    const off = altered(flat, [2, 2, 0, 3])
    const answer = async (...actual: Picture[]) =>
      (
        await comparePages(pagesOf(actual.map(() => flat)), pagesOf(actual), {
          maxAbs: { value: 2, unit: 'levels' },
        })
      ).outcome
    expect(await answer(flat, flat)).toBe('same')
    expect(await answer(flat, altered(flat, [0, 0, 0, 2]))).toBe('tolerated')
    expect(await answer(off, flat, altered(flat, [0, 0, 0, 2]))).toBe('different')
    expect(await answer(off, small)).toBe('size')
  })

  it('more pages are a difference that nothing tolerates', async () => {
    const found = await comparePages(pagesOf([flat, flat]), pagesOf([flat]), { maxRmse: 255 })
    expect(found).toMatchObject({ outcome: 'different', expectedPages: 2, actualPages: 1 })
    expect(found.pages).toHaveLength(1)
    expect(alternatives(found.smallest)).toEqual([])
  })

  it('decodes once what is compared with itself', async () => {
    const log: number[] = []
    const both = pagesOf([flat, flat, flat], log)
    expect((await comparePages(both, both)).outcome).toBe('same')
    expect(log).toEqual([0, 1, 2])
  })

  it('keeps the map of the first page that differs only, and shows each page while it is there', async () => {
    const seen: [number, string][] = []
    const found = await comparePages(
      pagesOf([flat, flat, flat]),
      pagesOf([flat, altered(flat, [1, 1, 0, 1]), altered(flat, [1, 1, 0, 2])]),
      {},
      (page, _expected, _actual, { outcome }) => seen.push([page, outcome]),
    )
    expect(seen).toEqual([
      [0, 'same'],
      [1, 'different'],
      [2, 'different'],
    ])
    expect(found.pages.map(({ map }) => map !== undefined)).toEqual([false, true, false])
  })

  it('keeps the map of the page that is different, not of one before it that is tolerated', async () => {
    const [slightly, far] = [altered(flat, [1, 1, 0, 1]), altered(flat, [5, 4, 0, 9], [6, 4, 0, 9])]
    const found = await comparePages(pagesOf([flat, flat, flat]), pagesOf([slightly, far, far]), {
      maxAbs: { value: 2, unit: 'levels' },
    })
    expect(found.pages.map(({ outcome }) => outcome)).toEqual(['tolerated', 'different', 'different'])
    expect(found.pages.map(({ map }) => map !== undefined)).toEqual([false, true, false])
  })

  it('what is said to pass does pass on every page', async () => {
    const change = fc.tuple(fc.nat(11), fc.nat(10), fc.constant(0), fc.integer({ min: 1, max: 9 }))
    const pages = fc.array(fc.array(change, { maxLength: 5 }), { minLength: 1, maxLength: 4 })
    const limits = fc.record(
      {
        maxAbs: fc.integer({ min: 0, max: 9 }).map((value) => ({ value, unit: 'levels' as const })),
        maxDiffPixels: fc.nat(5),
        maxDensity: fc.record({ pixels: fc.nat(3), window: fc.constant(4) }),
        maxRmse: fc.double({ min: 0, max: 2, noNaN: true }),
        minSsim: fc.double({ min: 0, max: 1, noNaN: true }),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(pages, limits, async (list, given) => {
        const run = (tolerance: Limits) =>
          comparePages(
            pagesOf(list.map(() => flat)),
            pagesOf(list.map((changes) => altered(flat, ...changes))),
            tolerance,
          )
        const { smallest } = await run(given as Limits)
        const choices = alternatives(smallest)
        expect(choices.length).toBeGreaterThan(0)
        for (const choice of choices) {
          expect(['same', 'tolerated'], limitsText(choice)).toContain((await run(choice)).outcome)
        }
      }),
    )
  })
})
