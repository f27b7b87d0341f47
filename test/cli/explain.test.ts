import { writeFileSync } from 'node:fs'
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

describe('explain tells what the command does', () => {
  const facts = async (operation: string, ...args: string[]) => {
    const e = await json(operation, 'scene.png', ...args)
    const { status, stdout } = await convo([operation, 'scene.png', 'out.png', ...args, '--json'], {
      cwd: here.path(),
    })
    expect(status).toBe(0)
    const { width, height } = JSON.parse(stdout).output
    return { e, told: e.output.slice(-2), made: [height, width] }
  }
  test.each([
    ['conv2d', '--kernel', 'sharpen'],
    ['conv2d', '--kernel', 'sharpen', '--stride', '3'],
    ['conv2d', '--kernel', 'sharpen', '--padding', 'valid'],
    ['depthwise'],
    ['depthwise-separable'],
    ['grouped'],
    ['dilated'],
    ['separable'],
    ['transposed'],
    ['transposed', '--stride', '3'],
    ['transposed', '--stride', '2', '--kernel', '1 2 1; 2 4 2; 1 2 1'],
    ['maxpool'],
    ['unpool'],
    ['involution'],
    ['pointwise', '--kernel', '1 0 0; 0 1 0; 0 0 1'],
  ])('%s %s %s %s %s: the size on a picture', async (operation, ...args) => {
    const { told, made } = await facts(operation, ...args)
    expect(told).toEqual(made)
  })

  test('a plane meets every channel with the same weights, a kernel as deep as the picture is summed', async () => {
    const plane = await json('conv2d', 'scene.png', '--kernel', 'sharpen')
    expect([plane.parameters.count, plane.multiplications.count]).toEqual([9, 9 * 3 * 420 * 640])
    expect(plane.output).toEqual([3, 420, 640])
    writeFileSync(here.path('deep.json'), '{"weights": [[[1]], [[2]], [[3]]]}')
    const deep = await json('conv2d', 'scene.png', '--kernel', 'deep.json')
    expect([deep.output, deep.parameters.count]).toEqual([[1, 420, 640], 3])
    const groups = await json('grouped', '--input', '9x9x6', '--groups', '3')
    expect(groups.parameters.count).toBe(6 * 2 * 9)
  })

  test('the loops of kernels of one plane are those of filters, of the operators too', async () => {
    expect((await json('separable', 'scene.png', '--kernel', 'sobel-x')).algorithm).toBe('separable')
    expect((await json('dilated', 'scene.png')).strips.count).toBeGreaterThan(1)
    const direct = await json('conv2d', 'scene.png', '--kernel', 'gaussian:sigma=9', '--algorithm', 'direct')
    expect(direct.algorithm).toBe('direct')
    const { stdout } = await explain('maxpool', 'scene.png')
    expect(stdout).toMatch(/weights +none\n/)
  })
})
