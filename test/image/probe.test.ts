import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isStream } from '../../src/files/read.ts'
import { decode } from '../../src/image/decode.ts'
import { formatOfPath, inputFormats } from '../../src/image/format.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import { kindOf, probe } from '../../src/image/probe.ts'
import { exifResolution, jfifResolution } from '../../src/image/tiff-directory.ts'
import { failure, picture, temporaryFolder } from './pictures.ts'

const folder = temporaryFolder()
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))

describe('kindOf', () => {
  it.each([
    ['png', '\x89PNG\r\n\x1a\n'],
    ['jpeg', '\xff\xd8\xff\xe0'],
    ['webp', 'RIFF\0\0\0\0WEBPVP8 '],
    ['tiff', 'II*\0'],
    ['tiff', 'MM\0*'],
    ['gif', 'GIF89a'],
    ['avif', '\0\0\0\x1cftypavif'],
    ['avif', '\0\0\0\x1cftypmif1\0\0\0\0mif1avif'],
    ['npy', '\x93NUMPY\x01\0'],
    ['svg', '<svg xmlns="x">'],
    ['svg', '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a drawing -->\n<svg>'],
  ])('knows %s', (kind, head) => {
    expect(kindOf(latin1(head))).toBe(kind)
  })

  it.each(['', 'GIF', 'RIFF\0\0\0\0WAVE', '<?xml version="1.0"?><html>', 'P8 3 2 255\n', '\x89PNG'])(
    'does not know %j',
    (head) => {
      expect(kindOf(latin1(head))).toBeUndefined()
    },
  )
})

describe('a file that ends in its first bytes', () => {
  it.each([
    ['\x89PNG', 'PNG'],
    ['\x89', 'PNG'],
    ['\x89PNG\n\x1a\n', 'PNG'],
    ['\xff\xd8', 'JPEG'],
    ['GIF89', 'GIF'],
    ['II*', 'TIFF'],
    ['MM\0', 'TIFF'],
    ['RIFF\0\0', 'WebP'],
    ['\x93NUM', '.npy file'],
    ['\x76\x2f\x31', 'OpenEXR picture'],
  ])('%j is a damaged %s', async (head, format) => {
    const error = await failure('E_DECODE', () => probe(latin1(head), 'x'))
    expect([error.message, error.why, error.fix]).toEqual([
      `x is a damaged ${format}`,
      [`x: it ends after ${head.length} ${head.length === 1 ? 'byte' : 'bytes'}`],
      'a new copy of the file',
    ])
  })

  it.each([
    ['GI', 'x is not a picture but text'],
    ['RIFF is short for something', 'x is not a picture but text'],
    ['gr\xc3\xbc\xc3', 'x is not a picture but text'],
    ['gr\xfc\xdf', 'x is not in a known picture format'],
  ])('%j is not', async (head, message) => {
    const error = await failure('E_DECODE', () =>
      decode(latin1(head), { maxPixels: 9, orient: true, name: 'x' }),
    )
    expect(error.message).toBe(message)
    // names every format that is read, except for those that need a decoder
    for (const name of [
      'PNG',
      'JPEG',
      'WebP',
      'TIFF',
      'GIF',
      'AVIF',
      'SVG',
      'BMP',
      'PNM',
      'PFM',
      'HDR',
      'EXR',
      'npy',
    ])
      expect(error.fix).toContain(name)
    expect(Object.keys(inputFormats).length).toBe(13)
  })
})

describe('probe', () => {
  it('reads the head of a PNG from a file and from bytes alike', () => {
    const meta = { gamma: 45455, resolution: [2835, 1000] as const }
    const bytes = encodePngWhole({ ...picture(5, 7, 4, 16, (i) => i), meta })
    const path = join(folder, 'a.png')
    writeFileSync(path, bytes)
    const head = { width: 5, height: 7, bits: 16, colourType: 6, interlaced: false, channels: 4, depth: 16 }
    const flags = { isAnimated: false, ignored: [], metadata: [], texts: [] }
    const expected = { kind: 'png', png: { ...head, ...flags, ...meta }, resolution: [2835, 1000] }
    expect(probe(bytes)).toEqual({ ...expected, size: bytes.length })
    expect(probe(path)).toEqual({ ...expected, size: bytes.length })
  })

  it('finds damage in the head of a PNG, and says at which byte', async () => {
    const bytes = encodePngWhole(picture(5, 7, 3, 8, (i) => i))
    const reasons = async (change: (copy: Buffer) => Uint8Array) => {
      const error = await failure('E_DECODE', () => probe(change(Buffer.from(bytes)), 'x.png'))
      return error.why[0]
    }
    expect(await reasons((b) => b.subarray(0, 20))).toBe(
      'x.png: byte 20: the file ends inside the header, after 20 bytes',
    )
    expect(await reasons((b) => b.subarray(0, 33))).toBe(
      'x.png: byte 33: the file ends before the picture data',
    )
    const flipped = await reasons((b) => b.fill(9, 17, 18))
    expect(flipped).toBe('x.png: byte 29: IHDR fails its checksum')
    const asText = await reasons((b) => Buffer.concat([b.subarray(0, 4), b.subarray(5)]))
    expect(asText).toBe('x.png: byte 0: the signature is not that of a PNG')
  })

  it.runIf(process.platform !== 'win32')('tells streams from files', async () => {
    expect(isStream('/dev/null')).toBe(true)
    expect(isStream(folder)).toBe(false)
    await failure('E_INPUT', () => isStream(join(folder, 'missing')))
  })
})

describe('resolution', () => {
  it('is read from EXIF of both byte orders, in inches and centimetres', () => {
    const exif = (little: boolean, unit: number, start = '') => {
      const block = new DataView(new ArrayBuffer(8 + 2 + 36 + 4 + 16))
      const entries = [
        [282, 5, 50],
        [283, 5, 58],
        [296, 3, unit],
      ] as const
      block.setUint16(0, little ? 0x4949 : 0x4d4d)
      block.setUint16(2, 42, little)
      block.setUint32(4, 8, little)
      block.setUint16(8, 3, little)
      for (const [i, [tag, type, value]] of entries.entries()) {
        block.setUint16(10 + 12 * i, tag, little)
        block.setUint16(12 + 12 * i, type, little)
        block.setUint32(14 + 12 * i, 1, little)
        if (type === 3) block.setUint16(18 + 12 * i, value, little)
        else block.setUint32(18 + 12 * i, value, little)
      }
      for (const [i, n] of [600, 2, 150, 1].entries()) block.setUint32(50 + 4 * i, n, little)
      return Buffer.concat([Buffer.from(start), Buffer.from(block.buffer)])
    }
    expect(exifResolution(exif(true, 2))).toEqual([11811, 5906])
    expect(exifResolution(exif(false, 3, 'Exif\0\0'))).toEqual([30000, 15000])
    expect(exifResolution(exif(false, 1))).toBeUndefined()
    for (const length of [0, 5, 9, 30, 55])
      expect(exifResolution(exif(true, 2).subarray(0, length))).toBeUndefined()
  })

  it('of a JFIF header without a unit is none', () => {
    expect(jfifResolution(latin1('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0'))).toBeUndefined()
    expect(jfifResolution(latin1('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\x02\0\x64\0\x32\0\0'))).toEqual([
      10000, 5000,
    ])
  })
})

describe('formatOfPath', () => {
  it('goes by the extension, and is PNG without one', () => {
    const paths = [
      'a.png',
      'b.JPG',
      'c.jpeg',
      'd.webp',
      'e.tif',
      'f.tiff',
      'g.gif',
      'h.avif',
      '-',
      'noext',
      'dir.x/y',
    ]
    expect(paths.map((path) => formatOfPath(path))).toEqual(
      'png jpeg jpeg webp tiff tiff gif avif png png png'.split(' '),
    )
  })

  it('refuses others, and names what it knows', async () => {
    const error = await failure('E_OUTPUT', () => formatOfPath('a.psd'))
    expect(error.message).toBe('there is no picture format for files ending in .psd')
    expect(error.why[0]).toContain(
      '.png, .jpg, .jpeg, .jpe, .jfif, .webp, .tif, .tiff, .gif, .avif, .bmp, .dib, .pnm, .ppm, .pgm, .pbm, .pam, .pfm, .npy',
    )
    expect(error.fix).toBe('a.png')
  })
})
