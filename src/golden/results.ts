import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConvoError } from '../error.ts'
import { emptyFolder, writeUnder } from '../files/change.ts'
import { holderOf, isHoldName, takeHold } from '../files/hold.ts'
import type { Place } from '../files/located.ts'
import { isMissing, readText } from '../files/read.ts'
import { isWithin } from '../files/root.ts'
import type { Shard } from '../host/engines.ts'
import type { Glow } from '../image/compare/glow.ts'
import { cut } from '../text/cut.ts'
import { commandLine, shellWord } from '../text/shell.ts'
import type { LockEntry } from './lock.ts'
import { type Counts, type Status, statusesOf } from './page/data.ts'
import { runProblem } from './results-shape.ts'
import { defaultResults } from './settings.ts'

/** A file, and what it held when the check ran. */
export type Seen = {
  /** Its path. */
  readonly path: string
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
}

/** What `approve` needs to promote a case without computing again. */
export type Approval = {
  /** The golden as it was: where, and its bytes unless there was none. */
  readonly golden: {
    /** Its path. */
    readonly path: string
    /** SHA-256 of its bytes; absent where there was none. */
    readonly sha256?: string
  }
  /** What becomes the golden; absent: the golden goes. */
  readonly actual?: {
    /** The picture in the folder of the results. */
    readonly file: string
    /** SHA-256 of its bytes. */
    readonly sha256: string
    /** What the lock will hold of it. */
    readonly entry: LockEntry
  }
  /** What the actual was made from. */
  readonly inputs: readonly Seen[]
}

/** Measured differences, as JSON has them. */
export type Measured = {
  /** Pixels that were compared. */
  readonly compared: number
  /** Pixels that differ in any way. */
  readonly differing: number
  /** `differing` as a part of `compared`, 0..1. */
  readonly share: number
  /** levels; null where a pixel is missing or not a number */
  readonly largest: number | null
  /** Root of the mean square difference of a sample, in levels; null where it is not a number. */
  readonly rmse: number | null
  /** 20 log10 (full scale / rmse), in dB; null for equal samples. */
  readonly psnr: number | null
  /** Structural similarity, -1..1, where `minSsim` asked for it. */
  readonly ssim?: number
}

export type CaseResult = {
  /** Its name in the manifest or the test. */
  readonly name: string
  /** What was found, such as `pass`, `changed`, `new` or `error`. */
  readonly status: Status
  /** Whether it makes the check fail. */
  readonly failed: boolean
  /** One line. */
  readonly message: string
  /** Where and why, a line each. */
  readonly why: readonly string[]
  /** What to do about it. */
  readonly fix?: string
  /** Where the manifest has it; an obsolete golden is in none. */
  readonly place?: Place
  /** The command that makes the picture, into the folder where it is given. */
  readonly command?: string
  /** What was allowed, as options; absent where nothing was. */
  readonly tolerance?: string
  /** Why that is allowed, from the manifest. */
  readonly reason?: string
  /** Its tags in the manifest. */
  readonly tags?: readonly string[]
  /** How far the pictures differ; absent where they were not compared. */
  readonly measured?: Measured
  /** For people: what was measured, and what allowed it. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** The smallest tolerance that passes, as options; `exact` where none is needed. */
  readonly smallest?: string
  /** Of --self-test: whether a difference just beyond the tolerance was noticed. */
  readonly selfTest?: 'noticed' | 'missed'
  /** Of a file of several pages: the page that the rest is about, counted from 1, and how many there are. */
  readonly page?: {
    /** The page, from 1. */
    readonly number: number
    /** All pages. */
    readonly count: number
  }
  /** The golden that there is, in the folder of goldens. */
  readonly golden?: string
  /** Pictures in the folder of the results. */
  readonly expected?: string
  /** The picture that was made. */
  readonly actual?: string
  /** The picture of the differences. */
  readonly diff?: string
  /** Where and how far the pictures differ, for the report page: as `glowOf` draws it, the picture as a file. */
  readonly difference?: Omit<Glow, 'picture'> & {
    /** The file of the drawing, in the folder of the results. */
    readonly picture: string
  }
  /** What `approve` would do; absent where there is nothing to approve. */
  readonly approval?: Approval
  /** Time of the case. */
  readonly milliseconds: number
}

/** Everything that a check found: the content of results.json. */
export type Run = {
  /** The version of this format. */
  readonly version: 1
  /**
   * Of the tests of a test runner, or of two folders, which have neither manifest nor lock; absent where `convo check` ran.
   */
  readonly source?: 'tests' | 'folders'
  /** Versions of convo, sharp and libvips, by name. */
  readonly tools: Readonly<Record<string, string>>
  /** The file that lists the cases. */
  readonly manifest: Seen
  /** The folder of the goldens. */
  readonly goldens: string
  /** The folder that the pictures were written to. */
  readonly results: string
  /** Patterns that chose the cases by name; absent where all ran. */
  readonly filter?: readonly string[]
  /** Tags that chose the cases. */
  readonly tags?: readonly string[]
  /** The part of the cases that ran; absent where all did. */
  readonly shard?: Shard
  /** Of several manifests: what the names of each begin with, and where in the results its own are. */
  readonly parts?: readonly {
    /** What the names of its cases begin with. */
    readonly label: string
    /** The folder of its own results. */
    readonly folder: string
  }[]
  /** The commit and the run of the CI server. */
  readonly links?: readonly {
    /** What the link is called. */
    readonly text: string
    /** Its address. */
    readonly url: string
  }[]
  /** The command that makes what was found the expected, where that needs no approval. */
  readonly accept?: string
  /** What else is worth knowing: files that were not compared. */
  readonly notes?: readonly string[]
  /** Cases of each status. */
  readonly counts: Counts
  /** Cases that make the check fail. */
  readonly failed: number
  /** Milliseconds from the beginning to the end. */
  readonly milliseconds: number
  /** The cases in their order. */
  readonly cases: readonly CaseResult[]
}

/** To a tenth of a millisecond. */
export const rounded = (milliseconds: number): number => Math.round(milliseconds * 10) / 10

export const resultsName = 'results.json'

/** How often each status occurs. */
function countsOf(cases: readonly CaseResult[], isOfFolders: boolean): Counts {
  const counts: Partial<Record<Status, number>> = Object.fromEntries(
    statusesOf(isOfFolders).map((status) => [status, 0]),
  )
  for (const { status } of cases) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** What is known of a run beside its cases. */
export type About = Omit<Run, 'version' | 'counts' | 'failed' | 'milliseconds' | 'cases'>

/** A run of cases, counted. */
export const totalled = (cases: readonly CaseResult[], milliseconds: number, about: About): Run => ({
  version: 1,
  ...about,
  counts: countsOf(cases, about.source === 'folders'),
  failed: cases.filter(({ failed }) => failed).length,
  milliseconds: rounded(milliseconds),
  cases,
})

/**
 * Runs `act`, which writes results, while no other process writes to their folder.
 *
 * @param waiting is called when another one does; then it waits for that
 * @throws ConvoError E_OUTPUT where another one does, without `waiting`
 */
export async function holdingResults<T>(
  folder: string,
  act: () => Promise<T>,
  waiting?: (what: string) => void,
): Promise<T> {
  refuseForeign(folder)
  const hold = await takeHold({
    folder,
    wait: waiting !== undefined,
    onWait: (other) => waiting?.(`waiting for another check in ${folder}: ${other}`),
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

/** Removes the results of the last run and makes room for the next, which git does not see. @throws ConvoError E_OUTPUT */
export async function clearResults(folder: string): Promise<void> {
  refuseForeign(folder)
  await emptyFolder(folder, isHoldName)
  await writeUnder(folder, '.gitignore', ownIgnore)
}

/** @throws ConvoError E_OUTPUT for a folder with files in it and no results: it was given by mistake */
function refuseForeign(folder: string): void {
  if (folder === defaultResults && !isWithin('.', folder)) {
    throw new ConvoError('E_PATH', `${folder} is a symbolic link that leads out of this folder`, {
      fix: 'a different folder for --results',
    })
  }
  if (hasFiles(folder) && !isOwn(folder)) {
    throw new ConvoError('E_OUTPUT', `${folder} contains files that convo check did not write`, {
      why: `${folder}: the results of the last run would be removed, and this folder has none`,
      fix: 'a different folder for --results',
    })
  }
}

/** @throws ConvoError E_OUTPUT for what is no folder, or cannot be looked into */
function hasFiles(folder: string): boolean {
  try {
    return existsSync(folder) && readdirSync(folder).some((name) => !isHoldName(name))
  } catch (cause) {
    throw new ConvoError('E_OUTPUT', `${cut(folder)} cannot be used as the folder of the results`, {
      why: (cause as Error).message.replace(/, \w+ '.*$/s, ''),
      fix: 'a different folder for --results',
      cause,
    })
  }
}

/** Keeps results out of git, and says whose folder it is. */
export const ownIgnore = '# results of convo check\n*\n'

/** Whether a folder is one that a check wrote its results to. */
export function isOwn(folder: string): boolean {
  const file = join(folder, '.gitignore')
  return existsSync(file) && readText(file, 'manifestBytes') === ownIgnore
}

/** Writes results.json in one step. */
export async function writeResults(folder: string, run: Run): Promise<void> {
  await writeUnder(folder, resultsName, `${JSON.stringify(run, null, 1)}\n`)
}

/** The command that writes results to a folder. */
const checkCommand = (folder: string): string =>
  commandLine(['convo', 'check', ...(folder === defaultResults ? [] : ['--results', folder])])

/**
 * The last run in a folder.
 *
 * @throws ConvoError E_USAGE where there is none, E_INPUT for one that is damaged, E_PATH for paths that lead elsewhere
 */
export function readResults(folder: string): Run {
  return readRun(join(folder, resultsName), checkCommand(folder))
}

/**
 * A results.json, whose shape and paths are looked at: what is in it may come from anywhere.
 *
 * @throws ConvoError E_USAGE where there is none, E_INPUT for one that is damaged
 */
export function readRun(file: string, fix: string): Run {
  let text: string
  try {
    text = readText(file, 'manifestBytes')
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    const holder = holderOf(dirname(file))
    if (holder !== undefined) {
      throw new ConvoError('E_USAGE', `a check is writing to ${dirname(file)}`, {
        why: holder,
        fix: 'the same once it has ended',
      })
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
