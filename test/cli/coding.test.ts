import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { convo as convoOf } from '../../src/index.ts'
import { chunkOf, pngOf } from '../image/chunks.ts'
import { noise, photo, picture } from '../image/pictures.ts'
import { convo, scratch } from './convo.ts'

// How outputs are encoded and which metadata they keep, for every way to write an output.

const here = scratch()
const options = { maxPixels: 1e7, orient: true }
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const size = (name: string) => statSync(here.path(name)).size
const header = (name: string) => readHeader(here.path(name), options)
const put = async (name: string, ...given: Parameters<typeof encode>) =>
  writeFileSync(here.path(name), (await encode(...given)).bytes)

describe('a JPEG made of a JPEG', () => {
  test('keeps quality and subsampling, by operation, chain, batch, check and library', async () => {
    await put(
      'q30.jpg',
      picture(200, 150, 3, 8, (i) => 90 + 60 * Math.sin(i / 400) + (noise(i) & 15)),
      'jpeg',
      {
        quality: 30,
        subsampling: '4:2:0',
      },
    )
    writeFileSync(
      here.path('m.check.json'),
      JSON.stringify({ cases: [{ name: 'c', input: 'q30.jpg', run: ['box'], output: 'o.jpg' }] }),
    )
    for (const line of [
      'box q30.jpg one.jpg',
      'chain q30.jpg chain.jpg -- box -- box',
      'batch q30.jpg -o b/{stem}.jpg -- box',
    ])
      expect((await run(...line.split(' '))).status, line).toBe(0)
    await convoOf(here.path('q30.jpg')).box().toFile(here.path('library.jpg'))
    for (const name of ['one.jpg', 'chain.jpg', 'b/q30.jpg', 'library.jpg']) {
      expect((await header(name)).meta.jpeg, name).toEqual({ quality: 30, subsampling: '4:2:0' })
      expect(size(name)).toBeLessThan(size('q30.jpg') * 1.2)
    }
    expect((await run('box', 'q30.jpg', 'two.jpg', '--quality', '90')).status).toBe(0)
    expect((await header('two.jpg')).meta.jpeg).toEqual({ quality: 90, subsampling: '4:2:0' })
  })

  test('that is large is encoded in strips, to the same samples on any number of threads', async () => {
    await put(
      'big.jpg',
      picture(1100, 900, 3, 8, (i) => 90 + 60 * Math.sin(i / 4000) + (noise(i) & 15)),
      'jpeg',
    )
    for (const threads of ['1', '3'])
      expect((await run('gaussian', 'big.jpg', `t${threads}.jpg`, '--threads', threads)).status).toBe(0)
    expect(readFileSync(here.path('t1.jpg')).equals(readFileSync(here.path('t3.jpg')))).toBe(true)
    await run('gaussian', 'big.jpg', 'exact.png')
    const exact = await decode(here.path('exact.png'), options)
    const whole = await encode(exact, 'jpeg', { quality: 90, effort: 1 })
    const [strips, one] = await Promise.all(
      [here.path('t1.jpg'), whole.bytes].map((file) => decode(file, options)),
    )
    // toEqual takes ten seconds for this number of samples
    expect(Buffer.from(strips!.data).equals(Buffer.from(one!.data))).toBe(true)
  })
})

describe('how an output is encoded', () => {
  test.each([
    ['a.webp', '--quality 40', 0.6],
    ['a.avif', '--quality 20', 0.6],
    ['a.jpg', '--quality 30', 0.7],
    ['a.jpg', '--subsampling 4:2:0', 0.97],
    ['a.jpg', '--effort 2', 0.95],
    ['a.tif', '--tiff-compression none', 9],
  ])('%s %s', async (name, option, share) => {
    await put(
      'in.png',
      picture(120, 90, 3, 8, (i) => 90 + 60 * Math.sin(i / 40) + (noise(i) & 7)),
      'png',
    )
    expect((await run('box', 'in.png', `plain-${name}`)).status).toBe(0)
    expect((await run('box', 'in.png', name, ...option.split(' '))).status).toBe(0)
    expect(size(name) / size(`plain-${name}`)).toBeLessThan(share)
    expect(size(name)).not.toBe(size(`plain-${name}`))
  })

  test.each([
    [
      'o.png',
      '--quality 80',
      '--quality 80 does not apply to o.png: it is png',
      '--quality applies to jpeg, webp, avif',
    ],
    [
      'o.tif',
      '--lossless',
      '--lossless does not apply to o.tif: it is tiff',
      '--lossless applies to webp, avif',
    ],
    ['o.webp', '--subsampling 4:2:0', 'does not apply to o.webp', 'applies to jpeg, avif'],
    ['o.png', '--tiff-compression lzw', 'does not apply to o.png', 'applies to tiff'],
    ['o.jpg', '--compression 9', '--compression 9 does not apply to o.jpg: it is jpeg', 'applies to png'],
    ['o.npy', '--effort 3', 'does not apply to o.npy: it is npy', 'applies to jpeg, webp, gif, avif'],
    [
      'o.jpg',
      '--effort 5',
      '--effort must be from 0 to 2 for jpeg, got 5',
      'try: convo box in.png o.jpg --effort 2',
    ],
    ['o.webp', '--lossless --quality 80', '--quality and --lossless cannot be used together', '--lossless'],
    [
      'o.png',
      '--depth 32',
      '--depth 32 does not apply to o.png: png has 8 or 16 bits',
      'try: convo box in.png o.png',
    ],
  ])('%s %s is refused', async (name, words, ...said) => {
    await put('in.png', photo, 'png')
    const { status, stderr } = await run('box', 'in.png', name, ...words.split(' '))
    expect(status).toBe(2)
    for (const one of said) expect(stderr.replaceAll('\n', ' ')).toContain(one)
  })

  test('floats are written to a TIFF as they are, and to PFM with 1 as white', async () => {
    await put('in.png', photo, 'png')
    for (const name of ['o.tif', 'o.npy']) {
      const more = name === 'o.tif' ? ['--depth', '32'] : []
      expect((await run('laplacian', 'in.png', name, ...more)).status).toBe(0)
    }
    const { data, depth } = await decode(here.path('o.tif'), options)
    const npy = readFileSync(here.path('o.npy'))
    const planes = new Float32Array(npy.buffer.slice(npy.byteOffset + npy.length - data.length * 4))
    expect(depth).toBe(32)
    expect(Math.min(...data)).toBeLessThan(-1)
    const plane = 48 * 32
    expect([...data]).toEqual(Array.from(data, (_, i) => planes[(i % 3) * plane + Math.floor(i / 3)]))
    expect((await run('conv2d', 'in.png', 'o.pfm', '--kernel', '1')).status).toBe(0)
    const pfm = await decode(here.path('o.pfm'), options)
    expect([...pfm.data]).toEqual(Array.from(photo.data, (v) => Math.fround(v / 255)))
  })

  test('the library takes the same', async () => {
    const chain = () => convoOf({ data: photo.data as Uint8Array, width: 48, height: 32 }).box()
    const [webp, small] = [await chain().webp().toBuffer(), await chain().webp({ quality: 30 }).toBuffer()]
    expect(small.length).toBeLessThan(webp.length)
    expect(
      (await readHeader(await chain().jpeg({ quality: 44, subsampling: '4:2:0' }).toBuffer(), options)).meta
        .jpeg,
    ).toEqual({
      quality: 44,
      subsampling: '4:2:0',
    })
    expect(
      (await readHeader(await chain().tiff({ depth: 32, compression: 'lzw' }).toBuffer(), options)).depth,
    ).toBe(32)
    expect((await chain().as('ppm').toBuffer()).toString('latin1', 0, 9)).toBe('P6\n48 32\n')
    expect(() => chain().jpeg({ quality: 101 })).toThrow('quality must be')
    expect(() => chain().png({ quality: 5 } as object)).toThrow('png has no option quality')
    await expect(chain().jpeg({ effort: 7 }).toBuffer()).rejects.toThrow(
      'effort must be from 0 to 2 for jpeg, got 7',
    )
  })

  test('pictures go through pipes in the formats of Netpbm', async () => {
    const first = await convo(['box', '-', 'ppm:-'], {
      cwd: here.path(),
      stdin: (await encode(photo, 'ppm')).bytes,
    })
    expect(first.bytes.toString('latin1', 0, 13)).toBe('P6\n48 32\n255\n')
    const second = await convo(['box', '-', 'o2.png'], { cwd: here.path(), stdin: first.bytes })
    expect([second.status, second.stderr]).toEqual([0, ''])
  })
})

const artist = Buffer.from(
  'II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x3b\x01\x02\0\x04\0\0\0Ann\0\0\0\0\0',
  'latin1',
)
const rights =
  '<x:xmpmeta><dc:rights><rdf:li>Bob</rdf:li></dc:rights><dc:subject>secret</dc:subject></x:xmpmeta>'

describe('--metadata', () => {
  const beside = [
    chunkOf('eXIf', artist),
    chunkOf('iTXt', `XML:com.adobe.xmp\0\0\0\0\0${rights}`),
    chunkOf('tEXt', 'Copyright\0Bob'),
    chunkOf('tEXt', 'Comment\0secret'),
  ]

  test('keep, strip, copyright', async () => {
    writeFileSync(here.path('m.png'), pngOf([2, 1, 2], [1, 2, 3, 4, 5, 6], beside))
    for (const mode of ['keep', 'strip', 'copyright']) {
      const { stderr, status } = await run('box', 'm.png', `${mode}.png`, '--metadata', mode)
      expect([status, stderr]).toEqual([0, ''])
    }
    const text = (name: string) => readFileSync(here.path(name)).toString('latin1')
    for (const word of ['Ann', 'Bob', 'secret', 'dc:rights']) expect(text('keep.png')).toContain(word)
    for (const word of ['Ann', 'Bob', 'secret', 'eXIf', 'iTXt']) expect(text('strip.png')).not.toContain(word)
    for (const word of ['Ann', '<dc:rights><rdf:li>Bob</rdf:li></dc:rights>', 'Copyright'])
      expect(text('copyright.png')).toContain(word)
    expect(text('copyright.png')).not.toContain('secret')
  })

  test('the orientation of EXIF is that of the samples', async () => {
    writeFileSync(here.path('m.png'), pngOf([2, 1, 2], [1, 2, 3, 4, 5, 6], beside))
    const sideOf = async (name: string) => {
      const { meta, width } = await readHeader(here.path(name), { ...options, orient: false })
      const field = meta.metadata?.exif?.fields.find(({ tag }) => tag === 274)
      return [width, meta.orientation, field?.bytes[0]]
    }
    for (const ending of ['png', 'jpg', 'tif', 'webp']) {
      expect((await run('box', 'm.png', `turned.${ending}`)).status).toBe(0)
      expect((await run('box', 'm.png', `as-is.${ending}`, '--no-orient')).status).toBe(0)
      expect([ending, ...(await sideOf(`turned.${ending}`))].slice(0, 3)).toEqual([ending, 1, undefined])
      expect([ending, ...(await sideOf(`as-is.${ending}`))].slice(0, 3)).toEqual([ending, 2, 6])
    }
  })

  test('digest and compare do not see it', async () => {
    writeFileSync(here.path('m.png'), pngOf([2, 1, 0], [1, 2], beside.slice(1)))
    writeFileSync(here.path('n.png'), pngOf([2, 1, 0], [1, 2]))
    const digests = await Promise.all(['m.png', 'n.png'].map((name) => run('digest', name)))
    expect(digests[0]!.stdout.split(' ')[0]).toBe(digests[1]!.stdout.split(' ')[0])
    expect((await run('compare', 'm.png', 'n.png')).status).toBe(0)
  })

  test('goes through chains, batches and the library', async () => {
    writeFileSync(here.path('m.png'), pngOf([2, 1, 2], [1, 2, 3, 4, 5, 6], beside))
    expect(
      (await run('chain', 'm.png', 'c.png', '--metadata', 'copyright', '--', 'box', '--', 'box')).status,
    ).toBe(0)
    expect(
      (await run('batch', 'm.png', '-o', 'meta/{stem}.jpg', '--', 'box', '--metadata', 'strip')).status,
    ).toBe(0)
    await convoOf(here.path('m.png'), { metadata: 'copyright' }).box().toFile(here.path('l.png'))
    const kinds = async (name: string) => Object.keys((await header(name)).meta.metadata ?? {}).sort()
    expect(await kinds('c.png')).toEqual(['exif', 'text', 'xmp'])
    expect(await kinds('l.png')).toEqual(['exif', 'text', 'xmp'])
    expect(await kinds('meta/m.jpg')).toEqual([])
  })
})
