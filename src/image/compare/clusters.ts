import { inRows } from '../../host/turns.ts'
import type { Cluster } from './comparison.ts'

/** Pixels nearer than this belong together, more or less: the grid's cells touch each other. */
const cell = 16
/** A picture of noise has one cluster or thousands; nobody reads more than these. */
const mostClusters = 100

/**
 * Where pixels that differ are together: cells of 16x16 that hold such pixels are joined with their neighbours in all
 * eight directions. The boxes fit the pixels, not the cells. The largest numbers of pixels first, at most 100 clusters.
 */
export function findClusters(cells: Cells): Cluster[] {
  const seen = new Uint8Array(cells.count.length)
  const clusters: Cluster[] = []
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] === 1 || cells.count[start] === 0) continue
    clusters.push(flood(start, cells, seen))
  }
  return clusters.sort((a, b) => b.pixels - a.pixels).slice(0, mostClusters)
}

/** The pixels that differ, in cells of 16x16: how many, and the box around them. */
export type Cells = {
  readonly columns: number
  readonly rows: number
  readonly count: Uint32Array
  readonly left: Uint32Array
  readonly right: Uint32Array
  readonly top: Uint32Array
  readonly bottom: Uint32Array
}

/** What pixels are counted by: not 0 where one differs, [y][x], and how many do in each row. */
type Differing = { readonly values: ArrayLike<number>; readonly rowCounts: Uint32Array }

/** Counts the pixels that differ in cells. */
export function countCells(differing: Differing, width: number, height: number): Cells {
  const cells = noCells(width, height)
  for (let y = 0; y < height; y++) countRow(cells, differing, width, y)
  return cells
}

/** The same in pieces, between which the event loop turns. */
export async function countCellsInTurns(differing: Differing, width: number, height: number): Promise<Cells> {
  const cells = noCells(width, height)
  await inRows(height, width, (y) => countRow(cells, differing, width, y))
  return cells
}

function noCells(width: number, height: number): Cells {
  const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)]
  const made = (first = 0) => new Uint32Array(columns * rows).fill(first)
  return { columns, rows, count: made(), left: made(width), right: made(), top: made(height), bottom: made() }
}

function countRow(cells: Cells, { values, rowCounts }: Differing, width: number, y: number): void {
  if (rowCounts[y] === 0) return
  const { columns, count, left, right, top, bottom } = cells
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

function flood(start: number, boxes: Cells, seen: Uint8Array): Cluster {
  const { columns, rows } = boxes
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
