import { type Address, nowhere, plus } from '../graph/address.ts'
import type { Span } from '../graph/spans.ts'
import type { PlacedPicture } from './graph-job.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

/** The rows of the picture that a graph runs over. */
export type PictureRows = {
  /** Turns to a part, for which these rows are there. */
  begin(part: number, staged: readonly Span[]): void
  address(row: number): Address
  /** All that are there. */
  all(): PlacedRows
}

/** Where the rows of a picture are: in the picture, or one after the other in the slot of the part. */
export function pictureRows(picture: PlacedPicture | undefined): PictureRows {
  const pitch = picture === undefined ? 0 : picture.width * picture.channels * (picture.depth / 8)
  const address = picture?.address ?? nowhere
  const staged = picture?.staged
  let all: PlacedRows = { rows: [[0, Number.POSITIVE_INFINITY]], address, plane: 0, pitch }
  return {
    begin(part, rows) {
      if (staged !== undefined)
        all = { ...all, rows, address: plus(address, (part % staged.slots) * staged.slotBytes) }
    },
    address: (row) => rowAt(all, 0, row),
    all: () => all,
  }
}
