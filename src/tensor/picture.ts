/** Bits of a sample: 8 and 16 are unsigned whole numbers, 32 is float32 in levels of 0..255. */
export type Depth = 8 | 16 | 32

/** Samples of each depth. */
export type Samples = Uint8Array | Uint16Array | Float32Array

/**
 * A decoded picture: samples interleaved, [y][x][channel], at their native depth.
 * Channels: 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha. Alpha is straight, not premultiplied.
 */
export type Picture = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: Depth
  readonly data: Samples
  readonly meta: PictureMeta
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
}

/** True when the last channel is alpha. */
export const hasAlpha = (channels: number): boolean => channels === 2 || channels === 4

/** The largest sample of a depth; float pictures use levels of 0..255. */
export const fullScale = (depth: Depth): number => (depth === 16 ? 65535 : 255)
