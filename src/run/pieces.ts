import { type BankNeeds, type FilterNeeds, needs, type WorkOf } from '../graph/node.ts'
import type { Listed } from '../graph/schedule.ts'
import { rowCount, type Span } from '../graph/spans.ts'
import { longestWork } from '../host/turns.ts'

/** How many rows of a step are computed at a time by a thread that has others to answer. */
export type Pace = { rows: number; readonly least: number }

/**
 * Begins with few rows: what it costs shows only when they are done. Never fewer than those around them that are read again
 * for every piece.
 *
 * @param block rows that the step computes at once
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
  const around = Math.max(4, ...read.map(rowCount))
  const least = Math.ceil(around / block) * block
  return { rows: least, least }
}

/** Computes rows piece by piece, and pauses between them; all at once without a pace. */
export function* inPieces(
  [first, end]: Span,
  pace: Pace | undefined,
  act: (rows: Span) => void,
): Generator<undefined, void> {
  if (pace === undefined) {
    act([first, end])
    return
  }
  for (let y = first; y < end; ) {
    const next = Math.min(end, y + pace.rows)
    const began = performance.now()
    act([y, next])
    const took = performance.now() - began
    if (took < longestWork / 2 && next - y === pace.rows) pace.rows *= 2
    else if (took > longestWork) pace.rows = Math.max(pace.least, pace.rows >> 1)
    y = next
    yield
  }
}

/** The end of something that pauses, without its pauses. */
export function withoutPauses<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
