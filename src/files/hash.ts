import { createHash } from 'node:crypto'
import { type BigIntStats, createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { inTurns, pieceOf } from '../host/turns.ts'
import { readFileWhole } from './read.ts'

/** Files up to this size are read and hashed in one piece, which takes about 6 ms. */
const whole = 2 ** 22

/** Returns the SHA-256 of a file, in hex. */
export async function hashFile(path: string, size: number): Promise<string> {
  if (size <= whole) return sha256(readFileWhole(path, { limit: 'encodedBytes' }))
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  return hash.digest('hex')
}

/** Returns the SHA-256 of bytes or a text, in hex. */
export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex')

/** Returns the SHA-256 of many bytes, in hex. A picture of 36 MB takes 40 ms, in which the event loop can turn. */
export async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  await inTurns(bytes.length, (from, to) => hash.update(bytes.subarray(from, to)), 16 * pieceOf)
  return hash.digest('hex')
}

/** Returns the SHA-256 of a text, shortened to 32 digits. */
export const hashText = (text: string): string => sha256(text).slice(0, 32)

/**
 * Returns a stamp that differs after a file changes, without reading the file. It includes the time when the inode
 * changed, which no program can set.
 */
export const stampOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${ino}:${size}:${mtimeNs}:${ctimeNs}`

/**
 * The longest time, in nanoseconds, in which the clock of a file system may not advance between two changes of a file.
 */
const granularity = 2_000_000_000n

/** Whether a stamp was taken long enough after the last change that any later change gives another stamp. */
export const isSettled = ({ ctimeNs, mtimeNs }: BigIntStats, nowMs: number): boolean => {
  const last = ctimeNs > mtimeNs ? ctimeNs : mtimeNs
  return BigInt(Math.round(nowMs)) * 1_000_000n - last > granularity
}
