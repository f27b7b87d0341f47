import type { Margins } from './frame.ts'
import type { Layer } from './layer.ts'

/** The samples that a flat window looks at, as runs of them in its rows, in order: all are inside its height and width. */
export type Element = {
  readonly height: number
  readonly width: number
  readonly runs: readonly { readonly row: number; readonly left: number; readonly count: number }[]
}

/** How many samples a window looks at. */
export const sizeOfElement = ({ runs }: Element): number => runs.reduce((sum, { count }) => sum + count, 0)

/** The same window turned by 180°. */
export const turnedElement = ({ height, width, runs }: Element): Element => ({
  height,
  width,
  runs: runs
    .map(({ row, left, count }) => ({ row: height - 1 - row, left: width - left - count, count }))
    .reverse(),
})

/** What a rank filter looks for. */
export type Ranked = {
  readonly element: Element
  readonly index: number
  /** Samples at the sides that do not count, where the smallest or the largest is looked for. */
  readonly ignored?: Margins | undefined
}

/** Whether the window is a rectangle. */
export const isFull = (element: Element): boolean => sizeOfElement(element) === element.height * element.width

/** Whether the smallest or the largest sample is looked for. */
export const isExtreme = ({ element, index }: Ranked): boolean =>
  index === 0 || index === sizeOfElement(element) - 1

/** Whether it is a median that comparisons alone find. */
export const isSmallMedian = ({ element, index }: Ranked): boolean =>
  isFull(element) &&
  element.height === element.width &&
  (element.width === 3 || element.width === 5) &&
  index === sizeOfElement(element) >> 1

/** Windows of up to this many bytes are searched bit by bit, larger ones by histograms: where the two take as long. */
const [fewInRectangle, fewSamples] = [35, 80]
/** What is counted in 16 bits. */
const mostCounted = 65_535

/** How ranks are found. All ways find the same. */
export type RankWay = 'extremes' | 'comparisons' | 'bits' | 'columns' | 'rows' | 'sorted'

/** The way for samples of some bytes: whole ones of 1 or 2, or floats of 4. */
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
 * The sample of rank `index`, from 0, of every window that is wholly inside: from small to large, −0 before 0 and NaN last.
 * The window of place (y, x) has its upper left corner there. A sample that does not count is infinitely large for index 0, else
 * infinitely small.
 */
export const ranked: Layer<Ranked> = {
  shape: ({ element: { height, width } }, [x]) => [x![0], x![1] - height + 1, x![2] - width + 1],
  needs: ({ element }, [first, end]) => [[first, end + element.height - 1]],
  run({ element, index, ignored }, out, [x], [first, end], [shape], [channels, , width]) {
    const order = new Float32Array(sizeOfElement(element))
    const [, high, wide] = shape!
    const { top, bottom, left, right } = ignored ?? { top: 0, bottom: 0, left: 0, right: 0 }
    const neutral = index === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    const isIn = (y: number, column: number) =>
      y >= top && y < high - bottom && column >= left && column < wide - right
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const to = out.at(c, y)
        for (let i = 0; i < width; i++) {
          let n = 0
          for (const run of element.runs) {
            const from = x!.at(c, y + run.row)
            for (let column = i + run.left; column < i + run.left + run.count; column++)
              order[n++] = isIn(y + run.row, column) ? x!.data[from + column]! : neutral
          }
          out.data[to + i] = order.sort()[index]!
        }
      }
    }
  },
}
