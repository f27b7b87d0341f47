import { inTurns } from '../host/turns.ts'
import type { Metadata } from './metadata.ts'

/** Bits of a sample: 8 and 16 are unsigned integers, 32 is float32. */
export type Depth = 8 | 16 | 32

/** Samples of each depth. */
export type Samples = Uint8Array | Uint16Array | Float32Array

/**
 * A decoded picture: samples interleaved, [y][x][channel], at their native depth.
 * Channels: 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha. Alpha is straight, not premultiplied.
 */
export type Picture = {
  /** Pixels in a row. */
  readonly width: number
  /** Number of rows. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a sample; 32 means floats. */
  readonly depth: Depth
  /** Its samples, interleaved, row by row. */
  readonly data: Samples
  /** Other information in its file. */
  readonly meta: PictureMeta
  /** The full scale of float samples, if the file or the user states it. By default it is guessed from the samples. */
  readonly full?: number
}

/** Rows of a picture that is being decoded, from top to bottom. */
export type Arriving = {
  /** Returns undefined if this many rows are decoded. Otherwise returns a promise to wait for before asking again. */
  missing(rows: number): Promise<unknown> | undefined
  /** The bytes of decoded rows, in one or more pieces. */
  bytes(rows: readonly [first: number, end: number]): readonly Uint8Array[]
  /** Takes back the memory of the rows above this one, which are not needed again. */
  forget(row: number): void
  /** Decodes the rest. Rejects for damage to any row. */
  end(): Promise<unknown>
  /** Decodes the rest, and returns all samples. */
  whole(): Promise<Samples>
}

/** Where pixels are on an axis of another picture: pixel i has its middle on that of pixel `at + i * step`. */
export type Line = { readonly at: number; readonly step: number }
/** Where the pixels of a picture are on another. */
export type Position = readonly [rows: Line, columns: Line]

/** Information that is kept with the samples from file to file. */
export type PictureMeta = {
  /** ICC profile, as stored. */
  readonly icc?: Uint8Array
  /** Resolution in pixels per metre, x and y. */
  readonly resolution?: readonly [x: number, y: number]
  /** EXIF orientation 2..8 of samples that were not turned. */
  readonly orientation?: number
  /** PNG gAMA: 1/gamma times 100000. */
  readonly gamma?: number
  /**
   * Colours other than sRGB that a PNG or AVIF states without a profile: `cICP 9,16,0,1`. They are compared, not
   * written.
   */
  readonly colours?: string
  /** Whether floats are linear light, as in Radiance and OpenEXR pictures. */
  readonly isLinear?: true
  /** Whether a PNG has an sRGB chunk, which takes precedence over gAMA. */
  readonly isSrgb?: true
  /** EXIF, XMP and other information about the picture. */
  readonly metadata?: Metadata
  /** The size of the output of steps, and where its pixels are on the picture of the GeoTIFF data, if that is known. */
  readonly placed?: {
    readonly width: number
    readonly height: number
    readonly position: Position | undefined
  }
  /** How the JPEG was encoded that the picture was made from: libjpeg's quality, and its chroma such as `4:2:0`. */
  readonly jpeg?: { readonly quality: number; readonly subsampling: string }
}

/** Whether the last channel is alpha. */
export const hasAlpha = (channels: number): boolean => channels === 2 || channels === 4

/** The largest value of integer samples. Floats have none of their own. */
export const fullScale = (depth: Depth): number => (depth === 16 ? 65535 : 255)

/** The depth in which samples with this full scale are written by default. */
export const depthOfFull = (full: number): 8 | 16 => (full > 255 ? 16 : 8)

/** The smallest and largest sample. */
export type Extremes = { readonly min: number; readonly max: number }

/** The extremes, and the largest magnitude of all samples: infinite or NaN if any sample is. */
export type Seen = Extremes & { readonly peak: number }

/** Finds the smallest and the largest of the finite samples. `min` > `max` if there are none. */
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

/** `seenIn` for all samples of a picture, in pieces between which the event loop can run. */
export async function extremes(data: ArrayLike<number>): Promise<Seen> {
  let all = seenIn([])
  await inTurns(data.length, (from, to) => {
    const { min, max, peak } = seenIn(data, from, to)
    all = { min: Math.min(all.min, min), max: Math.max(all.max, max), peak: Math.max(all.peak, peak) }
  })
  return all
}

/**
 * Guesses the full scale of float samples. It is 1 if all finite ones are in 0..1 and not all are 0, as in frameworks
 * and most float pictures; else 255. Infinities are in no range. Undefined if all are 0, because any scale fits.
 */
export function guessFull({ min, max }: Extremes): 1 | 255 | undefined {
  if (min === 0 && max === 0) return undefined
  return min >= 0 && max <= 1 ? 1 : 255
}

/** The full scale of a picture: that of its depth, or for floats the stated or guessed one. */
export const fullOf = (
  { depth, data, full }: Pick<Picture, 'depth' | 'data' | 'full'>,
  seen?: Extremes,
): number => full ?? (depth === 32 ? (guessFull(seen ?? seenIn(data)) ?? 255) : fullScale(depth))

/** `fullOf` a picture whose samples are examined in pieces, between which the event loop can run. */
export const fullInTurns = async (picture: Pick<Picture, 'depth' | 'data' | 'full'>): Promise<number> =>
  fullOf(picture, picture.depth === 32 ? await extremes(picture.data) : undefined)
