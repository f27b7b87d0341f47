import { type Span, slotOf } from '../graph/spans.ts'
import type { PlacedPicture } from './graph-job.ts'

/** The rows of the picture that a graph runs over. */
export type PictureRows = {
  /** Turns to a part, for which these rows are there. */
  begin(part: number, staged: readonly Span[]): void
  address(row: number): number
}

/** Where the rows of a picture lie: in the picture, or one after the other in the slot of the part. */
export function pictureRows(picture: PlacedPicture | undefined): PictureRows {
  if (picture === undefined) return { begin: () => undefined, address: () => -1 }
  const { address, staged, width, channels, depth } = picture
  const rowBytes = width * channels * (depth / 8)
  let slot = address
  let there: readonly Span[] = []
  return {
    begin(part, rows) {
      if (staged !== undefined) slot = address + (part % staged.slots) * staged.slotBytes
      there = rows
    },
    address: (row) => slot + (staged === undefined ? row : slotOf(there, row)) * rowBytes,
  }
}
