import { log } from '../../tensor/math.ts'
import { type Depth, fullScale, type Picture } from '../../tensor/picture.ts'
import { type Colour, colourAlong } from '../colour.ts'
import { countCells, findClusters } from './clusters.ts'
import { comparePictures } from './compare.ts'
import type { Cluster, Comparison } from './comparison.ts'
import {
  clamp,
  counted,
  leftOut,
  type Marks,
  marksOf,
  put,
  type Stretch,
  stretchOf,
  tolerated,
} from './render.ts'

/** What can happen to pixels that are not equal. */
const glowKinds = ['tolerated', 'counted', 'ignored'] as const

/** Where two pictures differ and by how much, as reports show it. */
export type Glow = {
  /**
   * 8 bits, RGB: the actual picture in dim gray. Each pixel that differs has a colour that shows by how much.
   * Differences within the tolerance have their own colour, and pixels that were not compared are hatched.
   */
  readonly picture: Picture
  /** Boxes from `findClusters` around the pixels that count, or around the tolerated ones if none counts. */
  readonly boxes: readonly Cluster[]
  /** The kinds that occur. */
  readonly kinds: readonly (typeof glowKinds)[number][]
}

/**
 * From slightly to completely different: legible for colour-blind readers, and bright enough on a dimmed gray picture.
 */
const ramp: readonly Colour[] = [
  [168, 50, 220],
  [240, 60, 140],
  [255, 140, 50],
  [255, 240, 120],
]
/** The brightest colour of differences within the tolerance. */
const teal: Colour = [64, 156, 170]
const nothing: Colour = [24, 24, 24]

/**
 * Draws the differences. Pictures of different sizes are aligned at the upper left corner, and every difference counts.
 */
export async function glowOf(expected: Picture, actual: Picture, comparison: Comparison): Promise<Glow> {
  const seen = comparison.outcome === 'size' ? comparePictures(expected, actual, { size: 'pad' }) : comparison
  const marks = await marksOf(expected, actual, seen)
  const { width, height, data } = marks
  const values = seen.map?.values ?? new Float64Array(data.length)
  const share = shareOf(values, expected, actual)
  const mostTolerated = data.reduce(
    (most, mark, at) => (mark === tolerated ? Math.max(most, values[at]!) : most),
    0,
  )
  const painted = new Uint8Array(3 * width * height)
  const dimmed = dimmer(actual, await stretchOf(expected, actual))
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [mark, value] = [data[at], values[at]!]
      const isThere = x < actual.width && y < actual.height
      const colour =
        mark === counted
          ? colourAlong(ramp, share(value))
          : mark === tolerated
            ? shaded(value < mostTolerated ? value / mostTolerated : 1)
            : isThere
              ? dimmed(x, y, mark === leftOut)
              : nothing
      put(painted, 3 * at, colour)
    }
  }
  const kinds = glowKinds.filter((_, i) => data.includes(i + 1))
  return {
    picture: { width, height, channels: 3, depth: 8, data: painted, meta: {} },
    boxes: boxesOf(marks, kinds.includes('counted') ? counted : tolerated),
    kinds,
  }
}

/**
 * Maps a difference to a position on the ramp. The scale is logarithmic: 1 is easy to see, and 10 is distinct from 100.
 */
function shareOf(values: ArrayLike<number>, a: Picture, b: Picture): (difference: number) => number {
  const isFloat = a.depth === 32 || b.depth === 32
  let most = 0
  if (isFloat)
    for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) most = Math.max(most, values[i]!)
  // floats have no full scale, so the largest difference is used
  const [unit, first, full] = isFloat
    ? [most / 255, 1, 256]
    : [1, 0, fullScale(Math.max(a.depth, b.depth) as Depth)]
  const share = (difference: number) =>
    difference === Number.POSITIVE_INFINITY || unit === 0
      ? 1
      : Math.min(1, Math.max(0, log(difference / unit + first) / log(full)))
  if (isFloat) return share
  // a logarithm for each of millions of pixels would take longer than everything else
  const known = Float64Array.from({ length: full + 1 }, (_, difference) => share(difference))
  return (difference) => known[difference] ?? 1
}

const shaded = (share: number): Colour => {
  const factor = 0.45 + 0.55 * share
  return [Math.round(teal[0] * factor), Math.round(teal[1] * factor), Math.round(teal[2] * factor)]
}

/** The pixels of a picture as a dim background, hatched where they were not compared. */
function dimmer(
  picture: Picture,
  { from, factor }: Stretch,
): (x: number, y: number, isHatched: boolean) => Colour {
  const { width, channels, depth, data } = picture
  const scale = depth === 16 ? 1 / 257 : 1
  return (x, y, isHatched) => {
    const sample = data[(y * width + x) * channels + (channels >= 3 ? 1 : 0)]!
    const gray = 24 + Math.round(clamp((sample * scale - from) * factor) * 0.22)
    return isHatched ? [gray + 8, gray + 20, gray + ((x + y) % 8 < 3 ? 78 : 48)] : [gray, gray, gray]
  }
}

function boxesOf({ width, height, data }: Marks, framed: number): Cluster[] {
  const values = data.map((mark) => (mark === framed ? 1 : 0))
  const rowCounts = Uint32Array.from({ length: height }, (_, y) =>
    values.subarray(y * width, (y + 1) * width).reduce((sum, value) => sum + value, 0),
  )
  return findClusters(countCells({ values, rowCounts }, width, height))
}
