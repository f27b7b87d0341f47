import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { exrOf } from '../image/exrs.ts'
import { photo, picture } from '../image/pictures.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()
const run = (line: string, stdin?: Uint8Array) =>
  convo(line.split(' '), { cwd: folder.path(), ...(stdin && { stdin }) })
const mask = picture(48, 32, 1, 8, (i) => (i % 48 < 24 ? 0 : 255))

beforeAll(async () => {
  writeFileSync(folder.path('a.png'), (await encode(photo, 'png')).bytes)
  writeFileSync(folder.path('m.png'), (await encode(mask, 'png')).bytes)
  writeFileSync(folder.path('a.npy'), writeNpy([32, 48], new Float32Array(32 * 48)))
  writeFileSync(folder.path('a.exr'), exrOf({ width: 9, height: 8, channels: [['Y', 1]] }))
})

describe('what does not apply to an input', () => {
  it.each([
    ['box a.png o.png --layout hwc', 'box a.png o.png'],
    ['box a.png o.png --layout chw --dry-run', 'box a.png o.png --dry-run'],
    ['chain a.png o.png --layout hwc -- box -- box', 'chain a.png o.png -- box -- box'],
    ['box a.exr o.pfm --layout hwc', 'box a.exr o.pfm'],
  ])('--layout is refused for a picture: %s', async (line, fix) => {
    const { status, stderr } = await run(line)
    const [name] = /a\.\w+/.exec(line)!
    expect([status, stderr.split('\n')[0]]).toEqual([
      2,
      expect.stringMatching(
        `^error: --layout \\w+ is for .npy files, and ${name} is not one   \\[E_OPTION\\]$`,
      ),
    ])
    expect(stderr).toContain(`  try: convo ${fix}\n`)
    expect((await run(fix)).status).toBe(0)
  })

  it.each([
    'conv2d a.png o.png -k laplacian-rgb.npy --border reflect',
    'grouped a.png o.png --border wrap',
    'depthwise-separable a.png o.png',
    'conv3d a.png o.npy --border symmetric',
    'conv3d a.png o.npy',
    'gaussian a.png o.png',
    'median a.png o.png',
  ])('--fill is refused without a constant border: %s', async (line) => {
    const { status, stderr } = await run(`${line} --fill 9`)
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: --fill does not apply to --border \w+ {3}\[E_OPTION\]\n {2}try: convo /),
    ])
    const fix = /try: convo (.*)/.exec(stderr)![1]!
    expect(fix).toContain(' --border constant')
    expect((await run(fix)).status).toBe(0)
  })

  it('a kernel with taps too far apart is refused before its halo is laid out', async () => {
    const { status, stderr } = await run('conv2d a.png o.png -k sharpen --dilation 1000000')
    expect([status, stderr]).toEqual([2, expect.stringContaining(': 4000004000001 samples from end to end')])
  })

  it('all options that lay a result over its input are taken away together', async () => {
    const { status, stderr } = await run('resize a.png c.png --by 0.5 --region 1,1,5,5 --mix 0.5')
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('error: --region needs a result of the same shape as the input'),
    ])
    expect(stderr).toContain('  try: convo resize a.png c.png --by 0.5\n')
    expect((await run('resize a.png c.png --by 0.5')).status).toBe(0)
  })

  it('floats have the white that their format says, also where nothing is run', async () => {
    expect((await run('box a.exr o.png --dry-run')).stdout).toBe(
      (await run('box a.exr o.png --dry-run --full 1')).stdout,
    )
  })
})

describe('a mask', () => {
  it('comes from standard input, where the picture does not', async () => {
    const bytes = readFileSync(folder.path('m.png'))
    expect((await run('box a.png s.png --mask -', bytes)).status).toBe(0)
    expect((await run('box a.png f.png --mask m.png')).status).toBe(0)
    const [s, f] = await Promise.all(
      ['s.png', 'f.png'].map((name) => decode(folder.path(name), { maxPixels: 1e6, orient: true })),
    )
    expect(s!.data).toEqual(f!.data)
    const { status, stderr } = await run('box - b.png --mask -', bytes)
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('error: standard input is the picture, and cannot be the mask too'),
    ])
  })

  it('may be an array of samples, but no volume', async () => {
    writeFileSync(
      folder.path('half.npy'),
      writeNpy(
        [32, 48],
        Float32Array.from({ length: 32 * 48 }, (_, i) => (i % 48 < 24 ? 0 : 255)),
      ),
    )
    writeFileSync(folder.path('volume.npy'), writeNpy([1, 2, 32, 48], new Float32Array(2 * 32 * 48)))
    expect((await run('box a.png n.png --mask half.npy')).status).toBe(0)
    expect((await run('box a.png p.png --mask m.png')).status).toBe(0)
    const [n, p] = ['n.png', 'p.png'].map((name) => readFileSync(folder.path(name)))
    expect(n!.equals(p!)).toBe(true)
    const { status, stderr } = await run('box a.png o.png --mask volume.npy')
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('error: the mask volume.npy is not a picture: [1,2,32,48]   [E_SHAPE]'),
    ])
  })
})
