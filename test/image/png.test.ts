import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, deflateSync, inflateRawSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { adler32, adlerCombine } from '../../src/definition/adler.ts'
import { filterRows, paeth } from '../../src/definition/filter-rows.ts'
import {
  compressionSettings,
  concat,
  deflateSlowly,
  deflateStrip,
  idatChunk,
  pngHeader,
  pngTrailer,
  zlibHeader,
} from '../../src/image/png.ts'
import { crc32, crc32ByTable } from '../../src/image/png-parts.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import fc from '../property.ts'
import { decodePng, rowFilters, slowCrc } from './png-decoder.ts'

const folder = mkdtempSync(join(tmpdir(), 'convo-png-'))
afterAll(() => rmSync(folder, { recursive: true }))

const channelCounts = [1, 2, 3, 4] as const
const pngcheck = ['/usr/bin/pngcheck', '/usr/local/bin/pngcheck', '/opt/homebrew/bin/pngcheck'].find(
  existsSync,
)

/** Makes a picture with gradients, noise and flat parts, so that every filter is used for some rows. */
function picture(width: number, height: number, channels: 1 | 2 | 3 | 4, depth: 8 | 16): Picture {
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  let noise = 12345
  for (let i = 0; i < data.length; i++) {
    noise = (Math.imul(noise, 1103515245) + 12345) >>> 0
    const y = Math.floor(i / (width * channels))
    const kind = y % 5
    if (kind === 0) data[i] = noise >>> 11
    else if (kind === 1) data[i] = i * 3
    else if (kind === 2) data[i] = data[i - width * channels]! + 1
    else if (kind === 3) data[i] = (data[i - 1]! + data[i - width * channels]!) / 2 + (noise >>> 30)
    else data[i] = data[i - width * channels]! + data[i - channels]! - data[i - width * channels - channels]!
  }
  return { width, height, channels, depth, data, meta: {} }
}

describe('the PNG writer', () => {
  for (const depth of [8, 16] as const) {
    for (const channels of channelCounts) {
      for (const stripRows of [1, 7, 64]) {
        it(`writes ${channels} channels of ${depth} bits in strips of ${stripRows} rows for two decoders`, async () => {
          const source = picture(37, 30, channels, depth)
          const bytes = encodePngWhole(source, compressionSettings(), stripRows)
          const own = decodePng(bytes)
          expect([own.width, own.height, own.depth]).toEqual([37, 30, depth])
          expect(own.samples).toEqual([...source.data])

          const spaces = depth === 8 ? ['b-w', 'srgb'] : ['grey16', 'rgb16']
          const isGrayAlpha8 = depth === 8 && channels === 2 // sharp outputs these only as RGBA
          const { data } = await sharp(bytes)
            .toColourspace(isGrayAlpha8 ? 'srgb' : spaces[channels < 3 ? 0 : 1]!)
            .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
            .toBuffer({ resolveWithObject: true })
          const samples = depth === 8 ? data : new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
          const expected = isGrayAlpha8
            ? Array.from({ length: 37 * 30 }, (_, i) =>
                [0, 0, 0, 1].map((c) => source.data[2 * i + c]!),
              ).flat()
            : [...source.data]
          expect([...samples]).toEqual(expected)
        })
      }
    }
  }

  it.skipIf(pngcheck === undefined)('passes pngcheck with metadata, at every level', () => {
    const meta = { gamma: 45455, resolution: [2835, 5670] as const, icc: fakeProfile('RGB ') }
    for (const level of [undefined, 0, 1, 4, 6, 9]) {
      const file = join(folder, `level-${level}.png`)
      writeFileSync(file, encodePngWhole({ ...picture(40, 33, 3, 8), meta }, compressionSettings(level), 8))
      expect(execFileSync(pngcheck!, ['-q', file], { encoding: 'utf8' })).toBe('')
    }
  })

  it('keeps gamma, profile and resolution, and writes no time or text', () => {
    const icc = fakeProfile('RGB ')
    const meta = { gamma: 45455, resolution: [2835, 5670] as const, icc }
    const { chunks } = decodePng(encodePngWhole({ ...picture(3, 2, 3, 8), meta }))
    expect(chunks.map((c) => c.type)).toEqual(['IHDR', 'gAMA', 'iCCP', 'pHYs', 'IDAT', 'IDAT', 'IEND'])
    expect(chunks[1]!.body.readUInt32BE(0)).toBe(45455)
    expect(chunks[3]!.body).toEqual(Buffer.from([0, 0, 0x0b, 0x13, 0, 0, 0x16, 0x26, 1]))
    expect(chunks[2]!.body.subarray(0, 13).toString('latin1')).toBe('ICC profile\0\0')
  })

  it('leaves out a profile for another kind of colour than the channels', () => {
    const types = (channels: 1 | 2 | 3 | 4, space: string) =>
      decodePng(
        encodePngWhole({ ...picture(3, 2, channels, 8), meta: { icc: fakeProfile(space) } }),
      ).chunks.map((c) => c.type)
    expect(types(1, 'RGB ')).not.toContain('iCCP')
    expect(types(3, 'GRAY')).not.toContain('iCCP')
    expect(types(2, 'GRAY')).toContain('iCCP')
    expect(types(4, 'RGB ')).toContain('iCCP')
  })

  it('joins strips that were made apart into the same file as one writer makes', () => {
    const source = picture(20, 12, 3, 8)
    const bytes = source.data as Uint8Array
    const { level, strategy } = compressionSettings()
    const half = 6 * 60
    const strips = [bytes.subarray(0, half), bytes.subarray(half)].map((part, i) => {
      const filtered = filterRows(part, 60, 3, undefined, 'adaptive')
      const deflated = deflateStrip(filtered, { level, strategy, last: i === 1 })
      return { deflated, adler: adler32(filtered), length: filtered.length }
    })
    const adler = strips.reduce((sum, strip) => adlerCombine(sum, strip.adler, strip.length), 1)
    const file = concat([
      pngHeader({ ...source, depth: 8 }),
      ...idatChunk([zlibHeader(level), strips[0]!.deflated]),
      ...idatChunk([strips[1]!.deflated]),
      pngTrailer(adler),
    ])
    expect(file).toEqual(encodePngWhole(source, compressionSettings(), 6))
  })
})

describe('filterRows', () => {
  it('gives a first row without one above only None and Sub', () => {
    const source = picture(31, 40, 3, 8)
    expect(rowFilters(encodePngWhole(source, compressionSettings(), 1)).every((f) => f <= 1)).toBe(true)
    const whole = rowFilters(encodePngWhole(source, compressionSettings(), 40))
    expect(new Set(whole)).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  it('picks the filter with the least sum of bytes read as signed, the lower number where two are equal', () => {
    const filters = (row: number[], above: number[]) =>
      filterRows(Uint8Array.from(row), row.length, 1, Uint8Array.from(above), 'adaptive')[0]
    expect(filters([0, 0, 0], [0, 0, 0])).toBe(0) // all cost 0
    expect(filters([9, 9, 9], [9, 9, 9])).toBe(2) // Up 0, Paeth 0: the lower
    expect(filters([10, 20, 30], [200, 100, 7])).toBe(1)
    expect(filters([255, 0, 255], [100, 100, 100])).toBe(0) // 255 is -1: cost 2
    expect(filters([50, 75, 87], [100, 100, 100])).toBe(3)
    expect(filters([90, 20, 110, 70, 70, 70], [90, 20, 110, 20, 20, 20])).toBe(4)
  })

  it('uses the row above where it is given', () => {
    const out = filterRows(Uint8Array.of(5, 6, 7), 3, 1, Uint8Array.of(5, 6, 7), 'adaptive')
    expect([...out]).toEqual([2, 0, 0, 0])
  })

  it('writes rows as they are in mode none', () => {
    expect([...filterRows(Uint8Array.of(5, 6, 7, 8), 2, 1, undefined, 'none')]).toEqual([0, 5, 6, 0, 7, 8])
  })

  it('predicts with the nearest of left, up and up-left, ties in that order', () => {
    expect([paeth(10, 13, 12), paeth(13, 10, 12), paeth(10, 20, 15), paeth(7, 7, 1)]).toEqual([10, 10, 15, 7])
    expect(paeth(200, 10, 60)).toBe(200)
    expect(paeth(10, 200, 60)).toBe(200)
    expect(paeth(10, 20, 14)).toBe(14)
  })
})

describe('checksums', () => {
  it('CRC-32 by table, by zlib and bit by bit are equal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        const expected = slowCrc(bytes)
        expect(crc32ByTable(bytes)).toBe(expected)
        expect(crc32(bytes)).toBe(expected)
        expect(crc32ByTable(bytes.subarray(cut), crc32ByTable(bytes.subarray(0, cut)))).toBe(expected)
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(expected)
      }),
    )
  })

  it('Adler-32 is that of zlib, also over long runs of 255', () => {
    const trailer = (bytes: Uint8Array) =>
      deflateSync(bytes, { level: 0 }).readUInt32BE(deflateSync(bytes, { level: 0 }).length - 4)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(adler32(bytes)).toBe(trailer(bytes))
      }),
    )
    for (const length of [0, 1, 5551, 5552, 5553, 70000]) {
      const bytes = new Uint8Array(length).fill(255)
      expect(adler32(bytes)).toBe(trailer(bytes))
    }
  })

  it('Adler-32 of parts combines to that of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
        expect(adlerCombine(adler32(a), adler32(b), b.length)).toBe(adler32(concat([a, b])))
      }),
    )
    const long = new Uint8Array(200_000).fill(254)
    const parts = [long.subarray(0, 131_043), long.subarray(131_043)] as const
    expect(adlerCombine(adler32(parts[0]), adler32(parts[1]), parts[1].length)).toBe(adler32(long))
  })

  it('zlib headers are those that zlib writes', () => {
    for (const level of [0, 1, 2, 5, 6, 7, 9]) {
      expect([...zlibHeader(level)]).toEqual([...deflateSync('', { level }).subarray(0, 2)])
    }
  })
})

describe('deflateStrip', () => {
  it('ends on a byte border with a full flush, so that strips can be read alone and joined', () => {
    const settings = { level: 1, strategy: constants.Z_RLE }
    const first = deflateStrip(new Uint8Array(1000).fill(7), { ...settings, last: false })
    expect([...first.subarray(-4)]).toEqual([0, 0, 255, 255])
    const last = deflateStrip(Uint8Array.of(1, 2, 3), { ...settings, last: true })
    expect(inflateRawSync(concat([first, last]))).toEqual(
      Buffer.concat([Buffer.alloc(1000, 7), Buffer.from([1, 2, 3])]),
    )
  })
})

describe('deflateSlowly', () => {
  it('packs in pieces to the bytes that one go gives', async () => {
    const rows: readonly ((i: number) => number)[] = [
      (i) => Math.imul(i + 1, 2654435761) >>> 24,
      (i) => (i % 97) + ((Math.imul(i, 2654435761) >>> 20) & 1),
      (i) => i >> 8,
    ]
    for (const size of [0, 1, 65535, 65536, 65537, 200_001]) {
      for (const sample of rows) {
        const filtered = Uint8Array.from({ length: size }, (_, i) => sample(i))
        for (const level of [4, 6, 9]) {
          for (const last of [true, false]) {
            const packing = { ...compressionSettings(level), last }
            const packed = Buffer.from(await deflateSlowly(filtered, packing))
            expect(packed.equals(deflateStrip(filtered, packing))).toBe(true)
          }
        }
      }
    }
  })
})

describe('compressionSettings', () => {
  it('refuses what is not a level', () => {
    for (const level of [-1, 10, 1.5, Number.NaN]) {
      expect(() => compressionSettings(level)).toThrow(
        `compression must be a whole number from 0 to 9, got ${level}`,
      )
    }
  })

  it('makes no larger files at higher levels than by default, and smaller ones than sharp makes by default', async () => {
    const { data, info } = await sharp({
      create: {
        width: 300,
        height: 200,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 9 },
      },
    })
      .blur(2)
      .raw()
      .toBuffer({ resolveWithObject: true })
    const photo: Picture = { width: info.width, height: info.height, channels: 3, depth: 8, data, meta: {} }
    const sizes = [undefined, 4, 6, 9].map(
      (level) => encodePngWhole(photo, compressionSettings(level), 64).length,
    )
    for (const size of sizes) expect(size).toBeLessThanOrEqual(sizes[0]!)
    const theirs = await sharp(data, { raw: { width: 300, height: 200, channels: 3 } })
      .png()
      .toBuffer()
    expect(sizes[0]).toBeLessThanOrEqual(theirs.length)
  })
})

/** Makes as much of an ICC profile as convo reads: its length, and the colour space at byte 16. */
function fakeProfile(space: string): Uint8Array {
  const icc = Buffer.alloc(132)
  icc.writeUInt32BE(132, 0)
  icc.write('mntr', 12)
  icc.write(space, 16)
  icc.write('XYZ ', 20)
  icc.write('acsp', 36)
  return new Uint8Array(icc)
}
