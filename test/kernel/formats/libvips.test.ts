import { describe, expect, test } from 'vitest'
import { formatOf, writeKernel } from '../../../src/kernel/formats/index.ts'
import { libvips } from '../../../src/kernel/formats/libvips.ts'
import { bytesOf } from '../../../src/kernel/formats/text.ts'
import { isLevel, kernel } from '../../../src/kernel/kernel.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'
import { decode, encode, read, refusal, survivesDamage, survivesLength, weight } from './reading.ts'

const weights = [-1, 0, 1, -2, 0, 2, -1, 0, 1]

test.each([
  ['four numbers in the header', '3 3 8 128\n-1 0 1\n-2 0 2\n-1 0 1\n', { scale: 8, offset: 128 }],
  ['three', '3 3 8\n-1 0 1\n-2 0 2\n-1 0 1\n', { scale: 8 }],
  ['two', '3 3\n-1 0 1\n-2 0 2\n-1 0 1', {}],
  ['tabs, blanks and lines of Windows', ' 3\t3  1 0 \r\n -1\t0 1\r\n-2 0\t2 \r\n-1 0 1\r\n\r\n', {}],
])('%s', (_, text, fields) => {
  expect(read(libvips, text)).toEqual({ shape: [3, 3], weights, ...fields })
})

test('a header of two numbers stays one before a row that begins 1 0', () => {
  expect(read(libvips, '3 2\n1 0 -1\n1 0 -1\n')).toEqual({ shape: [2, 3], weights: [1, 0, -1, 1, 0, -1] })
})

test('one line is no header without a row behind it, unless the file is a .mat', () => {
  for (const line of ['1 2 1\n', '1 2', '1 1 1 1\r\n\r\n', '1 2\n  \n']) {
    expect(formatOf('k.txt', bytesOf(line))).not.toBe(libvips)
    expect(formatOf('k.mat', bytesOf(line))).toBe(libvips)
  }
  expect(formatOf('k.txt', bytesOf('1 2\n5\n6\n'))).toBe(libvips)
})

test('width stands before height', () => {
  expect(read(libvips, '3 1\n1 2 3').shape).toEqual([1, 3])
})

describe('what is refused', () => {
  test.each([
    [
      '3\n1 2 3',
      'E_KERNEL_SYNTAX k:1:1: expected width, height and optionally scale and offset, found 1 number',
    ],
    [
      '3 3 1 0 0\n',
      'E_KERNEL_SYNTAX k:1:1: expected width, height and optionally scale and offset, found 5 numbers',
    ],
    [
      '3 x',
      'E_KERNEL_SYNTAX k:1:3: expected a number: width, height and optionally scale and offset, found "x"',
    ],
    ['3,3\n', 'E_KERNEL_SYNTAX k:1:2: expected a blank or the end of the line, found ","'],
    ['3 0\n', 'E_KERNEL_SHAPE k:1:3: expected a whole number of at least 1, found 0'],
    ['-3 3\n', 'E_KERNEL_SHAPE k:1:1: expected a whole number of at least 1, found -3'],
    ['2.5 3\n', 'E_KERNEL_SHAPE k:1:1: expected a whole number of at least 1, found 2.5'],
    ['1 1 0\n5', 'E_KERNEL_VALUE k:1:5: expected a number other than 0, found 0'],
    ['2 2\n1 2\n3\n', 'E_KERNEL_SHAPE k:3:2: expected 2 numbers, found 1'],
    ['2 2\n1 2 3\n3 4\n', 'E_KERNEL_SHAPE k:2:5: expected 2 numbers, found 3'],
    ['2 2\n1 2\n', 'E_KERNEL_SHAPE k:3:1: expected row 2 of 2, found the end of the file'],
    ['2 1\n1 2\n3 4\n', 'E_KERNEL_SHAPE k:3:1: expected the end after 1 rows, found another row'],
    ['1000000000 1000000000\n1\n', 'E_KERNEL_SHAPE k:2:2: expected 1000000000 numbers, found 1'],
    ['2 1\n1 nan\n', 'E_KERNEL_VALUE k:2:3: expected a number between -3.4e38 and 3.4e38, found "nan"'],
    ['', 'E_KERNEL_SYNTAX k:1:1: expected a libvips matrix, found an empty file'],
  ])('%j', (text, expected) => {
    expect(refusal(libvips, text)).toBe(expected)
  })

  test('the files of MATLAB, whose name ends so too', () => {
    const { code, why, fix } = failure(() => libvips.read(encode('MATLAB 5.0 MAT-file\0\u00ff'), 'k'))
    expect([code, ...why]).toEqual([
      'E_KERNEL_FORMAT',
      'k: byte 0: expected the text of a libvips matrix, found "MATLAB"',
    ])
    expect(fix).toBe("writematrix(kernel, 'kernel.csv')")
  })
})

describe('writing', () => {
  test('four numbers in the header, always', () => {
    expect(decode(libvips.write!(kernel([1, 3], [1, 0, -1])))).toBe('3 1 1 0\n1 0 -1\n')
  })

  test('comes back bit for bit', () => {
    const scale = weight.filter((v) => Math.abs(v) >= 1e-37)
    const plane = fc.array(weight, { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(plane, scale, weight.filter(isLevel), (w, s, offset) => {
        const k = kernel([2, 3], w, { scale: s, offset })
        const [back] = libvips.read(libvips.write!(k), 'k')
        expect(back).toEqual(k)
      }),
    )
  })

  test.each([
    [kernel([1, 1, 1, 1], [1]), 'the shape [1,1,1,1]: it stores one plane [kH,kW]'],
    [kernel([1, 2], [1, 2], { anchor: [0, 0] }), 'an anchor at x=0, y=0'],
    [kernel([1, 2], [1, 2], { border: 'wrap' }), 'the border mode wrap'],
  ])('what would be lost is refused %#', (k, loss) => {
    const { code, message, fix } = failure(() => writeKernel(k, 'k.mat'))
    expect([code, message]).toEqual(['E_KERNEL_FORMAT', `a libvips matrix cannot store ${loss}`])
    expect(fix).toMatch(/\.json$/)
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(libvips, ['3 3 8 128\n-1 0 1\n-2 0 2\n-1 0 1\n', '2 1\r\n1.5\t-2e3\r\n', '1 1\n7'])
})

test('long files give no long wait', () => {
  survivesLength(libvips)
})
