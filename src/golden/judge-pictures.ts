import { dirname, extname, join } from 'node:path'
import { asConvoError, ConvoError } from '../error.ts'
import { removeUnder, writeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import type { Comparison } from '../image/compare/comparison.ts'
import { comparePages } from '../image/compare/pages.ts'
import { type Drawing, drawDiff, glowOf } from '../image/compare/render.ts'
import type { Tolerance } from '../image/compare/tolerance.ts'
import { digestOf } from '../image/digest.ts'
import { apart, compareApart } from '../run/apart.ts'
import { encodeInStrips } from '../run/png-write.ts'
import type { Picture } from '../tensor/picture.ts'
import { optional } from '../text/record.ts'
import type { Case } from './cases.ts'
import { findingsOfFiles } from './describe.ts'
import { loadFile } from './files.ts'
import {
  type Golden,
  type Judgement,
  type Made,
  neverApproved,
  restoring,
  type Surroundings,
  unreadable,
} from './judgement.ts'
import { entryFor, type LockEntry, manifestFrom } from './lock.ts'
import type { Status } from './page/data.ts'
import type { CaseResult } from './results.ts'
import { selfTest } from './self-test.ts'

const [testApart, glowApart] = [apart('selfTest', selfTest), apart('glow', glowOf)]

/**
 * Decodes the picture of a case and its golden, and compares them, and the golden with its lock entry. Unless the case
 * passes, writes the golden and the difference beside the actual picture.
 */
export async function judgePictures(
  one: Case,
  made: Made,
  golden: Golden,
  isSameFile: boolean,
  toleranceNow: () => Promise<Tolerance>,
  around: Surroundings,
): Promise<Judgement> {
  const { entry, path } = golden
  const file = entry?.file ?? one.golden
  const actual = await loadFile(made.bytes, made.isWritten ? join(around.results, made.file) : one.input)
  if (!made.isWritten) await writeUnder(around.results, made.file, made.bytes)
  const manifest = manifestFrom(around.goldens, one.place.file)
  const next = await entryFor(one.golden, made.bytes, actual.all, { tools: made.tools, manifest })
  const approval = {
    golden: { path, ...optional('sha256', golden.bytes && (await sha256InTurns(golden.bytes))) },
    actual: { file: made.file, sha256: next.sha256!, entry: next },
    inputs: await made.inputs(),
  }
  const found = { facts: [], actual: made.file, approval }
  const unusable = (message: string, why: readonly string[]): Judgement => {
    return { status: 'error', message, why, fix: `${restoring(path)}, or approve the new picture`, ...found }
  }
  if (golden.bytes === undefined) {
    if (entry === undefined) return { status: 'new', message: 'there is no golden yet', why: [], ...found }
    return unusable('the golden is missing', [`${path}: it is in the lock file, but the file does not exist`])
  }
  const expected = isSameFile
    ? actual
    : await loadFile(golden.bytes, path).catch((error: unknown) => asConvoError(error))
  if (expected instanceof ConvoError) {
    if (expected.code !== 'E_DECODE') throw expected
    return unusable(unreadable, [expected.message, ...expected.why])
  }
  const tolerance = await toleranceNow()
  const result = await comparePages(expected, actual, tolerance, undefined, undefined, compareApart)
  const { at, findings } = findingsOfFiles(result)
  const status = statusOf[result.outcome]
  const why = status === 'pass' ? [] : otherTools(entry, made)
  const judgement: Judgement = { status, ...findings, why, golden: file, actual: made.file, approval }
  const edited = await editedGolden(golden, expected.all)
  const tested =
    around.selfTest && edited === undefined && (status === 'pass' || status === 'tolerated')
      ? await testAll(expected.all, actual.all, tolerance)
      : undefined
  if (status === 'pass' && edited === undefined && tested !== 'missed') {
    // There is nothing to look at or to approve.
    await removeUnder(around.results, made.file)
    const { actual: _, approval: __, ...rest } = judgement
    return { ...rest, ...optional('selfTest', tested) }
  }
  const shown = [expected.all[at]!, actual.all[at]!] as const
  const pictures = await showPictures(made, golden, shown, result.pages[at]!, around)
  return { ...judgement, ...edited, ...missed(tested), ...pictures }
}

/** Notes that a golden was made with other versions, which may be the only reason for a difference. */
function otherTools(entry: LockEntry | undefined, made: Made): string[] {
  const tools = Object.entries(entry?.tools ?? {}).flatMap(([name, version]) => {
    const now = made.tools[name]
    return now === undefined || now === version ? [] : [`${name} ${version}, now ${now}`]
  })
  return tools.length === 0 ? [] : [`the golden was made with ${tools.join('; ')}`]
}

/** The status of a case for each outcome of a comparison. */
export const statusOf: Readonly<Record<Comparison['outcome'], Status>> = {
  same: 'pass',
  tolerated: 'tolerated',
  different: 'changed',
  size: 'size',
}

/** Complains about a golden that is not the approved one; undefined if it is. */
async function editedGolden(
  { path, entry }: Golden,
  expected: readonly Picture[],
): Promise<Pick<CaseResult, 'status' | 'message' | 'why' | 'fix'> | undefined> {
  if (entry === undefined) {
    return {
      status: 'error',
      message: neverApproved,
      why: [`${path}: the lock file has no entry for it`],
      fix: 'approve the case, or remove the file',
    }
  }
  const digest = await digestOf(...expected)
  if (digest === entry.digest) return undefined
  return {
    status: 'error',
    message: 'the golden was changed without an approval',
    why: [
      `${path}: its pixels have the digest ${digest.slice(0, 19)}…, but ${entry.digest.slice(0, 19)}… was approved`,
    ],
    fix: `${restoring(path)}, or approve the case`,
  }
}

async function testAll(
  expected: readonly Picture[],
  actual: readonly Picture[],
  tolerance: Tolerance,
): Promise<'noticed' | 'missed'> {
  for (const [i, page] of expected.entries())
    if ((await testApart(page, actual[i]!, tolerance)) === 'missed') return 'missed'
  return 'noticed'
}

function missed(tested: 'noticed' | 'missed' | undefined): Partial<Judgement> {
  if (tested !== 'missed') return optional('selfTest', tested)
  return {
    status: 'error',
    message: 'the case cannot fail: its tolerance allows any change',
    why: ['--self-test: a changed picture passed'],
    fix: 'a smaller tolerance; --tighten prints the smallest that passes',
    selfTest: 'missed',
  }
}

/** Writes the golden and the difference beside the actual picture. */
export async function showPictures(
  made: Pick<Made, 'file'>,
  golden: Pick<Golden, 'path' | 'bytes'>,
  [expected, actual]: readonly [Picture, Picture],
  comparison: Comparison,
  { results }: Pick<Surroundings, 'results'>,
): Promise<Pick<CaseResult, 'expected' | 'diff' | 'difference'>> {
  const folder = dirname(made.file)
  const [diff, glow] = [join(folder, 'diff.png'), join(folder, 'difference.png')]
  const copy = join(folder, `expected${extname(golden.path)}`)
  const write = async (name: string, picture: Picture | Drawing) =>
    writeUnder(results, name, await encodeInStrips(picture))
  await writeUnder(results, copy, golden.bytes!)
  if (comparison.outcome === 'same') return { expected: copy }
  await write(diff, await drawDiff(expected, actual, comparison, 'overlay'))
  const { picture, boxes, kinds } = await glowApart(expected, actual, comparison)
  await write(glow, picture)
  return { expected: copy, diff, difference: { picture: glow, boxes, kinds } }
}
