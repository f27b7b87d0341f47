import type { Margins } from '../definition/frame.ts'
import { bordered } from '../definition/rows.ts'
import type { Ranked } from '../definition/windows.ts'
import type { BorderName } from '../tensor/border.ts'
import type { Span } from './spans.ts'

/** Windows over the bytes of the picture that the graph runs over, whose `step` channels are side by side. */
export type ByteWindows = {
  readonly ranked: Ranked
  readonly margins: Margins
  readonly border: BorderName
  /** A byte. */
  readonly fill: number
  readonly step: number
  /** Rows of the picture. */
  readonly height: number
}

/** The rows of the picture that rows of the windows need. */
export const windowRows = (
  { ranked: { element }, margins: { top }, border, height }: ByteWindows,
  [first, end]: Span,
): Span[] => bordered([first - top, end + element.height - 1 - top], height, border)
