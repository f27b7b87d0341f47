import { type BankNeeds, type FilterNeeds, needs, type WorkOf } from '../graph/node.ts'
import type { Listed } from '../graph/schedule.ts'
import { rowCount, type Span } from '../graph/spans.ts'
import { longestWork } from '../host/turns.ts'

/**
 * How many rows of a step a thread that must stay responsive computes at a time. `around` is the number of input rows
 * that are read for one row, and read again for every piece.
 */
export type Pace = { rows: number; readonly least: number; readonly around: number }

/**
 * Returns a pace that begins with few rows, because their cost is known only once they are computed.
 *
 * @param block the number of rows that the step computes at once
 */
export function paceOf<B extends BankNeeds, P, F extends FilterNeeds>(
  { work, shape, inputs }: Listed<WorkOf<B, P, F>>,
  shapes: readonly Listed['shape'][],
  block: number,
): Pace {
  const y = shape[1] >> 1
  const row: Span = [y, y + 1]
  const read =
    'filter' in work
      ? needs([inputs.length === 0 ? shape : shapes[inputs[0]!]!], work, row)
      : needs(
          inputs.map((input) => shapes[input]!),
          work,
          row,
        )
  const least = Math.ceil(4 / block) * block
  return { rows: least, least, around: Math.max(...read.map(rowCount)) }
}

/** Computes rows piece by piece, with a pause after each. Without a pace, it computes all rows at once. */
export function* inPieces<T = never>(
  [first, end]: Span,
  pace: Pace | undefined,
  act: (rows: Span) => Iterable<T> | undefined,
): Generator<T | undefined, void> {
  if (pace === undefined) {
    yield* act([first, end]) ?? []
    return
  }
  for (let y = first; y < end; ) {
    const next = Math.min(end, y + pace.rows)
    const began = performance.now()
    const made = act([y, next])
    const took = performance.now() - began
    // A piece adds to the work before it, so it may take a quarter of the longest time; half, while rows read around it
    // dominate.
    const enough = pace.rows < pace.around ? longestWork / 2 : longestWork / 4
    if (took < enough && next - y === pace.rows) pace.rows *= 2
    else if (took > 2 * enough) pace.rows = Math.max(pace.least, pace.rows >> 1)
    y = next
    yield* made ?? []
    yield
  }
}
