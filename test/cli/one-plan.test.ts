import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { confined } from '../../src/conv/plan.ts'
import { ConvoError } from '../../src/error.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { type Operation, operations } from '../../src/picture/operations.ts'
import { dryRun, processPicture } from '../../src/picture/process.ts'
import { prepareChain, prepareOperation, understandSteps } from '../../src/picture/words/prepare.ts'
import { joinedSteps } from '../../src/picture/words/steps.ts'
import { closePools } from '../../src/run/shared.ts'
import { explained as explain, inputOf } from '../../src/teach/explain/explain.ts'
import { scratch } from './convo.ts'
import { noise, write } from './pictures.ts'

// What explain and --dry-run say of the arithmetic is what the run reports.

const here = scratch()
const [width, height] = [37, 29]
const kinds = [
  'gray',
  'alpha',
  'rgb',
  'rgba',
  'gray16',
  'rgba16',
  'floats.npy',
  'one.npy',
  'maps.npy',
] as const
const fileOf = (kind: (typeof kinds)[number]) => here.path(kind.endsWith('.npy') ? kind : `${kind}.png`)

beforeAll(async () => {
  const channels = { gray: 1, alpha: 2, rgb: 3, rgba: 4 } as const
  for (const [name, count] of Object.entries(channels)) {
    const data = Uint8Array.from(noise(width * height * count))
    await write(here.path(`${name}.png`), { width, height, channels: count, data })
    const deep = Uint16Array.from(noise(width * height * count, 1, 65535))
    await write(here.path(`${name}16.png`), { width, height, channels: count, data: deep })
  }
  for (const [name, count] of [
    ['floats', 3],
    ['one', 1],
    ['maps', 5],
  ] as const) {
    const data = Float32Array.from(noise(width * height * count))
    if (name === 'one') data[50] = Number.NaN
    writeFileSync(here.path(`${name}.npy`), writeNpy([count, height, width], data))
  }
})
afterAll(closePools)

const options = {
  border: ['replicate', 'constant', 'wrap'],
  algorithm: ['auto', 'direct', 'separable', 'fft'],
  stride: ['1', '2', '1,3'],
  dilation: ['1', '2'],
  padding: ['same', 'valid', 'full', '2'],
  flip: [true],
  normalize: [true],
  bias: ['3'],
  size: ['3', '5', '15', '21'],
  sigma: ['1', '3', '12'],
  rank: ['1', '2'],
  kernel: ['sharpen', 'sobel-x', 'gaussian:sigma=9', 'disk:radius=9', '1 2; 3 4', 'box:size=17'],
} as const

/** An operation with some of the options that it takes. */
const asked = fc
  .record({
    name: fc.constantFrom(...Object.keys(operations)),
    picks: fc.uniqueArray(fc.constantFrom(...(Object.keys(options) as (keyof typeof options)[])), {
      maxLength: 3,
    }),
    seed: fc.nat(1000),
  })
  .map(({ name, picks, seed }) => {
    const operation = operations[name]!
    const taken = { ...operation.shared, ...operation.params }
    const names = picks.filter(
      (pick) => Object.hasOwn(taken, pick) && (pick !== 'kernel' || operation.kernel !== 'none'),
    )
    const needed = operation.kernel === 'required' && !names.includes('kernel') ? (['kernel'] as const) : []
    const given = Object.fromEntries(
      [...names, ...needed].map((pick, i) => {
        const list: readonly (string | boolean)[] = options[pick]
        return [pick, list[(seed + i) % list.length]!]
      }),
    )
    return { name, given }
  })

/** The value, or nothing where what was asked for cannot be. */
async function allowed<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    expect(error).toBeInstanceOf(ConvoError)
    expect((error as ConvoError).code).not.toBe('E_INTERNAL')
    return undefined
  }
}

type Fact = { readonly algorithm: string; readonly reason: string }

async function explained(
  operation: Operation,
  path: string,
  given: Record<string, unknown>,
): Promise<Fact[] | undefined> {
  const input = await inputOf(operation.input === 'volume', path, { input: undefined, depth: undefined })
  const told = await allowed(async () => (await explain(operation, input, given, false)).result)
  if (told === undefined) return undefined
  return 'kernels' in told ? [...told.kernels] : [told]
}

const bare = ({ algorithm, reason }: Fact) => ({ algorithm, reason })

const outputs = fc.constantFrom('out.npy', 'out.png', 'out.jpg')

test('of one operation', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(asked, fc.constantFrom(...kinds), outputs, async ({ name, given }, kind, file) => {
      const operation = operations[name]!
      const [input, output] = [fileOf(kind), here.path(file)]
      const prepared = await allowed(() => prepareOperation({ operation, given }))
      if (prepared === undefined) return
      const ran = await allowed(() => processPicture(prepared.job(input, output)))
      if (ran === undefined) return
      const dry = await dryRun(prepared.job(input, output))
      expect(dry.plan).toEqual(ran.plan)
      const { width, height, depth } = ran.output
      expect(dry.output).toMatchObject({ width, height, depth })
      if (operation.group === 'steps') return
      const told = await explained(operation, input, given)
      if (told === undefined)
        throw new Error(`explain refuses ${operation.name} ${JSON.stringify(given)} on ${kind}`)
      // of several kernels banks show one plan
      expect(told.map(bare)).toEqual(ran.plan.map(bare))
      compared++
    }),
    { numRuns: 250, endOnFailure: true },
  )
  expect(compared).toBeGreaterThan(60)
})

test('of a chain', async () => {
  const plain = Object.values(operations).filter(
    ({ kernel, input }) => kernel !== 'required' && input !== 'volume',
  )
  const steps = fc.array(fc.constantFrom(...plain.map(({ name }) => name), 'gaussian --sigma 12'), {
    minLength: 2,
    maxLength: 4,
  })
  let compared = 0
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(...kinds), outputs, async (names, kind, file) => {
      const words = names.map((name) => name.split(' '))
      const chain = await allowed(() => prepareChain(understandSteps(joinedSteps(words)), {}))
      if (chain === undefined) return
      const [input, output] = [fileOf(kind), here.path(file)]
      const ran = await allowed(() => processPicture(chain.job(input, output)))
      if (ran === undefined) return
      const dry = await dryRun(chain.job(input, output))
      const { plan } = dry
      const { width, height, depth } = ran.output
      expect(dry.output).toMatchObject({ width, height, depth })
      // what a step makes is known when it is there: numbers that an FFT would spread are met by the run alone
      const known = (fact: Fact, i: number) => (ran.plan[i]?.reason === confined ? undefined : bare(fact))
      expect(plan.map(known)).toEqual(ran.plan.map(known))
      compared++
    }),
    { numRuns: 120, endOnFailure: true },
  )
  expect(compared).toBeGreaterThan(40)
})
