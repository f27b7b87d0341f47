import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decode, decodeAhead, readHeader } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import { decodePlain } from '../../src/run/png-rows.ts'
import type { Samples } from '../../src/tensor/picture.ts'
import { failure, noise, photo, picture, temporaryFolder, wideProfile } from './pictures.ts'
import { slowCrc } from './png-decoder.ts'
import { floatTiff, tiffOf } from './tiff.ts'
import { tiffArrayOf } from './tiff-arrays.ts'

const folder = temporaryFolder()
const options = { maxPixels: 1e8, orient: true }
describe('decodeAhead', () => {
  const [width, height] = [2000, 2100]
  const compression = { level: 0, strategy: 0, filter: 'none' } as const
  const pngOf = (channels: 1 | 2 | 3 | 4, depth: 8 | 16) =>
    encodePngWhole(picture(width, height, channels, depth, noise), compression)
  const given = { ...options, plain: decodePlain }
  const ahead = async (png: Uint8Array) => {
    const { data } = await decodeAhead(png, given)
    if (!('missing' in data)) return expect.unreachable('rows were to come')
    return data
  }

  it.each([
    [3, 8],
    [4, 8],
    [1, 16],
    [3, 16],
  ] as const)('gives the rows of a large PNG in turn: %i channels of %i bits', async (channels, depth) => {
    const png = pngOf(channels, depth)
    const { data, ...header } = await decodeAhead(png, given)
    expect([header.width, header.height, header.channels, header.depth]).toEqual([
      width,
      height,
      channels,
      depth,
    ])
    expect('missing' in data).toBe(true)
    const whole = bytesOf((await decode(png, options)).data)
    const rows = await ahead(png)
    const rowBytes = width * channels * (depth / 8)
    for (let y = 0; y < height; y += 300) {
      const end = Math.min(height, y + 333)
      while (rows.missing(end) !== undefined) await rows.missing(end)
      const expected = whole.subarray(y * rowBytes, end * rowBytes)
      expect(Buffer.concat(rows.bytes([y, end])).equals(expected), `rows ${y} to ${end}`).toBe(true)
      rows.forget(y)
    }
    expect(Buffer.compare(bytesOf(await (await ahead(png)).whole()), whole)).toBe(0)
  })

  it('gives all rows of a small PNG at once', async () => {
    const { data } = await decodeAhead(encodePngWhole(picture(500, 600, 3, 8, noise), compression), given)
    expect('missing' in data).toBe(false)
  })

  it('decodes only a little further than it is asked to', async () => {
    const rows = await ahead(pngOf(3, 8))
    await rows.missing(10)
    await new Promise((done) => setTimeout(done, 200))
    expect(rows.missing(11)).toBeUndefined()
    expect(rows.missing(height)).toBeDefined()
    await rows.end()
    expect(rows.missing(height)).toBeUndefined()
  })

  it('takes a picture with EXIF that is not turned', async () => {
    const raw = { raw: { width, height, channels: 3 as const } }
    const png = await sharp(picture(width, height, 3, 8, noise).data, raw)
      .withMetadata({ orientation: 1 })
      .png({ compressionLevel: 0 })
      .toBuffer()
    const expected = (await decode(png, options)).data
    expect(Buffer.compare(bytesOf(await (await ahead(png)).whole()), bytesOf(expected))).toBe(0)
  })

  it('waits for the whole of one that is interlaced, turned, small or no PNG', async () => {
    const raw = { raw: { width, height, channels: 3 as const } }
    const large = sharp(picture(width, height, 3, 8, noise).data, raw)
    const files = [
      await large.clone().png({ progressive: true, compressionLevel: 0 }).toBuffer(),
      await large.clone().withMetadata({ orientation: 6 }).png({ compressionLevel: 0 }).toBuffer(),
      await large.clone().tiff().toBuffer(),
      encodePngWhole(photo),
    ]
    for (const file of files) expect('missing' in (await decodeAhead(file, given)).data).toBe(false)
  })

  it('tells of damage below when its rows are needed', async () => {
    const png = pngOf(3, 8)
    png[png.length - 3_000_000]! ^= 0x40
    const rows = await ahead(png)
    await rows.missing(10)
    expect(rows.missing(10)).toBeUndefined()
    for (const needed of [() => rows.end(), () => rows.whole(), async () => rows.missing(height)])
      await failure('E_DECODE', needed)
  })
})

const bytesOf = (samples: Samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)

describe('decode', () => {
  it('does not load sharp with the module, nor for the limit on a PNG', () => {
    const url = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
    const script = `
      const { decode } = await import(${url('image/decode.ts')})
      const png = Uint8Array.from(${JSON.stringify([...encodePngWhole(photo)])})
      const isLoaded = () => process.report.getReport().sharedObjects.some((f) => /sharp|vips/.test(f))
      const code = await decode(png, { maxPixels: 10, orient: true }).catch((e) => e.code)
      process.stdout.write(code + ' ' + isLoaded())
      await decode(png, { maxPixels: 1e6, orient: true })
      process.stdout.write(' ' + isLoaded())`
    const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      encoding: 'utf8',
    })
    expect(out).toBe('E_TOO_LARGE false true')
  })

  it('gives back every kind of PNG that is written', async () => {
    for (const depth of [8, 16] as const) {
      for (const channels of [1, 2, 3, 4] as const) {
        const source = picture(19, 11, channels, depth, noise)
        const got = await decode(encodePngWhole(source), options)
        expect([got.width, got.height, got.channels, got.depth]).toEqual([19, 11, channels, depth])
        expect(got.data).toEqual(source.data)
      }
    }
  })

  it('keeps profile, gamma and resolution, and applies none of them', async () => {
    const meta = { icc: await wideProfile(), gamma: 100000, resolution: [2835, 1417] as const }
    const got = await decode(encodePngWhole({ ...photo, meta }), options)
    expect(got.meta).toEqual(meta)
    expect(got.data).toEqual(photo.data)
  })

  it('leaves samples alone under a profile that would change them', async () => {
    const raw = { raw: { width: 48, height: 32, channels: 3 as const } }
    const p3 = await sharp(photo.data as Uint8Array, raw)
      .withIccProfile('p3')
      .png()
      .toBuffer()
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer()
    const applied = await sharp(p3).raw().toBuffer()
    expect(stored.equals(applied)).toBe(false)
    const got = await decode(p3, options)
    expect(Buffer.from(got.data as Uint8Array).equals(stored)).toBe(true)
    expect(got.meta.icc?.length).toBeGreaterThan(128)
  })

  it('turns a picture as its EXIF orientation asks, unless told not to', async () => {
    const source = picture(3, 2, 1, 8, (i) => i * 40)
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const png = encodePngWhole({ ...source, meta: { resolution: [1000, 2000] } })
      const tagged = insertChunk(png, 'eXIf', exifOf(orientation))
      const as = await decode(tagged, options)
      const [w, h] = orientation > 4 ? [2, 3] : [3, 2]
      expect([as.width, as.height]).toEqual([w, h])
      expect(as.meta.resolution).toEqual(orientation > 4 ? [2000, 1000] : [1000, 2000])
      expect([...as.data]).toEqual(orientations[orientation]!.map((i) => i * 40))
      const raw = await decode(tagged, { ...options, orient: false })
      expect([raw.width, raw.height]).toEqual([3, 2])
      expect([...raw.data]).toEqual([0, 40, 80, 120, 160, 200])
      expect(await readHeader(tagged, options)).toMatchObject({ width: w, height: h, channels: 1, depth: 8 })
    }
  })

  it.each([0, 9, 700])(
    'reads a TIFF of the orientation %i, which is none, as it is stored',
    async (value) => {
      const page = { width: 3, height: 2, level: 40, fields: [[274, 3, value] as [number, number, number]] }
      const got = await decode(tiffOf([page, page]), { ...options, name: 'x.tif' })
      expect([got.width, got.height, [...got.data]]).toEqual([3, 2, Array(6).fill(40)])
      expect(got.meta.orientation).toBeUndefined()
      expect(got.notes).toEqual([
        `x.tif has the orientation ${value}, which was read as 1: it must be 1 to 8`,
      ])
      const kept = await readHeader(tiffOf([page]), { ...options, orient: false })
      expect(kept.meta.orientation).toBeUndefined()
    },
  )

  it('turns a JPEG', async () => {
    const jpeg = Buffer.from((await encode(photo, 'jpeg')).bytes)
    const body = Buffer.concat([Buffer.from('Exif\0\0'), exifOf(6)])
    const app1 = Buffer.from([0xff, 0xe1, 0, body.length + 2])
    const tagged = Buffer.concat([jpeg.subarray(0, 2), app1, body, jpeg.subarray(2)])
    const [turned, stored] = [await decode(tagged, options), await decode(jpeg, options)]
    expect([turned.width, turned.height]).toEqual([32, 48])
    // the top right corner was the top left one
    expect([...turned.data.subarray(31 * 3, 32 * 3)]).toEqual([...stored.data.subarray(0, 3)])
  })

  it('reads resolution from JFIF in both units', async () => {
    const bare = Buffer.from((await encode(photo, 'jpeg')).bytes)
    const app0 = Buffer.from('\xff\xe0\0\x10JFIF\0\x01\x02\0\0\0\0\0\0\0', 'latin1')
    const jpeg = Buffer.concat([bare.subarray(0, 2), app0, bare.subarray(2)])
    const patched = (unit: number, x: number, y: number) => {
      const copy = Buffer.from(jpeg)
      copy[13] = unit
      copy.writeUInt16BE(x, 14)
      copy.writeUInt16BE(y, 16)
      return copy
    }
    const resolution = async (bytes: Buffer) => (await decode(bytes, options)).meta.resolution
    expect(await resolution(patched(1, 300, 150))).toEqual([11811, 5906])
    expect(await resolution(patched(2, 118, 59))).toEqual([11800, 5900])
    expect(await resolution(patched(0, 1, 1))).toBeUndefined()
    // EXIF wins if both specify it, as in libvips and ImageMagick
    const both = Buffer.from((await encode({ ...photo, meta: { resolution: [11800, 5900] } }, 'jpeg')).bytes)
    expect(both.toString('latin1', 6, 10)).toBe('JFIF')
    both[13] = 1
    both.writeUInt32BE(0x480048, 14)
    expect(await resolution(both)).toEqual([11800, 5900])
  })

  it('reads resolution from a BigTIFF, whose ratios lie in its directory', async () => {
    const raw = { raw: { width: 48, height: 32, channels: 3 as const } }
    const tiff = sharp(photo.data as Uint8Array, raw).tiff({ bigtiff: true, xres: 11.8, yres: 5.9 })
    const bytes = await tiff.toBuffer()
    expect(bytes.readUInt16LE(2)).toBe(43)
    expect((await decode(bytes, options)).meta.resolution).toEqual([11800, 5900])
  })

  it('converts CMYK to RGB and says so', async () => {
    const raw = { raw: { width: 48, height: 32, channels: 3 as const } }
    const cmyk = await sharp(photo.data as Uint8Array, raw)
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer()
    const got = await decode(cmyk, options)
    expect([got.channels, got.depth]).toEqual([3, 8])
    expect(got.notes).toEqual(['converted from CMYK to sRGB'])
    expect(got.meta.icc).toBeUndefined()
  })

  it('reads CMYK of 16 bits like that of 8, to the nearest level of inks', async () => {
    const inks = (type: string, levels: number) =>
      tiffArrayOf(
        Array.from({ length: 24 * 16 * 4 }, (_, i) => (noise(i) & 255) * levels),
        { type, width: 24, height: 16, channels: 4, fields: [[262, 5]] },
      )
    const [few, many] = [await decode(inks('u1', 1), options), await decode(inks('u2', 257), options)]
    expect([many.channels, many.depth, many.notes]).toEqual([3, 16, ['converted from CMYK to sRGB']])
    const off = [...many.data].map((level, i) => Math.abs(level / 257 - few.data[i]!))
    expect(Math.max(...off)).toBeLessThan(1)
  })

  it('says where a GIF shows nothing and has no alpha', async () => {
    const page = (left: number, width: number, disposal = 0, flags = 0) =>
      Buffer.from([
        ...[0x21, 0xf9, 4, (disposal << 2) | flags, 0, 0, 1, 0, 0x2c, left, 0, 0, 0, width, 0, 1, 0, 0],
        ...(width === 1 ? [2, 2, 0x44, 1, 0] : [2, 2, 0x04, 0x0a, 0]),
      ])
    const notes = async (...pages: Buffer[]) => {
      const head = Buffer.from('GIF89a\x02\0\x01\0\x80\0\0\xff\0\0\0\0\xff', 'latin1')
      const gif = Buffer.concat([head, ...pages, Buffer.from(';')])
      return (await decode(gif, { ...options, name: 'x' })).asRead
    }
    const bare = ['areas of x that no frame covers were filled, mostly with black']
    expect(await notes(page(1, 1))).toEqual(bare)
    expect(await notes(page(1, 1, 0, 1))).toEqual([])
    expect(await notes(page(0, 2), page(1, 1))).toEqual([])
    expect(await notes(page(0, 2, 2), page(1, 1))).toEqual(bare)
    expect(await notes(page(0, 2, 2), page(0, 2))).toEqual([])
    expect(await notes(page(0, 2, 3), page(1, 1))).toEqual(bare)
  })

  it('reads float TIFFs as they are', async () => {
    const values = [0, 0.5, 254.75, -3, 1e6, 200]
    const got = await decode(floatTiff(3, 2, values), options)
    expect([got.width, got.height, got.channels, got.depth]).toEqual([3, 2, 1, 32])
    expect([...got.data]).toEqual(values)
    expect(got.notes).toEqual([])
  })

  it('spreads 10 bits of an AVIF over the whole scale', async () => {
    const white = await sharp(encodePngWhole(picture(8, 8, 3, 16, () => 65535)))
      .toColourspace('rgb16')
      .avif({ bitdepth: 10, lossless: true })
      .toBuffer()
    const got = await decode(white, options)
    expect(got.depth).toBe(16)
    expect([...got.data].every((v) => v === 65535)).toBe(true)
  })

  it('renders an SVG at its own size', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="9" height="9" fill="#c86333"/></svg>'
    const got = await decode(new TextEncoder().encode(svg), options)
    expect([got.width, got.height, got.channels]).toEqual([20, 10, 4])
    expect([...got.data.subarray(0, 4)]).toEqual([200, 99, 51, 255])
    expect(got.meta).toEqual({})
  })

  it('takes names with brackets, spaces and letters of every alphabet', async () => {
    const path = join(folder, 'a [page=1] ü 図.png')
    writeFileSync(path, encodePngWhole(photo))
    expect((await decode(path, options)).data).toEqual(photo.data)
  })

  it.skipIf(process.platform === 'win32')('reads a pipe', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    writeFileSync(join(folder, 'source.png'), encodePngWhole(photo))
    const { spawn } = await import('node:child_process')
    spawn('sh', ['-c', `cat "${folder}/source.png" > "${path}"`], { stdio: 'ignore' })
    expect((await decode(path, options)).data).toEqual(photo.data)
  })
})

describe('decode refuses', () => {
  it('files that are not there, folders, and empty files, by name', async () => {
    const missing = join(folder, 'missing.png')
    expect((await failure('E_INPUT', () => decode(missing, options))).message).toBe(
      `there is no file ${missing}`,
    )
    mkdirSync(join(folder, 'sub'))
    expect((await failure('E_INPUT', () => decode(join(folder, 'sub'), options))).message).toContain(
      'is a folder',
    )
    writeFileSync(join(folder, 'empty.png'), '')
    expect((await failure('E_DECODE', () => decode(join(folder, 'empty.png'), options))).message).toContain(
      'is empty',
    )
  })

  it('what is no picture', async () => {
    const text = new TextEncoder().encode('Dear reader, this is a letter and no picture.')
    const error = await failure('E_DECODE', () => decode(text, { ...options, name: 'standard input' }))
    expect(error.message).toBe('standard input is not a picture but text')
  })

  it('more pixels than allowed, with the numbers and the way out, before decoding', async () => {
    for (const format of ['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const) {
      const { bytes } = await encode(photo, format)
      const error = await failure('E_TOO_LARGE', () => decode(bytes, { maxPixels: 1535, orient: true }))
      expect(error.why).toEqual(['the input: 48x32 is 1536 pixels, the limit is 1535'])
      expect(error.fix).toBe('--max-pixels 1536')
      expect((await decode(bytes, { maxPixels: 1536, orient: true })).width).toBe(48)
    }
  })

  it('a decompression bomb from its header alone', async () => {
    const bomb = Buffer.from(encodePngWhole(picture(1, 1, 1, 8, () => 0)))
    bomb.writeUInt32BE(200_000, 16)
    bomb.writeUInt32BE(200_000, 20)
    bomb.writeUInt32BE(slowCrc(bomb.subarray(12, 29)), 29)
    const error = await failure('E_TOO_LARGE', () => decode(bomb, options))
    expect(error.why[0]).toContain('200000x200000 is 40000000000 pixels, the limit is 100000000')
  })

  it('pixels that do not fit in the file, before memory is taken for them', async () => {
    const tiff = floatTiff(4, 2, [1, 2, 3, 4, 5, 6, 7, 8])
    tiff.writeUInt32LE(50_000_000, 8 + 2 + 8)
    const png = Buffer.from(encodePngWhole(picture(4, 2, 1, 8, () => 0)))
    png.writeUInt32BE(50_000_000, 16)
    png.writeUInt32BE(slowCrc(png.subarray(12, 29)), 29)
    for (const bytes of [tiff, png]) {
      const error = await failure('E_DECODE', () => decode(bytes, options))
      expect(error.why).toEqual([`the input: its pixels do not fit in ${bytes.length} bytes`])
    }
    // the best compression that deflate can reach
    const flat = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: 'black' } })
      .png({ compressionLevel: 9 })
      .toBuffer()
    expect((await decode(flat, options)).width).toBe(9000)
  })

  it('every format that is cut off, wherever it is cut', async () => {
    for (const format of ['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const) {
      const { bytes } = await encode(photo, format)
      for (const part of [0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
        const path = join(folder, `cut-${part}.${format}`)
        writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * part)))
        const error = await failure('E_DECODE', () => decode(path, options))
        expect(error.message).toContain(path)
      }
    }
  })

  it('a PNG without its last chunk, which decoders let pass', async () => {
    const bytes = encodePngWhole(photo)
    for (const missing of [1, 4, 12]) {
      const error = await failure('E_DECODE', () =>
        decode(bytes.subarray(0, bytes.length - missing), options),
      )
      expect(error.why[0]).toContain('before its last chunk')
    }
    const trailing = new Uint8Array([...bytes, 1, 2, 3])
    expect((await decode(trailing, options)).data).toEqual(photo.data)
  })

  it('a JPEG of which even the end marker alone is missing, with what decodes the rest', async () => {
    const jpeg = Buffer.from((await encode(photo, 'jpeg')).bytes)
    for (const missing of [1, 2, 60, jpeg.length >> 1]) {
      const act = () => decode(jpeg.subarray(0, -missing), { ...options, name: 'cut.jpg' })
      expect((await failure('E_DECODE', act)).fix).toContain('ffmpeg -i cut.jpg cut.png')
    }
  })

  it('data that is damaged in the middle, where the format can tell', async () => {
    for (const format of ['png', 'jpeg', 'tiff', 'gif'] as const) {
      const bytes = Uint8Array.from((await encode(photo, format)).bytes)
      const middle = format === 'tiff' ? 40 : format === 'jpeg' ? bytes.length - 200 : bytes.length >> 1
      // in a JPEG, other bits are just other samples, but codes that no table has are damage
      if (format === 'jpeg') bytes.fill(0xff, middle, middle + 40)
      else for (let i = 0; i < 40; i++) bytes[middle + i]! ^= 0x55
      const error = await failure('E_DECODE', () => decode(bytes, { ...options, name: `damaged ${format}` }))
      expect(error.message).toContain(`damaged ${format}`)
    }
  })

  it('samples of kinds that do not fit', async () => {
    const gray = encodePngWhole(picture(48, 32, 1, 8, noise))
    const five = await sharp(encodePngWhole(photo))
      .joinChannel([gray, gray] as never)
      .tiff({ compression: 'none' })
      .toBuffer()
    expect((await failure('E_DECODE', () => decode(five, options))).message).toContain('holds an array')
    expect((await failure('E_DECODE', () => decode(floatTiff(1, 1, [1], 2), options))).message).toContain(
      'holds an array',
    )
  })
})

/** The source of each sample of a 3x2 picture for the eight EXIF orientations. */
const orientations: Record<number, number[]> = {
  1: [0, 1, 2, 3, 4, 5],
  2: [2, 1, 0, 5, 4, 3],
  3: [5, 4, 3, 2, 1, 0],
  4: [3, 4, 5, 0, 1, 2],
  5: [0, 3, 1, 4, 2, 5],
  6: [3, 0, 4, 1, 5, 2],
  7: [5, 2, 4, 1, 3, 0],
  8: [2, 5, 1, 4, 0, 3],
}

/** Makes an EXIF block of one entry. */
function exifOf(orientation: number): Buffer {
  const exif = Buffer.alloc(26)
  exif.write('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0', 0, 'latin1')
  exif.writeUInt16LE(orientation, 18)
  return exif
}

/** Inserts a chunk after the header of a PNG. */
function insertChunk(png: Uint8Array, type: string, body: Uint8Array): Buffer {
  const tagged = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const ends = [Buffer.alloc(4), Buffer.alloc(4)] as const
  ends[0].writeUInt32BE(body.length)
  ends[1].writeUInt32BE(slowCrc(tagged))
  return Buffer.concat([png.subarray(0, 33), ends[0], tagged, ends[1], png.subarray(33)])
}
