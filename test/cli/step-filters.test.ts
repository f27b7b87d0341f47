import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convo as library } from '../../src/index.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { closePools } from '../../src/run/shared.ts'
import { convo, scratch } from './convo.ts'
import { noise, write } from './pictures.ts'

// Filters that need steps on planes, as users run them.

const here = scratch()
const [width, height] = [24, 18]

beforeAll(async () => {
  const rgba = Uint8Array.from(noise(width * height * 4))
  await write(here.path('rgba.png'), { width, height, channels: 4, data: rgba })
  await write(here.path('rgb.png'), { width, height, channels: 3, data: rgba.slice(0, width * height * 3) })
  const deep = Uint16Array.from(noise(width * height, 1, 65535))
  await write(here.path('gray16.png'), { width, height, channels: 1, data: deep })
  writeFileSync(
    here.path('volume.npy'),
    writeNpy([1, 3, height, width], Float32Array.from(noise(3 * width * height))),
  )
})
afterAll(closePools)

const run = (line: string) => convo(line.split(' '), { cwd: here.path() })
const samples = async (name: string) => {
  await run(`conv2d ${name} ${name}.npy --kernel 1 --alpha separate`)
  return readFileSync(here.path(`${name}.npy`))
}

describe('on pictures', () => {
  it.each(['median', 'erode --size 5', 'canny', 'guided', 'harris', 'richardson-lucy -k gaussian:sigma=1'])(
    '%s keeps alpha as it is',
    async (line) => {
      expect((await run(`${line} rgba.png alpha.png`)).status).toBe(0)
      const json = JSON.parse((await run('digest alpha.png --json')).stdout)
      expect([2, 4]).toContain(json.channels)
      expect((await run('pointwise alpha.png a1.npy --kernel 1 --alpha separate')).status).toBeLessThan(3)
    },
  )
  it('crop and pad take alpha and hidden colours along, untouched', async () => {
    await run('pad rgba.png padded.png --by 4')
    await run(`crop padded.png back.png --size ${width},${height} --at 4,4`)
    expect((await run('compare rgba.png back.png --max-abs 0')).status).toBe(0)
  })
  it.each(['median --size 5', 'resize --by 50%', 'canny', 'structure-tensor', 'open', 'highpass'])(
    '%s gives 16 bits of 16 bits',
    async (line) => {
      expect((await run(`${line} gray16.png out16.png`)).status).toBe(0)
      expect(JSON.parse((await run('digest out16.png --json')).stdout).depth).toBe(16)
    },
  )
  it('stand in chains, in any place', async () => {
    const { status, stderr } = await run(
      'chain rgb.png chain.png -- crop --size 20,12 -- median --size 3 -- resize --by 2 -- sobel --unit -- pad --by 3',
    )
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')])
    expect(JSON.parse((await run('digest chain.png --json')).stdout)).toMatchObject({ width: 46, height: 30 })
  })
  it('a window in a chain gives what it gives alone, by bytes and by floats', async () => {
    await run('median rgb.png alone.png --size 5')
    await run('chain rgb.png chained.png -- median --size 5 -- relu')
    expect(await samples('alone.png')).toEqual(await samples('chained.png'))
  })
  it.each(['median', 'canny', 'resize --by 0.5'])(
    '%s takes the slices of a volume one by one',
    async (line) => {
      const { status, stderr } = await run(`${line} volume.npy slices.npy`)
      const note = 'note: volume.npy has the shape [1,3,18,24], and was read as [C,D,H,W], '
      expect([status, stderr]).toEqual([0, expect.stringMatching(/^note: [^\n]*written as \[C,D,H,W\]\n$/)])
      expect(stderr).toContain(note)
    },
  )
  it.each([2, 4, 5])('guided by the luminance, %i maps are refused, which have none', async (count) => {
    writeFileSync(here.path('maps.npy'), writeNpy([count, 9, 9], new Float32Array(count * 81)))
    const { status, stderr } = await run('guided maps.npy out.npy --guide luminance')
    expect([status, stderr.split('\n')]).toEqual([
      2,
      [
        `error: --guide luminance needs a picture in gray or colour, got ${count} maps   [E_OPTION]`,
        '  try: convo guided maps.npy out.npy --guide self',
        '',
      ],
    ])
  })
  it('one thread and three give the same file', async () => {
    for (const line of ['guided --radius 3', 'percentile --size 7,3 --rank 70', 'canny --sigma 0.5']) {
      await run(`${line} rgb.png one.png --threads 1`)
      await run(`${line} rgb.png three.png --threads 3`)
      expect(readFileSync(here.path('one.png'))).toEqual(readFileSync(here.path('three.png')))
    }
  })
  it('edges over a part of a picture in colour are gray there, and the picture is as it was elsewhere', async () => {
    expect(await run('canny rgba.png part.png --region 5,4,9,8')).toMatchObject({ status: 0, stderr: '' })
    const whole = { size: `${width},${height}`, at: [0, 0] } as const
    const part = await library(here.path('part.png')).crop(whole).raw()
    const before = await library(here.path('rgba.png')).crop(whole).raw()
    const isIn = (x: number, y: number) => x >= 5 && x < 14 && y >= 4 && y < 12
    part.data.forEach((v, i) => {
      const [pixel, c] = [Math.floor(i / 4), i % 4]
      // invisible colours are not kept
      if (before.data[i - c + 3] === 0) return
      const isEdge = isIn(pixel % width, Math.floor(pixel / width)) && c < 3
      expect(isEdge ? [0, 255] : [before.data[i]]).toContain(v)
    })
  })
  it.each([
    'resize rgba.png o.png --width 7',
    'crop rgb.png o.png --size 5,6',
    'canny gray16.png o.png',
    'chain rgba.png o.png -- resize --width 9 -- gaussian --sigma 40 -- pad --by 3',
  ])('a dry run of %s knows the size and the arithmetic', async (line) => {
    const json = async (more: string) =>
      JSON.parse((await run(line.replace('o.png', `o.png ${more}`))).stdout)
    const { output, plan } = await json('--dry-run --json')
    const ran = await json('--json')
    expect([output.width, output.height]).toEqual([ran.output.width, ran.output.height])
    expect(plan).toEqual(ran.plan)
  })
  it('are methods of the library', async () => {
    await run('median rgb.png line.png --size 5')
    await library(here.path('rgb.png')).median({ size: 5 }).toFile(here.path('method.png'))
    expect(readFileSync(here.path('method.png'))).toEqual(readFileSync(here.path('line.png')))
  })
})

it('richardson-lucy says what it met, beside what there is to say of its kernel', async () => {
  const blur = ['richardson-lucy', '--kernel', '1 2 1 2 4 2 1 2 1', '--iterations', '1']
  const { status, stderr } = await convo(
    ['chain', 'rgb.png', 'o.npy', '--force', '--', 'laplacian', '--', ...blur],
    {
      cwd: here.path(),
    },
  )
  expect([status, stderr.split('\n').map((line) => line.slice(0, 34))]).toEqual([
    0,
    ['note: samples below 0 were taken as', 'note: the 9 numbers were read as o', ''].map((line) =>
      line.slice(0, 34),
    ),
  ])
})

describe('refused', () => {
  it.each([
    ['wiener rgb.png o.png', 'wiener needs a kernel', 'convo wiener rgb.png o.png --kernel gaussian:sigma=2'],
    ['richardson-lucy rgb.png o.png -k sharpen', 'weights all have the same sign', undefined],
    [
      'crop rgb.png o.png --size 30,30',
      'extends beyond the picture',
      'convo crop rgb.png o.png --size 24x18',
    ],
    [
      'resize rgb.png o.png --by 2 --region 1,1,5,5 --dry-run',
      '--region needs a result of the same shape as the input',
      'convo resize rgb.png o.png --by 2 --dry-run',
    ],
    ['median rgb.png o.png --angle 3', '--angle 3 applies to a line', undefined],
    [
      'resize rgb.png o.png --by 2 --width 3',
      '--by and a width or height cannot be used together',
      undefined,
    ],
  ])('%s', async (line, message, fix) => {
    const { status, stderr } = await run(line)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
    if (fix === undefined) return
    expect(stderr).toContain(fix)
    expect((await run(fix.replace('convo ', ''))).status).toBe(0)
  })
})
