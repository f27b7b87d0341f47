import { createHash, type Hash } from 'node:crypto'
import { invariant } from '../error.ts'
import { sha256InTurns } from '../files/hash.ts'
import { inTurns } from '../host/turns.ts'
import type { Picture } from '../tensor/picture.ts'
import { isLittleEndian } from '../tensor/tensor.ts'

/**
 * Computes the digest of a picture: `sha256:` and 64 hexadecimal digits. It hashes, for each page in turn, the line
 *
 *     convo picture 1 <width>x<height>x<channels> <depth>\n
 *
 * in ASCII, and the samples, [y][x][channel], little-endian: 1 byte each at depth 8, 2 at 16, 4 (IEEE 754) at 32. For
 * floats, -0 is hashed as 0 and every NaN as 0x7fc00000. So the digest depends only on the decoded pixels, shape and
 * depth, and not on the format, compression, palette, profile or other metadata of a file. Alpha and the colours under
 * it are part of it. Digests are equal if `comparePictures` finds no difference without any tolerance, with profiles
 * ignored.
 */
export async function digestOf(...pages: readonly Picture[]): Promise<string> {
  const hash = createDigest()
  for (const page of pages) await hash.add(page)
  return hash.end()
}

/** Creates a digest to which pages are added one by one. */
export function createDigest() {
  const hash = createHash('sha256')
  return {
    add: (page: Picture) => addPage(hash, page),
    // pictures that are not read must not count as equal, so the bytes of the file are hashed instead
    addFile: async (bytes: Uint8Array) =>
      hash.update('convo file 1\n', 'ascii').update(await sha256InTurns(bytes), 'hex'),
    end: () => `sha256:${hash.digest('hex')}`,
  }
}

function addPage(hash: Hash, { width, height, channels, depth, data }: Picture): Promise<unknown> {
  invariant(isLittleEndian, 'samples in memory are little-endian')
  hash.update(`convo picture 1 ${width}x${height}x${channels} ${depth}\n`, 'ascii')
  return inTurns(data.length, (from, to) => {
    const part = data instanceof Float32Array ? plain(data.slice(from, to)) : data.subarray(from, to)
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  })
}

/** Normalises floats, in place, so that equal ones have equal bits. */
function plain(part: Float32Array): Float32Array {
  const bits = new Uint32Array(part.buffer)
  for (let i = 0; i < part.length; i++) {
    if (part[i] === 0) bits[i] = 0
    else if (Number.isNaN(part[i])) bits[i] = 0x7fc00000
  }
  return part
}
