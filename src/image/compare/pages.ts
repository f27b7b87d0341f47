import type { Picture, PictureMeta } from '../../tensor/picture.ts'
import type { PlainPng } from '../png-head.ts'
import { comparePictures, compareRows } from './compare.ts'
import {
  type Comparison,
  type Outcome,
  type Shape,
  type Smallest,
  shapeOf,
  timingNote,
} from './comparison.ts'
import { compareEqual } from './equal.ts'
import type { Differ } from './measure.ts'
import { looser } from './smallest.ts'
import type { Tolerance } from './tolerance.ts'

/** A file of one or more pages: the pictures of an animation, the pages of a TIFF, the planes of an array. */
export type Pages = {
  readonly count: number
  /** Pictures of the file that are not among its pages, in words. */
  readonly unread?: readonly string[]
  readonly pictures: AsyncIterable<Picture>
  /** What the header says of every page; absent where pages may differ, or nothing says it but the samples. */
  readonly header?: () => Promise<Shape & { readonly meta: PictureMeta }>
  /** What the header says of the only page, where the first bytes show it. */
  readonly shape?: Shape
  /** The file, where its rows can be read without decoding it whole. */
  readonly plain?: PlainPng
  /** how the file was read, where there was a choice */
  readonly notes?: readonly string[]
  /** Of an animation: how long each picture is shown, and how often all are. Not compared; equal text is equal timing. */
  readonly timing?: string
}

/** The result of a comparison of two files. */
export type FileComparison = {
  /** What all pages together are. */
  readonly outcome: Outcome
  /** Pages of the expected file. */
  readonly expectedPages: number
  /** Pages of the actual file. */
  readonly actualPages: number
  /** Pictures that were not compared, in words; absent where there are none, or both files are one. */
  readonly unread?: {
    /** Of the expected file. */
    readonly expected: readonly string[]
    /** Of the actual file. */
    readonly actual: readonly string[]
  }
  /** one for each page that both have */
  readonly pages: readonly Comparison[]
  /** passes for all pages; of no kind where the numbers of pages differ */
  readonly smallest: Smallest
  /** How the files were read, where there was a choice, and that animations differ in what is not compared. */
  readonly notes?: readonly string[]
}

function notesOf(expected: Pages, actual: Pages): string[] {
  const isOther = expected.timing !== actual.timing && (expected.timing && actual.timing) !== undefined
  const read = [expected, actual].flatMap((pages) => pages.notes ?? [])
  return [...new Set([...read, ...(isOther ? [timingNote] : [])])]
}

/** Called for each page when it was compared, while its samples are there. `page` counts from 0. */
export type OnPage = (page: number, expected: Picture, actual: Picture, comparison: Comparison) => void

/** Compares two pictures as `comparePictures` does. */
export type Compare = (
  expected: Picture,
  actual: Picture,
  tolerance: Tolerance,
) => Comparison | Promise<Comparison>

/**
 * Compares page by page; both files are decoded at the same time. A file with more pages than the other is different.
 * What is in a file and not among its pages is not looked at, and makes the files different. The limits hold for each page
 * on its own. Handed the same `Pages` twice, it decodes them once, and not at all where the header says enough and nobody
 * wants to see the pages. Of the results only the first of the worst outcome keeps its `map`.
 *
 * @param differ measures plain PNGs row by row
 * @param compare where it is not `comparePictures` itself, all that looks around a pixel is left to it
 * @throws ConvoError as decoding does, and as `comparePictures`
 */
export async function comparePages(
  expected: Pages,
  actual: Pages,
  tolerance: Tolerance = {},
  onPage?: OnPage,
  differ?: Differ,
  compare: Compare = comparePictures,
): Promise<FileComparison> {
  const found = await compareAll(expected, actual, tolerance, onPage, differ, compare)
  const notes = notesOf(expected, actual)
  return notes.length > 0 ? { ...found, notes } : found
}

async function compareAll(
  expected: Pages,
  actual: Pages,
  tolerance: Tolerance,
  onPage: OnPage | undefined,
  differ: Differ | undefined,
  compare: Compare,
): Promise<FileComparison> {
  if (expected === actual && onPage === undefined && expected.header !== undefined) {
    const page = compareEqual(expected.shape ?? shapeOf(await expected.header()), tolerance)
    const pages = Array.from({ length: expected.count }, () => page)
    const { outcome, smallest } = page
    return { outcome, expectedPages: expected.count, actualPages: actual.count, pages, smallest }
  }
  const rows =
    expected !== actual &&
    differ &&
    (compare === comparePictures || !looksAround(tolerance)) &&
    (await compareRows(expected, actual, tolerance, differ, onPage !== undefined))
  if (rows) {
    const { comparison, pictures } = rows
    if (pictures !== undefined) onPage?.(0, ...pictures, comparison)
    const { outcome, smallest } = comparison
    return { outcome, expectedPages: 1, actualPages: 1, pages: [comparison], smallest }
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
    outcome: isComparable ? worst(pages) : isSize ? 'size' : 'different',
    ...(isUnread && { unread }),
    expectedPages: expected.count,
    actualPages: actual.count,
    pages,
    smallest: isComparable ? pages.map((page) => page.smallest).reduce(looser) : {},
  }
}

const looksAround = ({ perceptual, minSsim, shift }: Tolerance): boolean =>
  perceptual !== undefined || minSsim !== undefined || shift !== undefined

function withoutMap({ map: _map, ignored: _ignored, ...comparison }: Comparison): Comparison {
  return comparison
}

const order: readonly Outcome[] = ['same', 'tolerated', 'different', 'size']

/** Whether a page is more worth a look than another one. */
export const isWorse = (page: Comparison, than: Comparison): boolean =>
  order.indexOf(page.outcome) > order.indexOf(than.outcome)

/** The first page of the worst outcome. */
export const worstOf = ({ pages }: Pick<FileComparison, 'pages'>): number =>
  pages.reduce((most, page, i) => (isWorse(page, pages[most]!) ? i : most), 0)

const worst = (pages: readonly Comparison[]): Outcome =>
  order[pages.reduce((most, { outcome }) => Math.max(most, order.indexOf(outcome)), 0)]!
