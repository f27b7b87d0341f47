import { describe, expect, test } from 'vitest'
import { imagemagick } from '../../../src/kernel/formats/imagemagick.ts'
import { writeKernel } from '../../../src/kernel/formats/index.ts'
import { kernel } from '../../../src/kernel/kernel.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'
import { decode, encode, read, readAll, refusal, survivesDamage, survivesLength, weight } from './reading.ts'

const sobel = { shape: [3, 3], weights: [-1, 0, 1, -2, 0, 2, -1, 0, 1] }

describe('one kernel', () => {
  test.each([
    ['as the manual writes it', '3x3+1+1: -1,0,1 -2,0,2 -1,0,1'],
    ['no offsets', '3x3: -1,0,1 -2,0,2 -1,0,1'],
    ['width alone', '3: -1,0,1,-2,0,2,-1,0,1'],
    ['height alone', 'x3: -1,0,1,-2,0,2,-1,0,1'],
    ['no geometry', '-1 0 1 -2 0 2 -1 0 1'],
    ['lines', '3x3 :\n-1, 0, 1,\n-2, 0, 2,\n-1, 0, 1\n'],
    ['an end of its own', '3x3: -1,0,1 -2,0,2 -1,0,1 ;\n'],
  ])('%s', (_, text) => {
    expect(read(imagemagick, text)).toEqual(sobel)
  })

  test('a row, a column', () => {
    expect(read(imagemagick, '3x1: 1,2,3').shape).toEqual([1, 3])
    expect(read(imagemagick, '1x3: 1,2,3').shape).toEqual([3, 1])
  })

  test('offsets are x and y of the anchor', () => {
    expect(read(imagemagick, '3x2+2+0: 1,2,3,4,5,6').anchor).toEqual([0, 2])
    expect(read(imagemagick, '3x2+2: 1,2,3,4,5,6').anchor).toEqual([0, 2])
  })

  test('of an even kernel the anchor is floor((k-1)/2)', () => {
    expect(read(imagemagick, '2x2: 1,2,3,4').anchor).toEqual([0, 0])
    expect(read(imagemagick, '4x1: 1,2,3,4').anchor).toEqual([0, 1])
  })

  test('nan and - are not part of it: weight 0', () => {
    expect(read(imagemagick, '3: nan,1,- -,2,NaN -,-3,-').weights).toEqual([0, 1, 0, 0, 2, 0, 0, -3, 0])
  })
})

describe('several', () => {
  test('joined by ;', () => {
    expect(readAll(imagemagick, '2x1: 1,2; 5 ;; 1x2: 3,4;')).toEqual([
      { shape: [1, 2], weights: [1, 2], anchor: [0, 0] },
      { shape: [1, 1], weights: [5] },
      { shape: [2, 1], weights: [3, 4], anchor: [0, 0] },
    ])
  })

  const turns = (text: string) =>
    readAll(imagemagick, text).map(({ weights }) => (weights as number[]).join(' '))

  test('> adds the turns by 90°, clockwise', () => {
    expect(turns('3x3>: 1,2,3 4,5,6 7,8,9')).toEqual([
      '1 2 3 4 5 6 7 8 9',
      '7 4 1 8 5 2 9 6 3',
      '9 8 7 6 5 4 3 2 1',
      '3 6 9 2 5 8 1 4 7',
    ])
  })

  test('> ends where a turn is as the first', () => {
    expect(turns('3>: 1,2,1 2,4,2 1,2,1')).toHaveLength(1)
    expect(turns('3>: 1,2,1 0,0,0 1,2,1')).toHaveLength(2)
  })

  test('> turns rows into columns', () => {
    expect(readAll(imagemagick, '3x1>: 1,2,3').map(({ shape, weights }) => [shape, weights])).toEqual([
      [
        [1, 3],
        [1, 2, 3],
      ],
      [
        [3, 1],
        [1, 2, 3],
      ],
      [
        [1, 3],
        [3, 2, 1],
      ],
      [
        [3, 1],
        [3, 2, 1],
      ],
    ])
  })

  test('the anchor turns with the kernel', () => {
    expect(readAll(imagemagick, '3x3+0+1>: 1,2,3 4,5,6 7,8,9').map(({ anchor }) => anchor)).toEqual([
      [1, 0],
      [0, 1],
      [1, 2],
      [2, 1],
    ])
  })

  test('@ adds the turns by 45°', () => {
    expect(turns('3x3@: 1,2,3 4,5,6 7,8,9')).toEqual([
      '1 2 3 4 5 6 7 8 9',
      '4 1 2 7 5 3 8 9 6',
      '7 4 1 8 5 2 9 6 3',
      '8 7 4 9 5 1 6 3 2',
      '9 8 7 6 5 4 3 2 1',
      '6 9 8 3 5 7 2 1 4',
      '3 6 9 2 5 8 1 4 7',
      '2 3 6 1 5 9 4 7 8',
    ])
    expect(readAll(imagemagick, '3x3+0+0@: 1,2,3 4,5,6 7,8,9')[1]!.anchor).toEqual([0, 1])
  })

  test('what is not part of a kernel is not a 0 as it turns', () => {
    expect(turns('3>: 0,-,- -,1,- -,-,-')).toHaveLength(4)
    expect(turns('3>: 0,-,0 -,1,- 0,-,0')).toHaveLength(1)
  })

  test('< mirrors: the half turn, that by 90°, and that by 180°; always four', () => {
    expect(turns('3x3<: 1,2,3 4,5,6 7,8,9')).toEqual([
      '1 2 3 4 5 6 7 8 9',
      '9 8 7 6 5 4 3 2 1',
      '3 6 9 2 5 8 1 4 7',
      '7 4 1 8 5 2 9 6 3',
    ])
    expect(turns('3<: 1,1,1 1,1,1 1,1,1')).toHaveLength(4)
  })
})

describe('what is refused', () => {
  test.each([
    ['3x3: 1,2,3', 'E_KERNEL_SHAPE k:1:1: expected 3x3 = 9 numbers, found 3'],
    ['2x1: 1,2,3', 'E_KERNEL_SHAPE k:1:1: expected 2x1 = 2 numbers, found 3'],
    ['1 2 3 4', 'E_KERNEL_SHAPE k:1:1: expected 1, 9, 25, 49, … numbers, found 4'],
    ['5;\n1 2', 'E_KERNEL_SHAPE k:2:1: expected 1, 9, 25, 49, … numbers, found 2'],
    ['0x3: 1', 'E_KERNEL_SHAPE k:1:1: expected whole numbers of at least 1, found 0x3'],
    ['3x1+3+0: 1,2,3', 'E_KERNEL_SHAPE k:1:1: expected x from 0 to 2 and y from 0 to 0, found 3x1+3+0'],
    ['3x1-1+0: 1,2,3', 'E_KERNEL_SHAPE k:1:1: expected x from 0 to 2 and y from 0 to 0, found 3x1-1+0'],
    ['3x2>: 1,2,3,4,5,6', 'E_KERNEL_SHAPE k:1:1: expected another size before >, found 3x2'],
    ['5x1@: 1,2,3,4,5', 'E_KERNEL_SHAPE k:1:1: expected 3x3 before @, found 5x1'],
    [
      '3.5x3: 1',
      'E_KERNEL_SYNTAX k:1:1: expected a size before the colon, such as 3x3: or 3x3+1+1:, found "3.5x3"',
    ],
    [
      '3x3!: 1',
      'E_KERNEL_SYNTAX k:1:1: expected a size before the colon, such as 3x3: or 3x3+1+1:, found "3x3"',
    ],
    ['2x1: 1,,2', 'E_KERNEL_SYNTAX k:1:8: expected a number, nan or -, found ","'],
    ['2x1: 1,2,', 'E_KERNEL_SYNTAX k:1:10: expected a number, nan or -, found the end of the file'],
    ['2x1: 1|2', 'E_KERNEL_SYNTAX k:1:7: expected a comma, a blank or ;, found "|"'],
    ['2x1: a,2', 'E_KERNEL_SYNTAX k:1:6: expected a number, nan or -, found "a"'],
    ['Sobel', 'E_KERNEL_SYNTAX k:1:1: expected a kernel in numbers, found "Sobel"'],
    ['2x1: nan -', 'E_KERNEL_VALUE k:1:1: expected a number, found only nan and -'],
    ['2x1: 1 inf', 'E_KERNEL_VALUE k:1:8: expected a number between -3.4e38 and 3.4e38, found "inf"'],
    [' ; ', 'E_KERNEL_SYNTAX k:1:4: expected a kernel, found the end of the file'],
  ])('%j', (text, expected) => {
    expect(refusal(imagemagick, text)).toBe(expected)
  })

  test('a turn that the size does not allow, with one that it does', () => {
    expect(failure(() => imagemagick.read(encode('5x5@: 1'), 'k')).code).toBe('E_KERNEL_SHAPE')
    const ones = Array(25).fill(1).join(' ')
    expect(failure(() => imagemagick.read(encode(`5x5@: ${ones}`), 'k')).fix).toBe(
      '5x5>: for rotations by 90°',
    )
  })
})

describe('writing', () => {
  test('the geometry with the anchor, then rows', () => {
    expect(decode(imagemagick.write!(kernel([2, 3], [1, -2, 3, 4, 0.5, -0])))).toBe(
      '3x2+1+1:\n1,-2,3\n4,0.5,-0\n',
    )
  })

  test('comes back bit for bit, with the anchor', () => {
    const anchors = fc.tuple(fc.nat(2), fc.nat(1))
    fc.assert(
      fc.property(fc.array(weight, { minLength: 6, maxLength: 6 }), anchors, (w, [y, x]) => {
        const [back] = imagemagick.read(imagemagick.write!(kernel([3, 2], w, { anchor: [y, x] })), 'k')
        expect(Array.from(back!.weights).every((v, i) => Object.is(v, w[i]))).toBe(true)
        expect(back!.anchor ?? [1, 1]).toEqual([y, x])
      }),
    )
  })

  test.each([
    [kernel([1, 1, 2], [1, 2]), 'the shape [1,1,2]: it stores one plane [kH,kW]'],
    [kernel([1, 2], [1, 2], { scale: 3, offset: 5 }), 'a scale of 3, nor an offset of 5'],
    [kernel([1, 2], [1, 2], { border: 'wrap' }), 'the border mode wrap'],
  ])('what would be lost is refused %#', (k, loss) => {
    const { code, message } = failure(() => writeKernel(k, 'k.txt'))
    expect([code, message]).toEqual(['E_KERNEL_FORMAT', `an ImageMagick string cannot store ${loss}`])
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(imagemagick, [
    '3x3+1+1@: -1,0,1 -2,0,2 -1,0,1',
    '3>: nan,1,- -,2,- -,-3,-;2x1: 4,5',
    '1 2 3 4 5 6 7 8 9',
  ])
})

test('long files give no long wait', () => {
  survivesLength(imagemagick)
})
