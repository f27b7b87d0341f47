import { ConvoError } from '../error.ts'
import { type Place, placeText } from '../files/located.ts'
import { optional } from '../text/record.ts'
import { commandLine } from '../text/shell.ts'
import type { LockEntry } from './lock.ts'
import type { CaseResult, Seen } from './results.ts'

/** A picture that a case made, with its inputs and tools. */
export type Made = {
  /** The path in the folder of the results. */
  readonly file: string
  readonly bytes: Buffer
  /** Whether the file is already in the results. If not, it is written there when there is something to look at. */
  readonly isWritten: boolean
  readonly inputs: () => Promise<readonly Seen[]>
  readonly tools: Readonly<Record<string, string>>
}

/** The folders of a check, and whether it tests itself. */
export type Surroundings = {
  readonly results: string
  readonly goldens: string
  readonly selfTest: boolean
}

/** The part of a result that a judgement provides. */
export type Judgement = Omit<
  CaseResult,
  'name' | 'place' | 'command' | 'tolerance' | 'reason' | 'failed' | 'milliseconds'
>

/** The golden of a case on disk, and its lock entry. */
export type Golden = {
  readonly path: string
  readonly bytes: Buffer | undefined
  readonly entry: LockEntry | undefined
}

/** The judgement of a case that could not be made or compared. @throws the error if it is a bug or not a ConvoError */
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

/** The message for a golden without a lock entry, such as one that another tool made. */
export const neverApproved = 'the golden was never approved'

/** How to fix a golden that is not the approved one. */
export const restoring = (path: string): string =>
  `restore it, for example with ${commandLine(['git', 'checkout', '--', path])}`

/** The judgement of a golden that cannot be read. @throws the error if it is a bug or not a ConvoError */
export function unreadableGolden(thrown: unknown, path: string): Judgement {
  const { message, why } = failedJudgement(thrown)
  return { status: 'error', message: unreadable, why: [message, ...why], fix: restoring(path), facts: [] }
}

export const unreadable = 'the golden cannot be read'
