import { inTurns } from '../../host/turns.ts'
import { log } from '../../tensor/math.ts'
import { type Depth, fullOf, fullScale, hasAlpha, type Picture } from '../../tensor/picture.ts'
import { type Colour, colourAlong } from '../colour.ts'
import type { Size } from '../size.ts'
import { countCells, findClusters } from './clusters.ts'
import { comparePictures } from './compare.ts'
import type { Cluster, Comparison, DiffStyle } from './comparison.ts'

const red: Colour = [224, 0, 40]
const amber: Colour = [255, 176, 0]
const blue: Colour = [140, 175, 255]
const frame: Colour = [255, 0, 200]
const gap: Colour = [90, 90, 96]
const absent: Colour = [190, 186, 196]
const heatStops: readonly Colour[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
]
const mostFrames = 24

/** A picture of 8 bits, gray or RGB, whose rows are drawn on request. */
export type Drawing = Size & {
  readonly channels: 1 | 3
  /** Draws a row into `to`, from byte `at` on. */
  draw(y: number, to: Uint8Array, at: number): void
}

/**
 * Draws the difference: RGB, or gray for `mask`. 16-bit samples are reduced to their high bits. Floats of 0..255 are
 * shown as they are, others are stretched. Alpha is shown over a checkerboard. Pictures of different sizes are
 * flattened onto each other at the upper left corner. Pixels that only one of them has count as differing.
 */
export async function drawDiff(
  expected: Picture,
  actual: Picture,
  comparison: Comparison,
  style: DiffStyle = 'triptych',
): Promise<Drawing> {
  if (!showsPictures(style)) return drawMap(expected, actual, comparison, style)
  const marks = await marksOf(expected, actual, comparison)
  const { width, height } = marks
  const stretch = await stretchOf(expected, actual)
  const left = shown(expected, width, stretch)
  const middle = overlay(left, marks, comparison.stats?.clusters ?? [])
  if (style === 'overlay') return { width, height, channels: 3, draw: middle }
  return sideBySide(width, height, [left, middle, shown(actual, width, stretch)])
}

/** A picture of 8 bits. */
export type Drawn = Picture & { readonly depth: 8 }

/** Draws all rows. */
export function drawn({ width, height, channels, draw }: Drawing): Drawn {
  const data = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) draw(y, data, y * width * channels)
  return { width, height, channels, depth: 8, data, meta: {} }
}

/** Whether a style shows the pictures themselves, and not only where they differ. */
export const showsPictures = (style: DiffStyle): boolean => style === 'overlay' || style === 'triptych'

/** Draws where two pictures differ, as `mask` or `heat`, which does not need the pictures. */
export async function drawMap(
  expected: Size,
  actual: Size,
  comparison: Comparison,
  style: DiffStyle,
): Promise<Drawing> {
  const marks = await marksOf(expected, actual, comparison)
  const { width, height, data: kinds } = marks
  if (style === 'heat') return { width, height, channels: 3, draw: heat(comparison, marks) }
  const draw: Draw = (y, to, at) => {
    for (let i = y * width, end = i + width; i < end; i++)
      to[at++] = kinds[i] === counted ? 255 : kinds[i] === tolerated ? 128 : 0
  }
  return { width, height, channels: 1, draw }
}

type Draw = Drawing['draw']

/** What happened to a pixel that is not equal: it is within the tolerance, counts as differing, or was not compared. */
export const [tolerated, counted, leftOut] = [1, 2, 3]

/** What happened to each pixel, [y][x], over the size of both pictures flattened onto each other. */
export type Marks = Size & { readonly data: Uint8Array }

async function marksOf(expected: Size, actual: Size, { map, ignored }: Comparison): Promise<Marks> {
  const width = Math.max(expected.width, actual.width)
  const height = Math.max(expected.height, actual.height)
  const marks = new Uint8Array(width * height)
  if (map !== undefined) {
    await inTurns(marks.length, (from, to) => {
      for (let at = from; at < to; at++) {
        const isCounted = map.counted === undefined ? map.values[at]! > map.threshold : map.counted[at] === 1
        if (isCounted) marks[at] = counted
        else if (map.values[at] !== 0) marks[at] = tolerated
      }
    })
  } else {
    const [w, h] = [Math.min(expected.width, actual.width), Math.min(expected.height, actual.height)]
    for (let y = 0; y < height; y++) marks.fill(counted, y * width + (y < h ? w : 0), (y + 1) * width)
  }
  if (ignored !== undefined)
    await inTurns(marks.length, (from, to) => {
      for (let at = from; at < to; at++) if (ignored[at] === 1) marks[at] = leftOut
    })
  return { width, height, data: marks }
}

export type Stretch = { readonly from: number; readonly factor: number }

/** Finds how samples become levels of 0..255, in the same way for all pictures. */
export async function stretchOf(...pictures: readonly Picture[]): Promise<Stretch> {
  if (pictures.every(({ depth }) => depth !== 32)) return { from: 0, factor: 1 }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { data, depth } of pictures) {
    const scale = 255 / fullScale(depth)
    await inTurns(data.length, (from, to) => {
      for (let i = from; i < to; i++) {
        const v = data[i]! * scale
        if (v < low && v !== Number.NEGATIVE_INFINITY) low = v
        if (v > high && v !== Number.POSITIVE_INFINITY) high = v
      }
    })
  }
  // floats of 0..1 are the other common convention, and would be black
  if (!(low < high) || (low >= 0 && high <= 255 && high > 1)) return { from: 0, factor: 1 }
  return { from: low, factor: 255 / (high - low) }
}

function shown(p: Picture, width: number, { from, factor }: Stretch): Draw {
  const { channels, data } = p
  if (channels === 3 && p.depth === 8 && p.width === width && from === 0 && factor === 1) {
    return (y, to, at) => {
      if (y < p.height) to.set(data.subarray(y * width * 3, (y + 1) * width * 3), at)
      else fill(to, at, width, absent)
    }
  }
  const scale = 255 / fullScale(p.depth)
  const full = fullOf(p)
  const [green, blueAt] = channels < 3 ? [0, 0] : [1, 2]
  const alphaAt = hasAlpha(channels) ? channels - 1 : -1
  return (y, to, start) => {
    const there = y < p.height ? p.width : 0
    fill(to, start + 3 * there, width - there, absent)
    for (let x = 0, at = start; x < there; x++, at += 3) {
      const i = (y * p.width + x) * channels
      const alpha = alphaAt < 0 ? 1 : Math.min(1, Math.max(0, data[i + alphaAt]! / full))
      const ground = ((x >> 3) + (y >> 3)) % 2 === 0 ? 255 : 208
      const level = (c: number) => {
        const v = (data[i + c]! * scale - from) * factor
        return clamp(alpha === 0 ? ground : ground + (v - ground) * alpha)
      }
      to[at] = level(0)
      to[at + 1] = level(green)
      to[at + 2] = level(blueAt)
    }
  }
}

export const clamp = (v: number): number => Math.round(Math.min(255, Math.max(0, v)))

function overlay(ground: Draw, marks: Marks, clusters: readonly Cluster[]): Draw {
  const { width, height } = marks
  const row = new Uint8Array(width * 3)
  const thickness = Math.max(1, Math.round(Math.max(width, height) / 500))
  const framed = clusters.slice(0, mostFrames)
  return (y, to, at) => {
    ground(y, row, 0)
    for (let i = 0, o = at; i < row.length; i += 3, o += 3) {
      const luma = 0.299 * row[i]! + 0.587 * row[i + 1]! + 0.114 * row[i + 2]!
      const pale = Math.round(255 - (255 - luma) * 0.35)
      const mark = marks.data[y * width + i / 3]
      // by the picture below, which remains recognisable even if all of it differs
      const shade = 0.65 + (0.35 * luma) / 255
      // tested first, because most pixels are unmarked and a colour for each would allocate an array
      if (mark === 0) {
        to[o] = pale
        to[o + 1] = pale
        to[o + 2] = pale
      } else if (mark === counted) put(to, o, shaded(red, shade))
      else if (mark === tolerated) put(to, o, shaded(amber, shade))
      else if (mark === leftOut)
        put(to, o, [(pale + blue[0]) >> 1, (pale + blue[1]) >> 1, (pale + blue[2]) >> 1])
    }
    for (const cluster of framed) drawFrame(to, at, y, cluster, marks, thickness)
  }
}

function shaded(colour: Colour, factor: number): Colour {
  return [Math.round(colour[0] * factor), Math.round(colour[1] * factor), Math.round(colour[2] * factor)]
}

/** Draws a row of a frame around a box, only where nothing differs. */
function drawFrame(
  to: Uint8Array,
  start: number,
  y: number,
  box: Cluster,
  { width, data: marks }: Marks,
  thickness: number,
): void {
  const inner = 2 * thickness
  const outer = inner + thickness
  const [left, right] = [box.x, box.x + box.width - 1]
  const [top, bottom] = [box.y, box.y + box.height - 1]
  if (y < top - outer || y > bottom + outer) return
  const isEdge = y < top - inner || y > bottom + inner
  for (let x = Math.max(0, left - outer); x <= Math.min(width - 1, right + outer); x++) {
    if (!isEdge && x === left - inner) x = right + inner + 1
    if (x >= width || x > right + outer) return
    const mark = marks[y * width + x]
    if (mark === 0 || mark === leftOut) put(to, start + 3 * x, frame)
  }
}

function heat({ map, stats }: Comparison, { width, data: marks }: Marks): Draw {
  const most = stats?.largest?.difference ?? 1
  return (y, to, start) => {
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      const d = map === undefined ? (marks[at] === counted ? most : 0) : map.values[at]!
      if (d === 0 || marks[at] === leftOut) {
        put(to, start + 3 * x, heatStops[0]!)
        continue
      }
      const share = d === most ? 1 : Number.isFinite(most) ? Math.sqrt(d / most) : 0
      put(to, start + 3 * x, colourAlong(heatStops, Math.max(0.25, share)))
    }
  }
}

function sideBySide(width: number, height: number, panels: readonly Draw[]): Drawing {
  const between = Math.max(4, Math.round(width / 150))
  const step = width + between
  return {
    width: step * panels.length - between,
    height,
    channels: 3,
    draw(y, to, at) {
      for (const [i, panel] of panels.entries()) {
        panel(y, to, at + 3 * i * step)
        if (i + 1 < panels.length) fill(to, at + 3 * (i * step + width), between, gap)
      }
    },
  }
}

/** Writes a colour from byte `at` on. */
export function put(to: Uint8Array, at: number, colour: Colour): void {
  to[at] = colour[0]
  to[at + 1] = colour[1]
  to[at + 2] = colour[2]
}

function fill(to: Uint8Array, at: number, pixels: number, colour: Colour): void {
  for (let i = 0; i < pixels; i++) put(to, at + 3 * i, colour)
}

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
            ? shaded(teal, 0.45 + 0.55 * (value < mostTolerated ? value / mostTolerated : 1))
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
