import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConvoError } from '../../error.ts'
import type { Picture } from '../../tensor/picture.ts'
import { openPages } from '../pages.ts'
import { sharedSettings } from '../settings.ts'

/** The SHA-256 of bytes, in hexadecimal digits. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A file's bytes. @throws ConvoError E_INPUT, also for a Git LFS pointer that stands for a file not fetched */
export async function readBytes(path: string): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new ConvoError('E_INPUT', `there is no file ${path}`, { cause })
    throw new ConvoError('E_INPUT', `cannot read ${path}`, { why: `${path}: ${message}`, cause })
  }
  if (isLfsPointer(bytes)) {
    throw new ConvoError('E_INPUT', `${path} was not fetched`, {
      why: `${path}:1:1: this is a Git LFS pointer, which stands for the picture`,
      fix: 'git lfs pull',
    })
  }
  return bytes
}

const pointerStart = 'version https://git-lfs.github.com/spec/'

/** Whether a file only says where Git LFS has the picture. */
export const isLfsPointer = (bytes: Uint8Array): boolean =>
  bytes.length < 1024 && Buffer.from(bytes.subarray(0, pointerStart.length)).toString() === pointerStart

/** The bytes of a file, or nothing where there is none. */
export async function bytesIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ConvoError('E_INPUT', `cannot read ${path}`, { why: (cause as Error).message, cause })
  }
}

/** All pages of a picture or .npy array. @throws ConvoError as decoding does */
export async function loadPages(bytes: Uint8Array, name: string): Promise<Picture[]> {
  // arrays are convo's own, which have their channels first
  const options = {
    maxPixels: sharedSettings['max-pixels'].default,
    orient: true,
    layout: 'chw' as const,
    name,
  }
  const pages: Picture[] = []
  for await (const page of (await openPages(bytes, options)).pictures) pages.push(page)
  return pages
}
