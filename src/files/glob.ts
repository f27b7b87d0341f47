import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { escapePath, type GlobOptions, isDynamicPattern, glob as match } from 'tinyglobby'
import { ConvoError } from '../error.ts'

export { escapePath, isDynamicPattern }

/**
 * Wildcards in one part of a path, and `**` in all: with more, a name of 255 letters may be tried in billions of ways.
 */
const mostWild = 4

/** The files that a pattern fits. @throws ConvoError E_INPUT for a pattern that may take for ever */
export async function glob(pattern: string, options: Omit<GlobOptions, 'patterns'> = {}): Promise<string[]> {
  const problem = patternProblem(pattern)
  if (problem !== undefined) {
    throw new ConvoError('E_INPUT', `the pattern ${pattern} ${problem}`, { fix: 'a simpler pattern' })
  }
  return match(pattern, { onlyFiles: true, expandDirectories: false, ...options })
}

/**
 * Whether a word with wildcards is a pattern. One that is also the name of a file, as `photo[1].png`, is that file; but a
 * file that is named `*.png` must not hide the others, and fits that pattern too.
 */
export const isPattern = (word: string, folder = '.'): boolean =>
  isDynamicPattern(word) && (/[*?]/.test(word) || !existsSync(resolve(folder, word)))

/** The folders of a pattern before its first wildcard, as they are called without escapes. */
export function fixedPart(pattern: string): string {
  const parts = pattern.split('/')
  const wild = parts.findIndex((part) => isDynamicPattern(part))
  const fixed = parts.slice(0, wild).join('/') || (pattern.startsWith('/') ? '/' : '.')
  return fixed.replace(/\\(?=[^\w/])/g, '')
}

/** Why a pattern is not tried, or nothing. */
function patternProblem(pattern: string): string | undefined {
  const parts = pattern.split('/')
  const wild = (text: string, sign: RegExp) => text.match(sign)?.length ?? 0
  if (parts.some((part) => wild(part, /\*+|\+\(/g) > mostWild)) {
    return `has more than ${mostWild} wildcards between two slashes`
  }
  if (parts.filter((part) => part.includes('**')).length > mostWild) return `has more than ${mostWild} **`
  return /[*+]\([^)]*[*+?[{]/.test(pattern) ? 'repeats a part that has wildcards' : undefined
}
