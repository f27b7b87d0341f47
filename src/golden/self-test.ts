import { comparePictures } from '../image/compare/compare.ts'
import { ignoredPixels } from '../image/compare/equal.ts'
import { pairUp } from '../image/compare/pair.ts'
import { allowedPixels, countsPixels } from '../image/compare/smallest.ts'
import { levelsOf, type Tolerance } from '../image/compare/tolerance.ts'
import { fullScale, hasAlpha, type Picture, type Samples } from '../tensor/picture.ts'

/**
 * Tests whether the check of a case can fail: the actual picture is changed by just more than the tolerance allows, and
 * the comparison must notice. If the tolerance counts pixels, one pixel more than allowed is changed, each by the next
 * level. If it measures only the whole picture, noise is added until it exceeds the limit. `missed` means that every
 * change passes.
 */
export function selfTest(expected: Picture, actual: Picture, tolerance: Tolerance): 'noticed' | 'missed' {
  const notices = (changed: Picture) => {
    const { outcome } = comparePictures(expected, changed, tolerance)
    return outcome === 'different' || outcome === 'size'
  }
  const fails = countsPixels(tolerance)
    ? justTooMany(expected, actual, tolerance).some(notices)
    : amounts(expected).some((amount) => notices(withNoise(expected, amount)))
  return fails ? 'noticed' : 'missed'
}

/** Changes one pixel more of the actual picture than allowed; empty if the picture has no room for that. */
function justTooMany(expected: Picture, actual: Picture, tolerance: Tolerance): Picture[] {
  if (expected.width !== actual.width || expected.height !== actual.height) return []
  const { width, height, depth } = expected
  const ignored = ignoredPixels(width, height, tolerance)
  const compared = ignored === undefined ? width * height : ignored.reduce((sum, n) => sum + 1 - n, 0)
  const { maxDensity, maxAbs, perceptual, shift } = tolerance
  const levels =
    maxAbs === undefined ? 0 : levelsOf(maxAbs, pairUp(expected, actual, 'strict', tolerance.full).pair.full)
  // pixelmatch weighs colours, and a shift may find a similar pixel nearby: half of full scale is sure to be noticed
  const by = perceptual === undefined && shift === undefined ? nextLevel(levels, depth) : fullScale(depth) / 2
  const usable = usablePixels(expected, tolerance, ignored, by)
  const many = allowedPixels(tolerance, compared) + 1
  const choices: number[][] = []
  if (usable.length >= many) choices.push(usable.slice(0, many))
  if (maxDensity !== undefined) {
    choices.push(...crowded(usable, width, maxDensity.window, maxDensity.pixels + 1))
  }
  return choices.map((pixels) => changed(expected, actual, pixels, by))
}

/** The smallest difference above these levels. */
const nextLevel = (levels: number, depth: Picture['depth']): number =>
  depth === 32 ? levels * (1 + 2 ** -20) + 2 ** -10 : Math.floor(levels) + 1

/** Compared pixels whose first sample has room for a change; only opaque ones if `alpha` is `visible`. */
function usablePixels(
  { width, height, channels, depth, data }: Picture,
  { alpha = 'strict' }: Tolerance,
  ignored: Uint8Array | undefined,
  by: number,
): number[] {
  const full = fullScale(depth)
  const found: number[] = []
  for (let p = 0; p < width * height; p++) {
    if (ignored?.[p] === 1) continue
    const sample = data[p * channels]!
    const hasRoom = depth === 32 || sample + by <= full || sample - by >= 0
    const isSeen = alpha !== 'visible' || !hasAlpha(channels) || data[p * channels + channels - 1] === full
    if (hasRoom && isSeen) found.push(p)
  }
  return found
}

/**
 * Finds `count` pixels within one window, trying each of the first 4096 pixels as a corner; empty if there are none.
 */
function crowded(pixels: readonly number[], width: number, side: number, count: number): number[][] {
  const usable = new Set(pixels)
  for (const corner of pixels.slice(0, 4096)) {
    const near: number[] = []
    const x1 = Math.min(width, (corner % width) + side)
    for (let y = 0; y < side && near.length < count; y++) {
      for (let x = corner % width; x < x1 && near.length < count; x++) {
        const p = corner - (corner % width) + y * width + x
        if (usable.has(p)) near.push(p)
      }
    }
    if (near.length === count) return [near]
  }
  return []
}

function changed(expected: Picture, actual: Picture, pixels: readonly number[], by: number): Picture {
  const data = actual.data.slice() as Samples
  const full = fullScale(expected.depth)
  for (const p of pixels) {
    const sample = expected.data[p * expected.channels]!
    const goesUp = expected.depth === 32 || sample + by <= full
    data[p * actual.channels] = goesUp ? sample + by : sample - by
  }
  return { ...actual, data }
}

/** Amounts of noise, from one level to the whole range. */
function amounts({ depth }: Picture): number[] {
  const full = fullScale(depth)
  return Array.from({ length: Math.ceil(Math.log2(full)) + 1 }, (_, i) => Math.min(full, 2 ** i))
}

/** Changes every sample except alpha by the amount, up and down in a chessboard, clipped to the full scale. */
function withNoise(picture: Picture, amount: number): Picture {
  const { width, channels, depth } = picture
  const full = fullScale(depth)
  const data = picture.data.slice() as Samples
  const colours = hasAlpha(channels) ? channels - 1 : channels
  for (let i = 0; i < data.length; i++) {
    if (i % channels >= colours) continue
    const p = Math.floor(i / channels)
    const goesUp = (p + Math.floor(p / width)) % 2 === 0
    const sample = data[i]!
    const moved = goesUp === sample + amount <= full ? sample + amount : sample - amount
    data[i] = Math.min(full, Math.max(0, moved))
  }
  return { ...picture, data }
}
