import { readWhole } from '../files/read.ts'
import type { Pages } from '../image/compare/pages.ts'
import { decode, decodePages, readHeader } from '../image/decode.ts'
import type { Header } from '../image/header.ts'
import { inspect } from '../image/inspect.ts'
import { probe } from '../image/probe.ts'
import { nameOf, type Source } from '../image/reader.ts'
import type { Picture } from '../tensor/picture.ts'
import { pagesOfArray, readArray } from './array.ts'
import type { Layout } from './settings.ts'

/** How the pages of a file are decoded. */
export type PageOptions = {
  readonly maxPixels: number
  readonly orient: boolean
  readonly layout: Layout
  readonly name?: string
}

/**
 * The pages of a picture file at their native depth, or of a .npy array: see `pagesOfArray`.
 *
 * @throws ConvoError as `decode`, `readArray` and `pagesOfArray` do
 */
export async function openPages(source: Source, options: PageOptions): Promise<Pages> {
  const name = options.name ?? nameOf(source)
  const probed = probe(source, name)
  const { kind } = probed
  if (probed.isArray) {
    const bytes = typeof source === 'string' ? await readWhole(source, { limit: 'encodedBytes' }) : source
    return pagesOfArray(readArray(bytes, name, options))
  }
  // of these what was looked at tells it all: to ask the decoder would open them once more
  const isPlain = kind === 'png' || kind === 'jpeg'
  const {
    frames: pages = 1,
    unread,
    notes,
  } = isPlain
    ? inspect(source, probed, name, options.maxPixels)
    : framesOf(await readHeader(source, { ...options, name }))
  return {
    count: pages,
    unread,
    notes,
    pictures: pages === 1 ? single(source, { ...options, name }) : decodePages(source, { ...options, name }),
  }
}

const framesOf = ({ pages, unread, asRead }: Header) => ({ frames: pages, unread, notes: asRead })

async function* single(source: Source, options: PageOptions): AsyncGenerator<Picture> {
  yield await decode(source, options)
}
