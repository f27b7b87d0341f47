import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { filters } from '../../src/filters/table.ts'
import { convo, scratch } from './convo.ts'

const here = scratch('alpha.png', 'scene.png')
const run = (...args: string[]) => convo([...args, '-q'], { cwd: here.path() })

async function write(name: string, channels: 1 | 3 | 4, pixels: number[][], width = pixels.length) {
  const raw = { width, height: pixels.length / width, channels }
  await sharp(Uint8Array.from(pixels.flat()), { raw }).png().toFile(here.path(name))
}
const read = async (name: string) => [...(await sharp(here.path(name)).raw().toBuffer())]
const identity = '0 0 0; 0 1 0; 0 0 0'

describe('transparency', () => {
  test('the identity gives back colour under an alpha of 3', async () => {
    await write(
      'faint.png',
      4,
      Array.from({ length: 25 }, () => [201, 99, 51, 3]),
      5,
    )
    for (const alpha of [[], ['--alpha', 'premultiply'], ['--alpha', 'separate'], ['--alpha', 'copy']]) {
      expect((await run('conv2d', 'faint.png', 'out.png', '--kernel', identity, ...alpha)).status).toBe(0)
      expect(await read('out.png')).toEqual(await read('faint.png'))
    }
  })

  test('an edge filter keeps an opaque picture opaque, and its colours those without alpha', async () => {
    const colours = Array.from({ length: 48 }, (_, i) => [(i * 37) % 256, (i * 91) % 256, (i * 13) % 256])
    await write('rgb.png', 3, colours, 8)
    await write(
      'rgba.png',
      4,
      colours.map((c) => [...c, 255]),
      8,
    )
    for (const filter of Object.keys(filters)) {
      expect((await run(filter, 'rgb.png', 'a.png')).status).toBe(0)
      expect((await run(filter, 'rgba.png', 'b.png')).status).toBe(0)
      const [plain, opaque] = [await read('a.png'), await read('b.png')]
      expect(opaque.filter((_, i) => i % 4 === 3).every((a) => a === 255)).toBe(true)
      const worst = Math.max(...opaque.filter((_, i) => i % 4 !== 3).map((v, i) => Math.abs(v - plain[i]!)))
      expect(worst).toBeLessThanOrEqual(1)
    }
  })

  test('a blur weighs colours by alpha: hidden colour does not bleed', async () => {
    const pixels = Array.from({ length: 9 }, (_, i) => (i < 4 ? [255, 0, 0, 0] : [0, 0, 255, 255]))
    await write('hidden.png', 4, pixels, 9)
    expect((await run('box', 'hidden.png', 'out.png', '--size', '3,1')).status).toBe(0)
    const out = await read('out.png')
    for (let x = 0; x < 9; x++)
      if (out[x * 4 + 3]! > 0) expect(out.slice(x * 4, x * 4 + 3)).toEqual([0, 0, 255])
    expect([out[3 * 4 + 3], out[4 * 4 + 3]]).toEqual([85, 170])
    expect((await run('box', 'hidden.png', 'sep.png', '--size', '3,1', '--alpha', 'separate')).status).toBe(0)
    expect((await read('sep.png')).slice(4 * 4, 4 * 4 + 3)).toEqual([85, 0, 170])
    expect((await run('box', 'hidden.png', 'drop.png', '--alpha', 'drop')).status).toBe(0)
    expect((await sharp(here.path('drop.png')).metadata()).channels).toBe(3)
  })

  test('channel mixing keeps alpha, upsampling takes it along', async () => {
    expect((await run('pointwise', 'alpha.png', 'sepia.png', '--preset', 'sepia')).status).toBe(0)
    const alphaOf = (pixels: number[]) => pixels.filter((_, i) => i % 4 === 3)
    expect(alphaOf(await read('sepia.png'))).toEqual(alphaOf(await read('alpha.png')))
    expect((await run('transposed', 'alpha.png', 'twice.png')).status).toBe(0)
    expect(await sharp(here.path('twice.png')).metadata()).toMatchObject({
      width: 640,
      height: 480,
      channels: 4,
    })
  })

  test('one colour stays that colour, however alpha steps and overshoots', async () => {
    const row = Array.from({ length: 40 }, (_, x) => [200, 100, 50, x < 13 ? 100 : x < 26 ? 200 : 255])
    await write('one.png', 4, Array.from({ length: 9 }, () => row).flat(), 40)
    const filters = [
      ['sharpen', '--amount', '3'],
      ['unsharp', '--sigma', '2'],
      ['emboss'],
      ['savgol'],
      ['gaussian'],
    ]
    for (const filter of filters) {
      expect((await run(filter[0]!, 'one.png', 'out.png', ...filter.slice(1))).status).toBe(0)
      const out = await read('out.png')
      const colours = new Set(
        out.flatMap((_, i) => (i % 4 === 0 && out[i + 3]! > 0 ? [String(out.slice(i, i + 3))] : [])),
      )
      expect([filter, ...colours]).toEqual([filter, '200,100,50'])
    }
  })

  test('filters that take flat areas to zero leave soft alpha as it is, and are not asked to divide by it', async () => {
    const alphaOf = (pixels: number[]) => Buffer.from(pixels.filter((_, i) => i % 4 === 3))
    const before = alphaOf(await read('alpha.png'))
    for (const filter of ['sobel', 'frei-chen', 'dog', 'log', 'kirsch']) {
      expect((await run(filter, 'alpha.png', 'out.png')).status).toBe(0)
      expect(alphaOf(await read('out.png')).equals(before)).toBe(true)
      const { status, stderr } = await run(filter, 'alpha.png', 'no.png', '--alpha', 'premultiply')
      expect(status).toBe(2)
      expect(stderr).toMatch(
        /^error: --alpha premultiply needs kernels that do not sum to 0.* {3}\[E_OPTION\]\n/,
      )
    }
  })

  test('alpha that is filtered as a channel has no part in the range and the light of the colours', async () => {
    const alphaOf = async (...more: string[]) => {
      expect((await run('sharpen', 'alpha.png', 'out.png', '--alpha', 'separate', ...more)).status).toBe(0)
      return (await read('out.png')).filter((_, i) => i % 4 === 3)
    }
    const plain = await alphaOf()
    expect(new Set(plain).size).toBeGreaterThan(100)
    for (const more of [['--range', 'abs'], ['--range', 'offset'], ['--range', 'minmax'], ['--linear']]) {
      expect(Buffer.from(await alphaOf(...more)).equals(Buffer.from(plain))).toBe(true)
    }
  })
})

test('flat 200 stays 200 under nine times 0.1111111', async () => {
  await write(
    'flat.png',
    1,
    Array.from({ length: 36 }, () => [200]),
    6,
  )
  const row = '0.1111111 0.1111111 0.1111111'
  expect((await run('conv2d', 'flat.png', 'out.png', '--kernel', `${row}; ${row}; ${row}`)).status).toBe(0)
  expect(new Set(await read('out.png'))).toEqual(new Set([200]))
})
