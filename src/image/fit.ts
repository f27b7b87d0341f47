import { to8Bits } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { inTurns } from '../host/turns.ts'
import type { Metadata } from '../tensor/metadata.ts'
import { fullScale, hasAlpha, type Picture, type PictureMeta } from '../tensor/picture.ts'
import { textFields } from './exif.ts'
import { hasAlphaWhere, samplesLike, withoutAlpha } from './flatten.ts'
import { type OutputFormat, traitsOf } from './format.ts'
import { chromaNotes, isComment, mostInSegment, type Subsampling } from './jpeg.ts'
import { linearGamma } from './light.ts'
import { listed, metadataNames } from './metadata.ts'
import { iccFits } from './png.ts'

/**
 * Fits a picture to what a format can hold. 16 bits become 8 if it has no more, with a note. Alpha is dropped if the
 * format has none and every pixel is opaque. A change that would alter the look of the picture is refused.
 *
 * @throws ConvoError E_OUTPUT for float samples, and for transparent pixels in a format without alpha
 */
export async function fitFormat(picture: Picture, format: OutputFormat, subsampling?: Subsampling) {
  const traits = traitsOf(format)
  const notes = lossesOf(picture, format, subsampling)
  let fitted = picture
  if (picture.depth === 32 && !traits.depths.includes(32)) {
    throw new ConvoError('E_OUTPUT', `${format} files with float samples cannot be written`, {
      why: `${format} has ${traits.depths.join(' or ')} bits`,
      fix: 'an output path ending in .npy, or --depth',
    })
  }
  if (picture.data instanceof Uint16Array && !traits.depths.includes(16)) {
    fitted = { ...picture, depth: 8, data: await levels8(picture.data) }
  }
  if (traits.alpha === 'none' && hasAlpha(fitted.channels)) fitted = await withoutOpaqueAlpha(fitted, format)
  if (traits.colours === 'bilevel' && (await hasLevels(fitted)))
    notes.push(`${format} has black and white alone: levels from the middle on became white`)
  if (traits.alpha === 'on-off' && (await hasAlphaWhere(fitted, isSoft))) {
    notes.push(`${format} has no partial transparency: pixels became opaque or transparent`)
  }
  if (format === 'gif' && (await hasMoreColours(fitted, 256))) {
    notes.push('gif has 256 colours: the picture was reduced to them')
  }
  return { picture: fitted, notes }
}

/**
 * Returns notes on what an output cannot hold of a picture and its metadata, whatever its samples are. A gAMA of 1/2.2,
 * which encoders write for sRGB, is no loss, and neither are 72 dots per inch or 1000 per metre, which they write if
 * they do not know the resolution.
 *
 * @param depth bits of the samples that are made, before a format with fewer bits rounds them
 */
export function lossesOf(
  made: { readonly depth: number; readonly channels: number; readonly meta: PictureMeta },
  format: OutputFormat | 'npy',
  subsampling?: Subsampling,
): string[] {
  const { depth, channels, meta } = made
  const { depths, colours, holds, metadata: held } = traitsOf(format)
  const { icc, gamma, isSrgb, resolution, orientation, metadata = {} } = meta
  const isRounded = depth === 16 && format !== 'npy' && !depths.includes(16) && colours !== 'bilevel'
  const has = (what: (typeof holds)[number]) => holds.includes(what)
  const isUnfit = icc !== undefined && has('profile') && !iccFits(icc, channels)
  const isGamma = gamma !== undefined && gamma !== 45455 && icc === undefined && !isSrgb
  // a JPEG has short segments and holds only comments as text; EXIF holds some other texts
  const isHeld = (key: keyof Metadata): boolean => {
    if (key === 'text' && format !== 'png' && held.includes('exif')) {
      const fields = textFields(metadata)
      return metadata.text!.every((one) => fields.has(one) || (held.includes(key) && isComment(one)))
    }
    const size = metadata[key] instanceof Uint8Array ? (metadata[key] as Uint8Array).length : 0
    return held.includes(key) && (format !== 'jpeg' || size <= mostInSegment)
  }
  const lost = [
    ...(icc !== undefined && !has('profile') ? ['the ICC profile'] : []),
    ...(isGamma && !has('gamma')
      ? [gamma === linearGamma ? 'that its light is linear: it looks dark' : 'the gamma (gAMA)']
      : []),
    ...(!has('resolution') && resolution?.some((n) => n !== 1000 && Math.round(n * 0.0254) !== 72)
      ? ['the resolution']
      : []),
    ...(orientation !== undefined && !has('orientation') ? ['the orientation'] : []),
    ...(Object.keys(metadataNames) as (keyof Metadata)[])
      .filter((key) => metadata[key] !== undefined && !isHeld(key))
      .map((key) => metadataNames[key]),
  ]
  return [
    ...(isRounded ? [`${format} has 8 bits: 16-bit samples were rounded`] : []),
    ...(lost.length > 0 ? [`${format} cannot store ${listed(lost)}`] : []),
    ...(isUnfit
      ? [`the ICC profile was dropped: the output is ${channels < 3 ? 'gray' : 'RGB'}, the profile is not`]
      : []),
    ...chromaNotes(format, meta, channels, subsampling),
  ]
}

/** Converts 16-bit samples to 8 bits. */
export async function levels8(data: Uint16Array): Promise<Uint8Array> {
  const out = new Uint8Array(data.length)
  await inTurns(data.length, (from, to) => to8Bits(data, out, from, to))
  return out
}

/** Converts gray to RGB, and gray with alpha to RGBA. */
export async function inColour(picture: Picture): Promise<Picture> {
  const { channels, data } = picture
  if (channels > 2) return picture
  const made = channels === 1 ? 3 : 4
  const out = samplesLike(data, (data.length / channels) * made)
  await inTurns(data.length / channels, (first, end) => {
    for (let from = first * channels, to = first * made; to < end * made; from += channels, to += made) {
      out[to] = out[to + 1] = out[to + 2] = data[from]!
      if (made === 4) out[to + 3] = data[from + 1]!
    }
  })
  return { ...picture, channels: made, data: out }
}

async function withoutOpaqueAlpha(picture: Picture, format: OutputFormat): Promise<Picture> {
  const { width, height, depth } = picture
  let count = 0
  const full = fullScale(depth)
  await hasAlphaWhere(picture, (alpha) => {
    if (alpha < full) count++
    return false
  })
  if (count > 0) {
    throw new ConvoError('E_OUTPUT', `${format} has no alpha, and the picture has transparent pixels`, {
      why: `${count} of ${width * height} pixels are not opaque`,
      fix: '--background white, or an output path ending in .png or .webp',
    })
  }
  return withoutAlpha(picture)
}

const hasLevels = ({ data }: Picture): Promise<boolean> =>
  inTurns(data.length, (from, end) => {
    for (let i = from; i < end; i++) if (data[i]! > 0 && data[i]! < 255) return true
    return false
  })

const isSoft = (alpha: number): boolean => alpha > 0 && alpha < 255

/** Whether an 8-bit picture has more colours than a palette. For most photographs a few pixels show it. */
function hasMoreColours({ data, channels }: Picture, limit: number): Promise<boolean> {
  const seen = new Set<number>()
  return inTurns(data.length / channels, (first, end) => {
    for (let i = first * channels; i < end * channels; i += channels) {
      let colour = 0
      for (let c = 0; c < channels; c++) colour = colour * 256 + data[i + c]!
      if (seen.add(colour).size > limit) return true
    }
    return false
  })
}
