import { ConvoError } from '../error.ts'
import { type Place, placeText } from '../files/located.ts'
import { optional } from '../text/record.ts'
import { commandLine } from '../text/shell.ts'
import type { LockEntry } from './lock.ts'
import type { CaseResult, Seen } from './results.ts'

/** A picture that a case made, and what it was made from. */
export type Made = {
  /** In the folder of the results. */
  readonly file: string
  readonly bytes: Buffer
  /** Whether the file is in the results already; else it goes there where there is something to look at. */
  readonly isWritten: boolean
  readonly inputs: () => Promise<readonly Seen[]>
  readonly tools: Readonly<Record<string, string>>
}

/** Where things are, and what was asked for. */
export type Surroundings = {
  readonly results: string
  readonly goldens: string
  readonly selfTest: boolean
}

/** What a judgement adds to a result. */
export type Judgement = Omit<
  CaseResult,
  'name' | 'place' | 'command' | 'tolerance' | 'reason' | 'failed' | 'milliseconds'
>

/** The golden of a case as it is on disk, and as it was approved. */
export type Golden = {
  readonly path: string
  readonly bytes: Buffer | undefined
  readonly entry: LockEntry | undefined
}

/** The judgement of a case that could not be made or compared. @throws what is no error of convo's, or a bug */
export function failedJudgement(error: unknown, place?: Place): Judgement {
  if (!(error instanceof ConvoError) || error.code === 'E_INTERNAL') throw error
  return {
    status: 'error',
    message: `${error.message} [${error.code}]`,
    why: [...error.why, ...(place === undefined ? [] : [`${placeText(place)}: this case`])],
    ...optional('fix', error.fix),
    facts: [],
  }
}

/** The message of a golden that no lock knows, as those that another tool made. */
export const neverApproved = 'the golden was never approved'

/** What to do about a golden that is not as it was approved. */
export const restoring = (path: string): string =>
  `restore it, for example with ${commandLine(['git', 'checkout', '--', path])}`

/** The judgement of a golden that cannot be read. @throws what is no error of convo's, or a bug */
export function unreadableGolden(thrown: unknown, path: string): Judgement {
  const { message, why } = failedJudgement(thrown)
  return { status: 'error', message: unreadable, why: [message, ...why], fix: restoring(path), facts: [] }
}

export const unreadable = 'the golden cannot be read'
