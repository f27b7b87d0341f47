/** How float samples are mapped to the range of a file. `raw` keeps floats and can only be written as .npy. */
export type Range = 'clamp' | 'abs' | 'offset' | 'minmax' | 'raw'

/** The ranges that a user can choose. */
export const ranges: readonly Range[] = ['clamp', 'abs', 'offset', 'minmax', 'raw']

/** The numbers of samples that were outside 0..full after rounding, and were set to 0 (`low`) or full (`high`). */
export type Clipped = { low: number; high: number }

/** The smallest and largest samples, for `minmax`. */
export type Extremes = { readonly min: number; readonly max: number }

const { fround } = Math

/**
 * Converts float samples to whole ones: the definition that the WASM loop matches bit for bit. Every step is rounded to
 * float32.
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
 * @param extremes over all samples of the picture, not of this part; used only by `minmax`
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

/** Returns the level of 0 with `offset`: (full + 1) / 2 for whole samples, full · 128 / 255 for any other scale. */
export const middleOf = (full: number): number =>
  full === 255 || full === 65535 ? (full + 1) / 2 : (full * 128) / 255

/**
 * Returns the whole number nearest to `x`, or the even one of two that are equally near. NaN and infinities are
 * unchanged.
 */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  if (rest < 0.5) return below
  if (rest > 0.5) return below + 1
  return rest === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : x
}

/** The extremes of no samples. */
export const noExtremes: Extremes = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }

/** Returns the extremes of the finite samples, joined with those found so far. If there are none, `min` > `max`. */
export function extremesOf(src: Float32Array, soFar = noExtremes): Extremes {
  let { min, max } = soFar
  for (const v of src) {
    if (v < min && v !== Number.NEGATIVE_INFINITY) min = v
    if (v > max && v !== Number.POSITIVE_INFINITY) max = v
  }
  return { min, max }
}

/**
 * Converts 16-bit samples to the nearest 8-bit ones: v / 257, which maps 65535 to 255 and every 8-bit level to itself.
 */
export function to8Bits(samples: Uint16Array, into: Uint8Array, from: number, end: number): void {
  for (let i = from; i < end; i++) into[i] = Math.floor((samples[i]! + 128) / 257)
}
