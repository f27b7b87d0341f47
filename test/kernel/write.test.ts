import { describe, expect, test } from 'vitest'
import { lossesOf } from '../../src/kernel/formats/format.ts'
import { formats, readKernels, writeKernel } from '../../src/kernel/formats/index.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import fc from '../property.ts'
import { failure } from './expect-failure.ts'

const edge = kernel([2, 3], [-1, 0, 1, -0.1, 1e-7, 2])
const text = (path: string, k = edge) => Buffer.from(writeKernel(k, path)).toString('latin1')

test('the extension says the format', () => {
  expect(text('a.csv')).toBe('-1,0,1\n-0.1,1e-7,2\n')
  expect(text('a.mat')).toBe('3 2 1 0\n-1 0 1\n-0.1 1e-7 2\n')
  expect(text('folder.npy/a.txt')).toMatch(/^3x2/)
  expect(text('a.magick')).toBe(text('a.txt'))
  expect(text('A.JSON')).toMatch(/^\{/)
  expect(text('a.npy')).toMatch(/^\x93NUMPY/)
})

test('.mat has a place for scale and offset', () => {
  expect(text('a.mat', kernel([1, 1], [2], { scale: 8, offset: 128 }))).toBe('1 1 8 128\n2\n')
})

describe('what is written reads back the same', () => {
  const shape = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  const weight = fc.double({ min: -1e30, max: 1e30, noNaN: true })
  const planes = shape.chain((s) =>
    fc.array(weight, { minLength: s[0] * s[1], maxLength: s[0] * s[1] }).map((w) => kernel(s, w)),
  )
  test.each(['.json', '.mat', '.csv', '.tsv', '.txt', '.magick', '.npy'])(
    'as %s, bit for bit',
    (extension) => {
      fc.assert(
        fc.property(planes, (k) => {
          const [back, ...others] = readKernels(writeKernel(k, `a${extension}`), `a${extension}`)
          expect(others).toEqual([])
          expect(back!.shape).toEqual(k.shape)
          expect(Buffer.from(back!.weights.buffer).equals(Buffer.from(k.weights.buffer))).toBe(true)
          expect([back!.scale, back!.offset, back!.anchor, back!.border]).toEqual([
            1,
            0,
            undefined,
            undefined,
          ])
        }),
      )
    },
  )

  test('JSON holds every field, and a bank', () => {
    const k = kernel([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8], {
      scale: 3,
      offset: -1.5,
      anchor: [0, 1],
      bias: Float64Array.of(1, 0.1),
      border: 'wrap',
      name: 'n "1"',
      summary: 'a\nb',
    })
    expect(readKernels(writeKernel(k, 'a.json'), 'a.json')).toEqual([k])
  })
})

describe('refused', () => {
  test.each([
    ['a.bmp', 'a.bmp must end in the extension of a kernel format, got ".bmp"', 'a.json'],
    ['a', 'a must end in the extension of a kernel format, got none', 'a.json'],
    ['a.svg', 'kernels cannot be written as SVG feConvolveMatrix', 'a.json'],
    ['a.safetensors', 'kernels cannot be written as safetensors', 'a.json'],
  ])('%s', (path, message, fix) => {
    const error = failure(() => writeKernel(edge, path))
    expect([error.code, error.message, error.fix]).toEqual(['E_KERNEL_FORMAT', message, fix])
    for (const extension of ['.json', '.mat', '.csv', '.npy', '.txt'])
      expect(error.why[0]).toContain(extension)
    expect(error.why[0]).not.toContain('.svg')
  })

  test.each(['.mat', '.csv', '.txt'])('a bank as %s', (extension) => {
    const error = failure(() => writeKernel(kernel([1, 1, 1, 1], [1]), `a${extension}`))
    expect(error.code).toBe('E_KERNEL_FORMAT')
    expect(error.message).toContain('[1,1,1,1]')
  })

  test.each(['.csv', '.txt', '.npy'])('an offset as %s: it is not dropped', (extension) => {
    const error = failure(() => writeKernel(kernel([1, 1], [1], { offset: 128 }), `a${extension}`))
    expect(error.code).toBe('E_KERNEL_FORMAT')
    expect(error.message).toContain('an offset of 128')
    expect(error.fix).toContain('.json')
  })
})

test('each writable format says what it cannot store before it is asked to write', () => {
  const full = kernel([1, 1, 1, 1], [1], { scale: 2, offset: 3, bias: Float64Array.of(1), border: 'wrap' })
  for (const { write, holds, kind, name } of Object.values(formats)) {
    if (write === undefined) continue
    expect(kind, name).toMatch(/^an? /)
    expect(lossesOf(edge, holds!), name).toEqual([])
    if (name !== formats.json!.name) expect(lossesOf(full, holds!).length, name).toBeGreaterThan(2)
  }
})
