import { ConvoError } from '../error.ts'
import type { Depth, PictureMeta } from '../tensor/picture.ts'
import { iccFits } from './png.ts'
import type { Kind, PngHead, Probe } from './probe.ts'
import { exifResolution, type Resolution } from './resolution.ts'

/** What a file says of the picture in it, before it is decoded. */
export type Header = {
  readonly kind: Kind
  /** after orientation, as is the height */
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: Depth
  readonly pages: number
  /** milliseconds that each page of an animation is shown */
  readonly delay?: readonly number[]
  /** how often an animation plays, 0 for ever */
  readonly loop?: number
  readonly meta: PictureMeta
  /** What a user should know: a change of colour space, pages left out. */
  readonly notes: readonly string[]
}

/** What the decoder says of a file: the part of sharp's metadata that is used here. */
export type Facts = {
  readonly width: number
  readonly height: number
  readonly autoOrient: { readonly width: number; readonly height: number }
  readonly orientation?: number | undefined
  /** libvips' name of the colour space */
  readonly space: string
  readonly channels: number
  /** libvips' name of the sample type */
  readonly depth: string
  readonly bitsPerSample?: number | undefined
  readonly hasAlpha: boolean
  readonly pages?: number | undefined
  readonly delay?: readonly number[] | undefined
  readonly loop?: number | undefined
  readonly icc?: Uint8Array | undefined
  readonly exif?: Uint8Array | undefined
}

/**
 * What the decoder would say of a PNG whose first chunks tell it all: asking costs a millisecond or two, and a round
 * through its threads. Nothing where a profile or EXIF data must be looked at.
 */
export function factsOfPng(png: PngHead | undefined): Facts | undefined {
  if (png === undefined || png.hasIcc || png.hasExif || png.isAnimated) return undefined
  const { width, height, channels, depth } = png
  const isGray = channels < 3
  return {
    width,
    height,
    autoOrient: { width, height },
    space: depth === 16 ? (isGray ? 'grey16' : 'rgb16') : isGray ? 'b-w' : 'srgb',
    channels,
    depth: depth === 16 ? 'ushort' : 'uchar',
    hasAlpha: channels === 2 || channels === 4,
  }
}

/** How to ask the decoder for the samples as they are stored. */
export type Reading = {
  readonly space: 'b-w' | 'srgb' | 'grey16' | 'rgb16' | 'scrgb'
  readonly format: 'uchar' | 'ushort' | 'float'
  readonly ignoreIcc: boolean
  /** what the samples were converted from, where they could not be kept */
  readonly convertedFrom?: string
}

const nativeSpaces = {
  uchar: ['b-w', 'srgb'],
  ushort: ['grey16', 'rgb16'],
  float: ['b-w', 'srgb', 'scrgb'],
} as const
const depths = { uchar: 8, ushort: 16, float: 32 } as const

/**
 * How to read the samples of a file: as they are, but CMYK and Lab as sRGB.
 *
 * @throws ConvoError E_DECODE for more than four channels, signed and 32-bit whole samples
 */
export function readingOf(facts: Facts, name: string): Reading {
  const { space, depth, channels } = facts
  const refuse = (why: string) =>
    new ConvoError('E_DECODE', `${name} holds samples of a kind that is not read`, {
      why: `${name}: ${why}`,
      fix: 'a copy with 1 to 4 channels of 8 or 16 bits, or of 32-bit float',
    })
  if (channels > (space === 'cmyk' ? 5 : 4)) throw refuse(`it has ${channels} channels`)
  if (depth !== 'uchar' && depth !== 'ushort' && depth !== 'float') {
    throw refuse(`its samples are of type ${depth}`)
  }
  const native = nativeSpaces[depth].find((s) => s === space)
  if (native !== undefined) return { space: native, format: depth, ignoreIcc: true }
  if (space === 'lab' || space === 'labs') {
    return { space: 'rgb16', format: 'ushort', ignoreIcc: true, convertedFrom: 'Lab' }
  }
  if (space === 'cmyk' && depth === 'uchar') {
    // its profile is what gives the numbers of a CMYK picture a colour at all
    return { space: 'srgb', format: 'uchar', ignoreIcc: false, convertedFrom: 'CMYK' }
  }
  throw refuse(`its samples are of type ${depth} in the colour space ${space}`)
}

/**
 * Checks the size of a page against the limit.
 *
 * @throws ConvoError E_TOO_LARGE for more than `maxPixels` pixels
 */
export function checkSize(
  size: { readonly width: number; readonly height: number },
  maxPixels: number,
  name: string,
) {
  const pixels = size.width * size.height
  if (pixels <= maxPixels) return
  throw new ConvoError('E_TOO_LARGE', `${name} has more pixels than allowed`, {
    why: `${name}: ${size.width}x${size.height} is ${pixels} pixels, the limit is ${maxPixels}`,
    fix: `--max-pixels ${pixels}`,
  })
}

/** The header of a picture from what the decoder and the first bytes say. */
export function headerOf(
  kind: Kind,
  facts: Facts,
  { png, resolution: stored }: Probe,
  reading: Reading,
  orient: boolean,
): Header {
  const colours = reading.space === 'b-w' || reading.space === 'grey16' ? 1 : 3
  const channels = (colours + (facts.hasAlpha ? 1 : 0)) as 1 | 2 | 3 | 4
  const { width, height } = orient ? facts.autoOrient : facts
  const resolution = stored ?? (facts.exif && exifResolution(facts.exif))
  const isTurned = orient && (facts.orientation ?? 1) > 4
  const keepsIcc =
    facts.icc !== undefined && reading.convertedFrom === undefined && iccFits(facts.icc, channels)
  const notes: string[] = []
  if (reading.convertedFrom !== undefined) notes.push(`converted from ${reading.convertedFrom} to sRGB`)
  if (png?.hasIcc && !keepsIcc)
    notes.push('the ICC profile is damaged or for other colours, and was left out')
  if (png?.isAnimated) notes.push('of an animated PNG only the first picture is read')
  return {
    kind,
    width,
    height,
    channels,
    depth: depths[reading.format],
    pages: facts.pages ?? 1,
    ...(facts.delay !== undefined && { delay: facts.delay }),
    ...(facts.loop !== undefined && { loop: facts.loop }),
    meta: {
      ...(keepsIcc && { icc: new Uint8Array(facts.icc) }),
      ...(resolution !== undefined && { resolution: isTurned ? swap(resolution) : resolution }),
      ...(png?.gamma !== undefined && { gamma: png.gamma }),
      ...(png?.isSrgb && { isSrgb: true as const }),
    },
    notes,
  }
}

const swap = ([x, y]: Resolution): Resolution => [y, x]
