import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { bytesField, numberField } from '../../src/image/exif.ts'
import {
  formatRows,
  inputFormats,
  type OutputFormat,
  outputFormats,
  traitsOf,
} from '../../src/image/format.ts'
import { kindOf } from '../../src/image/probe.ts'
import type { Metadata } from '../../src/tensor/metadata.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { apngOf } from './chunks.ts'
import { failure, noise, picture, wideProfile } from './pictures.ts'

// Each cell of the table of formats: what is written comes back, and what is not held is noted or refused.

const options = { maxPixels: 1e6, orient: true }
const names = Object.keys(outputFormats) as OutputFormat[]
const readAs = (format: OutputFormat) =>
  ['ppm', 'pgm', 'pbm', 'pam'].includes(format) ? 'pnm' : (format as keyof typeof inputFormats)
const channelsOf = (format: OutputFormat) =>
  ['gray', 'bilevel'].includes(traitsOf(format).colours ?? '') ? 1 : 3
const of = (format: OutputFormat, depth: 8 | 16 | 32, alpha = false): Picture => {
  const channels = (channelsOf(format) + (alpha ? 1 : 0)) as 1 | 2 | 3 | 4
  const one = picture(6, 5, channels, depth === 16 ? 16 : 8, (i) =>
    alpha && i % channels === channels - 1
      ? (Math.floor(i / channels) % 2) * 255
      : traitsOf(format).colours === 'bilevel'
        ? (i % 2) * 255
        : noise(i),
  )
  return depth === 32 ? { ...one, depth, full: 255, data: Float32Array.from(one.data) } : one
}
const metadata: Metadata = {
  exif: { fields: [bytesField(315, Buffer.from('Ann\0'), 2)], below: new Map() },
  xmp: new Uint8Array(Buffer.from('<x/>')),
  iptc: new Uint8Array(Buffer.from('\x1c\x02\x50\0\x03Ann', 'latin1')),
  text: [{ keyword: 'Comment', text: 'hello' }],
  geo: [numberField(34735, 3, 1, 1, 0, 1)],
}

describe.each(names)('%s', (format) => {
  const { depths, alpha, exact, frames, metadata: kept, holds } = traitsOf(format)
  const input = inputFormats[readAs(format)]

  it('is written and read again by its name', async () => {
    const { bytes } = await encode(of(format, depths[0]!), format)
    expect(kindOf(bytes)).toBe(readAs(format))
  })

  it.each([8, 16, 32] as const)('of %i bits', async (depth) => {
    if (depth === 32 && !depths.includes(32))
      return void (await failure('E_OUTPUT', () => encode(of(format, 32), format)))
    if (depth !== 32 && depths.every((one) => one === 32)) return
    const one = of(format, depth)
    const { bytes, notes } = await encode(one, format)
    const got = await decode(bytes, options)
    expect(notes.some((note) => note.includes('has 8 bits'))).toBe(depth === 16 && !depths.includes(16))
    expect(got.depth).toBe(depths.includes(depth) ? depth : 8)
    expect(input.depths as readonly number[]).toContain(got.depth)
    const scale = depth === 32 && format === 'pfm' ? 255 : 1
    if (exact && depths.includes(depth))
      expect([...got.data]).toEqual(Array.from(one.data, (v) => Math.fround(v / scale)))
  })

  it('with alpha', async () => {
    const one = of(format, depths[0]!, true)
    if (alpha === 'none') return void (await failure('E_OUTPUT', () => encode(one, format)))
    const got = await decode((await encode(one, format)).bytes, options)
    expect(got.channels % 2).toBe(0)
    const channels = got.channels
    const isSeen = (data: ArrayLike<number>, count: number) =>
      Array.from({ length: 30 }, (_, i) => data[i * count + count - 1]! > 0)
    expect(isSeen(got.data, channels)).toEqual(isSeen(one.data, one.channels))
    expect(input.alpha).toBe(true)
  })

  it('with frames', async () => {
    if (frames === 'none') return
    // encoders make one of pictures that are equal
    const pages = [of(format, 8), { ...of(format, 8), data: new Uint8Array(90) }, of(format, 8)]
    const { pages: count } = await readHeader((await encodePages(pages, format as 'gif')).bytes, options)
    expect([count, input.frames]).toEqual([3, frames])
  })

  it('with profile, resolution, and metadata', async () => {
    const depth = depths[0]!
    const meta = { metadata, icc: await wideProfile(), resolution: [3937, 3937] as const }
    const { bytes, notes } = await encode({ ...of(format, depth), meta }, format)
    const got = await readHeader(bytes, options)
    const isColour = channelsOf(format) === 3
    expect(got.meta.icc !== undefined).toBe(holds.includes('profile') && isColour)
    if (holds.includes('profile')) expect('profile' in input && input.profile).toBe(true)
    expect(got.meta.resolution).toEqual(holds.includes('resolution') ? [3937, 3937] : undefined)
    const found = Object.keys(got.meta.metadata ?? {}).sort()
    expect(found).toEqual([...kept].sort())
    for (const key of kept) expect(input.metadata as readonly string[]).toContain(key)
    const words = { exif: 'EXIF', xmp: 'XMP', iptc: 'IPTC', text: 'text', geo: 'GeoTIFF data' }
    const said = notes.join()
    for (const [key, word] of Object.entries(words))
      expect([key, said.includes(word)]).toEqual([key, !found.includes(key)])
    if (!holds.includes('profile')) expect(said).toContain('the ICC profile')
  })
})

describe('what is read and not written so', () => {
  it('animations of PNG, 16 bits of AVIF, texts of GIF', async () => {
    expect((await readHeader(apngOf([1, 1, 0], [{ samples: [1] }, { samples: [2] }]), options)).pages).toBe(2)
    const deep = await sharp(Uint16Array.from({ length: 64 * 3 }, noise), {
      raw: { width: 8, height: 8, channels: 3 },
    })
      .toColourspace('rgb16')
      .avif({ bitdepth: 10 })
      .toBuffer()
    expect((await readHeader(deep, options)).depth).toBe(16)
    const gif = Buffer.from((await encode(of('gif', 8), 'gif')).bytes)
    const comment = Buffer.from('\x21\xfe\x02hi\0', 'latin1')
    const at = gif.indexOf(0x2c)
    const graphics = gif.lastIndexOf(Buffer.from([0x21, 0xf9]), at)
    const start = graphics < 0 ? at : graphics
    const texts = (
      await readHeader(Buffer.concat([gif.subarray(0, start), comment, gif.subarray(start)]), options)
    ).meta.metadata
    expect(texts).toEqual({ text: [{ keyword: 'Comment', text: 'hi' }] })
  })

  it('is in the table, a row for each format', () => {
    const rows = formatRows()
    expect(rows.map(({ name }) => name)).toEqual([...Object.keys(inputFormats), 'ppm', 'pgm', 'pbm', 'pam'])
    expect(rows.find(({ name }) => name === 'jpeg')).toEqual({
      name: 'jpeg',
      files: '.jpg .jpeg',
      access: 'read, write',
      depths: '8',
      alpha: 'no',
      frames: 'one',
      profile: 'yes',
      metadata: 'EXIF, XMP, IPTC, text',
    })
    expect(rows.find(({ name }) => name === 'hdr')?.access).toBe('read')
    expect(rows.find(({ name }) => name === 'avif')?.depths).toBe('8, 16; written 8')
  })
})
