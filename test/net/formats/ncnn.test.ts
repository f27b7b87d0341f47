import { describe, expect, test } from 'vitest'
import { referenceEngine } from '../../../src/definition/engine.ts'
import { fitOf, modelOf, throughModel } from '../../../src/net/model.ts'
import { networkFrom } from '../../../src/net/read.ts'
import { Tensor } from '../../../src/tensor/tensor.ts'
import { failure } from '../../kernel/expect-failure.ts'
import { halfOf } from '../onnx-writer.ts'
import { textOf } from '../small.ts'

const param = (...layers: readonly string[]) =>
  Buffer.from(['7767517', `${layers.length} 99`, ...layers, ''].join('\n'))
const plain = (...numbers: readonly number[]) => Buffer.from(Float32Array.from(numbers).buffer)
const tagged = (...numbers: readonly number[]) => Buffer.concat([Buffer.alloc(4), plain(...numbers)])
const halves = (...numbers: readonly number[]) => {
  const bits = Buffer.from(Uint16Array.from(numbers, halfOf).buffer)
  return Buffer.concat([Buffer.from('476b3001', 'hex'), bits, Buffer.alloc(bits.length % 4)])
}
const read = (layers: readonly string[], ...weights: readonly Buffer[]) => {
  const asked: string[] = []
  const beside = (path: string) => {
    asked.push(path)
    return Buffer.concat(weights)
  }
  const network = networkFrom(param(...layers), { name: 'nets/small.param', beside })
  expect(asked.every((path) => path === 'small.bin')).toBe(true)
  return network
}
const input = 'Input in 0 1 x 0=8 1=8 2=1'
const refused = (layers: readonly string[], ...weights: readonly Buffer[]) => {
  const { code, message, why } = failure(() => read(layers, ...weights))
  return [code, message, ...why]
}

/** Returns the result of layers for planes, by the definition. */
async function result(
  shape: readonly [number, number, number],
  x: readonly number[],
  layers: readonly string[],
  ...weights: readonly Buffer[]
) {
  // without extending the picture to make up for cropped samples
  const model = await modelOf({ ...read(layers, ...weights), meaning: {} })
  const out = await throughModel(
    model,
    new Tensor(shape, Float32Array.from(x)),
    referenceEngine,
    await fitOf(model, shape),
  )
  return { shape: out.shape, data: [...out.data] }
}

describe('a graph', () => {
  test('has its layers as nodes, copies as none, and the values that nobody reads as outputs', () => {
    const network = read(
      [
        input,
        'Split s 1 2 x a b',
        'Convolution c1 1 1 a f 0=2 1=1 5=1 6=2 9=2 -23310=1,0.25',
        'PReLU p 1 1 f g 0=2',
        'Concat cat 2 1 g b h 0=0',
        'Sigmoid s2 1 1 h out',
      ],
      halves(1, -2),
      plain(0.5, 0.75),
      plain(0.1, 0.2),
    )
    expect(network).toMatchObject({
      format: 'ncnn',
      name: 'small',
      inputs: [{ name: 'x', shape: [1, 1, undefined, undefined] }],
      outputs: [{ name: 'out' }],
    })
    expect(textOf(network)).toEqual([
      'Conv(x, c1.weight, c1.bias) -> c1',
      'LeakyRelu(c1) -> f',
      'PRelu(f, p.slope) -> g',
      'Concat(g, x) -> h',
      'Sigmoid(h) -> out',
    ])
    expect(network.nodes[1]!.attributes).toEqual(new Map([['alpha', 0.25]]))
    expect(network.constants.get('c1.weight')).toEqual({
      type: 'float32',
      shape: [2, 1, 1, 1],
      data: Float32Array.of(1, -2),
    })
    expect(network.constants.get('p.slope')!.shape).toEqual([2, 1, 1])
  })

  test('says how large its output is, whatever it cuts off at the edges', () => {
    const layers = ['Convolution c 1 1 x a 0=1 1=3 6=9', 'Deconvolution d 1 1 a y 0=1 1=2 3=2 6=4']
    const nine = tagged(...Array(9).fill(1))
    expect(read([input, ...layers], nine, tagged(1, 1, 1, 1)).meaning).toEqual({ scale: 2 })
  })

  test('of Real-CUGAN, which enlarges fourfold, adds the picture that its program adds', () => {
    const squeeze = (i: number) => [
      `Split s${i} 1 2 b${i} b${i}_0 b${i}_1`,
      `Pooling p${i} 1 1 b${i}_0 g${i} 0=1 4=1`,
      `BinaryOp m${i} 2 1 b${i}_1 g${i} b${i + 1} 0=2`,
    ]
    const layers = (count: number) => [
      input,
      'Deconvolution d 1 1 x b0 0=1 1=2 3=2 6=4',
      ...Array.from({ length: count }, (_, i) => squeeze(i)).flat(),
      `Convolution c 1 1 b${count} f 0=12 1=1 6=12`,
      'Crop k 1 1 f h -23309=2,1,1 -23310=2,-1,-1 -23311=2,-2,-1',
      'PixelShuffle s 1 1 h y 0=2',
    ]
    const weights = [tagged(1, 1, 1, 1), tagged(...Array(12).fill(1))]
    const { outputs, metadata, ...own } = read(layers(4), ...weights)
    expect(textOf({ outputs, metadata, ...own }).slice(-3)).toEqual([
      expect.stringMatching(/^Resize\(x, , .*\) -> picture$/),
      expect.stringMatching(/^Slice\(picture, .*\) -> picture_inside$/),
      'Add(y, picture_inside) -> picture_added',
    ])
    expect(outputs).toEqual([{ name: 'picture_added', shape: undefined }])
    expect(metadata.get('Real-CUGAN')).toMatch(/is added/)
    expect(read(layers(3), ...weights).outputs).toMatchObject([{ name: 'y' }])
  })

  test('without a size takes the channels of its first convolution', () => {
    const { inputs } = read(['Input in 0 1 x', 'Convolution c 1 1 x y 0=1 1=1 6=3'], tagged(1, 2, 3))
    expect(inputs[0]!.shape).toEqual([1, 3, undefined, undefined])
  })
})

describe('layers compute what ncnn does', () => {
  const square = [1, 2, 3, 4]
  test.each<[string, readonly string[], readonly Buffer[], readonly number[], readonly number[]]>([
    [
      'a convolution with rows unlike columns',
      ['Convolution c 1 1 x y 0=1 1=2 11=1 6=2'],
      [tagged(1, 10)],
      [1, 2, 1],
      [21, 43],
    ],
    [
      'padding by another number',
      ['Convolution c 1 1 x y 0=1 1=3 4=1 18=1.0 6=9'],
      [tagged(1, 1, 1, 1, 0, 1, 1, 1, 1)],
      [1, 2, 2],
      [14, 13, 12, 11],
    ],
    [
      'a deconvolution that is cut',
      ['Deconvolution d 1 1 x y 0=1 1=4 3=2 4=1 6=16'],
      [tagged(...Array(16).fill(1))],
      [1, 4, 4],
      [1, 3, 3, 2, 4, 10, 10, 6, 4, 10, 10, 6, 3, 7, 7, 4],
    ],
    [
      'two outputs of a deconvolution',
      ['Deconvolution d 1 1 x y 0=2 1=1 6=2'],
      [tagged(1, -1)],
      [2, 2, 2],
      [1, 2, 3, 4, -1, -2, -3, -4],
    ],
    [
      'a scale and a bias',
      ['Scale s 1 1 x y 0=1 1=1'],
      [plain(2), plain(0.5)],
      [1, 2, 2],
      [2.5, 4.5, 6.5, 8.5],
    ],
    [
      'batch norm',
      ['BatchNorm b 1 1 x y 0=1 1=0.0'],
      [plain(2), plain(1), plain(4), plain(3)],
      [1, 2, 2],
      [3, 4, 5, 6],
    ],
    ['a number that is taken from', ['BinaryOp b 1 1 x y 0=7 1=1 2=10.0'], [], [1, 2, 2], [9, 8, 7, 6]],
    ['a weighted sum', ['Eltwise e 2 1 x x y 0=1 -23301=2,1.0,-0.5'], [], [1, 2, 2], [0.5, 1, 1.5, 2]],
    ['a product of three', ['Eltwise e 3 1 x x x y 0=0'], [], [1, 2, 2], [1, 8, 27, 64]],
    ['squares', ['UnaryOp u 1 1 x y 0=4'], [], [1, 2, 2], [1, 4, 9, 16]],
    ['places behind each other', ['Concat c 2 1 x x y 0=2'], [], [1, 2, 4], [1, 2, 1, 2, 3, 4, 3, 4]],
    ['a crop by offsets', ['Crop c 1 1 x y 0=1 1=0 3=1 4=-233 5=-233'], [], [1, 2, 1], [2, 4]],
    ['a crop from the end', ['Crop c 1 1 x y -23309=1,-1 -23310=1,-233 -23311=1,1'], [], [1, 1, 2], [3, 4]],
    [
      'a crop like another value',
      ['Crop s 1 1 x z 0=1 1=1 3=1 4=1 5=1', 'Crop c 2 1 x z y 0=0 1=1'],
      [],
      [1, 1, 1],
      [3],
    ],
    ['nearest enlargement', ['Interp i 1 1 x y 0=1 1=1.0 2=2.0'], [], [1, 2, 4], [1, 1, 2, 2, 3, 3, 4, 4]],
    [
      'linear enlargement to a size',
      ['Interp i 1 1 x y 0=2 3=2 4=4'],
      [],
      [1, 2, 4],
      [1, 1.25, 1.75, 2, 3, 3.25, 3.75, 4],
    ],
    ['edges repeated', ['Padding p 1 1 x y 0=0 1=0 2=1 3=1 4=1'], [], [1, 2, 4], [1, 1, 2, 2, 3, 3, 4, 4]],
    ['pooling that runs over the edge', ['Pooling p 1 1 x y 0=0 1=2 2=2 3=1'], [], [1, 2, 2], square],
    [
      'the mean of all and a weight',
      ['Pooling p 1 1 x m 0=1 4=1', 'InnerProduct i 1 1 m g 0=1 1=1 2=1 9=1', 'Scale s 2 1 x g y 0=-233'],
      [tagged(2), plain(-4)],
      [1, 2, 2],
      square,
    ],
    [
      'a slope below zero',
      ['BinaryOp b 1 1 x z 0=1 1=1 2=3.0', 'ReLU r 1 1 z y 0=0.5'],
      [],
      [1, 2, 2],
      [-1, -0.5, 0, 1],
    ],
    ['limits', ['Clip c 1 1 x y 0=2.0 1=3.0'], [], [1, 2, 2], [2, 2, 3, 3]],
    ['a dropout', ['Dropout d 1 1 x y'], [], [1, 2, 2], square],
  ])('%s', async (_, layers, weights, shape, expected) => {
    const out = await result([1, 2, 2], square, [input, ...layers], ...weights)
    expect(out).toEqual({ shape, data: expected })
  })

  const four = [1, 2, 3, 4]
  const six = [1, 2, 3, 4, 5, 6]
  test.each<[string, readonly string[], readonly Buffer[], readonly number[], readonly number[]]>([
    [
      'group norm with scale and bias',
      ['GroupNorm g 1 1 x y 0=2 1=2 2=3.0'],
      [plain(2, 1), plain(1, 0)],
      [1, 3, 1, 3],
      [0, 2, -0.5, 0.5],
    ],
    [
      'group norm of all channels',
      ['GroupNorm g 1 1 x y 0=1 1=2 2=3.0 3=0'],
      [],
      [1, 3, 1, 3],
      [-0.5, 0.5, -0.5, 0.5],
    ],
    [
      'numbers of the file for each channel',
      ['MemoryData m 0 1 n 0=2', 'BinaryOp b 2 1 x n y 0=0'],
      [plain(10, 20)],
      four,
      [11, 12, 23, 24],
    ],
    [
      'planes of the file, as half-precision numbers',
      ['MemoryData m 0 1 n 0=2 1=1 2=2 21=0', 'BinaryOp b 2 1 x n y 0=2'],
      [halves(1, 2, 3, 4)],
      four,
      [1, 4, 9, 16],
    ],
    ['channels of two groups', ['ShuffleChannel s 1 1 x y 0=3'], [], six, [1, 3, 5, 2, 4, 6]],
    ['channels of two groups, back', ['ShuffleChannel s 1 1 x y 0=3 1=1'], [], six, [1, 4, 2, 5, 3, 6]],
    [
      'parts between places',
      ['Slice s 1 3 x a b c -23302=2,1,3', 'Concat k 3 1 c b a y 0=0'],
      [],
      six,
      [4, 5, 6, 2, 3, 1],
    ],
    [
      'a part, and the rest',
      ['Slice s 1 2 x a b -23300=2,4,-233', 'Concat k 2 1 b a y 0=0'],
      [],
      six,
      [5, 6, 1, 2, 3, 4],
    ],
    [
      'a part, and the rest in two parts',
      ['Slice s 1 3 x a b c -23300=3,2,-233,-233', 'Concat k 3 1 c b a y 0=0'],
      [],
      six,
      [5, 6, 3, 4, 1, 2],
    ],
    ['columns as channels', ['Permute p 1 1 x y 0=4'], [], four, [1, 3, 2, 4]],
    ['columns for channels', ['Permute p 1 1 x y 0=5'], [], four, [1, 3, 2, 4]],
    ['columns for rows', ['Permute p 1 1 x y 0=1'], [], four, four],
    ['rows for channels', ['Permute p 1 1 x y 0=2', 'Reorg r 1 1 y z 0=1 1=1'], [], four, four],
    ['channels last, and back', ['Permute p 1 1 x z 0=3', 'Permute q 1 1 z y 0=4'], [], four, four],
    [
      'the mean of each channel',
      ['Reduction r 1 1 x m 0=3 1=0 -23303=2,1,2 5=1', 'BinaryOp b 2 1 x m y 0=1'],
      [],
      four,
      [-0.5, 0.5, -0.5, 0.5],
    ],
    [
      'half of the sum of all channels',
      ['Reduction r 1 1 x y 1=0 2=0.5 -23303=1,0 4=1 5=1'],
      [],
      four,
      [2, 3],
    ],
    ['the largest of all', ['Reduction r 1 1 x m 0=4', 'BinaryOp b 2 1 m x y 0=1'], [], four, [3, 2, 1, 0]],
  ])('%s', async (_, layers, weights, given, expected) => {
    const shape = given.length === 6 ? ([6, 1, 1] as const) : ([2, 1, 2] as const)
    const { data } = await result(shape, given, [`Input in 0 1 x 2=${shape[0]}`, ...layers], ...weights)
    expect(data).toEqual(expected.map((v) => expect.closeTo(v, 6)))
  })

  test('shuffles of both orders', async () => {
    const x = [0, 1, 2, 3, 4, 5, 6, 7]
    const shuffled = async (mode: number) =>
      (await result([8, 1, 1], x, ['Input in 0 1 x 0=1 1=1 2=8', `PixelShuffle p 1 1 x y 0=2 1=${mode}`]))
        .data
    expect(await shuffled(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(await shuffled(1)).toEqual([0, 2, 4, 6, 1, 3, 5, 7])
  })

  test('groups of a deconvolution, each with its own outputs', async () => {
    const { data } = await result(
      [2, 1, 1],
      [1, 10],
      ['Input in 0 1 x 0=1 1=1 2=2', 'DeconvolutionDepthWise d 1 1 x y 0=4 1=1 6=4 7=2'],
      tagged(1, 2, 3, 4),
    )
    expect(data).toEqual([1, 2, 30, 40])
  })
})

describe('refused by name', () => {
  const conv = 'Convolution c 1 1 x y 0=1 1=1 6=1'
  test.each<[string, readonly string[], readonly Buffer[], readonly string[]]>([
    [
      'a type of layer',
      ['LSTM l 1 1 x y'],
      [],
      ['E_NET_OPERATOR', 'layer "l" (LSTM) is of an unsupported type', 'nets/small.param:4:1'],
    ],
    [
      'axes that are counted as before',
      ['Reduction r 1 1 x y 1=0 -23303=1,1'],
      [],
      ['E_NET_OPERATOR', 'layer "r" (Reduction) counts its axes as old versions of ncnn did'],
    ],
    [
      'a part of open size before others',
      ['Slice s 1 3 x a b c -23300=3,-233,1,-233'],
      [],
      ['E_NET_OPERATOR', 'layer "s" (Slice) splits off parts of unknown size before others'],
    ],
    [
      'a picture that is reshaped',
      ['Reshape r 1 1 x y 0=4'],
      [],
      ['E_NET_OPERATOR', 'layer "r" (Reshape) reshapes a picture'],
    ],
    [
      'weights of 8 bits',
      [conv],
      [Buffer.from('384b0d00', 'hex')],
      [
        'E_NET_FORMAT',
        'layer "c" has quantised weights, which convo does not read',
        'small.bin: byte 0: weights of 8 bits, according to the tag 0xd4b38',
      ],
    ],
    [
      'weights by a table',
      [conv],
      [Buffer.from('01000000', 'hex')],
      [
        'E_NET_FORMAT',
        'layer "c" has quantised weights, which convo does not read',
        'small.bin: byte 0: weights that refer to a table of 256 numbers, according to the tag 0x1',
      ],
    ],
    [
      'an activation',
      ['Convolution c 1 1 x y 0=1 1=1 6=1 9=9'],
      [tagged(1)],
      ['E_NET_OPERATOR', 'layer "c" (Convolution) has an unsupported activation, 9'],
    ],
    [
      'sizes that do not fit',
      ['Convolution c 1 1 x y 0=2 1=2 6=7'],
      [tagged(1)],
      ['E_NET_OPERATOR', 'layer "c" (Convolution) has a number of weights that does not fit its sizes'],
    ],
    [
      'too few weights',
      [conv],
      [Buffer.alloc(4)],
      [
        'E_NET_SYNTAX',
        'small.bin cannot be read as the .bin that belongs to its .param',
        'small.bin: byte 4: expected 4 bytes for "c", found 0',
      ],
    ],
    [
      'weights that are left',
      [conv],
      [tagged(1, 2)],
      [
        'E_NET_SYNTAX',
        'small.bin cannot be read as the .bin that belongs to its .param',
        'small.bin: byte 8: expected the end, found 4 bytes more',
      ],
    ],
    [
      'a line that is no layer',
      ['Convolution c 2 1 x'],
      [],
      [
        'E_NET_SYNTAX',
        'nets/small.param cannot be read as a .param file',
        'nets/small.param:4:1: expected a type, a name, the numbers of inputs and outputs, and their names, found "Convolution c 2 1 x"',
      ],
    ],
    [
      'a parameter',
      ['ReLU r 1 1 x y 0:1'],
      [],
      [
        'E_NET_SYNTAX',
        'nets/small.param cannot be read as a .param file',
        'nets/small.param:4:1: expected key=value, found "0:1"',
      ],
    ],
    [
      'a step that is no whole number',
      ['Crop c 1 1 x y 0=0.5'],
      [],
      ['E_NET_OPERATOR', 'layer "c" (Crop) has the number 0.5, which must be whole'],
    ],
    [
      'a value that nothing gives',
      ['ReLU r 1 1 z y'],
      [],
      ['E_NET_SYNTAX', 'node "r" (Relu) reads "z", which nothing produces'],
    ],
  ])('%s', (_, layers, weights, expected) => {
    expect(refused([input, ...layers], ...weights).slice(0, expected.length)).toEqual(expected)
  })

  test('the binary form', () => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32LE(7767517)
    const { message, fix } = failure(() => networkFrom(bytes, { name: 'a.param.bin' }))
    expect(message).toBe('a.param.bin is a .param of ncnn in its binary form, which convo does not read')
    expect(fix).toBe('the text .param file that it was made from')
  })
})
