import { closeSync, fstatSync, readSync } from 'node:fs'
import { ConvoError } from '../error.ts'
import { openFile, readWhole, rethrow } from '../files/read.ts'

/** A file path, or bytes in memory. */
export type Source = string | Uint8Array

/** What to call a source in errors. */
export const nameOf = (source: Source): string => (typeof source === 'string' ? source : 'the input')

/** Returns all bytes of a source, up to the limit on encoded inputs. */
export const wholeOf = async (source: Source): Promise<Uint8Array> =>
  typeof source === 'string' ? readWhole(source, { limit: 'encodedBytes' }) : source

/** Returns `length` bytes from `at` on, or fewer at the end. They are valid until the next call. */
export type Read = (at: number, length: number) => Uint8Array

/** Random access to the bytes of a source. */
export type Reader = { readonly size: number; readonly read: Read }

/** The number of bytes to fetch at once: few at first, and more when reads are sequential. */
const spans = { least: 4096, most: 2 ** 18 } as const

/**
 * Opens a reader for a file or for bytes, and closes it after use.
 *
 * @throws ConvoError E_INPUT for a file that cannot be read
 */
export function withReader<T>(source: Source, name: string, use: (reader: Reader) => T): T {
  if (typeof source !== 'string') {
    return use({ size: source.length, read: (at, length) => source.subarray(at, at + length) })
  }
  const fd = openFile(source, name)
  try {
    const stat = fstatSync(fd)
    if (stat.isDirectory()) {
      throw new ConvoError('E_INPUT', `${name} is a folder, not a picture`, {
        fix: 'a picture in it, or convo batch for all of them',
      })
    }
    return use({ size: stat.size, read: windowed(fd, stat.size) })
  } catch (cause) {
    rethrow(name, cause)
  } finally {
    closeSync(fd)
  }
}

/** Reads through a window, so that a walk over millions of small parts does not need as many system calls. */
function windowed(fd: number, size: number): Read {
  let window = new Uint8Array(0)
  let start = 0
  let span: number = spans.least
  return (at, length) => {
    const wanted = Math.max(0, Math.min(length, size - at))
    const end = start + window.length
    if (at < start || at + wanted > end) {
      span = at >= start && at <= end + spans.least ? Math.min(span * 4, spans.most) : spans.least
      const room = Buffer.allocUnsafe(Math.min(Math.max(wanted, span), Math.max(0, size - at)))
      window = room.subarray(0, readSync(fd, room, 0, room.length, at))
      start = at
    }
    return window.subarray(at - start, at - start + wanted)
  }
}

/** Decodes bytes as Latin-1. */
export const textOf = (bytes: Uint8Array, from = 0, to = bytes.length): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to)

const piece = 2 ** 20

/**
 * Whether two sources have the same bytes. It reads piece by piece and stops at the first difference.
 *
 * @throws ConvoError E_INPUT for a file that cannot be read
 */
export const haveEqualBytes = (a: Source, b: Source): boolean =>
  withReader(a, nameOf(a), (left) =>
    withReader(b, nameOf(b), (right) => {
      if (left.size !== right.size) return false
      for (let at = 0; at < left.size; at += piece) {
        if (Buffer.compare(left.read(at, piece), right.read(at, piece)) !== 0) return false
      }
      return true
    }),
  )
