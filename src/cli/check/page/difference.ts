import { type Pixels, paint } from './png.ts'

/** A rectangle of pixels. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Where two pictures differ, and by how much. */
export type Difference = {
  readonly image: HTMLCanvasElement
  /** Around what lies together, those with most differing pixels first. */
  readonly boxes: readonly Box[]
  readonly pixels: number
}

/** From hardly to all: legible to colour-blind readers, and bright enough on a dimmed gray picture. */
const ramp: readonly (readonly [number, number, number])[] = [
  [168, 50, 220],
  [240, 60, 140],
  [255, 140, 50],
  [255, 240, 120],
]

/** The actual picture in dim gray, and over it every pixel that differs, in a colour that says by how much. */
export function differenceOf(expected: Pixels, actual: Pixels): Difference {
  const width = Math.max(expected.width, actual.width)
  const height = Math.max(expected.height, actual.height)
  const image = new ImageData(width, height)
  const cells = new Map<number, Cell>()
  const full = Math.max(expected.depth, actual.depth) === 16 ? 65535 : 255
  let pixels = 0
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 4) {
      const distance = distanceAt(expected, actual, x, y)
      const gray = distance === 0 ? dimmed(actual, x, y) : 0
      const colour = distance === 0 ? [gray, gray, gray] : heat(distance, full)
      image.data.set(colour, to)
      image.data[to + 3] = 255
      if (distance > 0) {
        pixels++
        addToCell(cells, x, y)
      }
    }
  }
  return { image: paint(image), boxes: boxesOf(cells), pixels }
}

/** The largest difference of a sample; infinite where only one picture has the pixel. */
function distanceAt(a: Pixels, b: Pixels, x: number, y: number): number {
  if (x >= a.width || y >= a.height || x >= b.width || y >= b.height) return Number.POSITIVE_INFINITY
  const [i, j] = [(y * a.width + x) * a.channels, (y * b.width + x) * b.channels]
  if (a.channels !== b.channels || a.depth !== b.depth) return Number.POSITIVE_INFINITY
  let most = 0
  for (let c = 0; c < a.channels; c++) {
    const d = Math.abs(a.data[i + c]! - b.data[j + c]!)
    if (d > most) most = d
  }
  return most
}

function dimmed(picture: Pixels, x: number, y: number): number {
  const { width, channels, data, depth } = picture
  const at = (y * width + x) * channels
  const green = data[at + (channels >= 3 ? 1 : 0)]! >> (depth === 16 ? 8 : 0)
  return 24 + green * 0.22
}

/** Logarithmic: a difference of 1 is plain to see, and 10 is told from 100. */
function heat(distance: number, full: number): number[] {
  const share = Math.min(1, Math.log(Math.min(distance, full)) / Math.log(full))
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
