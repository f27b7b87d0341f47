import { isAntialiased } from '../../definition/antialias.ts'
import { isShifted } from '../../definition/shift.ts'
import type { Pair } from './pair.ts'
import type { Tolerance } from './tolerance.ts'

// What depends on the pixels around one that differs. Few do, so the definitions are fast enough.

/** The ignored pixels, and those that differ and are antialiasing in one of the pictures, where that is asked for. */
export function withAntialiasing(
  { expected, actual, channels, full }: Pair,
  ignored: Uint8Array | undefined,
  { antialiasing, perceptual }: Tolerance,
): Uint8Array | undefined {
  // pixelmatch looks for antialiasing itself
  if (antialiasing !== 'ignore' || perceptual !== undefined) return ignored
  const [width, height] = [Math.max(expected.width, actual.width), Math.max(expected.height, actual.height)]
  const all = ignored?.slice() ?? new Uint8Array(width * height)
  let isAny = ignored !== undefined
  for (let y = 0; y < Math.min(expected.height, actual.height); y++) {
    for (let x = 0; x < Math.min(expected.width, actual.width); x++) {
      const [i, j] = [(y * expected.width + x) * channels, (y * actual.width + x) * channels]
      let differs = false
      for (let c = 0; c < channels; c++) if (expected.data[i + c] !== actual.data[j + c]) differs = true
      if (!differs) continue
      const isSmooth =
        isAntialiased(expected, actual, x, y, full) || isAntialiased(actual, expected, x, y, full)
      if (!isSmooth) continue
      all[y * width + x] = 1
      isAny = true
    }
  }
  return isAny ? all : undefined
}

/** [y][x]: 1 where a pixel differs by more than the threshold, and is not found nearby in the other picture. */
export function notShifted(
  { expected, actual, width, channels, compared, alpha }: Pair,
  values: ArrayLike<number>,
  threshold: number,
  shift: number,
): Uint8Array {
  const found = new Uint8Array(values.length)
  // over black and white all samples of a pixel are seen
  const samples = alpha === 'visible' ? channels : compared
  for (let at = 0; at < found.length; at++) {
    if (!(values[at]! > threshold)) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    const isInBoth =
      x < Math.min(expected.width, actual.width) && y < Math.min(expected.height, actual.height)
    if (!isInBoth || !isShifted(expected, actual, x, y, shift, threshold, samples)) found[at] = 1
  }
  return found
}
