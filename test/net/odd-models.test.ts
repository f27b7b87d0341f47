import { describe, expect, it, test } from 'vitest'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { modelOf } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { pass } from '../../src/net/through.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { randoms } from './graphs.ts'
import { type OnnxModel, type OnnxPort, type OnnxType, onnxModel } from './onnx-writer.ts'

// Files by exporters that are not plain float32 networks with [N,C,H,W]: other types, axes and sizes.

const [height, width] = [6, 9]
const numbers = (count: number, seed: number) => {
  const next = randoms(seed)
  return Array.from({ length: count }, () => next())
}
/** Makes levels of 0 to 255. */
const levels = (channels: number) =>
  new Tensor(
    [channels, height, width],
    Float32Array.from({ length: channels * height * width }, (_, i) => (i * 37) % 256),
  )

/** Runs an 8-bit picture through a network, and returns the raw numbers. */
async function through(model: OnnxModel, x = levels(3), engine: Engine = referenceEngine): Promise<Tensor> {
  const ready = await modelOf(networkFrom(onnxModel(model)))
  const { planes } = await pass(ready, x, engine, { full: 255, paintsLabels: false, outRange: 'raw' })
  return planes
}

const listOf = ({ shape, data }: Tensor) => ({ shape: [...shape], data: Array.from(data) })
const mapped = (x: Tensor, f: (v: number) => number) => listOf(new Tensor(x.shape, x.data.map(f)))
const [floatCode, int32Code] = [1, 6]
const cast = (from: string, to: string, code: number) => ({
  operator: 'Cast',
  inputs: [from],
  outputs: [to],
  attributes: { to: code },
})
const node = (operator: string, inputs: string[], output: string, attributes = {}) => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
})

test('an output_shape for one size is a padding for others', async () => {
  const up = (size: number) =>
    through({
      inputs: [{ name: 'x', shape: [1, 3, size, size] }],
      outputs: [{ name: 'y' }],
      metadata: { 'convo.in-range': '0..255' },
      initializers: { w: { shape: [3, 1, 3, 3], data: Array.from({ length: 27 }, (_, i) => i) } },
      nodes: [
        node('ConvTranspose', ['x', 'w'], 'y', { strides: [2, 2], output_shape: [2 * size, 2 * size] }),
      ],
    })
  const [y, other] = [await up(40), await up(64)]
  expect(y.shape).toEqual([1, 2 * height, 2 * width])
  expect(listOf(other)).toEqual(listOf(y))
})

describe('whole types of samples', () => {
  const wraps = (low: number, count: number) => (v: number) => ((((v - low) % count) + count) % count) + low
  const off = (v: number) => v - 128
  test.each<[OnnxType, string, number, (level: number) => number]>([
    ['uint8', 'Div', 7, (v) => Math.trunc(v / 7)],
    ['uint8', 'Add', 200, (v) => wraps(0, 256)(v + 200)],
    ['uint8', 'Sub', 100, (v) => wraps(0, 256)(v - 100)],
    ['uint8', 'Mul', 3, (v) => wraps(0, 256)(v * 3)],
    ['int8', 'Div', 7, (v) => Math.trunc(off(v) / 7)],
    ['int8', 'Add', 100, (v) => wraps(-128, 256)(off(v) + 100)],
    ['int8', 'Sub', 100, (v) => wraps(-128, 256)(off(v) - 100)],
    ['int32', 'Div', 7, (v) => Math.trunc(v / 7)],
    ['int32', 'Add', 200, (v) => v + 200],
    ['float32', 'Div', 7, (v) => Math.fround(v / 7)],
  ])('%s: %s by %i is what the type does', async (type, operator, by, wanted) => {
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type }],
      outputs: [{ name: 'y' }],
      metadata: type.endsWith('32') ? { 'convo.in-range': '0..255' } : {},
      initializers: { by: { shape: [], data: [by], type } },
      nodes: [node(operator, ['x', 'by'], 'd'), cast('d', 'y', floatCode)],
    })
    expect(listOf(y)).toEqual(mapped(levels(3), wanted))
  })

  it('is that of a Cast before, also behind steps that keep it', async () => {
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, height, width], type: 'uint8' }],
      outputs: [{ name: 'y' }],
      initializers: { by: { shape: [1], data: [7], type: 'int32' } },
      nodes: [
        cast('x', 'i', int32Code),
        node('Relu', ['i'], 'r'),
        node('Div', ['r', 'by'], 'd'),
        cast('d', 'y', floatCode),
      ],
    })
    expect(listOf(y)).toEqual(mapped(levels(3), (v) => Math.trunc(v / 7)))
  })

  it('of a bias has one scale, whatever the axis', async () => {
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type: 'uint8' }],
      outputs: [{ name: 'y' }],
      initializers: {
        w: { shape: [3, 1, 1, 1], data: [2, 2, 2], type: 'int8' },
        q: { shape: [3], data: [4, 6, -8], type: 'int32' },
        half: { shape: [1], data: [0.5] },
      },
      nodes: [
        node('DequantizeLinear', ['x', 'half'], 'xd'),
        node('DequantizeLinear', ['w', 'half'], 'wd'),
        node('DequantizeLinear', ['q', 'half'], 'bias'),
        node('Conv', ['xd', 'wd', 'bias'], 'y', { group: 3 }),
      ],
    })
    const plane = height * width
    const expected = listOf(levels(3)).data.map((v, i) => v / 2 + [2, 3, -4][Math.floor(i / plane)]!)
    expect(listOf(y).data).toEqual(expected)
  })

  it('of sums has biases up to the ends of int32', async () => {
    const biases = [2 ** 31 - 300, 2 ** 30 + 2 ** 22 - 1, -(2 ** 31)]
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type: 'uint8' }],
      outputs: [{ name: 'y' }],
      initializers: {
        w: { shape: [3, 1, 1, 1], data: [1, 2, 3], type: 'int8' },
        b: { shape: [3], data: biases, type: 'int32' },
        one: { shape: [], data: [1] },
        small: { shape: [], data: [2 ** -23] },
        zero: { shape: [], data: [0], type: 'uint8' },
        none: { shape: [], data: [0], type: 'int8' },
      },
      nodes: [
        node('QLinearConv', ['x', 'one', 'zero', 'w', 'small', 'none', 'one', 'zero', 'b'], 'y', {
          group: 3,
        }),
      ],
    })
    const plane = height * width
    const expected = listOf(levels(3)).data.map((v, i) => {
      const c = Math.floor(i / plane)
      const scaled = Math.fround(v * (c + 1) + biases[c]!) * 2 ** -23
      const whole = scaled % 1 === 0.5 ? 2 * Math.round(scaled / 2) : Math.round(scaled)
      return Math.max(0, Math.min(255, whole))
    })
    expect(new Set(expected)).toEqual(new Set([255, 128, 129, 0]))
    expect(listOf(y).data).toEqual(expected)
  })

  it('is that of the value which a CastLike names', async () => {
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, height, width], type: 'uint8' }],
      outputs: [{ name: 'y' }],
      initializers: {
        by: { shape: [1], data: [7], type: 'int32' },
        one: { shape: [], data: [1] },
      },
      nodes: [
        node('CastLike', ['x', 'by'], 'i'),
        node('Div', ['i', 'by'], 'd'),
        node('CastLike', ['d', 'one'], 'y'),
      ],
    })
    expect(listOf(y)).toEqual(mapped(levels(3), (v) => Math.trunc(v / 7)))
  })

  it('leaves numbers that do not depend on the picture to their own types', async () => {
    const model = networkFrom(
      onnxModel({
        inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type: 'uint8' }],
        outputs: [{ name: 'y' }],
        initializers: { two: { shape: [1], data: [2], type: 'int64' } },
        nodes: [node('Shape', ['x'], 's'), node('Div', ['s', 'two'], 'y')],
      }),
    )
    expect(model.nodes.map(({ operator }) => operator)).toEqual(['Shape', 'Div'])
  })
})

describe('types of inputs and outputs', () => {
  const same = (input: OnnxType, output: OnnxType): OnnxModel => ({
    inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type: input }],
    outputs: [{ name: 'y', type: output }],
    nodes: [node('Identity', ['x'], 'y')],
  })

  test.each<[OnnxType, (v: number) => number]>([
    ['uint8', (v) => v],
    ['int8', (v) => v - 128],
    ['uint16', (v) => v * 257],
  ])('%s is the range of a picture, and comes back', async (type, inside) => {
    expect(listOf(await through(same(type, type)))).toEqual(mapped(levels(3), inside))
    const model = await modelOf(networkFrom(onnxModel(same(type, type))))
    const { planes, notes } = await pass(model, levels(3), referenceEngine, {
      full: 255,
      paintsLabels: false,
    })
    expect(notes).toEqual([])
    planes.data.forEach((v, i) => {
      expect(v).toBeCloseTo(levels(3).data[i]!, 4)
    })
  })

  test.each<[OnnxType, number, number]>([
    ['uint8', 0, 255],
    ['int8', -128, 127],
    ['uint16', 0, 65535],
    ['int16', -32768, 32767],
  ])('QuantizeLinear ends where %s does', async (type, low, high) => {
    const y = await through({
      ...same('uint8', 'float32'),
      opset: 21,
      ir: 10,
      initializers: {
        zero: { shape: [], data: [low === 0 ? 3 : -3], type },
        fine: { shape: [], data: [1 / 512] },
      },
      nodes: [
        cast('x', 'f', floatCode),
        node('QuantizeLinear', ['f', 'fine', 'zero'], 'q'),
        cast('q', 'y', floatCode),
      ],
    })
    const zero = low === 0 ? 3 : -3
    expect(listOf(y)).toEqual(
      mapped(levels(3), (v) => Math.max(low, Math.min(high, Math.round(v * 512) + zero))),
    )
  })
})

describe('axes of inputs and outputs', () => {
  const weights = { shape: [4, 3, 3, 3], data: numbers(108, 5) }
  const conv = (from: string, to: string) => node('Conv', [from, 'w'], to, { pads: [1, 1, 1, 1] })
  const net = (shape: OnnxPort['shape'], nodes: OnnxModel['nodes']): OnnxModel => ({
    inputs: [{ name: 'x', ...(shape && { shape }) }],
    outputs: [{ name: 'y' }],
    metadata: { 'convo.in-range': '0..255' },
    initializers: { w: weights, axes: { shape: [1], data: [0], type: 'int64' } },
    nodes,
  })
  const plain = () => through(net([1, 3, 'h', 'w'], [conv('x', 'y')]))
  const toFront = (from: string, to: string, perm = [0, 3, 1, 2]) => node('Transpose', [from], to, { perm })
  const toEnd = (from: string, to: string, perm = [0, 2, 3, 1]) => node('Transpose', [from], to, { perm })
  const last = [toFront('x', 't'), conv('t', 'u'), toEnd('u', 'y')]

  test.each<[string, OnnxPort['shape'] | undefined, OnnxModel['nodes']]>([
    ['[1,H,W,3]', [1, height, width, 3], last],
    ['[N,H,W,3]', ['N', 'H', 'W', 3], last],
    ['[N,H,W,C], by what reads it', ['N', 'H', 'W', 'C'], last],
    ['[?,?,?,?], by what reads it', [null, null, null, null], last],
    ['[N,H,W,3] to [N,C,H,W]', ['N', 'H', 'W', 3], [toFront('x', 't'), conv('t', 'y')]],
    ['[N,3,H,W] to [N,H,W,C]', ['N', 3, 'H', 'W'], [conv('x', 'u'), toEnd('u', 'y')]],
    [
      '[H,W,3]',
      ['H', 'W', 3],
      [
        toFront('x', 't', [2, 0, 1]),
        node('Unsqueeze', ['t', 'axes'], 'n'),
        conv('n', 'u'),
        node('Squeeze', ['u', 'axes'], 's'),
        toEnd('s', 'y', [1, 2, 0]),
      ],
    ],
    ['no shape at all', undefined, [conv('x', 'y')]],
    ['[1,C,H,W]', [1, 'C', 'H', 'W'], [conv('x', 'y')]],
    ['[0,3,0,0]', [0, 3, 0, 0], [conv('x', 'y')]],
  ])('%s', async (_, shape, nodes) => {
    expect(listOf(await through(net(shape, nodes)))).toEqual(listOf(await plain()))
  })

  it('[H,W] is a picture of one channel', async () => {
    const y = await through(
      {
        inputs: [{ name: 'x', shape: ['H', 'W'] }],
        outputs: [{ name: 'y' }],
        metadata: { 'convo.in-range': '0..255' },
        nodes: [node('Neg', ['x'], 'y')],
      },
      levels(1),
    )
    expect(listOf(y)).toEqual(mapped(levels(1), (v) => -v))
  })

  it('repeats a gray picture for a network whose file leaves its channels open and takes three', async () => {
    const gray = levels(1)
    const three = new Tensor(
      [3, height, width],
      Float32Array.from([0, 1, 2].flatMap(() => Array.from(gray.data))),
    )
    const open = net(['N', 'C', 'H', 'W'], [conv('x', 'y')])
    expect(listOf(await through(open, gray))).toEqual(listOf(await through(open, three)))
  })

  it('channels first stay first, whatever the sizes are', async () => {
    // 4 channels of 9x6 times a matrix of [9,6]: rows of 6, so height and width are the same
    const y = await through({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'] }],
      outputs: [{ name: 'y' }],
      metadata: { 'convo.in-range': '0..255' },
      initializers: { m: { shape: [9, 6], data: numbers(54, 2) } },
      nodes: [node('MatMul', ['x', 'm'], 'y')],
    })
    expect(y.shape).toEqual([3, 6, 6])
  })
})

describe('what is not read', () => {
  const error = (model: Partial<OnnxModel>) =>
    through({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'] }],
      outputs: [{ name: 'y' }],
      nodes: [],
      ...model,
    }).catch((thrown) => thrown)
  const body = { inputs: [], outputs: [], nodes: [] }

  test.each<[string, Partial<OnnxModel>, string, RegExp]>([
    [
      'a loop',
      { nodes: [{ ...node('Loop', ['n', 'c', 'x'], 'y', { body }), name: 'steps' }] },
      'node "steps" (Loop) has a graph as its body, which convo does not read',
      /without Loop and Scan/,
    ],
    [
      'two pictures',
      {
        inputs: ['x', 'z'].map((name) => ({ name, shape: [1, 3, 'h', 'w'] })),
        nodes: [node('Add', ['x', 'z'], 'y')],
      },
      'the network takes 2 inputs, and one picture is given',
      /as channels of one input/,
    ],
    [
      'weights that depend on the picture',
      {
        initializers: { w: { shape: [4, 3, 3, 3], data: new Float32Array(108) } },
        nodes: [
          { ...node('ReduceMean', ['x'], 'm', { axes: [2, 3] }), name: 'mean' },
          { ...node('Mul', ['w', 'm'], 'wm'), name: 'gain' },
          node('Conv', ['x', 'wm'], 'y'),
        ],
      },
      'Conv "Conv_2": the weights must be known before the picture is',
      /weights and shapes are constants/,
    ],
    [
      'numbers of 4 bits',
      {
        opset: 21,
        ir: 10,
        initializers: { scale: { shape: [], data: [1] } },
        nodes: [{ ...node('QuantizeLinear', ['x', 'scale'], 'y', { output_dtype: 22 }), name: 'q' }],
      },
      'QuantizeLinear "q": numbers of another type are not supported',
      /uint8, int8, uint16, int16/,
    ],
  ])('%s: the error names it, the node and what would do', async (_, model, message, fix) => {
    expect(await error(model)).toMatchObject({
      code: 'E_NET_OPERATOR',
      message,
      fix: expect.stringMatching(fix),
    })
  })
})

it('is the same behind net convert: whole types are nodes of the file', async () => {
  const { writeNetwork } = await import('../../src/net/formats/safetensors.ts')
  const network = networkFrom(
    onnxModel({
      inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'], type: 'uint8' }],
      outputs: [{ name: 'y' }],
      initializers: {
        by: { shape: [], data: [7], type: 'uint8' },
        zero: { shape: [], data: [-3], type: 'int16' },
        scale: { shape: [], data: [0.001] },
      },
      nodes: [
        node('Div', ['x', 'by'], 'd'),
        cast('d', 'f', floatCode),
        node('QuantizeLinear', ['f', 'scale', 'zero'], 'q'),
        cast('q', 'y', floatCode),
      ],
    }),
  )
  const options = { full: 255, paintsLabels: false, outRange: 'raw' } as const
  const [own, again] = await Promise.all(
    [network, networkFrom(writeNetwork(network))].map(async (one) =>
      pass(await modelOf(one), levels(3), referenceEngine, options),
    ),
  )
  expect(listOf(again!.planes)).toEqual(listOf(own!.planes))
})
