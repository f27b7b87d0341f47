import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConvoError } from '../../src/error.ts'
import { operations } from '../../src/picture/operations.ts'
import { dryRun, processPicture } from '../../src/picture/process.ts'
import { prepareOperation } from '../../src/picture/words/prepare.ts'
import { closePools } from '../../src/run/shared.ts'
import { explained, inputOf } from '../../src/teach/explain/explain.ts'
import fc from '../property.ts'
import { convo, scratch } from './convo.ts'
import { noise, write } from './pictures.ts'

const here = scratch()
beforeAll(async () => {
  const small = { width: 6, height: 6, channels: 3, data: Uint8Array.from(noise(108)) }
  await write(here.path('x.png'), small)
})
afterAll(closePools)

const large = fc.constantFrom(
  ...[
    '64',
    '1000',
    '65536',
    '1e6',
    '1e7',
    '1e8',
    '1e9',
    '2147483647',
    '2147483648',
    '4294967296',
    '1e12',
    '1e15',
  ],
  ...['9007199254740991', '1e30', '1e300', '1e308', '1e-300', '-1', '0', '0.5', 'NaN', 'Infinity'],
)
const lists = fc.oneof(
  large,
  fc.tuple(large, large).map(String),
  fc.tuple(large, large, large, large).map(String),
)

/** All options of all operations that accept a number. */
const options = Object.values(operations).flatMap(({ name, kernel, params, shared }) =>
  Object.entries({ ...shared, ...params })
    .filter(([key, { isFlag, choices, metavar }]) => {
      const isNumber =
        metavar !== '<kernel>' && metavar !== '<file>' && metavar !== '<mode>' && metavar !== '<word>'
      return (
        !isFlag &&
        isNumber &&
        !['threads', 'compression', 'max-pixels'].includes(key) &&
        (choices?.length ?? 0) < 4
      )
    })
    .map(([key]) => ({ name, key, kernel: kernel === 'required' ? { kernel: 'sharpen' } : {} })),
)

describe('numbers of any size', () => {
  test('every numeric option of every operation is refused or obeyed, never a bug and never endless', async () => {
    const cases = fc.record({ one: fc.constantFrom(...options), value: lists, other: fc.option(large) })
    await fc.assert(
      fc.asyncProperty(cases, async ({ one, value, other }) => {
        const more =
          other === null || !Object.hasOwn(operations[one.name]!.shared, 'padding') ? {} : { padding: other }
        const given = { ...one.kernel, ...more, [one.key]: value }
        const input = here.path('x.png')
        const attempts = [
          async () => {
            const prepared = await prepareOperation({ operation: operations[one.name]!, given })
            await dryRun(prepared.job(input, here.path('o.npy')))
            await processPicture(prepared.job(input, here.path('o.npy')))
          },
          async () => {
            const known = await inputOf(false, input, { input: undefined, depth: undefined })
            await explained(operations[one.name]!, known, given, false)
          },
        ]
        for (const attempt of attempts) {
          try {
            await attempt()
          } catch (error) {
            expect(error).toBeInstanceOf(ConvoError)
            expect(['E_INTERNAL', 'E_WORKER', 'E_MEMORY']).not.toContain((error as ConvoError).code)
          }
        }
      }),
      { numRuns: 200, endOnFailure: true },
    )
  })

  test.each([
    ['transposed --stride 1000000', 'E_TOO_LARGE', /the limit is \d+/],
    [
      'conv2d --kernel sharpen --padding 2147483648',
      'E_TOO_LARGE',
      /2147483648 samples beyond an edge, the limit is \d+/,
    ],
    ['conv2d --kernel sharpen --dilation 1000000000', 'E_TOO_LARGE', /the limit is \d+/],
    ['conv2d --kernel sharpen --scale 1e308', 'E_OPTION', /--scale/],
    ['conv2d --kernel sharpen --scale 1e-300', 'E_OPTION', /--scale must be a float32 number other than 0/],
    ['conv2d --kernel sharpen --bias 1e308', 'E_OPTION', /--bias/],
    ['conv2d --kernel sharpen --bias 1e36', 'E_OPTION', /--bias must be a number from -1e\+35 to 1e\+35/],
    ['separable --col 1e300,1 --row 1,1', 'E_OPTION', /--col/],
    ['depthwise --kernel 1e39', 'E_KERNEL_VALUE', /got 1e39/],
  ] as const)('%s', async (line, code, message) => {
    const { status, stderr } = await convo(
      [line.split(' ')[0]!, 'x.png', 'o.png', ...line.split(' ').slice(1)],
      {
        cwd: here.path(),
      },
    )
    expect([status, stderr]).toEqual([2, expect.stringContaining(`[${code}]`)])
    expect(stderr).toMatch(message)
  })

  test.each([
    ['offset', '{ "weights": [[1, 2]], "offset": 1e308 }'],
    ['scale', '{ "weights": [[1, 2]], "scale": 1e308 }'],
    ['scale', '{ "weights": [[1, 2]], "scale": 1e-300 }'],
    ['bias', '{ "weights": [[[[1, 2]]]], "bias": [1e36] }'],
  ])('a kernel whose %s float32 does not hold is refused', async (word, text) => {
    writeFileSync(here.path('k.json'), text)
    const { status, stderr } = await convo(['conv2d', 'x.png', 'o.png', '--kernel', 'k.json'], {
      cwd: here.path(),
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('[E_KERNEL_VALUE]')])
    expect(stderr).toContain(word)
  })

  test('--border takes the names of the frameworks', async () => {
    const digest = async (border: string) => {
      const out = `${border}.npy`
      const { stderr, status } = await convo(['box', 'x.png', out, '--border', border, '-q'], {
        cwd: here.path(),
      })
      expect([status, stderr]).toEqual([0, ''])
      return (await convo(['digest', out], { cwd: here.path() })).stdout.split(' ')[0]
    }
    expect(await digest('circular')).toBe(await digest('wrap'))
    expect(await digest('zeros')).toBe(await digest('constant'))
  })
})
