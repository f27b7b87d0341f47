import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readNpy, writeNpy } from '../../src/kernel/formats/npy.ts'
import { floats, randoms } from '../net/graphs.ts'
import { type Attributes, meanings, type Nd, nd } from '../net/interpreter.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()
const shape = [1, 8, 6, 10] as const
const { data } = floats(randoms(5), ...shape)
const x = nd(shape, data)

/** Runs a chain on the array and returns its output, [1,C,H,W]. */
async function chain(...steps: string[]): Promise<Nd> {
  writeFileSync(folder.path('x.npy'), writeNpy(shape.slice(1), Float32Array.from(data)))
  const out = folder.path('y.npy')
  const { status, stderr } = await convo([
    'chain',
    folder.path('x.npy'),
    out,
    '--force',
    '--layout',
    'chw',
    '--',
    ...steps,
  ])
  expect(stderr.replace(/^note: .*\n/gm, '')).toBe('')
  expect(status).toBe(0)
  const made = readNpy(readFileSync(out), 'y')
  return nd([1, ...made.shape], made.data)
}

const meant = (operator: string, inputs: readonly (Nd | undefined)[], attributes: Attributes = {}): Nd =>
  meanings[operator]!(inputs, attributes, 17, 1)[0]!

function same(got: Nd, expected: Nd): void {
  expect(got.data.length).toBe(expected.data.length)
  const worst = expected.data.reduce((most, v, i) => Math.max(most, Math.abs(v - got.data[i]!)), 0)
  expect(worst).toBeLessThan(1e-5)
}

const ints = (...list: number[]) => nd([list.length], list)

describe('layers of networks as steps of a chain, on arrays of numbers', () => {
  const cases: readonly (readonly [words: string, expected: () => Nd])[] = [
    ['sigmoid', () => meant('Sigmoid', [x])],
    ['tanh', () => meant('Tanh', [x])],
    ['gelu', () => meant('Gelu', [x])],
    ['silu', () => meant('Mul', [x, meant('Sigmoid', [x])])],
    ['leakyrelu --slope 0.25', () => meant('LeakyRelu', [x], { alpha: 0.25 })],
    ['prelu --slope 1,2,3,4,5,6,7,8', () => meant('PRelu', [x, nd([8, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8])])],
    [
      'avgpool --size 3 --stride 2 --padding 1',
      () => meant('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    ],
    ['avgpool --size 3,2', () => meant('AveragePool', [x], { kernel_shape: [3, 2], strides: [3, 2] })],
    ['globalpool', () => meant('GlobalAveragePool', [x])],
    ['globalpool --of max', () => meant('GlobalMaxPool', [x])],
    [
      'pad --by 1,2,3,4 --border reflect',
      () => meant('Pad', [x, ints(0, 0, 1, 3, 0, 0, 2, 4)], { mode: 'reflect' }),
    ],
    ['pixel-shuffle --by 2', () => meant('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' })],
    ['softmax', () => meant('Softmax', [x], { axis: 1 })],
    ['argmax', () => meant('ArgMax', [x], { axis: 1 })],
    [
      'batchnorm --mean 0.5 --variance 4 --gamma 2 --beta 1',
      () => {
        const of = (v: number) =>
          nd(
            [8],
            Array.from({ length: 8 }, () => v),
          )
        return meant('BatchNormalization', [x, of(2), of(1), of(0.5), of(4)])
      },
    ],
    ['keep --as a -- relu -- add --with a', () => meant('Add', [x, meant('Relu', [x])])],
    ['keep --as a -- relu -- concat --with a', () => meant('Concat', [meant('Relu', [x]), x], { axis: 1 })],
  ]
  it.each(cases)('%s', async (words, expected) => {
    same(await chain(...words.split(' ')), expected())
  })

  it('unpools by the switches of a pooling before, with layers between', async () => {
    const window = { kernel_shape: [2, 2], strides: [2, 2] }
    const [pooled, places] = meanings.MaxPool!([x], window, 17, 2)
    const expected = meant('MaxUnpool', [meant('Relu', [pooled]), places], window)
    same(await chain(...'maxpool --switches s -- relu -- unpool --with s'.split(' ')), expected)
  })

  it('clip counts in levels, of which white is 255', async () => {
    const made = await chain('clip', '--min', '0', '--max', '127.5')
    // the array holds numbers from -1 to 1, and white is 255
    expect(Math.min(...made.data)).toBe(0)
  })

  it.each([['pointwise'], ['conv2d']])('%s --activation tanh takes numbers as they are', async (name) => {
    const eye = Array.from({ length: 8 }, (_, i) =>
      Array.from({ length: 8 }, (_, j) => (i === j ? 2 : 0)).join(' '),
    ).join('; ')
    const bank = new Float32Array(64).map((_, i) => (i % 9 === 0 ? 2 : 0))
    writeFileSync(folder.path('bank.npy'), writeNpy([8, 8, 1, 1], bank))
    const kernel = name === 'pointwise' ? eye : folder.path('bank.npy')
    const made = await chain(name, '--kernel', kernel, '--activation', 'tanh')
    same(
      made,
      nd(
        shape,
        x.data.map((v) => Math.tanh(2 * v)),
      ),
    )
  })

  it('names what was kept where a name is wrong', async () => {
    writeFileSync(folder.path('x.npy'), writeNpy(shape.slice(1), Float32Array.from(data)))
    const { status, stderr } = await convo([
      'chain',
      folder.path('x.npy'),
      folder.path('z.npy'),
      '--',
      'keep',
      '--as',
      'skip',
      '--',
      'add',
      '--with',
      'skup',
    ])
    expect(status).toBe(2)
    expect(stderr).toContain('error: no earlier step saved a result as "skup"   [E_NAME]')
    expect(stderr).toContain('--with skip')
  })
})

describe('a step that takes a volume', () => {
  it('may follow one that takes its slices one by one', async () => {
    const [a, b, c] = ['a.npy', 'b.npy', 'c.tif'].map((name) => folder.path(name)) as [string, string, string]
    const volume = fileURLToPath(new URL('../../samples/volume.tif', import.meta.url))
    const mix = ['pointwise', '--kernel', '2']
    for (const [path, steps] of [
      [a, [...mix, '--', 'conv3d', '--filter', 'box']],
      [b, ['conv3d', '--filter', 'box', '--', ...mix]],
    ] as const) {
      const { status, stderr } = await convo(['chain', volume, path, '--', ...steps])
      expect(status, stderr).toBe(0)
    }
    const [x, y] = [a, b].map((path) => readNpy(readFileSync(path), path))
    expect(x!.shape).toEqual(y!.shape)
    expect(x!.data.every((v, i) => Math.abs(Number(v) - Number(y!.data[i]!)) < 1e-3)).toBe(true)
    const smoothed = await convo(['chain', volume, c, '--', 'gaussian', '--', 'conv3d'])
    expect([smoothed.status, smoothed.stderr]).toEqual([
      0,
      'note: the output has 24 pages, one for each slice\n',
    ])
  })
})

describe('results that do not fit each other', () => {
  const cases: [steps: string[], fix: string][] = [
    [['keep --as a', 'crop --size 4,3', 'add --with a'], 'resize --width 10 --height 6 -- add --with a'],
    [['keep --as a', 'maxpool', 'concat --with a'], 'resize --width 10 --height 6 -- concat --with a'],
    [['keep --as a', 'crop --size 7,5', 'add --with a'], 'pad --by 0,1,1,2 -- add --with a'],
    [['crop --size 7,5', 'keep --as a', 'resize --by 2', 'add --with a'], 'crop --size 7,5 -- add --with a'],
    [['keep --as a', 'concat --with a', 'add --with a'], 'concat --with a'],
    [
      ['keep --as a', 'concat --with a', 'maxpool', 'add --with a'],
      'resize --width 10 --height 6 -- concat --with a',
    ],
  ]
  it.each(cases)('%j: the steps that mend it work', async (steps, fix) => {
    const name = 'a skip'
    const words = (text: string) => text.split(' ').map((word) => (word === 'a' ? name : word))
    const line = (all: readonly string[]) => all.flatMap((step) => ['--', ...words(step)])
    writeFileSync(folder.path('x.npy'), writeNpy(shape.slice(1), Float32Array.from(data)))
    const head = ['chain', folder.path('x.npy'), folder.path('z.npy'), '--force', '--layout', 'chw']
    const refused = await convo([...head, ...line(steps)])
    expect(refused.stderr).toContain('[E_SHAPE]')
    expect(refused.stderr).toContain(`try: -- ${fix.replace('--with a', "--with 'a skip'")}\n`)
    const { status, stderr } = await convo([...head, ...line([...steps.slice(0, -1), ...fix.split(' -- ')])])
    expect(stderr).not.toContain('error')
    expect(status).toBe(0)
  })
})
