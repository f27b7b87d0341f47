import type { Picture, PictureMeta } from '../../tensor/picture.ts'
import { optional } from '../../text/record.ts'
import type { PlainPng } from '../png-head.ts'
import { comparePictures, compareRows } from './compare.ts'
import type { Comparison, DiffStyle, Outcome, Shape, Smallest } from './comparison.ts'
import { shapeOf, timingNote } from './comparison.ts'
import { compareEqual } from './equal.ts'
import type { Differ } from './measure.ts'
import { type Drawing, drawDiff, drawMap, showsPictures } from './render.ts'
import { looser } from './smallest.ts'
import type { Tolerance } from './tolerance.ts'

/** A file of one or more pages: the pictures of an animation, the pages of a TIFF, the planes of an array. */
export type Pages = {
  readonly count: number
  /** Pictures in the file that are not pages, in words. */
  readonly unread?: readonly string[]
  readonly pictures: AsyncIterable<Picture>
  /** Reads the header that applies to every page. Absent if pages may differ, or if only the samples can show it. */
  readonly header?: () => Promise<Shape & { readonly meta: PictureMeta }>
  /** The shape of the only page, if the first bytes show it. */
  readonly shape?: Shape
  /** The file, if its rows can be read without decoding all of it. */
  readonly plain?: PlainPng
  /** how the file was read, if there was a choice */
  readonly notes?: readonly string[]
  /**
   * For an animation: how long each picture is shown and how many repeats. Not compared; equal text is equal timing.
   */
  readonly timing?: string
}

/** The result of a comparison of two files. */
export type FileComparison = {
  /** The outcome for all pages together. */
  readonly outcome: Outcome
  /** Number of pages in the expected file. */
  readonly expectedPages: number
  /** Number of pages in the actual file. */
  readonly actualPages: number
  /** Pictures that were not compared, in words. Absent if there are none, or if both files are the same one. */
  readonly unread?: {
    /** In the expected file. */
    readonly expected: readonly string[]
    /** In the actual file. */
    readonly actual: readonly string[]
  }
  /** one for each page that both files have */
  readonly pages: readonly Comparison[]
  /** passes for all pages; empty if the numbers of pages differ */
  readonly smallest: Smallest
  /** How the files were read, if there was a choice, and whether animations differ in their timing. */
  readonly notes?: readonly string[]
}

/** Called for each page after its comparison, while its samples are in memory. `page` counts from 0. */
export type OnPage = (page: number, expected: Picture, actual: Picture, comparison: Comparison) => void

/** Compares two pictures like `comparePictures` does. */
export type Compare = (
  expected: Picture,
  actual: Picture,
  tolerance: Tolerance,
) => Comparison | Promise<Comparison>

/**
 * Compares page by page and decodes both files at the same time. A file with more pages than the other is different.
 * Pictures in a file that are not pages are not compared, and make the files different. The limits apply to each page
 * separately. If both arguments are the same `Pages`, they are decoded once, or not at all if the header is enough and
 * the caller does not need the pages. Only the first result with the worst outcome keeps its `map`.
 *
 * @param differ measures plain PNGs row by row
 * @param compare if it is not `comparePictures` itself, it does all comparisons that look at neighbouring pixels
 * @throws ConvoError as decoding and `comparePictures` do
 */
export async function comparePages(...given: Parameters<typeof compareAll>): Promise<FileComparison> {
  const [expected, actual] = given
  const found = await compareAll(...given)
  const isOther = expected.timing !== actual.timing && (expected.timing && actual.timing) !== undefined
  const read = [expected, actual].flatMap((pages) => pages.notes ?? [])
  const notes = [...new Set([...read, ...(isOther ? [timingNote] : [])])]
  return { ...found, ...(notes.length > 0 && { notes }) }
}

async function compareAll(
  expected: Pages,
  actual: Pages,
  tolerance: Tolerance = {},
  onPage?: OnPage,
  differ?: Differ,
  compare: Compare = comparePictures,
): Promise<FileComparison> {
  const counts = { expectedPages: expected.count, actualPages: actual.count }
  const allLike = (page: Comparison): FileComparison => {
    const pages = Array.from({ length: expected.count }, () => page)
    return { outcome: page.outcome, ...counts, pages, smallest: page.smallest }
  }
  if (expected === actual && onPage === undefined && expected.header !== undefined)
    return allLike(compareEqual(expected.shape ?? shapeOf(await expected.header()), tolerance))
  const { perceptual, minSsim, shift } = tolerance
  const looksAround = (perceptual ?? minSsim ?? shift) !== undefined
  const rows =
    expected !== actual &&
    differ &&
    (compare === comparePictures || !looksAround) &&
    (await compareRows(expected, actual, tolerance, differ, onPage !== undefined))
  if (rows) {
    if (rows.pictures !== undefined) onPage?.(0, ...rows.pictures, rows.comparison)
    return allLike(rows.comparison)
  }
  const a = expected.pictures[Symbol.asyncIterator]()
  const b = expected === actual ? undefined : actual.pictures[Symbol.asyncIterator]()
  const pages: Comparison[] = []
  let kept = 0
  try {
    for (;;) {
      const both = await Promise.all([a.next(), b?.next()])
      const [left, right = both[0]] = both
      if (left.done === true || right.done === true) break
      const comparison = await compare(left.value, right.value, tolerance)
      onPage?.(pages.length, left.value, right.value, comparison)
      const before: Comparison | undefined = pages[kept]
      const isKept = before === undefined || isWorse(comparison, before)
      if (isKept && before !== undefined) pages[kept] = withoutMap(before)
      if (isKept) kept = pages.length
      pages.push(isKept ? comparison : withoutMap(comparison))
    }
  } finally {
    await Promise.all([a.return?.(), b?.return?.()])
  }
  const unread = { expected: expected.unread ?? [], actual: actual.unread ?? [] }
  const isUnread = expected !== actual && unread.expected.length + unread.actual.length > 0
  const isCountEqual = expected.count === actual.count
  const isComparable = isCountEqual && !isUnread
  const isSize = pages.some((p) => p.outcome === 'size')
  return {
    outcome: isComparable ? (pages[worstOf(pages)]?.outcome ?? 'same') : isSize ? 'size' : 'different',
    ...(isUnread && { unread }),
    ...counts,
    pages,
    smallest: isComparable ? pages.map((page) => page.smallest).reduce(looser) : {},
  }
}

function withoutMap({ map: _map, ignored: _ignored, ...comparison }: Comparison): Comparison {
  return comparison
}

const order: readonly Outcome[] = ['same', 'tolerated', 'different', 'size']

const isWorse = (page: Comparison, than: Comparison): boolean =>
  order.indexOf(page.outcome) > order.indexOf(than.outcome)

const worstOf = (pages: readonly Comparison[]): number =>
  pages.reduce((most, page, i) => (isWorse(page, pages[most]!) ? i : most), 0)

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
) {
  let worst: Required<Shown> | undefined
  const keepWorst = (page: number, left: Picture, right: Picture, found: Comparison) => {
    // a tolerated page must not hide a different one
    if (worst === undefined || isWorse(found, worst.found)) worst = { page, found, pictures: [left, right] }
  }
  const onPage = isSeen ? keepWorst : undefined
  const comparison = await comparePages(expected, actual, tolerance, onPage, differ, compare)
  const page = worst?.page ?? worstOf(comparison.pages)
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
