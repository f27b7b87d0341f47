import { writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { npyHeader, writeNpy } from '../../src/kernel/formats/npy.ts'
import { layoutOf, readArray } from '../../src/picture/array.ts'
import { floatTiff } from '../image/tiff.ts'
import { convo, scratch } from './convo.ts'
import { noise, readArray as numbersOf, read as readPicture, write } from './pictures.ts'

// How the numbers of an array are interpreted: which axis has the channels, and what is white.

const here = scratch()
const run = (...args: string[]) => convo(args, { cwd: here.path() })

/** Makes a .npy file of any type from the bytes of its numbers, in the order of the file. */
function array(type: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Buffer {
  const header = Buffer.from(npyHeader(shape, '<f4'))
  const text = header
    .toString('latin1', 10)
    .replace("'<f4'", `'${type}'`)
    .replace('False', fortran ? 'True' : 'False')
    .trimEnd()
  header.write(`${text.padEnd(header.length - 11)}\n`, 10, 'latin1')
  return Buffer.concat([header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)])
}

const [height, width] = [12, 16]
const samples = (channels: number, most = 255) => noise(height * width * channels, channels, most)
/** Reorders [H,W,C] to [C,H,W]. */
const planar = (data: readonly number[], channels: number) =>
  Array.from({ length: channels }, (_, c) => data.filter((_, i) => i % channels === c)).flat()

describe('the layout', () => {
  test('is decided where the shape decides it, and nowhere else', () => {
    const sizes = [1, 2, 3, 4, 5, 6, 480]
    const tried = new Map<string, number>()
    for (const a of sizes) {
      for (const b of sizes) {
        for (const c of sizes) {
          const isLast = c <= 4 && a > 4 && b > 4
          const expected = c > 4 ? 'chw' : isLast ? 'hwc' : 'either'
          let found = 'either'
          try {
            const { layout, isFound } = layoutOf([a, b, c], 'auto', 'a.npy')
            found = layout
            expect(isFound).toBe(layout === 'hwc')
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_OPTION', fix: '--layout hwc, or --layout chw' })
          }
          expect([a, b, c, found]).toEqual([a, b, c, expected])
          tried.set(found, (tried.get(found) ?? 0) + 1)
          for (const asked of ['hwc', 'chw'] as const) {
            expect(layoutOf([a, b, c], asked, 'a.npy').layout).toBe(asked)
          }
        }
      }
    }
    expect([...tried.keys()].sort()).toEqual(['chw', 'either', 'hwc'])
    expect(layoutOf([3, 4], 'auto', 'a.npy')).toEqual({ layout: 'chw', isFound: false })
    expect(layoutOf([8, 9, 10, 3], 'auto', 'a.npy').layout).toBe('hwc')
    expect(layoutOf([3, 9, 10, 11], 'auto', 'a.npy').layout).toBe('chw')
    expect(() => layoutOf([3, 9, 10, 3], 'auto', 'a.npy')).toThrow(
      /not clear which axis of a\.npy holds the channels/,
    )
  })

  for (const channels of [1, 2, 3, 4]) {
    for (const depth of [8, 16]) {
      test(`${channels} channels of ${depth} bits behind each other are the picture that a PNG of them is`, async () => {
        const values = samples(channels, depth === 8 ? 255 : 65535)
        const data = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values)
        await write(here.path('p.png'), { width, height, channels, data })
        const type = depth === 8 ? '|u1' : '<u2'
        writeFileSync(here.path('a.npy'), array(type, [height, width, channels], data))
        const alpha = channels % 2 === 0 ? 'with alpha last' : ''
        const told = `a.npy has the shape [${height},${width},${channels}], and was read as [H,W,C]${alpha}; --layout chw reads [C,H,W]`
        const same = await run('compare', 'a.npy', 'p.png')
        expect([same.status, same.stderr]).toEqual([0, `note: ${told}\n`])
        expect((await run('digest', 'a.npy')).stdout).toBe((await run('digest', 'p.png')).stdout)
        for (const step of [
          ['gaussian', '--sigma', '2'],
          ['sobel', '--scale', '8', '--linear'],
        ]) {
          const [name, ...options] = step as [string, ...string[]]
          const [one, other] = [
            await run(name, 'a.npy', 'one.png', ...options, '--json'),
            await run(name, 'p.png', 'other.png', ...options, '-q'),
          ]
          expect([one.status, other.status]).toEqual([0, 0])
          expect(JSON.parse(one.stdout).notes).toEqual([told])
          expect((await run('digest', 'one.png')).stdout).toBe((await run('digest', 'other.png')).stdout)
        }
      })
    }
  }

  test('of one batch are noted, as they are slices here', async () => {
    for (const [first, second, told] of [
      [1, 3, true],
      [1, 9, false],
      [3, 9, false],
    ] as const) {
      const [shape, count] = [[first, second, 6, 8], first * second * 48]
      writeFileSync(here.path('batch.npy'), array('|u1', shape, Uint8Array.from(noise(count))))
      const { status, stderr } = await run('box', 'batch.npy', 'batch-out.npy', '--force')
      expect([status, stderr.includes('a picture of 3 channels is array[0] in NumPy')]).toEqual([0, told])
      const said = await run('box', 'batch.npy', 'batch-out.npy', '--force', '--layout', 'chw')
      expect([said.status, said.stderr.includes('array[0]')]).toEqual([0, false])
    }
  })

  test('may be said, of channels that stand first and of shapes that may be either', async () => {
    const values = noise(4 * 5 * 3)
    writeFileSync(here.path('either.npy'), array('|u1', [4, 5, 3], Uint8Array.from(values)))
    for (const words of [
      ['box', 'either.npy', 'out.png', '--size', '1'],
      ['compare', 'either.npy', 'either.npy'],
      ['digest', 'either.npy'],
      ['explain', 'box', 'either.npy'],
      ['chain', 'either.npy', 'out.png', '--', 'box'],
      ['box', 'either.npy', 'out.png', '--dry-run'],
    ]) {
      const refused = await run(...words)
      expect([words[0], refused.status, refused.stderr]).toEqual([
        words[0],
        2,
        'error: it is not clear which axis of either.npy holds the channels   [E_OPTION]\n' +
          '  either.npy: [4,5,3] with --layout hwc is 5x4 pixels with 3 channels\n' +
          '  either.npy: [4,5,3] with --layout chw is 3x5 pixels with 4 channels\n' +
          '  try: add --layout hwc, or --layout chw\n',
      ])
      const at = words.indexOf('--')
      const own = at < 0 ? words : words.slice(0, at)
      for (const layout of ['hwc', 'chw']) {
        const done = await run(...own, '--layout', layout, ...words.slice(own.length))
        expect([words[0], layout, done.status]).toEqual([words[0], layout, 0])
      }
    }
    expect((await run('box', 'either.npy', 'out.npy', '--size', '1', '--layout', 'hwc')).stderr).toBe('')
    const { shape, data } = numbersOf(here.path('out.npy'))
    expect(shape).toEqual([3, 4, 5])
    expect([...data]).toEqual(planar(values, 3))
  })

  test('of slices with channels behind each other is a volume', async () => {
    const values = noise(6 * 7 * 8 * 3)
    writeFileSync(here.path('dhwc.npy'), array('|u1', [6, 7, 8, 3], Uint8Array.from(values)))
    const { status } = await run('relu', 'dhwc.npy', 'out.npy', '-q')
    expect(status).toBe(0)
    const { shape, data } = numbersOf(here.path('out.npy'))
    expect(shape).toEqual([3, 6, 7, 8])
    expect([...data]).toEqual(planar(values, 3))
  })
})

describe('types', () => {
  const values = noise(height * width * 3, 5, 100)
  const swapped = (data: ArrayBufferView, size: number) => {
    const bytes = Buffer.from(new Uint8Array(data.buffer.slice(0)))
    return size === 2 ? bytes.swap16() : size === 4 ? bytes.swap32() : bytes.swap64()
  }
  const all: readonly (readonly [string, ArrayBufferView])[] = [
    ['|u1', Uint8Array.from(values)],
    ['|i1', Int8Array.from(values)],
    ['<u2', Uint16Array.from(values)],
    ['>u2', swapped(Uint16Array.from(values), 2)],
    ['<i2', Int16Array.from(values)],
    ['<u4', Uint32Array.from(values)],
    ['<i4', Int32Array.from(values)],
    ['<i8', BigInt64Array.from(values, BigInt)],
    ['<u8', BigUint64Array.from(values, BigInt)],
    ['<f4', Float32Array.from(values)],
    ['>f4', swapped(Float32Array.from(values), 4)],
    ['<f8', Float64Array.from(values)],
    ['>f8', swapped(Float64Array.from(values), 8)],
  ]
  test.each(all)('%s, row by row and column by column', async (type, data) => {
    const shape = [height, width, 3]
    const direct = await readArray(array(type, shape, data), 'a.npy', { layout: 'auto' })
    expect([...direct.data]).toEqual(values)
    expect(direct).toMatchObject({ layout: 'hwc', channels: 3, height, width })
    expect(direct.depth).toBe(type === '|u1' ? 8 : type.endsWith('u2') ? 16 : 32)
    expect(direct.full).toBe(type.endsWith('u2') ? 65535 : 255)
    // the first index changes fastest
    const turned = await readArray(array(type, shape.toReversed(), data, true), 'a.npy', { layout: 'chw' })
    const order = Array.from({ length: values.length }, (_, i) => {
      const [c, y, x] = [Math.floor(i / (width * height)), Math.floor(i / height) % width, i % height]
      return values[c + 3 * (y + width * x)]!
    })
    expect([...turned.data]).toEqual(order)
  })

  test('booleans are black and white', async () => {
    const bits = Uint8Array.from(values, (v) => (v > 50 ? 1 : 0))
    writeFileSync(here.path('b.npy'), array('|b1', [height, width * 3], bits))
    const { status, stderr } = await run('box', 'b.npy', 'b.png', '--size', '1')
    expect([status, stderr]).toEqual([0, ''])
    expect([...(await readPicture(here.path('b.png'))).data]).toEqual([...bits].map((v) => v * 255))
  })
})

describe('the full scale', () => {
  const levels = [0, 255, ...noise(height * width - 2, 9)]
  const read = async (name: string) => [...(await readPicture(here.path(name))).data]
  const write32 = (name: string, values: readonly number[]) =>
    writeFileSync(here.path(name), writeNpy([height, width], Float32Array.from(values)))

  test('is that of the type: 16 bits come out as 16, whatever they are', async () => {
    const deep = Uint16Array.from(levels, (v) => v * 257)
    writeFileSync(here.path('u2.npy'), array('<u2', [height, width], deep))
    for (const depth of [[], ['--depth', '16']]) {
      const { status, stderr } = await run('box', 'u2.npy', 'u2.png', '--size', '1', ...depth)
      expect([status, stderr]).toEqual([0, ''])
      expect((await sharp(here.path('u2.png')).metadata()).depth).toBe('ushort')
      expect((await run('digest', 'u2.png')).stdout).toBe((await run('digest', 'u2.npy')).stdout)
    }
    const { status } = await run('box', 'u2.npy', 'u1.png', '--size', '1', '--depth', '8')
    expect(status).toBe(0)
    expect(await read('u1.png')).toEqual(levels)
  })

  test('of floats is 1 where all lie in 0..1, else 255, as a note says; --full says otherwise', async () => {
    const unit = levels.map((v) => v / 255)
    write32('unit.npy', unit)
    write32('levels.npy', levels)
    write32(
      'deep.npy',
      levels.map((v) => v * 16),
    )
    writeFileSync(here.path('unit.tif'), floatTiff(width, height, unit))
    writeFileSync(here.path('levels.tif'), floatTiff(width, height, levels))
    const note = (name: string, most: number, full: number) =>
      `note: ${name} has numbers from 0 to ${most}, so ${full} is used as white; --full <n> changes it\n`
    const rounded =
      'note: floating point was rounded to 8 bits: --depth 16 keeps more, and .tif, .pfm or .npy keep all\n'
    for (const [name, most, full] of [
      ['unit.npy', 1, 1],
      ['levels.npy', 255, 255],
      ['unit.tif', 1, 1],
      ['levels.tif', 255, 255],
    ] as const) {
      const guessed = await run('box', name, 'out.png', '--size', '1')
      expect([guessed.status, guessed.stderr]).toEqual([0, note(name, most, full) + rounded])
      expect(await read('out.png')).toEqual(levels)
      const told = await run('box', name, 'out.png', '--size', '1', '--full', `${full}`)
      expect([told.status, told.stderr]).toEqual([0, rounded])
      expect(await read('out.png')).toEqual(levels)
    }
    const { stderr } = await run('box', 'deep.npy', 'out.png', '--size', '1', '--full', '4080')
    expect(stderr).toBe('note: floating point was rounded to 16 bits: .tif, .pfm or .npy keep all\n')
    expect((await sharp(here.path('out.png')).metadata()).depth).toBe('ushort')
    await run('box', 'deep.npy', 'out.png', '--size', '1', '--full', '4080', '--depth', '8', '-q')
    expect(await read('out.png')).toEqual(levels)
  })

  test('of a bias, a threshold, a fill and the ranges is that of the array', async () => {
    write32(
      'unit.npy',
      levels.map((v) => v / 255),
    )
    await write(here.path('p.png'), { width, height, channels: 1, data: Uint8Array.from(levels) })
    for (const words of [
      ['laplacian', '--bias', '40'],
      ['laplacian', '--range', 'offset'],
      ['box', '--border', 'constant', '--fill', '100'],
      ['unsharp', '--threshold', '10'],
      ['prewitt', '--angle'],
      ['emboss'],
      ['threshold', '--at', '100'],
      ['involution'],
    ]) {
      const [name, ...options] = words as [string, ...string[]]
      const [one, other] = [
        await run(name, 'unit.npy', 'one.png', ...options, '-q'),
        await run(name, 'p.png', 'other.png', ...options, '-q'),
      ]
      expect([name, one.status, other.status]).toEqual([name, other.status, other.status])
      if (other.status !== 0) continue
      const [a, b] = [await read('one.png'), await read('other.png')]
      const worst = Math.max(...a.map((v, i) => Math.abs(v - b[i]!)))
      expect([name, worst <= 1]).toEqual([name, true])
    }
  })

  test('leaves floats that are written as floats alone, and is no matter of whole samples', async () => {
    const unit = levels.map((v) => Math.fround(v / 255))
    write32('unit.npy', unit)
    const { stderr } = await run('box', 'unit.npy', 'out.npy', '--size', '1')
    expect(stderr).toBe('')
    expect([...numbersOf(here.path('out.npy')).data]).toEqual(unit)
    await write(here.path('p.png'), { width, height, channels: 1, data: Uint8Array.from(levels) })
    const refused = await run('box', 'p.png', 'out.png', '--full', '100')
    expect([refused.status, refused.stderr.split('\n')[0]]).toEqual([
      2,
      'error: --full 100 applies to floats and arrays, and p.png has 8 bits   [E_OPTION]',
    ])
  })

  test('of two floats is that of the smaller: 1 % of 0..1 is not 2.55', async () => {
    const unit = levels.map((v) => v / 255)
    writeFileSync(here.path('f.tif'), floatTiff(width, height, unit))
    writeFileSync(
      here.path('g.tif'),
      floatTiff(
        width,
        height,
        unit.map((v) => 1 - v),
      ),
    )
    const different = await run('compare', 'f.tif', 'g.tif', '--max-abs', '1%', '--json')
    expect(different.status).toBe(1)
    const [page] = JSON.parse(different.stdout).pages
    expect(page.notes).toEqual(['1 is used as white for floats; --full <n> changes it'])
    expect((await run('compare', 'f.tif', 'g.tif', '--max-abs', '1%', '--full', '255')).status).toBe(0)
    write32(
      'over.npy',
      unit.map((v) => v * 1.004),
    )
    write32('unit.npy', unit)
    const over = await run('compare', 'unit.npy', 'over.npy', '--max-abs', '1%')
    expect([over.status, /used as white/.test(over.stdout)]).toEqual([0, true])
  })

  test('of 0..1 gives the PSNR and SSIM of scikit-image', async () => {
    // skimage.metrics 0.19.3, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    const [w, h] = [32, 24]
    const f = Array.from({ length: w * h }, (_, i) => (((i % w) * 7 + Math.floor(i / w) * 5) % 101) / 100)
    const g = f.map((v, i) => Math.min(1, Math.max(0, v + ((i * 37) % 11) / 100 - 0.05)))
    writeFileSync(here.path('sf.tif'), floatTiff(w, h, f))
    writeFileSync(here.path('sg.tif'), floatTiff(w, h, g))
    const { stdout } = await run('compare', 'sf.tif', 'sg.tif', '--min-ssim', '0.5', '--json')
    const { stats } = JSON.parse(stdout).pages[0]
    expect(stats.psnr).toBeCloseTo(30.153672, 4)
    expect(stats.ssim).toBeCloseTo(0.9842287, 5)
  })
})

describe('a damaged .npy file', () => {
  test('is a damaged picture where a picture is wanted, and a damaged kernel where a kernel is', async () => {
    const whole = array(
      '<f4',
      [4, 4],
      Float32Array.from({ length: 16 }, (_, i) => i),
    )
    writeFileSync(here.path('whole.npy'), whole)
    writeFileSync(here.path('cut.npy'), whole.subarray(0, whole.length - 3))
    writeFileSync(
      here.path('type.npy'),
      Buffer.from(Buffer.from(whole).toString('latin1').replace('<f4', '<c8'), 'latin1'),
    )
    for (const name of ['cut.npy', 'type.npy'])
      for (const line of [
        `box ${name} o.png`,
        `box whole.npy o.png --mask ${name}`,
        `conv3d ${name} o.tif --kernel 1`,
        `compare ${name} whole.npy`,
        `digest ${name}`,
        `explain box ${name}`,
        `box ${name} o.png --dry-run`,
      ]) {
        const { status, stderr } = await convo(line.split(' '), { cwd: here.path() })
        expect([line, status, stderr]).toEqual([line, 2, expect.stringContaining('[E_DECODE]')])
        expect([line, stderr]).toEqual([line, expect.stringMatching(/\n {2}try: ./)])
      }
    const { stderr } = await convo('conv2d whole.npy o.png --kernel cut.npy'.split(' '), { cwd: here.path() })
    expect(stderr).toContain('[E_KERNEL_SYNTAX]')
  })
})
