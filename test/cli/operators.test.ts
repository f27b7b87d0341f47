import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { tensors as safetensors } from '../kernel/formats/safetensors-file.ts'
import * as oracle from '../oracle.ts'
import { convo, scratch } from './convo.ts'
import { noise, read, readArray, write } from './pictures.ts'

// The operators as users run them: the built program, with files as input and output.

const kernels = (name: string) => fileURLToPath(new URL(`../../kernels/${name}`, import.meta.url))
const layers = kernels('layers.safetensors')

describe('every operator on a picture', () => {
  const folder = scratch('scene.png', 'volume.tif')
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })

  it.each([
    `conv2d scene.png --kernel ${layers}#edges.weight --labels`,
    'conv2d scene.png --kernel gaussian:sigma=3 --algorithm fft',
    'conv3d volume.tif --filter sobel',
    'pointwise scene.png',
    'separable scene.png',
    'separable scene.png --kernel emboss --rank 2',
    `depthwise scene.png --kernel ${layers}#depthwise.weight`,
    'depthwise-separable scene.png',
    'grouped scene.png',
    'dilated scene.png --dilation 5,2',
    'transposed scene.png --stride 2,3',
    'maxpool scene.png --size 3,2 --ceil',
    'unpool scene.png --size 3',
    'involution scene.png',
    'involution scene.png --generator attention',
    `chain scene.png -- conv2d --kernel ${layers}#edges.weight -- relu -- maxpool -- gaussian`,
  ])('%s: the same bytes on 1, 2 and 5 threads', async (line) => {
    const [name = '', input = '', ...options] = line.split(' ')
    const bytes: Buffer[] = []
    for (const threads of ['1', '2', '5']) {
      const { status } = await run(name, input, 'out.png', '--threads', threads, '-q', ...options)
      expect(status).toBe(0)
      bytes.push(readFileSync(folder.path('out.png')))
    }
    expect(bytes.map((b) => b.equals(bytes[0]!))).toEqual([true, true, true])
  })
})

describe('steps that must see all of their input', () => {
  const folder = scratch()
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })
  const [width, height] = [9, 7]

  beforeAll(async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      const data = Uint8Array.from(noise(width * height * channels, channels))
      await write(folder.path(`${channels}.png`), { width, height, channels, data })
      const planes = Float32Array.from(noise(width * height * channels, channels))
      writeFileSync(folder.path(`${channels}.npy`), writeNpy([channels, height, width], planes))
    }
  })

  it.each(
    ['1.png', '2.png', '3.png', '4.png', '1.npy', '2.npy', '4.npy'].flatMap((input) =>
      ['conv3d', 'normalize', 'normalize --each'].map((step) => [step, input] as const),
    ),
  )('%s of %s comes first, last and alone, with the same numbers', async (step, input) => {
    const [name = '', ...options] = step.split(' ')
    const alone = await run(name, input, 'alone.npy', ...options)
    expect([alone.status, alone.stderr.includes('E_')]).toEqual([0, false])
    expect((await run('chain', input, 'first.npy', '--', name, ...options, '--', 'relu')).status).toBe(0)
    expect(readArray(folder.path('first.npy')).data).toEqual(
      readArray(folder.path('alone.npy')).data.map((v) => Math.max(0, v)),
    )
    if (name === 'conv3d') return
    expect((await run('chain', input, 'last.npy', '--', 'relu', '--', name, ...options)).status).toBe(0)
    expect(readFileSync(folder.path('last.npy'))).toEqual(readFileSync(folder.path('alone.npy')))
  })

  it.each(['webp', 'gif', 'tif'])('a volume of one slice is written as %s', async (ending) => {
    for (const input of ['1.png', '3.png'])
      expect((await run('conv3d', input, `one.${ending}`, '--force')).status).toBe(0)
  })
})

describe('the first layers of a network', () => {
  const folder = scratch()
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })
  const [height, width] = [19, 26]
  const data = Uint8Array.from(noise(height * width * 3))
  const numbers = (count: number, seed: number) =>
    Float32Array.from(noise(count, seed), (v) => (v - 128) / 64)
  const [weight, bias] = [numbers(64 * 27, 1), numbers(64, 2)]

  beforeAll(async () => {
    await write(folder.path('in.png'), { width, height, channels: 3, data })
    const tensors = {
      'conv1.weight': { shape: [64, 3, 3, 3], data: weight },
      'conv1.bias': { shape: [64], data: bias },
    }
    writeFileSync(folder.path('net.safetensors'), safetensors(tensors))
  })

  it('normalize, 64 filters with their biases, relu, maxpool: the numbers of the textbook', async () => {
    const line =
      'normalize --mean 0.5,0.4,0.3 --std 0.2,0.25,0.5 -- conv2d --kernel net.safetensors#conv1.weight --padding 1 --stride 2 -- relu -- maxpool --size 3 --stride 2 --padding 1'
    expect(await run('chain', 'in.png', 'out.npy', '--', ...line.split(' '))).toMatchObject({
      status: 0,
      stderr: '',
    })
    const [mean, std] = [
      [0.5, 0.4, 0.3],
      [0.2, 0.25, 0.5],
    ]
    const plane = height * width
    const x = Float64Array.from({ length: 3 * plane }, (_, i) => {
      const c = Math.floor(i / plane)
      return (data[(i % plane) * 3 + c]! / 255 - mean[c]!) / std[c]!
    })
    const conv = oracle.correlate(
      { shape: [3, height, width], data: x },
      { shape: [64, 3, 3, 3], data: weight },
      {
        stride: [2, 2],
        pads: [
          [1, 1],
          [1, 1],
        ],
        bias,
      },
    )
    const active = { shape: conv.shape, data: conv.data.map((v) => Math.max(v, 0)) }
    const want = oracle.maxPool(active, {
      kernel: [3, 3],
      stride: [2, 2],
      pads: [
        [1, 1],
        [1, 1],
      ],
    }).output
    const got = readArray(folder.path('out.npy'))
    expect(got.shape).toEqual(want.shape)
    const worst = Math.max(...got.data.map((v, i) => Math.abs(v - want.data[i]!)))
    expect(worst).toBeLessThan(1e-3)
    expect(Math.max(...want.data)).toBeGreaterThan(10)
  })

  it('64 maps stand on one sheet, 8 by 8, or in a file each', async () => {
    const layer = ['--kernel', 'net.safetensors#conv1.weight', '-q']
    await run('conv2d', 'in.png', 'sheet.png', ...layer)
    expect(await read(folder.path('sheet.png'))).toMatchObject({
      width: 8 * (width + 2) - 2,
      height: 8 * (height + 2) - 2,
    })
    await run('conv2d', 'in.png', 'map-{index:03}.png', ...layer)
    await run('conv2d', 'in.png', 'part.png', '--channels', 'split', ...layer)
    for (const i of [0, 9, 63]) {
      const one = await read(folder.path(`map-${String(i + 1).padStart(3, '0')}.png`))
      expect(one).toMatchObject({ width, height, channels: 1 })
      expect(await read(folder.path(`part-${String(i + 1).padStart(2, '0')}.png`))).toEqual(one)
      const sheet = await read(folder.path('sheet.png'))
      const [top, left] = [Math.floor(i / 8) * (height + 2), (i % 8) * (width + 2)]
      const row = sheet.data.slice((top + 5) * sheet.width + left, (top + 5) * sheet.width + left + width)
      expect([...row]).toEqual([...one.data.slice(5 * width, 6 * width)])
    }
    expect(existsSync(folder.path('map-065.png'))).toBe(false)
  })

  it('a range applies to arrays as to files of samples, but that nothing is cut off', async () => {
    const layer = ['--kernel', 'net.safetensors#conv1.weight', '-q']
    const array = async (...range: string[]) => {
      await run('conv2d', 'in.png', 'range.npy', ...layer, ...range)
      return readArray(folder.path('range.npy')).data
    }
    const raw = await array()
    expect(Math.min(...raw)).toBeLessThan(0)
    expect(await array('--range', 'abs')).toEqual(raw.map(Math.abs))
    expect(await array('--range', 'offset')).toEqual(raw.map((v) => Math.fround(v + 128)))
    const stretched = await array('--range', 'minmax')
    expect([Math.min(...stretched), Math.round(Math.max(...stretched))]).toEqual([0, 255])
  })

  it('some of many maps are as legible as all: 0 is middle gray', async () => {
    const layer = ['--kernel', 'net.safetensors#conv1.weight', '--bias', '0', '--range']
    await run('conv2d', 'in.png', 'all.npy', '--kernel', 'net.safetensors#conv1.weight', '-q')
    const { data: all } = readArray(folder.path('all.npy'))
    const { stderr } = await run('conv2d', 'in.png', 'some.png', '--kernel', layer[1]!, '--channels', '7,3,5')
    expect(stderr).toMatch(
      /^note: 3 maps: gray is 0, and white and black are the ends of the range of 99.5% of all maps/,
    )
    const planned = ['planned.png', '--kernel', layer[1]!, '--channels', '7,3,5', '--dry-run']
    const { stderr: foreseen } = await run('conv2d', 'in.png', ...planned)
    expect(foreseen).toContain('3 maps: black is 0 (gray if samples are below 0), and white is the end of')
    const some = await read(folder.path('some.png'))
    expect(some.channels).toBe(3)
    const plane = width * height
    for (const [c, map] of [7, 3, 5].entries()) {
      for (let i = 0; i < plane; i++) {
        const v = all[map * plane + i]!
        const level = some.data[i * 3 + c]!
        expect(v < 0 ? level <= 128 : level >= 127).toBe(true)
      }
    }
  })
})

describe('what cannot be is refused: status 2, a code, the numbers, and no file', () => {
  const folder = scratch('scene.png', 'volume.tif')
  beforeAll(() => {
    const numbers = (...shape: number[]) =>
      writeNpy(shape, Float32Array.from(noise(shape.reduce((a, b) => a * b, 1))))
    writeFileSync(folder.path('bank.npy'), numbers(4, 2, 3, 3))
    writeFileSync(folder.path('six.npy'), numbers(6, 5, 4))
    writeFileSync(folder.path('one.npy'), numbers(1, 1, 3, 3, 3))
    writeFileSync(folder.path('gray.npy'), numbers(8, 1, 3, 3))
    writeFileSync(folder.path('nan.npy'), writeNpy([3, 3], new Float32Array(9).fill(Number.NaN)))
    writeFileSync(folder.path('flat.npy'), numbers(4))
    writeFileSync(folder.path('six-ranks.npy'), numbers(1, 1, 1, 1, 1, 2))
  })

  it.each([
    ['conv2d scene.png', 'E_USAGE', /conv2d needs a kernel/],
    ['conv2d scene.png --kernel bank.npy', 'E_SHAPE', /for 2 channels, but the picture has 3 channels/],
    [
      'conv2d scene.png --kernel gray.npy',
      'E_SHAPE',
      /for 1 channel, but[\s\S]*\[8,1,3,3\][\s\S]*try: convo .* --gray/,
    ],
    [
      'conv2d six.npy --layout chw --kernel bank.npy --groups 4',
      'E_SHAPE',
      /groups 4 do not divide the 6 input channels/,
    ],
    [
      'conv2d six.npy --layout chw --kernel bank.npy',
      'E_SHAPE',
      /for 2 channels, but the picture has 6 channels/,
    ],
    ['conv2d scene.png --kernel sobel-x --groups 3', 'E_OPTION', /--groups 3 needs a bank/],
    ['conv2d scene.png --kernel nan.npy', 'E_KERNEL_VALUE', /finite/],
    ['conv2d scene.png --kernel flat.npy', 'E_KERNEL_SHAPE', /2 to 5 whole sizes/],
    ['conv2d scene.png --kernel six-ranks.npy', 'E_KERNEL_SHAPE', /2 to 5 whole sizes/],
    [`conv2d scene.png --kernel ${layers}#conv9.weight`, 'E_KERNEL_FILE', /no tensor named "conv9.weight"/],
    [
      `conv2d scene.png --kernel ${layers}#volume.weight`,
      'E_KERNEL_SHAPE',
      /rank 2, 3 or 4[\s\S]*try: convo conv3d/,
    ],
    ['conv2d scene.png --kernel sobel-x --padding -1', 'E_OPTION', /--padding must be at least 0, got -1/],
    ['conv2d scene.png --kernel sobel-x --stride 0', 'E_OPTION', /--stride must be at least 1, got 0/],
    [
      'conv2d scene.png --kernel sobel-x --dilation 1.5',
      'E_OPTION',
      /--dilation must be whole numbers, got "1.5"/,
    ],
    [
      'conv2d scene.png --kernel sobel-x --dilation 999 --padding valid',
      'E_SHAPE',
      /1999[\s\S]*which is below 1/,
    ],
    ['conv2d scene.png --kernel sobel-x --anchor 3,0', 'E_OPTION', /--anchor 3,0 is outside the 3x3 kernel/],
    ['conv3d volume.tif --padding valid --sigma 9', 'E_SHAPE', /in depth: 73 against 24/],
    [
      'conv3d scene.png --kernel one.npy',
      'E_SHAPE',
      /for 1 channel, but[\s\S]*\[1,1,3,3,3\][\s\S]*try: a kernel \[kD,kH,kW\]/,
    ],
    ['conv3d volume.tif --kernel bank.npy', 'E_KERNEL_SHAPE', /rank 3, .* or rank 5, got \[4,2,3,3\]/],
    ['conv3d volume.tif --filter sobel --sigma 2', 'E_OPTION', /--sigma does not apply to sobel/],
    ['conv3d volume.tif --filter sobel --kernel six.npy', 'E_OPTION', /--filter and --kernel/],
    ['conv3d volume.tif --stride 1,2,3,4', 'E_OPTION', /--stride/],
    ['pointwise scene.png --kernel 1,0', 'E_SHAPE', /for 2 channels, but the picture has 3/],
    ['pointwise scene.png --kernel sobel-x --preset sepia', 'E_OPTION', /--preset sepia and --kernel/],
    ['pointwise scene.png --kernel bank.npy', 'E_KERNEL_SHAPE', /matrix \[O,C\] or a bank \[O,C,1,1\]/],
    ['separable scene.png --kernel laplacian', 'E_KERNEL_VALUE', /rank is 2, not 1[\s\S]*4.449, 0.4495, 0/],
    ['separable scene.png --kernel laplacian --rank 4', 'E_ARGUMENT', /rank must be .*1 to 3 .*got 4/],
    ['separable scene.png --col 1,2', 'E_OPTION', /need each other/],
    ['depthwise scene.png --kernel bank.npy', 'E_KERNEL_SHAPE', /\[C\*m,1,kH,kW\], got \[4,2,3,3\]/],
    [
      'depthwise scene.png --kernel gray.npy',
      'E_SHAPE',
      /8 filters, which is not a multiple of the 3 channels/,
    ],
    [
      'depthwise-separable scene.png --pointwise 1,0',
      'E_SHAPE',
      /for 2 channels, but the first step makes 3/,
    ],
    ['grouped scene.png --groups 2', 'E_SHAPE', /groups 2 do not divide the 3 input channels/],
    ['grouped scene.png --kernel bank.npy', 'E_SHAPE', /filters of 2 channels do not divide the 3 channels/],
    ['dilated scene.png --dilation 0', 'E_OPTION', /--dilation must be at least 1, got 0/],
    [
      'transposed scene.png --kernel binomial --output-padding 2',
      'E_ARGUMENT',
      /outputPadding .* got 2 with stride 2/,
    ],
    [
      'transposed scene.png --kernel binomial --padding 700',
      'E_SHAPE',
      /too large for the height: .* size -559/,
    ],
    [
      'transposed scene.png --kernel binomial --padding same',
      'E_OPTION',
      /--padding must be a number, got "same"/,
    ],
    ['transposed scene.png --upsample nearest --kernel binomial', 'E_OPTION', /cannot be used together/],
    ['maxpool scene.png --size 0', 'E_OPTION', /--size must be at least 1, got 0/],
    ['maxpool scene.png --size 421', 'E_SHAPE', /in height: 421 against 420/],
    ['maxpool scene.png --padding 2', 'E_ARGUMENT', /padding 2 \+ 2 is too large for kernelSize 2/],
    ['unpool scene.png --bare --kernel binomial', 'E_OPTION', /--bare/],
    ['unpool scene.png --kernel bank.npy', 'E_KERNEL_SHAPE', /rank 2, got \[4,2,3,3\]/],
    ['involution scene.png --size 4', 'E_OPTION', /odd number from 1 to 255, got "4"/],
    ['involution scene.png --weights nosuch', 'E_KERNEL_FILE', /there is no file nosuch/],
    [`involution scene.png --weights ${layers}`, 'E_KERNEL_FILE', /no tensor named "reduce.weight"/],
    [
      'involution scene.png --temperature 3',
      'E_OPTION',
      /--temperature does not apply to the generator bilateral/,
    ],
    ['relu scene.png --kernel sobel-x', 'E_USAGE', /relu has no option --kernel/],
    ['threshold scene.png --at abc', 'E_OPTION', /--at must be a number, got "abc"/],
    ['normalize scene.png --mean 1,2', 'E_OPTION', /--mean has 2 numbers for 3 channels/],
    ['normalize scene.png --std 0', 'E_OPTION', /--std must not hold 0/],
    [
      'conv2d scene.png --kernel sobel-x --channels 3',
      'E_OPTION',
      /no channel 3: the result has 3 channels, counted from 0/,
    ],
    ['conv2d scene.png --kernel sobel-x --labels', 'E_OPTION', /--labels applies to sheets/],
    [
      'conv2d scene.png --kernel sobel-x --map-range each',
      'E_OPTION',
      /--map-range each applies only to several maps/,
    ],
    ['conv3d volume.tif --map-range each', 'E_OPTION', /try: convo conv3d volume\.tif \S+$/m],
    [
      `conv2d scene.png --kernel ${layers}#edges.weight --range abs --map-range each`,
      'E_OPTION',
      /--range abs/,
    ],
  ])('%s', async (line, code, message) => {
    const [name = '', input = '', ...options] = line.split(' ')
    const { status, stdout, stderr } = await convo([name, input, 'never.png', ...options], {
      cwd: folder.path(),
    })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(new RegExp(`^error: .* {3}\\[${code}\\]\\n`))
    expect(stderr).toMatch(message)
    expect(existsSync(folder.path('never.png'))).toBe(false)
  })
})
