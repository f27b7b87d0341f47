import { type Address, plus } from '../graph/address.ts'
import type { Buffer } from '../graph/schedule.ts'
import { slotOf } from '../graph/spans.ts'

/** Rows of a step in the shared memory. */
export type PlacedRows = Omit<Buffer, 'address'> & { readonly address: Address }

/** The address of a row of a step. */
export const rowAt = ({ rows, address, plane, pitch }: PlacedRows, c: number, y: number): Address =>
  plus(address, c * plane + slotOf(rows, y) * pitch)
