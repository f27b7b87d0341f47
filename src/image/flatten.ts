import { copied, inTurns } from '../host/turns.ts'
import type { Depth, Samples } from '../tensor/picture.ts'
import { hasAlpha, type Picture } from '../tensor/picture.ts'
import type { Colour } from './colour.ts'
import { curveOf, type Light, lightEncoder, linearTables, toLinear } from './light.ts'

type Pixels = Pick<Picture, 'width' | 'height' | 'channels' | 'depth' | 'data'>

/** Removes the alpha from a picture, which makes hidden colours visible. */
export async function withoutAlpha<P extends Pixels>(picture: P): Promise<P> {
  const { channels, data } = picture
  if (!hasAlpha(channels)) return picture
  const kept = (channels - 1) as 1 | 3
  const out = samplesLike(data, (data.length / channels) * kept)
  await inTurns(data.length / channels, (first, end) => {
    for (let from = first * channels, to = first * kept; to < end * kept; from += channels) {
      for (let c = 0; c < kept; c++) out[to++] = data[from + c]!
    }
  })
  return { ...picture, channels: kept, data: out }
}

/** Whether any pixel is fully transparent, so that its colour is hidden. */
export const hasHidden = (picture: Pixels): Promise<boolean> =>
  hasAlphaWhere(picture, (alpha) => !(alpha > 0))

/** Whether the alpha of any pixel passes the test. */
export const hasAlphaWhere = async (
  { channels, data }: Pick<Pixels, 'channels' | 'data'>,
  isMeant: (alpha: number) => boolean,
): Promise<boolean> =>
  hasAlpha(channels) &&
  inTurns(data.length / channels, (first, end) => {
    for (let i = (first + 1) * channels - 1; i < end * channels; i += channels)
      if (isMeant(data[i]!)) return true
    return false
  })

/**
 * Replaces hidden samples that are not finite by black, because a weight of 0 does not remove them. It does the same
 * where alpha is below 0 or not a number.
 */
export async function blackened<P extends Pixels>(picture: P): Promise<P> {
  const { channels, data: given } = picture
  if (!hasAlpha(channels)) return picture
  let data = given
  const blacken = (first: number, end: number): boolean => {
    for (let i = (first + 1) * channels - 1; i < end * channels; i += channels) {
      const alpha = data[i]!
      if (alpha > 0) continue
      for (let c = i + 1 - channels; c < i; c++) {
        if (alpha === 0 && Number.isFinite(data[c]!)) continue
        // the input must not change
        if (data === given) return true
        data[c] = 0
      }
    }
    return false
  }
  const pixels = given.length / channels
  if (!(await inTurns(pixels, blacken))) return picture
  data = await copied(given)
  await inTurns(pixels, blacken)
  return { ...picture, data }
}

/**
 * Flattens a picture onto a colour, without alpha: colour · a + background · (1 − a), where a is alpha over `full`.
 * Integer samples are rounded to the nearest level of their depth, as if the picture had been flat from the start. With
 * `light`, the sum is computed in linear light. Gray stays gray over a gray background, else it becomes RGB.
 *
 * @param full the value of white, and of opaque alpha
 * @param light the tone curves of integer samples
 */
export async function flatten<P extends Pixels>(
  picture: P,
  background: Colour,
  full: number,
  light?: Light,
): Promise<P> {
  const { channels, data, depth } = picture
  if (!hasAlpha(channels)) return picture
  const isGray = channels === 2 && background[0] === background[1] && background[1] === background[2]
  const made = channels === 2 && isGray ? 1 : 3
  const isWhole = depth !== 32
  const mix = Array.from({ length: made }, (_, c) =>
    mixer((background[c]! * full) / 255, full, isWhole, light && curveOf(light, c, made)),
  )
  const out = samplesLike(data, (data.length / channels) * made)
  await inTurns(data.length / channels, (first, end) => {
    for (let from = first * channels, to = first * made; to < end * made; from += channels, to += made) {
      const alpha = data[from + channels - 1]!
      for (let c = 0; c < made; c++) out[to + c] = mix[c]!(data[from + (channels === 2 ? 0 : c)]!, alpha)
    }
  })
  return { ...picture, channels: made, data: out }
}

type Mix = (colour: number, alpha: number) => number

function mixer(ground: number, full: number, isWhole: boolean, curve?: Parameters<typeof toLinear>[1]): Mix {
  if (!isWhole) {
    return (colour, alpha) => {
      if (!(alpha > 0)) return ground
      return alpha >= full ? colour : ground + (colour - ground) * (alpha / full)
    }
  }
  // the sum of integers is exact, and full is odd, so no sum is halfway between two levels
  if (curve === undefined) {
    return (colour, alpha) => Math.round((colour * alpha + ground * (full - alpha)) / full)
  }
  const table = linearTables({ curves: [curve], name: '' }, full)
  const encode = lightEncoder(curve, full)
  const under = full * toLinear(ground / full, curve)
  return (colour, alpha) => {
    if (alpha === 0) return ground
    if (alpha === full) return colour
    return encode((table[colour]! * alpha + under * (full - alpha)) / full)
  }
}

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
