import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as convo from '../../src/index.ts'
import {
  type Case,
  compare,
  hashOfInputs,
  haveCases,
  input,
  ownFolder,
  readSuite,
  suiteFiles,
} from './cases.ts'
import { convOptions, each, library, tensor } from './library.ts'
import { ownSuites, suiteText } from './make.ts'

describe('the cases of the project', () => {
  const suites = ownSuites()
  it('are those that make.ts makes', () => {
    expect(readdirSync(ownFolder).sort()).toEqual(Object.keys(suites).sort())
    for (const [name, suite] of Object.entries(suites)) {
      expect(readFileSync(new URL(name, ownFolder), 'utf8')).toBe(suiteText(suite))
    }
  })

  for (const file of readdirSync(ownFolder)) {
    describe(file, () => {
      it.each(readSuite(file, ownFolder).map((c) => [c.id, c] as const))('%s', (_, c) => conforms(c))
    })
  }
})

describe.skipIf(!haveCases)('conformance of the operators (needs ../shared/conformance)', () => {
  const suites = suiteFiles()
    .filter((file) => !file.startsWith('errors/') && !file.startsWith('image/'))
    .map((file) => [file, readSuite(file).filter((c) => c.op !== 'count')] as const)
    .filter(([, cases]) => cases.length > 0)

  it('there are 1,290 cases', () => {
    expect(suites.reduce((n, [, cases]) => n + cases.length, 0)).toBe(1290)
  })

  // The other cases are 7 counts in operators/explain.test.ts, and 22 errors and 100 pictures in other files of this
  // folder.
  it('all in all there are 1,419, each with its own name', () => {
    const all = suiteFiles().flatMap((file) => readSuite(file))
    const elsewhere = all.filter(({ op, expected }) => {
      return expected === undefined || op === 'count' || op.startsWith('image')
    })
    expect([all.length, elsewhere.length]).toEqual([1419, 129])
    expect(new Set(all.map((c) => c.id)).size).toBe(1419)
  })

  for (const [file, cases] of suites) {
    describe(file, () => {
      it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => conforms(c))
    })
  }

  const convolutions = suites.flatMap(([, cases]) => cases).filter((c) => c.op === 'conv2d')

  describe('1x1 convolutions by their own name', () => {
    const pointwise = convolutions.filter((c) => {
      const { shape } = input(c, 'weight')
      const plain = (c.attrs.stride as number[]).every((s) => s === 1) && c.attrs.groups === 1
      return shape[2] === 1 && shape[3] === 1 && plain && JSON.stringify(c.attrs.pads) === '[[0,0],[0,0]]'
    })
    it('there are some', () => expect(pointwise.length).toBeGreaterThan(5))
    it.each(pointwise.map((c) => [c.id, c] as const))('%s', async (_, c) => {
      const { bias } = convOptions(c)
      const outputs = await each(c, (x) => convo.pointwiseConv2d(x, tensor(c, 'weight'), { bias }))
      compare(c, 'output', outputs.output!)
    })
  })

  describe('depthwise convolutions by their own name', () => {
    const depthwise = convolutions.filter((c) => {
      const channels = input(c, 'x').shape[1]
      return input(c, 'weight').shape[1] === 1 && c.attrs.groups === channels
    })
    it('there are some', () => expect(depthwise.length).toBeGreaterThan(20))
    it.each(depthwise.map((c) => [c.id, c] as const))('%s', async (_, c) => {
      const { groups: _groups, ...options } = convOptions(c)
      const outputs = await each(c, (x) => convo.depthwiseConv2d(x, tensor(c, 'weight'), options))
      compare(c, 'output', outputs.output!)
    })
  })
})

/** Runs a case and compares every output of the library. Nothing may have been written to the inputs. */
async function conforms(c: Case): Promise<void> {
  const run = library[c.op]
  if (run === undefined) throw new Error(`no call for ${c.op}`)
  const before = hashOfInputs(c)
  const outputs = await run(c)
  expect(hashOfInputs(c), 'the inputs were changed').toBe(before)
  expect(Object.keys(outputs).sort(), 'the outputs that are compared').toEqual(outputsOf(c))
  for (const [name, got] of Object.entries(outputs)) compare(c, name, got, name === 'indices')
}

/** Returns all expected outputs of a case, except for the internal ones: the kernels of an involution. */
const outputsOf = (c: Case): string[] =>
  Object.keys(c.expected ?? {})
    .filter((name) => c.op !== 'involution2d' || name !== 'kernel')
    .sort()
