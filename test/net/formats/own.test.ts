import { describe, expect, test } from 'vitest'
import { readSafetensors } from '../../../src/kernel/formats/safetensors.ts'
import { graphKey, writeNetwork } from '../../../src/net/formats/safetensors.ts'
import { networkFrom } from '../../../src/net/read.ts'
import { failure } from '../../kernel/expect-failure.ts'
import { file, tensors } from '../../kernel/formats/safetensors-file.ts'
import { onnxModel } from '../onnx-writer.ts'
import { srcnn } from '../small.ts'

const network = networkFrom(
  onnxModel({
    name: 'all kinds',
    inputs: [{ name: 'x', shape: ['n', 3, null, 8] }, { name: 'free' }],
    outputs: ['y'],
    metadata: { author: 'me' },
    domains: { mine: 2 },
    initializers: {
      __metadata__: { shape: [1], data: [1] },
      __proto__x: { shape: [2], data: [1, -0] },
      '7': { shape: [0, 3], data: [] },
      half: { shape: [2], data: [0.1, -3], type: 'float16' },
      double: { shape: [], data: [Math.PI], type: 'float64' },
      long: { shape: [3], data: [2n ** 63n - 1n, -(2n ** 63n), 5n], type: 'int64' },
      int: { shape: [1], data: [-7], type: 'int32' },
      byte: { shape: [2], data: [200, 3], type: 'uint8' },
      small: { shape: [1], data: [-100], type: 'int8' },
      flags: { shape: [2], data: [1, 0], type: 'bool' },
      'a.value': { shape: [1], data: [4] },
    },
    nodes: [
      {
        operator: 'Any',
        name: 'a',
        domain: 'mine',
        inputs: ['x', '', 'half'],
        outputs: ['y', ''],
        attributes: {
          value: { shape: [2], data: [1, 2], type: 'int64' },
          none: { floats: [] },
          special: { floats: [Infinity, -Infinity, NaN, -0, 0.1] },
          big: 2 ** 53,
          mode: 'a "b" \u2028 ü',
          words: ['x', ''],
          sizes: [1, -2],
        },
      },
    ],
  }),
)

test('a network comes back, every bit of it', () => {
  const bytes = writeNetwork(network)
  const back = networkFrom(bytes)
  expect(back).toEqual(network)
  expect(Object.is(back.constants.get('__proto__x')!.data[1], -0)).toBe(true)
  expect(writeNetwork(back)).toEqual(bytes)
})

test('so does one of a recognised architecture, with what its samples mean', () => {
  const recognised = networkFrom(tensors(srcnn()))
  expect(networkFrom(writeNetwork(recognised))).toEqual(recognised)
  expect(recognised.meaning).toBeDefined()
})

test('the file is .safetensors that anybody reads, with numbers from a multiple of 8 on', () => {
  const bytes = writeNetwork(networkFrom(tensors(srcnn())))
  const { names, tensor } = readSafetensors(bytes, 'a.safetensors')
  expect(names).toEqual(['conv1.weight', 'conv1.bias', 'conv2.weight', 'conv3.weight'])
  expect(tensor('conv1.weight').shape).toEqual([2, 1, 9, 9])
  expect((8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))) % 8).toBe(0)
})

describe('a graph that was changed is refused', () => {
  const relu = { operator: 'Relu', opset: 17, name: 'r', inputs: ['x'], outputs: ['y'], attributes: [] }
  const whole = {
    version: 1,
    format: 'onnx',
    name: '',
    inputs: [{ name: 'x', shape: null }],
    outputs: [{ name: 'y', shape: [1, 'n', null] }],
    constants: [],
    nodes: [relu],
    metadata: {},
  }
  const graph = (changed: object | string) => {
    const text = typeof changed === 'string' ? changed : JSON.stringify({ ...whole, ...changed })
    return file(JSON.stringify({ __metadata__: { [graphKey]: text } }))
  }
  const refused = (changed: object | string) => {
    const { code, why } = failure(() => networkFrom(graph(changed), { name: 'a' }))
    return [code, why[0]]
  }

  test('and read where it is as it should be', () => {
    expect(networkFrom(graph({})).outputs[0]!.shape).toEqual([1, 'n', undefined])
  })

  test.each<[string, object | string, string]>([
    ['no JSON', '{', 'expected JSON'],
    [
      'lists in lists without end',
      `{"version":1,"format":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'expected a format, found [a list]',
    ],
    ['no object', '[]', 'expected an object, found []'],
    ['nodes that are none', { nodes: {} }, 'expected nodes, found Object'],
    [
      'a node without inputs',
      { nodes: [{ ...relu, inputs: undefined }] },
      'expected inputs, found undefined',
    ],
    ['a tensor that is not there', { constants: [['w', 'w']] }, 'expected the name of a tensor, found "w"'],
    [
      'an attribute of no kind',
      { nodes: [{ ...relu, attributes: [['a', true]] }] },
      'expected a number, found true (boolean)',
    ],
  ])('%s', (_, change, why) => {
    const [code, text] = refused(change)
    expect(code).toBe('E_NET_SYNTAX')
    expect(text).toContain(why)
  })

  test('and one of a later version by its number', () => {
    expect(refused({ version: 2 })).toEqual([
      'E_NET_FORMAT',
      'a: version 2 of its graph; this convo reads version 1',
    ])
  })

  test('a tensor whose numbers do not fill its shape is not written', () => {
    const odd = new Map([['w', { type: 'float32' as const, shape: [3], data: Float32Array.of(1) }]])
    const { code, message } = failure(() => writeNetwork({ ...network, constants: odd }))
    expect([code, message]).toEqual(['E_ARGUMENT', 'tensor "w" has 1 numbers for its shape'])
  })
})
