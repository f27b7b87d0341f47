/** How float samples meet the range of a file. `raw` stays float and is written as .npy only. */
export type Range = 'clamp' | 'abs' | 'offset' | 'minmax' | 'raw'

/** The ranges, as a user chooses them. */
export const ranges: readonly Range[] = ['clamp', 'abs', 'offset', 'minmax', 'raw']

/** Samples that fell outside 0..full after rounding, and were set to its ends. */
export type Clipped = { low: number; high: number }

/** The smallest and the largest sample, for `minmax`. */
export type Extremes = { readonly min: number; readonly max: number }

const { fround } = Math

/**
 * Float samples to whole ones: the definition that the WASM loop equals bit for bit. Every step is rounded to float32.
 *
 *     1. range   clamp   u = v
 *                abs     u = |v|
 *                offset  u = v + middle                  128 at 8 bits, 32768 at 16
 *                minmax  u = (v - min) * (full / (max - min)); where max = min, u = v - min
 *     2. round   r = the whole number nearest to u, of two equally near the even one
 *     3. clamp   r < 0, or u not a number: 0, counted as low; r > full: full, counted as high
 *
 * -0.5 rounds to 0 and 255.5 to 256, so the first is not clipped and the second is.
 *
 * @param full 255 or 65535
 * @param extremes over all samples of the picture, not of this part; used by `minmax` alone
 */
export function quantise(
  src: Float32Array,
  dst: Uint8Array | Uint16Array,
  range: Exclude<Range, 'raw'>,
  full: number,
  extremes: Extremes = { min: 0, max: full },
): Clipped {
  const min = fround(extremes.min)
  const max = fround(extremes.max)
  const gain = max > min ? fround(full / fround(max - min)) : 1
  const half = middleOf(full)
  const clipped = { low: 0, high: 0 }
  for (let i = 0; i < src.length; i++) {
    const v = src[i]!
    let u = v
    if (range === 'abs') u = Math.abs(v)
    else if (range === 'offset') u = fround(v + half)
    else if (range === 'minmax') u = fround(fround(v - min) * gain)
    const r = roundHalfEven(u)
    if (!(r >= 0)) {
      clipped.low++
      dst[i] = 0
    } else if (r > full) {
      clipped.high++
      dst[i] = full
    } else dst[i] = r
  }
  return clipped
}

/** What `offset` makes of 0: (full + 1) / 2 for whole samples, 128 / 255 of any other scale. */
export const middleOf = (full: number): number =>
  full === 255 || full === 65535 ? (full + 1) / 2 : (full * 128) / 255

/** The whole number nearest to `x`; of two equally near the even one. NaN and the infinities are returned as they are. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  if (rest < 0.5) return below
  if (rest > 0.5) return below + 1
  return rest === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : x
}

/** The extremes of nothing. */
export const noExtremes: Extremes = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }

/** The extremes of the finite samples, joined with those found so far. Without one finite sample: `min` > `max`. */
export function extremesOf(src: Float32Array, soFar = noExtremes): Extremes {
  let { min, max } = soFar
  for (const v of src) {
    if (v < min && v !== Number.NEGATIVE_INFINITY) min = v
    if (v > max && v !== Number.POSITIVE_INFINITY) max = v
  }
  return { min, max }
}

/** 16-bit samples as the nearest of 8 bits: v / 257, which takes 65535 to 255 and every 8-bit level back to itself. */
export function to8Bits(samples: Uint16Array, into: Uint8Array, from: number, end: number): void {
  for (let i = from; i < end; i++) into[i] = Math.floor((samples[i]! + 128) / 257)
}
