import { describe, expect, test } from 'vitest'
import { convo, scratch } from './convo.ts'

const here = scratch('scene.png', 'gray16.png', 'volume.tif')
const explain = (...args: string[]) => convo(['explain', ...args], { cwd: here.path() })
const json = async (...args: string[]) => JSON.parse((await explain(...args, '--json')).stdout)

describe('explain an operator', () => {
  test('the textbook: 7x7x3 with 128 filters of 3x3 gives 5x5x128', async () => {
    const e = await json('conv2d', '--input', '7x7x3', '--filters', '128')
    expect(e.output).toEqual([128, 5, 5])
    expect(e.parameters.count).toBe(3 * 3 * 3 * 128)
    expect(e.multiplications.count).toBe(3 * 3 * 3 * 128 * 25)
  })

  test('the textbook: 656 weights against 4,608', async () => {
    const { status, stdout } = await explain('depthwise-separable', '--input', '56x56x16', '--filters', '32')
    expect(status).toBe(0)
    expect(stdout).toMatch(/weights +656 = C·m·kH·kW \+ O·C·m = 16·1·3·3 \+ 32·16·1/)
    expect(stdout).toMatch(/plain conv2d +4,608 weights/)
  })

  test('the textbook: transposed, 2x2 with 4x4 at stride 3 gives 7x7', async () => {
    const { stdout } = await explain('transposed', '--input', '2x2x1', '--size', '4', '--stride', '3')
    expect(stdout).toMatch(/height +\(2 − 1\)·3 − 0 \+ 1·\(4 − 1\) \+ 0 \+ 1 = 7/)
  })

  test('the textbook: a 3x3 at rate 2 sees 5x5 with 9 weights', async () => {
    const e = await json('dilated', '--input', '7x7x1', '--dilation', '2')
    expect([e.receptiveField, e.parameters.count]).toEqual([[5, 5], 9])
  })

  test('the rank of a kernel, and which loops it takes', async () => {
    const rank1 = await json('separable', '--kernel', 'sobel-x', '--input', '9x9x1')
    expect([rank1.separability.rank, rank1.parameters.count]).toEqual([1, 6])
    const plane = await json('conv2d', 'scene.png', '--kernel', '0 -1 0; -1 5 -1; 0 -1 0')
    expect([plane.algorithm, plane.separability.rank]).toEqual(['integer', 2])
  })

  test('a volume has its pages for depth', async () => {
    expect((await json('conv3d', 'volume.tif')).input).toEqual([1, 24, 96, 96])
  })
})

describe('explain a filter', () => {
  test('says which arithmetic a picture of 8 or 16 bits gets, and takes the options of the filter', async () => {
    const small = await json('gaussian', 'scene.png', '--sigma', '2')
    expect(small.kernels[0]).toMatchObject({ size: [17, 17], algorithm: 'separable', rank: 1 })
    expect(small.input).toEqual([3, 420, 640])
    const large = await json('gaussian', 'scene.png', '--sigma', '30')
    expect(large.kernels[0].algorithm).toBe('fft-separable')
    expect((await json('sobel', 'scene.png')).samples).toBe('u8')
    expect((await json('sobel', 'gray16.png')).samples).not.toBe('u8')
  })

  test('says the border and the sizes after a stride', async () => {
    const e = await json('box', 'scene.png', '--size', '9', '--border', 'wrap', '--stride', '2,4')
    expect([e.border, e.output, e.kernels[0].algorithm]).toEqual(['wrap', [3, 210, 160], 'box'])
  })
})

describe('what cannot be explained', () => {
  test.each([
    [['nope'], /E_NAME/],
    [['conv2d', '--input', '3'], /--input must be 2 to 4 whole sizes/],
    [['conv2d', '--input', '3x3x1', '--size', '5'], /E_SHAPE/],
    [['gaussian', '--sgma', '3'], /has no option --sgma[\s\S]*try: --sigma/],
    [['conv2d', 'scene.png', '--input', '7x7x3'], /the input is given twice/],
    [['conv2d', 'nosuch.png'], /E_INPUT/],
  ])('%j is refused', async (args, expected) => {
    const { status, stdout, stderr } = await explain(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(expected)
  })
})
