import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { referenceEngine } from '../../../src/definition/engine.ts'
import { fitOf, modelOf, throughModel } from '../../../src/net/model.ts'
import type { Network } from '../../../src/net/network.ts'
import { networkFrom } from '../../../src/net/read.ts'
import { Tensor } from '../../../src/tensor/tensor.ts'
import { failure } from '../../kernel/expect-failure.ts'
import { textOf } from '../small.ts'
import { numbers } from '../vectors/formula.ts'

type Spec = {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly data?: readonly number[]
}
/** The output of vectors/tfjs-graph.mjs: a model with every operator, and the results of TensorFlow.js. */
const vectors: {
  readonly modelTopology: object
  readonly weights: readonly Spec[]
  readonly outputs: Readonly<Record<string, object>>
  readonly results: readonly {
    readonly shape: readonly number[]
    readonly step: number
    readonly samples: readonly number[]
    readonly of: string
  }[]
} = JSON.parse(readFileSync(new URL('../vectors/tfjs-graph.json', import.meta.url), 'utf8'))

const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
const { modelTopology, weights, outputs, results } = vectors

const bytes = Buffer.concat(
  weights.map(({ shape, data }, i) =>
    Buffer.from(
      data === undefined
        ? Float32Array.from(numbers(countOf(shape), i)).buffer
        : Int32Array.from(data).buffer,
    ),
  ),
)
const file = {
  format: 'graph-model',
  modelTopology,
  signature: { outputs },
  weightsManifest: [
    { paths: ['w.bin'], weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) },
  ],
}
const graph = (): Network => networkFrom(Buffer.from(JSON.stringify(file)), { beside: () => bytes })
const [height, width] = [11, 14]
const picture = new Tensor(
  [3, height, width],
  Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const [channel, place] = [Math.floor(i / (height * width)), i % (height * width)]
    return (numbers(3 * height * width, 1000)[place * 3 + channel]! + 1) / 2
  }),
)

const network = graph()
test.each(results.map((one, i) => [`${one.of} ${i}`, one, `y${i}`] as const))(
  '%s equals TensorFlow.js',
  async (_, { shape, step, samples }, head) => {
    const model = await modelOf(network, { head })
    const fit = await fitOf(model, [3, height, width])
    const made = await throughModel(model, picture, referenceEngine, fit)
    // an output of another rank or order is a list of planes all the same
    const [high, wide, channels] = shape.slice(-3) as [number, number, number]
    expect(made.data.length).toBe(countOf(shape))
    const isOurs = String(made.shape) === String([high, wide, channels])
    const at = (i: number) =>
      isOurs || shape.length < 3 ? i : (i % channels) * high * wide + Math.floor(i / channels)
    const worst = samples.map(
      (sample, k) => Math.abs(made.data[at(k * step)]! - sample) / Math.max(1, Math.abs(sample)),
    )
    expect(Math.max(...worst)).toBeLessThan(2e-6)
  },
)

const text = (word: string) => ({ s: Buffer.from(word).toString('base64') })
const dims = (...sizes: readonly number[]) => ({
  shape: { dim: sizes.map((size) => ({ size: String(size) })) },
})
const input = {
  name: 'in',
  op: 'Placeholder',
  attr: { dtype: { type: 'DT_FLOAT' }, shape: dims(-1, 4, -1, 2) },
}
const node = (op: string, name: string, input: readonly string[], attr: object = {}) => ({
  op,
  name,
  input,
  attr,
})

/** A graph of some nodes, with weights of one group in `w.bin`. */
const model = (nodes: readonly object[], more: object = {}, list: readonly object[] = []): Buffer =>
  Buffer.from(
    JSON.stringify({
      modelTopology: { node: [input, ...nodes] },
      weightsManifest: [{ paths: ['w.bin'], weights: list }],
      ...more,
    }),
  )
const read = (bytes: Uint8Array, data: Uint8Array = new Uint8Array()) =>
  networkFrom(bytes, { name: 'model.json', beside: () => data })
const refused = (bytes: Uint8Array, data?: Uint8Array) => {
  const { code, message, fix } = failure(() => read(bytes, data))
  return [code, message, fix]
}

describe('a graph', () => {
  test('has its pictures in the order of the file, and its nodes in any order', () => {
    const made = read(
      model([node('Tanh', 'b', ['a', '^c']), node('Relu', 'a', ['in']), node('NoOp', 'c', [])]),
    )
    expect(made.inputs).toEqual([{ name: 'in', shape: [undefined, 4, undefined, 2] }])
    expect(made.outputs).toEqual([{ name: 'b:output', shape: undefined }])
    expect(textOf(made)).toEqual(['Relu(in) -> a.1', 'Tanh(a.1) -> b.1', 'Identity(b.1) -> b:output'])
  })

  test('has the outputs of its signature, wherever that stands, and reads no other node', () => {
    const nodes = [node('Relu', 'a', ['in']), node('Odd', 'x', ['a']), node('Abs', 'b', ['a'])]
    const signature = { outputs: { mask: { name: 'b:0' }, 'a:0': { name: 'a:0' } } }
    for (const whole of [{ signature }, { userDefinedMetadata: { signature } }])
      expect(read(model(nodes, whole)).outputs.map(({ name }) => name)).toEqual(['mask', 'a:output'])
  })

  test('of levels says so, and a value of open shape is a number', () => {
    const size = { name: 'size', op: 'Placeholder', attr: { shape: { shape: { unknownRank: true } } } }
    const levels = { ...input, name: 'levels', attr: { ...input.attr, dtype: { type: 'DT_UINT8' } } }
    const bytes = Buffer.from(
      JSON.stringify({
        modelTopology: { node: [size, levels, node('Mul', 'a', ['size', 'levels'])] },
        weightsManifest: [],
      }),
    )
    const made = read(bytes)
    expect(made.meaning).toEqual({ inRange: '0..255' })
    expect(made.inputs[0]).toEqual({ name: 'size', shape: [] })
  })

  test('with channels first has no transpositions', () => {
    const attr = {
      data_format: text('NCHW'),
      ksize: { list: { i: ['1', '1', '2', '3'] } },
      padding: text('VALID'),
    }
    const { nodes } = read(model([node('MaxPool', 'a', ['in'], { ...attr, strides: attr.ksize })]))
    expect(nodes.map(({ operator }) => operator)).toEqual(['MaxPool', 'Identity'])
    expect(nodes[0]!.attributes.get('kernel_shape')).toEqual([2, 3])
  })
})

test('several convolutions of the same blocks are padded once', () => {
  const list = (...i: readonly number[]) => ({ list: { i: i.map(String) } })
  const conv = { strides: list(1, 1, 1, 1), padding: text('VALID') }
  const constants = ['w', 'block', 'pads', 'crops']
  const { nodes } = read(
    model(
      [
        ...constants.map((name) => node('Const', name, [])),
        node('SpaceToBatchND', 's', ['in', 'block', 'pads']),
        node('Conv2D', 'a', ['s', 'w'], conv),
        node('Conv2D', 'b', ['a', 'w'], conv),
        node('BatchToSpaceND', 'c', ['b', 'block', 'crops']),
      ],
      {},
      [
        { name: 'w', shape: [1, 1, 2, 2], dtype: 'float32' },
        { name: 'block', shape: [2], dtype: 'int32' },
        { name: 'pads', shape: [2, 2], dtype: 'int32' },
        { name: 'crops', shape: [2, 2], dtype: 'int32' },
      ],
    ),
    new Uint8Array(56),
  )
  const used = nodes.map(({ operator }) => operator).filter((one) => ['Pad', 'Conv'].includes(one))
  // the last crops
  expect(used).toEqual(['Pad', 'Conv', 'Conv', 'Pad'])
})

describe('refused by name', () => {
  const conv = { strides: { list: { i: ['1', '1', '1', '1'] } }, padding: text('SAME') }
  const weight = (shape: readonly number[]) => ({ name: 'w', shape, dtype: 'float32' })
  test.each([
    [
      'an operator that is not there',
      model([node('NonMaxSuppressionV3', 'a', ['in'])]),
      ['E_NET_OPERATOR', 'node "a" (NonMaxSuppressionV3) is not supported'],
    ],
    ['a node that is not there', model([node('Relu', 'a', ['b'])]), ['E_NET_SYNTAX']],
    ['an output that a node does not have', model([node('Relu', 'a', ['in:1'])]), ['E_NET_SYNTAX']],
    [
      'a node without inputs',
      model([node('Relu', 'a', [])]),
      ['E_NET_OPERATOR', 'node "a" (Relu) needs input 0'],
    ],
    [
      'a cycle',
      model([node('Add', 'a', ['b', 'in']), node('Relu', 'b', ['a']), node('Abs', 'c', ['b'])]),
      ['E_NET_SYNTAX'],
    ],
    [
      'weights that are computed',
      model([node('Conv2D', 'a', ['in', 'in'], conv)]),
      ['E_NET_OPERATOR', 'node "a" (Conv2D) computes its weights, which must be a constant'],
    ],
    [
      'weights of another rank',
      model([node('Const', 'w', []), node('Conv2D', 'a', ['in', 'w'], conv)], {}, [weight([1, 2])]),
      ['E_NET_OPERATOR', 'node "a" (Conv2D) has weights of [1, 2], where 4 sizes are needed'],
    ],
    [
      'a padding that TensorFlow does not have',
      model(
        [node('Const', 'w', []), node('Conv2D', 'a', ['in', 'w'], { ...conv, padding: text('HALF') })],
        {},
        [weight([1, 1, 1, 2])],
      ),
      ['E_NET_OPERATOR', 'node "a" (Conv2D) has an unsupported padding, HALF'],
    ],
    [
      'a constant without weights',
      model([node('Const', 'w', []), node('Relu', 'a', ['w'])]),
      ['E_NET_SYNTAX'],
    ],
    [
      'blocks that are joined without a convolution',
      model(
        [
          node('Const', 'w', []),
          node('SpaceToBatchND', 's', ['in', 'w', 'w']),
          node('BatchToSpaceND', 'a', ['s', 'w', 'w']),
        ],
        {},
        [{ ...weight([2]), dtype: 'int32' }],
      ),
      ['E_NET_OPERATOR', 'node "a" (BatchToSpaceND) does not follow a convolution after SpaceToBatchND'],
    ],
    [
      'blocks that no convolution reads',
      model(
        [node('Const', 'w', []), node('SpaceToBatchND', 's', ['in', 'w', 'w']), node('Relu', 'a', ['s'])],
        {},
        [{ ...weight([2]), dtype: 'int32' }],
      ),
      ['E_NET_OPERATOR', 'node "a" (Relu) reads a picture taken apart into blocks'],
    ],
  ])('%s', (_, bytes, expected) => {
    expect(refused(bytes, new Uint8Array(8)).slice(0, expected.length)).toEqual(expected)
  })
})
