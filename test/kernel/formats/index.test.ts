import { describe, expect, test } from 'vitest'
import { formatOf, formats, readKernels, writeKernel } from '../../../src/kernel/formats/index.ts'
import { kernel } from '../../../src/kernel/kernel.ts'
import { failure } from '../expect-failure.ts'
import { encode, plain } from './reading.ts'

const nameOf = (file: string, text: string) => {
  const found = formatOf(file, encode(text))
  return Object.keys(formats).find((name) => formats[name] === found)
}

const texts = Object.entries(formats).filter(([name]) => name !== 'npy' && name !== 'safetensors')

test.each(texts)('%s: its example is known by its content, and read', (name, format) => {
  expect(nameOf('k', format.example)).toBe(name)
  expect(readKernels(encode(format.example), 'k.txt').length).toBe(1)
})

test.each(texts)('%s: its example is read under each of its extensions', (name, format) => {
  for (const extension of format.extensions) {
    expect(nameOf(`k${extension}`, format.example)).toBe(name)
    expect(nameOf(`K${extension.toUpperCase()}`, format.example)).toBe(name)
  }
})

describe('by content, where several formats could be meant', () => {
  test.each([
    ['1 2 3\n4 5 6\n7 8 9\n', 'csv'],
    ['-1 0 1; -2 0 2; -1 0 1', 'csv'],
    ['.5,.25', 'csv'],
    ['# a comment: with a colon\n1 2\n3 4\n', 'csv'],
    ['0 -1 0 -1 5 -1 0 -1 0', 'csv'],
    ['2 1\n5 6\n', 'csv'],
    ['3 2 1\n1 2 3\n4 5 6\n', 'csv'],
    ['4 1 1 0\n1 2 3 4\n', 'csv'],
    ['3 1\n1 0 -1\n', 'libvips'],
    ['3 1 2\n1 0 -1 \n', 'csv'],
    ['3 1 2 0\n1 0 -1 \n', 'libvips'],
    ['2 1 1 0\r\n1 2\r\n', 'libvips'],
    ['3x1: 1,2,3', 'imagemagick'],
    ['3: 1 2 3 4 5 6 7 8 9', 'imagemagick'],
    ['3x3@: 1 2 3 4 5 6 7 8 9; 1x1: 5', 'imagemagick'],
    ['0 -1 0 -1 5 -1 0 -1 0:0 -1 0 -1 5 -1 0 -1 0:1', 'ffmpeg'],
    ['0|-1|0|-1|5|-1|0|-1|0', 'ffmpeg'],
    ["0m='1 2 1'", 'ffmpeg'],
    [' \n(1,2)', 'gmic'],
    ['\ufeff{}', 'json'],
    [' [[1]]', 'json'],
    ['<a/>', 'svg'],
    ['<opencv_storage/>', 'opencv'],
    ['%YAML:1.0\n', 'opencv'],
    ['{ "k": { "type_id": "opencv-matrix" } }', 'opencv'],
  ])('%j', (text, name) => {
    expect(nameOf('k.txt', text)).toBe(name)
    expect(nameOf('standard input', text)).toBe(name)
  })

  test('an extension goes first', () => {
    expect(nameOf('k.mat', '3 3\n')).toBe('libvips')
    expect(nameOf('k.csv', '(1,2)')).toBe('csv')
    expect(nameOf('k.json', 'x')).toBe('json')
    expect(nameOf('k.xml', 'x')).toBe('svg')
  })
})

describe('what is no kernel', () => {
  test('content that is not known', () => {
    const { code, message, fix } = failure(() => formatOf('k.txt', encode('hello')))
    expect([code, message]).toEqual(['E_KERNEL_FORMAT', 'k.txt is not in a known kernel format'])
    expect(fix).toBe('rows of numbers, one row per line; convo list formats shows all formats')
  })

  test('an empty file', () => {
    const { code, why } = failure(() => readKernels(new Uint8Array(0), 'k'))
    expect([code, ...why]).toEqual(['E_KERNEL_SYNTAX', 'k:1:1: expected a kernel, found an empty file'])
  })
})

describe('one of several, by what stands after #', () => {
  const two = encode('1x1: 5; 1x1: 6')

  test('by number', () => {
    expect(readKernels(two, 'k').length).toBe(2)
    expect(readKernels(two, 'k', '2').map(plain)).toEqual([{ shape: [1, 1], weights: [6] }])
  })

  test('by name', () => {
    const svg = encode(
      '<a><feConvolveMatrix id="b" order="1" kernelMatrix="2"/><feConvolveMatrix id="c" order="1" kernelMatrix="3"/></a>',
    )
    expect(readKernels(svg, 'k', 'c')[0]!.weights[0]).toBe(3)
    const { why, fix } = failure(() => readKernels(svg, 'k', 'd'))
    expect([why, fix]).toEqual([['k has b, c'], 'k#b'])
  })

  test('none such', () => {
    const { code, message } = failure(() => readKernels(two, 'k', '3'))
    expect([code, message]).toEqual(['E_KERNEL_FILE', 'k has no kernel named "3"'])
    expect(failure(() => readKernels(encode('1 2'), 'k', 'a')).code).toBe('E_KERNEL_FILE')
  })
})

test.each(['k.json', 'k.mat', 'k.csv', 'k.tsv', 'k.txt', 'k.magick', 'k.npy'])(
  'what is written as %s is read',
  (file) => {
    const k = kernel([2, 3], [1, -2, 0.1, 4, 5e-9, -0])
    const [back] = readKernels(writeKernel(k, file), file)
    expect(plain(back!)).toEqual(plain(k))
  },
)
