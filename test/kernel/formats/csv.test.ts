import { describe, expect, test } from 'vitest'
import { csv } from '../../../src/kernel/formats/csv.ts'
import { writeKernel } from '../../../src/kernel/formats/index.ts'
import { kernel } from '../../../src/kernel/kernel.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'
import { decode, encode, read, refusal, survivesDamage, survivesLength, weight } from './reading.ts'

const sobel = { shape: [3, 3], weights: [1, 0, -1, 2, 0, -2, 1, 0, -1] }

test.each([
  ['commas', '1,0,-1\n2,0,-2\n1,0,-1\n'],
  ['commas and blanks', ' 1 , 0 , -1\n2,0,-2\n1,\t0,-1'],
  ['semicolons', '1;0;-1\n2;0;-2\n1;0;-1'],
  ['tabs', '1\t0\t-1\n2\t0\t-2\n1\t0\t-1\n'],
  ['blanks', '1 0 -1\n2 0 -2\n1 0 -1\n'],
  ['blanks in columns', '  1  0  -1\n  2  0  -2\n  1  0  -1  \n'],
  ['blanks and tabs', '1 0\t-1\n2  0 -2\n1\t 0 -1'],
  ['lines of Windows', '1,0,-1\r\n2,0,-2\r\n1,0,-1\r\n'],
  ['a byte order mark', '\ufeff1,0,-1\n2,0,-2\n1,0,-1'],
  ['comments and empty lines', '# sobel, in x; by hand\n\n1,0,-1 # above\n2,0,-2\n  # below\n1,0,-1\n\n'],
  ['rows on one line', '1 0 -1; 2 0 -2; 1 0 -1'],
  ['rows of commas on one line', '1,0,-1;2,0,-2;1,0,-1;'],
  ['signs, points and exponents', '+1,.0,-1.\n2e0,0,-20E-1\n1,0,-.1e1'],
])('%s', (_, text) => {
  expect(read(csv, text)).toEqual(sobel)
})

test('semicolons alone on one line separate columns, as they do in a file of more lines', () => {
  expect(read(csv, '1;2;3')).toEqual({ shape: [1, 3], weights: [1, 2, 3] })
})

test('one line of nine numbers is a row: a square has to be said', () => {
  expect(read(csv, '0 -1 0 -1 5 -1 0 -1 0').shape).toEqual([1, 9])
})

describe('what is refused', () => {
  test.each([
    ['1,2\n3\n', 'E_KERNEL_SHAPE k:2:1: expected 2 numbers as in row 1, found 1'],
    ['1 2\n\n# c\n 3 4 5\n', 'E_KERNEL_SHAPE k:4:2: expected 2 numbers as in row 1, found 3'],
    ['1,x,3', 'E_KERNEL_SYNTAX k:1:3: expected a number, found "x"'],
    ['1,,3', 'E_KERNEL_SYNTAX k:1:3: expected a number, found ","'],
    ['1,2,', 'E_KERNEL_SYNTAX k:1:5: expected a number after a comma, found the end of the row'],
    ['1\t\t3', 'E_KERNEL_SYNTAX k:1:3: expected a number, found "\\t"'],
    ['1,2 3', 'E_KERNEL_SYNTAX k:1:5: expected a comma or the end of the row, found "3"'],
    ['1 2\n3,4', 'E_KERNEL_SYNTAX k:1:3: expected a comma or the end of the row, found "2"'],
    ['0,5;1,5\n1;2', 'E_KERNEL_SYNTAX k:1:2: expected a semicolon or the end of the row, found ","'],
    ['1 0x10', 'E_KERNEL_SYNTAX k:1:3: expected a number, found "0x10"'],
    ['1 1.2.3', 'E_KERNEL_SYNTAX k:1:3: expected a number, found "1.2.3"'],
    ['"1","2"', 'E_KERNEL_SYNTAX k:1:1: expected a number, found "\\""'],
    ['1 −2', 'E_KERNEL_SYNTAX k:1:3: expected a number, found "−"'],
    ['1 nan', 'E_KERNEL_VALUE k:1:3: expected a number between -3.4e38 and 3.4e38, found "nan"'],
    ['1\n-Infinity', 'E_KERNEL_VALUE k:2:1: expected a number between -3.4e38 and 3.4e38, found "-Infinity"'],
    ['1 1e39', 'E_KERNEL_VALUE k:1:3: expected a number between -3.4e38 and 3.4e38, found "1e39"'],
    ['', 'E_KERNEL_SYNTAX k:1:1: expected a text matrix, found an empty file'],
    ['# only\n', 'E_KERNEL_SYNTAX k:2:1: expected rows of numbers, found only comments'],
  ])('%j', (text, expected) => {
    expect(refusal(csv, text)).toBe(expected)
  })

  test('a decimal comma, with what to write instead', () => {
    expect(failure(() => csv.read(encode('0,5;1\n1;2'), 'k')).fix).toBe('a decimal point instead of a comma')
  })

  test('what is no text', () => {
    const { code, why } = failure(() => csv.read(Uint8Array.of(49, 32, 0xff, 50), 'k'))
    expect([code, ...why]).toEqual([
      'E_KERNEL_SYNTAX',
      'k: byte 2: expected text in UTF-8, found the byte 0xff',
    ])
  })

  test('a file longer than any that people write', () => {
    const { why } = failure(() => csv.read(new Uint8Array(16 * 2 ** 20 + 7), 'k'))
    expect(why).toEqual(['k: byte 16777216: expected the end of the file, found 7 more bytes'])
  })
})

describe('writing', () => {
  test('rows of commas', () => {
    expect(decode(csv.write!(kernel([2, 3], [1, -0, 0.1, 1e-7, 1e21, -3])))).toBe('1,-0,0.1\n1e-7,1e+21,-3\n')
  })

  test('comes back bit for bit', () => {
    const rows = fc
      .integer({ min: 1, max: 5 })
      .chain((kW) =>
        fc.array(fc.array(weight, { minLength: kW, maxLength: kW }), { minLength: 1, maxLength: 5 }),
      )
    fc.assert(
      fc.property(rows, (w) => {
        const k = kernel([w.length, w[0]!.length], w.flat())
        const [back] = csv.read(csv.write!(k), 'k')
        expect(back!.shape).toEqual(k.shape)
        expect(Array.from(back!.weights).every((v, i) => Object.is(v, k.weights[i]))).toBe(true)
      }),
    )
  })

  test.each([
    [kernel([1, 1, 2], [1, 2]), 'the shape [1,1,2]: it stores one plane [kH,kW]'],
    [kernel([1, 2], [1, 2], { scale: 3 }), 'a scale of 3'],
    [kernel([1, 2], [1, 2], { offset: -1 }), 'an offset of -1'],
    [kernel([1, 2], [1, 2], { anchor: [0, 0] }), 'an anchor at x=0, y=0'],
    [kernel([1, 2], [1, 2], { border: 'wrap' }), 'the border mode wrap'],
    [
      kernel([1, 1, 1, 2], [1, 2], { bias: Float64Array.of(4) }),
      'the shape [1,1,1,2]: it stores one plane [kH,kW], nor a bias for each output channel',
    ],
  ])('what would be lost is refused %#', (k, loss) => {
    const { code, message } = failure(() => writeKernel(k, 'k.csv'))
    expect([code, message]).toEqual(['E_KERNEL_FORMAT', `a text matrix cannot store ${loss}`])
  })

  test('an anchor where it is anyway is no loss', () => {
    expect(decode(writeKernel(kernel([1, 2], [1, 2], { anchor: [0, 1] }), 'k.csv'))).toBe('1,2\n')
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(csv, ['1,0,-1\n2,0,-2\n1,0,-1\n', '1 2; 3 4', '# c\n1\t2\r\n3\t4.5e1'])
})

test('long files give no long wait', () => {
  survivesLength(csv)
})
