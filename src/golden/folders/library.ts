import { checkFlag } from '../../conv/spec.ts'
import { ConvoError } from '../../error.ts'
import { toleranceOf } from '../../image/compare/tolerance.ts'
import { ownOptions, resolve } from '../../params.ts'
import { type CompareOptions, limitsOf, maskPicture, readParams } from '../../picture/api/comparing.ts'
import { nameOfInput } from '../../picture/api/inputs.ts'
import type { ReadOptions } from '../../picture/api/methods.ts'
import { checkFunction, checkPath, checkPaths, optionName, typedOptions } from '../../picture/api/names.ts'
import { type Checked, checkDigests, digestFiles, type FileDigest } from '../digests.ts'
import { type CaseResult, holdingResults, type Run } from '../results.ts'
import { readingOf } from '../settings.ts'
import { toleranceText } from '../tolerance.ts'
import { findPairs, refuseInside } from './pairs.ts'
import { acceptActual, compareFolders } from './run.ts'

// Comparisons and digests of many files, as the library offers them.

/** How much folders of pictures may differ, and what is written. */
export type CompareFoldersOptions = Omit<CompareOptions, 'diffStyle'> & {
  /** The folder for the pictures of pairs that differ, which `report(run, 'html')` shows. Default: none are written. */
  readonly results?: string | URL | undefined
  /** Copies added and changed pictures over the expected ones, and removes those without an actual. Default: false. */
  readonly update?: boolean | undefined
  /** Called when a pair is done. */
  readonly onCase?: ((result: CaseResult, done: number, all: number) => void) | undefined
}

const readingFrom = (given: Readonly<Record<string, unknown>>) =>
  readingOf(resolve(readParams, given, optionName))

/** Implements `compareFolders` of the library. */
export async function compareFoldersAt(
  expected: string | URL,
  actual: string | URL,
  options: CompareFoldersOptions,
): Promise<Run> {
  const { results, update = false, onCase, mask: given, ...rest } = ownOptions(options, 'compareFolders')
  checkFunction('onCase', onCase)
  checkFlag('update', update)
  const others = ['mask', 'results', 'update', 'onCase']
  const { values, reading: read } = limitsOf(rest, 'compareFolders', others)
  const mask = given === undefined ? undefined : await maskPicture(given, read)
  const called = given === undefined ? undefined : nameOfInput(given, 'the mask')
  const folders = await findPairs(
    checkPath('the expected folder', expected),
    checkPath('the actual folder', actual),
  )
  const folder = results === undefined ? undefined : checkPath('the folder of results', results)
  if (folder !== undefined) refuseInside(folders, folder, 'results')
  const compare = () =>
    compareFolders(folders, {
      tolerance: toleranceOf(values, mask),
      toleranceText: toleranceText({ ...values, mask: called }),
      reading: readingOf(read),
      results: folder,
      onCase,
    })
  const run = await (folder === undefined ? compare() : holdingResults(folder, compare))
  if (update) await acceptActual(folders, run)
  return run
}

/** Implements `digestFiles` of the library. */
export async function digestFilesAt(
  given: readonly (string | URL)[],
  options: ReadOptions,
): Promise<readonly FileDigest[]> {
  const reading = readingFrom(typedOptions(ownOptions(options, 'digestFiles'), readParams, 'digestFiles'))
  const paths = checkPaths('the paths', given)
  if (paths.length === 0) throw new ConvoError('E_ARGUMENT', 'the list of paths is empty')
  return (await digestFiles(paths, reading)).files
}

/** Implements `checkDigests` of the library. */
export const checkDigestsIn = (list: string | URL, options: ReadOptions): Promise<readonly Checked[]> =>
  checkDigests(
    checkPath('the list', list),
    readingFrom(typedOptions(ownOptions(options, 'checkDigests'), readParams, 'checkDigests')),
  )
