import { ConvoError } from '../error.ts'
import { isSameFile, writeAtomically } from '../files/output.ts'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import { type Io, noteMessage } from '../host/io.ts'
import type { DiffStyle } from '../image/compare/comparison.ts'
import { describe, fileComparisonRecord, smallestText } from '../image/compare/describe.ts'
import { compareAndShow, drawShown } from '../image/compare/drawn.ts'
import type { FileComparison, Pages } from '../image/compare/pages.ts'
import { type Drawing, drawn, showsPictures } from '../image/compare/render.ts'
import { type ToleranceValues, toleranceOf } from '../image/compare/tolerance.ts'
import { formatOfPath } from '../image/format.ts'
import { haveEqualBytes, type Source } from '../image/reader.ts'
import { sourceOf } from '../picture/input.ts'
import { writePicture } from '../picture/output.ts'
import { outputOf } from '../picture/output-path.ts'
import { openPages, type PageOptions } from '../picture/pages.ts'
import type { Layout } from '../picture/settings.ts'
import { differPlain } from '../run/differ.ts'
import { writeInStrips } from '../run/png-write.ts'
import type { Picture } from '../tensor/picture.ts'
import { visibleLine } from '../text/visible.ts'

/** What a call asks for beside the tolerance. */
export type CompareSettings = {
  readonly diff?: string | undefined
  readonly 'diff-style': DiffStyle
  readonly json: boolean
  readonly reporter?: readonly string[] | undefined
  readonly results?: string | undefined
  readonly update: boolean
  readonly passing: boolean
  readonly quiet: boolean
  readonly 'no-orient': boolean
  readonly 'max-pixels': number
  readonly layout: Layout
}

/** Compares the two files of a call and shows what was found; 0 when the answer is yes, 1 when it is no. */
export async function runCompare(
  { args, io }: { readonly args: readonly string[]; readonly io: Io },
  values: ToleranceValues,
  settings: CompareSettings,
): Promise<number> {
  const [expectedPath = '', actualPath = ''] = args
  const diff = settings.diff && (await outputOf(settings.diff, actualPath, 'compare')).output
  if (diff !== undefined) checkDiff(diff, [expectedPath, actualPath, values.mask], settings.quiet)
  const options = {
    maxPixels: settings['max-pixels'],
    orient: !settings['no-orient'],
    layout: settings.layout,
  }
  const mask = values.mask === undefined ? undefined : await maskOf(values.mask, options)
  const tolerance = toleranceOf(values, mask)
  const { expected, actual } = await openBoth(expectedPath, actualPath, options)

  const style = settings['diff-style']
  const isSeen = diff !== undefined && showsPictures(style)
  const { comparison, shown } = await compareAndShow(expected, actual, tolerance, differPlain, isSeen)
  const notes = [...new Set([expected, actual].flatMap((pages) => pages.notes ?? []))]
  const lines = textOf(comparison, expectedPath, actualPath)
  if (diff !== undefined) {
    await writeDifference(diff, drawShown(shown, style))
    lines.splice(-1, 0, `  diff      ${diff}${comparison.pages.length > 1 ? `: page ${shown.page + 1}` : ''}`)
  }
  if (settings.json) {
    const record = {
      expected: expectedPath,
      actual: actualPath,
      ...fileComparisonRecord(comparison),
      ...(notes.length > 0 && { notes }),
    }
    await io.out(`${JSON.stringify({ ...record, ...(diff !== undefined && { diff }) }, null, 2)}\n`)
  } else if (!settings.quiet) {
    await io.out(`${lines.map(visibleLine).join('\n')}\n`)
    for (const note of notes) io.err(noteMessage(note))
  }
  return comparison.outcome === 'same' || comparison.outcome === 'tolerated' ? 0 : 1
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

/** What was not compared, of each file that holds more than its pages. */
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

function checkDiff(diff: string, inputs: readonly (string | undefined)[], isQuiet: boolean): void {
  formatOfPath(diff)
  for (const input of inputs) if (input !== undefined) noteRead(input)
  refuseReplacing(diff, 'a different name after --diff')
  if (diff === '-' && !isQuiet) {
    throw new ConvoError('E_USAGE', '--diff - writes a picture to standard output, and so does the report', {
      fix: '--diff - --quiet',
    })
  }
}

/** Writes a picture of differences, as PNG on all threads. */
export async function writeDifference(path: string, drawing: Drawing): Promise<void> {
  if (formatOfPath(path) !== 'png') {
    await writePicture(path, drawn(drawing))
    return
  }
  await writeAtomically(path, (output) => writeInStrips(drawing, (bytes) => output.write(bytes)))
}

/** The picture of --mask. @throws ConvoError E_OPTION for one of several pages */
export async function maskOf(path: string, options: PageOptions): Promise<Picture> {
  const { count, pictures } = await openPages(path, options)
  for await (const picture of pictures) if (count === 1) return picture
  throw new ConvoError('E_OPTION', `--mask ${path} must be a single picture`, {
    why: `${path}: ${count} pages`,
  })
}

/** Both files, looked at but not decoded. Files of equal bytes are one: their pixels need no second decoding. */
async function openBoth(expectedPath: string, actualPath: string, options: PageOptions) {
  if (expectedPath === '-' && actualPath === '-') {
    throw new ConvoError('E_USAGE', 'only one of the two pictures can come from standard input')
  }
  const [left, right] = [await sourceOf(expectedPath), await sourceOf(actualPath)]
  const open = (path: string, source: Source): Promise<Pages> =>
    openPages(source, { ...options, name: path === '-' ? 'standard input' : path })
  if (isSameFile(expectedPath, actualPath) || haveEqualBytes(left, right)) {
    const pages = await open(expectedPath, left)
    return { expected: pages, actual: pages }
  }
  const [expected, actual] = await Promise.all([open(expectedPath, left), open(actualPath, right)])
  return { expected, actual }
}
