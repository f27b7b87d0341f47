import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decode, decodePages, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { joinStrips, jpegStripRows } from '../../src/image/jpeg.ts'
import { packStrip, type TiffCompression, tiffCompressions } from '../../src/image/tiff-pack.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { noise, photo, picture } from './pictures.ts'

const options = { maxPixels: 1e7, orient: true }
const wavy = (width: number, height: number, channels: 1 | 3): Picture =>
  picture(width, height, channels, 8, (i) => 100 + 80 * Math.sin(i / 50) + (noise(i) & 7))

describe('strips of a JPEG', () => {
  it.each([
    [57, 40, 3, '4:4:4', 16],
    [57, 41, 3, '4:2:0', 16],
    [40, 50, 1, '4:4:4', 16],
    [33, 130, 3, '4:2:0', 32],
  ] as const)(
    'of %ix%ix%i %s are one picture, the samples of which are those of one encoded whole',
    async (width, height, channels, chromaSubsampling, rows) => {
      const whole = wavy(width, height, channels)
      const size = width * channels
      const settings = { quality: 80, chromaSubsampling, optimiseCoding: false }
      const jpegOf = (from: number, end: number) =>
        sharp((whole.data as Uint8Array).subarray(from * size, end * size), {
          raw: { width, height: end - from, channels },
        })
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
          .jpeg(settings)
          .toBuffer()
      const strips: Buffer[] = []
      for (let y = 0; y < height; y += rows) strips.push(await jpegOf(y, Math.min(y + rows, height)))
      expect(strips.length).toBeGreaterThan(2)
      const pixels = (bytes: Uint8Array) => sharp(bytes, { failOn: 'warning' }).raw().toBuffer()
      expect((await pixels(joinStrips(strips, height))).equals(await pixels(await jpegOf(0, height)))).toBe(
        true,
      )
    },
  )

  it('have no more blocks than a restart interval counts, however wide they are', () => {
    for (const width of [1, 1000, 4096, 40_000, 65_500]) {
      for (const [subsampling, side] of [
        ['4:4:4', 8],
        ['4:2:0', 16],
      ] as const) {
        const rows = jpegStripRows(width, subsampling)
        expect(rows % 16).toBe(0)
        expect(Math.ceil(width / side) * (rows / side)).toBeLessThan(65536)
      }
    }
  })

  it('make the same file through the library, whole or not', async () => {
    const { bytes } = await encode(wavy(90, 600, 3), 'jpeg', { quality: 85 })
    const { data } = await decode(bytes, options)
    const whole = await sharp(wavy(90, 600, 3).data, { raw: { width: 90, height: 600, channels: 3 } })
      .jpeg({ quality: 85, chromaSubsampling: '4:4:4' })
      .toBuffer()
    expect(Buffer.from(data).equals(await sharp(whole).raw().toBuffer())).toBe(true)
  })
})

describe('the quality of a JPEG', () => {
  it('is read from its tables as it was written, from 1 to 100', async () => {
    const found: number[] = []
    for (let quality = 1; quality <= 100; quality++) {
      const { bytes } = await encode(wavy(16, 16, 3), 'jpeg', { quality })
      found.push((await readHeader(bytes, options)).meta.jpeg!.quality)
    }
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  it('and subsampling stay in a JPEG that is made of it, unless others are given', async () => {
    const source = (await encode(photo, 'jpeg', { quality: 37, subsampling: '4:2:0' })).bytes
    const again = await decode(source, options)
    expect(again.meta.jpeg).toEqual({ quality: 37, subsampling: '4:2:0' })
    const coding = async (...given: Parameters<typeof encode>) =>
      (await readHeader((await encode(...given)).bytes, options)).meta.jpeg
    expect(await coding(again, 'jpeg')).toEqual(again.meta.jpeg)
    expect(await coding(again, 'jpeg', { quality: 60, subsampling: '4:4:4' })).toEqual({
      quality: 60,
      subsampling: '4:4:4',
    })
    expect(await coding({ ...again, meta: {} }, 'jpeg')).toEqual({ quality: 90, subsampling: '4:4:4' })
  })

  it.each([
    [0x21, '4:2:2', '4:4:4'],
    [0x12, '4:4:0', '4:4:4'],
    [0x41, '4:1:1', '4:4:4'],
    [0x42, '4:1:0', '4:2:0'],
    [0x13, '1x3', '4:4:4'],
  ])(
    'writes chroma that no encoder has with what loses less, and a note: %i',
    async (factors, read, written) => {
      const bytes = Buffer.from((await encode(photo, 'jpeg', { subsampling: '4:2:0' })).bytes)
      const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
      bytes[frame + 11] = factors
      const { meta } = await readHeader(bytes, options)
      expect(meta.jpeg?.subsampling).toBe(read)
      const made = await encode({ ...photo, meta }, 'jpeg')
      expect((await readHeader(made.bytes, options)).meta.jpeg?.subsampling).toBe(written)
      expect(made.notes).toEqual([`jpeg is written with ${written} chroma, the input has ${read}`])
      const gray = { ...picture(9, 9, 1, 8, noise), meta }
      expect((await encode(gray, 'jpeg')).notes).toEqual([])
      expect((await encode({ ...photo, meta }, 'jpeg', { subsampling: '4:2:0' })).notes).toEqual([])
    },
  )

  it('with more effort makes smaller files of the same kind', async () => {
    const sizes: number[] = []
    for (const effort of [0, 1, 2])
      sizes.push((await encode(wavy(300, 200, 3), 'jpeg', { effort })).bytes.length)
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
    expect(new Set(sizes).size).toBe(3)
  })
})

describe('AVIF and WebP', () => {
  it.each(['webp', 'avif'] as const)('%s without loss is exact', async (format) => {
    const { bytes } = await encode(photo, format, { lossless: true })
    expect(
      Buffer.from((await decode(bytes, options)).data).equals(Buffer.from(photo.data as Uint8Array)),
    ).toBe(true)
  })

  it.each(['webp', 'avif', 'jpeg'] as const)('%s of a lower quality is smaller', async (format) => {
    const size = async (quality: number) =>
      (await encode(wavy(200, 150, 3), format, { quality })).bytes.length
    expect(await size(30)).toBeLessThan((await size(90)) * 0.8)
  })
})

const compressions = Object.keys(tiffCompressions) as TiffCompression[]
const shapes = [1, 2, 3, 4] as const
const floats = (width: number, height: number, channels: 1 | 2 | 3 | 4): Picture => ({
  ...picture(width, height, channels, 8, noise),
  depth: 32,
  full: 1,
  data: Float32Array.from({ length: width * height * channels }, (_, i) => noise(i) / 65535 - 0.25),
})

describe('a TIFF', () => {
  it.each(compressions)('packed by %s gives back every sample of every kind', async (tiffCompression) => {
    for (const channels of shapes) {
      for (const one of [
        picture(37, 150, channels, 8, (i) => (i % 300 < 100 ? 7 : noise(i))),
        picture(37, 150, channels, 16, noise),
        floats(37, 70, channels),
      ]) {
        const { bytes } = await encode(one, 'tiff', { tiffCompression })
        const got = await decode(bytes, options)
        const label = `${tiffCompression} ${channels} ${one.depth}`
        expect([label, got.width, got.height, got.channels, got.depth]).toEqual([
          label,
          37,
          one.height,
          channels,
          one.depth,
        ])
        expect(got.data, label).toEqual(one.data)
      }
    }
  })

  it('of many pages holds them all, of floats too', async () => {
    const pages = [1, 2, 3].map((n) => ({
      ...floats(20, 70, 3),
      data: floats(20, 70, 3).data.map((v) => v * n) as Float32Array,
    }))
    const { bytes } = await encodePages(pages, 'tiff', { tiffCompression: 'lzw' })
    const found: unknown[] = []
    for await (const page of decodePages(bytes, options)) found.push(page.data)
    expect(found).toEqual(pages.map(({ data }) => data))
  })

  it('packed by LZW outgrows a table of codes, by every length around it', async () => {
    for (let length = 3830; length < 3850; length++) {
      const data = Uint8Array.from({ length: length * 2 }, (_, i) => noise(i) & 255)
      const one: Picture = { width: length, height: 2, channels: 1, depth: 8, data, meta: {} }
      const { bytes } = await encode(one, 'tiff', { tiffCompression: 'lzw' })
      expect(Buffer.from((await decode(bytes, options)).data).equals(Buffer.from(data)), String(length)).toBe(
        true,
      )
    }
  })

  it('packs runs by PackBits as the standard says', async () => {
    const row = Uint8Array.of(
      0xaa,
      0xaa,
      0xaa,
      0x80,
      0,
      0x2a,
      0xaa,
      0xaa,
      0xaa,
      0xaa,
      0x80,
      0,
      0x2a,
      0x22,
      ...Array(10).fill(0xaa),
    )
    expect([...(await packStrip(row, row.length, 1, 8, 'packbits'))]).toEqual([
      0xfe, 0xaa, 2, 0x80, 0, 0x2a, 0xfd, 0xaa, 3, 0x80, 0, 0x2a, 0x22, 0xf7, 0xaa,
    ])
  })
})
