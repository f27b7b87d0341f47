import { fullOf, fullScale, hasAlpha, type Picture } from '../../tensor/picture.ts'
import { type Colour, colourAlong } from '../colour.ts'
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

type Canvas = { readonly width: number; readonly height: number; readonly data: Uint8Array }

/**
 * A picture of what differs: 8 bits, RGB, of mask gray. 16-bit samples are shown by their high bits, floats of 0..255 as
 * they are and others stretched, alpha over a checkerboard. Pictures of different sizes are flattened onto each other at the
 * upper left corner; what one of them lacks counts as differing.
 */
export function renderDiff(
  expected: Picture,
  actual: Picture,
  comparison: Comparison,
  style: DiffStyle = 'triptych',
): Drawn {
  if (!showsPictures(style)) return renderMap(expected, actual, comparison, style)
  const marks = marksOf(expected, actual, comparison)
  const { width, height } = marks
  const stretch = stretchOf(expected, actual)
  const left = shown(expected, width, height, stretch)
  const middle = overlay(left, marks, comparison.stats?.clusters ?? [])
  if (style === 'overlay') return picture(middle)
  return picture(sideBySide([left, middle, shown(actual, width, height, stretch)]))
}

/** A picture of 8 bits. */
export type Drawn = Picture & { readonly depth: 8 }

/** Whether a style shows the pictures themselves, and not only where they differ. */
export const showsPictures = (style: DiffStyle): boolean => style === 'overlay' || style === 'triptych'

/** A picture of where two pictures differ, for which they need not be there: `mask` or `heat`. */
export function renderMap(expected: Size, actual: Size, comparison: Comparison, style: DiffStyle): Drawn {
  const marks = marksOf(expected, actual, comparison)
  if (style === 'heat') return picture(heat(comparison, marks))
  const { width, height, data: kinds } = marks
  const data = new Uint8Array(kinds.length)
  for (let at = 0; at < kinds.length; at++)
    data[at] = kinds[at] === counted ? 255 : kinds[at] === tolerated ? 128 : 0
  return { width, height, channels: 1, depth: 8, data, meta: {} }
}

type Size = { readonly width: number; readonly height: number }

export const picture = ({ width, height, data }: Canvas): Drawn => ({
  width,
  height,
  channels: 3,
  depth: 8,
  data,
  meta: {},
})

/** What became of a pixel that is not equal: it differs within the tolerance, counts, or was not compared. */
export const [tolerated, counted, leftOut] = [1, 2, 3]

/** What became of each pixel, [y][x]; as large as both pictures flattened onto each other. */
export type Marks = { readonly width: number; readonly height: number; readonly data: Uint8Array }

export function marksOf(expected: Size, actual: Size, { map, ignored }: Comparison): Marks {
  const width = Math.max(expected.width, actual.width)
  const height = Math.max(expected.height, actual.height)
  const marks = new Uint8Array(width * height)
  if (map !== undefined) {
    for (let at = 0; at < marks.length; at++) {
      const isCounted = map.counted === undefined ? map.values[at]! > map.threshold : map.counted[at] === 1
      if (isCounted) marks[at] = counted
      else if (map.values[at] !== 0) marks[at] = tolerated
    }
  } else {
    const [w, h] = [Math.min(expected.width, actual.width), Math.min(expected.height, actual.height)]
    for (let y = 0; y < height; y++) marks.fill(counted, y * width + (y < h ? w : 0), (y + 1) * width)
  }
  if (ignored !== undefined)
    for (let at = 0; at < marks.length; at++) if (ignored[at] === 1) marks[at] = leftOut
  return { width, height, data: marks }
}

export type Stretch = { readonly from: number; readonly factor: number }

/** How samples become levels of 0..255, the same way for all pictures. */
export function stretchOf(...pictures: readonly Picture[]): Stretch {
  if (pictures.every(({ depth }) => depth !== 32)) return { from: 0, factor: 1 }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { data, depth } of pictures) {
    const scale = 255 / fullScale(depth)
    for (let i = 0; i < data.length; i++) {
      const v = data[i]! * scale
      if (v < low && v !== Number.NEGATIVE_INFINITY) low = v
      if (v > high && v !== Number.POSITIVE_INFINITY) high = v
    }
  }
  // floats of 0..1 are the other common convention, and would be black
  if (!(low < high) || (low >= 0 && high <= 255 && high > 1)) return { from: 0, factor: 1 }
  return { from: low, factor: 255 / (high - low) }
}

/** The picture as it looks, over a checkerboard where it is transparent. */
function shown(p: Picture, width: number, height: number, stretch: Stretch): Canvas {
  const { from, factor } = stretch
  const isAsItIs = p.channels === 3 && p.depth === 8 && p.width === width && p.height === height
  if (isAsItIs && from === 0 && factor === 1) return { width, height, data: p.data as Uint8Array }
  const canvas = blank(width, height, absent)
  const { channels, data } = p
  const scale = 255 / fullScale(p.depth)
  const full = fullOf(p)
  const [green, blueAt] = channels < 3 ? [0, 0] : [1, 2]
  const alphaAt = hasAlpha(channels) ? channels - 1 : -1
  for (let y = 0; y < p.height; y++) {
    for (let x = 0; x < p.width; x++) {
      const i = (y * p.width + x) * channels
      const alpha = alphaAt < 0 ? 1 : Math.min(1, Math.max(0, data[i + alphaAt]! / full))
      const ground = ((x >> 3) + (y >> 3)) % 2 === 0 ? 255 : 208
      const level = (c: number) => {
        const v = (data[i + c]! * scale - from) * factor
        return clamp(alpha === 0 ? ground : ground + (v - ground) * alpha)
      }
      const at = 3 * (y * width + x)
      canvas.data[at] = level(0)
      canvas.data[at + 1] = level(green)
      canvas.data[at + 2] = level(blueAt)
    }
  }
  return canvas
}

export const clamp = (v: number): number => Math.round(Math.min(255, Math.max(0, v)))

function overlay({ data }: Canvas, marks: Marks, clusters: readonly Cluster[]): Canvas {
  const { width, height } = marks
  const canvas = { width, height, data: new Uint8Array(width * height * 3) }
  for (let at = 0; at < marks.data.length; at++) {
    const luma = 0.299 * data[3 * at]! + 0.587 * data[3 * at + 1]! + 0.114 * data[3 * at + 2]!
    const pale = Math.round(255 - (255 - luma) * 0.35)
    const mark = marks.data[at]
    // first, as most pixels are: a colour for each would be an array for each
    if (mark === 0) {
      canvas.data[3 * at] = pale
      canvas.data[3 * at + 1] = pale
      canvas.data[3 * at + 2] = pale
    } else if (mark === counted) paint(canvas, at, shaded(red, luma))
    else if (mark === tolerated) paint(canvas, at, shaded(amber, luma))
    else if (mark === leftOut)
      paint(canvas, at, [(pale + blue[0]) >> 1, (pale + blue[1]) >> 1, (pale + blue[2]) >> 1])
  }
  const thickness = Math.max(1, Math.round(Math.max(width, height) / 500))
  for (const cluster of clusters.slice(0, mostFrames)) drawFrame(canvas, cluster, marks, thickness)
  return canvas
}

/** A colour that lets the picture below be guessed, for when all of it differs. */
function shaded(colour: Colour, luma: number): Colour {
  const factor = 0.65 + (0.35 * luma) / 255
  return [Math.round(colour[0] * factor), Math.round(colour[1] * factor), Math.round(colour[2] * factor)]
}

/** A frame around a box, drawn only where nothing differs. */
function drawFrame(canvas: Canvas, box: Cluster, { data: marks }: Marks, thickness: number): void {
  const { width, height } = canvas
  const inner = 2 * thickness
  const outer = inner + thickness
  const [left, right] = [box.x, box.x + box.width - 1]
  const [top, bottom] = [box.y, box.y + box.height - 1]
  for (let y = Math.max(0, top - outer); y <= Math.min(height - 1, bottom + outer); y++) {
    const isEdge = y < top - inner || y > bottom + inner
    for (let x = Math.max(0, left - outer); x <= Math.min(width - 1, right + outer); x++) {
      if (!isEdge && x >= left - inner && x <= right + inner) continue
      const at = y * width + x
      if (marks[at] === 0 || marks[at] === leftOut) paint(canvas, at, frame)
    }
  }
}

function heat({ map, stats }: Comparison, { width, height, data: marks }: Marks): Canvas {
  const canvas = blank(width, height, heatStops[0]!)
  const most = stats?.largest?.difference ?? 1
  for (let at = 0; at < marks.length; at++) {
    const d = map === undefined ? (marks[at] === counted ? most : 0) : map.values[at]!
    if (d === 0 || marks[at] === leftOut) continue
    const share = d === most ? 1 : Number.isFinite(most) ? Math.sqrt(d / most) : 0
    paint(canvas, at, colourAlong(heatStops, Math.max(0.25, share)))
  }
  return canvas
}

function sideBySide(panels: readonly Canvas[]): Canvas {
  const { width, height } = panels[0]!
  const between = Math.max(4, Math.round(width / 150))
  const canvas = blank(width * panels.length + between * (panels.length - 1), height, gap)
  panels.forEach((panel, i) => {
    for (let y = 0; y < height; y++) {
      const row = panel.data.subarray(y * width * 3, (y + 1) * width * 3)
      canvas.data.set(row, (y * canvas.width + i * (width + between)) * 3)
    }
  })
  return canvas
}

export function blank(width: number, height: number, colour: Colour): Canvas {
  const data = new Uint8Array(width * height * 3)
  if (width === 0 || height === 0) return { width, height, data }
  for (let x = 0; x < width; x++) paint({ data }, x, colour)
  for (let y = 1; y < height; y++) data.copyWithin(3 * y * width, 0, 3 * width)
  return { width, height, data }
}

export function paint({ data }: Pick<Canvas, 'data'>, at: number, colour: Colour): void {
  data[3 * at] = colour[0]
  data[3 * at + 1] = colour[1]
  data[3 * at + 2] = colour[2]
}
