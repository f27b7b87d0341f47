import { describe, expect, it } from 'vitest'
import { decode, decodePages, readHeader } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { outputFormats, traitsOf } from '../../src/image/format.ts'
import { failure, photo, picture } from './pictures.ts'
import { floatTiff, joinTiffs, type Page, tiffOf } from './tiff.ts'

const options = { maxPixels: 1e6, orient: true, name: 'x' }

const reduced: [number, number, number] = [254, 4, 1]

describe('a TIFF', () => {
  const thumbnail = { width: 4, height: 3, fields: [reduced] }
  const full = { width: 16, height: 12, level: 7 }

  it('whose picture is in a subdirectory is refused, with what takes it out', async () => {
    const error = await failure('E_DECODE', () =>
      decode(tiffOf([{ ...thumbnail, subs: [full] }]), { ...options, name: 'x.tif' }),
    )
    expect(error.why).toEqual(['x.tif: page 1 is a smaller copy, 4x3; subdirectory 0 is the picture, 16x12'])
    expect(error.fix).toBe('vips copy x.tif[subifd=0] x-page.tif')
  })

  it('of a camera is named as raw', async () => {
    const dng = tiffOf([{ ...thumbnail, fields: [reduced, [50706, 1, 0x01010401]], subs: [full] }])
    const error = await failure('E_DECODE', () => decode(dng, { ...options, name: 'x.dng' }))
    expect([error.message, error.fix]).toEqual([
      'x.dng is a raw picture (DNG), which convo does not read',
      'darktable-cli x.dng x.tif',
    ])
    const mosaic = tiffOf([{ ...thumbnail, subs: [{ ...full, fields: [[262, 3, 32803]] }] }])
    expect((await failure('E_DECODE', () => decode(mosaic, options))).message).toContain(
      'a camera raw picture',
    )
  })

  it('that begins with a smaller copy is refused where one picture is wanted, and has all its pages else', async () => {
    const bytes = tiffOf([thumbnail, full])
    const error = await failure('E_DECODE', () => decode(bytes, { ...options, name: 'x.tif' }))
    expect(error.why).toEqual(['x.tif: page 1 is a smaller copy, 4x3; page 2 is the picture, 16x12'])
    expect(error.fix).toBe('--page 2')
    const widths: number[] = []
    for await (const { width } of decodePages(bytes, options)) widths.push(width)
    expect(widths).toEqual([4, 16])
  })

  it('with smaller copies in subdirectories is read, and says what is not', async () => {
    const header = await readHeader(tiffOf([{ ...full, subs: [thumbnail] }]), options)
    expect(header.unread).toEqual(['in subdirectories 1 smaller copies'])
    expect(header.notes).toEqual(['not read from x: in subdirectories 1 smaller copies'])
  })

  it('of many pages that are alike has them all, as one by one', async () => {
    const levels = [5, 90, 7, 255, 0]
    const bytes = tiffOf(levels.map((level) => ({ width: 6, height: 4, level })))
    const found: number[][] = []
    for await (const { width, height, data } of decodePages(bytes, options)) {
      found.push([width, height, ...new Set(data)])
    }
    expect(found).toEqual(levels.map((level) => [6, 4, level]))
    const page = await decode(bytes, { ...options, page: 3 })
    expect([...new Set(page.data)]).toEqual([255])
  })

  it('is read where a text lacks its NUL, inline and elsewhere, on every page', async () => {
    const page = (tag: number): Page => ({ ...full, fields: [[tag, 2, 0]] })
    const bytes = Buffer.concat([tiffOf([page(270), { ...page(305), width: 8 }]), Buffer.from('a long text')])
    for (const [tag, count, value] of [
      [270, 4, 0x64636261],
      [305, 11, bytes.length - 11],
    ] as const) {
      const at = bytes.indexOf(Buffer.from([tag & 255, tag >> 8, 2, 0, 1, 0, 0, 0]))
      bytes.writeUInt32LE(count, at + 4)
      bytes.writeUInt32LE(value, at + 8)
    }
    const before = Buffer.from(bytes)
    const found: (readonly unknown[])[] = []
    for await (const { width, data, notes } of decodePages(bytes, options))
      found.push([width, data[0], notes])
    // a page is read together with the following pages
    expect(found).toEqual([
      [16, 7, ['EXIF of later pages of x is lost']],
      [8, 7, ['EXIF of later pages of x is lost']],
    ])
    expect(bytes.equals(before)).toBe(true)
  })

  it('whose pages lead in a circle, or are too many, is refused before it is decoded', async () => {
    const circle = tiffOf([full, { ...full, next: 8 }])
    expect((await failure('E_DECODE', () => decode(circle, options))).why[0]).toContain('is circular')
    const many = tiffOf(Array.from({ length: 4097 }, () => ({ width: 1, height: 1 })))
    expect((await failure('E_TOO_LARGE', () => decode(many, options))).why).toEqual([
      'x: 4097 pages, the limit is 4096',
    ])
  })

  it('gives its metadata', async () => {
    const fields: Page['fields'] = [
      [700, 1, 0x3c],
      [33550, 4, 1],
      [270, 2, 0x61],
    ]
    const { notes, meta } = await readHeader(tiffOf([{ ...full, fields }]), options)
    expect(notes).toEqual([])
    expect(Object.keys(meta.metadata ?? {}).sort()).toEqual(['exif', 'geo', 'xmp'])
    const later = await readHeader(tiffOf([full, { ...full, fields }]), options)
    expect(later.notes).toEqual([
      'EXIF of later pages, XMP of later pages and GeoTIFF data of later pages of x are lost',
    ])
    expect(
      (await readHeader(joinTiffs(floatTiff(2, 1, [1, 2]), floatTiff(2, 1, [3, 4])), options)).unread,
    ).toEqual([])
  })
})

describe('a JPEG', () => {
  const segment = (marker: number, body: string) => {
    const bytes = Buffer.from(body, 'latin1')
    return Buffer.concat([
      Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]),
      bytes,
    ])
  }
  const withSegments = async (...segments: Buffer[]) => {
    const jpeg = Buffer.from((await encode(photo, 'jpeg')).bytes)
    return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
  }

  it('with further pictures says so', async () => {
    const index = 'MPF\0II*\0\x08\0\0\0\x01\0\x01\xb0\x04\0\x01\0\0\0\x03\0\0\0\0\0\0\0'
    const header = await readHeader(await withSegments(segment(0xe2, index)), options)
    expect(header.unread).toEqual(['2 more pictures (MPF)'])
  })

  it('gives its metadata', async () => {
    const xmp = 'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    const artist = 'Exif\0\0II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\x04\0\0\0Ann\0\0\0\0\0'
    const bytes = await withSegments(segment(0xe1, artist), segment(0xe1, xmp), segment(0xfe, 'a comment'))
    const { notes, meta } = await readHeader(bytes, options)
    expect([notes, Object.keys(meta.metadata ?? {})]).toEqual([[], ['exif', 'xmp', 'text']])
    expect(meta.metadata?.text).toEqual([{ keyword: 'Comment', text: 'a comment' }])
  })

  it('of very many segments is refused', async () => {
    const many = await withSegments(...Array.from({ length: 100_001 }, () => segment(0xfe, '')))
    await failure('E_TOO_LARGE', () => decode(many, options))
  })
})

describe('an animation', () => {
  const picture = Buffer.from('2c000000000100010000020244010 0'.replace(' ', ''), 'hex')
  const gifOf = (width: number, count: number, more = '') =>
    Buffer.concat([
      Buffer.from('GIF89a', 'latin1'),
      Buffer.from([width & 255, width >> 8, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
      Buffer.from(more, 'latin1'),
      ...Array.from({ length: count }, () => picture),
      Buffer.from([0x3b]),
    ])

  it('of very many pictures is refused by their number', async () => {
    const error = await failure('E_TOO_LARGE', () => decode(gifOf(1, 5000), options))
    expect(error.why).toEqual(['x: 4097 pages, the limit is 4096'])
    expect((await readHeader(gifOf(1, 3), options)).pages).toBe(3)
  })

  it('counts the pixels of all its pictures', async () => {
    const error = await failure('E_TOO_LARGE', () => decode(gifOf(1000, 2000), options))
    expect(error.why).toEqual(['x: 2000 pictures of 1000x1 are 2000000 pixels, the limit is 1000000'])
  })

  it('with a comment, or text over it, says so', async () => {
    const header = await readHeader(gifOf(1, 2, '\x21\xfe\x02hi\0\x21\x01\x0c0123456789ab\0'), options)
    expect(header.notes).toEqual(['not read from x: text drawn over a picture'])
    expect(header.meta.metadata?.text).toEqual([{ keyword: 'Comment', text: 'hi' }])
  })

  it('as WebP, too', async () => {
    const frame = Buffer.concat([Buffer.from('ANMF\x18\0\0\0', 'latin1'), Buffer.alloc(24)])
    const body = Buffer.concat([
      Buffer.from('WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0', 'latin1'),
      ...Array.from({ length: 4097 }, () => frame),
    ])
    const size = Buffer.alloc(4)
    size.writeUInt32LE(body.length)
    await failure('E_TOO_LARGE', () => decode(Buffer.concat([Buffer.from('RIFF'), size, body]), options))
  })
})

describe('an orientation that is not applied', () => {
  const grayPhoto = picture(48, 32, 1, 8, (i) => i % 251)
  const meta = { orientation: 6 }

  it.each(Object.keys(outputFormats) as (keyof typeof outputFormats)[])(
    'goes with the pixels into %s',
    async (format) => {
      const gray = format === 'pgm' || format === 'pbm'
      const { bytes, notes } = await encode({ ...(gray ? grayPhoto : photo), meta }, format)
      const shown = await readHeader(bytes, { ...options, orient: true })
      if (!traitsOf(format).holds.includes('orientation')) {
        expect(notes).toContain(`${format} cannot store the orientation`)
        return expect([shown.width, shown.height]).toEqual([48, 32])
      }
      expect([shown.width, shown.height]).toEqual([32, 48])
      expect(shown.meta.orientation).toBeUndefined()
      // the format of an AVIF rotates it, so every reader does
      const stored = await readHeader(bytes, { ...options, orient: false })
      if (format !== 'avif')
        expect([stored.width, stored.height, stored.meta.orientation]).toEqual([48, 32, 6])
    },
  )
})
