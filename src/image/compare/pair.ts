import { type Depth, fullOf, fullScale, hasAlpha, type Picture, type Samples } from '../../tensor/picture.ts'
import type { AlphaRule } from './tolerance.ts'

/** The common format of two pictures that are compared. */
export type Frame = {
  readonly depth: Depth
  readonly full: number
  /** how many samples of a pixel are compared, from the first on */
  readonly compared: number
  /** the larger width and the larger height */
  readonly width: number
  readonly height: number
}

/** Two pictures of equal channels and depth; their sizes may differ. */
export type Pair = Frame & {
  readonly expected: Picture
  readonly actual: Picture
  readonly channels: 1 | 2 | 3 | 4
  /** `visible` only if there is an alpha channel */
  readonly alpha: AlphaRule
}

/**
 * Converts two pictures to one format: gray becomes RGB, missing alpha opaque, the lower depth the higher. The
 * mismatches are the properties that had to be converted.
 *
 * @param given the full scale of floats; by default the smaller one of the two pictures, so that no difference looks
 *   smaller than it is
 */
export function pairUp(expected: Picture, actual: Picture, alpha: AlphaRule, given?: number) {
  const colours = (p: Picture) => (p.channels < 3 ? 1 : 3)
  const mixed = Math.max(colours(expected), colours(actual))
  const withAlpha = hasAlpha(expected.channels) || hasAlpha(actual.channels)
  const channels = (mixed + (withAlpha ? 1 : 0)) as 1 | 2 | 3 | 4
  const depth = Math.max(expected.depth, actual.depth) as Depth
  const floats = [expected, actual].filter((p) => p.depth === 32).map((p) => fullOf(p))
  const full = depth === 32 ? (given ?? Math.min(...floats)) : fullScale(depth)
  const isAlphaAlone = colours(expected) === colours(actual) && alpha !== 'strict'
  return {
    pair: {
      expected: alike(expected, channels, depth, full),
      actual: alike(actual, channels, depth, full),
      channels,
      depth,
      full,
      compared: alpha === 'strict' ? channels : mixed,
      alpha: withAlpha ? alpha : 'strict',
      width: Math.max(expected.width, actual.width),
      height: Math.max(expected.height, actual.height),
    },
    mismatches: unlikeFormats(expected, actual).filter((one) => one === 'depth' || !isAlphaAlone),
  }
}

/** The properties of their samples in which two pictures differ. */
export const unlikeFormats = (expected: Picture, actual: Picture) =>
  (['channels', 'depth'] as const).filter((one) => expected[one] !== actual[one])

function alike(picture: Picture, channels: 1 | 2 | 3 | 4, depth: Depth, full: number): Picture {
  if (picture.channels === channels && picture.depth === depth) return picture
  const pixels = picture.width * picture.height
  const from = picture.channels
  const data = new { 8: Uint8Array, 16: Uint16Array, 32: Float32Array }[depth](pixels * channels)
  const [factor, divisor] =
    depth === picture.depth ? [1, 1] : depth === 16 ? [257, 1] : [full, fullScale(picture.depth)]
  const opaque = full
  const alphaAt = hasAlpha(channels) ? channels - 1 : -1
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      const isOpaque = c === alphaAt && !hasAlpha(from)
      const source = c === alphaAt ? from - 1 : from < 3 ? 0 : c
      data[p * channels + c] = isOpaque ? opaque : (picture.data[p * from + source]! * factor) / divisor
    }
  }
  return { ...picture, channels, depth, data }
}

export const haveEqualBits = (a: Samples, b: Samples): boolean => bytesOf(a).equals(bytesOf(b))

/** Returns the bytes of samples, over the same memory. */
export const bytesOf = (data: Samples): Buffer =>
  Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
