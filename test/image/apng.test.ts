import { describe, expect, it } from 'vitest'
import { comparePages, type Pages } from '../../src/image/compare/pages.ts'
import { decode, decodePages, readHeader } from '../../src/image/decode.ts'
import { type AnimationFrame, apngOf, chunkOf, pngOf } from './chunks.ts'
import { failure } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, name: 'a.png' }

async function pagesOf(bytes: Uint8Array): Promise<number[][]> {
  const pages: number[][] = []
  for await (const { data } of decodePages(bytes, options)) pages.push([...data])
  return pages
}

const gray = (samples: number[], more: Partial<AnimationFrame> = {}): AnimationFrame => ({ samples, ...more })

describe('an animated PNG', () => {
  it('has all its pictures as pages, with times', async () => {
    const bytes = apngOf(
      [2, 1, 0],
      [gray([1, 2]), gray([3, 4], { milliseconds: 40 }), gray([9], { at: [1, 0, 1, 1] })],
    )
    expect(await readHeader(bytes, options)).toMatchObject({
      pages: 3,
      delay: [100, 40, 100],
      loop: 0,
      channels: 1,
      notes: [],
    })
    expect(await pagesOf(bytes)).toEqual([
      [1, 2],
      [3, 4],
      [3, 9],
    ])
    expect([...(await decode(bytes, options)).data]).toEqual([1, 2])
    expect([...(await decode(bytes, { ...options, page: 2 })).data]).toEqual([3, 9])
  })

  it('clears and restores the place of a picture as it says', async () => {
    const [clear, restore] = [1, 2] as const
    const place = { at: [0, 0, 1, 1] as const }
    const frames = [
      { samples: [10, 255, 20, 255] },
      { samples: [30, 255], ...place, dispose: restore },
      { samples: [40, 255], ...place, dispose: clear },
      { samples: [50, 255], at: [1, 0, 1, 1] as const },
    ]
    expect(await pagesOf(apngOf([2, 1, 4], frames))).toEqual([
      [10, 255, 20, 255],
      [30, 255, 20, 255],
      [40, 255, 20, 255],
      [0, 0, 50, 255],
    ])
  })

  it('lays half-transparent pictures over those before, rounded once', async () => {
    const over = (samples: number[]): AnimationFrame => ({ samples, blend: 1 })
    const frames = [{ samples: [200, 100, 60, 0] }, over([100, 128, 7, 200])]
    const a = (128 * 255 + 127 * 100) / 255
    const c = (100 * 128 * 255 + 200 * 127 * 100) / (128 * 255 + 127 * 100)
    expect(await pagesOf(apngOf([2, 1, 4], frames))).toEqual([
      [200, 100, 60, 0],
      [Math.round(c), Math.round(a), 7, 200],
    ])
  })

  it('has alpha where a place is cleared that nothing covers', async () => {
    const frames = [gray([1, 2], { dispose: 1 }), gray([3], { at: [0, 0, 1, 1] })]
    const bytes = apngOf([2, 1, 0], frames)
    expect(await readHeader(bytes, options)).toMatchObject({ channels: 2 })
    expect(await pagesOf(bytes)).toEqual([
      [1, 255, 2, 255],
      [3, 255, 0, 0],
    ])
  })

  it('takes a first picture that is not part of the animation as a page, and says so', async () => {
    const bytes = apngOf([2, 1, 0], [gray([1, 2]), gray([3, 4]), gray([5, 6])], { apart: true })
    expect(await pagesOf(bytes)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    expect((await readHeader(bytes, options)).notes).toEqual([
      'the first picture of a.png is not part of its animation; it was used as the first page',
    ])
  })

  it('shares its palette and transparency', async () => {
    const still = pngOf(
      [2, 1, 3],
      [0, 1],
      [chunkOf('PLTE', Buffer.from([1, 2, 3, 4, 5, 6])), chunkOf('tRNS', Buffer.from([7]))],
    )
    const animated = apngOf([2, 1, 3], [gray([0, 1]), gray([1, 0])])
    const palette = still.subarray(33, still.indexOf('IDAT') - 4)
    const bytes = Buffer.concat([animated.subarray(0, 33), palette, animated.subarray(33)])
    expect(await pagesOf(bytes)).toEqual([
      [1, 2, 3, 7, 4, 5, 6, 255],
      [4, 5, 6, 255, 1, 2, 3, 7],
    ])
  })

  it('counts all its pictures against --max-pixels, before one is decoded', async () => {
    const bytes = apngOf([2, 1, 0], [gray([1, 2]), gray([3, 4])])
    const error = await failure('E_TOO_LARGE', () => decode(bytes, { ...options, maxPixels: 3 }))
    expect(error.why).toEqual(['a.png: 2 pictures of 2x1 are 4 pixels, the limit is 3'])
    expect(error.fix).toBe('--max-pixels 4')
  })

  it('is refused where pictures are missing, damaged or out of place', async () => {
    const [first, second] = [gray([1, 2]), gray([3, 4])]
    const why = async (bytes: Uint8Array) => (await failure('E_DECODE', () => decode(bytes, options))).why[0]
    expect(await why(apngOf([2, 1, 0], [first], { announced: 2 }))).toContain(
      '2 pictures were expected, but 1 were found',
    )
    const bytes = apngOf([2, 1, 0], [first, second])
    const damaged = Buffer.from(bytes)
    damaged[damaged.lastIndexOf('fdAT') + 10]! ^= 1
    expect(await why(damaged)).toContain('fdAT fails its checksum')
    expect(await why(apngOf([2, 1, 0], [first, gray([3], { at: [2, 0, 1, 1] })]))).toContain(
      'a picture of 1x1 at 2,0 does not fit',
    )
  })

  it('with a damaged acTL is a still picture, told, and equal to no other', async () => {
    const bytes = apngOf([2, 1, 0], [gray([1, 2]), gray([3, 4])], { bad: true })
    const header = await readHeader(bytes, options)
    expect(header.pages).toBe(1)
    expect(header.notes[0]).toBe('the acTL chunk of a.png was ignored: it fails its checksum')
    const pages = (unread: readonly string[]): Pages => ({
      count: 1,
      unread,
      pictures: decodePages(bytes, options),
    })
    expect((await comparePages(pages(header.unread), pages([]))).outcome).toBe('different')
    const one = pages(header.unread)
    expect((await comparePages(one, one)).outcome).toBe('same')
  })
})
