import { isFile } from '../files/root.ts'
import { type Io, noteMessage } from '../host/io.ts'
import { shapeOf } from '../image/compare/comparison.ts'
import { describe, fileComparisonRecord, smallestText } from '../image/compare/describe.ts'
import { compareEqual } from '../image/compare/equal.ts'
import type { FileComparison } from '../image/compare/pages.ts'
import { type ToleranceValues, toleranceOf } from '../image/compare/tolerance.ts'
import { probe } from '../image/probe.ts'
import { haveEqualBytes } from '../image/reader.ts'
import { checkSize } from '../image/size.ts'
import { visibleLine } from '../text/visible.ts'
import type { CompareSettings, Found } from './compare-files.ts'

/** Compares the two files of a call and shows the result. Returns 0 if they are the same or tolerated, else 1. */
export async function runCompare(
  { args, io }: { readonly args: readonly string[]; readonly io: Io },
  values: ToleranceValues,
  settings: CompareSettings,
): Promise<number> {
  const [expected = '', actual = ''] = args
  const { comparison, drawn } =
    equalFiles(expected, actual, values, settings) ??
    (await (await import('./compare-files.ts')).compareFiles(args, values, settings))
  if (settings.quiet) return statusOf(comparison)
  if (settings.json) {
    const record = {
      expected,
      actual,
      ...fileComparisonRecord(comparison),
      ...(drawn !== undefined && { diff: drawn.path }),
    }
    await io.out(`${JSON.stringify(record, null, 2)}\n`)
  } else {
    const lines = textOf(comparison, expected, actual)
    if (drawn !== undefined) {
      const page = comparison.pages.length > 1 ? `: page ${drawn.page + 1}` : ''
      lines.splice(-1, 0, `  diff      ${drawn.path}${page}`)
    }
    await io.out(`${lines.map(visibleLine).join('\n')}\n`)
    for (const note of comparison.notes ?? []) io.err(noteMessage(note))
  }
  return statusOf(comparison)
}

const statusOf = ({ outcome }: FileComparison): number =>
  outcome === 'same' || outcome === 'tolerated' ? 0 : 1

/**
 * Returns the result for two PNGs with equal bytes if their header is enough: not for one that may be turned, has
 * several pictures, or has ignored chunks. No decoder is loaded.
 */
function equalFiles(
  expected: string,
  actual: string,
  values: ToleranceValues,
  { diff, layout, 'max-pixels': maxPixels }: CompareSettings,
): Found | undefined {
  if (diff !== undefined || values.mask !== undefined || layout !== 'auto') return undefined
  const tolerance = toleranceOf(values)
  const areFiles = expected !== '-' && actual !== '-' && isFile(expected) && isFile(actual)
  if (!areFiles || !haveEqualBytes(expected, actual)) return undefined
  const { png } = probe(expected)
  if (png === undefined || png.exif || png.isAnimated || png.ignored.length > 0) return undefined
  checkSize(png, maxPixels, expected)
  const page = compareEqual(shapeOf(png), tolerance)
  const { outcome, smallest } = page
  return { comparison: { outcome, expectedPages: 1, actualPages: 1, pages: [page], smallest } }
}

function textOf(comparison: FileComparison, expected: string, actual: string): string[] {
  const { outcome, pages, expectedPages, actualPages } = comparison
  const answer = { same: 'same', tolerated: 'tolerated', different: 'different', size: 'different' }[outcome]
  const isOne = expectedPages === 1 && actualPages === 1
  return [
    `${answer}: ${expected} and ${actual}`,
    ...(isOne ? [] : [pagesText(comparison)]),
    ...pages.flatMap((page, i) => {
      if (isOne) return describe(page)
      if (page.outcome === 'same') return []
      const word = page.outcome === 'tolerated' ? 'tolerated' : 'different'
      return [`page ${i + 1}: ${word}`, ...describe(page)]
    }),
    ...unreadLines(comparison, expected, actual),
    smallestText(comparison),
  ]
}

/** Lists the parts of each file that were not compared, because convo does not read them. */
function unreadLines({ unread }: FileComparison, expected: string, actual: string): string[] {
  if (unread === undefined) return []
  const files = [[expected, unread.expected] as const, [actual, unread.actual] as const]
  return files.flatMap(([path, parts]) =>
    parts.length === 0
      ? []
      : [`  failed    not compared, because convo does not read it: ${parts.join(', ')} of ${path}`],
  )
}

function pagesText({ pages, expectedPages, actualPages }: FileComparison): string {
  if (expectedPages !== actualPages) {
    return `  failed    the number of pages differs: expected ${expectedPages}, got ${actualPages}`
  }
  const same = pages.filter(({ outcome }) => outcome === 'same').length
  return `  pages     ${expectedPages}, ${same === expectedPages ? 'all' : same} of them the same`
}
