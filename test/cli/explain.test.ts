import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { convo, scratch } from './convo.ts'
import { noise, readArray, write } from './pictures.ts'

const here = scratch('scene.png', 'gray16.png', 'volume.tif')
const explain = (...args: string[]) => convo(['explain', ...args], { cwd: here.path() })
const json = async (...args: string[]) => JSON.parse((await explain(...args, '--json')).stdout)

describe('explain an operator', () => {
  test('the textbook: 7x7x3 with 128 filters of 3x3 gives 5x5x128', async () => {
    const e = await json('conv2d', '--input', '3x7x7', '--filters', '128')
    expect(e.output).toEqual([128, 5, 5])
    expect(e.parameters.count).toBe(3 * 3 * 3 * 128)
    expect(e.multiplications.count).toBe(3 * 3 * 3 * 128 * 25)
  })

  test('the textbook: 656 weights against 4,608', async () => {
    const { status, stdout } = await explain('depthwise-separable', '--input', '16x56x56', '--filters', '32')
    expect(status).toBe(0)
    expect(stdout).toMatch(/weights +656 = C·m·kH·kW \+ O·C·m = 16·1·3·3 \+ 32·16·1/)
    expect(stdout).toMatch(/plain conv2d +4,608 weights/)
  })

  test('the textbook: transposed, 2x2 with 4x4 at stride 3 gives 7x7', async () => {
    const { stdout } = await explain('transposed', '--input', '1x2x2', '--size', '4', '--stride', '3')
    expect(stdout).toMatch(/height +.*= \(2 − 1\)·3 − 0 \+ 1·\(4 − 1\) \+ 0 \+ 1 = 7/)
  })

  test('the textbook: a 3x3 at rate 2 sees 5x5 with 9 weights', async () => {
    const e = await json('dilated', '--input', '1x7x7', '--dilation', '2')
    expect([e.receptiveField, e.parameters.count]).toEqual([[5, 5], 9])
  })

  test('the rank of a kernel, and which loops it takes', async () => {
    const rank1 = await json('separable', '--kernel', 'sobel-x', '--input', '1x9x9')
    expect([rank1.separability.rank, rank1.parameters.count]).toEqual([1, 6])
    const plane = await json('conv2d', 'scene.png', '--kernel', '0 -1 0; -1 5 -1; 0 -1 0')
    expect([plane.algorithm, plane.separability.rank]).toEqual(['integer', 2])
  })

  test('a volume has its pages for depth', async () => {
    expect((await json('conv3d', 'volume.tif')).input).toEqual([1, 24, 96, 96])
  })
})

describe('what is explained is what runs', () => {
  const kernels = (name: string) => fileURLToPath(new URL(`../../kernels/${name}`, import.meta.url))
  const bank = kernels('layers.safetensors')
  const small = { width: 23, height: 17, channels: 3, data: Uint8Array.from(noise(23 * 17 * 3)) }
  beforeAll(async () => {
    await write(here.path('small.png'), small)
    const tensor = (shape: number[]) => writeNpy(shape, Float32Array.from(noise(product(shape))))
    writeFileSync(here.path('cube.npy'), tensor([2, 3, 2]))
    mkdirSync(here.path('weights'))
    writeFileSync(here.path('weights/reduce.weight.npy'), tensor([2, 3, 1, 1]))
    writeFileSync(here.path('weights/span.weight.npy'), tensor([75, 2, 1, 1]))
  })
  const product = (list: readonly number[]) => list.reduce((a, b) => a * b, 1)

  test.each([
    ['conv2d --kernel sobel-x', [9, 3 * 9]],
    ['conv2d --kernel sobel-x --padding full --stride 3,2', [9, 3 * 9]],
    ['conv2d --kernel sobel-x --padding 0,1,2,3 --dilation 2,3', [9, 3 * 9]],
    [`conv2d --kernel ${bank}#edges.weight`, [432, 432]],
    [`conv2d --kernel ${bank}#edges.weight --stride 2 --padding valid`, [432, 432]],
    [`conv2d --kernel ${kernels('opponent.json')}`, undefined],
    ['dilated', [9, 27]],
    ['dilated --dilation 3,1 --kernel gaussian:sigma=1 --padding 6', [81, 243]],
    ['grouped', [243, 243]],
    ['grouped --stride 4', [243, 243]],
    ['depthwise', [9, 27]],
    [`depthwise --kernel ${bank}#depthwise.weight --padding same`, [54, 54]],
    ['depthwise-separable', [9 + 9, 27 + 9]],
    [`depthwise-separable --kernel ${bank}#depthwise.weight --pointwise ${bank}#pointwise.weight`, [72, 72]],
    ['pointwise', [9, 9]],
    ['pointwise --preset gray', [3, 3]],
    ['separable', [10, 30]],
    ['separable --col 1,2,3,2 --row 1,1 --stride 2', undefined],
    ['separable --kernel outline --rank 2 --padding valid', undefined],
    ['transposed', [16, 48]],
    ['transposed --stride 3,5', undefined],
    ['transposed --upsample nearest --stride 4', [16, 48]],
    ['transposed --kernel binomial --stride 3 --padding 1 --output-padding 2', [9, 27]],
    ['maxpool --size 3 --stride 2 --padding 1 --ceil', [0, 0]],
    ['maxpool --size 5,4 --dilation 2', [0, 0]],
    ['maxpool --size 4,2 --stride 4,6 --ceil', [0, 0]],
    ['unpool --size 3', [25, 75]],
    ['unpool --bare', [0, 0]],
    ['involution --size 7', [0, 7 * 7 * 3]],
    ['involution --generator attention --dilation 2', [0, 5 * 5 * 3]],
    ['involution --weights weights --stride 2', [2 * 3 + 75 * 2, 2 * 3 + 75 * 2 + 75]],
    ['conv3d --filter sobel', undefined],
    ['conv3d --kernel cube.npy --padding 1,0,2 --stride 1,3,2', [12, 3 * 12]],
  ] as const)('%s', async (line, counts) => {
    const [name = '', ...options] = line.split(' ')
    const e = await json(name, 'small.png', ...options)
    const ran = await convo([name, 'small.png', 'out.npy', ...options, '-q'], { cwd: here.path() })
    expect(ran.stderr).toBe('')
    const { shape } = readArray(here.path('out.npy'))
    expect(e.output).toEqual(shape)
    if (counts === undefined) return
    const places = name === 'transposed' ? 0 : name === 'unpool' ? 23 * 17 : product(shape.slice(1))
    expect(e.parameters.count).toBe(counts[0])
    if (places > 0) expect(e.multiplications.count).toBe(counts[1] * places)
  })

  test('the arithmetic is that of the run', async () => {
    for (const line of [
      'conv2d --kernel sobel-x',
      'conv2d --kernel gaussian:sigma=9 --algorithm fft',
      'separable',
    ]) {
      const [name = '', ...options] = line.split(' ')
      const { algorithm } = await json(name, 'small.png', ...options)
      const ran = await convo([name, 'small.png', 'out.png', ...options, '--json'], { cwd: here.path() })
      expect(JSON.parse(ran.stdout).plan[0].algorithm).toBe(algorithm)
    }
  })
})

describe('explain a chain', () => {
  test('the receptive field grows by what every step sees, in steps of those before', async () => {
    const steps =
      'conv2d --size 7 --stride 2 --padding 3 --filters 64 -- relu -- maxpool --size 3 --stride 2 --padding 1'
    const net = ['--', ...steps.split(' '), '--', 'conv2d', '--filters', '32', '--padding', 'same']
    const e = JSON.parse((await explain('chain', '--input', '3x224x224', '--json', ...net)).stdout)
    expect(e.steps.map((s: { output: number[] }) => s.output)).toEqual([
      [64, 112, 112],
      [64, 112, 112],
      [64, 56, 56],
      [32, 56, 56],
    ])
    expect(e.steps.map((s: { receptiveField: number[] }) => s.receptiveField[0])).toEqual([7, 7, 11, 19])
    expect([e.step, e.parameters]).toEqual([[4, 4], 64 * 3 * 49 + 32 * 64 * 9])
    expect(e.multiplications).toBe(64 * 3 * 49 * 112 * 112 + 32 * 64 * 9 * 56 * 56)
    const { stdout } = await explain('chain', '--input', '3x224x224', ...net)
    expect(stdout).toMatch(/all +32x56x56 +27,840 +175,816,704 +19x19\n$/)
  })

  test('three 3x3 see what one 7x7 does, and a transposed step takes smaller ones', async () => {
    const [a, b] = ['conv2d', 'transposed --kernel binomial']
    const sees = async (...steps: string[]) =>
      JSON.parse(
        (await explain('chain', '--json', '--input', '1x99x77', '--', ...steps.join(' -- ').split(' ')))
          .stdout,
      )
    expect((await sees(a, a, a)).receptiveField).toEqual([7, 7])
    const up = await sees('maxpool', b, 'sobel')
    expect([up.step, up.receptiveField]).toEqual([
      [1, 1],
      [6, 6],
    ])
  })

  test('a volume meets operators on pictures slice by slice', async () => {
    const line = ['--', 'conv3d', '--', 'gaussian', '--sigma', '2', '--', 'maxpool']
    const e = JSON.parse((await explain('chain', 'volume.tif', '--json', ...line)).stdout)
    expect([e.output, e.receptiveField]).toEqual([
      [1, 12, 48, 48],
      [10, 26, 26],
    ])
  })

  test('what needs all of its input is named, and sees all of a picture or volume', async () => {
    const steps = ['--', 'normalize', '--', 'gaussian']
    const e = JSON.parse((await explain('chain', '--input', '3x20x30', '--json', ...steps)).stdout)
    expect(e.steps.map((s: { seesAll?: true }) => s.seesAll)).toEqual([true, undefined])
    expect(e.steps[0].receptiveField).toEqual([20, 30])
    const deep = ['chain', 'volume.tif', '--', 'conv3d', ...steps]
    const { stdout } = await explain(...deep)
    expect(stdout).toMatch(/\n {2}normalize needs all of its input first, which is kept in memory\n$/)
    expect(stdout).not.toContain('gaussian needs')
    expect((await explain('richardson-lucy', 'scene.png', '--kernel', 'disk:radius=3')).stdout).toMatch(
      /memory +needs all of its input/,
    )
    expect((await explain('canny', 'scene.png')).stdout).toMatch(/memory +needs all of its input/)
    expect((await explain('gaussian', 'scene.png')).stdout).not.toContain('needs all')
    // with the given numbers, it only needs rows
    const given = ['chain', '--input', '3x20x30', '--', 'normalize', '--mean', '9', '--std', '2']
    expect((await explain(...given)).stdout).not.toContain('needs all')
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
    [['conv2d', '--input', '1x3x3', '--size', '5'], /E_SHAPE/],
    [['conv2d', '--input', '7x7x3'], /channels last[\s\S]*try: convo explain conv2d --input 3x7x7/],
    [['gaussian', '--sgma', '3'], /has no option --sgma[\s\S]*try: convo explain gaussian --sigma 3/],
    [['conv2d', 'scene.png', '--input', '3x7x7'], /the input was given twice/],
    [['conv2d', 'nosuch.png'], /E_INPUT/],
    [['chain', 'scene.png'], /a chain needs its steps after --/],
    [['sobel', 'scene.png', '--', 'sobel'], /only chain takes steps after --/],
    [
      ['chain', 'scene.png', '--', 'sobel', '--json'],
      /--json applies to the whole chain, not to the step sobel/,
    ],
    [
      ['conv2d', '--input', '3x7x7', '--kernel', 'sobel-x', '--size', '5'],
      /--size and --kernel cannot be used together/,
    ],
    [['conv2d', 'scene.png', '--kernel', 'sobel-x', '--algorithm', 'fft', '--dilation', '2'], /E_OPTION/],
    [
      ['separable', 'scene.png', '--kernel', 'laplacian'],
      /its rank is 2, not 1[\s\S]*singular values: 4.449/,
    ],
    [
      ['wiener', 'scene.png'],
      /wiener needs a kernel[\s\S]*try: convo explain wiener scene.png --kernel gaussian:sigma=2/,
    ],
    [
      ['chain', '--input', '4x9x9', '--', 'pointwise', '--kernel', '1 0 0; 0 1 0'],
      /the kernel is for 3 channels, but the picture has 4 channels/,
    ],
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
    const groups = await json('grouped', '--input', '6x9x9', '--groups', '3')
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

test('what means nothing to an operation or to a chain is refused, not dropped', async () => {
  const input = ['--input', '3x8x8']
  for (const [words, said] of [
    [['sobel', ...input, '--filters', '64'], /--filters does not apply to sobel +\[E_OPTION\]/],
    [['maxpool', ...input, '--hidden', '4'], /--hidden does not apply to maxpool/],
    [['chain', ...input, '--', 'relu', '--size', '7'], /--size does not apply to relu/],
    [['chain', ...input, '--filters', '64', '--', 'conv2d'], /--filters belongs to a step, after --/],
    [['chain', ...input, '--', 'sobel', '--svg', 'o.svg'], /--svg applies to the whole chain/],
    [['chain', ...input, '--', 'sobel', '--depth', '16'], /--depth applies to the whole chain/],
  ] as const) {
    const { status, stderr } = await explain(...words)
    expect([words, status, stderr]).toEqual([words, 2, expect.stringMatching(said)])
  }
})

test.each([
  ['relu', [3, 8, 10], [1, 1]],
  ['normalize', [3, 8, 10], [8, 10]],
  ['avgpool --size 3 --stride 2', [3, 3, 4], [3, 3]],
  ['globalpool', [3, 1, 1], [8, 10]],
  ['argmax', [1, 8, 10], [1, 1]],
])('%s alone: what comes out and what it sees', async (line, output, receptiveField) => {
  const words = [...line.split(' '), '--input', '3x8x10']
  expect(await json(...words)).toMatchObject({ input: [3, 8, 10], output, receptiveField })
  expect((await explain(...words)).stdout).toMatch(/what it computes +out/)
})

test('sizes are understood with the sign for times as well as with the letter', async () => {
  const plane = await json('conv2d', '--input', '9x7')
  expect(plane).toEqual(await json('conv2d', '--input', '1x7x9'))
  const [sign, letter] = [await json('conv2d', '--input', '3×7×9'), await json('conv2d', '--input', '3x7x9')]
  expect(sign).toEqual(letter)
})
