import { type CaseResult, type Run, type Status, statuses } from '../results.ts'
import { shellWord } from '../shell.ts'
import { counted } from '../values.ts'

/** A sign for each status: colours alone would not do. */
export const signs: Readonly<Record<Status, string>> = {
  pass: '✓',
  tolerated: '≈',
  changed: '≠',
  size: '⤢',
  new: '+',
  obsolete: '−',
  error: '!',
}

/** `3 changed, 1 new, 20 pass`, without what does not occur; the bad ones first. */
export function countsText({ counts }: Pick<Run, 'counts'>): string {
  return [...statuses]
    .reverse()
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ')
}

/** One sentence on the run. */
export function verdictText(run: Run): string {
  const all = counted(run.cases.length, 'case')
  if (run.failed > 0) return `${run.failed} of ${all} failed`
  return run.cases.length === 1 ? 'The case passes' : `All ${all} pass`
}

/** What --self-test found: a line, or none where no case was tested. */
export function selfTestLines({ cases }: Pick<Run, 'cases'>): string[] {
  const tested = cases.filter(({ selfTest }) => selfTest !== undefined).length
  const noticed = cases.filter(({ selfTest }) => selfTest === 'noticed').length
  const those = noticed === tested ? counted(tested, 'case') : `${noticed} of ${counted(tested, 'case')}`
  return tested === 0 ? [] : [`self-test: a change of just more than may be is noticed in ${those}`]
}

/** `1.2 s` or `340 ms` */
export const timeText = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

/** What `approve` is called with for the failed cases that can be approved, or nothing. */
export function approveText(run: Run, approve: string): string | undefined {
  const cases = run.cases.filter((one) => one.failed && one.approval !== undefined)
  if (cases.length === 0) return undefined
  const all = cases.some(({ status }) => status === 'error') ? "'*'" : '--all'
  return [approve, ...(cases.length > 4 ? [all] : cases.map(({ name }) => shellWord(name)))].join(' ')
}

/** All that is to be said of a case beyond its line. */
export function detailsOf(one: CaseResult): string[] {
  const { why, fix, smallest, tolerance, failed } = one
  return [
    ...why,
    ...(fix === undefined ? [] : [`try: ${fix}`]),
    ...(tolerance === undefined ? [] : [toleranceLine(one)]),
    ...(failed && smallest !== undefined && smallest !== 'exact' ? [`would pass with ${smallest}`] : []),
  ]
}

/** The tolerance of a case, and the reason for it. */
export const toleranceLine = ({ tolerance, reason }: CaseResult): string =>
  `tolerance: ${tolerance}${reason === undefined ? '' : ` (${reason})`}`

/** What is on one line stays there: names and messages may hold line ends. */
export const oneLine = (text: string): string => text.replace(/[\r\n\t]+/g, ' ')
