import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../src/index.ts'
import { hashOfInputs, haveCases, readSuite } from './cases.ts'
import { library } from './library.ts'

/** What the message of each error must contain: the argument, and the numbers that do not fit. */
const says: Readonly<Record<string, RegExp>> = {
  'conv2d channel mismatch': /weight.*4.*x.*3/,
  'conv2d groups do not divide input channels': /groups 2.*5.*channels/,
  'conv2d kernel larger than the padded input': /kernel.*larger.*5.*3/,
  'conv2d stride 0': /stride.*at least 1.*0/,
  'conv2d dilation 0': /dilation.*at least 1.*0/,
  'conv2d negative padding': /padding.*at least 0.*-1/,
  'conv2d groups 0': /groups.*at least 1.*0/,
  'conv2d bias length': /bias.*2.*3/,
  'conv2d weight of rank 3': /weight.*rank 4.*\[1,3,3\]/,
  'conv2d unknown padding mode': /paddingMode.*zeros.*bogus/,
  'conv2d reflect padding not smaller than the input': /padding 3.*reflect.*3.*2/,
  'convTranspose2d output padding not smaller than stride': /outputPadding.*2.*stride 2/,
  'convTranspose2d channel mismatch': /weight.*2.*x.*3/,
  'convTranspose2d padding leaves nothing': /padding.*2.*-1/,
  'conv3d filter deeper than the input': /kernel.*depth.*3.*2/,
  'maxPool2d kernel 0': /kernelSize.*at least 1.*0/,
  'maxUnpool2d index outside the output': /ind(ex|ices).*16/,
  'maxUnpool2d indices of another shape': /indices.*1,3/,
  'involution2d groups do not divide channels': /groups 2.*3.*channels/,
  'depthwiseSeparable2d pointwise channels': /pointwise.*4.*3/,
  'separable2d column larger than the input': /(kernel|col).*5.*3/,
  'tensor data shorter than its shape': /5.*\[1,2,3\].*6/,
}

describe.skipIf(!haveCases)('conformance: what must be refused (needs ../shared/conformance)', () => {
  const cases = haveCases ? readSuite('errors/bad-arguments.json') : []
  const name = (id: string) => id.replace('errors/bad-arguments/', '')

  it('each case has a message to look for', () => {
    expect(cases.map((c) => name(c.id)).sort()).toEqual(Object.keys(says).sort())
  })

  it.each(cases.map((c) => [name(c.id), c] as const))('%s', async (title, c) => {
    const before = hashOfInputs(c)
    const error = await refusal(c)
    expect(error).toBeInstanceOf(ConvoError)
    expect((error as ConvoError).message).toMatch(says[title]!)
    expect((error as ConvoError).code).toMatch(/^E_(SHAPE|ARGUMENT)$/)
    expect(hashOfInputs(c), 'the inputs were changed').toBe(before)
  })
})

/** Returns what the call throws or rejects with. */
async function refusal(c: Parameters<NonNullable<(typeof library)[string]>>[0]): Promise<unknown> {
  try {
    await library[c.op]!(c)
  } catch (error) {
    return error
  }
  throw new Error(`${c.id} was accepted`)
}
