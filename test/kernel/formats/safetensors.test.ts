import { describe, expect, test } from 'vitest'
import { readSafetensors, safetensors } from '../../../src/kernel/formats/safetensors.ts'
import { failure } from '../expect-failure.ts'
import { bytesOf, file, floats, network, tensors } from './safetensors-file.ts'

describe('tensors', () => {
  test('names, shapes and numbers of any rank', () => {
    const opened = readSafetensors(network, 'net.safetensors')
    expect(opened.names).toEqual([
      'conv1.weight',
      'conv1.bias',
      'up.weight',
      'up.bias',
      'fc.weight',
      'fc.bias',
      'bn.num_batches_tracked',
    ])
    expect(opened.shape('bn.num_batches_tracked')).toEqual([])
    expect(opened.tensor('conv1.bias')).toEqual({ shape: [4], data: Float32Array.of(1, 2, 3, 0.5) })
    expect(opened.tensor('fc.weight')).toEqual({ shape: [2, 3], data: floats(6) })
  })

  test.each<[string, ArrayBufferView, number[]]>([
    ['F64', Float64Array.of(0.1, -1e-40), [Math.fround(0.1), Math.fround(-1e-40)]],
    ['F32', Float32Array.of(0.1, -3e38), [Math.fround(0.1), Math.fround(-3e38)]],
    ['F16', Uint16Array.of(0x3c00, 0x8001), [1, -(2 ** -24)]],
    ['BF16', Uint16Array.of(0x3f80, 0xc049), [1, -3.140625]],
    ['I8', Int8Array.of(-128, 127), [-128, 127]],
    ['U8', Uint8Array.of(0, 255), [0, 255]],
  ])('of type %s', (dtype, data, expected) => {
    const opened = readSafetensors(tensors({ x: { dtype, shape: [2], data } }), 'a.safetensors')
    expect([...opened.tensor('x').data]).toEqual(expected)
  })

  test.each(['I64', 'I32', 'BOOL', 'F8_E4M3'])('of type %s are listed, not read', (dtype) => {
    const size = { I64: 8, I32: 4, BOOL: 1, F8_E4M3: 1 }[dtype]!
    const opened = readSafetensors(
      tensors({ x: { dtype, shape: [1], data: new Uint8Array(size) } }),
      'a.safetensors',
    )
    expect(opened.shape('x')).toEqual([1])
    const error = failure(() => opened.tensor('x'))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FORMAT',
      `tensor "x" has numbers of type ${dtype}, which is not supported`,
    ])
  })

  test('the file of the reference: 116 bytes', () => {
    const header = '{"conv.weight":{"dtype":"F32","shape":[1,1,3,3],"data_offsets":[0,36]}} '
    const bytes = file(header, bytesOf(floats(9)))
    expect(bytes).toHaveLength(116)
    expect(safetensors.read(bytes, 'a.safetensors')).toEqual([
      {
        shape: [1, 1, 3, 3],
        weights: Float64Array.from(floats(9)),
        scale: 1,
        offset: 0,
        name: 'conv.weight',
      },
    ])
  })

  test('names that JSON writes with escapes, and those that objects have by birth', () => {
    const header =
      '{"\\u0061\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__proto__":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}'
    const opened = readSafetensors(file(header, Uint8Array.of(5, 6)), 'a.safetensors')
    expect(opened.names).toEqual(['a\n', '__proto__'])
    expect([...opened.tensor('a\n').data, ...opened.tensor('__proto__').data]).toEqual([5, 6])
    expect(failure(() => opened.tensor('constructor')).code).toBe('E_KERNEL_FILE')
  })

  test('of no numbers take no place', () => {
    const opened = readSafetensors(tensors({ none: { shape: [0, 3], data: floats(0) } }), 'a.safetensors')
    expect(opened.tensor('none')).toEqual({ shape: [0, 3], data: new Float32Array(0) })
  })
})

describe('as kernels', () => {
  const read = (name?: string, bytes = network) => safetensors.read(bytes, 'net.safetensors', name)

  test('a bank takes its bias along, with the numbers of the file', () => {
    const [k] = read('conv1.weight')
    expect(k).toMatchObject({ shape: [4, 3, 3, 3], name: 'conv1.weight', scale: 1, offset: 0 })
    expect(k!.bias).toEqual(Float64Array.of(1, 2, 3, 0.5))
  })

  test('so does a transposed bank, whose outputs are a multiple', () => {
    expect(read('up.weight')[0]!.bias).toHaveLength(6)
  })

  test('a matrix does not: it has no output channels', () => {
    expect(read('fc.weight')[0]!.bias).toBeUndefined()
  })

  test('a bank called weight takes bias', () => {
    const bytes = tensors({
      weight: { shape: [1, 1, 1, 1], data: floats(1) },
      bias: { shape: [1], data: Float32Array.of(9) },
    })
    expect(read(undefined, bytes)[0]!.bias).toEqual(Float64Array.of(9))
  })

  test.each([[[5]], [[4, 1]]])('a bias of shape %j for four filters is refused', (shape) => {
    const bytes = tensors({
      'c.weight': { shape: [4, 3, 1, 1], data: floats(12) },
      'c.bias': { shape, data: floats(shape.reduce((a, b) => a * b)) },
    })
    const error = failure(() => read('c.weight', bytes))
    expect(error.code).toBe('E_KERNEL_SHAPE')
    expect(error.message).toBe(
      `c.bias must have one number for each output channel of c.weight [4,3,1,1], got [${shape}]`,
    )
    expect(error.why[0]).toMatch(/^net\.safetensors: byte \d+: the shape of c\.bias$/)
  })

  test('weights of double precision stay so', () => {
    const bytes = tensors({ k: { dtype: 'F64', shape: [1, 2], data: Float64Array.of(0.1, 1 / 3) } })
    expect([...read(undefined, bytes)[0]!.weights]).toEqual([0.1, 1 / 3])
  })

  test('without a name, where there are several: they are listed', () => {
    const error = failure(() => read())
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FILE',
      'net.safetensors has 3 kernels, but one is needed',
    ])
    expect(error.why).toEqual([
      'net.safetensors has:',
      'conv1.weight [4,3,3,3] F32',
      'conv1.bias [4] F32',
      'up.weight [2,3,2,2] F32',
      'up.bias [6] F32',
      'fc.weight [2,3] F32',
      'fc.bias [2] F32',
      'bn.num_batches_tracked [] I64',
    ])
    expect(error.fix).toBe('net.safetensors#conv1.weight')
  })

  test('under a wrong name: listed, the nearest suggested', () => {
    const error = failure(() => read('conv1.wieght'))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FILE',
      'net.safetensors has no tensor named "conv1.wieght"',
    ])
    expect(error.why[1]).toBe('conv1.weight [4,3,3,3] F32')
    expect(error.fix).toBe('net.safetensors#conv1.weight')
  })

  test('where there is none', () => {
    expect(failure(() => read(undefined, file('{}'))).why).toEqual(['net.safetensors has no tensors'])
    const error = failure(() => read(undefined, tensors({ b: { shape: [2], data: floats(2) } })))
    expect(error.message).toBe('net.safetensors has no readable tensor of rank 2 to 5')
    expect(failure(() => read('b', tensors({ b: { shape: [2], data: floats(2) } }))).code).toBe(
      'E_KERNEL_SHAPE',
    )
  })

  test('a list of thousands is cut, and names cannot speak to the terminal', () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [
        `\u001b[2J${i}${'x'.repeat(500)}`,
        { shape: [1, 1], data: floats(1) },
      ]),
    )
    const error = failure(() => read('y', tensors(many)))
    expect(error.why).toHaveLength(26)
    expect(error.why[25]).toBe('and 976 more')
    expect(error.why[1]).toMatch(/^\ufffd\[2J0x+… \[1,1\] F32$/)
    expect(error.why[1]!.length).toBeLessThan(150)
  })

  test.each([Number.NaN, Infinity])('weights of %d are refused', (bad) => {
    const bytes = tensors({ k: { shape: [1, 2], data: Float32Array.of(0, bad) } })
    const error = failure(() => read(undefined, bytes))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_VALUE',
      `weights must be finite float32 numbers, got ${bad} at index 1 ([0,1], counted from 0)`,
    ])
    expect(error.why).toEqual(['net.safetensors: shape [1,2]'])
  })

  test('known by their first bytes', () => {
    expect(safetensors.sniff(network)).toBe(true)
    expect(safetensors.sniff(Buffer.from('{"weights": [[1]]}'))).toBe(false)
    expect(safetensors.sniff(new Uint8Array(8))).toBe(false)
  })
})
