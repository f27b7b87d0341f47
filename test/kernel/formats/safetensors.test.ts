import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { readSafetensors, safetensors } from '../../../src/kernel/formats/safetensors.ts'
import { failure } from '../expect-failure.ts'

/** A .safetensors file put together by hand: any header, any data. */
function file(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const text = Buffer.from(header)
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length ?? BigInt(text.length))
  return Buffer.concat([prefix, text, data])
}

type Given = { readonly dtype?: string; readonly shape: readonly number[]; readonly data: ArrayBufferView }

const bytesOf = (data: ArrayBufferView) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)

/** A valid file of some tensors. */
function tensors(given: Record<string, Given>): Uint8Array {
  let at = 0
  const entries = Object.entries(given).map(([name, { dtype = 'F32', shape, data }]) => {
    const entry = { dtype, shape, data_offsets: [at, at + data.byteLength] }
    at += data.byteLength
    return [name, entry]
  })
  const header = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) })
  return file(header, Buffer.concat(Object.values(given).map(({ data }) => bytesOf(data))))
}

const floats = (n: number) => Float32Array.from({ length: n }, (_, i) => i / 4)

const network = tensors({
  'conv1.weight': { shape: [4, 3, 3, 3], data: floats(108) },
  'conv1.bias': { shape: [4], data: Float32Array.of(1, 2, 3, 0.5) },
  'up.weight': { shape: [2, 3, 2, 2], data: floats(24) },
  'up.bias': { shape: [6], data: floats(6) },
  'fc.weight': { shape: [2, 3], data: floats(6) },
  'fc.bias': { shape: [2], data: floats(2) },
  'bn.num_batches_tracked': { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) },
})

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
      `tensor "x" has numbers of type ${dtype}, which is not read`,
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
      'net.safetensors holds 3 kernels, and one is needed',
    ])
    expect(error.why).toEqual([
      'net.safetensors holds:',
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
      'net.safetensors holds no tensor called "conv1.wieght"',
    ])
    expect(error.why[1]).toBe('conv1.weight [4,3,3,3] F32')
    expect(error.fix).toBe('net.safetensors#conv1.weight')
  })

  test('where there is none', () => {
    expect(failure(() => read(undefined, file('{}'))).why).toEqual(['net.safetensors holds no tensors'])
    const error = failure(() => read(undefined, tensors({ b: { shape: [2], data: floats(2) } })))
    expect(error.message).toBe('net.safetensors holds no tensor of 2 to 5 sizes that is read')
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

describe('damage', () => {
  const whyOf = (bytes: Uint8Array) => {
    const error = failure(() => readSafetensors(bytes, 'a.safetensors'))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_SYNTAX',
      'a.safetensors is not a .safetensors file that can be read',
    ])
    return error.why[0]!.replace('a.safetensors: ', '')
  }
  const one = (entry: string) => file(`{"k":${entry}}`, bytesOf(floats(4)))

  test('of the length', () => {
    expect(whyOf(new Uint8Array(7))).toBe(
      'byte 0: expected the length of the header in 8 bytes, found 7 bytes',
    )
    expect(whyOf(file('{}', undefined, 3n))).toBe(
      'byte 0: expected a header within the file, found 3 bytes, 2 are left',
    )
    expect(whyOf(file('{}', undefined, 2n ** 30n))).toBe(
      'byte 0: expected a header of at most 100000000 bytes, found 1073741824',
    )
    expect(whyOf(file('{}', undefined, 2n ** 64n - 1n))).toContain('found 18446744073709552000')
  })

  test('of the JSON', () => {
    expect(whyOf(file('{"k":'))).toMatch(/^byte 8: expected a header in JSON, found this: /)
    expect(whyOf(file('[]'))).toBe('byte 8: expected an object of tensors, found []')
    expect(whyOf(file(Uint8Array.of(0x7b, 0xff, 0x7d)))).toBe(
      'byte 8: expected a header in JSON, found text that is not UTF-8',
    )
    expect(whyOf(file('{"\\x": 1}'))).toBe('byte 9: expected a key in quotes, found damaged text')
    expect(whyOf(file('['.repeat(1e6)))).toBe(
      'byte 11: expected names with dtype, shape and data_offsets, found deeper nesting',
    )
  })

  test('keys that come twice, however they are written', () => {
    const entry = '{"dtype":"U8","shape":[],"data_offsets":[0,1]}'
    expect(whyOf(file(`{"k":${entry},"\\u006b":${entry}}`, new Uint8Array(1)))).toBe(
      'byte 60: expected each key once, found "k" a second time',
    )
    expect(
      whyOf(file('{"k":{"dtype":"U8","dtype":"F32","shape":[],"data_offsets":[0,1]}}', new Uint8Array(1))),
    ).toBe('byte 27: expected each key once, found "dtype" a second time')
  })

  test.each([
    ['1', 'dtype, shape and data_offsets of "k", found 1'],
    ['[]', 'dtype, shape and data_offsets of "k", found []'],
    ['{"shape":[4],"data_offsets":[0,16]}', 'the dtype of "k", found nothing'],
    [
      '{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}',
      'whole sizes of at least 0 in the shape of "k", found [-4]',
    ],
    [
      '{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}',
      'whole sizes of at least 0 in the shape of "k", found [4.5]',
    ],
    [
      '{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}',
      'whole sizes of at least 0 in the shape of "k", found ["4"]',
    ],
    [
      '{"dtype":"F32","shape":4,"data_offsets":[0,16]}',
      'whole sizes of at least 0 in the shape of "k", found 4',
    ],
    ['{"dtype":"F32","shape":[4]}', 'two whole data_offsets for "k", found nothing'],
    ['{"dtype":"F32","shape":[4],"data_offsets":[0]}', 'two whole data_offsets for "k", found [0]'],
    ['{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}', 'two whole data_offsets for "k", found [-16,0]'],
    ['{"dtype":"F32","shape":[4],"data_offsets":[16,0]}', 'data_offsets of "k" in order, found [16,0]'],
    ['{"dtype":"F32","shape":[4],"data_offsets":[0,12]}', '16 bytes for "k", [4] of F32, found 12'],
    ['{"dtype":"F64","shape":[4],"data_offsets":[0,16]}', '32 bytes for "k", [4] of F64, found 16'],
    ['{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,16]}', 'of F32, found 16'],
    ['{"dtype":"F32","shape":[5],"data_offsets":[0,20]}', 'the data of "k" within the file of'],
    ['{"dtype":"F32","shape":[3],"data_offsets":[4,16]}', 'a hole up to byte'],
    [
      '{"dtype":"F32","shape":[3],"data_offsets":[0,12]}',
      'the end of the file, found 4 bytes that belong to no tensor',
    ],
  ])('of a tensor: %s', (entry, why) => {
    expect(whyOf(one(entry))).toContain(why)
  })

  test.each(['F31', 'toString'])('the type %s, that the format does not know', (dtype) => {
    const error = failure(() =>
      readSafetensors(one(`{"dtype":"${dtype}","shape":[4],"data_offsets":[0,16]}`), 'a.safetensors'),
    )
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FORMAT',
      `a.safetensors has numbers of type "${dtype}", which is unknown`,
    ])
  })

  test('tensors that share bytes, or leave some out between them', () => {
    const two = (a: string, b: string) =>
      file(
        `{"a":{"dtype":"U8","shape":[2],"data_offsets":${a}},"b":{"dtype":"U8","shape":[2],"data_offsets":${b}}}`,
        new Uint8Array(4),
      )
    expect(readSafetensors(two('[2,4]', '[0,2]'), 'a').names).toEqual(['a', 'b'])
    expect(whyOf(two('[0,2]', '[1,3]'))).toMatch(
      /data of "b" that no other tensor has, found bytes \d+ to \d+ taken twice$/,
    )
    expect(whyOf(two('[0,2]', '[0,2]'))).toContain('taken twice')
    expect(whyOf(two('[0,2]', '[3,5]'))).toContain('within the file')
  })
})

test('a damaged file is read or refused, quickly, never anything else', () => {
  const start = 8 + Number(new DataView(network.buffer, network.byteOffset).getBigUint64(0, true))
  const words = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '9',
    '-1',
    '1e300',
    'null',
    '\\',
    '"shape":[1]',
    '"dtype":"I8"',
    '[[[[[[',
    '\0',
    'é',
  ]
  const damage = fc.record({
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    bytes: fc.array(fc.tuple(fc.integer({ min: 0, max: start }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    }),
    insert: fc.option(fc.tuple(fc.integer({ min: 8, max: start }), fc.constantFrom(...words))),
    keepsLength: fc.boolean(),
    name: fc.constantFrom(undefined, 'conv1.weight', 'up.weight', 'fc.weight', 'none'),
  })
  fc.assert(
    fc.property(damage, ({ cut, bytes, insert, keepsLength, name }) => {
      let damaged: Uint8Array = Uint8Array.from(network)
      for (const [place, value] of bytes) damaged[place] = value
      if (insert !== null) {
        const [at, text] = insert
        damaged = Buffer.concat([damaged.subarray(0, at), Buffer.from(text), damaged.subarray(at)])
        if (!keepsLength)
          damaged.set(file(new Uint8Array(start - 8 + Buffer.byteLength(text))).subarray(0, 8))
      }
      if (cut !== null) damaged = damaged.subarray(0, Math.floor(cut * damaged.length))
      const begun = performance.now()
      try {
        safetensors.read(damaged, 'a.safetensors', name)
      } catch (error) {
        expect(error).toBeInstanceOf(ConvoError)
        expect((error as ConvoError).code).toMatch(/^E_KERNEL_/)
      }
      expect(performance.now() - begun).toBeLessThan(500)
    }),
    { numRuns: 3000 },
  )
})
