import type { Cluster } from './comparison.ts'

/** Pixels nearer than this belong together, more or less: the grid's cells touch each other. */
const cell = 16
/** A picture of noise has one cluster or thousands; nobody reads more than these. */
const mostClusters = 100

/**
 * Where pixels that differ are together: cells of 16x16 that hold such pixels are joined with their neighbours in all
 * eight directions. The boxes fit the pixels, not the cells. The largest numbers of pixels first, at most 100 clusters.
 *
 * @param values [y][x], not 0 where a pixel differs
 * @param rowCounts such pixels in each row
 */
export function findClusters(
  values: ArrayLike<number>,
  width: number,
  height: number,
  rowCounts: Uint32Array,
): Cluster[] {
  const columns = Math.ceil(width / cell)
  const rows = Math.ceil(height / cell)
  const boxes = countCells(values, width, height, rowCounts, columns, rows)
  const seen = new Uint8Array(columns * rows)
  const clusters: Cluster[] = []
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] === 1 || boxes.count[start] === 0) continue
    clusters.push(flood(start, boxes, seen, columns, rows))
  }
  return clusters.sort((a, b) => b.pixels - a.pixels).slice(0, mostClusters)
}

type Boxes = {
  readonly count: Uint32Array
  readonly left: Uint32Array
  readonly right: Uint32Array
  readonly top: Uint32Array
  readonly bottom: Uint32Array
}

function countCells(
  values: ArrayLike<number>,
  width: number,
  height: number,
  rowCounts: Uint32Array,
  columns: number,
  rows: number,
): Boxes {
  const size = columns * rows
  const count = new Uint32Array(size)
  const left = new Uint32Array(size).fill(width)
  const right = new Uint32Array(size)
  const top = new Uint32Array(size).fill(height)
  const bottom = new Uint32Array(size)
  for (let y = 0; y < height; y++) {
    if (rowCounts[y] === 0) continue
    const row = Math.floor(y / cell) * columns
    for (let column = 0; column < columns; column++) {
      const i = row + column
      const end = Math.min(width, (column + 1) * cell)
      let [inCell, first, last] = [0, width, 0]
      for (let x = column * cell; x < end; x++) {
        if (values[y * width + x] === 0) continue
        if (inCell === 0) first = x
        last = x
        inCell++
      }
      if (inCell === 0) continue
      count[i]! += inCell
      if (first < left[i]!) left[i] = first
      if (last > right[i]!) right[i] = last
      if (y < top[i]!) top[i] = y
      bottom[i] = y
    }
  }
  return { count, left, right, top, bottom }
}

function flood(start: number, boxes: Boxes, seen: Uint8Array, columns: number, rows: number): Cluster {
  const stack = [start]
  seen[start] = 1
  let [pixels, left, right, top, bottom] = [0, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, 0]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    pixels += boxes.count[at]!
    left = Math.min(left, boxes.left[at]!)
    right = Math.max(right, boxes.right[at]!)
    top = Math.min(top, boxes.top[at]!)
    bottom = Math.max(bottom, boxes.bottom[at]!)
    const [x, y] = [at % columns, Math.floor(at / columns)]
    for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(columns - 1, x + 1); nx++) {
        const next = ny * columns + nx
        if (seen[next] === 1 || boxes.count[next] === 0) continue
        seen[next] = 1
        stack.push(next)
      }
    }
  }
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1, pixels }
}
