import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { readHeader } from '../../src/image/decode.ts'
import { encodePages } from '../../src/image/encode.ts'
import { bytesField } from '../../src/image/exif.ts'
import { picture } from '../image/pictures.ts'
import { floatTiff, joinTiffs } from '../image/tiff.ts'
import { convo, scratch } from './convo.ts'
import { noise } from './pictures.ts'

// Inputs with several pages: each page is a separate picture, and no page affects the next.

const here = scratch('volume.tif')
const run = (...args: string[]) => convo([...args, '-q'], { cwd: here.path() })
const [width, height, count] = [20, 12, 3]
const options = { page: 0, pages: -1 }

/** The samples of each page. */
async function pagesOf(name: string): Promise<Buffer[]> {
  const { pages = 1 } = await sharp(here.path(name)).metadata()
  return Promise.all(
    Array.from({ length: pages }, (_, page) => sharp(here.path(name), { page }).raw().toBuffer()),
  )
}

const samplesOf = (name: string) => sharp(here.path(name)).raw().toBuffer()

beforeAll(async () => {
  // black, noise and white, which would mix if a border extended into another page
  const levels = [0, 1, 2].flatMap((page) =>
    page === 1
      ? noise(width * height * 3, 5)
      : Array.from({ length: width * height * 3 }, () => (page === 0 ? 0 : 255)),
  )
  const raw = { width, height: height * count, channels: 3 as const, pageHeight: height }
  const strip = () => sharp(Uint8Array.from(levels), { raw })
  await strip()
    .webp({ lossless: true, delay: [70, 80, 90], loop: 4 })
    .toFile(here.path('in.webp'))
  await strip().tiff({ compression: 'lzw' }).toFile(here.path('in.tif'))
  for (let page = 0; page < count; page++)
    await sharp(here.path('in.webp'), { page })
      .removeAlpha()
      .png()
      .toFile(here.path(`page-${page}.png`))
})

describe('an input of several pages', () => {
  test.each(['out.webp', 'out.tif'])('into %s: every page as if it were alone', async (output) => {
    for (const input of ['in.webp', 'in.tif']) {
      expect((await run('gaussian', input, output, '--sigma', '3')).status).toBe(0)
      const pages = await pagesOf(output)
      expect(pages).toHaveLength(count)
      for (const [page, samples] of pages.entries()) {
        expect((await run('gaussian', `page-${page}.png`, 'alone.png', '--sigma', '3')).status).toBe(0)
        expect(samples.equals(await samplesOf('alone.png'))).toBe(true)
      }
    }
  })

  test('keeps the time of its pages and how often they play, under operators and chains too', async () => {
    for (const words of [
      ['sobel', 'in.webp', 'out.gif'],
      ['unpool', 'in.webp', 'out.gif'],
      ['chain', 'in.webp', 'out.gif', '--', 'gaussian', '--', 'sobel'],
    ]) {
      const { status } = await convo(words, { cwd: here.path() })
      expect(status).toBe(0)
      expect(await sharp(here.path('out.gif'), options).metadata()).toMatchObject({
        pages: count,
        pageHeight: height,
        delay: [70, 80, 90],
        loop: 4,
      })
    }
  })

  test('into a path with {index}: a file each', async () => {
    const { status, stderr } = await convo(['box', 'in.tif', 'p-{index:02}.png'], { cwd: here.path() })
    expect([status, stderr]).toEqual([0, 'note: 3 files: p-01.png to p-03.png\n'])
    for (let page = 0; page < count; page++) {
      expect((await run('box', `page-${page}.png`, 'alone.png')).status).toBe(0)
      expect((await samplesOf(`p-0${page + 1}.png`)).equals(await samplesOf('alone.png'))).toBe(true)
    }
    expect(existsSync(here.path('p-04.png'))).toBe(false)
  })

  test('of gray and of 16 bits stays so', async () => {
    expect((await run('gaussian', 'volume.tif', 'wide.tif', '--depth', '16')).status).toBe(0)
    expect((await run('gaussian', 'volume.tif', 'narrow.tif')).status).toBe(0)
    const facts = { width: 96, height: 96, pages: 24, channels: 1 }
    expect(await sharp(here.path('wide.tif')).metadata()).toMatchObject({ ...facts, depth: 'ushort' })
    expect(await sharp(here.path('narrow.tif')).metadata()).toMatchObject({ ...facts, depth: 'uchar' })
  })

  test('into one picture: the first, and how to have all', async () => {
    const { status, stderr } = await convo(['box', 'in.webp', 'one.png'], { cwd: here.path() })
    expect(status).toBe(0)
    expect(stderr).toBe(
      'note: in.webp has 3 pages, only the first was used; for all of them, use {index} in the output path, or .gif, .webp or .tif, ' +
        'or conv3d to read them as a volume\n',
    )
    expect((await run('box', 'page-0.png', 'alone.png')).status).toBe(0)
    expect((await samplesOf('one.png')).equals(await samplesOf('alone.png'))).toBe(true)
  })

  test('is not written over, whole or page by page', async () => {
    const { status, stderr } = await run('box', 'in.webp', 'in.webp')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: in\.webp is also the input {3}\[E_IN_PLACE\]/),
    ])
  })
})

test('pages of several sizes go to a file each, or to no file that would need them alike', async () => {
  const page = (side: number) => floatTiff(side, 9, Array(side * 9).fill(60))
  writeFileSync(here.path('sizes.tif'), joinTiffs(page(12), page(7)))
  const { status, stderr } = await run('box', 'sizes.tif', 'same.tif')
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(/page 2 of sizes\.tif is 7x9x1, page 1 12x9x1 +\[E_SHAPE\]\n.*\{index\}/),
  ])
  expect(existsSync(here.path('same.tif'))).toBe(false)
  expect((await run('box', 'sizes.tif', 'size-{index}.png')).status).toBe(0)
  expect((await sharp(here.path('size-2.png')).metadata()).width).toBe(7)
})

test('the place for a number is filled where there is one picture too, and never with the input', async () => {
  expect((await run('box', 'page-0.png', 'one-{index:02}.png')).status).toBe(0)
  expect([existsSync(here.path('one-01.png')), existsSync(here.path('one-{index:02}.png'))]).toEqual([
    true,
    false,
  ])
  const { status, stderr } = await run('box', 'page-1.png', 'page-{index}.png')
  expect([status, stderr]).toEqual([2, expect.stringContaining('E_IN_PLACE')])
})

test('a mask of as many pages is taken page by page; of another number the first, with a note', async () => {
  const levels = (...pages: number[]) =>
    Uint8Array.from(pages.flatMap((level) => new Array<number>(width * height).fill(level)))
  const tiff = (...pages: number[]) =>
    sharp(levels(...pages), {
      raw: { width, height: height * pages.length, channels: 1, pageHeight: height },
    }).tiff({ compression: 'lzw' })
  await tiff(255, 0, 51).toFile(here.path('masks.tif'))
  await tiff(255, 0).toFile(here.path('two.tif'))
  const inverted = async (mask: string, stdin?: Uint8Array, ...more: string[]) => {
    const line = [
      'pointwise',
      'in.tif',
      'inverted.tif',
      '--preset',
      'invert',
      '--force',
      '--mask',
      mask,
      ...more,
    ]
    const { status, stderr } = await convo(line, { cwd: here.path(), ...(stdin && { stdin }) })
    expect(status).toBe(0)
    return { stderr, pages: (await pagesOf('inverted.tif')).map((page) => [...page]) }
  }
  const before = await pagesOf('in.tif')
  const mixed = before.map((page, i) =>
    Array.from(page, (v) => Math.round([255 - v, v, v + (255 - 2 * v) / 5][i]!)),
  )
  expect((await inverted('masks.tif')).pages).toEqual(mixed)
  expect((await inverted('-', readFileSync(here.path('masks.tif')))).pages).toEqual(mixed)
  expect((await inverted('masks.tif', undefined, '--page', '3')).pages).toEqual([mixed[2]])
  expect((await inverted('two.tif', undefined, '--page', '3')).stderr).toMatch(
    /^note: only the first of the 2/,
  )
  const { pages, stderr } = await inverted('two.tif')
  expect(stderr).toBe('note: only the first of the 2 pages of two.tif is used as the mask\n')
  expect(pages).toEqual(before.map((page) => Array.from(page, (v) => 255 - v)))
})

test.each([
  ['ImageJ=1.53t\nimages=3\nslices=3\nspacing=2.0\n', ['all', 'resized', 'volume']],
  ['{"shape": [3, 12, 20], "axes": "ZYX"}', ['all', 'volume']],
  [
    '<?xml version="1.0"?><OME xmlns="x"><Pixels SizeC="1" SizeT="1" SizeX="20" SizeY="12" SizeZ="3"/></OME>',
    ['all', 'volume'],
  ],
  ['three cells', ['all', 'resized', 'one', 'volume']],
])('a description that counts pages and samples goes with as many: %s', async (text, kept) => {
  const exif = { fields: [bytesField(270, Buffer.from(`${text}\0`), 2)], below: new Map() }
  const page = { ...picture(width, height, 1, 8, (i) => i & 255), meta: { metadata: { exif } } }
  writeFileSync(here.path('described.tif'), (await encodePages([page, page, page], 'tiff', {})).bytes)
  const lines: Readonly<Record<string, readonly string[]>> = {
    all: ['box'],
    resized: ['resize', '--by', '0.5'],
    one: ['box', '--page', '1'],
    volume: ['conv3d', '--filter', 'box'],
  }
  const found: string[] = []
  for (const [name, [operation = '', ...more]] of Object.entries(lines)) {
    const line = [operation, 'described.tif', 'made.tif', '--force', ...more]
    const { status, stderr } = await convo(line, { cwd: here.path() })
    expect([name, status]).toEqual([name, 0])
    const { meta } = await readHeader(here.path('made.tif'), { maxPixels: 1e6, orient: true })
    const isKept = meta.metadata?.exif?.fields.some(({ tag }) => tag === 270) === true
    expect(stderr.includes('note: the description was dropped')).toBe(!isKept)
    if (isKept) found.push(name)
  }
  expect(found).toEqual(kept)
})
