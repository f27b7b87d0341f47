import { describe, expect, it } from 'vitest'
import {
  borderOf,
  type Case,
  compare,
  haveCases,
  input,
  listOf,
  readSuite,
  termsOf,
} from '../conformance/cases.ts'
import { evaluate, recipe, weights } from './textbook.ts'

/** The filters and their settings by the name in a case. */
const named: Readonly<Record<string, readonly [name: string, given: Readonly<Record<string, unknown>>]>> = {
  sobel: ['sobel', {}],
  'sobel-x': ['sobel', { axis: 'x' }],
  'sobel-y': ['sobel', { axis: 'y' }],
  'prewitt-x': ['prewitt', { axis: 'x' }],
  'prewitt-y': ['prewitt', { axis: 'y' }],
  laplace: ['laplacian', {}],
}

const cases = (file: string) => (haveCases ? readSuite(file) : [])

describe.skipIf(!haveCases)('the named filters of the conformance cases', () => {
  const all = cases('image/named-filters.json')
  it('are all known here', () => {
    expect(all).toHaveLength(23)
    expect(all.filter((c) => !Object.hasOwn(named, String(c.attrs.named)))).toEqual([])
  })

  it.each(all)('$id', (c) => {
    const r = recipe(...named[String(c.attrs.named)]!)
    const given = c.op === 'imageGradientMagnitude' ? ['kernelX', 'kernelY'] : ['kernel']
    given.forEach((name, i) => {
      expect(Array.from(weights(r.kernels[i]!).data)).toEqual(Array.from(input(c, name).data))
    })
    compare(c, 'output', evaluate(r, input(c, 'x'), borderOf(c)))
  })
})

describe.skipIf(!haveCases)('the Gaussians of the conformance cases', () => {
  const all = cases('image/gaussian.json').filter((c) => c.attrs.truncate === 4)
  const blurs = all.filter((c) => c.attrs.named === 'gaussian')
  const laplacians = all.filter((c) => c.attrs.named === 'laplacian-of-gaussian')
  it('are there', () => {
    expect(blurs.length).toBeGreaterThanOrEqual(9)
    expect(laplacians).toHaveLength(2)
  })

  it.each(blurs)('$id', (c) => {
    const [y, x] = listOf(c, 'sigma')
    const r = recipe('gaussian', { sigma: x, 'sigma-y': y })
    const [k] = r.kernels
    if (k?.form !== 'separable') throw new Error('not separable')
    const [term] = termsOf(c)
    expectNear(k.col, term!.col)
    expectNear(k.row, term!.row)
    compare(c, 'output', evaluate(r, input(c, 'x'), borderOf(c)))
  })

  // SciPy adds two separable kernels, smaller by a factor of 2πσ² (in samples), and does not remove the mean.
  it.each(laplacians)('$id, but for a factor and the mean', (c) => {
    const [sigma] = listOf(c, 'sigma')
    const ours = weights(recipe('log', { sigma }).kernels[0]!)
    const theirs = sumOfTerms(c)
    const bell = theirs.bell
    const half = (theirs.data.length - 1) / 2
    const factor = (ours.data[half]! - ours.data[0]!) / (theirs.data[half]! - theirs.data[0]!)
    expect(factor).toBeCloseTo(1 / (bell * bell), 9)
    ours.data.forEach((w, i) => {
      expect(w - ours.data[0]!).toBeCloseTo(factor * (theirs.data[i]! - theirs.data[0]!), 12)
    })
  })
})

/** Returns the dense kernel of the terms, and the middle weight of the Gaussian in each of them. */
function sumOfTerms(c: Case): { data: number[]; bell: number } {
  const terms = termsOf(c)
  const n = terms[0]!.col.length
  const data = Array.from({ length: n * n }, (_, i) =>
    terms.reduce((sum, t) => sum + t.col[Math.floor(i / n)]! * t.row[i % n]!, 0),
  )
  return { data, bell: Math.max(...terms.flatMap((t) => [...t.col, ...t.row])) }
}

function expectNear(got: Float64Array, want: readonly number[]): void {
  expect(got).toHaveLength(want.length)
  got.forEach((w, i) => {
    expect(Math.abs(w - want[i]!)).toBeLessThanOrEqual(4e-16)
  })
}
