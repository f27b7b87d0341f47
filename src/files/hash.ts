import { createHash } from 'node:crypto'
import { type BigIntStats, createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { inTurns, pieceOf } from '../host/turns.ts'
import { readFileWhole } from './read.ts'

/** Files up to this size are read and hashed in one piece, which takes some 6 ms. */
const whole = 2 ** 22

/** SHA-256 of a file, in hex. */
export async function hashFile(path: string, size: number): Promise<string> {
  if (size <= whole) return sha256(readFileWhole(path, { limit: 'encodedBytes' }))
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  return hash.digest('hex')
}

/** SHA-256 of bytes or a text, in hex. */
export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex')

/** The same of many bytes: a picture of 36 MB takes 40 ms, in which the event loop turns. */
export async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  await inTurns(bytes.length, (from, to) => hash.update(bytes.subarray(from, to)), 16 * pieceOf)
  return hash.digest('hex')
}

/** SHA-256 of a text, shortened to 32 digits. */
export const hashText = (text: string): string => sha256(text).slice(0, 32)

/**
 * What distinguishes a file from its later self without reading it. The time of the last change of the inode is part of it,
 * which no program can set.
 */
export const stampOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${ino}:${size}:${mtimeNs}:${ctimeNs}`

/** The clock of a file system may not move for this long between two changes of a file. */
const granularity = 2_000_000_000n

/** Whether a stamp was taken so long after the last change that a later change must have moved it. */
export const isSettled = ({ ctimeNs, mtimeNs }: BigIntStats, nowMs: number): boolean => {
  const last = ctimeNs > mtimeNs ? ctimeNs : mtimeNs
  return BigInt(Math.round(nowMs)) * 1_000_000n - last > granularity
}
