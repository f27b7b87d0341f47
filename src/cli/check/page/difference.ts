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
  const markAt = (at: number) => marks?.data[at] ?? (distances[at] === 0 ? equal : counted)
  const found = new Set<number>()
  let mostTolerated = 0
  for (let at = 0; at < distances.length; at++) {
    found.add(markAt(at))
    if (markAt(at) === tolerated) mostTolerated = Math.max(mostTolerated, distances[at]!)
  }
  const framed = found.has(counted) ? counted : tolerated
  const share = shareOf(distances, expected.depth, actual.depth)
  const image = new ImageData(width, height)
  const cells = new Map<number, Cell>()
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const mark = markAt(at)
      const colour =
        mark === counted
          ? heat(share(distances[at]!))
          : mark === tolerated
            ? toleratedColour(distances[at]! / mostTolerated)
            : dimmed(actual, x, y, stretch, mark === ignored)
      image.data.set(colour, 4 * at)
      image.data[4 * at + 3] = 255
      if (mark === framed) addToCell(cells, x, y)
    }
  }
  return {
    image: paint(image),
    boxes: boxesOf(cells),
    hasCounted: found.has(counted),
    hasTolerated: found.has(tolerated),
    hasIgnored: found.has(ignored),
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

/** The actual picture as a ground; hatched where it was not compared. */
function dimmed(picture: Pixels, x: number, y: number, stretch: Stretch, isHatched: boolean): number[] {
  const { width, height, channels, data, depth } = picture
  if (x >= width || y >= height) return [24, 24, 24]
  const at = (y * width + x) * channels
  const gray = 24 + levelOf(data[at + (channels >= 3 ? 1 : 0)]!, depth, stretch) * 0.22
  return isHatched ? [gray + 8, gray + 20, gray + ((x + y) % 8 < 3 ? 78 : 48)] : [gray, gray, gray]
}

const toleratedColour = (share: number): number[] =>
  teal.map((c) => c * (0.45 + 0.55 * (Number.isFinite(share) ? share : 1)))

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

function heat(share: number): number[] {
  const at = share * (ramp.length - 1)
  const i = Math.min(ramp.length - 2, Math.floor(at))
  return [0, 1, 2].map((c) => ramp[i]![c]! + (at - i) * (ramp[i + 1]![c]! - ramp[i]![c]!))
}

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
