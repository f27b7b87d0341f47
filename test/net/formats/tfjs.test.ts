import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { referenceEngine } from '../../../src/definition/engine.ts'
import { fitOf, modelOf, throughModel } from '../../../src/net/model.ts'
import { type NetworkOptions, networkFrom } from '../../../src/net/read.ts'
import { Tensor } from '../../../src/tensor/tensor.ts'
import { failure } from '../../kernel/expect-failure.ts'
import { textOf } from '../small.ts'
import { numbers } from '../vectors/formula.ts'

type Spec = { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }
/** The output of vectors/tfjs.mjs: a model with every layer, and the result of TensorFlow.js. */
const vectors: {
  readonly modelTopology: object
  readonly weights: readonly Spec[]
  readonly output: readonly [number, number, number, number]
  readonly step: number
  readonly samples: readonly number[]
} = JSON.parse(readFileSync(new URL('../vectors/tfjs.json', import.meta.url), 'utf8'))

const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/**
 * Converts from the order of TensorFlow.js, with the channels of a position together, to planes one after the other.
 */
function planes(
  data: ArrayLike<number>,
  [height, width, channels]: readonly [number, number, number],
): Float32Array {
  const out = new Float32Array(data.length)
  for (let i = 0; i < out.length; i++) {
    const [channel, place] = [i % channels, Math.floor(i / channels)]
    out[channel * height * width + place] = data[i]!
  }
  return out
}

test('a model of every layer equals TensorFlow.js', async () => {
  const { modelTopology, weights, output, step, samples } = vectors
  const bytes = weights.map(({ name, shape }, i) => {
    const scale = shape.length > 1 ? 0.25 : 0.125
    const data = Float32Array.from(numbers(countOf(shape), i), (n) =>
      name.includes('variance') ? n / 4 + 1 : n * scale,
    )
    return new Uint8Array(data.buffer)
  })
  const model = {
    format: 'layers-model',
    modelTopology,
    weightsManifest: [{ paths: ['a.bin', 'b/c.bin'], weights }],
  }
  const all = Buffer.concat(bytes)
  const files: Readonly<Record<string, Uint8Array>> = {
    'a.bin': all.subarray(0, 1001),
    'b/c.bin': all.subarray(1001),
  }
  const network = networkFrom(Buffer.from(JSON.stringify(model)), { beside: (path) => files[path]! })
  const x = planes(
    Float32Array.from(numbers(288, 1000), (n) => (n + 1) / 2),
    [8, 12, 3],
  )
  const ready = await modelOf(network)
  const shape = [3, 8, 12] as const
  const fit = await fitOf(ready, shape)
  const { shape: made, data } = await throughModel(ready, new Tensor(shape, x), referenceEngine, fit)
  const [, height, width, channels] = output
  expect(made).toEqual([channels, height, width])
  const worst = samples.map((sample, i) => {
    const at = i * step
    return Math.abs(data[(at % channels) * height * width + Math.floor(at / channels)]! - sample)
  })
  expect(Math.max(...worst)).toBeLessThan(1e-6)
})

const layer = (class_name: string, name: string, config: object = {}, inbound?: unknown) => ({
  class_name,
  name,
  config: { name, ...config },
  ...(inbound !== undefined && { inbound_nodes: inbound }),
})
const start = layer('InputLayer', 'in', { batch_input_shape: [null, null, 9, 2] }, [])
const reading = (...names: readonly string[]) => [names.map((name) => [name, 0, 0, {}])]

/** Makes a model of some layers, with its weights in `w.bin`. */
const model = (layers: readonly object[], weights: readonly object[] = [], whole: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      modelTopology: {
        model_config: {
          class_name: 'Functional',
          config: { name: 'm', layers, output_layers: [['end', 0, 0]] },
        },
      },
      weightsManifest: [{ paths: ['w.bin'], weights }],
      ...whole,
    }),
  )
const read = (bytes: Uint8Array, weights: Uint8Array = new Uint8Array(), options: NetworkOptions = {}) =>
  networkFrom(bytes, { name: 'model.json', beside: () => weights, ...options })

describe('a graph', () => {
  test('has pictures in our order, and layers that are used twice as two nodes', () => {
    const network = read(
      model([
        start,
        layer('ReLU', 'r', {}, [[['in', 0, 0, {}]], [['r', 0, 0, {}]]]),
        layer('Add', 'end', {}, [
          [
            ['r', 0, 0, {}],
            ['r', 1, 0, {}],
          ],
        ]),
      ]),
    )
    expect(network.inputs).toEqual([{ name: 'in', shape: [1, 2, undefined, 9] }])
    expect(network.outputs).toEqual([{ name: 'output', shape: undefined }])
    expect(textOf(network)).toEqual([
      'Relu(in) -> r.1',
      'Relu(r.1) -> r.1.1',
      'Add(r.1, r.1.1) -> end.1',
      'Identity(end.1) -> output',
    ])
  })

  test('of pixel shuffles under their names in published networks', () => {
    for (const [name, config] of [
      ['PixelShuffle', { scale: 3 }],
      ['PixelShuffle3x', {}],
    ] as const) {
      const { nodes } = read(model([start, layer(name, 'end', config, reading('in'))]))
      expect([...nodes[0]!.attributes]).toEqual([
        ['blocksize', 3],
        ['mode', 'DCR'],
      ])
    }
  })

  test('of layers one after another', () => {
    const config = [
      layer('ReLU', 'a', { batch_input_shape: [null, 4, 5, 1] }),
      layer('Activation', 'b', { activation: 'tanh' }),
    ]
    const bytes = model([], [], { modelTopology: { class_name: 'Sequential', config } })
    const network = read(bytes)
    expect(network.inputs).toEqual([{ name: 'input', shape: [1, 1, 4, 5] }])
    expect(textOf(network).slice(0, 2)).toEqual(['Relu(input) -> a.1', 'Tanh(a.1) -> Tanh_1'])
  })

  test('takes weights by the end of their names, and those that are quantised', () => {
    const conv = (name: string) => layer('Conv2D', name, { kernel_size: [1, 1] }, reading('in'))
    const network = read(
      model(
        [start, { ...conv('end') }],
        [
          {
            name: 'net/end/kernel:0',
            shape: [1, 1, 2, 2],
            dtype: 'float32',
            quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
          },
          {
            name: 'net/end/bias',
            shape: [2],
            dtype: 'float32',
            quantization: { dtype: 'float16', original_dtype: 'float32' },
          },
        ],
      ),
      Buffer.of(0, 1, 2, 255, 0x00, 0x3c, 0x00, 0xc0),
    )
    expect(network.constants.get('end.kernel')).toEqual({
      type: 'float32',
      shape: [2, 2, 1, 1],
      // [in][out] becomes [out][in]
      data: Float32Array.of(-1, 0, -0.5, 126.5),
    })
    expect([...network.constants.get('end.bias')!.data]).toEqual([1, -2])
  })
})

describe('refused by name', () => {
  const refused = (bytes: Uint8Array) => {
    const { code, message, why } = failure(() => read(bytes))
    return [code, message, why[0]]
  }
  const kernel = { name: 'end/kernel', shape: [3, 3, 2, 1], dtype: 'float32' }

  test.each<[string, Buffer, readonly string[]]>([
    [
      'a layer',
      model([start, layer('LSTM', 'end', {}, reading('in'))]),
      ['E_NET_OPERATOR', 'layer "end" (LSTM) is of an unsupported type'],
    ],
    [
      'an activation',
      model([start, layer('Activation', 'end', { activation: 'maxout' }, reading('in'))]),
      ['E_NET_OPERATOR', 'layer "end" (Activation) has an unsupported activation, "maxout"'],
    ],
    [
      'channels first',
      model([start, layer('Conv2D', 'end', { data_format: 'channels_first' }, reading('in'))], [kernel]),
      ['E_NET_OPERATOR', 'layer "end" (Conv2D) has its channels first'],
    ],
    [
      'weights that are missing',
      model([start, layer('Conv2D', 'end', {}, reading('in'))]),
      ['E_NET_OPERATOR', 'layer "end" (Conv2D) has no weights called "kernel"'],
    ],
    [
      'weights of another rank',
      model([start, layer('Conv2D', 'end', {}, reading('in'))], [{ ...kernel, shape: [2, 2] }]),
      ['E_NET_OPERATOR', 'layer "end" (Conv2D) has a kernel of [2, 2], where 4 sizes are needed'],
    ],
    [
      'weights that are not in the file',
      model([start, layer('Conv2D', 'end', {}, reading('in'))], [kernel]),
      [
        'E_NET_SYNTAX',
        'model.json cannot be read as a model.json',
        'model.json: expected 72 bytes in "w.bin", found "0"',
      ],
    ],
    [
      'a picture that is flattened',
      model([start, layer('Flatten', 'end', {}, reading('in'))]),
      ['E_NET_OPERATOR', 'layer "end" (Flatten) reshapes a picture'],
    ],
    [
      'a layer before those that it reads',
      model([start, layer('ReLU', 'end', {}, reading('late')), layer('ReLU', 'late', {}, reading('in'))]),
      [
        'E_NET_SYNTAX',
        'model.json cannot be read as a model.json',
        'model.json: expected a layer that comes after those that it reads, found "late"',
      ],
    ],
    [
      'an input of no pictures',
      model([layer('InputLayer', 'in', { batch_input_shape: [null, 7] }, [])]),
      [
        'E_NET_SYNTAX',
        'model.json cannot be read as a model.json',
        'model.json: expected an input of pictures, [batch, height, width, channels], found [null, 7]',
      ],
    ],
    [
      'a graph model without nodes',
      model([], [], { modelTopology: { node: [] } }),
      ['E_NET_SYNTAX', 'the network has no output'],
    ],
    [
      'text that is no JSON',
      Buffer.from('{"modelTopology": {'),
      ['E_NET_SYNTAX', 'model.json cannot be read as a model.json'],
    ],
  ])('%s', (_, bytes, expected) => {
    expect(refused(bytes).slice(0, expected.length)).toEqual(expected)
  })

  test('lists in lists without end, wherever they lie', () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000)
    const places = [
      'axis',
      'activation',
      'strides',
      'padding',
      'data_format',
      'interpolation',
      'size',
      'from',
      'use',
    ]
    for (const place of places) {
      const config = { [place]: 'DEEP', axis: place === 'axis' ? 'DEEP' : -1 }
      const from = place === 'from' ? [[['DEEP', 0]]] : place === 'use' ? [[['in', 'DEEP']]] : reading('in')
      for (const type of ['Concatenate', 'Activation', 'UpSampling2D', 'ZeroPadding2D', 'MaxPooling2D']) {
        const text = model([start, layer(type, 'end', config, from)])
          .toString()
          .replaceAll('"DEEP"', deep)
        try {
          read(Buffer.from(text))
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^E_NET_/) })
        }
      }
    }
  })
})
