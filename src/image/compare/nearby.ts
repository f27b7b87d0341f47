import { area, isAntialiased, isInArea, type View } from '../../definition/antialias.ts'
import { isShifted } from '../../definition/shift.ts'
import type { Pair } from './pair.ts'
import type { Tolerance } from './tolerance.ts'

// Tests that depend on the pixels around one that differs. Few pixels differ, so the definitions are fast enough.

/**
 * Adds pixels that differ but are antialiasing in one of the pictures to the ignored ones, if the tolerance says so.
 */
export function withAntialiasing(
  { expected, actual, channels, full }: Pair,
  ignored: Uint8Array | undefined,
  { antialiasing, perceptual }: Tolerance,
): Uint8Array | undefined {
  // pixelmatch detects antialiasing itself
  if (antialiasing !== 'ignore' || perceptual !== undefined) return ignored
  const [width, height] = [Math.max(expected.width, actual.width), Math.max(expected.height, actual.height)]
  const all = ignored?.slice() ?? new Uint8Array(width * height)
  let isAny = ignored !== undefined
  const isSmooth = smoothing(expected, actual, full)
  for (let y = 0; y < Math.min(expected.height, actual.height); y++) {
    for (let x = 0; x < Math.min(expected.width, actual.width); x++) {
      const [i, j] = [(y * expected.width + x) * channels, (y * actual.width + x) * channels]
      let differs = false
      for (let c = 0; c < channels; c++) if (expected.data[i + c] !== actual.data[j + c]) differs = true
      if (!differs || !isSmooth(x, y)) continue
      all[y * width + x] = 1
      isAny = true
    }
  }
  return isAny ? all : undefined
}

/**
 * Returns a test whether a pixel that both pictures have is antialiasing in one of them. That requires a neighbour that
 * is inside an area in both pictures. The result is remembered for each pixel: in a photograph, which has no areas,
 * this takes a fifth of the time.
 */
export function smoothing(a: View, b: View, full: number): (x: number, y: number) => boolean {
  const [width, height] = [Math.min(a.width, b.width), Math.min(a.height, b.height)]
  const [wholeA, wholeB] = [inOne(a), inOne(b)]
  const areOne = [wholeA, wholeB].every((one) => one.channels === 1 && one.width === width)
  const known = new Uint8Array(width * height)
  const look = (at: number): number => {
    const x = at % width
    const isInner = areOne && x > 0 && x < width - 1 && at > width && at < known.length - width
    const state = (
      isInner
        ? isInnerArea(wholeA.data, width, at) && isInnerArea(wholeB.data, width, at)
        : isInArea(wholeA, x, Math.floor(at / width)) && isInArea(wholeB, x, Math.floor(at / width))
    )
      ? 2
      : 1
    known[at] = state
    return state
  }
  const rows = [-width - 1, -1, width - 1]
  const isBesideArea = (x: number, y: number): boolean => {
    // at an edge the definition decides
    if (x === 0 || y === 0 || x >= width - 1 || y >= height - 1) return true
    const at = y * width + x
    for (let i = 0; i < 3; i++) {
      for (let n = at + rows[i]!, end = n + 3; n < end; n++)
        if (n !== at && (known[n] || look(n)) === 2) return true
    }
    return false
  }
  return (x, y) => isBesideArea(x, y) && (isAntialiased(a, b, x, y, full) || isAntialiased(b, a, x, y, full))
}

/** `isInArea` for a pixel with one sample that is not at an edge, in a third of the time. */
function isInnerArea(data: View['data'], width: number, at: number): boolean {
  const own = data[at]
  let alike = 0
  for (let n = at - width - 1; n <= at + width - 1; n += width) {
    if (data[n] === own) alike++
    if (data[n + 1] === own) alike++
    if (data[n + 2] === own) alike++
  }
  // the count includes the pixel itself
  return alike > area
}

/** Views the samples of each pixel as one number, if that is possible without a copy. */
function inOne(view: View): View {
  const { channels, data } = view
  if (channels !== 4 || data.BYTES_PER_ELEMENT !== 1 || data.byteOffset % 4 !== 0) return view
  return { ...view, channels: 1, data: new Uint32Array(data.buffer, data.byteOffset, data.length / 4) }
}

/** [y][x]: 1 where a pixel differs by more than the threshold and is not found nearby in the other picture. */
export function notShifted(
  { expected, actual, width, channels, compared, alpha }: Pair,
  values: ArrayLike<number>,
  threshold: number,
  shift: number,
): Uint8Array {
  const found = new Uint8Array(values.length)
  // over black and white, all samples of a pixel matter
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
