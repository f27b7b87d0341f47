import { checkFlag } from '../conv/spec.ts'
import { ConvoError, mismatch, readOf } from '../error.ts'
import { ownOptions } from '../params.ts'
import { guarded } from '../picture/api/guarded.ts'
import type { ReadOptions } from '../picture/api/methods.ts'
import {
  checkFunction,
  checkPath,
  checkPaths,
  checkText,
  checkTexts,
  libraryFunction,
} from '../picture/api/names.ts'
import type { Approved } from './approve.ts'
import type { Checked, FileDigest } from './digests.ts'
import type { CompareFoldersOptions } from './folders/library.ts'
import type { Manifest } from './manifest.ts'
import type { Run } from './results.ts'
import type { CheckOptions } from './run.ts'
import type { ReporterName } from './settings.ts'

const checkOptions = ['results', 'filter', 'tags', 'allow', 'shard', 'selfTest', 'onCase'] as const

const isShard = (shard: CheckOptions['shard'] | null): boolean => {
  const { index = 0, count = 0 } = shard ?? {}
  return Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 1 && index <= count
}

// Imported on first use, so that programs that import convo do not wait for it.
const loadApprove = () => import('./approve.ts')
const loadMany = () => import('./folders/library.ts')

/**
 * Makes the picture of every case of a manifest, several at a time, compares each with its golden, and writes the
 * results to a folder. Goldens are never written.
 *
 * @param manifest its path, or the paths of several for one run. Default: the one that `convo check` finds
 * @throws ConvoError if no case can be checked; a case that cannot be made has the status `error`
 */
export const check = libraryFunction(
  'check',
  2,
  async (manifest?: string | URL | readonly (string | URL)[], options: CheckOptions = {}): Promise<Run> => {
    const [manifests, { checkMany }, { holdingResults }, settings] = await Promise.all([
      import('./manifest.ts'),
      import('./many.ts'),
      import('./results.ts'),
      import('./settings.ts'),
    ])
    const { checkSettings, defaultResults } = settings
    const { findManifest, loadManifest, manifestFiles } = manifests
    const own = ownOptions(options, 'check', checkOptions)
    const {
      results = defaultResults,
      filter = [],
      tags = [],
      allow = [],
      shard,
      selfTest = false,
      onCase,
    } = own
    const folder = checkPath('the folder of results', results)
    checkTexts('filter', filter)
    checkTexts('tags', tags)
    checkSettings.allow.parse(checkTexts('allow', allow), 'allow')
    checkFunction('onCase', onCase)
    checkFlag('selfTest', selfTest)
    if (shard !== undefined && !isShard(shard)) {
      throw mismatch('shard must be { index, count }', shard, { fix: '{ index: 1, count: 4 }' })
    }
    const files =
      manifest === undefined
        ? [findManifest()]
        : readOf('the manifests', () => Array.isArray(manifest))
          ? await manifestFiles(checkPaths('the manifests', manifest))
          : [checkPath('the manifest', manifest)]
    if (files.length === 0) throw new ConvoError('E_ARGUMENT', 'the list of manifests is empty')
    const loaded: Manifest[] = []
    for (const file of files) loaded.push(await loadManifest(file))
    const { calling, settled } = guarded()
    // async, so that an error waits until every case is done
    const told = onCase && calling('onCase', async (...given: Parameters<typeof onCase>) => onCase(...given))
    const wanted = { ...own, results: folder, filter, tags, allow, onCase: told }
    const run = await holdingResults(folder, () => checkMany(loaded, wanted))
    await settled()
    return run
  },
)

/**
 * Approves pictures of the last check as goldens: those of the named cases, all that need approval, or only new ones.
 * `*` in a name matches any text, but only in the names of cases that failed.
 *
 * @throws ConvoError E_NAME for a name that no case has, E_STALE if a golden or anything else that would be approved
 *   has changed since the check
 */
export const approve = libraryFunction(
  'approve',
  2,
  async (
    cases: 'all' | 'new' | readonly string[],
    options: {
      /** The folder of the results of the check. Default: the same as for `convo check`. */
      readonly results?: string | URL | undefined
      /** Whether to wait for another check or approval that writes to the same folders instead of failing. */
      readonly wait?: boolean | undefined
    } = {},
  ): Promise<Approved> => {
    const [{ approve: promote }, { lastResults }, { defaultResults }] = await Promise.all([
      loadApprove(),
      import('./results.ts'),
      import('./settings.ts'),
    ])
    const { results = defaultResults, wait = false } = ownOptions(options, 'approve', ['results', 'wait'])
    checkFlag('wait', wait)
    const waiting = wait ? () => undefined : undefined
    const folder = checkPath('the folder of results', results)
    const choice = cases === 'all' || cases === 'new' ? cases : checkTexts('the cases', cases)
    return promote(await lastResults(folder, waiting), folder, choice, waiting)
  },
)

/**
 * Returns the report of a check, in the format of the named reporter: text, JUnit, Markdown, HTML and so on.
 *
 * @throws ConvoError E_NAME for a reporter that does not exist
 */
export const report = libraryFunction(
  'report',
  2,
  async (run: Run, reporter: ReporterName): Promise<string> => {
    const { reportText } = await import('./destinations.ts')
    if (!readOf('the run', () => Array.isArray(run?.cases) && typeof run.results === 'string')) {
      throw new ConvoError('E_ARGUMENT', 'report takes the result of check', {
        fix: "report(await check(), 'html')",
      })
    }
    return reportText(run, checkText('the reporter', reporter))
  },
)

/**
 * Compares the pictures of two folders and their subfolders, or of two globs, paired by path. The result is a run, like
 * that of `check`. Each case is a pair, with the status `same`, `tolerated`, `changed`, `size`, `added`, `removed` or
 * `error`.
 *
 * @throws ConvoError E_USAGE if there is nothing to compare, E_OUTPUT if an output cannot be written; a pair that
 *   cannot be read has the status `error`
 */
export const compareFolders = libraryFunction(
  'compareFolders',
  3,
  async (expected: string | URL, actual: string | URL, options: CompareFoldersOptions = {}): Promise<Run> =>
    (await loadMany()).compareFoldersAt(expected, actual, options),
)

/**
 * Returns the digests of pictures in files, folders and their subfolders, and globs, sorted by path.
 *
 * @throws ConvoError if a picture cannot be read, or there is none
 */
export const digestFiles = libraryFunction(
  'digestFiles',
  2,
  async (paths: readonly (string | URL)[], options: ReadOptions = {}): Promise<readonly FileDigest[]> =>
    (await loadMany()).digestFilesAt(paths, options),
)

/**
 * Compares pictures with a list of digests, as `convo digest` prints it for several pictures.
 *
 * @param list the path of the list
 * @throws ConvoError E_INPUT for a list that cannot be read; a picture that cannot be read has the status `error`
 */
export const checkDigests = libraryFunction(
  'checkDigests',
  2,
  async (list: string | URL, options: ReadOptions = {}): Promise<readonly Checked[]> =>
    (await loadMany()).checkDigestsIn(list, options),
)
