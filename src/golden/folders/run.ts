import { lstatSync, realpathSync } from 'node:fs'
import { extname, join } from 'node:path'
import { ConvoError } from '../../error.ts'
import { placeUnder, removeUnder, writeUnder } from '../../files/change.ts'
import { isSameFile } from '../../files/output.ts'
import { isFolder } from '../../files/root.ts'
import { type Comparison, type DiffStyle, shapeText } from '../../image/compare/comparison.ts'
import { compareAndShow, drawShown, type Shown } from '../../image/compare/pages.ts'
import { showsPictures } from '../../image/compare/render.ts'
import type { Tolerance } from '../../image/compare/tolerance.ts'
import { probe } from '../../image/probe.ts'
import { haveEqualBytes } from '../../image/reader.ts'
import { looksForeign } from '../../picture/find.ts'
import { openPages, type PageOptions } from '../../picture/pages.ts'
import { compareApart } from '../../run/apart.ts'
import { differPlain } from '../../run/differ.ts'
import { optional } from '../../text/record.ts'
import { shellWord } from '../../text/shell.ts'
import { budgetOf, estimate } from '../budget.ts'
import { writeDifference } from '../compare-files.ts'
import { findingsOfFiles } from '../describe.ts'
import { readBytes } from '../files.ts'
import { statusOf as ofCases, showPictures } from '../judge-pictures.ts'
import { failedJudgement } from '../judgement.ts'
import { folded, pathOfName } from '../names.ts'
import { isEqual, type Status } from '../page/data.ts'
import { type CaseResult, clearResults, type Run, rounded, writeResults } from '../results.ts'
import { runOf } from '../run.ts'
import type { FilePair, FolderPair } from './pairs.ts'

export type FolderOptions = {
  readonly tolerance: Tolerance
  /** The tolerance as options, for reports. */
  readonly toleranceText?: string
  readonly reading: Omit<PageOptions, 'name'>
  /** The folder for the pictures of pairs that differ, for reports. Without it none are written. */
  readonly results?: string | undefined
  /** The folder for a picture of each difference, named after its pair. */
  readonly diff?: { readonly folder: string; readonly style: DiffStyle } | undefined
  /** The command that accepts the actual pictures. */
  readonly accept?: string
  readonly onCase?: ((result: CaseResult, done: number, all: number) => void) | undefined
}

const statusOf: Readonly<Record<Comparison['outcome'], Status>> = { ...ofCases, same: 'same' }

/**
 * Compares every pair, several at a time within the memory budget. Files with equal bytes are not decoded. A pair that
 * cannot be compared has the status `error`.
 *
 * @throws ConvoError E_OUTPUT for results or differences that cannot be written
 */
export async function compareFolders(folders: FolderPair, options: FolderOptions): Promise<Run> {
  const began = performance.now()
  const { results, toleranceText = '', accept, onCase } = options
  if (results !== undefined) await clearResults(results)
  const budget = budgetOf()
  let done = 0
  const cases = await Promise.all(
    folders.pairs.map((pair) =>
      budget.within(Math.max(estimate(pair.expected), estimate(pair.actual)), async () => {
        const start = performance.now()
        const found = await comparePair(pair, options).catch((error: unknown) => failedJudgement(error))
        const result: CaseResult = {
          name: pair.name,
          ...(toleranceText !== '' && { tolerance: toleranceText }),
          ...found,
          failed: !isEqual(found.status) && found.status !== 'tolerated',
          place: { file: pair.actual ?? pair.expected!, line: 1, column: 1 },
          milliseconds: rounded(performance.now() - start),
        }
        onCase?.(result, ++done, folders.pairs.length)
        return result
      }),
    ),
  )
  const run = runOf(cases, performance.now() - began, {
    source: 'folders',
    manifest: { path: `${folders.expected} and ${folders.actual}`, sha256: '' },
    goldens: folders.expected,
    results: results ?? '',
    ...optional('accept', accept),
  })
  if (results !== undefined) await writeResults(results, run)
  return run
}

type Judged = Pick<CaseResult, 'status' | 'message' | 'why' | 'facts'> & Partial<CaseResult>

async function comparePair(pair: FilePair, options: FolderOptions): Promise<Judged> {
  const { expected, actual } = pair
  if (pair.isLink) return linkedFolder(expected!, actual!)
  if (expected === undefined || actual === undefined) return lonePicture(pair, options)
  const golden = { golden: pair.name }
  // equal files do not pass if they are empty, damaged or not pictures
  if (haveEqualBytes(expected, actual)) {
    const isRead = probe(expected).kind !== undefined
    const shown = isRead && golden
    if (isRead || looksForeign(expected))
      return { status: 'same', message: 'the files are equal', why: [], facts: [], ...shown }
  }
  const { tolerance, reading, results, diff } = options
  const [left, right] = await Promise.all(
    [expected, actual].map((path) => openPages(path, { ...reading, name: path })),
  )
  const isSeen = results !== undefined || (diff !== undefined && showsPictures(diff.style))
  const given = [left!, right!, tolerance, differPlain, isSeen, compareApart] as const
  const { comparison: result, shown } = await compareAndShow(...given)
  const { findings } = findingsOfFiles(result, 'the expected picture', expected)
  const judged: Judged = { status: statusOf[result.outcome], ...findings, ...golden }
  if (shown.found.outcome === 'same') return judged
  return { ...judged, ...(await draw({ name: pair.name, expected, actual }, shown, options)) }
}

/** Judges a linked folder. Links are not followed. @throws ConvoError E_INPUT unless both sides are one folder */
function linkedFolder(expected: string, actual: string): Judged {
  const areFolders = isFolder(expected) && isFolder(actual)
  if (areFolders && realpathSync(expected) === realpathSync(actual))
    return { status: 'same', message: 'both are one folder', why: [], facts: [] }
  throw new ConvoError('E_INPUT', 'a linked folder, whose pictures were not compared', {
    why: [expected, actual].map((path) => `${path}: ${whatIs(path)}`),
    fix: areFolders
      ? `convo compare ${[expected, actual].map(shellWord).join(' ')}`
      : 'the folder itself, not a link to it',
  })
}

function whatIs(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'it does not exist' : stat.isSymbolicLink() ? 'a link' : 'not a link'
}

/** Judges a picture that exists in only one of the folders. */
async function lonePicture(
  { name, expected, actual }: FilePair,
  { results, reading }: FolderOptions,
): Promise<Judged> {
  const isAdded = actual !== undefined
  const path = (actual ?? expected)!
  const { header } = await openPages(path, { ...reading, name: path })
  const what = header === undefined ? '' : `: ${shapeText(await header())}`
  const copy = `${pathOfName(name)}/${isAdded ? 'actual' : 'expected'}${extname(path)}`
  if (results !== undefined) await writeUnder(results, copy, await readBytes(path))
  return {
    status: isAdded ? 'added' : 'removed',
    message: `${isAdded ? 'there is no expected picture' : 'there is no actual picture'}${what}`,
    why: [],
    facts: [],
    ...(results !== undefined && { [isAdded ? 'actual' : 'expected']: copy }),
  }
}

async function draw(
  { name, expected, actual }: Readonly<Record<'name' | 'expected' | 'actual', string>>,
  shown: Shown,
  { results, diff }: FolderOptions,
): Promise<Partial<CaseResult>> {
  if (diff !== undefined) {
    const file = pathOfName(extname(name).toLowerCase() === '.png' ? name : `${name}.png`)
    await writeDifference(placeUnder(diff.folder, file), await drawShown(shown, diff.style))
  }
  const { pictures, found } = shown
  if (results === undefined || pictures === undefined) return {}
  const file = `${pathOfName(name)}/actual${extname(actual)}`
  await writeUnder(results, file, await readBytes(actual))
  const golden = { path: expected, bytes: await readBytes(expected) }
  return { actual: file, ...(await showPictures({ file }, golden, pictures, found, { results })) }
}

/** The number of pictures that an update wrote and removed. */
export type Updated = { readonly written: number; readonly removed: number }

/**
 * Makes the actual pictures the expected ones: copies those that were added or changed, and removes those without an
 * actual one. Each file is replaced in one step.
 *
 * @throws ConvoError E_USAGE if there are no actual pictures, E_PATH for a name that leads out of the folder, E_OUTPUT
 */
export async function acceptActual({ expected, pairs }: FolderPair, { cases }: Run): Promise<Updated> {
  const isActual = ({ actual, isLink }: FilePair) => actual !== undefined && !isLink && !looksForeign(actual)
  if (!pairs.some(isActual)) {
    throw new ConvoError('E_USAGE', `there are no actual pictures, and all of ${expected} would be removed`, {
      why: 'more likely, the program that makes them failed',
      fix: 'run the program that makes them, then compare again',
    })
  }
  const actuals = new Map(pairs.map(({ name, actual }) => [name, actual]))
  const written = cases.filter(({ status }) => ['changed', 'size', 'added'].includes(status))
  const removed = cases.filter(({ status }) => status === 'removed')
  // check all before anything is replaced
  for (const { name } of written) {
    if (!isFolder(join(expected, name))) continue
    const what = `${join(expected, name)} is a folder, and the actual ${name} a picture`
    throw new ConvoError('E_OUTPUT', what, { fix: 'another name for one of them' })
  }
  for (const { name } of written) await writeUnder(expected, name, await readBytes(actuals.get(name)!))
  for (const { name } of removed) {
    // on some file systems, a name that differs only in case or in its accents' encoding is a file just written
    const isWritten = written.some(
      (one) =>
        folded(one.name) === folded(name) && isSameFile(join(expected, one.name), join(expected, name)),
    )
    if (!isWritten) await removeUnder(expected, name)
  }
  return { written: written.length, removed: removed.length }
}
