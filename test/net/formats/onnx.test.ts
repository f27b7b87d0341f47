import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { networkFrom, readNetwork } from '../../../src/net/read.ts'
import { scratch } from '../../cli/convo.ts'
import { failure, rejection } from '../../kernel/expect-failure.ts'
import { bytesOf, message, type OnnxModel, type OnnxTensor, onnxModel, varint } from '../onnx-writer.ts'

const relu: OnnxModel = {
  inputs: [{ name: 'x', shape: ['n', 3, null, 8] }],
  outputs: [{ name: 'y', shape: [1, 3, 4, 8] }],
  nodes: [{ operator: 'Relu', inputs: ['x'], outputs: ['y'], name: 'act' }],
}
const read = (model: Partial<OnnxModel>) => networkFrom(onnxModel({ ...relu, ...model }), { name: 'a.onnx' })
const refused = (bytes: Uint8Array | Partial<OnnxModel>) => {
  const {
    code,
    message: text,
    why,
    fix,
  } = failure(() =>
    networkFrom(bytes instanceof Uint8Array ? bytes : onnxModel({ ...relu, ...bytes }), { name: 'a.onnx' }),
  )
  return [code, text, ...why, ...(fix === undefined ? [] : [fix])]
}
const constantOf = (tensor: OnnxTensor) => read({ initializers: { t: tensor } }).constants.get('t')

describe('a graph', () => {
  test('has its ports, open sizes among them, its nodes, and what it says of itself', () => {
    const network = read({ name: 'small', producer: 'a test', metadata: { author: 'me' } })
    expect(network).toEqual({
      format: 'onnx',
      name: 'small',
      inputs: [{ name: 'x', shape: ['n', 3, undefined, 8] }],
      outputs: [{ name: 'y', shape: [1, 3, 4, 8] }],
      nodes: [
        {
          operator: 'Relu',
          domain: '',
          opset: 17,
          name: 'act',
          inputs: ['x'],
          outputs: ['y'],
          attributes: new Map(),
        },
      ],
      constants: new Map(),
      metadata: new Map([
        ['producer', 'a test'],
        ['author', 'me'],
      ]),
    })
  })

  test('keeps attributes of every kind, and names nodes that have none', () => {
    const tensor: OnnxTensor = { shape: [2], data: [1, -2], type: 'int64' }
    const attributes = {
      i: -3,
      f: 0.5,
      whole: { float: 2 },
      s: 'same ü',
      is: [1, 2, -1],
      fs: { floats: [1, 0.25] },
      ss: ['a', 'b'],
      t: tensor,
      max: 2 ** 53,
    }
    const { nodes } = read({ nodes: [{ operator: 'Any', inputs: ['x'], outputs: ['y'], attributes }] })
    expect(nodes[0]!.name).toBe('Any_0')
    expect(Object.fromEntries(nodes[0]!.attributes)).toEqual({
      ...attributes,
      whole: 2,
      fs: [1, 0.25],
      t: { type: 'int64', shape: [2], data: Float64Array.of(1, -2) },
    })
  })

  test('has initialisers that are inputs too, as in IR 3, once', () => {
    const network = read({
      ir: 3,
      opset: 7,
      inputs: [{ name: 'w' }, { name: 'x' }],
      initializers: { w: { shape: [1], data: [2] } },
      nodes: [{ operator: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
    })
    expect(network.inputs).toEqual([{ name: 'x', shape: undefined }])
    expect([...network.constants.keys()]).toEqual(['w'])
    expect(network.nodes[0]!.opset).toBe(7)
  })

  test('keeps domains that it does not know, and calls ONNX by its two names', () => {
    const { nodes } = read({
      domains: { 'com.vendor': 3 },
      nodes: [
        { operator: 'Own', domain: 'com.vendor', inputs: ['x'], outputs: ['m'] },
        { operator: 'Relu', domain: 'ai.onnx', inputs: ['m'], outputs: ['y'] },
      ],
    })
    expect(nodes.map(({ domain, opset }) => [domain, opset])).toEqual([
      ['com.vendor', 3],
      ['', 17],
    ])
  })
})

describe('functions of the model itself', () => {
  const leaky = {
    domain: 'mine',
    name: 'Leaky',
    inputs: ['X', 'Unused'],
    outputs: ['Y'],
    attributes: ['slope', 'other'],
    defaults: { slope: 0.25 },
    opset: 14,
    nodes: [
      {
        operator: 'Neg',
        inputs: ['X'],
        outputs: ['t'],
        name: 'n',
        attributes: { left: { reference: 'other' } },
      },
      { operator: 'LeakyRelu', inputs: ['t'], outputs: ['Y'], attributes: { alpha: { reference: 'slope' } } },
    ],
  }
  const twice = {
    domain: 'mine',
    name: 'Twice',
    inputs: ['X'],
    outputs: ['Y'],
    attributes: ['a'],
    nodes: [
      {
        operator: 'Leaky',
        domain: 'mine',
        inputs: ['X'],
        outputs: ['t'],
        attributes: { slope: { reference: 'a' } },
      },
      { operator: 'Leaky', domain: 'mine', inputs: ['t'], outputs: ['Y'] },
    ],
  }
  const call = (operator: string, attributes = {}) => ({
    operator,
    domain: 'mine',
    name: 'c',
    inputs: ['x'],
    outputs: ['y'],
    attributes,
  })

  test('are put in the place of their calls, with the values and attributes of each', () => {
    const { nodes } = read({
      functions: [leaky, twice],
      domains: { mine: 1 },
      nodes: [call('Twice', { a: 0.5 })],
    })
    expect(nodes.map(({ operator, opset }) => `${operator} ${opset}`)).toEqual([
      'Neg 14',
      'LeakyRelu 14',
      'Neg 14',
      'LeakyRelu 14',
    ])
    expect(nodes.map(({ attributes }) => [...attributes])).toEqual([
      [],
      [['alpha', 0.5]],
      [],
      [['alpha', 0.25]],
    ])
    expect(nodes[0]!.inputs).toEqual(['x'])
    expect(nodes[3]!.outputs).toEqual(['y'])
    expect(new Set(nodes.flatMap(({ outputs }) => outputs)).size).toBe(4)
    expect(nodes[2]!.inputs).toEqual(nodes[1]!.outputs)
  })

  test('may not call themselves', () => {
    const endless = {
      ...twice,
      nodes: [{ operator: 'Twice', domain: 'mine', inputs: ['X'], outputs: ['Y'] }],
    }
    expect(refused({ functions: [endless], domains: { mine: 1 }, nodes: [call('Twice')] })).toEqual([
      'E_NET_SYNTAX',
      'function "Twice" calls itself',
      'a.onnx: 64 nested functions',
    ])
    const many = Array.from({ length: 9 }, (_, i) => ({
      operator: 'Twice',
      domain: 'mine',
      inputs: [],
      outputs: [`${i}`],
    }))
    expect(
      refused({ functions: [{ ...endless, nodes: many }], domains: { mine: 1 }, nodes: [call('Twice')] })[0],
    ).toBe('E_NET_SYNTAX')
  })

  test('that grow without end are refused by their number', () => {
    const functions = Array.from({ length: 40 }, (_, i) => ({
      ...twice,
      name: `f${i}`,
      nodes: [0, 1].map((n) => ({ operator: `f${i + 1}`, domain: 'mine', inputs: ['X'], outputs: [`${n}`] })),
    }))
    expect(refused({ functions, domains: { mine: 1 }, nodes: [call('f0')] })[0]).toBe('E_TOO_LARGE')
  })
})

describe('tensors', () => {
  const numbers = [-2, 0, 1.5, 65504]
  test.each<[NonNullable<OnnxTensor['type']>, readonly (number | bigint)[], string, ArrayLike<number>]>([
    ['float32', [0.1, -0, 3e38], 'float32', Float32Array.of(0.1, -0, 3e38)],
    ['float64', [0.1, -1e-300], 'float64', Float64Array.of(0.1, -1e-300)],
    ['float16', [...numbers, 2 ** -24, 2 ** -15, 1e6], 'float32', [...numbers, 2 ** -24, 2 ** -15, Infinity]],
    ['bfloat16', [1, -3.140625, 2 ** 100], 'float32', [1, -3.140625, 2 ** 100]],
    ['int64', [-1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)], 'int64', [-1, 2 ** 53, 2 ** 63, -(2 ** 63)]],
    ['uint64', [1n, 2n ** 64n - 1n], 'int64', [1, 2 ** 64]],
    ['int32', [-5, 2 ** 31 - 1], 'int32', [-5, 2 ** 31 - 1]],
    ['uint32', [5, 2 ** 32 - 1], 'int64', [5, 2 ** 32 - 1]],
    ['int16', [-5, 32767], 'int16', [-5, 32767]],
    ['uint16', [5, 65535], 'uint16', [5, 65535]],
    ['int8', [-128, 127], 'int8', [-128, 127]],
    ['uint8', [0, 255], 'uint8', [0, 255]],
    ['bool', [0, 1, 1], 'bool', [0, 1, 1]],
  ])('of %s, as bytes and one by one', (type, data, becomes, expected) => {
    for (const typed of [false, true]) {
      const constant = constantOf({ shape: [data.length], data, type, typed })
      expect(constant).toMatchObject({ type: becomes, shape: [data.length] })
      expect([...constant!.data]).toEqual(Array.from(expected))
    }
  })

  test('of no sizes hold one number, and those with a size of 0 none', () => {
    expect(constantOf({ shape: [], data: [7] })).toEqual({
      type: 'float32',
      shape: [],
      data: Float32Array.of(7),
    })
    expect(constantOf({ shape: [0, 3], data: [] })!.data).toHaveLength(0)
  })

  test('own their numbers: the bytes of the file may change', () => {
    const bytes = onnxModel({ ...relu, initializers: { t: { shape: [2], data: [1, 2] } } })
    const { constants } = networkFrom(bytes)
    bytes.fill(0)
    expect([...constants.get('t')!.data]).toEqual([1, 2])
  })

  test.each<[string, OnnxTensor, string]>([
    [
      'too few bytes',
      { shape: [3], data: [1, 2] },
      'expected 12 bytes for tensor "t", [3] of float32, found 8',
    ],
    [
      'too many numbers',
      { shape: [1], data: [1, 2], typed: true },
      'expected 1 numbers for tensor "t", [1] of float32, found 2',
    ],
    ['a size below 0', { shape: [-1], data: [] }, 'expected whole sizes of tensor "t", found [-1]'],
    [
      'sizes without end',
      { shape: [2 ** 30, 2 ** 30], data: [] },
      'expected whole sizes of tensor "t", found [1073741824, 1073741824]',
    ],
  ])('with %s are refused', (_, tensor, why) => {
    expect(refused({ initializers: { t: tensor } })).toEqual([
      'E_NET_SYNTAX',
      'a.onnx cannot be read as an ONNX file',
      `a.onnx: byte 0: ${why}`,
    ])
  })

  test('larger than the limit are refused before memory is spent', () => {
    expect(refused({ initializers: { t: { shape: [2 ** 30], data: [] } } })).toEqual([
      'E_TOO_LARGE',
      'a.onnx has more weights than allowed',
      'a.onnx: 1073741824 weights, the limit is 536870912',
    ])
  })
})

describe('weights beside the model', () => {
  const external = (location: string, more: Readonly<Record<string, string>> = {}) =>
    onnxModel({
      ...relu,
      initializers: { t: { shape: [2], data: [], external: { location, ...more } } },
    })
  const folder = scratch()
  const put = (bytes: Uint8Array) => {
    const path = folder.path('m.onnx')
    writeFileSync(path, bytes)
    return path
  }
  const data = new Uint8Array(Float32Array.of(9, 1, 2).buffer)
  beforeAll(() => {
    mkdirSync(folder.path('weights'))
    writeFileSync(folder.path('weights/w.bin'), data)
    symlinkSync('/', folder.path('out'), 'junction')
  })

  test('are read from its folder, from an offset, each file once', async () => {
    const network = await readNetwork(put(external('weights/w.bin', { offset: '4', length: '8' })))
    expect([...network.constants.get('t')!.data]).toEqual([1, 2])
    const asked: string[] = []
    const beside = (path: string) => {
      asked.push(path)
      return data
    }
    expect([...networkFrom(external('w'), { beside }).constants.get('t')!.data]).toEqual([9, 1])
    expect(asked).toEqual(['w'])
  })

  test.each(['../w.bin', '/etc/passwd', 'weights/../../w.bin', 'out/w.bin', ''])(
    'never from %j',
    async (path) => {
      const { code } = await rejection(readNetwork(put(external(path))))
      expect(code).toBe('E_PATH')
    },
  )

  test('that are short or missing are named', async () => {
    const short = await rejection(readNetwork(put(external('weights/w.bin', { offset: '8' }))))
    expect([short.code, short.message]).toEqual(['E_NET_SYNTAX', '"weights/w.bin" does not hold tensor "t"'])
    const missing = await rejection(readNetwork(put(external('w2.bin'))))
    expect([missing.code, missing.message]).toEqual(['E_INPUT', `there is no file ${folder.path('w2.bin')}`])
    const bytes = failure(() => networkFrom(external('w'), { name: 'm.onnx' }))
    expect([bytes.code, bytes.message]).toEqual(['E_INPUT', 'm.onnx needs a file next to it, "w"'])
    const odd = failure(() => networkFrom(external('w', { offset: '-4' }), { name: 'm', beside: () => data }))
    expect(odd.why[0]).toContain('expected a whole number as the offset of tensor "t", found "-4"')
  })
})

describe('what is not read is named', () => {
  test('files that are too old, and how to renew them', () => {
    expect(refused({ ir: 2 })).toEqual([
      'E_NET_FORMAT',
      'a.onnx is written in a version of ONNX that is too old',
      'a.onnx: IR version 2; convo reads version 3 and later',
      'export the network again with a current version of its framework',
    ])
    expect(refused({ opset: 6 })).toEqual([
      'E_NET_FORMAT',
      'a.onnx uses a version of the operators that is too old',
      'a.onnx: opset 6; convo reads opset 7 and later',
      'onnx.version_converter.convert_version(model, 17) in Python',
    ])
  })

  test('types of numbers', () => {
    const tensor = message(5, [
      varint(1 * 8),
      varint(2),
      varint(2 * 8),
      varint(8),
      message(8, [Buffer.from('t')]),
    ])
    const [code, text] = refused(bytesOf([onnxModel(relu), message(7, [tensor])]))
    expect([code, text]).toEqual([
      'E_NET_FORMAT',
      'tensor "t" has numbers of type string, which convo does not read',
    ])
  })

  test('graphs in attributes, and sparse tensors', () => {
    const branch = message(1, [
      message(4, [Buffer.from('Loop')]),
      message(3, [Buffer.from('gate')]),
      message(5, [message(1, [Buffer.from('then_branch')]), message(6, []), varint(20 * 8), varint(5)]),
    ])
    expect(refused(bytesOf([onnxModel(relu), message(7, [branch])])).slice(0, 2)).toEqual([
      'E_NET_OPERATOR',
      'node "gate" (Loop) has a graph as its then_branch, which convo does not read',
    ])
    expect(refused(bytesOf([onnxModel(relu), message(7, [message(15, [])])]))[1]).toBe(
      'a.onnx has sparse tensors, which convo does not read',
    )
  })

  test('operators of a domain without a version', () => {
    const nodes = [{ operator: 'Own', domain: 'mine', inputs: ['x'], outputs: ['y'] }]
    expect(refused({ nodes })).toEqual([
      'E_NET_SYNTAX',
      'node "Own_0" has operators of an unknown version',
      'a.onnx: there is no opset for "mine"',
    ])
  })
})

describe('damage is named with its place', () => {
  const bytes = onnxModel({ ...relu, initializers: { t: { shape: [2], data: [1, 2] } } })

  test('every length that is cut off is refused, or still whole without what is gone', () => {
    for (let length = 0; length < bytes.length; length++) {
      try {
        networkFrom(bytes.subarray(0, length))
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^E_NET_/) })
      }
    }
  })

  test.each<[string, Uint8Array, string]>([
    [
      'a size beyond the end',
      bytesOf([[8, 8, 0x3a, 100]]),
      'byte 4: expected at most the 0 bytes that are left, found 100',
    ],
    [
      'a number without an end',
      bytesOf([[8, 8, 0x3a, 2, 0x0a, 0x80]]),
      'byte 6: expected a whole number, found the end',
    ],
    [
      'a number that is too long',
      bytesOf([[8, 8, 0x3a, 12, 0x48], Array(11).fill(0x80)]),
      'byte 5: expected a number of at most 10 bytes, found more',
    ],
    [
      'a wire type of old',
      bytesOf([[8, 8, 0x3a, 2, 0x0b, 0]]),
      'byte 5: expected a field with a size, found wire type 3',
    ],
    [
      'a field without a number',
      bytesOf([[8, 8, 0x3a, 2, 0x02, 0]]),
      'byte 5: expected the number of a field, found 0',
    ],
    [
      'text that is not UTF-8',
      bytesOf([[8, 8, 0x3a, 3, 0x12, 1, 0xff]]),
      'byte 6: expected text in UTF-8, found damaged text',
    ],
  ])('%s', (_, damaged, why) => {
    expect(refused(damaged)).toEqual([
      'E_NET_SYNTAX',
      'a.onnx cannot be read as an ONNX file',
      `a.onnx: ${why}`,
    ])
  })

  test('more parts than allowed are refused', () => {
    const empty = new Uint8Array(2 ** 22).map((_, i) => (i % 2 === 0 ? 0x0a : 0))
    expect(refused(bytesOf([[8, 8], message(7, [empty])]))[1]).toBe('a.onnx has more parts than allowed')
  })
})
