import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createFootprints } from '../../../src/batch/footprint.ts'
import { makeItem } from '../../../src/batch/items.ts'
import { prepareBatchOperation } from '../../../src/batch/operation.ts'
import { parseTemplate } from '../../../src/files/template.ts'
import { encode, encodePages } from '../../../src/image/encode.ts'
import { noise, picture, temporaryFolder } from '../../image/pictures.ts'
import { png } from './pictures.ts'

const folder = temporaryFolder()
const sample = fileURLToPath(new URL('../../../samples/gray16.png', import.meta.url))
/** Returns the footprint of a file whose output has another extension. */
async function footprint(name: string, extension = 'png', words = ['sobel']) {
  const making = {
    template: parseTemplate(`out/{stem}.${extension}`),
    operation: 'sobel',
    inPlace: false,
    hashOf: async () => '',
  }
  const item = await makeItem({ path: join(folder, name), rel: '', named: true }, 1, making)
  const { job } = await prepareBatchOperation(words)
  const { pixels, bytes } = await createFootprints({ job, threads: 1 })(item)
  return { pixels, bytes: bytes - item.bytes }
}

describe('the footprint of a picture', () => {
  it('counts all pages where they are written into one file', async () => {
    const [width, height] = [300, 200]
    const pages = [0, 1, 2, 3].map((n) => picture(width, height, 3, 8, (i) => noise(i + n)))
    writeFileSync(join(folder, 'four.webp'), (await encodePages(pages, 'webp')).bytes)
    writeFileSync(join(folder, 'single.webp'), (await encode(pages[0]!, 'webp')).bytes)
    const [four, one] = [await footprint('four.webp', 'gif'), await footprint('single.webp', 'gif')]
    // all pages are held until they are encoded together
    const samples = width * height * 3
    expect(four.bytes).toBeGreaterThan(one.bytes + 3 * 6 * samples)
    expect(four.bytes).toBeLessThan(4 * one.bytes)
    expect((await footprint('four.webp')).bytes).toBe((await footprint('single.webp')).bytes)
  })

  it('of very many sizes is that of a size a little larger', async () => {
    const { job } = await prepareBatchOperation(['sobel'])
    let plans = 0
    const counted = (input: string, output: string) => {
      const own = job(input, output)
      const steps = own.steps.map((make) => (given: Parameters<typeof make>[0]) => {
        plans++
        return make(given)
      })
      return { ...own, steps }
    }
    const of = createFootprints({ job: counted, threads: 1 })
    const making = {
      template: parseTemplate('out/{stem}.png'),
      operation: 'sobel',
      inPlace: false,
      hashOf: async () => '',
    }
    for (let i = 0; i < 150; i++) {
      writeFileSync(join(folder, `many${i}.png`), png(1, 130 + i, 70 + (i % 50)))
      const item = await makeItem({ path: join(folder, `many${i}.png`), rel: '', named: true }, 1, making)
      const { bytes } = await of(item)
      const exact = (await createFootprints({ job, threads: 1 })(item)).bytes
      expect(bytes).toBeGreaterThan(0.8 * exact)
      expect(bytes).toBeLessThan(1.6 * exact)
    }
    expect(plans).toBeLessThan(120)
  })

  it('is what the plan of the operation takes, by the header and by what is written', async () => {
    writeFileSync(join(folder, 'a.png'), png(1, 2000, 1000))
    const samples = 2000 * 1000 * 3
    const sobel = await footprint('a.png')
    expect(sobel.pixels).toBe(2e6)
    expect(sobel.bytes).toBeGreaterThan(2 * samples)
    expect(sobel.bytes).toBeLessThan(8 * samples)
    // a step that must see the whole picture keeps it in memory
    expect((await footprint('a.png', 'png', ['canny'])).bytes).toBeGreaterThan(sobel.bytes + 2 * 2e6)
    expect((await footprint('a.png', 'webp')).bytes).toBeGreaterThan(sobel.bytes + 8 * samples)
    copyFileSync(sample, join(folder, 'gray16.png'))
    const gray = await footprint('gray16.png')
    expect(gray.bytes).toBeGreaterThan(gray.pixels * 2)
  })

  it('is nothing for what ends before it is decoded: too large, unreadable, not there', async () => {
    const large = await footprint('a.png', 'png', ['sobel', '--max-pixels', '100'])
    expect([large.pixels, large.bytes <= 0]).toEqual([2e6, true])
    expect((await footprint('a.png', 'xyz')).bytes).toBe(2e6 * 3)
    writeFileSync(join(folder, 'bad.png'), 'no picture')
    for (const name of ['bad.png', 'none.png']) expect((await footprint(name)).pixels).toBe(0)
  })
})
