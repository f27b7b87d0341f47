import type { Margins } from '../definition/frame.ts'
import { bordered } from '../definition/rows.ts'
import { isExtreme, type Ranked } from '../definition/windows.ts'
import type { BorderName } from '../tensor/border.ts'
import type { Span } from './spans.ts'

/** Windows over whole samples of some bytes, with `step` interleaved channels. */
export type Windows = {
  readonly ranked: Ranked
  readonly margins: Margins
  readonly border: BorderName
  /** A whole sample. */
  readonly fill: number
  readonly step: number
  /** The number of rows of the input. */
  readonly height: number
}

/** Returns the rows of the input that rows of the windows need. */
export const windowRows = (
  { ranked: { element }, margins: { top }, border, height }: Windows,
  [first, end]: Span,
): Span[] => bordered([first - top, end + element.height - 1 - top], height, border)

/**
 * Whether each window contains a sample that counts, wherever the window is. Among whole samples, the largest or
 * smallest level can then represent the ignored ones.
 */
export const isHeld = ({ element, index, ignored }: Ranked): boolean =>
  ignored === undefined ||
  (isExtreme({ element, index }) &&
    element.runs.some(
      ({ row, left, count }) => row === ignored.top && left <= ignored.left && ignored.left < left + count,
    ))
