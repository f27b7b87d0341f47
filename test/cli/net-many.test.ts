import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { fileOf } from '../net/graphs.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch('gray16.png')
const at = (name: string) => folder.path(name)

/** A network that multiplies every sample by a number. */
const times = (by: number) =>
  fileOf({
    shape: [1, 1, 8, 8],
    nodes: [{ operator: 'Mul', inputs: ['x', { shape: [1], data: [by] }], outputs: ['y'] }],
  })

const weights = (...shape: number[]) => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (i % 7) / 32),
})

const batch = (...step: readonly string[]) =>
  convo(['batch', at('in'), '-o', at('out/{stem}.png'), '--', ...step])

describe('a network as a step', () => {
  beforeAll(async () => {
    mkdirSync(at('in'))
    mkdirSync(at('nets'))
    for (const name of ['a', 'b']) copyFileSync(at('gray16.png'), at(`in/${name}.png`))
    writeFileSync(at('nets/half.onnx'), times(0.5))
    await convo(['net', at('nets/half.onnx'), at('in/a.png'), at('alone.png')])
  })

  it('runs in a batch as it does alone, and again only where the model is another', async () => {
    const step = ['net', at('nets/half.onnx')]
    expect((await batch(...step)).stderr).toContain('2 done')
    expect(readFileSync(at('out/b.png')).equals(readFileSync(at('alone.png')))).toBe(true)
    copyFileSync(at('nets/half.onnx'), at('nets/same.onnx'))
    expect((await batch('net', at('nets/same.onnx'))).stderr).toContain('2 up to date')
    writeFileSync(at('nets/half.onnx'), times(0.25))
    expect((await batch(...step)).stderr).toContain('2 done')
    writeFileSync(at('nets/half.onnx'), times(0.5))
  })

  it('runs a folder given to the command as a batch', async () => {
    const { status } = await convo([
      'net',
      at('nets/half.onnx'),
      at('in'),
      at('whole/'),
      '--in-range',
      '0..1',
    ])
    expect(status).toBe(0)
    expect(readFileSync(at('whole/a.png')).equals(readFileSync(at('alone.png')))).toBe(true)
  })

  it('stands in a chain and in a manifest, whose folder its path is taken from', async () => {
    const chain = ['chain', at('in/a.png'), at('chain.png'), '--', 'net', at('nets/half.onnx'), '--', 'net']
    expect((await convo([...chain, at('nets/half.onnx')])).status).toBe(0)
    writeFileSync(at('nets/quarter.onnx'), times(0.25))
    await convo(['net', at('nets/quarter.onnx'), at('in/a.png'), at('quarter.png')])
    expect(readFileSync(at('chain.png')).equals(readFileSync(at('quarter.png')))).toBe(true)
    writeFileSync(at('check.yaml'), 'cases: [{name: alone, input: in/a.png, run: net nets/half.onnx}]\n')
    const checked = async () => (await convo(['check', 'check.yaml'], { cwd: at('') })).status
    expect(await checked()).toBe(1)
    await convo(['approve', '--new'], { cwd: at('') })
    expect(await checked()).toBe(0)
    writeFileSync(at('nets/half.onnx'), times(0.25))
    expect(await checked()).toBe(1)
    writeFileSync(at('nets/half.onnx'), times(0.5))
  })

  it('runs in the batch of the library from a path, and not from bytes', async () => {
    const { batch: many, loadNet, close } = await import('../../src/index.ts')
    const net = await loadNet(at('nets/half.onnx'))
    const statuses: unknown[] = []
    for await (const event of many(at('in'), at('lib/{stem}.png'), (picture) => picture.net(net)))
      if (event.event === 'item') statuses.push(event.status)
    expect(statuses).toEqual(['done', 'done'])
    expect(readFileSync(at('lib/a.png')).equals(readFileSync(at('alone.png')))).toBe(true)
    const bytes = await loadNet(times(2))
    const refused = many(at('in'), at('lib/{stem}.png'), (picture) => picture.net(bytes))
    await expect(refused.next()).rejects.toThrow('the network of a batch must be loaded from a file')
    await close()
  })

  it('refuses a step without a model, and one from standard input', async () => {
    const without = await batch('net')
    expect(without.stderr).toContain('error: the step net needs <model>   [E_USAGE]')
    expect(without.stderr).toContain(`-- net model.onnx`)
    const piped = await batch('net', '-')
    expect(piped.stderr).toContain('a step takes its model from a file, not from standard input')
  })

  it('is explained in a chain, with what it sees and costs, also slice by slice', async () => {
    writeFileSync(
      at('nets/wide.onnx'),
      fileOf({
        shape: [1, 3, 8, 8],
        nodes: [
          {
            operator: 'Conv',
            inputs: ['x', weights(4, 3, 5, 5)],
            outputs: ['a'],
            attributes: { pads: [2, 2, 2, 2] },
          },
          {
            operator: 'ConvTranspose',
            inputs: ['a', weights(4, 3, 2, 2)],
            outputs: ['y'],
            attributes: { strides: [2, 2] },
          },
        ],
      }),
    )
    const explained = async (...words: string[]) =>
      JSON.parse((await convo(['explain', 'chain', '--json', ...words])).stdout)
    const net = ['net', at('nets/wide.onnx')]
    const two = await explained('--input', '4x20x30', '--', ...net, '--', 'gaussian', '--sigma', '0.5')
    expect(two.steps[0]).toEqual({
      operation: 'net',
      algorithm: 'network',
      output: [4, 40, 60],
      parameters: 4 * 3 * 25 + 4 * 3 * 4,
      multiplications: 20 * 30 * (4 * 3 * 25 + 4 * 3 * 4),
      receptiveField: [5, 5],
      step: [0.5, 0.5],
    })
    expect(two.output).toEqual([4, 40, 60])
    const slices = await explained('--input', '1x3x20x30', '--', 'conv3d', '--padding', 'same', '--', ...net)
    expect(slices.steps[1]).toMatchObject({ output: [1, 3, 40, 60], receptiveField: [3, 7, 7] })
    expect(slices.steps[1].multiplications).toBe(3 * two.steps[0].multiplications)
  })

  it('says once what it guesses of the slices of a volume', async () => {
    mkdirSync(at('slices'))
    for (const name of ['a', 'b', 'c']) copyFileSync(at('gray16.png'), at(`slices/${name}.png`))
    const chain = ['chain', at('slices'), at('slices.npy'), '--', 'net', at('nets/half.onnx'), '--', 'conv3d']
    const { status, stderr } = await convo(chain)
    expect(status).toBe(0)
    expect(stderr.match(/does not state its range/g)).toHaveLength(1)
  })
})
