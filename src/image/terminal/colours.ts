import type { Environment } from '../../host/engines.ts'
import type { Colour } from '../colour.ts'

/** The colours that a terminal supports. */
export type TerminalColours = 'true' | '256' | 'none'

/** The colours of a terminal, by its environment variables. It ignores NO_COLOR. */
export function coloursOf({ TERM = '', COLORTERM = '' }: Environment): TerminalColours {
  if (TERM === 'dumb' || TERM === '') return 'none'
  if (/truecolor|24bit/i.test(COLORTERM) || /direct|kitty|ghostty|alacritty|foot/.test(TERM)) return 'true'
  return TERM.includes('256') || TERM.startsWith('xterm') ? '256' : 'none'
}

/** The colours to print in: none if standard output is not a terminal, or with NO_COLOR. */
export const terminalColours = (isTerminal: boolean, env: Environment): TerminalColours =>
  !isTerminal || (env.NO_COLOR ?? '') !== '' ? 'none' : coloursOf(env)

/** The nearest colour of xterm's 6x6x6 cube or of its grays. */
export function cube([r, g, b]: Colour): number {
  const step = (v: number) => (v < 48 ? 0 : v < 115 ? 1 : Math.min(5, Math.floor((v - 35) / 40)))
  const spread = Math.max(r, g, b) - Math.min(r, g, b)
  const average = (r + g + b) / 3
  if (spread < 12 && average > 8 && average < 243) return 232 + Math.round((average - 8) / 10)
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
}
