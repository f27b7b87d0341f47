import { ConvoError } from '../error.ts'
import type { Metadata } from '../tensor/metadata.ts'
import { hasAlpha, type Picture } from '../tensor/picture.ts'
import { defined, optional } from '../text/record.ts'
import type { Seen } from './inspect.ts'
import { iptcOf, keptAsTurned, listed, type MetadataMode, sayingExif } from './metadata.ts'
import type { OwnPicture } from './own-picture.ts'
import { iccFits } from './png.ts'
import type { PngHead } from './png-head.ts'
import type { Kind, Probe } from './probe.ts'
import { textOf } from './reader.ts'
import type { Described } from './sharp.ts'
import { exifReader, exifResolution, pageOf, type Resolution } from './tiff-directory.ts'

/** The description of a picture from its file, before it is decoded. Its size is that after orientation. */
export type Header = Omit<Picture, 'data'> & {
  readonly kind: Kind
  readonly pages: number
  /** milliseconds for which each page of an animation is shown */
  readonly delay?: readonly number[]
  /** how often an animation plays; 0 means forever */
  readonly loop?: number
  /** Pictures in the file that are not decoded, in words. They must not count as equal to anything. */
  readonly unread: readonly string[]
  /** Whether all pages are known to have one shape and type of samples. */
  readonly isAlike: boolean
  /** Whether its rows are decoded as they are needed, unless all samples are asked for. */
  readonly inRows?: boolean
  /** Why the first page is not the picture, and what to do. */
  readonly preview?: { readonly why: string; readonly fix: string }
  /** Notes for the user: how it was read, and which pictures and metadata are not kept. */
  readonly notes: readonly string[]
  /** The notes that concern the pixels: a change of colour space, damage that was skipped. */
  readonly asRead: readonly string[]
}

// the parts of sharp's description of a file that are used here
type Always = 'width' | 'height' | 'autoOrient' | 'space' | 'channels' | 'depth' | 'hasAlpha'
type Perhaps = 'orientation' | 'bitsPerSample' | 'pages' | 'delay' | 'loop' | 'icc' | 'exif' | 'xmp' | 'iptc'
/** The decoder's description of a file. */
export type Facts = Readonly<Pick<Described, Always> & Partial<Pick<Described, Perhaps>>>

/**
 * Returns what the decoder would report about a PNG, if its chunks show everything. Loading the decoder takes as long as
 * filtering a small picture. Undefined if it must judge an unusual profile or EXIF block.
 */
export function factsOfPng(png: PngHead | undefined, { icc, exif }: Seen): Facts | undefined {
  if (png === undefined) return undefined
  const orientation = png.exif ? exif && orientationOf(exif) : 1
  if ((png.icc && (!icc || png.isSrgb)) || orientation === undefined) return undefined
  return {
    ...factsOf(png, orientation),
    ...defined({ icc: icc && Buffer.from(icc), exif: exif && Buffer.from(exif) }),
  }
}

/**
 * Returns the orientation in an EXIF block, 1 if there is none. Undefined if libpng or libexif may read it otherwise.
 */
function orientationOf(exif: Uint8Array): number | undefined {
  const start = textOf(exif, 0, 4)
  if (start !== 'II*\0' && start !== 'MM\0*') return undefined
  const first = pageOf(exifReader(exif))
  const { type, count, value } = first?.tags.get(274) ?? { type: 3, count: 1, value: 1 }
  return first !== undefined && type === 3 && count === 1 && value >= 1 && value <= 8 ? value : undefined
}

/** Returns what the decoder would report about a picture with these samples. */
export function factsOf(
  { width, height, channels, depth }: Pick<Picture, 'width' | 'height' | 'channels' | 'depth'>,
  orientation = 1,
): Facts {
  const form = ({ 8: 'uchar', 16: 'ushort', 32: 'float' } as const)[depth]
  const [gray, colour] = nativeSpaces[form]
  return {
    width,
    height,
    autoOrient: orientation > 4 ? { width: height, height: width } : { width, height },
    space: channels < 3 ? gray : colour,
    channels,
    depth: form,
    hasAlpha: hasAlpha(channels),
    orientation,
  }
}

/** How to ask the decoder for the samples as they are stored. */
export type Reading = {
  readonly space: 'b-w' | 'srgb' | 'grey16' | 'rgb16' | 'scrgb'
  readonly format: 'uchar' | 'ushort' | 'float'
  readonly ignoreIcc: boolean
  /** what the samples were converted from, if they could not be kept */
  readonly convertedFrom?: string
}

const nativeSpaces = {
  uchar: ['b-w', 'srgb'],
  ushort: ['grey16', 'rgb16'],
  float: ['b-w', 'srgb', 'scrgb'],
} as const
const depths = { uchar: 8, ushort: 16, float: 32 } as const

/**
 * Decides how to read the samples of a file: as they are, except for CMYK, which becomes sRGB.
 *
 * @throws ConvoError E_DECODE for more than four channels, signed samples and 32-bit integers
 */
export function readingOf(facts: Facts, name: string): Reading {
  const { space, depth, channels } = facts
  const refuse = (why: string) =>
    new ConvoError('E_DECODE', `${name} has samples of an unsupported type`, {
      why: `${name}: ${why}`,
      fix: 'a copy with 1 to 4 channels of 8 or 16 bits, or of 32-bit float',
    })
  if (channels > (space === 'cmyk' ? 5 : 4)) throw refuse(`it has ${channels} channels`)
  if (depth !== 'uchar' && depth !== 'ushort' && depth !== 'float') {
    throw refuse(`its samples are of type ${depth}`)
  }
  const native = nativeSpaces[depth].find((s) => s === space)
  if (native !== undefined) return { space: native, format: depth, ignoreIcc: true }
  // without its profile, the numbers of a CMYK picture do not define colours
  const asCmyk = { ignoreIcc: false, convertedFrom: 'CMYK' }
  if (space === 'cmyk' && depth === 'uchar') return { space: 'srgb', format: depth, ...asCmyk }
  // the decoder loses the alpha of 16-bit CMYK
  if (space === 'cmyk' && depth === 'ushort' && channels === 4)
    return { space: 'rgb16', format: depth, ...asCmyk }
  throw refuse(`its samples are of type ${depth} in the colour space ${space}`)
}

const unfitIcc = 'the ICC profile is damaged or for a different colour space, and was ignored'

/** Builds the header of a picture from the results of the decoder and the first bytes. */
export function headerOf(
  kind: Kind,
  facts: Facts,
  { png, resolution: stored }: Probe,
  seen: Seen,
  reading: Reading,
  orient: boolean,
  mode: MetadataMode,
  name: string,
): Header {
  const colours = reading.space === 'b-w' || reading.space === 'grey16' ? 1 : 3
  const channels = (colours + (facts.hasAlpha || seen.apng?.addsAlpha ? 1 : 0)) as 1 | 2 | 3 | 4
  const { apng } = seen
  // the pictures of an animation build on each other as stored, so they are not turned
  const turns = orient && apng === undefined
  const { width, height } = turns ? facts.autoOrient : facts
  // if both state a resolution, EXIF takes precedence in a JPEG, as in libvips and ImageMagick, and the rest of the
  // file in other formats
  const inExif =
    stored === undefined || kind === 'jpeg' ? facts.exif && exifResolution(facts.exif) : undefined
  const resolution = inExif ?? stored
  const isTurned = turns && (facts.orientation ?? 1) > 4
  const orientation = turns ? undefined : facts.orientation
  const keepsIcc =
    facts.icc !== undefined && reading.convertedFrom === undefined && iccFits(facts.icc, channels)
  const asRead: string[] = []
  if (reading.convertedFrom !== undefined) asRead.push(`converted from ${reading.convertedFrom} to sRGB`)
  if ((png?.icc || facts.icc !== undefined) && !keepsIcc && reading.convertedFrom === undefined)
    asRead.push(unfitIcc)
  if (apng !== undefined && (facts.orientation ?? 1) > 1)
    asRead.push(`the orientation of ${name} was ignored: it is an animation`)
  asRead.push(...seen.notes)
  const notes = [...asRead]
  if (seen.unread.length > 0) notes.push(`not read from ${name}: ${listed(seen.unread)}`)
  const isShownTurned = turns && (facts.orientation ?? 1) > 1
  const { metadata, notes: unplaced } = keptAsTurned(metadataOf(facts, seen), isShownTurned, mode, name)
  notes.push(...unplaced, ...lostNote(seen.metadata, mode, name))
  return {
    kind,
    width,
    height,
    channels,
    depth: depths[reading.format],
    pages: apng?.frames.length ?? facts.pages ?? 1,
    ...(apng !== undefined
      ? { delay: apng.frames.map(({ delay }) => delay), loop: apng.loop }
      : defined({ delay: facts.delay, loop: facts.loop })),
    unread: seen.unread,
    isAlike: seen.isAlike ?? false,
    ...defined({ preview: seen.preview }),
    meta: {
      ...(keepsIcc && { icc: new Uint8Array(facts.icc) }),
      ...(resolution !== undefined && { resolution: isTurned ? swap(resolution) : resolution }),
      // no sRGB chunk is written, and a gAMA that contradicts it would then apply
      ...(png?.gamma !== undefined && !(png.isSrgb && png.gamma !== 45455) && { gamma: png.gamma }),
      ...optional('colours', png?.colours ?? seen.colours),
      ...(png?.isSrgb && { isSrgb: true as const }),
      ...(orientation !== undefined && orientation !== 1 && { orientation }),
      ...(metadata !== undefined && { metadata }),
      ...(seen.coding !== undefined && reading.convertedFrom === undefined && { jpeg: seen.coding }),
    },
    notes,
    asRead,
  }
}

/** Returns a note on the metadata that an output loses, if it was to be kept. */
export function lostNote(metadata: readonly string[], mode: MetadataMode, name: string): string[] {
  const lost = mode === 'keep' ? [...new Set(metadata)] : []
  return lost.length > 0 ? [`${listed(lost)} of ${name} ${lost.length > 1 ? 'are' : 'is'} lost`] : []
}

function metadataOf({ exif, xmp, iptc }: Facts, { held = {} }: Seen): Metadata {
  const filled = (bytes: Uint8Array | undefined) => (bytes?.length ? new Uint8Array(bytes) : undefined)
  const records = iptc && iptcOf(iptc)
  return { ...defined({ exif: sayingExif(exif), xmp: filled(xmp), iptc: filled(records) }), ...held }
}

/** Builds the header of a picture that is read here. */
export const ownHeader = (kind: Kind, picture: OwnPicture, name: string): Header => {
  const { width, height, channels, depth, full, resolution, icc, isLinear, unread = [] } = picture
  const keepsIcc = icc !== undefined && iccFits(icc, channels)
  const asRead = [...(picture.asRead ?? []), ...(icc !== undefined && !keepsIcc ? [unfitIcc] : [])]
  return {
    ...{ kind, width, height, channels, depth },
    ...defined({ full }),
    pages: 1,
    meta: { ...(keepsIcc && { icc }), ...defined({ resolution, isLinear }) },
    unread,
    isAlike: true,
    notes: [...asRead, ...(unread.length === 0 ? [] : [`not read from ${name}: ${listed(unread)}`])],
    asRead,
  }
}

const swap = ([x, y]: Resolution): Resolution => [y, x]
