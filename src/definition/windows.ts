import type { Margins } from './frame.ts'
import { eachRow, type Layer } from './layer.ts'

/** The samples that a flat window covers, as runs in its rows, in order. All are inside its height and width. */
export type Element = {
  readonly height: number
  readonly width: number
  readonly runs: readonly { readonly row: number; readonly left: number; readonly count: number }[]
}

/** Returns how many samples a window covers. */
export const sizeOfElement = ({ runs }: Element): number => runs.reduce((sum, { count }) => sum + count, 0)

/** Returns the same window rotated by 180°. */
export const turnedElement = ({ height, width, runs }: Element): Element => ({
  height,
  width,
  runs: runs
    .map(({ row, left, count }) => ({ row: height - 1 - row, left: width - left - count, count }))
    .reverse(),
})

/** The settings of a rank filter. */
export type Ranked = {
  readonly element: Element
  readonly index: number
  /** The number of samples at the sides that do not count when looking for the smallest or largest. */
  readonly ignored?: Margins | undefined
}

/** Whether the window is a rectangle. */
export const isFull = (element: Element): boolean => sizeOfElement(element) === element.height * element.width

/** Whether the rank is that of the smallest or the largest sample. */
export const isExtreme = ({ element, index }: Ranked): boolean =>
  index === 0 || index === sizeOfElement(element) - 1

/** Whether the rank is a median that can be found by comparisons alone. */
export const isSmallMedian = ({ element, index }: Ranked): boolean =>
  isFull(element) &&
  element.height === element.width &&
  (element.width === 3 || element.width === 5) &&
  index === sizeOfElement(element) >> 1

/**
 * Windows of up to this many bytes are searched bit by bit, larger ones with histograms: both take about as long at
 * this size.
 */
const [fewInRectangle, fewSamples] = [35, 80]
/** The largest count that fits in 16 bits. */
const mostCounted = 65_535

/** How ranks are found. All ways have the same result. */
export type RankWay = 'extremes' | 'comparisons' | 'bits' | 'columns' | 'rows' | 'sorted'

/** Returns the way for samples of 1 or 2 bytes (whole numbers) or 4 bytes (floats). */
export function rankWay(ranked: Ranked, bytes: 1 | 2 | 4): RankWay {
  const count = sizeOfElement(ranked.element)
  if (isExtreme(ranked)) return 'extremes'
  if (isSmallMedian(ranked)) return 'comparisons'
  if (bytes > 1) return 'sorted'
  const isRectangle = isFull(ranked.element)
  if (count <= (isRectangle ? fewInRectangle : fewSamples)) return 'bits'
  return isRectangle && count <= mostCounted ? 'columns' : 'rows'
}

/**
 * The sample of rank `index`, counted from 0, of every window that is wholly inside, sorted from small to large, with
 * −0 before 0 and NaN last. The upper left corner of the window for position (y, x) is at (y, x). A sample that does
 * not count is infinitely large for index 0, otherwise infinitely small.
 */
export const ranked: Layer<Ranked> = eachRow(
  ({ element: { height, width } }, [x]) => [x![0], x![1] - height + 1, x![2] - width + 1],
  ({ element, index, ignored }, out, { c, y, to, width }, [x], [shape]) => {
    const order = new Float32Array(sizeOfElement(element))
    const [, high, wide] = shape!
    const { top, bottom, left, right } = ignored ?? { top: 0, bottom: 0, left: 0, right: 0 }
    const neutral = index === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    const isIn = (row: number, column: number) =>
      row >= top && row < high - bottom && column >= left && column < wide - right
    for (let i = 0; i < width; i++) {
      let n = 0
      for (const run of element.runs) {
        const from = x!.at(c, y + run.row)
        for (let column = i + run.left; column < i + run.left + run.count; column++)
          order[n++] = isIn(y + run.row, column) ? x!.data[from + column]! : neutral
      }
      out[to + i] = order.sort()[index]!
    }
  },
  ({ element }, [first, end]) => [[first, end + element.height - 1]],
)
