import { levelOf, type Pixels, paint, type Stretch } from './pixels.ts'

/** A rectangle of pixels. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Where two pictures differ, and by how much. */
export type Difference = {
  readonly image: HTMLCanvasElement
  /** Around what lies together, those with most differing pixels first. */
  readonly boxes: readonly Box[]
  /** Whether some pixels count as differing, some differ within the tolerance, some were not compared. */
  readonly hasCounted: boolean
  readonly hasTolerated: boolean
  readonly hasIgnored: boolean
}

/** From hardly to all: legible to colour-blind readers, and bright enough on a dimmed gray picture. */
const ramp: readonly (readonly [number, number, number])[] = [
  [168, 50, 220],
  [240, 60, 140],
  [255, 140, 50],
  [255, 240, 120],
]
/** The brightest of what is within the tolerance. */
const teal = [64, 156, 170]

/** What became of a pixel, as the picture of the marks has it. */
const [equal, ignored, tolerated, counted] = [0, 64, 128, 255]

/**
 * The actual picture in dim gray, and over it every pixel that differs, in a colour that says by how much. What is within
 * the tolerance has a colour of its own, what was not compared is hatched. Without marks every difference counts.
 */
export function differenceOf(
  expected: Pixels,
  actual: Pixels,
  marks: Pixels | undefined,
  stretch: Stretch,
): Difference {
  const width = Math.max(expected.width, actual.width)
  const height = Math.max(expected.height, actual.height)
  const distances = distancesOf(expected, actual, width, height)
  const markAt = (at: number) =>
    marks === undefined ? (distances[at] === 0 ? equal : counted) : marks.data[at]!
  const found = new Uint8Array(256)
  let mostTolerated = 0
  for (let at = 0; at < distances.length; at++) {
    const mark = markAt(at)
    found[mark] = 1
    if (mark === tolerated) mostTolerated = Math.max(mostTolerated, distances[at]!)
  }
  const framed = found[counted] === 1 ? counted : tolerated
  const share = shareOf(distances, expected.depth, actual.depth)
  const image = new ImageData(width, height)
  // a pixel as one number: by four bytes it takes several times as long
  const pixels = new Uint32Array(image.data.buffer)
  const cells = new Map<number, Cell>()
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const mark = markAt(at)
      pixels[at] =
        mark === counted
          ? hot[Math.round(255 * share(distances[at]!))]!
          : mark === tolerated
            ? cool[Math.round(255 * shareOfAll(distances[at]!, mostTolerated))]!
            : dimmed(actual, x, y, stretch, mark === ignored)
      if (mark === framed) addToCell(cells, x, y)
    }
  }
  return {
    image: paint(image),
    boxes: boxesOf(cells),
    hasCounted: found[counted] === 1,
    hasTolerated: found[tolerated] === 1,
    hasIgnored: found[ignored] === 1,
  }
}

function distancesOf(a: Pixels, b: Pixels, width: number, height: number): Float32Array {
  const distances = new Float32Array(width * height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) distances[at] = distanceAt(a, b, x, y)
  }
  return distances
}

/** The largest difference of a sample; infinite where only one picture has the pixel, or a number in it. */
function distanceAt(a: Pixels, b: Pixels, x: number, y: number): number {
  if (x >= a.width || y >= a.height || x >= b.width || y >= b.height) return Number.POSITIVE_INFINITY
  const [i, j] = [(y * a.width + x) * a.channels, (y * b.width + x) * b.channels]
  if (a.channels !== b.channels || a.depth !== b.depth) return Number.POSITIVE_INFINITY
  let most = 0
  for (let c = 0; c < a.channels; c++) {
    const [p, q] = [a.data[i + c]!, b.data[j + c]!]
    if (p === q || (Number.isNaN(p) && Number.isNaN(q))) continue
    const d = Math.abs(p - q)
    // the smallest of floats may round to nothing in a float32
    most = Math.max(most, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d, 1e-38)
  }
  return most
}

/** An opaque colour as a pixel of an ImageData has it, on machines of little endian: all that browsers run on. */
const packed = (red: number, green: number, blue: number): number =>
  (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0

/** The actual picture as a ground; hatched where it was not compared. */
function dimmed(picture: Pixels, x: number, y: number, stretch: Stretch, isHatched: boolean): number {
  const { width, height, channels, data, depth } = picture
  if (x >= width || y >= height) return packed(24, 24, 24)
  const at = (y * width + x) * channels
  const level = levelOf(data[at + (channels >= 3 ? 1 : 0)]!, depth, stretch)
  const gray = 24 + Math.round(Math.min(255, Math.max(0, level)) * 0.22)
  return isHatched
    ? packed(gray + 8, gray + 20, gray + ((x + y) % 8 < 3 ? 78 : 48))
    : packed(gray, gray, gray)
}

/** A part of the largest; all of it where that is no number. */
const shareOfAll = (distance: number, most: number): number => (distance < most ? distance / most : 1)

/** How far along the ramp a difference lies. Logarithmic: 1 is plain to see, and 10 is told from 100. */
function shareOf(distances: Float32Array, ...depths: Pixels['depth'][]): (distance: number) => number {
  const most = distances.reduce((a, b) => (Number.isFinite(b) && b > a ? b : a), 0)
  // floats have no full scale: the largest difference is all
  const [full, unit] = depths.includes(32) ? [256, most / 255] : [depths.includes(16) ? 65535 : 255, 1]
  return (distance) =>
    distance === Number.POSITIVE_INFINITY || unit === 0
      ? 1
      : Math.min(1, Math.max(0, Math.log(distance / unit + (unit === 1 ? 0 : 1)) / Math.log(full)))
}

const steps = Array.from({ length: 256 }, (_, i) => i / 255)

/** The colours of what counts, from hardly to all. */
const hot = Uint32Array.from(steps, (share) => {
  const at = share * (ramp.length - 1)
  const i = Math.min(ramp.length - 2, Math.floor(at))
  const [red, green, blue] = [0, 1, 2].map((c) =>
    Math.round(ramp[i]![c]! + (at - i) * (ramp[i + 1]![c]! - ramp[i]![c]!)),
  )
  return packed(red!, green!, blue!)
})

/** The colours of what is within the tolerance. */
const cool = Uint32Array.from(steps, (share) => {
  const [red, green, blue] = teal.map((c) => Math.round(c * (0.45 + 0.55 * share)))
  return packed(red!, green!, blue!)
})

const cellSize = 16
const across = 2 ** 16

type Cell = { left: number; top: number; right: number; bottom: number; pixels: number }

function addToCell(cells: Map<number, Cell>, x: number, y: number): void {
  const key = Math.floor(y / cellSize) * across + Math.floor(x / cellSize)
  const cell = cells.get(key)
  if (cell === undefined) cells.set(key, { left: x, top: y, right: x, bottom: y, pixels: 1 })
  else grow(cell, { left: x, top: y, right: x, bottom: y, pixels: 1 })
}

function grow(cell: Cell, by: Cell): void {
  cell.left = Math.min(cell.left, by.left)
  cell.top = Math.min(cell.top, by.top)
  cell.right = Math.max(cell.right, by.right)
  cell.bottom = Math.max(cell.bottom, by.bottom)
  cell.pixels += by.pixels
}

/** Cells that touch become one box. */
function boxesOf(cells: Map<number, Cell>): Box[] {
  const boxes: Cell[] = []
  while (cells.size > 0) {
    const [start] = cells.keys()
    const open = [start!]
    const box = { ...cells.get(start!)!, pixels: 0 }
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      const cell = cells.get(key)
      if (cell === undefined) continue
      cells.delete(key)
      grow(box, cell)
      for (const dy of [-across, 0, across]) open.push(key + dy - 1, key + dy, key + dy + 1)
    }
    boxes.push(box)
  }
  return boxes
    .sort((a, b) => b.pixels - a.pixels)
    .map(({ left, top, right, bottom }) => ({
      x: left,
      y: top,
      width: right - left + 1,
      height: bottom - top + 1,
    }))
}
