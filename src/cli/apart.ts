import { type Line, plainLine } from '../picture/words/line.ts'
import type { Command } from './command.ts'

/**
 * Commands that need no operation, each loaded separately. Loading all operations would take most of the time of
 * comparing small pictures.
 */
export const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  digest: async () => (await import('./commands/digest.ts')).digestCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  'check init': async () => (await import('./commands/check-init.ts')).checkInit,
  approve: async () => (await import('./commands/approve.ts')).approveCommand,
  review: async () => (await import('./commands/review.ts')).reviewCommand,
  'report merge': async () => (await import('./commands/report.ts')).reportMerge,
}

/**
 * Parses a line of a command that needs no operation. Returns undefined for other commands, for help, and for a line
 * that is refused, since its message needs all commands.
 */
export async function understandApart(
  argv: readonly string[],
): Promise<(Line & { readonly command: Command }) | undefined> {
  const words = [2, 1].find((n) => Object.hasOwn(loaders, argv.slice(0, n).join(' ')) && argv.length >= n)
  if (words === undefined) return undefined
  const command = await loaders[argv.slice(0, words).join(' ')]!()
  const line = plainLine(command, argv.slice(words))
  return line && { command, ...line }
}
