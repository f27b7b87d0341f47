import { writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { filters } from '../../src/filters/table.ts'
import { decode } from '../../src/image/decode.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { filterPicture } from '../oracle.ts'
import { convo, scratch } from './convo.ts'
import { noise, readArray, read as readPicture, write as writePicture } from './pictures.ts'

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

  test.each([
    ['RGBA, 8 bits', 4, 8],
    ['gray and alpha, 8 bits', 2, 8],
    ['RGBA, 16 bits', 4, 16],
  ] as const)(
    'the frame of pad is opaque where its level is given, else transparent: %s',
    async (_, channels, depth) => {
      const unit = depth === 8 ? 1 : 257
      const data = new (depth === 8 ? Uint8Array : Uint16Array)(3 * 2 * channels).map((_, i) => 30 * i + 7)
      const png = encodePngWhole({ width: 3, height: 2, channels, depth, data, meta: {} })
      writeFileSync(here.path('framed.png'), png)
      const frame = ['--by', '1,2', '--border', 'constant']
      const padded = async (...more: string[]) => {
        expect((await run('pad', 'framed.png', 'out.png', ...frame, ...more)).status).toBe(0)
        const made = await decode(here.path('out.png'), { maxPixels: 1e6, orient: true })
        const inside = [1, 2].flatMap((y) => [
          ...made.data.subarray((y * 7 + 2) * channels, (y * 7 + 5) * channels),
        ])
        expect(inside).toEqual([...data])
        return [...made.data.subarray(0, channels)]
      }
      const level = (...levels: number[]) => levels.slice(-channels).map((v) => v * unit)
      expect(await padded()).toEqual(level(0, 0, 0, 0))
      expect(await padded('--fill', '200')).toEqual(level(200, 200, 200, 255))
      for (const alpha of ['premultiply', 'separate', 'copy']) {
        expect(await padded('--fill', '200', '--alpha', alpha)).toEqual(level(200, 200, 200, 255))
        expect(await padded('--fill', '0', '--alpha', alpha)).toEqual(level(0, 0, 0, 255))
      }
    },
  )

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

  test('filters that take flat areas to zero leave soft alpha as it is, premultiply or not', async () => {
    const alphaOf = (pixels: number[]) => Buffer.from(pixels.filter((_, i) => i % 4 === 3))
    const before = alphaOf(await read('alpha.png'))
    for (const filter of ['sobel', 'frei-chen', 'dog', 'log', 'kirsch']) {
      expect((await run(filter, 'alpha.png', 'out.png')).status).toBe(0)
      expect(alphaOf(await read('out.png')).equals(before)).toBe(true)
      expect((await run(filter, 'alpha.png', 'same.png', '--alpha', 'premultiply')).status).toBe(0)
      expect(await read('same.png')).toEqual(await read('out.png'))
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

describe('RGBA and gray with alpha equal the textbook sums', () => {
  const [width, height] = [13, 11]
  const alphaAt = (p: number) => [0, 255, 255, 90, 255, 0, 200, 1, 255][(p * 5 + Math.floor(p / width)) % 9]!
  const kernels = {
    'a smoothing kernel': [[1, 2, 1, 0, 2, 4, 2, 1, 1, 3, 1, 0], 3, 4],
    'a sharpening kernel': [[0, -1, 0, -1, 5, -1, 0, -1, 0], 3, 3],
    'a kernel that sums to 0': [[1, 1, 1, 1, -8, 1, 1, 1, 1], 3, 3],
  } as const
  const borders = ['replicate', 'reflect', 'symmetric', 'wrap'] as const
  const shapes = [2, 4].flatMap((channels) => [8, 16].map((depth) => [channels, depth] as const))
  const cases = Object.keys(kernels).flatMap((name, k) =>
    shapes.map(
      ([channels, depth], i) =>
        [name as keyof typeof kernels, channels, depth, borders[(i + k) % 4]!] as const,
    ),
  )
  test.each(cases)('%s, %i channels of %i bits, border %s', async (name, channels, depth, border) => {
    const full = depth === 8 ? 255 : 65535
    const [weights, rows, columns] = kernels[name]
    const sum = weights.reduce<number>((a, b) => a + b, 0)
    const levels = noise(width * height * channels, 5, full)
    const data = new (depth === 8 ? Uint8Array : Uint16Array)(
      levels.map((v, i) => ((i + 1) % channels === 0 ? alphaAt(Math.floor(i / channels)) * (full / 255) : v)),
    )
    await writePicture(here.path('in.png'), { width, height, channels, data })
    const lines = Array.from({ length: rows }, (_, y) =>
      weights.slice(y * columns, (y + 1) * columns).join(' '),
    )
    const scale = sum === 0 ? [] : ['--scale', String(sum)]
    const done = await run(
      'conv2d',
      'in.png',
      'out.png',
      '-k',
      lines.join('; '),
      '--border',
      border,
      ...scale,
    )
    expect(done.status).toBe(0)
    const out = (await decode(here.path('out.png'), { maxPixels: 1e6, orient: true })).data
    const pixels = Array.from({ length: width * height }, (_, p) => p)
    const sums = (of: (p: number) => number) =>
      filterPicture(
        { shape: [1, height, width], data: pixels.map(of) },
        { shape: [rows, columns], data: weights },
        { border },
      ).data
    const opacity = (p: number) => data[p * channels + channels - 1]! / full
    const covered = sums(opacity)
    const level = (v: number) => Math.min(full, Math.max(0, v))
    for (let c = 0; c < channels - 1; c++) {
      const colour = (p: number) => data[p * channels + c]!
      const weighed = sums((p) => colour(p) * opacity(p))
      for (const p of pixels) {
        const alpha = sum === 0 ? opacity(p) : Math.min(1, covered[p]! / sum)
        const wanted =
          sum === 0 ? weighed[p]! - colour(p) * covered[p]! : covered[p]! > 0 ? weighed[p]! / covered[p]! : 0
        expect(Math.abs(out[p * channels + channels - 1]! - level(alpha * full))).toBeLessThan(0.51)
        // nobody sees the colours of other pixels
        if (out[p * channels + channels - 1]! > 0)
          expect(Math.abs(out[p * channels + c]! - level(wanted))).toBeLessThan(0.51)
      }
    }
  })
})

describe('colours that nobody sees', () => {
  const [width, height] = [20, 18]
  const levels = noise(width * height * 4, 11)
  /** Returns alpha: 0 for about a third of the pixels, in a block and scattered, soft or opaque for the others. */
  const alphaAt = (p: number) => {
    const [x, y] = [p % width, Math.floor(p / width)]
    if (x < 6 && y < 7) return 0
    return [0, 255, 255, 90, 255, 0, 255, 1][(x * 5 + y * 3) % 8]!
  }
  /** Makes a picture whose hidden colours depend on `seed`. The visible ones are always the same. */
  function hiding(channels: 2 | 4, depth: 8 | 16, seed: number) {
    const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
    const unit = depth === 8 ? 1 : 257
    const others = noise(data.length, seed)
    for (let i = 0; i < data.length; i++) {
      const alpha = alphaAt(Math.floor(i / channels))
      const isAlpha = i % channels === channels - 1
      data[i] = unit * (isAlpha ? alpha : alpha === 0 ? others[i]! : levels[i]!)
    }
    return { width, height, channels, data }
  }

  const operations: readonly (readonly string[])[] = [
    ...['sobel', 'scharr', 'kirsch', 'frei-chen', 'laplacian', 'log', 'dog', 'emboss', 'sharpen', 'unsharp']
      .concat(['gaussian', 'box', 'prewitt', 'transposed', 'maxpool', 'unpool', 'involution', 'relu'])
      .map((name) => [name]),
    ['sobel', '--range', 'minmax'],
    ['sobel', '--gray', '--linear'],
    ['sobel', '--angle'],
    ['log', '--sigma', '4'],
    ['sobel', '--stride', '2', '--padding', '3', '--border', 'reflect'],
    ['laplacian', '--border', 'constant', '--fill', '77', '--range', 'offset'],
    ['conv2d', '--kernel', '1 1 1; 1 -8 1; 1 1 1', '--bias', '20'],
    ['conv2d', '--kernel', '1 2 1; 2 4 2; 1 2 1', '--normalize', '--linear'],
    ['conv2d', '--kernel', 'bank.npy'],
    ['pointwise', '--preset', 'sepia'],
    ['median', '--size', '5'],
    ['gradient', '--gray'],
    ['chain', '--', 'gaussian', '--', 'sobel', '--', 'box'],
    ['chain', '--', 'median', '--', 'open'],
    ['chain', '--', 'pad', '--by', '2', '--', 'dilate'],
    ['chain', '--', 'crop', '--size', '15,13', '--', 'dilate'],
    ['chain', '--', 'sobel', '--', 'maxpool', '--', 'laplacian'],
  ]
  const modes = [[], ['--alpha', 'premultiply'], ['--alpha', 'copy'], ['--background', '#48c']]

  for (const channels of [2, 4] as const) {
    for (const depth of [8, 16] as const) {
      test(`reach no visible pixel and no count: ${channels} channels of ${depth} bits`, async () => {
        writeFileSync(here.path('bank.npy'), bank())
        await writePicture(here.path('one.png'), hiding(channels, depth, 1))
        await writePicture(here.path('two.png'), hiding(channels, depth, 2))
        let compared = 0
        for (const [i, [name = '', ...more]] of operations.entries()) {
          // each operation runs with one mode in each of these tests, and with all modes over all of them
          const mode = modes[(i + channels / 2 - 1 + (depth === 8 ? 0 : 2)) % modes.length]!
          const both = await Promise.all(
            ['one', 'two'].map((input) =>
              convo(
                [name, `${input}.png`, `${input}-out.png`, ...mode, ...more, '--json'].flatMap(intoChain),
                {
                  cwd: here.path(),
                },
              ),
            ),
          )
          expect([name, ...mode, both[0]!.status]).toEqual([name, ...mode, both[1]!.status])
          if (both[0]!.status !== 0) continue
          const [a, b] = both.map(({ stdout }) => JSON.parse(stdout))
          expect([name, a.clipped]).toEqual([name, b.clipped])
          const same = await convo(['compare', 'one-out.png', 'two-out.png', '--alpha', 'visible'], {
            cwd: here.path(),
          })
          expect([name, ...more, ...mode, same.stdout.split('\n')[0]]).toEqual([
            name,
            ...more,
            ...mode,
            'same: one-out.png and two-out.png',
          ])
          compared++
        }
        expect(compared).toBeGreaterThan(operations.length - 4)
      })
    }
  }

  /** Moves the options of a chain in front of its steps. */
  const intoChain = (word: string, at: number, words: readonly string[]): string[] => {
    const from = words.indexOf('--')
    if (from < 0) return [word]
    if (at < from) return [word]
    if (at === from) return [words.at(-1)!, word]
    return at === words.length - 1 ? [] : [word]
  }

  /** A bank [3,3,3,3]: edges of each colour with some of the next. */
  const bank = () =>
    writeNpy(
      [3, 3, 3, 3],
      Float32Array.from({ length: 81 }, (_, i) => ((i * 7) % 5) - 2),
    )

  test('make no edge: what is there has none to nothing', async () => {
    const box = (hidden: number[]) =>
      Array.from({ length: 400 }, (_, i) => {
        const [x, y] = [i % 20, Math.floor(i / 20)]
        return x > 4 && x < 15 && y > 4 && y < 15 ? [255, 255, 255, 255] : [...hidden, 0]
      })
    await write('box.png', 4, box([255, 0, 0]), 20)
    for (const filter of ['sobel', 'laplacian', 'dog', 'kirsch', 'frei-chen']) {
      const { status, stderr } = await convo([filter, 'box.png', 'out.png'], { cwd: here.path() })
      expect([filter, status, stderr]).toEqual([filter, 0, ''])
      const out = await read('out.png')
      expect([filter, Math.max(...out.filter((_, i) => i % 4 < 3))]).toEqual([filter, 0])
    }
    await run('sobel', 'box.png', 'out.png', '--background', 'black')
    expect(Math.max(...(await read('out.png')))).toBe(255)
  })

  test('are told of where they will be seen', async () => {
    await write(
      'red.png',
      4,
      Array.from({ length: 16 }, (_, i) => [255, 0, 0, i < 8 ? 0 : 255]),
      4,
    )
    const said = async (...more: string[]) =>
      (await convo(['box', 'red.png', 'out.png', ...more], { cwd: here.path() })).stderr
    expect(await said('--alpha', 'drop')).toBe(
      'note: red.png has transparent pixels, and --alpha drop shows their hidden colours; use --background <colour> to flatten it\n',
    )
    expect(await said('--alpha', 'separate')).toContain(
      '--alpha separate mixes their hidden colours into others',
    )
    expect(await said()).toBe('')
    const refused = await convo(['sobel', 'red.png', 'out.jpg'], { cwd: here.path() })
    expect(refused.stderr).toContain('try: add --background white')
    expect((await run('sobel', 'red.png', 'out.jpg', '--background', 'white')).status).toBe(0)
    const both = await convo(['box', 'red.png', 'o.png', '--alpha', 'drop', '--background', 'red'], {
      cwd: here.path(),
    })
    expect(both.status).toBe(2)
  })

  test('an operator whose kernel sums to 0 does not take alpha to 0', async () => {
    await write(
      'solid.png',
      4,
      Array.from({ length: 64 }, (_, i) => [i * 4, 255 - i, i, 255]),
      8,
    )
    const kernel = ['--kernel', '0 1 0; 1 -4 1; 0 1 0']
    expect((await run('separable', 'solid.png', 'out.png', ...kernel, '--rank', '2')).status).toBe(0)
    expect((await read('out.png')).filter((_, i) => i % 4 === 3)).toEqual(new Array(64).fill(255))
    expect((await run('transposed', 'solid.png', 'up.png', ...kernel, '--stride', '2')).status).toBe(0)
    expect((await sharp(here.path('up.png')).metadata()).hasAlpha).toBe(false)
  })

  test('opaque strips of a picture have the bits of the others', async () => {
    // only one pixel at the bottom is soft: the strips above are opaque and take the faster path
    const tall = noise(40 * 400 * 3, 4)
    const rgba = (last: number) =>
      Uint8Array.from({ length: 40 * 400 * 4 }, (_, i) =>
        i % 4 === 3 ? (i === 40 * 400 * 4 - 1 ? last : 255) : tall[Math.floor(i / 4) * 3 + (i % 4)]!,
      )
    await writePicture(here.path('opaque.png'), { width: 40, height: 400, channels: 4, data: rgba(255) })
    await writePicture(here.path('soft.png'), { width: 40, height: 400, channels: 4, data: rgba(254) })
    await writePicture(here.path('plain.png'), {
      width: 40,
      height: 400,
      channels: 3,
      data: Uint8Array.from(tall),
    })
    for (const words of [
      ['sobel'],
      ['log'],
      ['log', '--sigma', '3'],
      ['box', '--size', '5', '--alpha', 'copy'],
      ['gaussian', '--alpha', 'copy'],
      ['conv2d', '--kernel', '1 2 1; 0 0 0; -1 -2 -1', '--border', 'constant', '--fill', '33'],
    ]) {
      const [name = '', ...more] = words
      for (const input of ['opaque', 'soft']) {
        expect((await run(name, `${input}.png`, `${input}.npy`, ...more)).status).toBe(0)
      }
      const own = more.filter((word) => word !== '--alpha' && word !== 'copy')
      await run(name, 'plain.png', 'plain.npy', ...own)
      const [opaque, soft, plain] = ['opaque', 'soft', 'plain'].map(
        (n) => readArray(here.path(`${n}.npy`)).data,
      )
      const colours = 40 * 400 * 3
      // an FFT processes two channels at a time, so alpha affects the rounding of blue, and its blocks are higher than
      // a strip
      const isFft = more.includes('--sigma')
      if (!isFft)
        expect([name, Buffer.compare(bytes(opaque!.subarray(0, colours)), bytes(plain!))]).toEqual([name, 0])
      const above = (data: Float64Array) =>
        [0, 1, 2].map((c) => data.subarray(c * 16000, c * 16000 + (isFft ? 4000 : 15000)))
      above(soft!).forEach((rows, c) => {
        expect([name, Buffer.compare(bytes(rows), bytes(above(isFft ? opaque! : plain!)[c]!))]).toEqual([
          name,
          0,
        ])
      })
    }
  })
  const bytes = (data: Float64Array) => Buffer.from(data.slice().buffer)
})

describe('--background', () => {
  test('lays a picture over a colour before the operation, as if it had come so', async () => {
    const pixels = Array.from({ length: 256 }, (_, a) => [(a * 7) % 256, (a * 31) % 256, 255 - a, a])
    await write('soft.png', 4, pixels, 16)
    for (const [name, ground] of [
      ['#fff', [255, 255, 255]],
      ['white', [255, 255, 255]],
      ['#102030', [16, 32, 48]],
      ['c0ffee', [192, 255, 238]],
      ['Teal', [0, 128, 128]],
    ] as const) {
      const over = pixels.map(([r, g, b, a = 0]) =>
        [r!, g!, b!].map((v, c) => Math.round((v * a + ground[c]! * (255 - a)) / 255)),
      )
      await write('over.png', 3, over, 16)
      for (const more of [[], ['--gray'], ['--depth', '16']]) {
        await run('gaussian', 'over.png', 'a.png', ...more)
        await run('gaussian', 'soft.png', 'b.png', ...more, '--background', name)
        expect(await read('b.png')).toEqual(await read('a.png'))
        expect((await sharp(here.path('b.png')).metadata()).hasAlpha).toBe(false)
      }
    }
    for (const odd of ['rgb(1,2,3)', '#12', 'reddish', '']) {
      const { status, stderr } = await run('box', 'soft.png', 'no.png', '--background', odd)
      expect([odd, status, /--background must be #rgb, #rrggbb or a name/.test(stderr)]).toEqual([
        odd,
        2,
        true,
      ])
    }
  })

  test('keeps gray over gray, and makes colour over colour; in light with --linear', async () => {
    const data = Uint16Array.from({ length: 64 * 2 }, (_, i) => (i % 2 === 1 ? (i >> 1) * 1040 : 65535))
    await writePicture(here.path('la.png'), { width: 8, height: 8, channels: 2, data })
    const identity1 = ['--kernel', identity, '--border', 'replicate']
    for (const [background, channels] of [
      ['#808080', 1],
      ['red', 3],
    ] as const) {
      await run('conv2d', 'la.png', 'out.png', ...identity1, '--background', background)
      const out = await readPicture(here.path('out.png'))
      expect([out.channels, out.data instanceof Uint16Array]).toEqual([channels, true])
    }
    await run('conv2d', 'la.png', 'out.png', ...identity1, '--background', 'black', '--linear')
    const stored = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055)
    const out = (await decode(here.path('out.png'), { maxPixels: 1e6, orient: true })).data
    for (let i = 0; i < 64; i++) {
      expect(Math.abs(out[i]! - 65535 * stored((i * 1040) / 65535))).toBeLessThanOrEqual(1)
    }
  })
})

describe('--alpha on filters that rank samples, mix channels or change the size', () => {
  // a hidden pixel between two colours, and an opaque one
  const pixels = [
    [10, 200, 30, 255],
    [90, 80, 70, 0],
    [50, 40, 220, 100],
    [60, 10, 90, 200],
  ]
  const smallest = (c: number) =>
    pixels.map((_, x) => Math.min(...pixels.slice(Math.max(0, x - 1), x + 2).map((pixel) => pixel[c]!)))
  const note = /--alpha (\w+) has no effect on an operation that mixes channels or ranks samples/
  const made = async (...line: string[]) => {
    await write('four.png', 4, pixels)
    const [operation = '', ...more] = line
    const { status, stderr } = await convo([operation, 'four.png', 'out.png', '--force', ...more], {
      cwd: here.path(),
    })
    expect(status).toBe(0)
    return { out: await readPicture(here.path('out.png')), unmet: note.exec(stderr)?.[1] }
  }
  const erode = ['erode', '--size', '3,1']
  test('separate ranks alpha as it ranks colours', async () => {
    const { out, unmet } = await made(...erode, '--alpha', 'separate')
    expect([...out.data]).toEqual(pixels.flatMap((_, x) => [0, 1, 2, 3].map((c) => smallest(c)[x]!)))
    expect(unmet).toBeUndefined()
  })
  test('what cannot be done is in a note, once', async () => {
    expect((await made(...erode, '--alpha', 'premultiply')).unmet).toBe('premultiply')
    expect((await made('canny', '--alpha', 'separate')).unmet).toBe('separate')
    expect((await made('canny', '--alpha', 'copy')).unmet).toBeUndefined()
    const line = [
      'chain',
      'four.png',
      'out.png',
      '--force',
      '--alpha',
      'premultiply',
      '--',
      'median',
      '--',
      'median',
    ]
    const { stderr } = await convo(line, { cwd: here.path() })
    expect(stderr.match(/has no effect/g)).toHaveLength(1)
  })
  test.each([['resize', '--width', '2'], ['crop', '--size', '2,1'], ['transposed']])(
    'copy gives %s an alpha of the new size',
    async (...line) => {
      const { out } = await made(...line, '--alpha', 'copy')
      expect(out.channels).toBe(4)
    },
  )
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
