import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConvoError } from '../error.ts'
import { emptyFolder, writeUnder } from '../files/change.ts'
import { holderOf, isHoldName, takeHold, untilFree } from '../files/hold.ts'
import type { Place } from '../files/located.ts'
import { isMissing, readText } from '../files/read.ts'
import { isWithin } from '../files/root.ts'
import type { Shard } from '../host/engines.ts'
import type { Glow } from '../image/compare/render.ts'
import { cut } from '../text/cut.ts'
import { optional } from '../text/record.ts'
import { commandLine, shellWord } from '../text/shell.ts'
import type { LockEntry } from './lock.ts'
import { type Counts, type Status, statusesOf } from './page/data.ts'
import { runProblem } from './results-shape.ts'
import { defaultResults } from './settings.ts'

/** A file, and the digest of its content when the check ran. */
export type Seen = {
  /** Its path. */
  readonly path: string
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
}

/** What `approve` needs to promote a case without computing again. */
export type Approval = {
  /** The golden when the check ran. */
  readonly golden: {
    /** Its path. */
    readonly path: string
    /** SHA-256 of its bytes; absent if there was no golden. */
    readonly sha256?: string
  }
  /** The picture that becomes the golden. If absent, the golden is removed. */
  readonly actual?: {
    /** The picture in the folder of the results. */
    readonly file: string
    /** SHA-256 of its bytes. */
    readonly sha256: string
    /** Its future entry in the lock. */
    readonly entry: LockEntry
  }
  /** The files that the picture was made from. */
  readonly inputs: readonly Seen[]
}

/** Measured differences, in the form of JSON. */
export type Measured = {
  /** Pixels that were compared. */
  readonly compared: number
  /** Pixels that differ in any way. */
  readonly differing: number
  /** `differing` divided by `compared`, 0..1. */
  readonly share: number
  /** The largest difference of a sample, in levels; null if a pixel is missing or not a number. */
  readonly largest: number | null
  /** Root mean square difference of the samples, in levels; null if it is not a number. */
  readonly rmse: number | null
  /** 20 log10 (full scale / rmse), in dB; null for equal samples. */
  readonly psnr: number | null
  /** Structural similarity, -1..1; absent unless `minSsim` requires it. */
  readonly ssim?: number
}

export type CaseResult = {
  /** Its name in the manifest or the test. */
  readonly name: string
  /** What was found, such as `pass`, `changed`, `new` or `error`. */
  readonly status: Status
  /** Whether it makes the check fail. */
  readonly failed: boolean
  /** The finding, in one line. */
  readonly message: string
  /** Where and why, one line each. */
  readonly why: readonly string[]
  /** What to do about it. */
  readonly fix?: string
  /** Where the case is in the manifest; absent for an obsolete golden. */
  readonly place?: Place
  /** The command that makes the picture, in the folder where it is run. */
  readonly command?: string
  /** The tolerance, as options; absent if there is none. */
  readonly tolerance?: string
  /** The reason for the tolerance, from the manifest. */
  readonly reason?: string
  /** Its tags in the manifest. */
  readonly tags?: readonly string[]
  /** How far the pictures differ; absent if they were not compared. */
  readonly measured?: Measured
  /** What was measured and what allowed it, for people to read. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** The smallest tolerance that passes, as options; `exact` if none is needed. */
  readonly smallest?: string
  /** The result of --self-test: whether a difference just beyond the tolerance was noticed. */
  readonly selfTest?: 'noticed' | 'missed'
  /** For a file of several pages: the page that the other fields describe, and the number of pages. */
  readonly page?: {
    /** The page, counted from 1. */
    readonly number: number
    /** The number of pages. */
    readonly count: number
  }
  /** The path of the existing golden, in the folder of goldens. */
  readonly golden?: string
  /** The copy of the golden, in the folder of the results. */
  readonly expected?: string
  /** The picture that was made, in the folder of the results. */
  readonly actual?: string
  /** The picture of the differences, in the folder of the results. */
  readonly diff?: string
  /** Where and how far the pictures differ, for the report page: the result of `glowOf`, with the picture as a file. */
  readonly difference?: Omit<Glow, 'picture'> & {
    /** The file of the drawing, in the folder of the results. */
    readonly picture: string
  }
  /** What `approve` would do; absent if there is nothing to approve. */
  readonly approval?: Approval
  /** How long the case took. */
  readonly milliseconds: number
}

/** Everything that a check found: the content of results.json. */
export type Run = {
  /** The version of this format. */
  readonly version: 1
  /** `tests` for a test runner, `folders` for two folders; neither has a manifest or lock. Absent for `convo check`. */
  readonly source?: 'tests' | 'folders'
  /** Versions of convo, sharp and libvips, by name. */
  readonly tools: Readonly<Record<string, string>>
  /** The file that lists the cases. */
  readonly manifest: Seen
  /** The folder of the goldens. */
  readonly goldens: string
  /** The folder that the pictures were written to. */
  readonly results: string
  /** Patterns that chose the cases by name; absent if all ran. */
  readonly filter?: readonly string[]
  /** Tags that chose the cases. */
  readonly tags?: readonly string[]
  /** The part of the cases that ran; absent if all did. */
  readonly shard?: Shard
  /** For several manifests: what the case names of each begin with, and the folder of its results. */
  readonly parts?: readonly {
    /** What the names of its cases begin with. */
    readonly label: string
    /** The folder of its own results, relative to that of the run. */
    readonly folder: string
  }[]
  /** The commit and the run of the CI server. */
  readonly links?: readonly {
    /** The text of the link. */
    readonly text: string
    /** Its address. */
    readonly url: string
  }[]
  /** The command that makes the actual pictures the expected ones, if that needs no approval. */
  readonly accept?: string
  /** Other notes, such as files that were not compared. */
  readonly notes?: readonly string[]
  /** The number of cases with each status. */
  readonly counts: Counts
  /** The number of cases that make the check fail. */
  readonly failed: number
  /** Milliseconds from the beginning to the end. */
  readonly milliseconds: number
  /** The cases, in order. */
  readonly cases: readonly CaseResult[]
}

/** Rounds to a tenth of a millisecond. */
export const rounded = (milliseconds: number): number => Math.round(milliseconds * 10) / 10

export const resultsName = 'results.json'

function countsOf(cases: readonly CaseResult[], isOfFolders: boolean): Counts {
  const counts: Partial<Record<Status, number>> = Object.fromEntries(
    statusesOf(isOfFolders).map((status) => [status, 0]),
  )
  for (const { status } of cases) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** The fields of a run that are not derived from its cases. */
export type About = Omit<Run, 'version' | 'counts' | 'failed' | 'milliseconds' | 'cases'>

/** Returns a run of these cases, with their counts. */
export const totalled = (cases: readonly CaseResult[], milliseconds: number, about: About): Run => ({
  version: 1,
  ...about,
  counts: countsOf(cases, about.source === 'folders'),
  failed: cases.filter(({ failed }) => failed).length,
  milliseconds: rounded(milliseconds),
  cases,
})

/** Called with what a call waits for, once. Without one, the call fails instead of waiting. */
export type Waiting = (what: string) => void

const tellOfCheck = (waiting: Waiting, folder: string) => (other: string) =>
  waiting(`waiting for another check in ${folder}: ${other}`)

/**
 * Runs `act`, which writes results, and keeps other processes from writing there.
 *
 * @throws ConvoError E_OUTPUT if another process writes there and `waiting` is not given
 */
export async function holdingResults<T>(
  folder: string,
  act: () => Promise<T>,
  waiting?: Waiting,
): Promise<T> {
  refuseForeign(folder)
  const hold = await takeHold({
    folder,
    onWait: waiting && tellOfCheck(waiting, folder),
    taken: {
      message: `another check is writing to ${folder}`,
      fix: `--results ${shellWord(`${folder.replace(/[/\\]+$/, '')}-2`)}`,
    },
  })
  try {
    return await act()
  } finally {
    hold.release()
  }
}

/** Empties the folder of results for the next run, and hides it from git. @throws ConvoError E_OUTPUT */
export async function clearResults(folder: string): Promise<void> {
  refuseForeign(folder)
  await emptyFolder(folder, isHoldName)
  await writeUnder(folder, '.gitignore', ownIgnore)
}

/**
 * @throws ConvoError E_OUTPUT for a folder with files but no results, which was given by mistake, or for one that cannot
 *   be read; E_PATH for a link
 */
function refuseForeign(folder: string): void {
  const refused = (code: 'E_OUTPUT' | 'E_PATH', message: string, why?: string, cause?: unknown) =>
    new ConvoError(code, message, { ...optional('why', why), fix: 'a different folder for --results', cause })
  if (folder === defaultResults && !isWithin('.', folder))
    throw refused('E_PATH', `${folder} is a symbolic link that leads out of this folder`)
  let hasFiles: boolean
  try {
    hasFiles = existsSync(folder) && readdirSync(folder).some((name) => !isHoldName(name))
  } catch (cause) {
    const why = (cause as Error).message.replace(/, \w+ '.*$/s, '')
    throw refused('E_OUTPUT', `${cut(folder)} cannot be used as the folder of the results`, why, cause)
  }
  if (hasFiles && !isOwn(folder)) {
    const why = `${folder}: the results of the last run would be removed, and this folder has none`
    throw refused('E_OUTPUT', `${folder} contains files that convo check did not write`, why)
  }
}

/** The .gitignore that keeps results out of git and marks the folder as convo's. */
export const ownIgnore = '# results of convo check\n*\n'

/** Whether a check wrote its results to this folder. */
export function isOwn(folder: string): boolean {
  const file = join(folder, '.gitignore')
  return existsSync(file) && readText(file, 'manifestBytes') === ownIgnore
}

/** Writes results.json in one step. */
export async function writeResults(folder: string, run: Run): Promise<void> {
  await writeUnder(folder, resultsName, `${JSON.stringify(run, null, 1)}\n`)
}

/**
 * Reads the last run in a folder.
 *
 * @throws ConvoError E_USAGE if there is none, E_INPUT if it is damaged or has paths that lead elsewhere
 */
export function readResults(folder: string): Run {
  const check = commandLine(['convo', 'check', ...(folder === defaultResults ? [] : ['--results', folder])])
  return readRun(join(folder, resultsName), check, '--wait')
}

/** Reads the last run in a folder, after a check that writes there if `waiting` is given. @throws as `readResults` */
export async function lastResults(folder: string, waiting: Waiting | undefined): Promise<Run> {
  if (waiting !== undefined) await untilFree(folder, tellOfCheck(waiting, folder))
  return readResults(folder)
}

/**
 * Reads a results.json and checks its shape and paths, as it may come from anywhere. `busy` is the fix if a check is
 * about to write it.
 *
 * @throws ConvoError E_USAGE if there is none, E_INPUT if it is damaged or has paths that lead elsewhere
 */
export function readRun(file: string, fix: string, busy = 'the same once it has ended'): Run {
  let text: string
  try {
    text = readText(file, 'manifestBytes')
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    const holder = holderOf(dirname(file))
    if (holder !== undefined) {
      throw new ConvoError('E_USAGE', `a check is writing to ${dirname(file)}`, { why: holder, fix: busy })
    }
    throw new ConvoError('E_USAGE', `there are no results of a check in ${file}`, { fix, cause })
  }
  let run: unknown
  try {
    run = JSON.parse(text)
  } catch (cause) {
    throw new ConvoError('E_INPUT', `${file} is damaged`, { why: (cause as Error).message, fix, cause })
  }
  const problem = runProblem(run)
  if (problem !== undefined) {
    const what = `${file} does not contain results of this version of convo check`
    throw new ConvoError('E_INPUT', what, { why: `${file}: ${problem}`, fix })
  }
  return run as Run
}
