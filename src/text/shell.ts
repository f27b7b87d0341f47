import { hidden } from './visible.ts'

const unprintable = new RegExp(`[\\t\\n]|${hidden.source}`)

/**
 * A word as a shell takes it: quoted where it has to be. Control characters and marks of direction are written as bytes
 * in `$'...'`, which bash, zsh and ksh understand. `##[` is parted, as it would be a command in a log of GitHub's.
 */
export function shellWord(word: string): string {
  if (unprintable.test(word)) return `$'${[...word].map(octal).join('').replaceAll('##[', '\\043#[')}'`
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", "'\\''").replaceAll('##[', "#''#[")}'`
}

/** Words as a command line. */
export const commandLine = (words: readonly string[]): string => words.map(shellWord).join(' ')

function octal(sign: string): string {
  if (sign === "'" || sign === '\\') return `\\${sign}`
  if (!unprintable.test(sign)) return sign
  return [...new TextEncoder().encode(sign)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

/** The words of a command line that `commandLine` made; undefined where a shell reads more into it than words. */
export function wordsOf(line: string): string[] | undefined {
  if (!/^(?:[\w@%+=:,./ -]|'[^']*'|\\'|"[^"$`\\]*")*$/.test(line)) return undefined
  const words = line.match(/(?:[^\s'"\\]|'[^']*'|"[^"]*"|\\')+/g) ?? []
  return words.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"|\\(')/g, (_, single, double, escaped) => single ?? double ?? escaped),
  )
}

/** Options as words of a command line; of a flag its name, where it is on. */
export const optionWords = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(given).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, [value].flat().join(',')],
  )
