import { afterEach, expect, test, vi } from 'vitest'
import type { Span } from '../../src/graph/spans.ts'
import { inPieces, type Pace, withoutPauses } from '../../src/run/pieces.ts'

afterEach(() => void vi.restoreAllMocks())

/** The pieces of some rows, each of which takes so many milliseconds by a clock of its own. */
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
  const pace: Pace = { rows: 4, least: 4 }
  expect(piecesOf([10, 100], pace, 0.01)).toEqual([
    [10, 14],
    [14, 22],
    [22, 38],
    [38, 70],
    [70, 100],
  ])
  expect(pace.rows).toBe(64)
  expect(piecesOf([0, 80], pace, 1).map(([first, end]) => end - first)).toEqual([64, 16])
  expect(piecesOf([0, 40], { rows: 16, least: 6 }, 1).map(([first, end]) => end - first)).toEqual([
    16, 8, 8, 8,
  ])
  expect(piecesOf([0, 40], { rows: 16, least: 6 }, 2).map(([first, end]) => end - first)).toEqual([
    16, 8, 6, 6, 4,
  ])
})

test('a thread that nobody waits for computes all at once, and no rows are no work', () => {
  expect(piecesOf([3, 90], undefined, 5)).toEqual([[3, 90]])
  expect(piecesOf([3, 3], { rows: 4, least: 4 }, 5)).toEqual([])
})
