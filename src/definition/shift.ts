import type { Picture } from '../tensor/picture.ts'

type View = Pick<Picture, 'width' | 'height' | 'channels' | 'data'>

/**
 * Whether the content of a pixel is also in the other picture, at most `n` pixels away in either direction. A pixel of
 * `b` in this range must have every compared channel within `threshold` of the pixel of `a`, and a pixel of `a` the
 * same for the pixel of `b`. Both must hold, so that nothing can vanish or appear. Positions outside a picture match
 * nothing.
 *
 * @param compared the number of samples at the front of a pixel that are compared
 */
export const isShifted = (
  a: View,
  b: View,
  x: number,
  y: number,
  n: number,
  threshold: number,
  compared: number,
): boolean => isNear(a, b, x, y, n, threshold, compared) && isNear(b, a, x, y, n, threshold, compared)

function isNear(
  a: View,
  b: View,
  x: number,
  y: number,
  n: number,
  threshold: number,
  compared: number,
): boolean {
  const at = (y * a.width + x) * a.channels
  for (let v = Math.max(0, y - n); v <= Math.min(b.height - 1, y + n); v++) {
    for (let u = Math.max(0, x - n); u <= Math.min(b.width - 1, x + n); u++) {
      const other = (v * b.width + u) * b.channels
      let isWithin = true
      for (let c = 0; c < compared && isWithin; c++)
        isWithin = Math.abs(a.data[at + c]! - b.data[other + c]!) <= threshold
      if (isWithin) return true
    }
  }
  return false
}
