import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { readNpy } from '../../src/kernel/formats/npy.ts'
import { limits } from '../../src/limits.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { sizeOf } from '../../src/tensor/tensor.ts'
import { fileOf, floats, randoms, type TestNetwork } from '../net/graphs.ts'
import { onnxModel } from '../net/onnx-writer.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()

/** Writes a picture whose samples are computed by `of`. */
async function picture(
  name: string,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  of: (x: number, y: number, c: number) => number,
  depth: 8 | 16 = 8,
): Promise<string> {
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels)
    data[i] = of(pixel % width, Math.floor(pixel / width), i % channels)
  }
  const made: Picture = { width, height, channels, depth, data, meta: { resolution: [3000, 3000] } }
  const { bytes } = await encode(made, 'png', {})
  writeFileSync(folder.path(name), bytes)
  return folder.path(name)
}

function model(name: string, network: TestNetwork): string {
  writeFileSync(folder.path(name), fileOf(network))
  return folder.path(name)
}

const ramp = (x: number, y: number, c: number) => (7 * x + 11 * y + 40 * c) % 256
/** A network that doubles width and height by repeating every sample: a transposed convolution of each channel. */
const doubling = (channels: number): TestNetwork => ({
  shape: [1, channels, 8, 8],
  nodes: [
    {
      operator: 'ConvTranspose',
      inputs: ['x', { shape: [channels, 1, 2, 2], data: Array.from({ length: channels * 4 }, () => 1) }],
      outputs: ['y'],
      attributes: { strides: [2, 2], group: channels },
    },
  ],
})
const run = (...args: string[]) => convo(['net', ...args])

describe('convo net', () => {
  it('keeps levels, depth, resolution and any size', async () => {
    for (const depth of [8, 16] as const) {
      const gain = depth === 16 ? 257 : 1
      const input = await picture('in.png', 13, 9, 3, (x, y, c) => ramp(x, y, c) * gain, depth)
      const output = folder.path('out.png')
      const { status, stderr } = await run(model('up.onnx', doubling(3)), input, output, '--in-range', '0..1')
      expect(stderr).toBe('')
      expect(status).toBe(0)
      const made = await decode(output, { maxPixels: 1e6, orient: true })
      expect([made.width, made.height, made.channels, made.depth]).toEqual([26, 18, 3, depth])
      expect(made.meta.resolution).toEqual([3000, 3000])
      for (const [x, y, c] of [
        [0, 0, 0],
        [25, 17, 2],
        [11, 6, 1],
      ] as const)
        expect(made.data[(y * 26 + x) * 3 + c]).toBe(ramp(x >> 1, y >> 1, c) * gain)
    }
  })

  it('notes what it guessed', async () => {
    const input = await picture('in.png', 4, 4, 3, ramp)
    const { stderr } = await run(model('up.onnx', doubling(3)), input, folder.path('out.png'))
    expect(stderr).toContain(
      'note: the network does not state its range: 0 is black and 1 is white; --in-range changes it, and net convert keeps it in the file',
    )
  })

  it('carries alpha, resized', async () => {
    const input = await picture('in.png', 6, 5, 4, (x, y, c) => (c === 3 ? 100 : ramp(x, y, c)))
    await run(model('up.onnx', doubling(3)), input, folder.path('out.png'), '--in-range', '0..1')
    const { channels, data } = await decode(folder.path('out.png'), { maxPixels: 1e6, orient: true })
    expect(channels).toBe(4)
    expect(new Set(data.filter((_, i) => i % 4 === 3))).toEqual(new Set([100]))
    expect(data[0]).toBe(ramp(0, 0, 0))
  })

  it('gives one channel the luminance of a picture in colour', async () => {
    const input = await picture('in.png', 6, 5, 3, () => 90)
    const { stderr } = await run(model('luma.onnx', doubling(1)), input, folder.path('out.png'))
    expect(stderr).toContain('it gets the luminance, and the colours are resized separately')
    const made = await decode(folder.path('out.png'), { maxPixels: 1e6, orient: true })
    expect([made.width, made.channels]).toEqual([12, 3])
    expect(new Set(made.data)).toEqual(new Set([90]))
  })

  it('turns BGR, ranges and back', async () => {
    // outputs the first channel as all three
    const first: TestNetwork = {
      shape: [1, 3, 4, 4],
      nodes: [
        {
          operator: 'Conv',
          inputs: ['x', { shape: [3, 3, 1, 1], data: [1, 0, 0, 1, 0, 0, 1, 0, 0] }],
          outputs: ['y'],
        },
      ],
    }
    const input = await picture('in.png', 4, 4, 3, (_x, _y, c) => [10, 20, 30][c]!)
    const path = model('first.onnx', first)
    for (const range of ['0..1', '-1..1', '0..255']) {
      await run(path, input, folder.path('out.png'), '--in-range', range, '--colours', 'bgr')
      const { data } = await decode(folder.path('out.png'), { maxPixels: 1e6, orient: true })
      expect(new Set(data)).toEqual(new Set([30]))
    }
  })

  it('mirrors a picture whose size the network does not take, and cuts the result', async () => {
    const half: TestNetwork = {
      shape: [1, 3, 4, 4],
      nodes: [
        {
          operator: 'MaxPool',
          inputs: ['x'],
          outputs: ['p'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
        {
          operator: 'Resize',
          inputs: ['p', undefined, { shape: [4], data: [1, 1, 2, 2] }],
          outputs: ['u'],
          attributes: { mode: 'nearest' },
        },
        { operator: 'Max', inputs: ['x', 'u'], outputs: ['y'] },
      ],
    }
    const input = await picture('in.png', 7, 5, 3, ramp)
    const { stderr } = await run(
      model('half.onnx', half),
      input,
      folder.path('out.png'),
      '--in-range',
      '0..1',
    )
    expect(stderr).toBe(
      'note: the picture was mirrored at its edges to 8x6, because the network needs multiples of 2; the result was cropped\n',
    )
    const made = await decode(folder.path('out.png'), { maxPixels: 1e6, orient: true })
    expect([made.width, made.height]).toEqual([7, 5])
    expect(made.data[0]).toBe(ramp(1, 1, 0))
  })

  it('takes layers of more samples than memory has, and works on a few rows where a step sees all', async () => {
    const file = fileOf({
      shape: [1, 3, 8, 8],
      nodes: [
        { operator: 'Conv', inputs: ['x', floats(randoms(1), 64, 3, 3, 3)], outputs: ['a'] },
        { operator: 'GlobalAveragePool', inputs: ['a'], outputs: ['m'] },
        { operator: 'Sigmoid', inputs: ['m'], outputs: ['s'] },
        { operator: 'Mul', inputs: ['a', 's'], outputs: ['b'] },
        { operator: 'Conv', inputs: ['b', floats(randoms(2), 3, 64, 3, 3)], outputs: ['y'] },
      ],
    })
    writeFileSync(folder.path('large.onnx'), file)
    const { status, stdout } = await run('info', folder.path('large.onnx'), '--input', '6000x4000', '--json')
    expect(status).toBe(0)
    const { nodes, memory } = JSON.parse(stdout) as { nodes: { shapes: number[][] }[]; memory: number }
    expect(sizeOf(nodes[0]!.shapes[0]!)).toBeGreaterThan(limits.tensorSamples.most)
    expect(memory).toBeLessThan(64 * 2 ** 20)
  })

  it('names a size that fits where this one and those near it do not, if there is one', async () => {
    const pooled = (side: number): string => {
      const attributes = { kernel_shape: [side, side] }
      const file = onnxModel({
        inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'] }],
        outputs: [{ name: 'y' }],
        nodes: [{ operator: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes }],
      })
      writeFileSync(folder.path('pooled.onnx'), file)
      return folder.path('pooled.onnx')
    }
    const input = await picture('in.png', 7, 5, 3, ramp)
    for (const [side, fix] of [
      [200, 'a picture of another size: the network takes 256x256'],
      [2000, 'no size up to 1024x1024 was found to fit'],
    ] as const) {
      const { status, stderr } = await run(pooled(side), input, folder.path('not.png'))
      expect(status).toBe(2)
      expect(stderr).toContain('the network does not take 7x5')
      expect(stderr).toContain(fix)
    }
  })

  it('paints classes in colours, and keeps their numbers where asked to', async () => {
    const classes: TestNetwork = {
      shape: [1, 3, 4, 4],
      nodes: [{ operator: 'ArgMax', inputs: ['x'], outputs: ['y'], attributes: { axis: 1, keepdims: 1 } }],
    }
    const input = await picture('in.png', 3, 2, 3, (x, _y, c) => (x === c ? 200 : 10))
    const path = model('classes.onnx', classes)
    await run(path, input, folder.path('out.png'))
    const { data, channels } = await decode(folder.path('out.png'), { maxPixels: 1e6, orient: true })
    expect(channels).toBe(3)
    expect(Array.from(data.slice(0, 9))).toEqual([0, 0, 0, 128, 0, 0, 0, 128, 0])
    await run(path, input, folder.path('out.npy'), '--classes', 'numbers')
    expect(Array.from(readNpy(readFileSync(folder.path('out.npy')), 'out').data)).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('gives the same bytes with any number of threads', async () => {
    const input = await picture('in.png', 60, 50, 3, ramp)
    const path = model('up.onnx', doubling(3))
    const outputs = await Promise.all(
      [1, 3].map(async (threads) => {
        const output = folder.path(`out${threads}.png`)
        await run(path, input, output, '--threads', String(threads))
        return readFileSync(output)
      }),
    )
    expect(outputs[0]!.equals(outputs[1]!)).toBe(true)
  })

  it('names an operator that it does not have, its node, and what there is', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 3, 4, 4] }],
      outputs: [{ name: 'y' }],
      nodes: [
        {
          operator: 'NonMaxSuppression',
          name: 'boxes',
          inputs: ['x'],
          outputs: ['y'],
        },
      ],
    })
    writeFileSync(folder.path('odd.onnx'), bytes)
    const input = await picture('in.png', 4, 4, 3, ramp)
    const { status, stderr } = await run(folder.path('odd.onnx'), input, folder.path('never.png'))
    expect(status).toBe(2)
    expect(stderr).toContain(
      'error: NonMaxSuppression "boxes": convo does not have the operator NonMaxSuppression   [E_NET_OPERATOR]',
    )
    expect(folder.names()).not.toContain('never.png')
  })

  /** A network for 6x4 that multiplies by ones of a size. */
  const timesOnes = (high: number, wide: number): TestNetwork => {
    const ones = { shape: [1, 1, high, wide], data: Array.from({ length: high * wide }, () => 1) }
    return { shape: [1, 3, 4, 6], nodes: [{ operator: 'Mul', inputs: ['x', ones], outputs: ['y'] }] }
  }

  it('says what size a network is for that takes no other', async () => {
    const input = await picture('in.png', 7, 5, 3, ramp)
    const { status, stderr } = await run(
      model('fixed.onnx', timesOnes(4, 6)),
      input,
      folder.path('never.png'),
    )
    expect(status).toBe(2)
    expect(stderr).toContain('its file is written for 6x4')
    expect(stderr).toContain('dynamic axes')
  })

  it('blames no picture for a network that does not fit its own size', async () => {
    const path = model('wrong.onnx', timesOnes(5, 7))
    for (const [width, height] of [
      [6, 4],
      [8, 6],
    ] as const) {
      const input = await picture('in.png', width, height, 3, ramp)
      const { status, stderr } = await run(path, input, folder.path('never.png'), '--force')
      expect(status).toBe(2)
      expect(stderr).toMatch(/^error: Mul ".*": they do not fit/)
      expect(stderr).not.toContain('a picture of')
    }
  })

  it('describes a network, draws it and writes it again', async () => {
    const path = model('up.onnx', doubling(3))
    const info = await convo([
      'net',
      'info',
      path,
      '--input',
      '20x10',
      '--json',
      '--svg',
      folder.path('graph.svg'),
    ])
    expect(info.stderr).toBe('')
    expect(JSON.parse(info.stdout)).toMatchObject({
      input: [3, 10, 20],
      output: [3, 20, 40],
      parameters: 12,
      multiplications: 2400,
      receptive: 1,
    })
    expect(readFileSync(folder.path('graph.svg'), 'utf8')).toContain('ConvTranspose')
    const explained = await convo(['explain', path, '--input', '3x10x20', '--json'])
    expect(explained.stdout).toBe(info.stdout)
    // two numbers always mean width x height, and three are the sizes of a tensor
    expect((await convo(['explain', path, '--input', '20x10', '--json'])).stdout).toBe(info.stdout)
    expect((await convo(['net', 'info', path, '--input', '3x10x20', '--json'])).stdout).toBe(info.stdout)
    const own = folder.path('own.safetensors')
    expect((await convo(['net', 'convert', path, own])).status).toBe(0)
    const input = await picture('in.png', 9, 7, 3, ramp)
    for (const [net, output] of [
      [path, 'a.png'],
      [own, 'b.png'],
    ] as const)
      expect((await run(net, input, folder.path(output))).status).toBe(0)
    expect(readFileSync(folder.path('a.png')).equals(readFileSync(folder.path('b.png')))).toBe(true)
    const again = folder.path('again.safetensors')
    expect((await convo(['net', 'convert', own, again])).status).toBe(0)
    expect(readFileSync(again).equals(readFileSync(own))).toBe(true)
  })

  it('keeps in the file what was said of its samples, and lets an option say otherwise', async () => {
    const path = model('up.onnx', doubling(3))
    const said = folder.path('said.safetensors')
    const options = ['--in-range', '0..255', '--out-range', '0..1', '--colours', 'bgr']
    const input = await picture('in.png', 4, 3, 3, (_x, _y, c) => c)
    expect((await convo(['net', 'convert', path, said, ...options])).stderr).toBe('')
    expect((await convo(['net', 'info', said])).stdout).toContain('convo.in-range: 0..255')
    const bytesOf = async (...words: string[]) => {
      const { stderr, status } = await run(...words, '--force')
      expect([stderr, status]).toEqual([expect.stringMatching(/^(note: .* clipped.*\n)?$/), 0])
      return readFileSync(words[2]!)
    }
    const out = folder.path('said.png')
    const typed = await bytesOf(path, input, out, ...options)
    expect((await bytesOf(said, input, out)).equals(typed)).toBe(true)
    const same = ['--out-range', '0..255']
    const other = await bytesOf(path, input, out, '--in-range', '0..255', '--colours', 'bgr', ...same)
    expect((await bytesOf(said, input, out, ...same)).equals(other)).toBe(true)
    expect(other.equals(typed)).toBe(false)
    const again = folder.path('again.safetensors')
    await convo(['net', 'convert', said, again])
    expect(readFileSync(again).equals(readFileSync(said))).toBe(true)
  })

  it('takes one output with what it depends on, and writes it as a network of its own', async () => {
    const path = folder.path('heads.onnx')
    writeFileSync(
      path,
      onnxModel({
        inputs: ['other', 'x'].map((name) => ({ name, shape: [1, 3, 'h', 'w'] })),
        outputs: ['found', 'y'].map((name) => ({ name })),
        metadata: { 'convo.in-range': '0..255' },
        initializers: { w: { shape: [99, 3], data: Array(297).fill(1) }, two: { shape: [], data: [2] } },
        nodes: [
          { operator: 'NonMaxSuppression', inputs: ['other', 'w'], outputs: ['found'] },
          { operator: 'Mul', inputs: ['x', 'two'], outputs: ['y'] },
        ],
      }),
    )
    const input = await picture('in.png', 4, 3, 3, (x, y, c) => 9 * x + 30 * y + c)
    const refused = await run(path, input, folder.path('no.png'))
    expect(refused.stderr).toContain('does not have the operator NonMaxSuppression')
    const { stderr } = await run(path, input, folder.path('a.png'), '--head', 'y')
    expect(stderr).toBe('')
    const own = folder.path('y.safetensors')
    expect((await convo(['net', 'convert', path, own, '--head', 'y'])).status).toBe(0)
    expect((await convo(['net', 'info', own])).stdout).not.toMatch(/NonMax|outputs:/)
    expect(readFileSync(own).length).toBeLessThan(900)
    expect((await run(own, input, folder.path('b.png'))).stderr).toBe('')
    expect(readFileSync(folder.path('b.png')).equals(readFileSync(folder.path('a.png')))).toBe(true)
    const odd = await convo(['net', 'convert', path, own, '--head', 'z'])
    expect(odd.stderr).toContain('the network has no output "z"')
  })

  it('explains a network for a picture of any channels, and its outputs, weights and ranges', async () => {
    const weights = {
      shape: [4, 1, 3, 3],
      data: Array.from({ length: 36 }, (_, i) => i - 18),
      type: 'int8',
    } as const
    const path = folder.path('quantised.onnx')
    writeFileSync(
      path,
      onnxModel({
        inputs: [
          { name: 'x', shape: [1, 1, 'h', 'w'], type: 'uint8' },
          { name: 'gain', shape: [1] },
        ],
        outputs: [{ name: 'y' }, { name: 'z' }],
        initializers: {
          q: weights,
          scale: { shape: [], data: [0.5] },
          sizes: { shape: [4], data: [1, 1, 2, 2] },
        },
        nodes: [
          { operator: 'Cast', inputs: ['x'], outputs: ['f'], attributes: { to: 1 } },
          { operator: 'Mul', inputs: ['f', 'gain'], outputs: ['g'] },
          { operator: 'DequantizeLinear', inputs: ['q', 'scale'], outputs: ['w'] },
          { operator: 'Conv', inputs: ['g', 'w'], outputs: ['y'] },
          { operator: 'Resize', inputs: ['y', '', 'sizes'], outputs: ['z'] },
        ],
      }),
    )
    const rgba = await picture('rgba.png', 12, 8, 4, ramp)
    const set = ['--set', 'gain=2']
    const { stdout, stderr } = await convo(['explain', path, rgba, '--json', '--head', 'z', ...set])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      input: [1, 8, 12],
      output: [4, 12, 20],
      outputs: ['z', 'y'],
      meaning: { inRange: '0..255' },
      // the weights of the convolution, stored as whole numbers, and the gain; the scales of a resize do not count
      parameters: 37,
      multiplications: 36 * 6 * 10,
    })
    const text = await convo(['explain', path, '--input', '12x8', ...set])
    expect(text.stdout).toContain(': 1x8x12 becomes 4x6x10 (channels x height x width)\n')
    expect(text.stdout).toContain('outputs: y, z; the first is computed, --head selects another\n')
    expect(text.stdout).toContain('range of its input: 0..255\n')
    expect((await convo(['explain', 'sobel', rgba, '--head', 'z'])).status).toBe(2)
  })

  it('compares the channels of --input with those that the network takes', async () => {
    const path = model('up.onnx', doubling(3))
    for (const command of [['net', 'info'], ['explain']]) {
      const { status, stderr } = await convo([...command, path, '--input', '4x10x20'])
      expect(status).toBe(2)
      expect(stderr).toBe(
        `error: the network takes 3 channels, and --input has 4   [E_SHAPE]\n  try: convo ${command.join(' ')} ${path} --input 20x10\n`,
      )
    }
    const open = folder.path('open.onnx')
    writeFileSync(
      open,
      onnxModel({
        inputs: [{ name: 'x', shape: [1, 'c', 'h', 'w'] }],
        outputs: [{ name: 'y' }],
        nodes: [{ operator: 'Relu', inputs: ['x'], outputs: ['y'] }],
      }),
    )
    const { stdout } = await convo(['net', 'info', open, '--input', '5x10x20', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ input: [5, 10, 20], output: [5, 10, 20] })
  })
})

describe('the networks of samples', () => {
  const sample = fileURLToPath(new URL('../../samples', import.meta.url))
  const pixels = (path: string) => decode(path, { maxPixels: 1e6, orient: true })

  /** A picture without and with noise, and the results of the command for both. */
  async function noisy() {
    const path = join(sample, 'small/colour.png')
    const clean = await pixels(path)
    const { width, height, channels } = clean
    const random = randoms(9)
    // the sum of twelve even numbers is nearly normal
    const normal = () => Array.from({ length: 12 }, random).reduce((a, b) => a + b, 0) / 2
    const data = Array.from(clean.data, (v, i) =>
      channels === 4 && i % 4 === 3 ? v : Math.max(0, Math.min(255, Math.round(v + 20 * normal()))),
    )
    const sampleAt = (x: number, y: number, c: number) => data[(y * width + x) * channels + c]!
    return { clean, path, data, input: await picture('noisy.png', width, height, channels, sampleAt) }
  }

  it('take noise off a picture, and say nothing of guesses', async () => {
    const { clean, data, input } = await noisy()
    const { status, stderr } = await run(
      join(sample, 'networks/denoise.safetensors'),
      input,
      folder.path('calm.png'),
    )
    expect(status).toBe(0)
    expect(stderr.replace(/^note: .* clipped.*\n/m, '')).toBe('')
    const made = await pixels(folder.path('calm.png'))
    const error = (data: ArrayLike<number>) =>
      Array.from(clean.data).reduce((sum, v, i) => sum + (v - data[i]!) ** 2, 0)
    expect(error(made.data)).toBeLessThan(error(data) / 2)
  })

  it('find edges in noise that a filter does not find', async () => {
    const { path, input } = await noisy()
    const net = ['net', join(sample, 'networks/edges.safetensors')]
    /** Returns how similar two results are: the correlation of their samples. */
    const alike = async (words: readonly string[], ...options: string[]) => {
      const of = async (file: string) => {
        const out = folder.path('edges.png')
        const { status } = await convo([...words, file, out, ...options, '--force'])
        expect(status).toBe(0)
        const { data, channels } = await pixels(out)
        expect(channels).toBe(1)
        const mean = Array.from(data).reduce((a, b) => a + b, 0) / data.length
        return Array.from(data, (v) => v - mean)
      }
      const [a, b] = [await of(path), await of(input)]
      const product = (x: number[], y: number[]) => x.reduce((sum, v, i) => sum + v * y[i]!, 0)
      return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
    }
    const byNetwork = await alike(net)
    expect(byNetwork).toBeGreaterThan(0.8)
    expect(byNetwork).toBeGreaterThan((await alike(['sobel'], '--gray')) + 0.1)
  })
})

describe('networks from the library', () => {
  it('run on pictures and on tensors', async () => {
    const { convo: begin, loadNet, Tensor, close } = await import('../../src/index.ts')
    const net = await loadNet(fileOf(doubling(3)))
    const x = new Tensor(
      [3, 2, 3],
      Float32Array.from({ length: 18 }, (_, i) => i),
    )
    const y = await net.run(x)
    expect(y.shape).toEqual([3, 4, 6])
    expect(Array.from(y.data.slice(0, 6))).toEqual([0, 0, 1, 1, 2, 2])
    const input = await picture('in.png', 5, 4, 3, ramp)
    const { data, width } = await begin(input).net(net, { inRange: '0..1' }).raw()
    expect(width).toBe(10)
    expect(data[3]).toBe(ramp(0, 0, 0))
    expect((await net.info({ width: 20, height: 10 })).output).toEqual([3, 20, 40])
    await expect(net.run(new Tensor([3, 2], new Float32Array(6)))).rejects.toThrow('x must have rank 3')
    await close()
  })
})
