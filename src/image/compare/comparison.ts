import type { Depth } from '../../tensor/picture.ts'
import type { Limits, Rectangle } from './tolerance.ts'

/** The answer: equal samples; different within the limits; different; of different sizes. */
export type Outcome = 'same' | 'tolerated' | 'different' | 'size'

/** The size, channels and depth of a picture. */
export type Shape = {
  /** Pixels in a row. */
  readonly width: number
  /** Number of rows. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a sample; 32 means floats. */
  readonly depth: Depth
}

/** Properties in which the pictures differ and which no limit on samples covers. */
export type Mismatch = 'size' | 'channels' | 'depth' | 'icc'

/** The largest difference of a sample. If several are equal, the first in reading order. */
export type Largest = {
  /** In levels of the depth that is compared; Infinity if one of the two is not a number. */
  readonly difference: number
  /** `gray`, `red`, `green`, `blue` or `alpha`; absent if one picture has no pixel there. */
  readonly channel?: string
  /** Its column. */
  readonly x: number
  /** Its row. */
  readonly y: number
  /** The sample of the expected picture; absent if one picture has no pixel there. */
  readonly expected?: number
  /** The sample of the actual picture; absent if one picture has no pixel there. */
  readonly got?: number
  /** All samples of the expected pixel. */
  readonly expectedPixel?: readonly number[]
  /** All samples of the actual pixel. */
  readonly gotPixel?: readonly number[]
}

/** The largest difference, from the pixels that have it in a channel. */
export const largestIn = (
  difference: number,
  channel: number,
  channels: number,
  [x, y]: readonly [number, number],
  [expectedPixel, gotPixel]: readonly [readonly number[], readonly number[]],
): Largest => ({
  ...{ difference, channel: channelName(channel, channels), x, y },
  ...{ expected: expectedPixel[channel]!, got: gotPixel[channel]!, expectedPixel, gotPixel },
})

/** A group of differing pixels that are close together. */
export type Cluster = Rectangle & {
  /** Number of differing pixels in it. */
  readonly pixels: number
}

/** The measurements, over the pixels and channels that are compared. */
export type Stats = {
  /** pixels that were compared: all that are not ignored */
  readonly compared: number
  /** pixels that differ in any way */
  readonly differing: number
  /** `differing` as a fraction of `compared`, 0..1 */
  readonly share: number
  /** pixels that count as differing: off by more than `maxAbs`, or seen by pixelmatch */
  readonly counted: number
  /** The largest difference of a sample; absent if none differs. */
  readonly largest?: Largest
  /** root of the mean square difference of a sample, in levels */
  readonly rmse: number
  /** 20 log10 (full scale / rmse), in dB; Infinity for equal samples */
  readonly psnr: number
  /** present if `minSsim` was given */
  readonly ssim?: number
  /** the most differing pixels in a window; present if `maxDensity` was given */
  readonly density?: number
  /** Groups of differing pixels that are close together, those with the most pixels first. */
  readonly clusters: readonly Cluster[]
}

/** A limit that is not met. */
export type Failure = {
  /** name of the setting, without leading dashes */
  readonly limit: string
  /** The value that the setting allows. */
  readonly allowed: number | string
  /** The measured value. */
  readonly found: number
  /** by how much it fails, in the unit of the limit */
  readonly by: number
  /** the failure in words */
  readonly text: string
}

/**
 * The smallest limits that pass. `farther` raises how far pixels may be off and keeps the given number of pixels.
 * `more` raises the number of pixels allowed to differ and keeps how far. Both contain the limits on the whole picture.
 * One is absent if no limits of its kind pass.
 */
export type Smallest = {
  /** Limits that raise how far samples may differ. */
  readonly farther?: Limits
  /** Limits that raise how many pixels may differ. */
  readonly more?: Limits
}

/** The difference at each pixel. */
export type DifferenceMap = {
  /** Pixels in a row. */
  readonly width: number
  /** Number of rows. */
  readonly height: number
  /** [y][x]: the largest difference of a channel, in levels */
  readonly values: Uint8Array | Uint16Array | Float64Array
  /** [y][x]: 1 where a pixel counts as differing; absent if that is where `values > threshold` */
  readonly counted?: Uint8Array
  /** levels above which a pixel counts as differing */
  readonly threshold: number
}

/** The result of a comparison of two pictures. */
export type Comparison = {
  /** Whether the picture passes. */
  readonly outcome: Outcome
  /** The shape of the expected picture. */
  readonly expected: Shape
  /** The shape of the actual picture. */
  readonly actual: Shape
  /** Properties that differ and make the outcome `different` or `size` whatever the limits on samples. */
  readonly mismatches: readonly Mismatch[]
  /** absent if sizes differ and are not padded */
  readonly stats?: Stats
  /** The limits that are not met. */
  readonly failed: readonly Failure[]
  /** The smallest tolerance that passes. */
  readonly smallest: Smallest
  /** Further remarks for the user. */
  readonly notes: readonly string[]
  /** as large as the pictures; absent if nothing differs */
  readonly map?: DifferenceMap
  /** [y][x]: 1 where a pixel is not compared; absent if all are compared */
  readonly ignored?: Uint8Array
}

/** Returns only the shape of a value that contains one. */
export const shapeOf = ({ width, height, channels, depth }: Shape): Shape => ({
  ...{ width, height, channels, depth },
})

/** Formats a shape: `640x480, RGB, 8 bits`. */
export function shapeText({ width, height, channels, depth }: Shape): string {
  return `${width}x${height}, ${channelsText(channels)}, ${depthText(depth)}`
}

export const channelsText = (channels: number): string =>
  ['', 'gray', 'gray + alpha', 'RGB', 'RGB + alpha'][channels] ?? `${channels} channels`

export const depthText = (depth: Depth): string => (depth === 32 ? 'float' : `${depth} bits`)

/** The name of a channel in a picture with this number of channels. */
export const channelName = (channel: number, channels: number): string =>
  (channels < 3 ? ['gray', 'alpha'] : ['red', 'green', 'blue', 'alpha'])[channel] ?? String(channel)

/**
 * How a difference is drawn. triptych: expected, overlay, actual, side by side. overlay: the expected picture pale and
 * gray, with red where pixels count as differing, amber where their difference is tolerated, blue where they are
 * ignored, and a frame around each cluster. heat: how far each pixel is off, from black through violet and orange to
 * pale yellow for the largest difference. It is scaled by square roots and never darker than violet, so that the
 * smallest difference is visible. mask: white where pixels count as differing, gray where tolerated, black elsewhere.
 */
export const diffStyles = ['triptych', 'overlay', 'heat', 'mask'] as const
export type DiffStyle = (typeof diffStyles)[number]

/** Formats a number with at most 6 significant digits. */
export const brief = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))

/** The note for two animations whose timing differs, which is not visible in the pixels. */
export const timingNote = 'the animations differ in their timing or number of repeats, which are not compared'
