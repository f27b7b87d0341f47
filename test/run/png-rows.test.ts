import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparePages, type FileComparison, type OnPage } from '../../src/image/compare/pages.ts'
import { toleranceOf, toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { decode, decodeAhead } from '../../src/image/decode.ts'
import { compressionSettings } from '../../src/image/png.ts'
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
      const samples = await decodePlain(plain!)
      expect(bytesOf(samples!).equals(bytesOf(picture.data))).toBe(true)
      expect(bytesOf((await decode(plain!.source, options)).data).equals(bytesOf(samples!))).toBe(true)
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
      expect(await decodePlain(pages.plain!)).toBeUndefined()
      await expect(
        comparePages(pages, await openPages(file('good.png', good), options), {}, undefined, differPlain),
      ).rejects.toThrow(`${name}.png cannot be decoded`)
    }
  })

  it('upper rows are there before the rest, and what is damaged below fails the whole alone', async () => {
    const picture = pattern(2000, 2100, 3, 8, 9)
    const good = encodePngWhole(picture, { level: 1, strategy: 0, filter: 'none' }, 100)
    const given = { ...options, plain: decodePlain }
    const { data } = await decodeAhead(good, given)
    if (!('whole' in data)) return expect.unreachable('upper rows were to come')
    const size = data.rows * 2000 * 3
    const upper = bytesOf((await data.upper).slice(0, size))
    expect(upper.equals(bytesOf(picture.data).subarray(0, size))).toBe(true)
    expect(bytesOf(await data.whole).equals(bytesOf(picture.data))).toBe(true)

    const bad = Uint8Array.from(good)
    bad[bad.length - 13]! ^= 1
    const late = (await decodeAhead(bad, given)).data
    if (!('whole' in late)) return expect.unreachable('upper rows were to come')
    await expect(late.whole).rejects.toThrow('cannot be decoded')
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
