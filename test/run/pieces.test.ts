import { afterEach, expect, test, vi } from 'vitest'
import type { Span } from '../../src/graph/spans.ts'
import { withoutPauses } from '../../src/host/turns.ts'
import { inPieces, type Pace } from '../../src/run/pieces.ts'

afterEach(() => void vi.restoreAllMocks())

/** Returns the pieces of some rows, with a simulated clock and a given time per row in milliseconds. */
function piecesOf(rows: Span, pace: Pace | undefined, costOfRow: number): Span[] {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const pieces: Span[] = []
  withoutPauses(
    inPieces(rows, pace, (piece) => {
      pieces.push(piece)
      now += (piece[1] - piece[0]) * costOfRow
    }),
  )
  return pieces
}

test('rows that are quick are computed in ever larger pieces, slow ones in small ones', () => {
  const pace: Pace = { rows: 4, least: 4, around: 3 }
  expect(piecesOf([10, 100], pace, 0.01)).toEqual([
    [10, 14],
    [14, 22],
    [22, 38],
    [38, 70],
    [70, 100],
  ])
  expect(pace.rows).toBe(64)
  expect(piecesOf([0, 80], pace, 1).map(([first, end]) => end - first)).toEqual([64, 16])
  const lengths = (rows: number, least: number, around: number, costOfRow: number) =>
    piecesOf([0, 40], { rows, least, around }, costOfRow).map(([first, end]) => end - first)
  expect(lengths(16, 6, 3, 0.5)).toEqual([16, 8, 8, 8])
  expect(lengths(16, 6, 3, 2)).toEqual([16, 8, 6, 6, 4])
  // pieces are not so small that rows around them are read again more often than necessary
  expect(lengths(4, 4, 3, 0.6)).toEqual(Array(10).fill(4))
  expect(lengths(4, 4, 30, 0.6)).toEqual([4, 8, 8, 8, 8, 4])
})

test('a thread that nobody waits for computes all at once, and no rows are no work', () => {
  expect(piecesOf([3, 90], undefined, 5)).toEqual([[3, 90]])
  expect(piecesOf([3, 3], { rows: 4, least: 4, around: 3 }, 5)).toEqual([])
})
