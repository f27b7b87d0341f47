import { ConvoError } from '../../error.ts'
import { refuseReplacing } from '../../files/reads.ts'
import { isFile } from '../../files/root.ts'
import { type Io, noteMessage } from '../../host/io.ts'
import { type ToleranceValues, toleranceOf } from '../../image/compare/tolerance.ts'
import { partsText } from '../../text/count.ts'
import { shellWord } from '../../text/shell.ts'
import { progressOn, refuseOnCi } from '../check.ts'
import { type CompareSettings, maskOf } from '../compare-files.ts'
import { askedReporters, reportAll } from '../destinations.ts'
import { holdingResults } from '../results.ts'
import { compareResults, readingOf } from '../settings.ts'
import { toleranceText } from '../tolerance.ts'
import { findPairs, refuseInside } from './pairs.ts'
import { acceptActual, compareFolders } from './run.ts'

/** Compares the two folders of a call, reports, and accepts with `--update`. Returns the exit status. */
export async function runFolders(
  { args, io }: { readonly args: readonly string[]; readonly io: Io },
  values: ToleranceValues,
  settings: CompareSettings,
): Promise<number> {
  const [expected = '', actual = ''] = args
  const { diff, json, quiet, update, results: given } = settings
  if (update) refuseOnCi('--update')
  if (json && settings.reporter !== undefined) {
    throw new ConvoError('E_USAGE', '--json and --reporter cannot be used together', {
      fix: 'one of them; --reporter json is the same as --json',
    })
  }
  const asked = askedReporters(json ? ['json'] : (settings.reporter ?? []), given ?? compareResults)
  const results = given ?? (asked.some(({ name }) => name === 'html') ? compareResults : undefined)
  const folders = await findPairs(expected, actual)
  if (diff !== undefined) {
    refuseInside(folders, diff, '--diff')
    if (isFile(diff)) {
      const what = `--diff ${diff} is a file, but comparing folders writes a picture for each pair`
      throw new ConvoError('E_OUTPUT', what, { fix: '--diff <folder>' })
    }
  }
  if (results !== undefined) refuseInside(folders, results, '--results')
  for (const { file } of asked) if (file !== undefined) refuseReplacing(file)
  const reading = readingOf(settings)
  const mask = values.mask === undefined ? undefined : await maskOf(values.mask, reading)
  const limits = toleranceText(values)
  const words = ['convo compare', ...[expected, actual].map(shellWord)]
  const compare = async () => {
    const progress = progressOn(io, 'picture')
    const run = await compareFolders(folders, {
      tolerance: toleranceOf(values, mask),
      toleranceText: limits,
      reading,
      results,
      diff: diff === undefined ? undefined : { folder: diff, style: settings['diff-style'] },
      ...(!update && { accept: [...words, limits, '--update'].filter((word) => word !== '').join(' ') }),
      onCase: (_, done, all) => progress.show(done, all),
    }).finally(() => progress.clear())
    const wanted = quiet ? asked.filter(({ file }) => file !== undefined) : asked
    await reportAll(run, wanted, results ?? '', io, settings.passing)
    for (const note of run.notes ?? []) io.err(noteMessage(note))
    if (!update) return run.failed > 0 ? 1 : 0
    const { written, removed } = await acceptActual(folders, run)
    const done = partsText([written, 'picture', 'written'], [removed, 'picture', 'removed'])
    if (!quiet) io.err(`${done || 'nothing to update'} in ${folders.expected}\n`)
    return run.cases.some(({ status }) => status === 'error') ? 1 : 0
  }
  return results === undefined ? compare() : holdingResults(results, compare)
}
