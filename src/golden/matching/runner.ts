import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConvoError } from '../../error.ts'
import { requireFrom } from '../../files/package.ts'
import { birthOf } from '../../files/process.ts'
import { isCi } from '../../host/engines.ts'
import { isRecord } from '../../text/record.ts'

/** What a golden is compared for: a test, and what its runner was given. */
export type Runner = {
  /** The file of the test, absolute. */
  readonly file: string
  /** The test, with the groups that it is in. */
  readonly test: string
  /** Changes when the runner tries the same test again. */
  readonly attempt: string
  /** Configurations that run the same test have goldens of their own. */
  readonly project?: string
  /** Configurations that run one file side by side have results of their own. */
  readonly setting?: string
  /** Whether a golden that is not there may be written. */
  readonly mayWrite: boolean
  /** Whether goldens that differ are to be replaced. */
  readonly update: boolean
  /** What replaces them. */
  readonly updateWith: string
  /** Of which there is one for each run of a file; absent where the files of a run share processes. */
  readonly life?: SnapshotState
  /** Names the run for those of its processes that run parts of one file. */
  readonly run?: string
  /** The names of tests that did not pass, once the file is done, where that can be asked. */
  readonly unpassed?: () => readonly string[]
  /** Reports when the file is done, where nothing else does. */
  readonly isOwnProcess?: true
}

/** The function that a test called, for messages. */
export type Calling = {
  readonly name: string
  /** A call of it as code. */
  call(picture: string, options?: string): string
}

/** What Vitest and Jest keep for each run of a file of tests. */
export type SnapshotState = {
  readonly _updateSnapshot?: unknown
  save?: (...args: unknown[]) => unknown
  markSnapshotsAsCheckedForTest?: (name: string) => void
}

/** The test of node:test, as far as it is needed: its `t`. */
export type GoldenTest = {
  /** The name of the test. */
  readonly name: string
  /** That with the names of the suites around it. */
  readonly fullName?: string | undefined
  /** The file of the test, which its goldens are beside. */
  readonly filePath?: string | undefined
}

/** Asks for new goldens whatever the runner. */
const updateName = 'CONVO_UPDATE'

const isAsked = (): boolean => !['', '0', 'false', undefined].includes(process.env[updateName])

/** The runner behind the `this` of a matcher. @throws ConvoError E_USAGE outside of a test */
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
    update: asked === 'all' || isAsked(),
    updateWith: isVitest ? 'vitest -u' : 'jest -u',
    life,
    ...(task !== undefined && {
      setting: isRecord(task.file) ? String(task.file.projectName ?? '') : '',
      unpassed: () => unpassedOf(task.file),
    }),
  }
}

/** A test or group of Vitest. */
type RunnerTask = Readonly<Record<string, unknown>>

/** The names of all tests below a group of Vitest that did not pass. */
function unpassedOf(group: unknown, above: readonly string[] = []): string[] {
  if (!isRecord(group) || !Array.isArray(group.tasks)) return []
  return group.tasks.filter(isRecord).flatMap((one) => {
    const names = [...above, String(one.name)]
    if (Array.isArray(one.tasks)) return unpassedOf(one, names)
    return isRecord(one.result) && one.result.state === 'pass' ? [] : [names.join(' > ')]
  })
}

/** How often jest-circus has begun the test that runs. */
function attemptOfJest(): string {
  // a symbol of its own that no package exports
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

/** The test that Playwright runs in this process. */
function testInfoOfPlaywright(): TestInfo | undefined {
  if (process.env.TEST_WORKER_INDEX === undefined) return undefined
  // its worker is in the very package that the test has imported, which a resolution from here may miss
  for (const from of [process.argv[1], resolve('tests')]) {
    try {
      const { test } = requireFrom(from!)('playwright/test') as { test: { info(): TestInfo } }
      return test.info()
    } catch {
      // not from there, or not within a test
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

/** The run of Playwright that a process has begun. */
export const runOfPlaywright = (pid: number): string => `${pid}-${birthOf(pid)}`

/** Whether goldens that differ are to be replaced, and those that are obsolete removed. */
export const isUpdateOfPlaywright = (asked: string | undefined): boolean =>
  asked === 'all' || asked === 'changed' || isAsked()

/** The runner of Node, by the `t` of a test. @throws ConvoError E_ARGUMENT for what is none */
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
    update: isAsked() || process.execArgv.includes('--test-update-snapshots'),
    updateWith: `${updateName}=1 node --test`,
    isOwnProcess: true,
  }
}

function fileOf({ filePath }: GoldenTest): string {
  if (filePath === undefined) return resolve(process.argv[1] ?? 'tests')
  return filePath.startsWith('file:') ? fileURLToPath(filePath) : filePath
}

/** A path as messages and results show it: from the folder that the tests run in, with / between folders. */
export function shownPath(root: string, path: string): string {
  return relative(root, path).replaceAll('\\', '/') || dirname(path)
}
