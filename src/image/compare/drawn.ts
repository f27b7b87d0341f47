import type { Picture } from '../../tensor/picture.ts'
import { optional } from '../../text/record.ts'
import type { Comparison, DiffStyle } from './comparison.ts'
import type { Differ } from './measure.ts'
import { type Compare, comparePages, type FileComparison, isWorse, type Pages, worstOf } from './pages.ts'
import { type Drawing, drawDiff, drawMap, showsPictures } from './render.ts'
import type { Tolerance } from './tolerance.ts'

/** The page whose difference is shown: the first one with the worst outcome. */
export type Shown = {
  /** counted from 0 */
  readonly page: number
  readonly found: Comparison
  /** Present if the pictures are to be shown. */
  readonly pictures?: readonly [expected: Picture, actual: Picture]
}

/**
 * Compares two files like `comparePages` does, and keeps the pictures of the worst page if they are to be shown.
 *
 * @throws ConvoError as `comparePages` does
 */
export async function compareAndShow(
  expected: Pages,
  actual: Pages,
  tolerance: Tolerance,
  differ: Differ,
  isSeen: boolean,
  compare?: Compare,
): Promise<{ readonly comparison: FileComparison; readonly shown: Shown }> {
  let worst: Required<Shown> | undefined
  const keepWorst = (page: number, left: Picture, right: Picture, found: Comparison) => {
    // a tolerated page must not hide a different one
    if (worst === undefined || isWorse(found, worst.found)) worst = { page, found, pictures: [left, right] }
  }
  const onPage = isSeen ? keepWorst : undefined
  const comparison = await comparePages(expected, actual, tolerance, onPage, differ, compare)
  const page = worst?.page ?? worstOf(comparison)
  return {
    comparison,
    shown: { page, found: comparison.pages[page]!, ...optional('pictures', worst?.pictures) },
  }
}

/** Draws the difference. `overlay` and `triptych` need the pictures. */
export const drawShown = ({ found, pictures }: Shown, style: DiffStyle): Promise<Drawing> =>
  pictures !== undefined && showsPictures(style)
    ? drawDiff(...pictures, found, style)
    : drawMap(found.expected, found.actual, found, style)
