import { closeSync, openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { orElse } from '../../error.ts'
import type { Environment } from '../../host/engines.ts'
import { undoAtEnd } from '../../signals.ts'
import { coloursOf } from './colours.ts'

/** How a terminal can show a picture. `blocks` are half blocks in true colour, `blocks256` in xterm's 256 colours. */
export type Graphics = 'kitty' | 'iterm' | 'sixel' | 'blocks' | 'blocks256' | 'none'

/**
 * What the terminal can show, by its environment variables. Inside tmux and screen, only blocks are certain to work.
 */
export function graphicsOf(env: Environment): Graphics {
  const { TERM = '', TERM_PROGRAM = '', NO_COLOR = '' } = env
  const colours = coloursOf(env)
  if (NO_COLOR !== '' || TERM === 'dumb' || TERM === '') return 'none'
  if (!isWrapped(env)) {
    if (/kitty|ghostty/.test(TERM) || env.KITTY_WINDOW_ID !== undefined) return 'kitty'
    if (TERM_PROGRAM === 'iTerm.app' || TERM_PROGRAM === 'WezTerm') return 'iterm'
    if (/sixel|^foot|^mlterm|^yaft/.test(TERM) || TERM_PROGRAM === 'mintty') return 'sixel'
  }
  return { true: 'blocks', 256: 'blocks256', none: 'none' }[colours] as Graphics
}

const isWrapped = ({ TMUX, TERM = '' }: Environment): boolean =>
  TMUX !== undefined || TERM.startsWith('screen') || TERM.startsWith('tmux')

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in them
const answered = /\x1b\[\?([\d;]*)c/

/**
 * What the terminal can show. If its variables name no way to show pictures, it is asked whether it supports sixels.
 */
export async function detectGraphics(
  env: Environment,
  ask: () => Promise<string> = deviceAttributes,
): Promise<Graphics> {
  const named = graphicsOf(env)
  if (named !== 'blocks' && named !== 'blocks256') return named
  // 4 among the primary device attributes after the class: `ESC [ ? 62 ; 4 c`
  const [, attributes = ''] = answered.exec(await ask()) ?? []
  return attributes.split(';').slice(1).includes('4') ? 'sixel' : named
}

/** The time, in ms, to wait for the answer. Terminals answer immediately, but a slow line delays the answer. */
const patience = 500

/** Asks the terminal for its primary device attributes. Returns an empty text if there is no terminal. */
async function deviceAttributes(): Promise<string> {
  const terminal = orElse(() => openSync('/dev/tty', 'r+'), undefined)
  if (terminal === undefined) return ''
  const stream = orElse(() => new ReadStream(terminal), undefined)
  if (stream === undefined) {
    closeSync(terminal)
    return ''
  }
  let timer: NodeJS.Timeout | undefined
  const forget = undoAtEnd(() => stream.setRawMode(false))
  try {
    return await new Promise<string>((done) => {
      let answer = ''
      timer = setTimeout(() => done(answer), patience)
      stream.on('error', () => done(answer))
      stream.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (answered.test(answer)) done(answer)
      })
      stream.setRawMode(true)
      writeSync(terminal, '\x1b[c')
    })
  } catch {
    return ''
  } finally {
    clearTimeout(timer)
    // the listener above gets any failure, and its result no longer matters
    stream.setRawMode(false)
    forget()
    stream.destroy()
  }
}
