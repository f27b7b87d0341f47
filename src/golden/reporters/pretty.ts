import { join } from 'node:path'
import { coloured, joined, type Message } from '../../text/message.ts'
import { visibleLine } from '../../text/visible.ts'
import { isEqual, type Status, statusSigns } from '../page/data.ts'
import type { CaseResult, Run } from '../results.ts'
import {
  approveText,
  type Destination,
  detailsOf,
  type Reporter,
  selfTestLines,
  sumText,
  toleranceLine,
  verdictText,
} from './reporter.ts'

const codes: Readonly<Record<Status, string>> = {
  pass: '32',
  same: '32',
  tolerated: '33',
  changed: '31',
  size: '31',
  new: '36',
  added: '36',
  obsolete: '35',
  removed: '35',
  error: '1;31',
}

/** For people at a terminal: the cases that need attention, then the totals. */
export const pretty: Reporter = {
  summary: 'for people: the cases that need attention, and the totals',
  async report(run, to) {
    const painter: Painter = (code, text) => (to.hasColour ? coloured(code, text) : text)
    // allowed obsolete goldens need no attention, though they are counted
    const shown = run.cases.filter(
      ({ status, failed }) => !isEqual(status) && (failed || status !== 'obsolete'),
    )
    const width = Math.min(
      40,
      shown.reduce((most, { name }) => Math.max(most, visibleLine(name).length), 0),
    )
    const lines = shown.flatMap((one) => caseLines(one, width, painter, to.results))
    const sum = painter(run.failed > 0 ? '1;31' : '1;32', verdictText(run))
    const text: Message[] = [
      ...lines,
      ...(lines.length > 0 ? [''] : []),
      [sum, `: ${sumText(run)}`],
      ...selfTestLines(run),
      ...hints(run, to),
    ]
    await to.write([joined(text, '\n'), '\n'])
  },
}

type Painter = (code: string, text: string) => Message

function caseLines(one: CaseResult, width: number, painter: Painter, results: string): Message[] {
  const { name, status, message, failed, diff } = one
  const head = `${statusSigns[status]} ${status.padEnd(9)}`
  const line = [painter(codes[status], head), ` ${visibleLine(name).padEnd(width)}  ${visibleLine(message)}`]
  if (!failed) return one.tolerance === undefined ? [line] : [line, `    ${visibleLine(toleranceLine(one))}`]
  const details = [...detailsOf(one), ...(diff === undefined ? [] : [`difference: ${join(results, diff)}`])]
  return [line, ...details.map((detail) => `    ${visibleLine(detail)}`)]
}

function hints(run: Run, to: Destination): string[] {
  const approval = approveText(run, to.approve)
  return [
    ...(run.failed > 0 && to.results !== '' ? [`pictures: ${to.results}`] : []),
    ...(approval === undefined ? [] : [`if this is intended: ${approval}`]),
  ]
}
