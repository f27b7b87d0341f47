import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { footprintOf } from '../../../src/batch/footprint.ts'
import { makeItem } from '../../../src/batch/items.ts'
import { parseTemplate } from '../../../src/files/template.ts'
import { encode, encodePages } from '../../../src/image/encode.ts'
import { noise, picture, temporaryFolder } from '../../image/pictures.ts'
import { png } from './pictures.ts'

const folder = temporaryFolder()
const sample = fileURLToPath(new URL('../../../samples/gray16.png', import.meta.url))
const appetite = { isTensor: false, maxPixels: 1e9 }

/** The footprint of a file that is written under another extension. */
async function footprint(name: string, extension = 'png', more: Partial<typeof appetite> = {}) {
  const making = {
    template: parseTemplate(`out/{stem}.${extension}`),
    operation: 'sobel',
    inPlace: false,
    hashOf: async () => '',
  }
  const item = await makeItem({ path: join(folder, name), rel: '', named: true }, 1, making)
  const { pixels, bytes } = await footprintOf(item, { ...appetite, ...more })
  return { pixels, bytes: bytes - item.bytes }
}

describe('the footprint of a picture', () => {
  it('counts all pages where they are written into one file', async () => {
    const pages = [0, 1, 2, 3].map((n) => picture(90, 60, 3, 8, (i) => noise(i + n)))
    writeFileSync(join(folder, 'four.webp'), (await encodePages(pages, 'webp')).bytes)
    writeFileSync(join(folder, 'single.webp'), (await encode(pages[0]!, 'webp')).bytes)
    const [four, one] = [await footprint('four.webp', 'gif'), await footprint('single.webp', 'gif')]
    expect(four.bytes).toBe(4 * one.bytes)
    expect((await footprint('four.webp')).bytes).toBe((await footprint('single.webp')).bytes)
  })

  it('is told by its header: pixels, channels and depth, and by what is written', async () => {
    writeFileSync(join(folder, 'a.png'), png(1, 200, 100))
    const samples = 200 * 100 * 3
    expect(await footprint('a.png')).toEqual({ pixels: 20_000, bytes: samples * 4 })
    expect((await footprint('a.png', 'webp')).bytes).toBe(samples * 20)
    expect((await footprint('a.png', 'npy')).bytes).toBe(samples * 13)
    expect((await footprint('a.png', 'xyz')).bytes).toBe(samples * 4)
    expect((await footprint('a.png', 'png', { isTensor: true })).bytes).toBe(samples * (4 + 48))
    copyFileSync(sample, join(folder, 'gray16.png'))
    const gray = await footprint('gray16.png')
    expect(gray.bytes).toBe(gray.pixels * 2 * 4)
    const jpeg = await encode(
      picture(64, 32, 3, 8, (i) => noise(i) & 255),
      'jpeg',
    )
    writeFileSync(join(folder, 'b.jpg'), jpeg.bytes)
    expect(await footprint('b.jpg')).toEqual({ pixels: 2048, bytes: 2048 * 3 * 4 })
  })

  it('is nothing for what ends before it is decoded: too large, unreadable, not there', async () => {
    const large = await footprint('a.png', 'png', { maxPixels: 100 })
    expect([large.pixels, large.bytes <= 0]).toEqual([20_000, true])
    writeFileSync(join(folder, 'bad.png'), 'no picture')
    for (const name of ['bad.png', 'none.png']) expect((await footprint(name)).pixels).toBe(0)
  })
})
