import type { Depth, Samples } from '../tensor/picture.ts'

/** The samples that are in bytes, in the byte order of the machine; copied only where they are not aligned. */
export function viewSamples(bytes: Uint8Array, depth: Depth): Samples {
  if (depth === 8) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const size = depth / 8
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  const length = bytes.length / size
  return depth === 16
    ? new Uint16Array(buffer, byteOffset, length)
    : new Float32Array(buffer, byteOffset, length)
}

/** Gray and alpha, out of RGBA in which the colours are equal. */
export function grayAlphaOf(rgba: Samples): Samples {
  const pairs = new (rgba.constructor as new (length: number) => Samples)(rgba.length / 2)
  for (let i = 0; i < pairs.length; i += 2) {
    pairs[i] = rgba[2 * i]!
    pairs[i + 1] = rgba[2 * i + 3]!
  }
  return pairs
}

/**
 * Spreads samples of 9 to 15 bits, held in the high bits of 16, over 0..65535, in place: the empty low bits are filled with
 * the high ones, so that white is white.
 */
export function spread(samples: Uint16Array, bits: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! | (samples[i]! >> bits)
}

/** The largest magnitude of float samples, 0 where there are none and NaN where one is not a number. */
export function peakOf(samples: Float32Array): number {
  let peak = 0
  // a loop over the values themselves takes 8 times as long
  for (let i = 0; i < samples.length; i++) {
    const magnitude = Math.abs(samples[i]!)
    if (magnitude <= peak) continue
    if (Number.isNaN(magnitude)) return Number.NaN
    peak = magnitude
  }
  return peak
}
