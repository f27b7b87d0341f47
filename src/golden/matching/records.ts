import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
// imported, because tests may have replaced the global ones
import { clearTimeout, setTimeout } from 'node:timers'
import { orElse } from '../../error.ts'
import { appendTo, placeUnder, removeFolderUnder, writeUnder } from '../../files/change.ts'
import { readText } from '../../files/read.ts'
import { entriesIn, statOf } from '../../files/root.ts'
import { type CaseResult, ownIgnore, type Run, resultsName } from '../results.ts'
import { runOf } from '../run.ts'
import { testResults } from '../settings.ts'

// The processes of a run share a folder of results:
//
//   .convo/tests/
//     results.json                      everything known, as `convo check` writes it
//     circle.test.ts.<file>.<run>/      one test file
//       cases.jsonl                     the path of the test file, and a line for each comparison
//       draws-a-circle-1/               expected, actual and difference
//
// A file that runs again starts over. Each process adds only to the folders of its own tests. results.json is made from
// all of them.

const linesName = 'cases.jsonl'

/** Begins the results of a test file, and removes those of an earlier run. */
export async function beginRecords(root: string, folder: string, file: string): Promise<void> {
  const results = join(root, testResults)
  // the part after the last dot is the run
  const others = foldersIn(results).filter((one) => one !== folder && stemOf(one) === stemOf(folder))
  for (const one of others) await removeFolderUnder(root, `${testResults}/${one}`)
  if (!existsSync(join(results, '.gitignore'))) await writeUnder(root, `${testResults}/.gitignore`, ownIgnore)
  // each process of the run writes the file's path, as none knows whether it is the first
  appendTo(placeUnder(root, `${testResults}/${folder}/${linesName}`), `${JSON.stringify(file)}\n`)
  if (others.length > 0) await writeRun(root)
}

const stemOf = (folder: string): string => folder.slice(0, folder.lastIndexOf('.'))

/** Adds the result of a comparison. */
export function record(root: string, folder: string, result: CaseResult): void {
  appendTo(join(root, testResults, folder, linesName), `${JSON.stringify(result)}\n`)
}

const waiting = new Map<string, NodeJS.Timeout>()

/** Writes results.json soon, if this process lives that long. Tests that pass do not wait for it. */
export function writeRunSoon(root: string): void {
  clearTimeout(waiting.get(root))
  const write = () => {
    waiting.delete(root)
    // nothing awaits this: an error in writing shows up when a test fails
    writeRun(root).catch(() => undefined)
  }
  waiting.set(root, setTimeout(write, 100).unref())
}

/**
 * Writes results.json from the results of all files, and again if more were added meanwhile. So the last process to
 * write has seen everything, and no process waits for another.
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

/** The state of the results: the folders, and the size of each. */
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
      // the test file no longer exists, and never runs again
      await removeFolderUnder(root, `${testResults}/${folder}`)
      continue
    }
    // the last result of a retried test counts
    for (const result of recorded(root, folder)) all.set(result.name, result)
  }
  const cases = [...all.values()]
  const milliseconds = Math.round(cases.reduce((sum, one) => sum + one.milliseconds, 0))
  const manifest = { path: 'tests', sha256: '' }
  return runOf(cases, milliseconds, { source: 'tests', manifest, goldens: '.', results: testResults })
}

/** Returns the results of a test file's comparisons. */
export const recorded = (root: string, folder: string): CaseResult[] =>
  linesOf(join(root, testResults, folder, linesName)).filter((one) => typeof one === 'object') as CaseResult[]

/** Parses the lines of a file as JSON. A line that another process is still writing is skipped. */
function linesOf(path: string): unknown[] {
  // the file may not exist yet, or no longer
  const text = orElse(() => readText(path, 'logBytes'), '')
  return text.split('\n').flatMap((line): unknown[] => orElse(() => [JSON.parse(line)], []))
}
