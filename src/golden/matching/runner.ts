import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConvoError } from '../../error.ts'
import { birthOf } from '../../files/leftovers.ts'
import { requireFrom } from '../../files/package.ts'
import { isCi } from '../../host/engines.ts'
import { isRecord } from '../../text/record.ts'

/** The test that compares a golden, and the settings of its runner. */
export type Runner = {
  /** The absolute path of the test file. */
  readonly file: string
  /** The name of the test, with the groups that it is in. */
  readonly test: string
  /** Changes when the runner retries the test. */
  readonly attempt: string
  /** The configuration; several that run the same test each have their own goldens. */
  readonly project?: string
  /** The configuration; several that run one file at the same time each have their own results. */
  readonly setting?: string
  /** Whether a missing golden may be written. */
  readonly mayWrite: boolean
  /** Whether goldens that differ are replaced. */
  readonly update: boolean
  /** The command that replaces them. */
  readonly updateWith: string
  /** An object that exists once for each run of a file; absent if the files of a run share processes. */
  readonly life?: SnapshotState
  /** Identifies the run, if several of its processes run parts of one file. */
  readonly run?: string
  /** Returns the names of tests that did not pass, once the file is done; absent if they are unknown. */
  readonly unpassed?: () => readonly string[]
  /** Whether the file is done when the process ends. */
  readonly isOwnProcess?: true
}

/** The function that a test called, for messages. */
export type Calling = {
  readonly name: string
  call(picture: string, options?: string): string
}

/** The state that Vitest and Jest keep for each run of a test file. */
export type SnapshotState = {
  readonly _updateSnapshot?: unknown
  save?: (...args: unknown[]) => unknown
  markSnapshotsAsCheckedForTest?: (name: string) => void
}

/** The parts of node:test's context `t` that are used. */
export type GoldenTest = {
  /** The name of the test. */
  readonly name: string
  /** The name with those of the suites around it. */
  readonly fullName?: string | undefined
  /** The file of the test; its goldens are beside it. */
  readonly filePath?: string | undefined
}

/** The environment variable that requests new goldens in any runner. */
const updateName = 'CONVO_UPDATE'

/** Whether goldens are replaced if the runner, or the environment, asks for it: never on a CI server. */
const isUpdate = (isAsked: boolean): boolean =>
  (isAsked || !['', '0', 'false', undefined].includes(process.env[updateName])) && !isCi(process.env)

/** Returns the runner behind the `this` of a matcher. @throws ConvoError E_USAGE outside a test, or if negated */
export function runnerOf(context: unknown): Runner {
  const state: Readonly<Record<string, unknown>> = isRecord(context) ? context : {}
  if (state.isNot === true) {
    throw new ConvoError('E_USAGE', 'toMatchGolden cannot be negated', {
      why: 'a picture can differ from a golden in any way',
      fix: 'expect((await compare(other, picture)).matches).toBe(false)',
    })
  }
  const { testPath, currentTestName, snapshotState, task } = state
  if (typeof testPath === 'string' && typeof currentTestName === 'string' && isRecord(snapshotState)) {
    return withSnapshots(testPath, currentTestName, snapshotState, isRecord(task) ? task : undefined)
  }
  const info = testInfoOfPlaywright()
  if (info !== undefined) return playwright(info)
  throw new ConvoError('E_USAGE', 'toMatchGolden was called outside of a test', {
    why: 'its golden is named after the test, which is known only while the test runs',
    fix: 'call and await it inside test(); in node:test, use matchGolden(t, picture)',
  })
}

function withSnapshots(file: string, test: string, life: SnapshotState, task?: RunnerTask): Runner {
  const isVitest = task !== undefined || process.env.VITEST !== undefined
  const asked = life._updateSnapshot
  const result = isRecord(task?.result) ? task.result : {}
  return {
    file,
    test,
    attempt: isVitest ? `${result.retryCount ?? 0}-${result.repeatCount ?? 0}` : attemptOfJest(),
    mayWrite: asked !== 'none' && !isCi(process.env),
    update: isUpdate(asked === 'all'),
    updateWith: isVitest ? 'vitest -u' : 'jest -u',
    life,
    ...(task !== undefined && {
      setting: isRecord(task.file) ? String(task.file.projectName ?? '') : '',
      unpassed: () => unpassedOf(task.file),
    }),
  }
}

type RunnerTask = Readonly<Record<string, unknown>>

/** Returns the names of all tests below a Vitest group that did not pass. */
function unpassedOf(group: unknown, above: readonly string[] = []): string[] {
  if (!isRecord(group) || !Array.isArray(group.tasks)) return []
  return group.tasks.filter(isRecord).flatMap((one) => {
    const names = [...above, String(one.name)]
    if (Array.isArray(one.tasks)) return unpassedOf(one, names)
    return isRecord(one.result) && one.result.state === 'pass' ? [] : [names.join(' > ')]
  })
}

function attemptOfJest(): string {
  // jest-circus keeps its state under a symbol that no package exports
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    ({ description }) => description === 'JEST_STATE_SYMBOL',
  )
  const state = symbol && (globalThis as Record<symbol, unknown>)[symbol]
  const test = isRecord(state) ? state.currentlyRunningTest : undefined
  return isRecord(test) ? String(test.invocations) : ''
}

type TestInfo = {
  readonly file: string
  readonly titlePath: readonly string[]
  readonly retry: number
  readonly repeatEachIndex: number
  readonly project: { readonly name: string }
  readonly config: { readonly updateSnapshots: string }
}

function testInfoOfPlaywright(): TestInfo | undefined {
  if (process.env.TEST_WORKER_INDEX === undefined) return undefined
  // resolved from the worker, which is in the package that the test imported; from here another copy may be found
  for (const from of [process.argv[1], resolve('tests')]) {
    try {
      const { test } = requireFrom(from!)('playwright/test') as { test: { info(): TestInfo } }
      return test.info()
    } catch {
      // not found from there, or not inside a test
    }
  }
  return undefined
}

function playwright({ file, titlePath, retry, repeatEachIndex, project, config }: TestInfo): Runner {
  const asked = config.updateSnapshots
  return {
    file,
    // without the file, which comes first
    test: titlePath.slice(1).join(' > '),
    attempt: `${retry}-${repeatEachIndex}`,
    ...(project.name !== '' && { project: project.name }),
    mayWrite: asked !== 'none' && !isCi(process.env),
    update: isUpdateOfPlaywright(asked),
    updateWith: 'playwright test -u',
    // after a test that fails, the rest of its file runs in another process
    run: runOfPlaywright(process.ppid),
  }
}

/** Identifies the Playwright run that a process started. */
export const runOfPlaywright = (pid: number): string => `${pid}-${birthOf(pid)}`

/** Whether goldens that differ are replaced, and obsolete ones removed. */
export const isUpdateOfPlaywright = (asked: string | undefined): boolean =>
  isUpdate(asked === 'all' || asked === 'changed')

/** Returns the runner of node:test for the `t` of a test. @throws ConvoError E_ARGUMENT for anything else */
export function nodeRunner(t: GoldenTest): Runner {
  if (!isRecord(t) || typeof t.name !== 'string') {
    throw new ConvoError('E_ARGUMENT', 'matchGolden needs the context of its test', {
      fix: "test('name', async (t) => { await matchGolden(t, picture) })",
    })
  }
  return {
    file: fileOf(t),
    test: t.fullName ?? t.name,
    attempt: '',
    mayWrite: !isCi(process.env),
    update: isUpdate(process.execArgv.includes('--test-update-snapshots')),
    updateWith: `${updateName}=1 node --test`,
    isOwnProcess: true,
  }
}

function fileOf({ filePath }: GoldenTest): string {
  if (filePath === undefined) return resolve(process.argv[1] ?? 'tests')
  return filePath.startsWith('file:') ? fileURLToPath(filePath) : filePath
}

/** A path as messages and results show it: relative to the folder that the tests run in, with / between folders. */
export const shownPath = (root: string, path: string): string =>
  relative(root, path).replaceAll('\\', '/') || dirname(path)
