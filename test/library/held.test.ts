import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  animate,
  batch,
  type ConvoError,
  close,
  compare,
  compareFolders,
  convo,
  explain,
  type KernelGenerator,
  loadNet,
  readKernel,
  Tensor,
} from '../../src/index.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { operationParams, pictureParams } from '../../src/picture/api/params.ts'
import { operations } from '../../src/picture/operations.ts'
import { sceneSettings } from '../../src/teach/animate/settings.ts'
import { scratch } from '../cli/convo.ts'

// A program may pass from memory what the command reads from a file: a kernel, or the weights that make kernels.

afterAll(close)
const here = scratch()

const picture = () => convo('samples/scene.png', { alpha: 'drop', region: [0, 0, 20, 16] })
const edges = 'samples/networks/edges.safetensors'
const small = { data: new Uint8Array(4), width: 2, height: 2 }
const samples = async (chain: ReturnType<typeof picture>) => (await chain.raw()).data

const rows = [
  [0, 1, 0],
  [0.5, 0, 0.5],
  [1, 0, 0],
]
const kinds = {
  lists: rows,
  tensor: new Tensor([3, 3], Float32Array.from(rows.flat())),
  'tensor of a bank': new Tensor([3, 3, 1, 1], Float32Array.from(rows.flat())),
  'numbers with a shape': { shape: [3, 3], data: rows.flat() },
  'floats with a shape': { shape: [3, 3], data: Float32Array.from(rows.flat()) },
  'what readKernel gives': await readKernel('0 1 0; 0.5 0 0.5; 1 0 0'),
}

const tensor = (shape: readonly number[], of: (i: number) => number) =>
  new Tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(i)),
  )
const generator: KernelGenerator = {
  reduceWeight: tensor([2, 3], (i) => (i - 2) / 300),
  reduceBias: [0.5, 0.25],
  spanWeight: tensor([9, 2], (i) => (i % 5) / 30),
  spanBias: tensor([9], () => 1 / 9),
  batchNorm: { gamma: [1, 2], beta: new Float32Array([0.1, 0.2]), mean: [0.5, 0.4], variance: [1, 1.5] },
}

it('every option that names a file of numbers takes the numbers themselves', () => {
  const tables = { ...Object.values(operations).map(operationParams), scenes: sceneSettings, pictureParams }
  const named = Object.values(tables).flatMap((params) =>
    Object.entries(params).filter(([, { metavar = '' }]) => /<(kernel|file|picture|path)>/.test(metavar)),
  )
  const bare = named.filter(([, { held, metavar }]) => held === undefined && metavar !== '<n>|<n,n,…>|<file>')
  // a mask is a picture, and a bias a list: both have their own tests
  expect(new Set(bare.map(([name]) => name))).toEqual(new Set(['mask']))
  expect(new Set(named.map(([name]) => name))).toEqual(
    new Set(['kernel', 'bias', 'pointwise', 'weights', 'mask']),
  )
})

describe.each(Object.entries(kinds))('a matrix in memory: %s', (_, pointwise) => {
  it('mixes as its text does', async () => {
    const [given, typed] = await Promise.all([
      samples(picture().depthwiseSeparable({ pointwise })),
      samples(picture().depthwiseSeparable({ pointwise: '0 1 0; 0.5 0 0.5; 1 0 0' })),
    ])
    expect(given).toEqual(typed)
    expect(given).not.toEqual(await samples(picture().depthwiseSeparable()))
  })
})

it('a matrix is explained, and a kernel animated, as their texts are', async () => {
  const pointwise = rows.slice(0, 2)
  const [given, typed] = await Promise.all(
    [pointwise, '0 1 0; 0.5 0 0.5'].map((one) =>
      explain('depthwise-separable', [3, 9, 9], { pointwise: one }),
    ),
  )
  expect(given!.output).toEqual([2, 7, 7])
  expect(JSON.stringify(given)).toBe(JSON.stringify(typed))
  const [drawn, named] = await Promise.all(
    [rows, '0 1 0; 0.5 0 0.5; 1 0 0'].map((kernel) => animate('conv2d', { kernel })),
  )
  expect(drawn!.svg).toBe(named!.svg)
  expect(drawn!.svg).not.toBe((await animate('conv2d')).svg)
})

it('weights that make kernels do what their files do, and are copied', async () => {
  const { reduceWeight, spanWeight, batchNorm } = generator
  const files: Readonly<Record<string, Tensor>> = {
    'reduce.weight': reduceWeight,
    'reduce.bias': tensor([2], (i) => (generator.reduceBias as number[])[i]!),
    'span.weight': spanWeight,
    'span.bias': generator.spanBias as Tensor,
    'bn.weight': tensor([2], (i) => i + 1),
    'bn.bias': tensor([2], (i) => (batchNorm!.beta instanceof Float32Array ? batchNorm!.beta[i]! : 0)),
    'bn.running_mean': tensor([2], (i) => (batchNorm!.mean as number[])[i]!),
    'bn.running_var': tensor([2], (i) => (batchNorm!.variance as number[])[i]!),
  }
  mkdirSync(here.path('weights'))
  for (const [name, { shape, data }] of Object.entries(files))
    writeFileSync(join(here.path('weights'), `${name}.npy`), writeNpy(shape, data))
  const chain = picture().involution({ weights: generator })
  const read = await samples(picture().involution({ weights: here.path('weights') }))
  expect(await samples(chain)).toEqual(read)
  const kept = reduceWeight.data.slice()
  reduceWeight.data.fill(0)
  expect(await samples(chain)).toEqual(read)
  reduceWeight.data.set(kept)
  const explained = await explain('involution', [3, 9, 9], { weights: generator })
  expect(explained).toMatchObject({ output: [3, 9, 9] })
})

const given = (options: object) => () =>
  picture()
    .involution({ weights: options as KernelGenerator })
    .raw()

it.each<readonly [name: string, act: () => Promise<unknown>, code: string, message: string]>([
  ['no weights', given({}), 'E_ARGUMENT', 'weights.reduceWeight must be a Tensor, got undefined'],
  ['a number', given(7 as never), 'E_ARGUMENT', 'weights cannot be made from 7 (number)'],
  ['a list', given([1, 2]), 'E_ARGUMENT', 'weights cannot be made from ['],
  ['another name', given({ ...generator, spanweight: 1 }), 'E_NAME', 'weights has no option spanweight'],
  [
    'a bias of text',
    given({ ...generator, spanBias: 'a' }),
    'E_ARGUMENT',
    'weights.spanBias must be a tensor',
  ],
  ['no batch normalisation', given({ ...generator, batchNorm: 5 }), 'E_ARGUMENT', 'the options of batchNorm'],
  [
    'a number that is none',
    given({ ...generator, spanWeight: tensor([9, 2], () => Number.NaN) }),
    'E_KERNEL_VALUE',
    'weights must be finite numbers, got NaN at index 0 of weights.spanWeight',
  ],
  [
    'a matrix that is none',
    async () => picture().depthwiseSeparable({ pointwise: 7 as never }),
    'E_ARGUMENT',
    'the pointwise cannot be made from 7 (number)',
  ],
  [
    'a kernel that was not waited for',
    async () => picture().conv2d({ kernel: readKernel('emboss') as never }),
    'E_ARGUMENT',
    'the kernel cannot be made from Promise',
  ],
  [
    'numbers of a canvas as weights',
    async () => picture().conv2d({ kernel: { shape: [3, 3, 1], data: [1], layout: 'HWC' } as never }),
    'E_ARGUMENT',
    'the kernel cannot be made from Object',
  ],
  [
    'a name that is none',
    async () => picture().add({ with: null as never }),
    'E_OPTION',
    'with must be text, got null',
  ],
  [
    'a chain for a name',
    async () => picture().add({ with: picture() as never }),
    'E_OPTION',
    'with must be text, got ',
  ],
  [
    'an object for a number',
    async () => picture().gaussian({ sigma: { data: new Uint8Array(9) } as never }),
    'E_OPTION',
    'sigma must be a number, got Object',
  ],
  [
    'a name that nothing has',
    () =>
      picture()
        .add({ with: 'skip' })
        .raw()
        .catch((error: ConvoError) => {
          expect(error.fix).toBe("keep({ as: 'skip' }) after the step whose result it is")
          throw error
        }),
    'E_NAME',
    'no earlier step saved a result as "skip"',
  ],
  [
    'a picture that is not there',
    () => compare(small, undefined as never),
    'E_ARGUMENT',
    'the actual picture cannot be read from undefined',
  ],
  [
    'an option of compareFolders that is none',
    () => compareFolders('samples', 'samples', { updat: true } as never),
    'E_NAME',
    'compareFolders has no option updat',
  ],
  [
    'a network that was not read',
    () => loadNet(Promise.resolve(new Uint8Array(9)) as never),
    'E_ARGUMENT',
    'a network is read from a path, a file: URL or the bytes of a file, got Promise',
  ],
  [
    'a width of text',
    async () => (await loadNet(edges)).info({ width: '9' as never }),
    'E_ARGUMENT',
    'width must be a whole number of at least 1, got "9"',
  ],
  [
    'no threads of a network',
    async () => (await loadNet(edges)).run(Tensor.zeros([3, 8, 8]), { threads: 0 }),
    'E_OPTION',
    'threads must be from 1 to 1024, got 0',
  ],
  [
    'a matrix without a name',
    async () => picture().depthwiseSeparable({ pointwise: '' }),
    'E_ARGUMENT',
    'pointwise must be a name, a file, a file: URL or numbers as text, got ""',
  ],
  [
    'a matrix in a batch',
    async () => {
      for await (const _ of batch('samples/scene.png', here.path('{stem}.png'), (one) =>
        one.depthwiseSeparable({ pointwise: rows }),
      ));
    },
    'E_ARGUMENT',
    'the pointwise of a batch must be a name or a file',
  ],
  [
    'a format given to toBuffer',
    () =>
      picture()
        .box()
        .toBuffer(...(['bmp'] as unknown as [])),
    'E_ARGUMENT',
    'toBuffer takes no arguments, got 1',
  ],
  [
    'an argument behind the options',
    () =>
      picture()
        .box(...([{ size: 3 }, 5] as unknown as []))
        .raw(),
    'E_ARGUMENT',
    'box takes one argument, got 2',
  ],
  [
    'a Map of options',
    () =>
      convo(small, new Map([['gray', true]]) as never)
        .box()
        .raw(),
    'E_ARGUMENT',
    'the options of convo must be an object, got Map',
  ],
  [
    'samples without a size',
    () =>
      convo({ data: small.data, height: 2, widht: 2 } as never)
        .box()
        .raw(),
    'E_ARGUMENT',
    'the input has data and no width',
  ],
])('%s is refused by its name', async (_, act, code, message) => {
  const attempt = async () => act()
  const error = await attempt().then(
    () => undefined,
    (one: ConvoError) => one,
  )
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  // options have their JavaScript names
  expect([error!.message, ...error!.why, error!.fix].join('\n')).not.toContain('--')
})

it('a method that gives a promise rejects for an argument too much', async () => {
  const made = picture()
    .box()
    .toFile(...(['a.png', {}, 1] as unknown as ['a.png']))
  await expect(made).rejects.toThrow('toFile takes two arguments, got 3')
})
