import type { Margins } from '../definition/frame.ts'
import { bordered } from '../definition/rows.ts'
import { isExtreme, type Ranked } from '../definition/windows.ts'
import type { BorderName } from '../tensor/border.ts'
import type { Span } from './spans.ts'

/** Windows over whole samples of some bytes, of which `step` channels are side by side. */
export type Windows = {
  readonly ranked: Ranked
  readonly margins: Margins
  readonly border: BorderName
  /** A whole sample. */
  readonly fill: number
  readonly step: number
  /** Rows of the input. */
  readonly height: number
}

/** The rows of the input that rows of the windows need. */
export const windowRows = (
  { ranked: { element }, margins: { top }, border, height }: Windows,
  [first, end]: Span,
): Span[] => bordered([first - top, end + element.height - 1 - top], height, border)

/** Whether each window holds a sample that counts, wherever it is: among whole samples, another is then as good as the largest or smallest. */
export const isHeld = ({ element, index, ignored }: Ranked): boolean =>
  ignored === undefined ||
  (isExtreme({ element, index }) &&
    element.runs.some(
      ({ row, left, count }) => row === ignored.top && left <= ignored.left && ignored.left < left + count,
    ))
