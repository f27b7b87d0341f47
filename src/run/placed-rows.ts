import { type Address, plus } from '../graph/address.ts'
import type { Buffer } from '../graph/schedule.ts'
import { type Span, slotOf } from '../graph/spans.ts'

/** Rows of a step in the shared memory. */
export type PlacedRows = Omit<Buffer, 'address'> & { readonly address: Address }

/** The address of a row of a step. */
export const rowAt = ({ rows, address, plane, pitch }: PlacedRows, c: number, y: number): Address =>
  plus(address, c * plane + slotOf(rows, y) * pitch)

/** Computes rows of a step from those of its inputs. */
export type Compute = (to: PlacedRows, from: readonly PlacedRows[], rows: Span) => void
