import { hidden } from './visible.ts'

const unprintable = new RegExp(`[\\t\\n]|${hidden.source}`)

/**
 * Quotes a word for a shell if needed. Control characters and direction marks are written as bytes in `$'...'`, which
 * bash, zsh and ksh understand. `##[` is split, since it would be a command in a GitHub log.
 */
export function shellWord(word: string): string {
  if (unprintable.test(word)) return `$'${[...word].map(octal).join('').replaceAll('##[', '\\043#[')}'`
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", "'\\''").replaceAll('##[', "#''#[")}'`
}

/** Joins words to a command line. */
export const commandLine = (words: readonly string[]): string => words.map(shellWord).join(' ')

function octal(sign: string): string {
  if (sign === "'" || sign === '\\') return `\\${sign}`
  if (!unprintable.test(sign)) return sign
  return [...new TextEncoder().encode(sign)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

/**
 * Splits a command line from `commandLine` into words. Returns undefined if a shell would see more in it than words.
 */
export function wordsOf(line: string): string[] | undefined {
  if (!/^(?:[\w@%+=:,./ -]|'[^']*'|\\'|"[^"$`\\]*")*$/.test(line)) return undefined
  const words = line.match(/(?:[^\s'"\\]|'[^']*'|"[^"]*"|\\')+/g) ?? []
  return words.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"|\\(')/g, (_, single, double, escaped) => single ?? double ?? escaped),
  )
}

/** Returns options as words of a command line. A flag that is on becomes its name. */
export const optionWords = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(given).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, [value].flat().join(',')],
  )
