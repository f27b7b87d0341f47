import { counted } from '../../text/count.ts'
import type { Message } from '../../text/message.ts'
import { shellWord } from '../../text/shell.ts'
import { statuses } from '../page/data.ts'
import type { CaseResult, Run } from '../results.ts'

/**
 * Returns the command that approves a case, without its name. It depends on the case, as each shard has its own folder
 * of results. Undefined if all are approved at once.
 */
export type Approve = ((one: CaseResult) => string) | undefined

/** Writes a file beside a report, or removes it if there is no text. Returns whether it exists or existed. */
export type Beside = (name: string, text?: string) => Promise<boolean>

export type Destination = {
  /** Writes to the report's file, or to standard output. */
  write(message: Message): Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a file beside the report, if the report is a folder. */
  readonly beside?: Beside | undefined
  /** Whether a one-file page shows pictures of cases that pass. */
  readonly passing?: boolean
  /** The folder of the run's pictures. */
  readonly results: string
  readonly approve: Approve
  /** The width in columns of text. */
  readonly width: number
  readonly hasColour: boolean
}

/** A report format. To add one, add a file to this folder and an entry to its table. */
export type Reporter = {
  /** One line, for help. */
  readonly summary: string
  /** The default file, in the folder of the results; if absent, standard output. */
  readonly file?: string
  report(run: Run, to: Destination): Promise<void>
}

/** `3 changed, 1 new, 20 pass`, without statuses that do not occur, the worst first. */
export const countsText = ({ counts }: Pick<Run, 'counts'>): string =>
  [...statuses]
    .reverse()
    .filter((status) => (counts[status] ?? 0) > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ')

/** Summarises the run in one sentence. */
export function verdictText(run: Run): string {
  if (run.source === 'folders') return foldersText(run)
  const all = counted(run.cases.length, 'case')
  if (run.cases.length === 0) return 'No case was checked'
  if (run.failed > 0) return `${run.failed} of ${all} failed`
  return run.cases.length === 1 ? 'The case passes' : `All ${all} pass`
}

function foldersText({ cases, failed }: Run): string {
  if (failed > 0)
    return `${failed} of ${counted(cases.length, 'picture')} ${failed === 1 ? 'differs' : 'differ'}`
  return cases.length === 1 ? 'The picture matches' : `All ${counted(cases.length, 'picture')} match`
}

/** The command that made a run. */
export const titleOf = ({ source }: Pick<Run, 'source'>): string =>
  source === 'folders' ? 'convo compare' : 'convo check'

/** The counts of a run, its shard and its time, without absent parts. */
export function sumText(run: Run): string {
  const shard = run.shard === undefined ? '' : `shard ${run.shard.index} of ${run.shard.count}`
  const parts = [countsText(run), shard].filter((part) => part !== '').join(', ')
  return [parts, timeText(run.milliseconds)].filter((part) => part !== '').join('; ')
}

/** The result of --self-test: one line, or none if no case was tested. */
export function selfTestLines({ cases }: Pick<Run, 'cases'>): string[] {
  const tested = cases.filter(({ selfTest }) => selfTest !== undefined).length
  const noticed = cases.filter(({ selfTest }) => selfTest === 'noticed').length
  const those = noticed === tested ? counted(tested, 'case') : `${noticed} of ${counted(tested, 'case')}`
  return tested === 0 ? [] : [`self-test: a change just beyond the tolerance is noticed in ${those}`]
}

/** `1.2 s` or `340 ms` */
export const timeText = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

/** Returns the command that approves the failed cases that can be approved; undefined if there are none. */
export function approveText(run: Run, approve: Approve): string | undefined {
  if (run.source === 'folders') {
    const hasActual = run.cases.some(({ status }) => status !== 'removed' && status !== 'error')
    const isFailed = run.cases.some(({ failed, status }) => failed && status !== 'error')
    return hasActual && isFailed ? run.accept : undefined
  }
  if (approve === undefined) return undefined
  const commands = new Map<string, CaseResult[]>()
  for (const one of run.cases.filter(({ failed, approval }) => failed && approval !== undefined)) {
    commands.set(approve(one), [...(commands.get(approve(one)) ?? []), one])
  }
  const lines = [...commands].map(([command, cases]) => {
    const all = cases.some(({ status }) => status === 'error') ? "'*'" : '--all'
    return [command, ...(cases.length > 4 ? [all] : cases.map(({ name }) => shellWord(name)))].join(' ')
  })
  return lines.length === 0 ? undefined : lines.join(' && ')
}

/** The details of a case, beyond its line. */
export function detailsOf(one: CaseResult): string[] {
  const { why, fix, smallest, tolerance, failed } = one
  return [
    ...why,
    ...(fix === undefined ? [] : [`try: ${fix}`]),
    ...(tolerance === undefined ? [] : [toleranceLine(one)]),
    ...(failed && smallest !== undefined && smallest !== 'exact' ? [`would pass with ${smallest}`] : []),
  ]
}

export const toleranceLine = ({ tolerance, reason }: CaseResult): string =>
  `tolerance: ${tolerance}${reason === undefined ? '' : ` (${reason})`}`
