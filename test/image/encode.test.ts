import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { type Decoded, decode, decodePages, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { failure, noise, photo, picture, wideProfile } from './pictures.ts'
import { floatTiff, joinTiffs } from './tiff.ts'

const options = { maxPixels: 1e8, orient: true }

describe('encode', () => {
  it('brings every sample back from png, webp and tiff', async () => {
    for (const format of ['png', 'webp', 'tiff'] as const) {
      for (const channels of [1, 2, 3, 4] as const) {
        const source = picture(19, 11, channels, 8, (i) => noise(i) & 255)
        const { bytes, notes } = await encode(source, format)
        const got = await decode(bytes, options)
        const isWidened = format === 'webp' && channels < 3 // webp does not have gray
        const want = isWidened
          ? Array.from({ length: 19 * 11 }, (_, i) => {
              const [v, a] = [source.data[i * channels]!, source.data[i * channels + 1]!]
              return channels === 1 ? [v, v, v] : [v, v, v, a]
            }).flat()
          : [...source.data]
        expect([...got.data]).toEqual(want)
        expect(notes).toEqual([])
      }
    }
  })

  it('keeps 16 bits in tiff, and rounds them with a note where a format has 8', async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      const source = picture(19, 11, channels, 16, noise)
      expect([...(await decode((await encode(source, 'tiff')).bytes, options)).data]).toEqual([
        ...source.data,
      ])
    }
    const { bytes, notes } = await encode(
      picture(4, 4, 3, 16, () => 25700),
      'webp',
    )
    expect(notes).toEqual(['webp has 8 bits: 16-bit samples were rounded'])
    expect([...(await decode(bytes, options)).data]).toEqual(new Array(48).fill(100))
  })

  it('keeps profile and resolution', async () => {
    const meta = { icc: await wideProfile(), resolution: [11811, 5906] as const }
    for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
      const { bytes } = await encode({ ...photo, meta }, format)
      const coding = format === 'jpeg' && { jpeg: { quality: 90, subsampling: '4:4:4' } }
      expect((await decode(bytes, options)).meta, format).toEqual({ ...meta, ...coding })
      const bare = await encode(photo, format)
      expect((await decode(bare.bytes, options)).meta, format).toEqual({ ...coding })
    }
  })

  it('is near in jpeg and avif', async () => {
    for (const format of ['jpeg', 'avif'] as const) {
      const got = await decode((await encode(photo, format)).bytes, options)
      const worst = Math.max(...[...got.data].map((v, i) => Math.abs(v - photo.data[i]!)))
      expect(worst).toBeLessThan(24)
    }
  })

  it('drops an alpha of opaque pixels for jpeg, and refuses one that shows', async () => {
    const opaque = picture(8, 8, 4, 8, (i) => (i % 4 === 3 ? 255 : 90))
    expect((await decode((await encode(opaque, 'jpeg')).bytes, options)).channels).toBe(3)
    const gray = picture(8, 8, 2, 8, (i) => (i % 2 === 1 ? 255 : 90))
    const got = await decode((await encode(gray, 'jpeg')).bytes, options)
    expect([got.channels, got.data[0]]).toEqual([1, 90])
    const glass = picture(8, 8, 4, 8, (i) => (i === 3 ? 254 : 255))
    const error = await failure('E_OUTPUT', () => encode(glass, 'jpeg'))
    expect(error.why).toEqual(['1 of 64 pixels are not opaque'])
    expect(error.fix).toContain('--background white')
  })

  it('says what a gif cannot store', async () => {
    expect(
      (
        await encode(
          picture(16, 16, 1, 8, (i) => i),
          'gif',
        )
      ).notes,
    ).toEqual([])
    expect(
      (
        await encode(
          picture(20, 20, 3, 8, (i) => noise(i) & 255),
          'gif',
        )
      ).notes,
    ).toEqual(['gif has 256 colours: the picture was reduced to them'])
    expect(
      (
        await encode(
          picture(4, 4, 2, 8, () => 100),
          'gif',
        )
      ).notes,
    ).toEqual(['gif has no partial transparency: pixels became opaque or transparent'])
  })

  it('refuses float samples, and sides that are too long', async () => {
    const float = { ...photo, depth: 32 as const, data: new Float32Array(48 * 32 * 3) }
    expect((await failure('E_OUTPUT', () => encode(float, 'webp'))).fix).toContain('.npy')
    const long = await failure('E_OUTPUT', () =>
      encode(
        picture(70_000, 1, 1, 8, () => 0),
        'webp',
      ),
    )
    expect(long.message).toBe('the picture cannot be written as webp')
  })
})

describe('pages', () => {
  const pages = [20, 120, 250].map((level, n) =>
    picture(16, 10, 4, 8, (i) => (i % 4 === 3 ? 255 : n === 1 ? noise(i) & 255 : level)),
  )

  it('come one by one and do not bleed into each other, from every format that has them', async () => {
    const strip = Buffer.concat(pages.map((p) => p.data as Uint8Array))
    const joined = sharp(strip, { raw: { width: 16, height: 30, channels: 4, pageHeight: 10 } })
    const files = {
      webp: (await encodePages(pages, 'webp')).bytes,
      gif: (await encodePages(pages, 'gif')).bytes,
      tiff: await joined.clone().tiff({ compression: 'none' }).toBuffer(),
    }
    for (const [format, bytes] of Object.entries(files)) {
      const got: Decoded[] = []
      for await (const page of decodePages(bytes, options)) got.push(page)
      expect(got.map((p) => [p.width, p.height, p.pages])).toEqual(pages.map(() => [16, 10, 3]))
      for (const [n, page] of got.entries()) {
        const isExact = format !== 'gif' || n !== 1 // noise has more colours than a gif
        const colours = (p: { data: ArrayLike<number>; channels: number }) =>
          Array.from(p.data).filter((_, i) => p.channels === 3 || i % 4 !== 3)
        if (isExact) expect(colours(page)).toEqual(colours(pages[n]!))
        const single = await decode(bytes, { ...options, page: n })
        expect(single.data).toEqual(page.data)
      }
    }
  })

  it('of a TIFF may differ in size and depth', async () => {
    const first = floatTiff(3, 2, [1, 2, 3, 4, 5, 6])
    const second = floatTiff(1, 2, [7, 8])
    const got: Decoded[] = []
    for await (const page of decodePages(joinTiffs(first, second), options)) got.push(page)
    expect(got.map((p) => [p.width, p.height, ...p.data])).toEqual([
      [3, 2, 1, 2, 3, 4, 5, 6],
      [1, 2, 7, 8],
    ])
  })

  it('keep how long they are shown', async () => {
    for (const format of ['webp', 'gif'] as const) {
      const { bytes } = await encodePages(pages, format, { delay: [100, 200, 300], loop: 2 })
      const header = await readHeader(bytes, options)
      expect([header.pages, header.delay, header.loop]).toEqual([3, [100, 200, 300], 2])
    }
  })

  it.each(['gif', 'webp'] as const)(
    'of gray, and of gray with alpha, come back from a %s',
    async (format) => {
      const level = (i: number, n: number) => (i * 37 + n * 80) & 127
      for (const channels of [1, 2] as const) {
        const gray = [0, 1, 2].map((n) =>
          picture(9, 6, channels, 8, (i) => (channels === 2 && i % 2 === 1 ? 255 : level(i, n))),
        )
        const { bytes } = await encodePages(gray, format)
        let n = 0
        for await (const page of decodePages(bytes, options)) {
          for (let i = 0; i < 54; i++) {
            const got = [...page.data.slice(i * page.channels, (i + 1) * page.channels)]
            const want = gray[n]!.data[i * channels]!
            expect(got.slice(0, 3)).toEqual([want, want, want])
            if (page.channels === 4) expect(got[3]).toBe(255)
          }
          n++
        }
        expect(n).toBe(3)
      }
    },
  )

  it.each([
    [1, 8],
    [3, 8],
    [1, 16],
    [3, 16],
    [4, 8],
  ] as const)('of a TIFF are exact: %i channels of %i bits', async (channels, depth) => {
    const slices = [0, 1, 2].map((n) =>
      picture(9, 6, channels, depth, (i) => (i * 3701 + n * 999) % 2 ** depth),
    )
    const { bytes, notes } = await encodePages(slices, 'tiff')
    expect(notes).toEqual([])
    let n = 0
    for await (const { data, depth: bits, pages: count } of decodePages(bytes, options)) {
      expect([bits, count]).toEqual([depth, 3])
      expect(data).toEqual(slices[n++]!.data)
    }
    expect(n).toBe(3)
    await failure('E_SHAPE', () => encodePages([slices[0]!, picture(9, 7, channels, depth, () => 0)], 'tiff'))
  })

  it('keeps times of a moment, and the time of pages that become one', async () => {
    const page = (level: number) => picture(5, 4, 3, 8, () => level)
    const timesOf = async (levels: readonly number[], delay: readonly number[]) => {
      const { bytes } = await encodePages(levels.map(page), 'webp', { delay })
      return (await readHeader(bytes, options)).delay
    }
    expect(await timesOf([1, 2, 3, 4], [0, 10, 40, 9])).toEqual([0, 10, 40, 9])
    expect(await timesOf([1, 2, 2, 4], [0, 5, 3, 40])).toEqual([0, 8, 40])
  })

  it('of an animation must have one size', async () => {
    const error = await failure('E_SHAPE', () => encodePages([photo, pages[0]!], 'gif'))
    expect(error.why[0]).toBe('pages: 48x32x3 of 8 bits, 16x10x4 of 8 bits')
    await failure('E_SHAPE', () => encodePages([], 'webp'))
  })

  it('that are not there are refused', async () => {
    await failure('E_OPTION', () => decode(floatTiff(1, 1, [1]), { ...options, page: 3 }))
  })
})
