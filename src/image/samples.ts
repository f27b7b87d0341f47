import { inTurns } from '../host/turns.ts'
import type { Depth, Samples } from '../tensor/picture.ts'

/** Views bytes as samples, in the byte order of the machine. It copies only if they are not aligned. */
export function viewSamples(bytes: Uint8Array, depth: Depth): Samples {
  if (depth === 8) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const size = depth / 8
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  const length = bytes.length / size
  return depth === 16
    ? new Uint16Array(buffer, byteOffset, length)
    : new Float32Array(buffer, byteOffset, length)
}

/** Extracts gray and alpha from RGBA with equal colours. */
export async function grayAlphaOf(rgba: Samples): Promise<Samples> {
  const pairs = samplesLike(rgba, rgba.length / 2)
  await inTurns(pairs.length / 2, (from, to) => {
    for (let i = 2 * from; i < 2 * to; i += 2) {
      pairs[i] = rgba[2 * i]!
      pairs[i + 1] = rgba[2 * i + 3]!
    }
  })
  return pairs
}

/** Allocates an array of the same type for another number of samples. */
export const samplesLike = <S extends Samples>(data: S, count: number): S =>
  new (data.constructor as new (length: number) => S)(count)

/**
 * Spreads samples of 9 to 15 bits, stored in the high bits of 16, over 0..65535, in place. The empty low bits are
 * filled with the high ones, so white stays white.
 */
export const spread = (samples: Uint16Array, bits: number): Promise<unknown> =>
  inTurns(samples.length, (from, to) => {
    for (let i = from; i < to; i++) samples[i] = samples[i]! | (samples[i]! >> bits)
  })
