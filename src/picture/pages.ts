import { ConvoError } from '../error.ts'
import { shapeOf } from '../image/compare/comparison.ts'
import type { Pages } from '../image/compare/pages.ts'
import { decodePages, plainOf, readHeader } from '../image/decode.ts'
import { inspect } from '../image/inspect.ts'
import { probe } from '../image/probe.ts'
import { nameOf, type Source, wholeOf } from '../image/reader.ts'
import { decodePlain } from '../run/png-rows.ts'
import { optional } from '../text/record.ts'
import { pagesOfArray, readArray } from './array.ts'
import type { Layout } from './run-settings.ts'

/** How the pages of a file are decoded. */
export type PageOptions = {
  readonly maxPixels: number
  readonly orient: boolean
  readonly layout: Layout
  readonly name?: string
}

/**
 * Opens the pages of a picture file at their native depth, or of an array: see `pagesOfArray`.
 *
 * @throws ConvoError as `decode`, `readArray` and `pagesOfArray` do
 */
export async function openPages(source: Source, options: PageOptions): Promise<Pages> {
  const name = options.name ?? nameOf(source)
  const probed = probe(source, name)
  const { kind, png } = probed
  if (probed.isArray) return arrayPages(await wholeOf(source), name, options)
  // the probe has everything for these formats; asking the decoder would open the file once more
  const isPlain = kind === 'png' || kind === 'jpeg'
  const header = isPlain ? undefined : await readHeader(source, { ...options, name })
  const {
    frames: pages = 1,
    unread,
    notes,
    apng,
  } = header
    ? { frames: header.pages, unread: header.unread, notes: header.asRead }
    : inspect(source, probed, name, options.maxPixels)
  const delays = header ? header.delay : apng?.frames.map(({ delay }) => delay)
  const loop = header ? header.loop : apng?.loop
  const areAlike = pages === 1 || isPlain || kind === 'gif' || kind === 'webp' || header?.isAlike === true
  return {
    count: pages,
    unread,
    notes,
    ...(pages > 1 && delays !== undefined && { timing: JSON.stringify([delays, loop]) }),
    ...(png !== undefined && !png.exif && pages === 1 && { shape: shapeOf(png) }),
    ...(areAlike && { header: () => readHeader(source, { ...options, name }) }),
    ...optional('plain', png?.exif ? undefined : plainOf(probed, source)),
    pictures: decodePages(source, { ...options, name, plain: decodePlain }),
  }
}

/**
 * Reads the pages of a .npy file, or of a TIFF whose pages are arrays, each on demand.
 *
 * @throws ConvoError as `readArray` and `pagesOfArray` do
 */
async function arrayPages(bytes: Uint8Array, name: string, options: PageOptions): Promise<Pages> {
  const array = await readArray(bytes, name, options)
  const first = await pagesOfArray(array)
  const { pages = 1 } = array
  if (pages === 1) return first
  return {
    ...first,
    count: pages * first.count,
    pictures: (async function* () {
      yield* first.pictures
      for (let page = 1; page < pages; page++) {
        const next = await readArray(bytes, name, { ...options, page })
        if (next.channels !== array.channels)
          throw new ConvoError('E_DECODE', `${name} has pages of different numbers of channels`, {
            why: `${name}: page ${page + 1} has ${next.channels}, page 1 has ${array.channels}`,
            fix: 'a file for each page',
          })
        yield* (await pagesOfArray(next)).pictures
      }
    })(),
  }
}
