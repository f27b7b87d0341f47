import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { confined } from '../../src/conv/plan.ts'
import { ConvoError } from '../../src/error.ts'
import { encodePages } from '../../src/image/encode.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { type Operation, operations } from '../../src/picture/operations.ts'
import { dryRun, processPicture } from '../../src/picture/process.ts'
import { prepareChain, prepareOperation, understandSteps } from '../../src/picture/words/prepare.ts'
import { joinedSteps } from '../../src/picture/words/steps.ts'
import { closePools } from '../../src/run/shared.ts'
import { explained as explain, inputOf, meetsVolume } from '../../src/teach/explain/explain.ts'
import fc from '../property.ts'
import { scratch } from './convo.ts'
import { noise, write } from './pictures.ts'

// The arithmetic that explain and --dry-run predict must be the one that the run reports.

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
/** Volumes: arrays of rank 4, a folder of slices and the pages of a file. */
const volumes = ['volume.npy', 'colours.npy', 'stack', 'alpha-stack', 'pages.tif'] as const
const fileOf = (kind: (typeof kinds | typeof volumes)[number]) =>
  here.path(/\.|stack/.test(kind) ? kind : `${kind}.png`)

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
  const [depth, high, wide] = [4, 9, 11]
  for (const [name, count] of [
    ['volume', 1],
    ['colours', 3],
  ] as const) {
    const data = Float32Array.from(noise(count * depth * high * wide))
    writeFileSync(here.path(`${name}.npy`), writeNpy([count, depth, high, wide], data))
  }
  for (const [name, count] of [
    ['stack', 3],
    ['alpha-stack', 2],
  ] as const) {
    mkdirSync(here.path(name))
    for (let z = 0; z < depth; z++) {
      const data = Uint8Array.from(noise(wide * high * count, z))
      await write(here.path(`${name}/${z}.png`), { width: wide, height: high, channels: count, data })
    }
  }
  const deep = { width: wide, height: high, channels: 1, depth: 16, meta: {} } as const
  const pages = Array.from({ length: depth }, (_, z) => ({
    ...deep,
    data: Uint16Array.from(noise(wide * high, z, 65535)),
  }))
  writeFileSync(here.path('pages.tif'), (await encodePages(pages, 'tiff')).bytes)
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

/** The same for volumes, with values for all three directions. */
const deepOptions = {
  ...options,
  filter: ['sobel', 'sobel-z', 'box', 'gaussian'],
  sigma: ['0.5', '1'],
  stride: ['2', '2,1,1', '1,2,3', '2,2,2'],
  dilation: ['2', '2,1,1'],
  padding: ['same', 'valid', 'full', '1,0,2'],
  size: ['2,2,2', '3'],
} as const

/** Generates one of some operations with some of its options. */
const askedOf = (
  operationNames: readonly string[],
  choices: Readonly<Record<string, readonly (string | boolean)[]>>,
) =>
  fc
    .record({
      name: fc.constantFrom(...operationNames),
      picks: fc.uniqueArray(fc.constantFrom(...Object.keys(choices)), { maxLength: 3 }),
      seed: fc.nat(1000),
    })
    .map(({ name, picks, seed }) => {
      const operation = operations[name]!
      const taken = { ...operation.shared, ...operation.params }
      const names = picks.filter(
        (pick) => Object.hasOwn(taken, pick) && (pick !== 'kernel' || operation.kernel !== 'none'),
      )
      const needed = operation.kernel === 'required' && !names.includes('kernel') ? ['kernel'] : []
      const given = Object.fromEntries(
        [...names, ...needed].map((pick, i) => {
          const list = choices[pick]!
          return [pick, list[(seed + i) % list.length]!]
        }),
      )
      return { name, given }
    })

const names = Object.keys(operations)
/** The operations in three directions come up as often as all the others together. */
const deepNames = names.flatMap((name, i) => [name, ['conv3d', 'maxpool', 'transposed'][i % 3]!])

/** Returns the result, or undefined if the request is refused. */
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
  const input = await inputOf(await meetsVolume(operation, given), path, {
    input: undefined,
    depth: undefined,
  })
  const told = await allowed(async () => (await explain(operation, input, given, false)).result)
  if (told === undefined) return undefined
  return 'kernels' in told ? [...told.kernels] : [told]
}

const bare = ({ algorithm, reason }: Fact) => ({ algorithm, reason })

const outputs = fc.constantFrom('out.npy', 'out.png', 'out.jpg', 'out.tif', 'out.gif', 'out-{index}.png')

/** Notes without what only the samples of the result tell. */
const foreseen = (notes: readonly string[], unseen = /^gif has /): string[] =>
  notes
    .filter((note) => !unseen.test(note))
    .map((note) => note.replace(/maps: .* the (range of 99)/, 'maps: the $1'))
    .toSorted()

test.each([
  ['a picture or maps', kinds, askedOf(names, options), 60],
  ['a volume', volumes, askedOf(deepNames, deepOptions), 60],
] as const)('of one operation on %s', async (_, kinds, asked, least) => {
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
      expect(foreseen(dry.notes)).toEqual(foreseen(ran.notes))
      if (operation.group === 'steps') return
      const told = await explained(operation, input, given)
      if (told === undefined)
        throw new Error(`explain refuses ${operation.name} ${JSON.stringify(given)} on ${kind}`)
      // a bank with several kernels shows one plan
      expect(told.map(bare)).toEqual(ran.plan.map(bare))
      compared++
    }),
    { numRuns: 250, endOnFailure: true },
  )
  expect(compared).toBeGreaterThan(least)
})

test.each([
  ['a picture or maps', kinds],
  ['a volume', volumes],
] as const)('of a chain on %s', async (_, kinds) => {
  const plain = Object.values(operations).filter(
    ({ kernel, input }) => kernel !== 'required' && input !== 'volume',
  )
  const several = fc.array(fc.constantFrom(...plain.map(({ name }) => name), 'gaussian --sigma 12'), {
    minLength: 2,
    maxLength: 4,
  })
  const through = fc.constantFrom(
    'conv3d',
    'conv3d --filter sobel',
    'maxpool --size 2,2,2',
    'conv3d --sigma 0.5',
  )
  const steps =
    kinds === volumes
      ? fc.tuple(several, through, fc.nat(4)).map(([list, deep, at]) => list.toSpliced(at, 0, deep))
      : several
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
      const unseen = /^gif has |^some samples are not finite/
      expect(foreseen(dry.notes, unseen)).toEqual(foreseen(ran.notes, unseen))
      // the samples of a step are only known during the run, and only the run can find that an FFT would spread some of
      // them
      const known = (fact: Fact, i: number) => (ran.plan[i]?.reason === confined ? undefined : bare(fact))
      expect(plan.map(known)).toEqual(ran.plan.map(known))
      compared++
    }),
    { numRuns: 120, endOnFailure: true },
  )
  expect(compared).toBeGreaterThan(40)
})
