import type { Environment } from '../../host/engines.ts'
import type { Colour } from '../colour.ts'

/** Colours that a terminal has. */
export type TerminalColours = 'true' | '256' | 'none'

/** The colours of a terminal, by the variables that it sets. NO_COLOR is not looked at. */
export function coloursOf({ TERM = '', COLORTERM = '' }: Environment): TerminalColours {
  if (TERM === 'dumb' || TERM === '') return 'none'
  if (/truecolor|24bit/i.test(COLORTERM) || /direct|kitty|ghostty|alacritty|foot/.test(TERM)) return 'true'
  return TERM.includes('256') || TERM.startsWith('xterm') ? '256' : 'none'
}

/** The colours to print in: none where standard output is no terminal, or under NO_COLOR. */
export const terminalColours = (isTerminal: boolean, env: Environment): TerminalColours =>
  !isTerminal || (env.NO_COLOR ?? '') !== '' ? 'none' : coloursOf(env)

/** The colour of xterm's cube of 6x6x6, or of its grays, that comes closest. */
export function cube([r, g, b]: Colour): number {
  const step = (v: number) => (v < 48 ? 0 : v < 115 ? 1 : Math.min(5, Math.floor((v - 35) / 40)))
  const spread = Math.max(r, g, b) - Math.min(r, g, b)
  const average = (r + g + b) / 3
  if (spread < 12 && average > 8 && average < 243) return 232 + Math.round((average - 8) / 10)
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
}
