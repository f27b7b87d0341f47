import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConvoError } from '../../error.ts'
import { readUnder } from '../../files/change.ts'
import { kindOf } from '../../image/probe.ts'
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

/** Whether bytes are a picture, an array, or what Git LFS has in the place of one. */
export function isPicture(bytes: Uint8Array): boolean {
  return isLfsPointer(bytes) || kindOf(bytes.subarray(0, 4096)) !== undefined
}

/** The bytes of a picture in a folder of goldens or results, or nothing where there is none. @throws ConvoError */
export const pictureUnder = (root: string, file: string): Promise<Buffer | undefined> =>
  readUnder(root, file, 'encodedBytes')

/** All pages of a picture or .npy array. @throws ConvoError as decoding does */
export async function loadPages(bytes: Uint8Array, name: string): Promise<Picture[]> {
  const options = { maxPixels: sharedSettings['max-pixels'].default, orient: true, name }
  const pages: Picture[] = []
  for await (const page of (await openPages(bytes, options)).pictures) pages.push(page)
  return pages
}
