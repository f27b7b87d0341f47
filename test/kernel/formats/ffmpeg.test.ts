import { describe, expect, test } from 'vitest'
import { ffmpeg } from '../../../src/kernel/formats/ffmpeg.ts'
import { failure } from '../expect-failure.ts'
import { encode, read, readAll, refusal, survivesDamage, survivesLength } from './reading.ts'

const sharpen = '0 -1 0 -1 5 -1 0 -1 0'
const plane = { shape: [3, 3], weights: [0, -1, 0, -1, 5, -1, 0, -1, 0] }
const blur = '1 2 1 2 4 2 1 2 1'

describe('forms', () => {
  test.each([
    ['the matrix alone', sharpen],
    ['bars', sharpen.replaceAll(' ', '|')],
    ['four planes that say the same', Array(4).fill(sharpen).join(':')],
    [
      'all sixteen options',
      `${Array(4).fill(sharpen).join(':')}:1:1:1:1:0:0:0:0:square:square:square:square`,
    ],
    ['by name', `0m=${sharpen}`],
    ['quoted for the filter graph', `convolution='${sharpen}':'${sharpen}'`],
    ['quoted for the shell', `convolution="${sharpen}:${sharpen}"\n`],
  ])('%s', (_, text) => {
    expect(read(ffmpeg, text)).toEqual(plane)
  })

  test('5x5 and 7x7', () => {
    expect(read(ffmpeg, Array(25).fill('1').join(' '))).toMatchObject({ shape: [5, 5], scale: 25 })
    expect(read(ffmpeg, Array(49).fill('1').join(' '))).toMatchObject({ shape: [7, 7], scale: 49 })
  })

  test('a row and a column', () => {
    expect(read(ffmpeg, '0m=1 2 1:0mode=row')).toEqual({ shape: [1, 3], weights: [1, 2, 1], scale: 4 })
    expect(read(ffmpeg, '0m=1 2 1:0mode=2')).toEqual({ shape: [3, 1], weights: [1, 2, 1], scale: 4 })
  })

  test('planes that differ are kernels with names', () => {
    const [first, second] = readAll(ffmpeg, `0m=${sharpen}:2m=${blur}:2bias=3`)
    expect(first).toEqual({ ...plane, name: 'plane0' })
    expect(second).toMatchObject({ name: 'plane2', scale: 16, offset: 3 })
  })
})

describe('rdiv multiplies', () => {
  const scaleOf = (text: string) => ffmpeg.read(encode(text), 'k')[0]!.scale

  test('absent or 0: the sum, or 1 where the sum is 0', () => {
    expect(scaleOf(blur)).toBe(16)
    expect(scaleOf(`0m=${blur}:0rdiv=0`)).toBe(16)
    expect(scaleOf('-1 0 1 -2 0 2 -1 0 1')).toBe(1)
    expect(scaleOf('-1 -1 -1 -1 -1 -1 -1 -1 -1')).toBe(-9)
  })

  test('given: one over it, a whole number where it was one', () => {
    expect(scaleOf(`0m=${blur}:0rdiv=0.5`)).toBe(2)
    expect(scaleOf(`0m=${blur}:0rdiv=2`)).toBe(0.5)
    expect(scaleOf(`0m=${blur}:0rdiv=1/49`)).toBe(49)
    expect(scaleOf(`0m=${blur}:0rdiv=${1 / 49}`)).toBe(49)
    expect(scaleOf(`${Array(4).fill(blur).join(':')}:1/8:1/8:1/8:1/8`)).toBe(8)
  })

  test('bias is the offset', () => {
    expect(read(ffmpeg, `0m=${sharpen}:0bias=127.5`)).toEqual({ ...plane, offset: 127.5 })
  })
})

describe('what is refused', () => {
  test.each([
    ['1 2 3 4', 'E_KERNEL_SHAPE k:1:1: expected 9, 25 or 49 numbers, found 4'],
    ['1', 'E_KERNEL_SHAPE k:1:1: expected 9, 25 or 49 numbers, found 1'],
    ['0m=1 2:0mode=row', 'E_KERNEL_SHAPE k:1:1: expected an odd number of them, up to 49, found 2'],
    ['1 2 1.5', 'E_KERNEL_SYNTAX k:1:5: expected a whole number, as FFmpeg requires, found "1.5"'],
    ['1 x', 'E_KERNEL_SYNTAX k:1:3: expected a whole number, found "x"'],
    ['1,2', 'E_KERNEL_SYNTAX k:1:2: expected a blank, "|" or ":", found ","'],
    [':1', 'E_KERNEL_SYNTAX k:1:1: expected a whole number, found ":"'],
    [
      '0m=1 2 1:1 2 1',
      'E_KERNEL_SYNTAX k:1:10: expected an option such as 0m=, 0rdiv=, 0bias= or 0mode=, found "1"',
    ],
    [
      '0m=1 2 1:4m=1',
      'E_KERNEL_SYNTAX k:1:10: expected an option such as 0m=, 0rdiv=, 0bias= or 0mode=, found "4m"',
    ],
    ['0m=1 2 1:0m=1', 'E_KERNEL_SYNTAX k:1:10: expected one matrix for each plane, found another'],
    [
      '0rdiv=1',
      'E_KERNEL_SYNTAX k:1:8: expected a matrix such as 0m=0 -1 0 -1 5 -1 0 -1 0, found the end of the file',
    ],
    ['0m=1 2 1:0rdiv=-1', 'E_KERNEL_VALUE k:1:16: expected a factor of at least 0, found -1'],
    ['0m=1 2 1:0rdiv=1/0', 'E_KERNEL_VALUE k:1:16: expected a factor of at least 0, found 1/0'],
    ['0m=1 2 1:0bias=-1', 'E_KERNEL_VALUE k:1:16: expected a number of at least 0, found -1'],
    ['0m=1 2 1:0mode=round', 'E_KERNEL_SYNTAX k:1:16: expected a mode: square, row, column, found "round"'],
    ["0m='1 2 1", 'E_KERNEL_SYNTAX k:1:10: expected "\'", found the end of the file'],
    ['convolution="1 2 1" 3', 'E_KERNEL_SYNTAX k:1:21: expected the end, found "3"'],
  ])('%j', (text, expected) => {
    expect(refusal(ffmpeg, text)).toBe(expected)
  })

  test('a length that is none of a square, with the mode that has it', () => {
    expect(failure(() => ffmpeg.read(encode('1 2 1'), 'k')).fix).toBe('0mode=row or 0mode=column')
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(ffmpeg, [
    `${sharpen}:${blur}:${sharpen}:${blur}:1/9:0.5:1:0:1:2:3:4`,
    "convolution='0m=1 2 1':0mode=row:0rdiv=1/4",
    'convolution="1|2|1|2|4|2|1|2|1:1 1 1 1 1 1 1 1 1"',
  ])
})

test('long files give no long wait', () => {
  survivesLength(ffmpeg)
})
