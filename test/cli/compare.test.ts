import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { compare as compareInLibrary } from '../../src/picture/api/compare.ts'
import { chunkOf, pngOf, words } from '../image/chunks.ts'
import { wideProfile } from '../image/pictures.ts'
import { convo, scratch } from './convo.ts'

const { path, names } = scratch()
const [width, height] = [48, 32]
const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 29) % 200)
const raw = { raw: { width, height, channels: 3 as const } }

const run = (...args: string[]) => convo(args, { cwd: path() })
const compare = (...args: string[]) => run('compare', ...args)
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)
const by = (data: Uint8Array, ...changes: [at: number, by: number][]) => {
  const copy = Uint8Array.from(data)
  for (const [at, d] of changes) copy[at]! += d
  return copy
}
const png = (name: string, data: Uint8Array, options = {}) => sharp(data, raw).png(options).toFile(path(name))

beforeAll(async () => {
  await png('a.png', rgb)
  await png('a-again.png', rgb, { compressionLevel: 1, progressive: true })
  // green at 10,5
  await png('one.png', by(rgb, [(5 * width + 10) * 3 + 1, 7]))
  await png(
    'plus.png',
    rgb.map((v) => v + 1),
  )
  await sharp(rgb, raw).extract({ left: 0, top: 0, width: 47, height }).png().toFile(path('small.png'))
})

describe('convo compare', () => {
  it('same pixels in other files: 0', async () => {
    const { status, stdout, stderr } = await compare('a.png', 'a-again.png')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(
      'same: a.png and a-again.png\n  picture   48x32, RGB, 8 bits\nsmallest tolerance that would pass: none is needed\n',
    )
    expect((await compare('a.png', 'a.png')).status).toBe(0)
  })

  it('a picture over --max-pixels is refused, though the bytes are equal', async () => {
    const { status, stderr } = await compare('a.png', 'a.png', '--max-pixels', '10')
    expect([status, stderr]).toEqual([2, expect.stringContaining('[E_TOO_LARGE]')])
  })

  it('one pixel: 1, and the text names everything', async () => {
    const { status, stdout } = await compare('a.png', 'one.png')
    const was = rgb[(5 * width + 10) * 3 + 1]!
    expect(status).toBe(1)
    expect(stdout).toContain('different: a.png and one.png')
    expect(stdout).toContain('1 of 1,536 differ (0.065 %)')
    expect(stdout).toContain(`7, green at 10,5: expected ${was}, got ${was + 7}`)
    expect(stdout).toMatch(/RMSE 0\.103\d*, PSNR 67\.8\d* dB/)
    expect(stdout).toContain('clusters  1 in 1x1 at 10,5')
    expect(lastLine(stdout)).toBe('smallest tolerance that would pass: --max-abs 7, or --max-diff-pixels 1')
  })

  it('what the last line says passes, and one less fails', async () => {
    expect((await compare('a.png', 'one.png', '--max-abs', '7')).status).toBe(0)
    expect((await compare('a.png', 'one.png', '--max-abs', '6')).status).toBe(1)
    expect((await compare('a.png', 'one.png', '--max-diff-pixels', '1')).status).toBe(0)
    expect((await compare('a.png', 'one.png', '--max-diff-pixels', '0')).status).toBe(1)
  })

  it('one level all over is a difference, and tolerated when asked for', async () => {
    expect((await compare('a.png', 'plus.png')).status).toBe(1)
    const { status, stdout } = await compare('a.png', 'plus.png', '--max-abs', '0.4%')
    expect(status).toBe(0)
    expect(stdout).toContain('tolerated: a.png and plus.png')
    expect(stdout).toContain('1,536 of 1,536 differ (100 %); none by more than 1.02')
  })

  it('another size: 1, and with --size pad what is missing counts', async () => {
    const { status, stdout } = await compare('a.png', 'small.png')
    expect(status).toBe(1)
    expect(stdout).toContain('the sizes differ: expected 48x32, got 47x32')
    expect(lastLine(stdout)).toContain('none, because the sizes differ')
    const padded = await compare('a.png', 'small.png', '--size', 'pad')
    expect(padded.status).toBe(1)
    expect(padded.stdout).toContain('32 of 1,536 differ')
    expect((await compare('a.png', 'small.png', '--size', 'pad', '--max-diff-pixels', '32')).status).toBe(0)
  })

  it('what cannot be compared: 2, nothing on standard output', async () => {
    writeFileSync(path('torn.png'), readFileSync(path('one.png')).subarray(0, 150))
    writeFileSync(path('text.png'), 'not a picture')
    const calls = [
      ['a.png', 'none.png'],
      ['none.png', 'a.png'],
      ['a.png', 'torn.png'],
      ['torn.png', 'torn.png'],
      ['a.png', 'text.png'],
      ['a.png', 'one.png', '--max-abs', '-1'],
      ['a.png', 'one.png', '--max-abs', '101%'],
      ['a.png', 'one.png', '--ignore', '1,2,3'],
      ['a.png', 'one.png', '--ignore', '48,0,1,1'],
      ['a.png', 'one.png', '--max-density', '3'],
      ['a.png', 'one.png', '--perceptual', '0.1', '--max-abs', '1'],
      ['a.png', 'one.png', '--mask', 'small.png'],
      ['a.png', 'a.png', '--ignore-border', '16'],
      ['a.png', 'one.png', '--diff', 'a.png'],
      ['a.png', 'one.png', '--diff', 'diff.xyz'],
      ['a.png', 'one.png', '--diff', '-'],
      ['-', '-'],
    ]
    for (const args of calls) {
      const { status, stdout, stderr } = await compare(...args)
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: '' })
      expect(stderr).toMatch(/^error: .*\[E_[A-Z_]+\]/)
    }
    expect((await compare('a.png', 'a-again.png')).status).toBe(0)
  })

  it('--quiet prints nothing, and answers', async () => {
    expect(await compare('a.png', 'one.png', '-q')).toMatchObject({ status: 1, stdout: '', stderr: '' })
    expect(await compare('a.png', 'a-again.png', '--quiet', '--json')).toMatchObject({
      status: 0,
      stdout: '',
    })
    expect(await compare('a.png', 'a-again.png', '--quiet')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    })
  })

  it('--json prints all of it as one object', async () => {
    const { status, stdout } = await compare(
      'a.png',
      'one.png',
      '--json',
      '--max-abs',
      '2',
      '--max-diff-pixels',
      '0',
    )
    expect(status).toBe(1)
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({
      expected: 'a.png',
      actual: 'one.png',
      outcome: 'different',
      expectedPages: 1,
      smallest: [
        { 'max-abs': 7, 'max-diff-pixels': 0 },
        { 'max-abs': 2, 'max-diff-pixels': 1 },
      ],
    })
    expect(found.pages[0]).toMatchObject({
      page: 1,
      stats: { differing: 1, compared: 1536, largest: { channel: 'green', x: 10, y: 5, difference: 7 } },
      failed: [{ limit: 'max-diff-pixels', found: 1, by: 1 }],
    })
    const same = JSON.parse((await compare('a.png', 'a-again.png', '--json')).stdout)
    expect(same).toMatchObject({ outcome: 'same', smallest: [{}], pages: [{ stats: { psnr: null } }] })
  })

  it.each(['triptych', 'overlay', 'heat', 'mask'])('--diff writes a picture, style %s', async (style) => {
    const { status, stdout } = await compare(
      'a.png',
      'one.png',
      '--diff',
      `${style}.png`,
      '--diff-style',
      style,
    )
    expect(status).toBe(1)
    expect(stdout).toContain(`diff      ${style}.png`)
    const { data, info } = await sharp(path(`${style}.png`))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info.height).toBe(height)
    expect(info.width).toBe(style === 'triptych' ? 3 * width + 8 : width)
    if (style === 'mask') expect(data.indexOf(255)).toBe((5 * width + 10) * info.channels)
  })

  it('--diff - writes the picture to standard output, with --quiet', async () => {
    const { status, bytes } = await compare('a.png', 'one.png', '--diff', '-', '-q')
    expect(status).toBe(1)
    expect((await sharp(bytes).metadata()).height).toBe(height)
  })

  it('leaves out rectangles, borders and what is black in a mask', async () => {
    expect((await compare('a.png', 'one.png', '--ignore', '10,5,1,1')).status).toBe(0)
    expect((await compare('a.png', 'one.png', '--ignore', '0,0,10,5', '--ignore', '11,0,9,9')).status).toBe(1)
    expect((await compare('a.png', 'one.png', '--ignore', '0,0,10,5', '--ignore', '9,5,9,9')).status).toBe(0)
    expect((await compare('a.png', 'one.png', '--ignore-border', '6')).status).toBe(0)
    expect((await compare('a.png', 'one.png', '--ignore-border', '5')).status).toBe(1)
    await png(
      'mask.png',
      by(
        new Uint8Array(rgb.length).fill(255),
        ...[0, 1, 2].map((c): [number, number] => [(5 * width + 10) * 3 + c, 1]),
      ),
    )
    expect((await compare('a.png', 'one.png', '--mask', 'mask.png')).status).toBe(0)
  })

  it('measures: --min-psnr, --max-rmse, --min-ssim, --max-density, --perceptual at their boundaries', async () => {
    const { stats } = JSON.parse((await compare('a.png', 'one.png', '--json', '--min-ssim', '0')).stdout)
      .pages[0]
    const near = (name: string, value: number, step: number) => [
      [`--${name}`, String(value + step)],
      [`--${name}`, String(value - step)],
    ]
    const pairs = [
      near('min-psnr', stats.psnr, -1e-6),
      near('max-rmse', stats.rmse, 1e-6),
      near('min-ssim', stats.ssim, -1e-6),
      [
        ['--max-density', '1/8'],
        ['--max-density', '0/8'],
      ],
      [
        ['--perceptual', '0.1'],
        ['--perceptual', '0'],
      ],
    ]
    for (const [loose, tight] of pairs) {
      expect([loose, (await compare('a.png', 'one.png', ...loose!)).status]).toEqual([loose, 0])
      expect([tight, (await compare('a.png', 'one.png', ...tight!)).status]).toEqual([tight, 1])
    }
  })

  it('a palette against truecolour of the same pixels: 0', async () => {
    const few = rgb.map((v) => (v > 99 ? 255 : 0))
    await png('palette.png', few, { palette: true, dither: 0 })
    await png('truecolour.png', few)
    expect(readFileSync(path('palette.png'))[25]).toBe(3)
    expect((await compare('palette.png', 'truecolour.png')).status).toBe(0)
    expect((await run('digest', 'palette.png')).stdout).toBe((await run('digest', 'truecolour.png')).stdout)
  })

  it('hidden colours under alpha 0: by --alpha', async () => {
    const clear = (level: number) =>
      sharp(
        Uint8Array.from({ length: 64 }, (_, i) => (i % 4 === 3 ? 0 : level)),
        { raw: { width: 4, height: 4, channels: 4 } },
      )
    await clear(10).png().toFile(path('clear10.png'))
    await clear(90).png().toFile(path('clear90.png'))
    expect((await compare('clear10.png', 'clear90.png')).status).toBe(1)
    expect((await compare('clear10.png', 'clear90.png', '--alpha', 'visible')).status).toBe(0)
    expect((await compare('clear10.png', 'clear90.png', '--alpha', 'ignore')).status).toBe(1)
  })

  it('colour profiles: by --icc', async () => {
    const plain = await decode(path('a.png'), { maxPixels: 1e6, orient: true })
    const wide = await encode({ ...plain, meta: { icc: await wideProfile() } }, 'png')
    writeFileSync(path('p3.png'), wide.bytes)
    const { status, stdout } = await compare('a.png', 'p3.png')
    expect(status).toBe(1)
    expect(stdout).toContain(
      'failed    colour profiles differ: the actual picture has one, the expected has none',
    )
    expect(lastLine(stdout)).toBe('smallest tolerance that would pass: --icc ignore')
    const warned = await compare('a.png', 'p3.png', '--icc', 'warn')
    expect(warned.status).toBe(0)
    expect(warned.stdout).toContain('note      colour profiles differ')
    const ignored = await compare('a.png', 'p3.png', '--icc', 'ignore')
    expect(ignored.status).toBe(0)
    expect(ignored.stdout).not.toContain('profile')
  })

  it('one low byte of 16 bits', async () => {
    const wide = (change: number) => {
      const data = Uint16Array.from({ length: 64 }, (_, i) => i * 1000 + (i === 27 ? change : 0))
      return sharp(data, { raw: { width: 8, height: 8, channels: 1 } })
        .toColourspace('grey16')
        .png()
    }
    await wide(0).toFile(path('wide0.png'))
    await wide(1).toFile(path('wide1.png'))
    const { status, stdout } = await compare('wide0.png', 'wide1.png')
    expect(status).toBe(1)
    expect(stdout).toContain('8x8, gray, 16 bits')
    expect(stdout).toContain('1, gray at 3,3: expected 27000, got 27001')
  })

  it('animations page by page, and their numbers of pages', async () => {
    const page = (level: number) =>
      sharp({
        create: { width: 16, height: 16, channels: 4, background: { r: level, g: 0, b: 0, alpha: 1 } },
      })
        .png()
        .toBuffer()
    const animate = async (name: string, ...levels: number[]) =>
      sharp(await Promise.all(levels.map(page)), { join: { animated: true } })
        .webp({ lossless: true })
        .toFile(path(name))
    await animate('three.webp', 10, 20, 30)
    await animate('other.webp', 10, 24, 30)
    await animate('two.webp', 10, 20)
    expect((await compare('three.webp', 'three.webp')).status).toBe(0)
    const { status, stdout } = await compare(
      'three.webp',
      'other.webp',
      '--diff',
      'page.png',
      '--diff-style',
      'mask',
    )
    expect(status).toBe(1)
    expect(stdout).toContain('3, 2 of them the same')
    expect(stdout).toContain('page 2: different')
    expect(stdout).toContain('red at 0,0: expected 20, got 24')
    expect(stdout).toContain('page.png: page 2')
    expect(lastLine(stdout)).toBe('smallest tolerance that would pass: --max-abs 4, or --max-diff-pixels 256')
    expect((await sharp(path('page.png')).stats()).channels[0]!.mean).toBe(255)
    expect((await compare('three.webp', 'other.webp', '--max-abs', '4')).status).toBe(0)
    // the first page is within the tolerance, and the second one, which is not, is drawn
    await animate('later.webp', 11, 20, 90)
    const later = await compare(
      'three.webp',
      'later.webp',
      '--max-abs',
      '2',
      '--diff',
      'page.png',
      '--diff-style',
      'mask',
    )
    expect(later.stdout).toContain('page.png: page 3')
    expect((await sharp(path('page.png')).stats()).channels[0]!.mean).toBe(255)
    const fewer = await compare('three.webp', 'two.webp')
    expect(fewer.status).toBe(1)
    expect(fewer.stdout).toContain('the number of pages differs: expected 3, got 2')
    expect((await compare('three.webp', 'two.webp', '--max-abs', '255')).status).toBe(1)
  })

  it('says that the answer is of a part only where pixels are left out', async () => {
    const { status, stdout } = await compare('a.png', 'one.png', '--ignore', '0,0,20,8')
    expect(status).toBe(0)
    expect(stdout).toContain('\n  compared  1,376 of 1,536 pixels; the others are ignored\n')
    expect((await compare('a.png', 'a.png')).stdout).not.toContain('compared')
  })

  it('says of gray as RGB that only the channels differ', async () => {
    const gray = rgb.filter((_, i) => i % 3 === 0)
    await sharp(gray, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(path('gray.png'))
    await png(
      'spread.png',
      rgb.map((_, i) => gray[Math.floor(i / 3)]!),
    )
    const { status, stdout } = await compare('gray.png', 'spread.png')
    expect(status).toBe(1)
    expect(stdout).toContain(
      'the channels differ: expected gray, got RGB\n  pixels    all are equal otherwise\n',
    )
  })

  it('refuses a style of a picture that is not asked for', async () => {
    const { status, stderr } = await compare('a.png', 'one.png', '--diff-style', 'heat')
    expect(status).toBe(2)
    expect(stderr).toContain('--diff-style needs --diff')
  })

  it('float arrays, plane by plane', async () => {
    const values = Float32Array.from({ length: 60 }, (_, i) => Math.fround(i / 7))
    writeFileSync(path('f.npy'), writeNpy([3, 4, 5], values))
    const changed = values.slice()
    changed[47]! += 0.25
    writeFileSync(path('g.npy'), writeNpy([3, 4, 5], changed))
    expect((await compare('f.npy', 'f.npy')).status).toBe(0)
    const { status, stdout } = await compare('f.npy', 'g.npy')
    expect(status).toBe(1)
    expect(stdout).toContain('page 3: different')
    expect(stdout).toContain('5x4, gray, float')
    expect(lastLine(stdout)).toBe(
      'smallest tolerance that would pass: --max-abs 0.25, or --max-diff-pixels 1',
    )
    writeFileSync(path('h.npy'), writeNpy([1, 2], Float64Array.of(1, 0.1)))
    const lost = await compare('h.npy', 'h.npy')
    expect(lost.status).toBe(2)
    expect(lost.stderr).toContain('float32')
  })

  it('reads one of the two from standard input, or a pipe', async () => {
    const stdin = readFileSync(path('one.png'))
    const { status, stdout } = await convo(['compare', 'a.png', '-'], { cwd: path(), stdin })
    expect(status).toBe(1)
    expect(stdout).toContain('different: a.png and -')
    expect(spawnSync('mkfifo', [path('pipe')]).status).toBe(0)
    spawn('sh', ['-c', 'cat one.png > pipe'], { cwd: path() })
    expect((await compare('pipe', 'one.png')).status).toBe(0)
    expect((await convo(['compare', '-', 'one.png'], { cwd: path(), stdin })).status).toBe(0)
  })

  it('turns pictures as their orientation asks, unless told not to', async () => {
    await sharp(path('a.png'))
      .withMetadata({ orientation: 6 })
      .tiff({ compression: 'lzw' })
      .toFile(path('turned.tif'))
    await sharp(path('a.png')).rotate(90).png().toFile(path('rotated.png'))
    expect((await compare('rotated.png', 'turned.tif', '--icc', 'ignore')).status).toBe(0)
    expect((await compare('a.png', 'turned.tif', '--icc', 'ignore', '--no-orient')).status).toBe(0)
  })

  it('sees colours that a PNG states without a profile, where they are not those of sRGB', async () => {
    const sample = (name: string, ...chunks: Buffer[]) =>
      writeFileSync(path(name), pngOf([2, 1, 2], [1, 2, 3, 4, 5, 6], chunks))
    const whitePoint = [31270, 32900]
    sample('plain-colours.png')
    sample('pq.png', chunkOf('cICP', Buffer.from([9, 16, 0, 1])))
    sample('usual.png', chunkOf('cICP', Buffer.from([1, 13, 0, 1])))
    sample('wide.png', chunkOf('cHRM', words(...whitePoint, 68000, 32000, 26500, 69000, 15000, 6000)))
    sample('narrow.png', chunkOf('cHRM', words(...whitePoint, 63999, 33001, 30000, 60000, 15000, 5999)))
    const found = 'colours are shown differently: sRGB expected'
    const wide = 'cHRM 31270,32900,68000,32000,26500,69000,15000,6000'
    expect((await compare('plain-colours.png', 'pq.png')).stdout).toContain(
      `failed    ${found}, cICP 9,16,0,1 found`,
    )
    expect((await compare('plain-colours.png', 'wide.png')).stdout).toContain(
      `failed    ${found}, ${wide} found`,
    )
    for (const same of ['usual.png', 'narrow.png'])
      expect((await compare('plain-colours.png', same)).status).toBe(0)
    expect((await compare('pq.png', 'plain-colours.png', '--icc', 'ignore')).status).toBe(0)
  })

  it('takes the full scale of floats, by which limits and measures of them are meant', async () => {
    const at = (x: number, y: number) => ((x * 7 + y * 3) % 23) / 22
    const values = (value: (v: number) => number) =>
      Float32Array.from({ length: 20 * 24 }, (_, i) => value(Math.fround(at(i % 24, Math.floor(i / 24)))))
    const files = {
      'f.npy': values((v) => v),
      'g.npy': values((v) => 1 - v),
      'near.npy': values((v) => v + 0.008),
    }
    for (const [name, data] of Object.entries(files)) writeFileSync(path(name), writeNpy([20, 24], data))
    expect((await compare('f.npy', 'g.npy', '--max-abs', '1%')).status).toBe(1)
    expect((await compare('f.npy', 'near.npy', '--max-abs', '1%', '--full', '1')).status).toBe(0)
    const { stdout } = await compare('f.npy', 'g.npy', '--min-ssim', '0.5', '--json')
    const [page] = JSON.parse(stdout).pages
    // scikit-image with data_range=1
    expect(page.stats.psnr).toBeCloseTo(4.392093371, 4)
    expect(page.stats.ssim).toBeCloseTo(-0.988682171, 5)
  })

  it('notes that animations are timed otherwise, which is not compared', async () => {
    const strip = Buffer.from(Array.from({ length: 4 * 8 * 3 }, (_, i) => (i * 37) % 256))
    const as = async (name: string, delay: number[], loop: number) => {
      const frames = sharp(strip, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      writeFileSync(path(name), await frames.webp({ lossless: true, delay, loop }).toBuffer())
    }
    await as('fast.webp', [40, 80], 0)
    await as('fast-again.webp', [40, 80], 0)
    await as('slow.webp', [40, 500], 0)
    await as('once.webp', [40, 80], 1)
    const note = 'note: the animations differ in their timing or number of repeats, which are not compared\n'
    for (const other of ['slow.webp', 'once.webp'])
      expect(await compare('fast.webp', other)).toMatchObject({ status: 0, stderr: note })
    expect(await compare('fast.webp', 'fast-again.webp')).toMatchObject({ status: 0, stderr: '' })

    // in folders, in cases, and in the library
    for (const name of ['one', 'other']) mkdirSync(path(name))
    copyFileSync(path('fast.webp'), path('one/a.webp'))
    copyFileSync(path('slow.webp'), path('other/a.webp'))
    const about = `note: a.webp: ${note.slice('note: '.length)}`
    expect(await compare('one', 'other')).toMatchObject({ status: 0, stderr: about })
    writeFileSync(path('timed.yaml'), "cases: [{ name: a, actual: 'one/a.webp' }]")
    const check = (...words: string[]) =>
      convo(['check', 'timed.yaml', '--results', 'timed', ...words], { cwd: path() })
    await check('--update')
    copyFileSync(path('slow.webp'), path('one/a.webp'))
    const checked = await check()
    expect(checked).toMatchObject({ status: 0, stderr: about.replace('a.webp', 'a') })
    const found = await compareInLibrary(path('fast.webp'), path('slow.webp'))
    expect(found.notes).toEqual([note.slice('note: '.length, -1)])
    expect(found.toJSON()).toMatchObject({ notes: found.notes })
  })

  it('leaves no file that was not asked for', () => {
    expect(names().filter((name) => name.startsWith('.convo') || name === 'diff.xyz')).toEqual([])
    expect(existsSync(path('none.png'))).toBe(false)
  })
})

describe('convo digest', () => {
  it('names the damaged chunks that are not used, as compare does', async () => {
    const gamma = chunkOf('gAMA', words(100000), true)
    writeFileSync(path('damaged.png'), pngOf([2, 1, 2], [1, 2, 3, 4, 5, 6], [gamma]))
    const note = 'note: the gAMA chunk of damaged.png was ignored: it fails its checksum\n'
    expect((await run('digest', 'damaged.png')).stderr).toBe(note)
    expect((await compare('damaged.png', 'damaged.png')).stderr).toBe(note)
  })

  it('prints a hash of the pixels, whatever the encoding', async () => {
    const { status, stdout } = await run('digest', 'a.png')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    expect((await run('digest', 'a-again.png')).stdout).toBe(stdout)
    expect((await run('digest', 'one.png')).stdout).not.toBe(stdout)
    expect((await convo(['digest', '-'], { stdin: readFileSync(path('a.png')) })).stdout).toBe(stdout)
  })

  it('--json tells the shape too', async () => {
    const { stdout } = await run('digest', 'a.png', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      image: 'a.png',
      width,
      height,
      channels: 3,
      depth: 8,
      pages: 1,
    })
  })

  it('what cannot be decoded: 2', async () => {
    expect(await run('digest', 'torn.png')).toMatchObject({ status: 2, stdout: '' })
  })
})
