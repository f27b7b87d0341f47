import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { escapePath, type GlobOptions, isDynamicPattern, glob as match } from 'tinyglobby'
import { ConvoError } from '../error.ts'

export { escapePath, isDynamicPattern }

/**
 * The most wildcards in one part of a path, and the most `**` in a path. With more, matching a name of 255 letters may
 * take billions of attempts.
 */
const mostWild = 4

/** Returns the files that match a pattern. @throws ConvoError E_INPUT for a pattern that may take forever */
export async function glob(pattern: string, options: Omit<GlobOptions, 'patterns'> = {}): Promise<string[]> {
  const problem = patternProblem(pattern)
  if (problem !== undefined) {
    throw new ConvoError('E_INPUT', `the pattern ${pattern} ${problem}`, { fix: 'a simpler pattern' })
  }
  return match(pattern, { onlyFiles: true, expandDirectories: false, ...options })
}

/**
 * Whether a word is a pattern. A word that is also the name of a file, such as `photo[1].png`, is that file. But a file
 * named `*.png` must not hide the others, and matches that pattern anyway.
 */
export const isPattern = (word: string, folder = '.'): boolean =>
  isDynamicPattern(word) && (/[*?]/.test(word) || !existsSync(resolve(folder, word)))

/** Returns the folders of a pattern before its first wildcard, without escapes. */
export function fixedPart(pattern: string): string {
  const parts = pattern.split('/')
  const wild = parts.findIndex((part) => isDynamicPattern(part))
  const fixed = parts.slice(0, wild).join('/') || (pattern.startsWith('/') ? '/' : '.')
  return fixed.replace(/\\(?=[^\w/])/g, '')
}

function patternProblem(pattern: string): string | undefined {
  const parts = pattern.split('/')
  const wild = (text: string, sign: RegExp) => text.match(sign)?.length ?? 0
  if (parts.some((part) => wild(part, /\*+|\+\(/g) > mostWild)) {
    return `has more than ${mostWild} wildcards between two slashes`
  }
  if (parts.filter((part) => part.includes('**')).length > mostWild) return `has more than ${mostWild} **`
  return /[*+]\([^)]*[*+?[{]/.test(pattern) ? 'repeats a part that has wildcards' : undefined
}
