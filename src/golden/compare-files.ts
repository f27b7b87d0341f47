import { ConvoError } from '../error.ts'
import { isSameFile, writeAtomically } from '../files/output.ts'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import type { DiffStyle } from '../image/compare/comparison.ts'
import type { FileComparison, Pages } from '../image/compare/pages.ts'
import { compareAndShow, drawShown } from '../image/compare/pages.ts'
import { type Drawing, drawn, showsPictures } from '../image/compare/render.ts'
import { type ToleranceValues, toleranceOf } from '../image/compare/tolerance.ts'
import { formatOfPath } from '../image/format.ts'
import { haveEqualBytes, type Source } from '../image/reader.ts'
import { sourceOf } from '../picture/input.ts'
import { writePicture } from '../picture/output.ts'
import { outputOf } from '../picture/output-path.ts'
import { openPages, type PageOptions } from '../picture/pages.ts'
import type { Layout } from '../picture/run-settings.ts'
import { differPlain } from '../run/differ.ts'
import { writeInStrips } from '../run/png-write.ts'
import type { Picture } from '../tensor/picture.ts'
import { readingOf } from './settings.ts'

/** The settings of a call, apart from the tolerance. */
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

/** The comparison of two files, and the picture of their differences if it was written. */
export type Found = { readonly comparison: FileComparison; readonly drawn?: Drawn }

/** The path of a written picture of differences, and the page that it shows, counted from 0. */
export type Drawn = { readonly path: string; readonly page: number }

/** Compares two files, and writes the picture of their differences if `--diff` is given. */
export async function compareFiles(
  [expectedPath = '', actualPath = '']: readonly string[],
  values: ToleranceValues,
  settings: CompareSettings,
): Promise<Found> {
  const diff = settings.diff && (await outputOf(settings.diff, actualPath, 'compare')).output
  if (diff !== undefined) checkDiff(diff, [expectedPath, actualPath, values.mask], settings.quiet)
  const options = readingOf(settings)
  const mask = values.mask === undefined ? undefined : await maskOf(values.mask, options)
  const tolerance = toleranceOf(values, mask)
  const { expected, actual } = await openBoth(expectedPath, actualPath, options)

  const style = settings['diff-style']
  const isSeen = diff !== undefined && showsPictures(style)
  const { comparison, shown } = await compareAndShow(expected, actual, tolerance, differPlain, isSeen)
  if (diff === undefined) return { comparison }
  await writeDifference(diff, await drawShown(shown, style))
  return { comparison, drawn: { path: diff, page: shown.page } }
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

/** Writes a picture of differences; a PNG is encoded on all threads. */
export async function writeDifference(path: string, drawing: Drawing): Promise<void> {
  if (formatOfPath(path) !== 'png') await writePicture(path, drawn(drawing))
  else await writeAtomically(path, (output) => writeInStrips(drawing, (bytes) => output.write(bytes)))
}

/** Reads the picture of --mask. @throws ConvoError E_OPTION if it has several pages */
export async function maskOf(path: string, options: PageOptions): Promise<Picture> {
  const { count, pictures } = await openPages(path, options)
  for await (const picture of pictures) if (count === 1) return picture
  throw new ConvoError('E_OPTION', `--mask ${path} must be a single picture`, {
    why: `${path}: ${count} pages`,
  })
}

/** Opens both files without decoding them. Files with equal bytes are opened once, so they are decoded once. */
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
