import { describe, expect, test } from 'vitest'
import { json } from '../../../src/kernel/formats/json.ts'
import { isLevel, isScale, type KernelFields, kernel } from '../../../src/kernel/kernel.ts'
import { borders } from '../../../src/tensor/border.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'
import { awkward, decode, encode, read, refusal, survivesDamage, survivesLength, weight } from './reading.ts'

const full = `{
  "$schema": "https://example.org/kernel.schema.json",
  "name": "bank", "summary": "two \\u00e9",
  "weights": [[[[1, 2, 3]]], [[[4, 5, 6.5e0]]]],
  "scale": -2, "offset": 128,
  "anchor": [2, 0],
  "bias": [1, -1],
  "border": "zeros"
}`

describe('reading', () => {
  test('all that a kernel says', () => {
    expect(read(json, full)).toEqual({
      name: 'bank',
      summary: 'two é',
      shape: [2, 1, 1, 3],
      weights: [1, 2, 3, 4, 5, 6.5],
      scale: -2,
      offset: 128,
      anchor: [0, 2],
      bias: [1, -1],
      border: 'constant',
    })
  })

  test('weights alone', () => {
    expect(read(json, '{ "weights": [[1, -0], [2, 3]] }')).toEqual({ shape: [2, 2], weights: [1, -0, 2, 3] })
    expect(read(json, ' [[1, 2], [2, 3]] ')).toEqual({ shape: [2, 2], weights: [1, 2, 2, 3] })
  })

  test.each([
    ['[[1,2]]', [1, 2]],
    ['[[[1,2]]]', [1, 1, 2]],
    ['[[[[1,2]]]]', [1, 1, 1, 2]],
    ['[[[[[1],[2]]]]]', [1, 1, 1, 2, 1]],
  ])('rank from nesting: %s', (text, shape) => {
    expect(read(json, text).shape).toEqual(shape)
  })
})

const w = '{ "weights": [[1, 2], [3, 4]],'

describe('what is refused', () => {
  test.each([
    [`${w} "scale": "2" }`, 'E_KERNEL_SYNTAX k:1:41: expected a number for scale, found "2"'],
    [`${w} "scale": 0 }`, 'E_KERNEL_VALUE k:1:41: expected a number other than 0, found 0'],
    [
      `${w} "offset": 1e999 }`,
      'E_KERNEL_VALUE k:1:42: expected a number between -1.8e308 and 1.8e308, found "1e999"',
    ],
    [`${w}\n "offset": null }`, 'E_KERNEL_SYNTAX k:2:12: expected a number for offset, found null'],
    [`${w} "name": 5 }`, 'E_KERNEL_SYNTAX k:1:40: expected a string for name, found 5'],
    [`${w} "$schema": {} }`, 'E_KERNEL_SYNTAX k:1:43: expected a string for $schema, found an object'],
    [`${w} "anchor": 1 }`, 'E_KERNEL_SYNTAX k:1:42: expected an array for anchor, found 1'],
    [
      `${w} "anchor": [1] }`,
      'E_KERNEL_SYNTAX k:1:42: expected an array of two numbers, [x, y], for anchor, found 1 number',
    ],
    [`${w} "anchor": [1, true] }`, 'E_KERNEL_SYNTAX k:1:46: expected a number for anchor[1], found true'],
    [`${w} "anchor": [2, 0] }`, 'E_KERNEL_SHAPE k:1:42: in the kernel that starts here'],
    [`${w} "bias": [1, []] }`, 'E_KERNEL_SYNTAX k:1:44: expected a number for bias[1], found an array'],
    [`${w} "border": "mirorr" }`, 'E_KERNEL_VALUE k:1:42: expected a border mode, found "mirorr"'],
    [
      `${w} "scael": 2 }`,
      'E_KERNEL_SYNTAX k:1:32: expected one of the keys $schema, name, summary, weights, scale, offset, anchor, bias, border, found "scael"',
    ],
    [`${w} "weights": 2 }`, 'E_KERNEL_SYNTAX k:1:32: expected each key once, found "weights" again'],
    ['{ "name": "a" }', 'E_KERNEL_SYNTAX k:1:1: expected the key "weights", found an object without it'],
    ['3', 'E_KERNEL_SYNTAX k:1:1: expected an object for the kernel, found 3'],
    ['{ "weights": 3 }', 'E_KERNEL_SYNTAX k:1:14: expected an array for weights, found 3'],
    [
      '{ "weights": [[1, 2],\n [3, "x"]] }',
      'E_KERNEL_SYNTAX k:2:6: expected a number for weights[1][1], found "x"',
    ],
    ['{ "weights": [[1, 2],\n 3] }', 'E_KERNEL_SYNTAX k:2:2: expected an array for weights[1], found 3'],
    ['{ "weights": [[1, 2],\n [3]] }', 'E_KERNEL_SHAPE k:2:2: expected 2 as in the first, found 1'],
    [
      '{ "weights": [1, 2] }',
      'E_KERNEL_SHAPE k:1:14: expected [kH,kW], [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW], found [2]',
    ],
    [
      '[[[[[[1]]]]]]',
      'E_KERNEL_SHAPE k:1:1: expected [kH,kW], [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW], found [1,1,1,1,1,1]',
    ],
    ['[[], []]', 'E_KERNEL_SHAPE k:1:2: expected numbers, found []'],
    ['[[1, 1e39]]', 'E_KERNEL_VALUE k:1:6: expected a number between -3.4e38 and 3.4e38, found "1e39"'],
    ['[[1, NaN]]', 'E_KERNEL_SYNTAX k:1:6: expected a JSON value, found "NaN"'],
    ['[[1, .5]]', 'E_KERNEL_SYNTAX k:1:6: expected a JSON value, found ".5"'],
    ['[[1, 01]]', 'E_KERNEL_SYNTAX k:1:6: expected a JSON value, found "01"'],
    ['[[1, 2,]]', 'E_KERNEL_SYNTAX k:1:8: expected a JSON value, found "]"'],
    ['[[1 2]]', 'E_KERNEL_SYNTAX k:1:5: expected a comma or ], found "2"'],
    ['[[1]] x', 'E_KERNEL_SYNTAX k:1:7: expected the end of the file, found "x"'],
    ['[[1]', 'E_KERNEL_SYNTAX k:1:5: expected a comma or ], found the end of the file'],
    ['{ weights: 1 }', 'E_KERNEL_SYNTAX k:1:3: expected a key in double quotes, found "weights"'],
    ['{ "a" 1 }', 'E_KERNEL_SYNTAX k:1:7: expected a colon after the key, found "1"'],
    ['{ "a": 1; }', 'E_KERNEL_SYNTAX k:1:9: expected a comma or }, found ";"'],
    ['{ "a', 'E_KERNEL_SYNTAX k:1:5: expected a closing quote, found the end of the file'],
    ['{ "a\n', 'E_KERNEL_SYNTAX k:1:5: expected a closing quote, found the end of the line'],
    ['{ "\\x": 1 }', 'E_KERNEL_SYNTAX k:1:4: expected an escape such as \\n or \\u0041, found "\\\\"'],
    ['// c\n[[1]]', 'E_KERNEL_SYNTAX k:1:1: expected a JSON value, found "/"'],
    ['['.repeat(99), 'E_KERNEL_SYNTAX k:1:66: expected at most 64 nested brackets, found another'],
    [' ', 'E_KERNEL_SYNTAX k:1:1: expected a kernel in JSON, found an empty file'],
  ])('%s', (text, expected) => {
    expect(refusal(json, text)).toBe(expected)
  })

  test('with what to write instead', () => {
    const fixOf = (text: string) => failure(() => json.read(encode(text), 'k')).fix
    expect(fixOf(`${w} "scael": 2 }`)).toBe('"scale"')
    expect(fixOf('[1, 2]')).toBe('for one row, a second pair of brackets: [[1, 2, 1]]')
    expect(fixOf(`${w} "border": "relfect" }`)).toBe('reflect')
    expect(fixOf(`${w} "anchor": [2, 0] }`)).toBe('x from 0 to 1, y from 0 to 1')
  })

  test('a bias that does not fit its bank, at the bias', () => {
    const { code, why } = failure(() => json.read(encode(`${w}\n "bias": [1, 2] }`), 'k'))
    expect([code, why[0]]).toEqual(['E_KERNEL_VALUE', 'k:2:10: in the kernel that starts here'])
  })
})

describe('writing', () => {
  test('a row on a line, and only what there is to say', () => {
    expect(decode(json.write!(kernel([1, 2, 2], [1, -0, 0.5, 1e21])))).toBe(
      '{\n  "weights": [\n    [\n      [1, -0],\n      [0.5, 1e+21]\n    ]\n  ]\n}\n',
    )
  })

  test('everything comes back, bit for bit', () => {
    const fields: fc.Arbitrary<KernelFields> = fc.record(
      {
        name: fc.string({ unit: 'binary' }),
        summary: fc.string(),
        scale: weight.filter(isScale),
        offset: weight.filter(isLevel),
        anchor: fc.tuple(fc.nat(1), fc.nat(2)),
        border: fc.constantFrom(...Object.keys(borders)),
      },
      { requiredKeys: [] },
    )
    const level = weight.filter(isLevel)
    const bias = fc.option(fc.tuple(level, level), { nil: undefined })
    const shape: fc.Arbitrary<readonly number[]> = fc.constantFrom(
      [2, 3],
      [2, 2, 3],
      [2, 1, 2, 3],
      [2, 1, 2, 2, 3],
    )
    fc.assert(
      fc.property(shape, fc.infiniteStream(weight), fields, bias, (sizes, stream, more, b) => {
        const count = sizes.reduce((x, y) => x * y, 1)
        const k = kernel(sizes, [...stream.take(count)], {
          ...more,
          ...(b === undefined || sizes.length < 4 ? {} : { bias: Float64Array.from(b) }),
        })
        expect(json.read(json.write!(k), 'k')).toEqual([k])
      }),
    )
  })

  test('numbers that a careless writer loses', () => {
    const k = kernel([1, awkward.length], awkward)
    expect(json.read(json.write!(k), 'k')).toEqual([k])
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(json, [full, `${w} "scale": 3 }`, '[[[[1,2],[3,4]]]]'])
})

test('long files give no long wait', () => {
  survivesLength(json)
})
