import { hasAlpha, type Picture, type Samples } from '../tensor/picture.ts'
import type { Colour } from './colour.ts'
import { curveOf, type Light, lightEncoder, linearTables, toLinear } from './light.ts'

/** The samples of a picture, without what goes with it in its file. */
type Pixels = Pick<Picture, 'width' | 'height' | 'channels' | 'depth' | 'data'>

/** Room for as many samples of the same kind. */
const samplesLike = (data: Samples, count: number): Samples =>
  new (data.constructor as new (length: number) => Samples)(count)

/** The picture without its alpha: colours that were hidden are seen. */
export function withoutAlpha<P extends Pixels>(picture: P): P {
  const { channels, data } = picture
  if (!hasAlpha(channels)) return picture
  const kept = (channels - 1) as 1 | 3
  const out = samplesLike(data, (data.length / channels) * kept)
  for (let from = 0, to = 0; from < data.length; from += channels) {
    for (let c = 0; c < kept; c++) out[to++] = data[from + c]!
  }
  return { ...picture, channels: kept, data: out }
}

/** Whether some pixel is wholly transparent, so that its colour is not seen. */
export function hasHidden({ channels, data }: Pixels): boolean {
  if (!hasAlpha(channels)) return false
  for (let i = channels - 1; i < data.length; i += channels) if (!(data[i]! > 0)) return true
  return false
}

/**
 * The picture with black for hidden samples that are not finite, which no weight of 0 hides, and where alpha is below 0 or
 * not a number.
 */
export function blackened<P extends Pixels>(picture: P): P {
  const { channels, data: given } = picture
  if (!hasAlpha(channels)) return picture
  let data = given
  for (let i = channels - 1; i < data.length; i += channels) {
    const alpha = data[i]!
    if (alpha > 0) continue
    for (let c = i + 1 - channels; c < i; c++) {
      if (alpha === 0 && Number.isFinite(data[c]!)) continue
      if (data === given) data = given.slice()
      data[c] = 0
    }
  }
  return { ...picture, data }
}

/**
 * The picture flattened onto a colour, without alpha: colour · a + background · (1 − a), a being alpha over `full`. Whole
 * samples are rounded to the nearest level of their depth, as if the picture had come flattened. With `light` the sum is
 * made of linear light. Gray stays gray over a gray; else it becomes RGB.
 *
 * @param full what is white, and opaque
 * @param light the tone curves of whole samples
 */
export function flatten<P extends Pixels>(picture: P, background: Colour, full: number, light?: Light): P {
  const { channels, data, depth } = picture
  if (!hasAlpha(channels)) return picture
  const isGray = channels === 2 && background[0] === background[1] && background[1] === background[2]
  const made = channels === 2 && isGray ? 1 : 3
  const isWhole = depth !== 32
  const mix = Array.from({ length: made }, (_, c) =>
    mixer((background[c]! * full) / 255, full, isWhole, light && curveOf(light, c, made)),
  )
  const out = samplesLike(data, (data.length / channels) * made)
  for (let from = 0, to = 0; from < data.length; from += channels, to += made) {
    const alpha = data[from + channels - 1]!
    for (let c = 0; c < made; c++) out[to + c] = mix[c]!(data[from + (channels === 2 ? 0 : c)]!, alpha)
  }
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
  // of whole numbers the sum is exact, and full is odd: no sum is in the middle of two levels
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
