import { join } from 'node:path'
import { removeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import { shapeOf } from '../image/compare/comparison.ts'
import { compareEqual } from '../image/compare/equal.ts'
import { type Tolerance, toleranceOf } from '../image/compare/tolerance.ts'
import type { Case } from './cases.ts'
import { findingsOf } from './describe.ts'
import { isLfsPointer, loadPages, pictureUnder, readBytes, unfetched } from './files.ts'
import { type Golden, type Judgement, type Made, type Surroundings, unreadableGolden } from './judgement.ts'
import type { LockEntry } from './lock.ts'

/**
 * Compares the picture of a case with its golden, and the golden with its lock entry. Unless the case passes, writes
 * the golden and the difference beside the actual picture.
 */
export async function judge(
  one: Case,
  made: Made,
  entry: LockEntry | undefined,
  around: Surroundings,
): Promise<Judgement> {
  const file = entry?.file ?? one.golden
  const path = join(around.goldens, file)
  const bytes = await pictureUnder(around.goldens, file).catch((error) => unreadableGolden(error, path))
  if (bytes !== undefined && 'status' in bytes) return bytes
  if (bytes !== undefined && isLfsPointer(bytes))
    return { status: 'error', message: 'the golden was not fetched', ...unfetched(path), facts: [] }
  const golden: Golden = { path, bytes, entry }
  const isSameFile = golden.bytes?.equals(made.bytes) === true
  if (isSameFile && !around.selfTest && entry?.sha256 === (await sha256InTurns(made.bytes))) {
    if (made.isWritten) await removeUnder(around.results, made.file)
    const same = compareEqual(shapeOf(entry), await toleranceFor(one))
    return { status: 'pass', ...findingsOf(same), golden: entry.file }
  }
  // the code that decodes and measures is not loaded for equal files
  const { judgePictures } = await import('./judge-pictures.ts')
  return judgePictures(one, made, golden, isSameFile, () => toleranceFor(one), around)
}

async function toleranceFor({ tolerance }: Case): Promise<Tolerance> {
  if (tolerance.mask === undefined) return toleranceOf(tolerance)
  const [mask] = await loadPages(await readBytes(tolerance.mask), tolerance.mask)
  return toleranceOf(tolerance, mask)
}
