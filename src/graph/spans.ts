import type { Span } from '../definition/rows.ts'

export type { Span } from '../definition/rows.ts'

/** Merges spans into spans in ascending order that neither touch nor overlap. */
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

export const rowCount = (spans: readonly Span[]): number =>
  spans.reduce((sum, [first, end]) => sum + end - first, 0)

/** Returns the index of row `y` among the rows of all spans, or -1 if it is none of them. */
export function slotOf(spans: readonly Span[], y: number): number {
  let before = 0
  for (const [first, end] of spans) {
    if (y >= first && y < end) return before + y - first
    before += end - first
  }
  return -1
}
