import { ConvoError } from '../error.ts'
import { readUnder } from '../files/change.ts'
import { readWhole } from '../files/read.ts'
import type { Pages } from '../image/compare/pages.ts'
import { kindOf } from '../image/probe.ts'
import { readingSettings } from '../picture/run-settings.ts'
import type { Picture } from '../tensor/picture.ts'
import { defined } from '../text/record.ts'

/** Reads a file. @throws ConvoError E_INPUT, also for a Git LFS pointer whose file was not fetched */
export async function readBytes(path: string): Promise<Buffer> {
  const bytes = await readWhole(path, { limit: 'encodedBytes' })
  refusePointer(bytes, path)
  return bytes
}

/** @throws ConvoError E_INPUT for a Git LFS pointer */
export function refusePointer(bytes: Uint8Array, what: string, path = what): void {
  if (isLfsPointer(bytes)) throw new ConvoError('E_INPUT', `${what} was not fetched`, unfetched(path))
}

/** Why a Git LFS pointer cannot be read, and what to do. */
export const unfetched = (path: string) => ({
  why: [`${path}:1:1: this is a Git LFS pointer, not the picture itself`],
  fix: 'git lfs pull',
})

const pointerStart = 'version https://git-lfs.github.com/spec/'

/** Whether the bytes are a Git LFS pointer, not the picture itself. */
export const isLfsPointer = (bytes: Uint8Array): boolean =>
  bytes.length < 1024 && Buffer.from(bytes.subarray(0, pointerStart.length)).toString() === pointerStart

/** Whether bytes are a picture, an array, or a Git LFS pointer to one. */
export const isPicture = (bytes: Uint8Array): boolean =>
  isLfsPointer(bytes) || kindOf(bytes.subarray(0, 4096)) !== undefined

/** Reads a picture in a folder of goldens or results; undefined if it does not exist. @throws ConvoError */
export const pictureUnder = (root: string, file: string): Promise<Buffer | undefined> =>
  readUnder(root, file, 'encodedBytes')

/** Decodes all pages of a picture or .npy array. @throws ConvoError as decoding does */
export const loadPages = async (bytes: Uint8Array, name: string): Promise<readonly Picture[]> =>
  (await loadFile(bytes, name)).all

/** A file whose pages are all decoded. */
export type Loaded = Pages & { readonly all: readonly Picture[] }

/** Decodes all pages, and returns them with the notes and timing of the file. @throws ConvoError as decoding does */
export async function loadFile(bytes: Uint8Array, name: string): Promise<Loaded> {
  // convo writes arrays with channels first
  const layout = 'chw' as const
  const options = { maxPixels: readingSettings['max-pixels'].default, orient: true, layout, name }
  const { openPages } = await import('../picture/pages.ts')
  const { count, unread = [], pictures, notes, timing } = await openPages(bytes, options)
  if (unread.length > 0) {
    const what = `${name} contains pictures that convo does not read, so it cannot be compared`
    throw new ConvoError('E_DECODE', what, {
      why: unread.map((part) => `${name}: ${part}`),
      fix: 'a copy with a single picture',
    })
  }
  const all: Picture[] = []
  for await (const page of pictures) all.push(page)
  const again = (async function* () {
    yield* all
  })()
  return { all, count, pictures: again, ...defined({ notes, timing }) }
}
