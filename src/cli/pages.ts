import type { Pages } from '../image/compare/pages.ts'
import { decode, decodePages, readHeader } from '../image/decode.ts'
import { isStream, nameOf, probe, readInput, type Source } from '../image/probe.ts'
import type { Picture } from '../tensor/picture.ts'
import { pagesOfArray, readArray } from './array.ts'
import { openInput } from './input.ts'
import type { Layout } from './layouts.ts'

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
  const { kind } = probe(source, name)
  if (kind === 'npy') {
    const bytes = typeof source === 'string' ? readInput(source) : source
    return pagesOfArray(readArray(bytes, name, options))
  }
  // these hold one picture: to ask the decoder would open them once more
  const isSingle = kind === 'png' || kind === 'jpeg'
  const pages = isSingle ? 1 : (await readHeader(source, { ...options, name })).pages
  return {
    count: pages,
    pictures: pages === 1 ? single(source, { ...options, name }) : decodePages(source, { ...options, name }),
  }
}

async function* single(source: Source, options: PageOptions): AsyncGenerator<Picture> {
  yield await decode(source, options)
}

/** A file by its name, or its bytes where they are read once only: standard input (`-`), a pipe. */
export async function sourceOf(path: string): Promise<Source> {
  if (path === '-') return (await openInput(path)).source
  return isStream(path) ? readInput(path) : path
}
