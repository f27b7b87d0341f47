import { type BorderName, borders } from '../tensor/border.ts'

/** Rows `first` to `end` − 1. */
export type Span = readonly [first: number, end: number]

/** The same rows as spans in order that neither meet nor overlap. */
export function united(spans: readonly Span[]): Span[] {
  const sorted = spans.filter(([first, end]) => end > first).sort(([a], [b]) => a - b)
  const out: [number, number][] = []
  for (const [first, end] of sorted) {
    const last = out.at(-1)
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end)
    else out.push([first, end])
  }
  return out
}

/** The rows of an input of `height` rows that stand at the places `first` to `end` − 1, which may lie outside. */
export function bordered([first, end]: Span, height: number, border: BorderName): Span[] {
  const spans: Span[] = [[Math.max(0, first), Math.min(height, end)]]
  const { source } = borders[border]
  const add = (place: number) => {
    const row = source(place, height)
    if (row >= 0) spans.push([row, row + 1])
  }
  for (let place = first; place < Math.min(0, end); place++) add(place)
  for (let place = Math.max(height, first); place < end; place++) add(place)
  return spans
}

/** How many rows there are. */
export const rowCount = (spans: readonly Span[]): number =>
  spans.reduce((sum, [first, end]) => sum + end - first, 0)

/** Which of the rows, counted from 0, row `y` is; -1 where it is none of them. */
export function slotOf(spans: readonly Span[], y: number): number {
  let before = 0
  for (const [first, end] of spans) {
    if (y >= first && y < end) return before + y - first
    before += end - first
  }
  return -1
}
