import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { launcher } from './convo.ts'

/** Whether there is a program that creates pseudo-terminals. */
export const hasTerminals = existsSync('/usr/bin/script')

/** What a terminal shows. */
export type Seen = { readonly status: number | null; readonly text: string }

type TerminalOptions = {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly columns?: number
  readonly rows?: number
  /** The answer of the terminal to a request for its device attributes. */
  readonly answer?: string
  /** Where standard output goes, instead of the terminal. */
  readonly into?: string
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** Runs the built program in a pseudo-terminal of the program `script`. Line ends are as written. */
export function atTerminal(args: readonly string[], options: TerminalOptions): Promise<Seen> {
  const { cwd, columns = 80, rows = 24, answer = '\x1b[?1;2c', into } = options
  const line = [process.execPath, launcher, ...args].map(quoted).join(' ')
  const redirected = into === undefined ? line : `${line} > ${quoted(into)}`
  const plain = { NO_COLOR: '', TERM: 'xterm-256color', COLORTERM: 'truecolor' }
  const child = spawn(
    'script',
    [
      '-qec',
      `stty -onlcr -echo -icanon cols ${columns} rows ${rows}; printf @; dd bs=1 count=1 2> /dev/null | cat > /dev/null; ${redirected}`,
      '/dev/null',
    ],
    {
      cwd,
      env: { ...withoutTerminal(), ...plain, ...options.env },
    },
  )
  let text = ''
  let answered = false
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (answered || text === '') return
    // the program waits for an answer for half a second, so it is there before the request
    answered = true
    child.stdin.write(`@${answer}`)
  })
  return new Promise((done) => child.on('close', (status) => done({ status, text: text.slice(1) })))
}

/** Returns the environment without the variables that describe the terminal of the tests. */
const withoutTerminal = (): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(KITTY|TERM_PROGRAM|TMUX|GITHUB_|COLUMNS|LINES)/.test(name),
    ),
  )
