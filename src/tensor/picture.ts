import { inTurns } from '../host/turns.ts'
import type { Metadata } from './metadata.ts'

/** Bits of a sample: 8 and 16 are unsigned whole numbers, 32 is float32. */
export type Depth = 8 | 16 | 32

/** Samples of each depth. */
export type Samples = Uint8Array | Uint16Array | Float32Array

/**
 * A decoded picture: samples interleaved, [y][x][channel], at their native depth.
 * Channels: 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha. Alpha is straight, not premultiplied.
 */
export type Picture = {
  /** Pixels of a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a sample; 32 are floats. */
  readonly depth: Depth
  /** Its samples, interleaved, row by row. */
  readonly data: Samples
  /** What else its file says. */
  readonly meta: PictureMeta
  /** The full scale of float samples, where the file or the user says it; else it is guessed from them. */
  readonly full?: number
}

/** Samples of a picture whose upper rows may be there before the whole. */
export type Arriving = {
  /** How many rows `upper` has. */
  readonly rows: number
  readonly upper: Promise<Samples>
  readonly whole: Promise<Samples>
}

/** What travels with the samples from file to file. */
export type PictureMeta = {
  /** ICC profile, as stored. */
  readonly icc?: Uint8Array
  /** Resolution in pixels per metre, x and y. */
  readonly resolution?: readonly [x: number, y: number]
  /** EXIF orientation 2..8 of samples that were not turned. */
  readonly orientation?: number
  /** PNG gAMA: 1/gamma times 100000. */
  readonly gamma?: number
  /** Colours other than sRGB that a PNG or AVIF states without a profile, such as `cICP 9,16,0,1`: compared, not written. */
  readonly colours?: string
  /** Floats of linear light, as Radiance and OpenEXR pictures have. */
  readonly isLinear?: true
  /** A PNG with an sRGB chunk, which goes before gAMA. */
  readonly isSrgb?: true
  /** EXIF, XMP and other words about the picture. */
  readonly metadata?: Metadata
  /** The size of the picture that GeoTIFF data places on a map, where that is known. */
  readonly placed?: readonly [width: number, height: number]
  /** How a JPEG was encoded, for one that is made of it: libjpeg's quality, and its chroma as `4:2:0`. */
  readonly jpeg?: { readonly quality: number; readonly subsampling: string }
}

/** True when the last channel is alpha. */
export const hasAlpha = (channels: number): boolean => channels === 2 || channels === 4

/** The largest sample of whole samples; floats have none of their own. */
export const fullScale = (depth: Depth): number => (depth === 16 ? 65535 : 255)

/** The depth in which samples of a full scale are written, unless another is asked for. */
export const depthOfFull = (full: number): 8 | 16 => (full > 255 ? 16 : 8)

/** Smallest and largest sample. */
export type Extremes = { readonly min: number; readonly max: number }

/** Extremes, and the largest magnitude of all samples: infinite or NaN where one is. */
export type Seen = Extremes & { readonly peak: number }

/** The smallest and the largest of the finite samples; `min` > `max` where there are none. */
export function seenIn(data: ArrayLike<number>, from = 0, to = data.length): Seen {
  let [min, max, odd] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (let i = from; i < to; i++) {
    const v = data[i]!
    if (v - v !== 0) odd += Math.abs(v)
    else {
      if (v < min) min = v
      if (v > max) max = v
    }
  }
  return { min, max, peak: odd === 0 ? Math.max(0, -min, max) : odd }
}

/** `seenIn` all samples of a picture. */
export async function extremes(data: ArrayLike<number>): Promise<Seen> {
  let all = seenIn([])
  await inTurns(data.length, (from, to) => {
    const { min, max, peak } = seenIn(data, from, to)
    all = { min: Math.min(all.min, min), max: Math.max(all.max, max), peak: Math.max(all.peak, peak) }
  })
  return all
}

/**
 * The full scale of float samples that nothing is known about: 1 where all finite ones are in 0..1 and not all are 0, as
 * frameworks and most float pictures have them; else 255. Infinities are in no range. Nothing where all are 0: any scale fits.
 */
export function guessFull({ min, max }: Extremes): 1 | 255 | undefined {
  if (min === 0 && max === 0) return undefined
  return min >= 0 && max <= 1 ? 1 : 255
}

/** The full scale of a picture: of its depth, or of its floats as said or guessed. */
export const fullOf = (
  { depth, data, full }: Pick<Picture, 'depth' | 'data' | 'full'>,
  seen?: Extremes,
): number => full ?? (depth === 32 ? (guessFull(seen ?? seenIn(data)) ?? 255) : fullScale(depth))

/** `fullOf` a picture whose samples are looked at in turns. */
export const fullInTurns = async (picture: Pick<Picture, 'depth' | 'data' | 'full'>): Promise<number> =>
  fullOf(picture, picture.depth === 32 ? await extremes(picture.data) : undefined)
