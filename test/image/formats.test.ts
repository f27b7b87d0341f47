import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { ConvoError } from '../../src/error.ts'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { bytesField, numberField } from '../../src/image/exif.ts'
import {
  formatRows,
  type InputTraits,
  inputFormats,
  type OutputFormat,
  outputFormats,
  traitsOf,
} from '../../src/image/format.ts'
import { kindOf } from '../../src/image/probe.ts'
import { compare, digest } from '../../src/picture/api/compare.ts'
import { readArray } from '../../src/picture/array.ts'
import type { Metadata } from '../../src/tensor/metadata.ts'
import type { Picture, PictureMeta } from '../../src/tensor/picture.ts'
import { apngOf } from './chunks.ts'
import { exrOf } from './exrs.ts'
import { failure, noise, picture, wideProfile } from './pictures.ts'

// Checks each cell of the table of formats: what a format holds survives writing and reading, and what it does not hold
// is noted or refused.

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
    const said = traitsOf(format).colours === 'bilevel' ? 'black and white alone' : 'has 8 bits'
    expect(notes.some((note) => note.includes(said))).toBe(depth === 16 && !depths.includes(16))
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
    // encoders merge equal frames
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

  it('with metadata is the same to compare and digest as without', async () => {
    const bare = of(format, depths[0]!)
    const meta = { metadata, resolution: [3937, 3937] as const }
    const [plainFile, full] = await Promise.all([encode(bare, format), encode({ ...bare, meta }, format)])
    expect(Buffer.compare(plainFile.bytes, full.bytes) === 0).toBe(kept.length + holds.length === 0)
    expect(await digest(full.bytes)).toEqual(await digest(plainFile.bytes))
    expect(await compare(full.bytes, plainFile.bytes)).toMatchObject({ outcome: 'same' })
  })
})

const encoded = async (...given: Parameters<typeof encode>) => Buffer.from((await encode(...given)).bytes)
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const plain = async (format: OutputFormat, depth: 8 | 16 | 32 = 8, alpha = false) =>
  encoded(of(format, depth, alpha), format)
const gif = async (block: string) => {
  const bytes = await plain('gif')
  const at = bytes.indexOf(latin1('\x21\xf9'))
  const start = at < 0 ? bytes.indexOf(0x2c) : at
  return Buffer.concat([bytes.subarray(0, start), latin1(block), bytes.subarray(start)])
}
/** Makes a BMP of version 5 with one pixel, followed by a profile. */
const profiledBmp = (icc: Uint8Array) => {
  const head = Buffer.alloc(142)
  head.write('BM')
  head.writeUInt32LE(138, 10)
  head.writeUInt32LE(124, 14)
  for (const [at, value] of [
    [18, 1],
    [22, 1],
    [70, 0x4d424544],
    [126, 128],
    [130, icc.length],
  ] as const)
    head.writeUInt32LE(value, at)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(24, 28)
  return Buffer.concat([head, icc])
}
const npy = (dtype: string, shape: readonly number[], bytes: number) => {
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`
  return Buffer.concat([
    latin1(`\x93NUMPY\x01\0${String.fromCharCode(text.length)}\0${text}`),
    Buffer.alloc(bytes),
  ])
}
const tagged = async (format: OutputFormat) =>
  encoded({ ...of(format, 8), meta: { metadata, icc: await wideProfile() } }, format)
const twelveBits = async () => {
  const bytes = await plain('jpeg')
  bytes[bytes.indexOf(latin1('\xff\xc0')) + 4] = 12
  return bytes
}
const pages = async (format: 'gif' | 'webp' | 'tiff') =>
  Buffer.from(
    (await encodePages([of(format, 8), { ...of(format, 8), data: new Uint8Array(90) }], format)).bytes,
  )
const svg = latin1(
  '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><metadata>Ann</metadata></svg>',
)

/** A file that has it, or `none` if no file of the format can; with the error or note if it is not read. */
type Cell =
  | 'none'
  | (() => Promise<Buffer> | Buffer)
  | { readonly says: string; readonly of: () => Promise<Buffer> | Buffer }
type Column = 8 | 16 | 32 | 'alpha' | 'frames' | 'profile' | keyof typeof metadata
const nothing = { exif: 'none', xmp: 'none', iptc: 'none', geo: 'none', text: 'none' } as const
const one = { frames: 'none', profile: 'none', ...nothing } as const
const rows: Readonly<Record<keyof typeof inputFormats, Readonly<Record<Column, Cell>>>> = {
  png: {
    ...one,
    ...{ 8: () => plain('png'), 16: () => plain('png', 16), 32: 'none', alpha: () => plain('png', 8, true) },
    frames: () => apngOf([1, 1, 0], [{ samples: [1] }, { samples: [2] }]),
    ...{
      profile: () => tagged('png'),
      exif: () => tagged('png'),
      xmp: () => tagged('png'),
      text: () => tagged('png'),
    },
  },
  jpeg: {
    ...{ 8: () => plain('jpeg'), 16: { says: 'a 12-bit JPEG', of: twelveBits }, 32: 'none', alpha: 'none' },
    ...{ frames: 'none', profile: () => tagged('jpeg'), geo: 'none', text: () => tagged('jpeg') },
    ...{ exif: () => tagged('jpeg'), xmp: () => tagged('jpeg'), iptc: () => tagged('jpeg') },
  },
  webp: {
    ...{ 8: () => plain('webp'), 16: 'none', 32: 'none', alpha: () => plain('webp', 8, true) },
    ...{ frames: () => pages('webp'), profile: () => tagged('webp'), ...nothing },
    ...{ exif: () => tagged('webp'), xmp: () => tagged('webp') },
  },
  tiff: {
    ...{ 8: () => plain('tiff'), 16: () => plain('tiff', 16), 32: () => plain('tiff', 32) },
    ...{ alpha: () => plain('tiff', 8, true), frames: () => pages('tiff'), profile: () => tagged('tiff') },
    ...{
      exif: () => tagged('tiff'),
      xmp: () => tagged('tiff'),
      iptc: () => tagged('tiff'),
      geo: () => tagged('tiff'),
    },
    text: 'none',
  },
  gif: {
    ...{ 8: () => plain('gif'), 16: 'none', 32: 'none', alpha: () => plain('gif', 8, true) },
    ...{ frames: () => pages('gif'), ...nothing, text: () => gif('\x21\xfe\x02hi\0') },
    profile: { says: 'the ICC profile of x is lost', of: () => gif('\x21\xff\x0bICCRGBG1012\x01a\0') },
    xmp: { says: 'XMP of x is lost', of: () => gif('\x21\xff\x0bXMP DataXMP\x01a\0') },
  },
  avif: {
    ...{ 8: () => plain('avif'), 32: 'none', alpha: () => plain('avif', 8, true), ...one },
    16: async () =>
      sharp(await plain('png', 16))
        .toColourspace('rgb16')
        .avif({ bitdepth: 10 })
        .toBuffer(),
    ...{ profile: () => tagged('avif'), exif: () => tagged('avif'), xmp: () => tagged('avif') },
  },
  svg: { ...{ 8: () => svg, 16: 'none', 32: 'none', alpha: () => svg }, ...one },
  bmp: {
    ...{ 8: () => plain('bmp'), 16: 'none', 32: 'none', alpha: () => plain('bmp', 8, true), ...one },
    profile: async () => profiledBmp(await wideProfile()),
  },
  pnm: {
    ...{ 8: () => plain('pnm'), 16: () => plain('pnm', 16), 32: 'none', alpha: () => plain('pam', 8, true) },
    ...{
      ...one,
      frames: { says: 'pictures after the first', of: () => latin1('P5 1 1 255\n1P5 1 1 255\n1') },
    },
  },
  pfm: { ...{ 8: 'none', 16: 'none', 32: () => plain('pfm', 32), alpha: 'none' }, ...one },
  hdr: {
    ...{
      8: 'none',
      16: 'none',
      32: () => latin1('#?RADIANCE\n\n-Y 1 +X 1\n\x09\x01\x01\x80'),
      alpha: 'none',
    },
    ...{
      ...one,
      profile: {
        says: 'PRIMARIES of x was not applied',
        of: () => latin1('#?RADIANCE\nPRIMARIES=.7 .2 .1 .8 .1 .0 .3 .3\n\n-Y 1 +X 1\n\x09\x01\x01\x80'),
      },
    },
  },
  exr: {
    ...{ 8: 'none', 16: 'none', 32: () => exrOf({ width: 2, height: 1, channels: [['Y', 1]] }) },
    alpha: () =>
      exrOf({
        width: 2,
        height: 1,
        channels: [
          ['A', 1],
          ['Y', 1],
        ],
      }),
    ...one,
    frames: { says: '1 more part', of: () => exrOf({ width: 2, height: 1, channels: [['Y', 1]], parts: 2 }) },
    profile: {
      says: 'the primaries (chromaticities) of x were not applied',
      of: () =>
        exrOf({
          width: 2,
          height: 1,
          channels: [['Y', 1]],
          primaries: [0.7, 0.3, 0.2, 0.7, 0.1, 0, 0.3, 0.3],
        }),
    },
  },
  npy: {
    ...{ 8: () => npy('|u1', [2, 3], 6), 16: () => npy('<u2', [2, 3], 12), 32: () => npy('<f4', [2, 3], 24) },
    ...{ alpha: () => npy('|u1', [6, 7, 4], 168), ...one, frames: () => npy('|u1', [5, 6, 7, 3], 630) },
  },
}

describe.each(Object.entries(rows))('%s, read', (name, cells) => {
  const traits: InputTraits = inputFormats[name as keyof typeof inputFormats]
  const isTaken = (column: Column): boolean =>
    typeof column === 'number' || ['8', '16', '32'].includes(column)
      ? traits.depths.includes(Number(column) as 8)
      : column === 'alpha'
        ? traits.alpha
        : column === 'frames'
          ? traits.frames !== 'none'
          : column === 'profile'
            ? traits.profile
            : traits.metadata.includes(column as keyof Metadata)
  const read = async (bytes: Buffer) => {
    if (name === 'npy') {
      const { depth, channels, slices = 1 } = await readArray(bytes, 'x', { layout: 'auto' })
      return { depth, channels, pages: slices, meta: {} as PictureMeta, notes: [] }
    }
    const { data, ...header } = await decode(bytes, { ...options, name: 'x' })
    expect(data.some((sample) => sample !== data[0]) || data.length < 20 || name === 'svg').toBe(true)
    return header
  }
  it.each(Object.entries(cells))('%s', async (column, cell) => {
    expect(isTaken(column as Column)).toBe(typeof cell === 'function')
    if (cell === 'none') return
    if (typeof cell === 'object') {
      const said = await decode(Buffer.from(await cell.of()), { ...options, name: 'x' }).then(
        ({ notes }) => notes.join(),
        (error: ConvoError) => error.message,
      )
      return expect(said).toContain(cell.says)
    }
    const { depth, channels, pages: count, meta } = await read(Buffer.from(await cell()))
    if (['8', '16', '32'].includes(column)) expect(depth).toBe(Number(column))
    else if (column === 'alpha') expect(channels % 2).toBe(0)
    else if (column === 'frames') expect(count).toBeGreaterThan(1)
    else if (column === 'profile') expect(meta.icc).toBeDefined()
    else expect(meta.metadata).toHaveProperty(column)
  })
})

describe('the table', () => {
  it('has a row for each format', () => {
    const rows = formatRows()
    expect(rows.map(({ name }) => name)).toEqual([...Object.keys(inputFormats), 'ppm', 'pgm', 'pbm', 'pam'])
    expect(rows.find(({ name }) => name === 'jpeg')).toEqual({
      name: 'jpeg',
      files: '.jpg .jpeg .jpe .jfif',
      access: 'read, write',
      depths: '8',
      alpha: 'no',
      frames: 'one',
      profile: 'yes',
      metadata: 'EXIF, XMP, IPTC, text',
    })
    expect(rows.find(({ name }) => name === 'hdr')?.access).toBe('read')
    expect(rows.find(({ name }) => name === 'avif')?.depths).toBe('8, 16 (written: 8)')
  })
})
