import { describe, expect, test } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { writeKernel } from '../../../src/kernel/formats/index.ts'
import { npy, readNpy, writeNpy } from '../../../src/kernel/formats/npy.ts'
import { kernel } from '../../../src/kernel/kernel.ts'
import { cpuTime } from '../../cpu.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'

/** Builds a .npy file with any header and any data. */
function file(
  dict: string,
  data: Uint8Array = new Uint8Array(0),
  { version = 1, length }: { version?: number; length?: number } = {},
): Uint8Array {
  const header = Buffer.from(`${dict}\n`)
  const size = length ?? header.length
  const prefix = version === 1 ? Buffer.alloc(2) : Buffer.alloc(4)
  if (version === 1) prefix.writeUInt16LE(size)
  else prefix.writeUInt32LE(size)
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([version, 0]),
    prefix,
    header,
    data,
  ])
}

const dict = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`

function bytesOf(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size)
  write(new DataView(bytes.buffer))
  return bytes
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

describe('types', () => {
  const cases: [string, number, (v: DataView, at: number, le: boolean) => void, number][] = [
    ['f2', 2, (v, at, le) => v.setUint16(at, 0xc500, le), -5],
    ['f4', 4, (v, at, le) => v.setFloat32(at, -0.1, le), Math.fround(-0.1)],
    ['f8', 8, (v, at, le) => v.setFloat64(at, 1 / 3, le), 1 / 3],
    ['i1', 1, (v, at) => v.setInt8(at, -128), -128],
    ['i2', 2, (v, at, le) => v.setInt16(at, -32768, le), -32768],
    ['i4', 4, (v, at, le) => v.setInt32(at, -2147483647, le), -2147483647],
    ['i8', 8, (v, at, le) => v.setBigInt64(at, -9007199254740991n, le), -9007199254740991],
    ['u1', 1, (v, at) => v.setUint8(at, 255), 255],
    ['u2', 2, (v, at, le) => v.setUint16(at, 65535, le), 65535],
    ['u4', 4, (v, at, le) => v.setUint32(at, 4294967295, le), 4294967295],
  ]
  for (const [type, size, write, value] of cases) {
    test.each(['<', '>', '=', '|', ''])(`%s${type}`, (order) => {
      const data = bytesOf(2 * size, (v) => write(v, size, order !== '>'))
      const array = readNpy(file(dict(order + type, '(2,)'), data), 'a.npy')
      expect([...array.data]).toEqual([0, value])
      expect(array.shape).toEqual([2])
    })
  }

  test('half precision, all 65536 of them: sign, exponent and fraction', () => {
    const all = Uint8Array.from({ length: 131072 }, (_, i) => (i % 2 === 0 ? (i >> 1) & 255 : i >> 9))
    const { data } = readNpy(file(dict('<f2', '(65536,)'), all), 'a.npy')
    const expected = Float64Array.from({ length: 65536 }, (_, bits) => {
      const [e, f] = [(bits >> 10) & 31, bits & 1023]
      const size =
        e === 31 ? (f === 0 ? Infinity : Number.NaN) : e === 0 ? f / 2 ** 24 : (1 + f / 1024) * 2 ** (e - 15)
      return bits >> 15 === 1 ? -size : size
    })
    expect(data.every((x, i) => Object.is(x, expected[i]))).toBe(true)
  })

  test.each(['O', '|O', '|O8'])('%s, pickled objects, is refused', (type) => {
    const error = failure(() => readNpy(file(dict(type, '(1,)'), floats(1, 2)), 'a.npy'))
    expect(error.code).toBe('E_KERNEL_FORMAT')
    expect(error.message).toBe(
      'a.npy contains pickled Python objects, which are refused because reading them could run code',
    )
  })

  test('structured types are refused', () => {
    const error = failure(() =>
      readNpy(file("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", floats(1)), 'a.npy'),
    )
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FORMAT',
      'a.npy contains records of a structured type, which are not supported',
    ])
    expect(error.why).toEqual(['a.npy: byte 20: types are f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1'])
  })

  test.each(['<c8', '<U4', '|S4', '<f16', '<m8[ns]', '|V4', '', '<', 'constructor'])(
    'the type "%s" is not read',
    (type) => {
      const error = failure(() => readNpy(file(dict(type, '(1,)'), floats(1)), 'a.npy'))
      expect(error.code).toBe('E_KERNEL_FORMAT')
      expect(error.message).toBe(`a.npy has numbers of type "${type}", which is not supported`)
      expect(error.why).toEqual(['a.npy: byte 20: types are f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1'])
      expect(error.fix).toBe("array.astype('<f4') before numpy.save")
    },
  )
})

describe('headers', () => {
  test.each([1, 2, 3])('version %i', (version) => {
    expect(readNpy(file(dict('<f4', '(1, 2)'), floats(1, 2), { version }), 'a.npy')).toEqual({
      shape: [1, 2],
      data: Float32Array.of(1, 2),
      dtype: '<f4',
    })
  })

  test.each([
    "{'shape': (2,), 'descr': '<f4', 'fortran_order': False}",
    '{"descr": "<f4", "fortran_order": False, "shape": (2,)}',
    "  {'descr':'<f4','fortran_order':False,'shape':(2L,),}   ",
  ])('as Python may write them: %s', (text) => {
    expect([...readNpy(file(text, floats(1, 2)), 'a.npy').data]).toEqual([1, 2])
  })

  test.each([
    [
      "{'descr': '<f4', 'fortran_order': False}",
      "byte 10: expected the key 'shape', found the keys descr, fortran_order",
    ],
    ['{}', "byte 10: expected the key 'descr', found the keys none"],
    ['', 'byte 10: expected a dict in braces, found ""'],
    [
      dict('<f4', '(1,)').replace('False', 'Maybe'),
      'byte 44: expected True or False, found "Maybe, \'shape\': (1,), }"',
    ],
    [dict('<f4', '[1]'), 'byte 60: expected a tuple of sizes, found "[1], }"'],
    [dict('<f4', '(1)'), 'byte 60: expected a tuple of sizes, found (1)'],
    [dict('<f4', '()'), 'byte 60: expected 1 to 8 sizes, found 0'],
    [dict('<f4', '(1,1,1,1,1,1,1,1,1)'), 'byte 60: expected 1 to 8 sizes, found 9'],
    [dict('<f4', '(3, -1)'), 'byte 60: expected sizes of at least 1, found "-1"'],
    [dict('<f4', '(0, 3)'), 'byte 60: expected sizes of at least 1, found "0"'],
    [dict('<f4', '(3,,)'), 'byte 60: expected sizes of at least 1, found ""'],
    [dict('<f4', '(1e3, 3)'), 'byte 60: expected sizes of at least 1, found "1e3"'],
    [`${dict('<f4', '(1,)')} x`, 'byte 68: expected the end of the header, found "x"'],
    ["{'descr': '<f4', 'descr': '<f4'}", "byte 27: expected each key once, found 'descr' a second time"],
    ["{'other': 1}", "byte 11: expected the key 'descr', 'fortran_order' or 'shape', found \"'other': 1}\""],
    [
      "{'descr': '<f4' 'shape': (1,)}",
      'byte 26: expected a comma or a closing brace, found "\'shape\': (1,)}"',
    ],
    ["{'descr': '<f4'", 'byte 26: expected a comma or a closing brace, found ""'],
  ])('%s', (text, why) => {
    const error = failure(() => readNpy(file(text, floats(1)), 'a.npy'))
    expect([error.code, error.message]).toEqual(['E_KERNEL_SYNTAX', 'a.npy is not a readable .npy file'])
    expect(error.why).toEqual([`a.npy: ${why}`])
  })

  test('a signature, a version and a length', () => {
    const why = (bytes: Uint8Array) => failure(() => readNpy(bytes, 'a.npy')).why[0]
    expect(why(new Uint8Array(0))).toBe(
      'a.npy: byte 0: expected the signature \\x93NUMPY, found 0 bytes that do not start with it',
    )
    expect(why(Buffer.from('PK'))).toContain('found 2 bytes that do not start with it')
    const whole = file(dict('<f4', '(1,)'), floats(1))
    expect(why(whole.subarray(0, 6))).toBe('a.npy: byte 6: expected version 1, 2 or 3, found version 0')
    expect(why(whole.subarray(0, 9))).toBe(
      'a.npy: byte 9: expected the length of the header, found the end of the file',
    )
    expect(why(whole.subarray(0, 40))).toBe(
      'a.npy: byte 8: expected a header within the file, found 58 bytes, and 30 are left',
    )
    expect(why(file('{}', undefined, { version: 4 }))).toContain(
      'byte 6: expected version 1, 2 or 3, found version 4',
    )
  })

  test('of 1 GB is refused by its length alone', () => {
    const error = failure(() => readNpy(file('{}', undefined, { version: 2, length: 2 ** 30 }), 'a.npy'))
    expect(error.why).toEqual(['a.npy: byte 8: expected a header of at most 1048576 bytes, found 1073741824'])
  })
})

describe('data', () => {
  test.each([
    ['(2, 2)', floats(1, 2, 3), '16 bytes of data for shape (2, 2) of <f4, found 12'],
    ['(2,)', floats(1, 2, 3), '8 bytes of data for shape (2) of <f4, found 12'],
    ['(999999999999999, 999999999999999)', floats(1), 'of <f4, found 4'],
    ['(100000, 100000)', floats(1), '40000000000 bytes of data for shape (100000, 100000) of <f4, found 4'],
  ])('of shape %s is refused before it is allocated', (shape, data, found) => {
    const error = failure(() => readNpy(file(dict('<f4', shape), data), 'a.npy'))
    expect(error.code).toBe('E_KERNEL_SYNTAX')
    expect(error.why[0]).toContain(found)
  })

  test('column-major is turned row-major, of any rank', () => {
    const shape = [2, 3, 4]
    const data = new Float64Array(24)
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++) for (let c = 0; c < 4; c++) data[a + 2 * b + 6 * c] = 100 * a + 10 * b + c
    const read = readNpy(file(dict('<f8', '(2, 3, 4)', 'True'), new Uint8Array(data.buffer)), 'a.npy')
    expect(read.shape).toEqual(shape)
    const expected = [0, 1].flatMap((a) =>
      [0, 1, 2].flatMap((b) => [0, 1, 2, 3].map((c) => 100 * a + 10 * b + c)),
    )
    expect([...read.data]).toEqual(expected)
  })

  test('may lie at an odd place in a buffer', () => {
    const whole = file(dict('<f4', '(2,)'), floats(0.5, -0.5))
    const moved = new Uint8Array(whole.length + 3)
    moved.set(whole, 3)
    expect([...readNpy(moved.subarray(3), 'a.npy').data]).toEqual([0.5, -0.5])
  })

  test('keeps NaN and infinities: a tensor may hold them', () => {
    expect([...readNpy(file(dict('<f4', '(2,)'), floats(Number.NaN, -Infinity)), 'a.npy').data]).toEqual([
      Number.NaN,
      -Infinity,
    ])
  })
})

describe('writing', () => {
  test('is what NumPy writes: 164 bytes for 3x3 float32', () => {
    const bytes = writeNpy([3, 3], new Float32Array(9))
    expect(bytes).toHaveLength(164)
    expect(Buffer.from(bytes.subarray(0, 128)).toString('latin1')).toBe(
      `\x93NUMPY\x01\x00v\x00${"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }".padEnd(117)}\n`,
    )
  })

  test('reads back bit for bit, for any shape', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
    const size = (s: readonly number[]) => s.reduce((a, b) => a * b, 1)
    const array = shape.chain((s) =>
      fc.oneof(
        fc.float32Array({ minLength: size(s), maxLength: size(s) }).map((data) => ({ s, data })),
        fc.float64Array({ minLength: size(s), maxLength: size(s) }).map((data) => ({ s, data })),
      ),
    )
    fc.assert(
      fc.property(array, ({ s, data }) => {
        const bytes = writeNpy(s, data)
        expect((bytes.length - data.byteLength) % 64).toBe(0)
        const back = readNpy(bytes, 'a.npy')
        expect(back.shape).toEqual(s)
        expect(Buffer.from(back.data.buffer).equals(Buffer.from(data.buffer))).toBe(true)
      }),
    )
  })
})

describe('as kernels', () => {
  test.each([[[3, 3]], [[2, 3, 3]], [[4, 2, 3, 3]], [[4, 2, 3, 3, 3]]])('of shape %j', (shape) => {
    const weights = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 3)
    expect(npy.read(npy.write!(kernel(shape, weights)), 'a.npy')).toEqual([kernel(shape, weights)])
  })

  test('float32 where that holds the weights, float64 where it does not', () => {
    expect(npy.write!(kernel([1, 1], [0.5]))).toHaveLength(132)
    expect(npy.write!(kernel([1, 1], [0.1]))).toHaveLength(136)
  })

  test.each([
    [[5], 'E_KERNEL_SHAPE', 'a kernel needs 2 to 5 whole sizes of at least 1, got [5]'],
    [
      [1, 1, 1, 1, 1, 5],
      'E_KERNEL_SHAPE',
      'a kernel needs 2 to 5 whole sizes of at least 1, got [1,1,1,1,1,5]',
    ],
  ])('not of shape %j', (shape, code, message) => {
    const error = failure(() => npy.read(writeNpy(shape, new Float32Array(5)), 'a.npy'))
    expect([error.code, error.message]).toEqual([code, message])
    expect(error.why[0]).toMatch(/^a\.npy: /)
  })

  test.each([Number.NaN, Infinity, -Infinity])('not with the weight %d', (bad) => {
    const error = failure(() => npy.read(writeNpy([1, 2], Float32Array.of(0, bad)), 'a.npy'))
    expect(error.code).toBe('E_KERNEL_VALUE')
    expect(error.message).toBe(
      `weights must be finite float32 numbers, got ${bad} at index 1 ([0,1], counted from 0)`,
    )
    expect(error.why).toEqual(['a.npy: shape [1,2]'])
  })

  test('nor with more than weights', () => {
    const k = kernel([1, 1, 1, 2], [1, 1], {
      scale: 2,
      offset: 3,
      anchor: [0, 0],
      bias: Float64Array.of(1),
      border: 'wrap',
    })
    const error = failure(() => writeKernel(k, 'k.npy'))
    expect(error.code).toBe('E_KERNEL_FORMAT')
    expect(error.message).toBe(
      'a .npy file cannot store a scale of 2, nor an offset of 3, nor an anchor at x=0, y=0, nor a bias for each output channel, nor the border mode wrap',
    )
  })

  test('known by their first bytes', () => {
    expect(npy.sniff(writeNpy([1], Float32Array.of(1)))).toBe(true)
    expect(npy.sniff(Buffer.from('1 2 3'))).toBe(false)
    expect(npy.sniff(new Uint8Array(0))).toBe(false)
  })
})

test('a damaged file is read or refused, quickly, never anything else', () => {
  const valid = [
    writeNpy(
      [2, 2, 3, 3],
      Float32Array.from({ length: 36 }, (_, i) => i),
    ),
    file(dict('>i4', '(3, 3)', 'True'), new Uint8Array(36), { version: 2 }),
    file(dict('<f2', '(3, 3)'), new Uint8Array(18), { version: 3 }),
  ]
  const damage = fc.record({
    which: fc.integer({ min: 0, max: valid.length - 1 }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    // most of the changes are in the header
    bytes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    }),
    insert: fc.option(fc.tuple(fc.integer({ min: 0, max: 140 }), fc.string({ maxLength: 12 }))),
  })
  fc.assert(
    fc.property(damage, ({ which, cut, bytes, insert }) => {
      let damaged: Uint8Array = Uint8Array.from(valid[which]!)
      for (const [place, value] of bytes) damaged[Math.floor(place * (damaged.length - 1))] = value
      if (insert !== null) {
        const [at, text] = insert
        damaged = Buffer.concat([damaged.subarray(0, at), Buffer.from(text), damaged.subarray(at)])
      }
      if (cut !== null) damaged = damaged.subarray(0, Math.floor(cut * damaged.length))
      const start = cpuTime()
      try {
        npy.read(damaged, 'a.npy')
      } catch (error) {
        expect(error).toBeInstanceOf(ConvoError)
        expect((error as ConvoError).code).toMatch(/^E_KERNEL_/)
      }
      expect(cpuTime() - start).toBeLessThan(500)
    }),
    { numRuns: 500 },
  )
})
