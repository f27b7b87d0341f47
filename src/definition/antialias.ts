import type { Picture, Samples } from '../tensor/picture.ts'

/** A picture at the depth of its samples, as the search for antialiasing reads it. */
export type View = Pick<Picture, 'width' | 'height' | 'channels'> & { readonly data: Samples | Uint32Array }

/** The number of neighbours of the same colour from which a pixel is in an area. */
export const area = 3

/**
 * Whether a pixel of `a` is antialiasing, at any depth. The method is that of V. Vysniauskas (Anti-aliased pixel and
 * intensity slope detector, 2009). Of the 8 neighbours (fewer at an edge), some must be darker and some brighter, fewer
 * than 3 equally bright, and the darkest or the brightest one must be in an area in both pictures. A pixel is in an
 * area if at least 3 neighbours have the same samples. At an edge of the picture, one more neighbour counts as equal in
 * both rules. Brightness is 0.29889531 R + 0.58662247 G + 0.11448223 B in float64, or the gray sample; alpha is
 * flattened onto white.
 *
 * @param full the sample that is white
 */
export function isAntialiased(a: View, b: View, x: number, y: number, full: number): boolean {
  const { width, height } = a
  const at = (y * width + x) * a.channels
  let alike = isAtEdge(x, y, width, height) ? 1 : 0
  let [darkest, brightest] = [0, 0]
  let [dark, bright] = [
    [0, 0],
    [0, 0],
  ]
  // columns first: of equal differences the first one counts
  for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      if (u === x && v === y) continue
      const by = brighterBy(a, (v * width + u) * a.channels, at, full)
      if (by === 0 && ++alike >= area) return false
      if (by < darkest) [darkest, dark] = [by, [u, v]]
      if (by > brightest) [brightest, bright] = [by, [u, v]]
    }
  }
  if (darkest === 0 || brightest === 0) return false
  return [dark, bright].some(([u, v]) => isInArea(a, u!, v!) && isInArea(b, u!, v!))
}

const isAtEdge = (x: number, y: number, width: number, height: number): boolean =>
  x === 0 || y === 0 || x === width - 1 || y === height - 1

/** Whether a pixel is in an area, as defined in `isAntialiased`; false outside the picture. */
export function isInArea({ width, height, channels, data }: View, x: number, y: number): boolean {
  if (x >= width || y >= height) return false
  let alike = isAtEdge(x, y, width, height) ? 1 : 0
  const at = (y * width + x) * channels
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      if (u === x && v === y) continue
      const other = (v * width + u) * channels
      let c = 0
      while (c < channels && data[at + c] === data[other + c]) c++
      if (c === channels && ++alike >= area) return true
    }
  }
  return false
}

/**
 * Returns how much brighter one pixel is than another. Differences are taken first, so that equal colours are exactly
 * equally bright.
 */
function brighterBy({ channels, data }: View, at: number, than: number, full: number): number {
  const alphaAt = channels % 2 === 0 ? channels - 1 : -1
  const [own, other] = alphaAt < 0 ? [full, full] : [data[at + alphaAt]!, data[than + alphaAt]!]
  const by = (c: number) => {
    const [v, w] = [data[at + c]!, data[than + c]!]
    return own === full && other === full ? v - w : ((v - full) * own - (w - full) * other) / full
  }
  return channels < 3 ? by(0) : by(0) * 0.29889531 + by(1) * 0.58662247 + by(2) * 0.11448223
}
