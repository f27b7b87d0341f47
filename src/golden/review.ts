import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { emitKeypressEvents } from 'node:readline'
import { ConvoError } from '../error.ts'
import { under } from '../files/root.ts'
import type { Io } from '../host/io.ts'
import { detectGraphics, type Graphics } from '../image/terminal/graphics.ts'
import { previewText } from '../picture/preview.ts'
import { undoAtEnd } from '../signals.ts'
import { counted } from '../text/count.ts'
import { type Message, Verbatim } from '../text/message.ts'
import { shellWord } from '../text/shell.ts'
import { visibleLine } from '../text/visible.ts'
import { approve, approvedText, isApprovable } from './approve.ts'
import { refuseOnCi } from './check.ts'
import { statusSigns } from './page/data.ts'
import { detailsOf } from './reporters/reporter.ts'
import { type CaseResult, lastResults, type Waiting } from './results.ts'

/** What a review needs of a terminal. */
export type Terminal = {
  write(message: Message): void
  /** The next key: a letter, or `ctrl-c`. */
  key(): Promise<string>
  /** Returns text that shows a picture; empty if it cannot be shown. */
  preview(file: string): Promise<string>
  /** Opens pictures in the system's viewer. */
  open(files: readonly string[]): void
}

const question = '[a]pprove  [r]eject  [s]kip  [v]iew  [q]uit '

/**
 * Shows one case after the other, and returns the names of those for each decision. A case in none of the lists was not
 * reached. Nothing is written.
 */
export async function reviewCases(cases: readonly CaseResult[], results: string, terminal: Terminal) {
  const approved: string[] = []
  const rejected: string[] = []
  const skipped: string[] = []
  const lists: Readonly<Record<string, string[]>> = { a: approved, r: rejected, s: skipped }
  for (const [i, one] of cases.entries()) {
    terminal.write(caseText(one, i + 1, cases.length))
    const file = one.diff ?? one.actual ?? one.expected
    if (file !== undefined) terminal.write(new Verbatim(await terminal.preview(pathOf(results, file))))
    terminal.write(question)
    let key = await terminal.key()
    while (lists[key] === undefined && key !== 'q' && key !== 'ctrl-c') {
      if (key === 'v') terminal.open(picturesOf(one, results))
      key = await terminal.key()
    }
    if (key === 'ctrl-c') throw new ConvoError('E_USAGE', 'the review was interrupted; nothing was written')
    terminal.write(`${key === 'q' ? 'quit' : { a: 'approved', r: 'rejected', s: 'skipped' }[key]}\n\n`)
    if (key === 'q') break
    lists[key]!.push(one.name)
  }
  return { approved, rejected, skipped }
}

function caseText(one: CaseResult, number: number, all: number): string {
  const { name, status, message, facts } = one
  const lines = [
    `${number}/${all}  ${statusSigns[status]} ${status}  ${name}`,
    `    ${message}`,
    ...detailsOf(one).map((line) => `    ${line}`),
    ...facts.slice(1).map(([label, value]) => `    ${label}: ${value}`),
  ]
  return `${lines.map(visibleLine).join('\n')}\n`
}

/** @throws ConvoError E_PATH for a picture that is not in the results */
function pathOf(results: string, file: string): string {
  under(results, file)
  return join(results, file)
}

const picturesOf = ({ expected, actual, diff }: CaseResult, results: string): string[] =>
  [expected, actual, diff].filter((file) => file !== undefined).map((file) => pathOf(results, file))

/** `convo review`. Returns the exit status. @throws ConvoError E_USAGE without a terminal, or on a CI server */
export async function reviewResults(results: string, io: Io, waiting?: Waiting): Promise<number> {
  refuseOnCi('review')
  const run = await lastResults(results, waiting)
  const cases = run.cases.filter((one) => one.failed && isApprovable(one))
  if (cases.length === 0) {
    const rest =
      run.failed === 0 ? '' : `; ${counted(run.failed, 'case')} failed without a picture to approve`
    await io.out(`nothing to review${rest}\n`)
    return run.failed === 0 ? 0 : 1
  }
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw new ConvoError('E_USAGE', 'review needs a terminal', {
      fix: `convo report merge ${shellWord(results)} --output report.html`,
    })
  }
  const { terminal, close } = openTerminal(await detectGraphics(process.env), io)
  const decisions = await reviewCases(cases, results, terminal).finally(close)
  const { approved, rejected } = decisions
  const left = run.failed - approved.length - rejected.length
  const done = await approve(run, results, approved, waiting)
  const parts = [
    approvedText(done),
    ...(rejected.length > 0 ? [`${rejected.length} rejected: ${rejected.join(', ')}`] : []),
    ...(left > 0 ? [`${left} skipped`] : []),
  ]
  await io.out(`${visibleLine(parts.join('; '))}\n`)
  return rejected.length > 0 || left > 0 ? 1 : 0
}

/** Opens the terminal of this process for single keys. */
function openTerminal(graphics: Graphics, io: Io): { terminal: Terminal; close(): void } {
  const { stdin, stdout } = process
  const typed: string[] = []
  let waiting: ((key: string) => void) | undefined
  const onKey = (letter: string | undefined, key: { name?: string; ctrl?: boolean }) => {
    const word = key.ctrl && key.name === 'c' ? 'ctrl-c' : (letter ?? key.name ?? '').toLowerCase()
    if (waiting === undefined) typed.push(word)
    else waiting(word)
    waiting = undefined
  }
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdin.on('keypress', onKey)
  stdin.resume()
  const forget = undoAtEnd(() => stdin.setRawMode(false))
  return {
    terminal: {
      write: (message) => void io.out(message),
      key: () =>
        new Promise((resolve) => {
          const next = typed.shift()
          if (next !== undefined) resolve(next)
          else waiting = resolve
        }),
      preview(file) {
        const [columns, rows] = [Math.min(stdout.columns || 80, 100), Math.max(8, (stdout.rows || 30) - 14)]
        return previewText(file, graphics, columns, rows).catch(() => '')
      },
      open(files) {
        void io.out(`\n${files.map((file) => `    ${visibleLine(file)}\n`).join('')}${question}`)
        openFiles(files)
      },
    },
    close() {
      stdin.setRawMode(false)
      forget()
      stdin.off('keypress', onKey)
      stdin.pause()
    },
  }
}

/** Opens files in the desktop's programs. Without a desktop nothing happens; the paths are on the screen. */
function openFiles(files: readonly string[]): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  for (const file of process.platform === 'darwin' ? [files] : files.map((one) => [one])) {
    const child = spawn(opener, file, { stdio: 'ignore', detached: true })
    child.on('error', () => undefined)
    child.unref()
  }
}
