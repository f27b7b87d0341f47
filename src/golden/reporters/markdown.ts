import { fenced, markdownText } from '../../text/markdown.ts'
import { isEqual, statuses, statusSigns } from '../page/data.ts'
import type { CaseResult, Run } from '../results.ts'
import {
  type Approve,
  approveText,
  detailsOf,
  type Reporter,
  selfTestLines,
  sumText,
  titleOf,
  verdictText,
} from './reporter.ts'

export const markdown: Reporter = {
  summary: 'Markdown, for a comment on a pull request',
  report: (run, to) => to.write(markdownOf(run, to.approve)),
}

/** The most cases in a table. Longer tables go unread, and some servers truncate them. */
const most = 200

export function markdownOf(run: Run, approve: Approve): string {
  const shown = [...run.cases]
    .filter(({ status }) => !isEqual(status))
    .sort((a, b) => statuses.indexOf(b.status) - statuses.indexOf(a.status))
  const rows = shown.slice(0, most).map(row)
  const approval = approveText(run, approve)
  return `${[
    `### ${run.failed > 0 ? '❌' : '✅'} ${titleOf(run)}: ${verdictText(run)}`,
    '',
    sumText(run),
    ...selfTestLines(run).flatMap((line) => ['', line]),
    ...(rows.length === 0 ? [] : ['', '| | case | status | what |', '|---|---|---|---|', ...rows]),
    ...(shown.length > most ? ['', `and ${shown.length - most} more`] : []),
    ...(approval === undefined ? [] : ['', 'If this is intended:', '', fenced(approval, 'sh')]),
  ].join('\n')}\n`
}

function row(one: CaseResult): string {
  const what = [one.message, ...detailsOf(one)].map(markdownText).join('<br>')
  return `| ${statusSigns[one.status]} | ${markdownText(one.name)} | ${one.status} | ${what} |`
}
