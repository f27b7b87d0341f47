import type { Depth } from '../../tensor/picture.ts'
import type { Limits, Rectangle } from './tolerance.ts'

/** The answer: equal samples; different within the limits; different; of different sizes. */
export type Outcome = 'same' | 'tolerated' | 'different' | 'size'

/** What a picture is, without its samples. */
export type Shape = {
  /** Pixels of a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a sample; 32 are floats. */
  readonly depth: Depth
}

/** Properties in which the pictures differ and that no limit on samples covers. */
export type Mismatch = 'size' | 'channels' | 'depth' | 'icc'

/** The largest difference of a sample; of several, the first in reading order. */
export type Largest = {
  /** levels of the depth that is compared; Infinity where one of the two is not a number */
  readonly difference: number
  /** `gray`, `red`, `green`, `blue`, `alpha`; absent where one picture has no pixel there */
  readonly channel?: string
  readonly x: number
  readonly y: number
  /** the samples of the channel; absent where one picture has no pixel there */
  readonly expected?: number
  readonly got?: number
  /** all samples of the pixel */
  readonly expectedPixel?: readonly number[]
  readonly gotPixel?: readonly number[]
}

/** Differing pixels that are together. */
export type Cluster = Rectangle & {
  /** Differing pixels in it. */
  readonly pixels: number
}

/** What was measured, over the pixels and channels that are compared. */
export type Stats = {
  /** pixels that were compared: all that are not ignored */
  readonly compared: number
  /** pixels that differ in any way */
  readonly differing: number
  /** `differing` as a part of `compared`, 0..1 */
  readonly share: number
  /** pixels that count as differing: off by more than `maxAbs`, or seen by pixelmatch */
  readonly counted: number
  /** The largest difference of a sample; absent where none differs. */
  readonly largest?: Largest
  /** root of the mean square difference of a sample, in levels */
  readonly rmse: number
  /** 20 log10 (full scale / rmse), in dB; Infinity for equal samples */
  readonly psnr: number
  /** where `minSsim` asked for it */
  readonly ssim?: number
  /** the most differing pixels in a window, where `maxDensity` asked for it */
  readonly density?: number
  /** Where differing pixels are together, the largest number of pixels first. */
  readonly clusters: readonly Cluster[]
}

/** A limit that does not hold. */
export type Failure = {
  /** name of the setting, without dashes in front */
  readonly limit: string
  /** What the setting allows. */
  readonly allowed: number | string
  /** What was measured. */
  readonly found: number
  /** by how much it fails, in the unit of the limit */
  readonly by: number
  /** in words */
  readonly text: string
}

/**
 * The smallest limits that pass. `farther` raises how far pixels may be off and leaves how many as it was given; `more`
 * raises how many may differ and leaves how far. Limits on the whole picture are in both. Absent: no such limits exist.
 */
export type Smallest = {
  /** By how far samples differ. */
  readonly farther?: Limits
  /** By how many pixels differ. */
  readonly more?: Limits
}

/** The difference at each pixel. */
export type DifferenceMap = {
  /** Pixels of a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  /** [y][x]: the largest difference of a channel, in levels */
  readonly values: Uint8Array | Uint16Array | Float64Array
  /** [y][x]: 1 where a pixel counts as differing; absent where that is `values > threshold` */
  readonly counted?: Uint8Array
  /** levels beyond which a pixel counts as differing */
  readonly threshold: number
}

/** The result of a comparison of two pictures. */
export type Comparison = {
  /** Whether the picture passes. */
  readonly outcome: Outcome
  /** What the expected picture is. */
  readonly expected: Shape
  /** What the actual picture is. */
  readonly actual: Shape
  /** What is different and makes the outcome `different` or `size` whatever the limits on samples. */
  readonly mismatches: readonly Mismatch[]
  /** absent where sizes differ and are not padded */
  readonly stats?: Stats
  /** The limits that do not hold. */
  readonly failed: readonly Failure[]
  /** The smallest tolerance that passes. */
  readonly smallest: Smallest
  /** What a user should know beside. */
  readonly notes: readonly string[]
  /** absent where nothing differs; as large as the pictures */
  readonly map?: DifferenceMap
  /** [y][x]: 1 where a pixel is not compared; absent where all are */
  readonly ignored?: Uint8Array
}

/** A shape without what else there is. */
export const shapeOf = ({ width, height, channels, depth }: Shape): Shape => ({
  ...{ width, height, channels, depth },
})

/** `640x480, RGB, 8 bits` */
export function shapeText({ width, height, channels, depth }: Shape): string {
  return `${width}x${height}, ${channelsText(channels)}, ${depthText(depth)}`
}

export const channelsText = (channels: number): string =>
  ['', 'gray', 'gray + alpha', 'RGB', 'RGB + alpha'][channels] ?? `${channels} channels`

export const depthText = (depth: Depth): string => (depth === 32 ? 'float' : `${depth} bits`)

/** The name of a channel of a picture with that number of channels. */
export const channelName = (channel: number, channels: number): string =>
  (channels < 3 ? ['gray', 'alpha'] : ['red', 'green', 'blue', 'alpha'])[channel] ?? String(channel)

/**
 * How a difference is drawn. triptych: expected, overlay, actual, side by side. overlay: the expected picture pale and
 * gray, red where pixels count as differing, amber where their difference is tolerated, blue where they are ignored, a
 * frame around each cluster. heat: how far each pixel is off, from black by violet and orange to pale yellow, which is the
 * largest difference; by square roots, and never darker than violet, so that the smallest is seen. mask: white where
 * pixels count as differing, gray where tolerated, black elsewhere.
 */
export const diffStyles = ['triptych', 'overlay', 'heat', 'mask'] as const
export type DiffStyle = (typeof diffStyles)[number]

/** A number in at most 6 significant digits. */
export const brief = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))

/** Two animations that differ in their timing, which pixels do not show. */
export const timingNote = 'the animations differ in their timing or number of repeats, which are not compared'
