import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
// not the global ones, which tests may have put others in the place of
import { clearTimeout, setTimeout } from 'node:timers'
import { orElse } from '../../error.ts'
import { appendTo, placeUnder, removeFolderUnder, writeUnder } from '../../files/change.ts'
import { readText } from '../../files/read.ts'
import { entriesIn, statOf } from '../../files/stat.ts'
import { type CaseResult, ownIgnore, type Run, resultsName } from '../results.ts'
import { runOf } from '../run.ts'
import { testResults } from '../settings.ts'

// The processes of a run share a folder of results:
//
//   .convo/tests/
//     results.json                      all that is known, as `convo check` writes it
//     circle.test.ts.<file>.<run>/      of one file of tests
//       cases.jsonl                     the file, and a line for each comparison
//       draws-a-circle-1/               expected, actual and difference
//
// A file that runs again starts over. Each process adds to the folders of its own tests only; results.json is made from
// all of them.

const linesName = 'cases.jsonl'

/** Begins the results of a file of tests: what an earlier run left of it goes. */
export async function beginRecords(root: string, folder: string, file: string): Promise<void> {
  const results = join(root, testResults)
  // the part behind the last dot is the run
  const others = foldersIn(results).filter((one) => one !== folder && stemOf(one) === stemOf(folder))
  for (const one of others) await removeFolderUnder(root, `${testResults}/${one}`)
  if (!existsSync(join(results, '.gitignore'))) await writeUnder(root, `${testResults}/.gitignore`, ownIgnore)
  // each process of the run names the file: which of them is the first is not known
  appendTo(placeUnder(root, `${testResults}/${folder}/${linesName}`), `${JSON.stringify(file)}\n`)
  if (others.length > 0) await writeRun(root)
}

const stemOf = (folder: string): string => folder.slice(0, folder.lastIndexOf('.'))

/** Adds what came of a comparison. */
export function record(root: string, folder: string, result: CaseResult): void {
  appendTo(join(root, testResults, folder, linesName), `${JSON.stringify(result)}\n`)
}

const waiting = new Map<string, NodeJS.Timeout>()

/** Writes results.json soon, if this process lives as long: what passed is not worth a wait in each test. */
export function writeRunSoon(root: string): void {
  clearTimeout(waiting.get(root))
  const write = () => {
    waiting.delete(root)
    // nobody waits for it: what keeps it from being written comes out where a test fails
    writeRun(root).catch(() => undefined)
  }
  waiting.set(root, setTimeout(write, 100).unref())
}

/**
 * Writes results.json from the results of all files. Whoever writes looks again whether there is more by now: so the last
 * one to write has seen everything, and nobody waits for anybody.
 */
export async function writeRun(root: string): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    const before = stateOf(root)
    await writeUnder(
      root,
      `${testResults}/${resultsName}`,
      `${JSON.stringify(await gather(root), null, 1)}\n`,
    )
    if (stateOf(root) === before) return
  }
}

/** What there is to be gathered: folders, and how much is in each. */
const stateOf = (root: string): string =>
  foldersIn(join(root, testResults))
    .map((one) => `${one} ${statOf(join(root, testResults, one, linesName))?.size}`)
    .join('\n')

const foldersIn = (results: string): string[] =>
  entriesIn(results)
    .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    .sort()

async function gather(root: string): Promise<Run> {
  const all = new Map<string, CaseResult>()
  for (const folder of foldersIn(join(root, testResults))) {
    const file = linesOf(join(root, testResults, folder, linesName)).find((one) => typeof one === 'string')
    if (file === undefined) continue
    if (!existsSync(resolve(root, file))) {
      // its tests are gone, and never begin again
      await removeFolderUnder(root, `${testResults}/${folder}`)
      continue
    }
    // of a test that was tried again, the last
    for (const result of recorded(root, folder)) all.set(result.name, result)
  }
  const cases = [...all.values()]
  const milliseconds = Math.round(cases.reduce((sum, one) => sum + one.milliseconds, 0))
  const manifest = { path: 'tests', sha256: '' }
  return runOf(cases, milliseconds, { source: 'tests', manifest, goldens: '.', results: testResults })
}

/** What came of the comparisons of a file of tests. */
export const recorded = (root: string, folder: string): CaseResult[] =>
  linesOf(join(root, testResults, folder, linesName)).filter((one) => typeof one === 'object') as CaseResult[]

/** The lines of a file as JSON; one that another process is writing is not whole yet, and omitted. */
function linesOf(path: string): unknown[] {
  // not begun yet, or gone
  const text = orElse(() => readText(path, 'logBytes'), '')
  return text.split('\n').flatMap((line): unknown[] => orElse(() => [JSON.parse(line)], []))
}
