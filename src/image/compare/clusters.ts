import { inRows } from '../../host/turns.ts'
import type { Cluster } from './comparison.ts'

/** The side of a grid cell in pixels. Adjacent cells are joined, so pixels nearer than this roughly belong together. */
const cell = 16
/** A picture of noise has one cluster or thousands. A longer list is of no use. */
const mostClusters = 100

/**
 * Finds clusters of pixels that differ. Cells of 16x16 that contain such pixels are joined with their neighbours in all
 * eight directions. The boxes fit the pixels, not the cells. Returns at most 100 clusters, the largest first.
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

/** The number of differing pixels in each cell of 16x16, and the box around them. */
export type Cells = ReturnType<typeof noCells>

/**
 * The differing pixels: values that are not 0 where a pixel differs, [y][x], and the number of such pixels in each row.
 */
type Differing = { readonly values: ArrayLike<number>; readonly rowCounts: Uint32Array }

/** Counts the differing pixels of each cell. */
export function countCells(differing: Differing, width: number, height: number): Cells {
  const cells = noCells(width, height)
  for (let y = 0; y < height; y++) countRow(cells, differing, width, y)
  return cells
}

/** Does the same in pieces, between which the event loop can run. */
export async function countCellsInTurns(differing: Differing, width: number, height: number): Promise<Cells> {
  const cells = noCells(width, height)
  await inRows(height, width, (y) => countRow(cells, differing, width, y))
  return cells
}

function noCells(width: number, height: number) {
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
