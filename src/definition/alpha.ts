// How colours are combined with alpha, which is the last sample of a pixel. Every step is rounded to float32.

const { fround, max, min, abs } = Math

/** The samples of one pixel, alpha last. */
type Pixel = readonly number[]

const withAlpha = (pixel: Pixel, colour: (v: number, alpha: number, c: number) => number): number[] =>
  pixel.map((v, c) => (c === pixel.length - 1 ? v : colour(v, pixel.at(-1)!, c)))

/** Returns the colours of one pixel with the alpha of another. */
export const withAlphaOf = (pixel: Pixel, other: Pixel): number[] => [...pixel.slice(0, -1), other.at(-1)!]

/** Returns colour × alpha. */
export const premultiplied = (pixel: Pixel): number[] => withAlpha(pixel, (v, alpha) => fround(v * alpha))

/** Returns colour × (alpha / full). Opaque pixels are unchanged. */
export const weighed = (pixel: Pixel, full: number): number[] =>
  withAlpha(pixel, (v, alpha) => fround(v * fround(alpha / full)))

/**
 * Returns straight colours from sums of premultiplied ones: (sum / scale) / A + offset, where A is the sum of
 * alpha / `weights`. If A is not above 0, the colour is the offset alone. Alpha is A, limited to 0..`full`.
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
 * Completes sums of weighed colours with the pixel's own colour where its neighbours are transparent: sum + own · lack,
 * where lack is `weights` − alpha / full. A lack of at most `within` counts as none. If the pixel itself is
 * transparent, its colours become 0.
 */
export function overOwn(sums: Pixel, own: Pixel, weights: number, full: number, within: number): number[] {
  const isSeen = own.at(-1)! > 0
  return withAlpha(sums, (sum, alpha, c) => {
    const lack = fround(weights - fround(alpha / full))
    return isSeen ? fround(sum + (abs(lack) > within ? fround(own[c]! * lack) : 0)) : 0
  })
}
