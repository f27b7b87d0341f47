import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparePages, type FileComparison, type OnPage } from '../../src/image/compare/pages.ts'
import { toleranceOf, toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { decode } from '../../src/image/decode.ts'
import { chunk, compressionSettings } from '../../src/image/png.ts'
import type { PlainPng } from '../../src/image/png-head.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import { resolve } from '../../src/params.ts'
import { openPages } from '../../src/picture/pages.ts'
import { differPlain } from '../../src/run/differ.ts'
import { decodePlain } from '../../src/run/png-rows.ts'
import { encodeInStrips } from '../../src/run/png-write.ts'
import type { Depth, Picture } from '../../src/tensor/picture.ts'
import { altered } from '../image/compare/pictures.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-rows-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Makes gradients with noise, quickly, because these pictures are larger than others. */
function pattern(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16,
  seed: number,
): Picture {
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  let state = seed
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = (i % 97) + (state >>> 27)
  }
  return { width, height, channels, depth, data, meta: {} }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Picture['data']) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Returns a result without its maps, and the bytes of the maps. */
function apart({ pages, ...rest }: FileComparison) {
  const maps = pages.map(({ map }) => map && bytesOf(map.values as Uint8Array))
  return { rest, maps, pages: pages.map(({ map: _, ignored: __, ...page }) => page) }
}

/** All rows of a plain PNG, or undefined if it is damaged. */
async function rowsOf(plain: PlainPng): Promise<Buffer | undefined> {
  const strips: Buffer[] = []
  const rows = decodePlain(plain)
  for (;;) {
    const { done, value } = await rows.next()
    if (done) return value ? Buffer.concat(strips) : undefined
    strips.push(Buffer.from(value))
  }
}

/** The bodies of the IDAT chunks of a PNG, from the first on. */
function dataOf(png: Uint8Array, first: number): Buffer {
  const bytes = Buffer.from(png)
  const bodies: Buffer[] = []
  for (let at = first; bytes.toString('latin1', at + 4, at + 8) === 'IDAT'; ) {
    const length = bytes.readUInt32BE(at)
    bodies.push(bytes.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  return Buffer.concat(bodies)
}

const options = { maxPixels: 1e9, orient: true, layout: 'chw' } as const
const file = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const open = (picture: Picture, name: string) =>
  openPages(file(name, encodePngWhole(picture, compressionSettings())), options)
const tolerance = (given: Record<string, unknown>) => toleranceOf(resolve(toleranceSettings, given))

describe('plain PNGs, read in rows', () => {
  it.each([
    [700, 401, 3, 8],
    [311, 500, 4, 8],
    [130, 77, 1, 8],
    [400, 300, 2, 16],
    [257, 300, 3, 16],
    [1, 1, 3, 8],
    [40000, 3, 4, 16],
  ] as const)(
    '%i x %i, %i channels, %i bits: as sharp decodes them',
    async (width, height, channels, depth) => {
      const picture = pattern(width, height, channels, depth as 8 | 16, 7)
      const { plain } = await open(picture, 'a.png')
      const samples = (await rowsOf(plain!))!
      expect((await decode(plain!.source, options)).data).toEqual(picture.data)
      // 16 bits are little-endian in memory
      expect(samples.equals(bytesOf(picture.data))).toBe(true)
    },
  )

  it.each([
    [{}, 3, 8],
    [{ 'max-abs': 9 }, 3, 8],
    [{ 'max-abs': '2.5%', 'max-diff-pixels': 3 }, 4, 8],
    [{ 'max-density': '3/16', alpha: 'ignore' }, 4, 16],
    [{ 'max-rmse': 2, ignore: ['3,3,90,40'] }, 1, 16],
    [{ 'min-psnr': 40, 'ignore-border': 7 }, 2, 8],
    [{ perceptual: 0.05 }, 3, 8],
    [{ 'min-ssim': 0.9 }, 1, 16],
    [{ shift: 2, 'max-abs': 1 }, 3, 8],
  ] as const)('%j: says what a comparison of whole pictures says', async (given, channels, depth) => {
    const a = pattern(300, 900, channels as 3, depth as 8, 3)
    const b = altered(a, [0, 0, 0, 5], [299, 899, 0, -3], [150, 450, channels - 1, 30], [8, 20, 0, 9])
    const noise = pattern(300, 900, channels as 3, depth as 8, 4)
    for (const other of [a, b, noise]) {
      const files = [await open(a, 'a.png'), await open(other, 'b.png')] as const
      const whole = await comparePages(...files, tolerance(given))
      let isAsked = false
      const rows = await comparePages(...files, tolerance(given), undefined, (...args) => {
        isAsked = true
        return differPlain(...args)
      })
      expect(isAsked).toBe(true)
      const seen: Picture[] = []
      const keep: OnPage = (_, left, right) => void seen.push(left, right)
      await comparePages(...files, tolerance(given), keep, differPlain)
      for (const [i, one] of [a, other].entries())
        expect(bytesOf(seen[i]!.data).equals(bytesOf(one.data))).toBe(true)
      const [p, q] = [apart(rows), apart(whole)]
      expect(p.maps.every((map, i) => map === q.maps[i] || map!.equals(q.maps[i]!))).toBe(true)
      expect({ ...p, maps: 0 }).toEqual({ ...q, maps: 0 })
    }
  })

  it('what a tolerance measures otherwise is decoded whole', async () => {
    for (const given of [{ antialiasing: 'ignore' }, { alpha: 'visible' }]) {
      const [a, b] = [
        await open(pattern(40, 40, 4, 8, 1), 'a.png'),
        await open(pattern(40, 40, 4, 8, 2), 'b.png'),
      ]
      const never = () => Promise.reject(new Error('rows were read'))
      expect((await comparePages(a, b, tolerance(given), undefined, never)).pages).toHaveLength(1)
    }
  })

  it('damage is left to the decoder that says what it is, wherever it lies', async () => {
    const good = encodePngWhole(pattern(300, 200, 3, 8, 1), compressionSettings())
    for (const [name, at, by] of [
      ['data', good.length >> 1, 0x55],
      ['checksum', good.length - 13, 1],
    ] as const) {
      const bad = Uint8Array.from(good)
      bad[at]! ^= by
      const pages = await openPages(file(`${name}.png`, bad), options)
      expect(await rowsOf(pages.plain!)).toBeUndefined()
      await expect(
        comparePages(pages, await openPages(file('good.png', good), options), {}, undefined, differPlain),
      ).rejects.toThrow(`${name}.png cannot be decoded`)
    }
  })

  it('chunks of any size, and others before them, across the pieces in which a file is read', async () => {
    const picture = pattern(1200, 700, 3, 8, 9)
    const whole = encodePngWhole(picture, { level: 0, strategy: 0, filter: 'none' })
    const at = Buffer.from(whole).indexOf('IDAT') - 4
    const stream = dataOf(whole, at)
    const end = chunk('IEND', new Uint8Array(0))
    const text = chunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), Buffer.alloc(2_500_000, 'x')]))
    for (const size of [1, 2 ** 16, 2 ** 20 - 12, 2 ** 20, 2 ** 21 + 5]) {
      const split = size === 1 ? stream.length - 3000 : 0
      const bodies = [stream.subarray(0, split)]
      for (let i = split; i < stream.length; i += size) bodies.push(stream.subarray(i, i + size))
      // chunks without data may take more than a piece
      const idle = Buffer.concat(Array<Uint8Array>(100_000).fill(chunk('IDAT', new Uint8Array(0))))
      const data = bodies.map((body) => chunk('IDAT', body)).toSpliced(1, 0, idle)
      const bytes = Buffer.concat([whole.subarray(0, at), text, ...data, end])
      const pages = await openPages(file(`${size}.png`, bytes), options)
      for (const source of [pages.plain!.source, bytes])
        expect((await rowsOf({ ...pages.plain!, source }))!.equals(bytesOf(picture.data)), `${size}`).toBe(
          true,
        )
      // damage to the last checksum, and a file that ends in the data
      const bad = Buffer.from(bytes)
      bad[bad.length - 13]! ^= 1
      for (const source of [bad, bytes.subarray(0, -2000)])
        expect(await rowsOf({ ...pages.plain!, source }), `${size}`).toBeUndefined()
    }
  })

  it('more data than rows is taken as the general decoder takes it', async () => {
    const picture = pattern(20, 30, 3, 8, 9)
    const tall = encodePngWhole({ ...picture, height: 29, data: picture.data.slice(0, 29 * 60) })
    const bytes = encodePngWhole(picture)
    bytes.set(tall.subarray(0, 33))
    const { data } = await decode(bytes, { ...options, plain: decodePlain })
    expect(bytesOf(data).equals(bytesOf(picture.data.subarray(0, 29 * 60)))).toBe(true)
  })

  it('palettes, interlaced and low depths are not plain', async () => {
    const raw = { raw: { width: 8, height: 8, channels: 3 as const } }
    const data = new Uint8Array(192).map((_, i) => i)
    for (const png of [{ palette: true }, { progressive: true }]) {
      const path = join(folder, 'other.png')
      await sharp(data, raw).png(png).toFile(path)
      expect((await openPages(path, options)).plain).toBeUndefined()
    }
  })
})

describe('PNGs in strips', () => {
  it.each([
    [1500, 401, 3, 8],
    [1, 1, 1, 8],
    [333, 1000, 4, 16],
  ] as const)('%i x %i, %i channels, %i bits come back', async (width, height, channels, depth: Depth) => {
    const picture = pattern(width, height, channels, depth as 8, 5)
    const bytes = await encodeInStrips(picture)
    expect(Buffer.from(bytes).equals(await encodeInStrips(picture))).toBe(true)
    const decoded = await decode(bytes, options)
    expect([decoded.width, decoded.height, decoded.channels, decoded.depth]).toEqual([
      width,
      height,
      channels,
      depth,
    ])
    expect(bytesOf(decoded.data).equals(bytesOf(picture.data))).toBe(true)
  })
})
