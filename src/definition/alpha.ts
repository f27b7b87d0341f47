// How colours meet alpha, which is the last sample of a pixel: every step rounded to float32.

const { fround, max, min, abs } = Math

/** The samples of one pixel, alpha last. */
type Pixel = readonly number[]

const withAlpha = (pixel: Pixel, colour: (v: number, alpha: number, c: number) => number): number[] =>
  pixel.map((v, c) => (c === pixel.length - 1 ? v : colour(v, pixel.at(-1)!, c)))

/** The colours of one pixel with the alpha of another. */
export const withAlphaOf = (pixel: Pixel, other: Pixel): number[] => [...pixel.slice(0, -1), other.at(-1)!]

/** colour × alpha. */
export const premultiplied = (pixel: Pixel): number[] => withAlpha(pixel, (v, alpha) => fround(v * alpha))

/** colour × (alpha / full): what is opaque stays as it is. */
export const weighed = (pixel: Pixel, full: number): number[] =>
  withAlpha(pixel, (v, alpha) => fround(v * fround(alpha / full)))

/**
 * Straight colour from sums of what was premultiplied: (sum / scale) / A + offset, A being the sum of alpha / `weights`; where
 * A is not above 0 the offset alone. Alpha is A from 0 to `full`.
 */
export function straightened(
  sums: Pixel,
  scale: number,
  offset: number,
  weights: number,
  full: number,
): number[] {
  const alpha = fround(sums.at(-1)! / weights)
  const pixel = withAlpha(sums, (sum) =>
    fround((alpha > 0 ? fround(fround(sum / scale) / alpha) : 0) + offset),
  )
  return [...pixel.slice(0, -1), min(full, max(0, alpha))]
}

/**
 * Sums of colours that were weighed, with the pixel's own colour instead of what is transparent: sum + own · lack, where lack is
 * `weights` − alpha / full, and as good as none up to `within`. 0 where the pixel itself is transparent.
 */
export function overOwn(sums: Pixel, own: Pixel, weights: number, full: number, within: number): number[] {
  const isSeen = own.at(-1)! > 0
  return withAlpha(sums, (sum, alpha, c) => {
    const lack = fround(weights - fround(alpha / full))
    return isSeen ? fround(sum + (abs(lack) > within ? fround(own[c]! * lack) : 0)) : 0
  })
}
