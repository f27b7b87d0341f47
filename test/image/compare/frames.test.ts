import { expect, it } from 'vitest'
import { comparePages } from '../../../src/image/compare/pages.ts'
import { encodePages } from '../../../src/image/encode.ts'
import { openPages } from '../../../src/picture/pages.ts'
import { differPlain } from '../../../src/run/differ.ts'
import { apngOf } from '../chunks.ts'
import { picture } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, layout: 'chw' } as const

/** Makes frames of one gray each. */
async function animation(format: string, shades: readonly number[]): Promise<Uint8Array> {
  const pages = shades.map((shade) => picture(6, 5, 3, 8, () => shade))
  if (format === 'apng')
    return apngOf(
      [6, 5, 2],
      pages.map(({ data }) => ({ samples: [...data] })),
    )
  return (await encodePages(pages, format as 'gif')).bytes
}

it.each(['gif', 'webp', 'tiff', 'apng'])('every frame of %s is compared', async (format) => {
  const open = async (shades: readonly number[]) => openPages(await animation(format, shades), options)
  const compare = async (a: readonly number[], b: readonly number[]) => {
    const found = await comparePages(await open(a), await open(b), {}, undefined, differPlain)
    return [found.outcome, ...found.pages.map(({ outcome }) => outcome)]
  }
  const shades = [0, 102, 255]
  expect(await compare(shades, shades)).toEqual(['same', 'same', 'same', 'same'])
  expect(await compare(shades, [0, 102, 51])).toEqual(['different', 'same', 'same', 'different'])
  expect(await compare(shades, [0, 51, 255])).toEqual(['different', 'same', 'different', 'same'])
  expect(await compare(shades, [0, 102])).toEqual(['different', 'same', 'same'])
  // if the same file is given twice, nothing is decoded, but every frame is counted
  const pages = await open(shades)
  expect((await comparePages(pages, pages, {})).pages).toHaveLength(3)
})
