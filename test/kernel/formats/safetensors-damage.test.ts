import { describe, expect, test } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { readSafetensors, safetensors } from '../../../src/kernel/formats/safetensors.ts'
import { cpuTime } from '../../cpu.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'
import { bytesOf, file, floats, network } from './safetensors-file.ts'

describe('damage', () => {
  const whyOf = (bytes: Uint8Array) => {
    const error = failure(() => readSafetensors(bytes, 'a.safetensors'))
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_SYNTAX',
      'a.safetensors is not a readable .safetensors file',
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
      'the end of the file, found 4 bytes that do not belong to a tensor',
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
      /data of "b" that does not overlap others, found bytes \d+ to \d+ used twice$/,
    )
    expect(whyOf(two('[0,2]', '[0,2]'))).toContain('used twice')
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
      const begun = cpuTime()
      try {
        safetensors.read(damaged, 'a.safetensors', name)
      } catch (error) {
        expect(error).toBeInstanceOf(ConvoError)
        expect((error as ConvoError).code).toMatch(/^E_KERNEL_/)
      }
      expect(cpuTime() - begun).toBeLessThan(500)
    }),
    { numRuns: 500 },
  )
})
