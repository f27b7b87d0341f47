import { type Address, plus } from '../graph/address.ts'
import type { Buffer } from '../graph/schedule.ts'
import { type Span, slotOf } from '../graph/spans.ts'
import { withoutPauses } from '../host/turns.ts'

/** Rows of a step in the shared memory. */
export type PlacedRows = Omit<Buffer, 'address'> & { readonly address: Address }

export const rowAt = ({ rows, address, plane, pitch }: PlacedRows, c: number, y: number): Address =>
  plus(address, c * plane + slotOf(rows, y) * pitch)

type Act<Result> = (to: PlacedRows, from: readonly PlacedRows[], rows: Span) => Result

/**
 * Computes rows of a step from those of its inputs. `paused` does the same for a step that knows best where to pause.
 */
export type Compute = Act<void> & { readonly paused?: Act<Generator<undefined, void>> }

/**
 * Makes a `Compute` that works in its own pieces and pauses between them. Computing a few rows at a time would take
 * longer.
 */
export const withPauses = (paused: Act<Generator<undefined, void>>): Compute =>
  Object.assign<Act<void>, Pick<Compute, 'paused'>>((...work) => withoutPauses(paused(...work)), { paused })
