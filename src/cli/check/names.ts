import { basename, dirname, extname } from 'node:path'
import { ConvoError, nearest } from '../../error.ts'

/** What the templates of names are filled from. */
export type NameFields = {
  /** as found, with / between folders */
  readonly path: string
  /** the fixed part of the glob that found it, or its folder */
  readonly base: string
  /** counted from 1 */
  readonly index: number
  readonly operation: string
}

const keys: Readonly<Record<string, (fields: NameFields, width: string) => string>> = {
  stem: ({ path }) => basename(path, extname(path)),
  ext: ({ path }) => extname(path).slice(1),
  dir: ({ path }) => dirname(path),
  rel: ({ path, base }) => relativeFolder(dirname(path), base),
  index: ({ index }, width) => String(index).padStart(Number(width), '0'),
  op: ({ operation }) => operation,
}

/**
 * The name of a case for one input: `{rel}/blur-{stem}`. An empty folder leaves no slash behind.
 *
 * @throws ConvoError E_NAME for a key that does not exist
 */
export function fillName(template: string, fields: NameFields): string {
  const filled = template.replace(/\{([^{}:]*)(?::(\d+))?\}/g, (_, key: string, width = '0') => {
    const fill = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (fill !== undefined) return fill(fields, width)
    const guess = nearest(key, Object.keys(keys))
    throw new ConvoError('E_NAME', `no name is made of {${key}}`, {
      fix: guess === undefined ? `one of ${Object.keys(keys).map(braced).join(' ')}` : braced(guess),
    })
  })
  return filled.replace(/\/{2,}/g, '/').replace(/^(\.?\/)+/, '')
}

const braced = (key: string): string => `{${key}}`

function relativeFolder(folder: string, base: string): string {
  if (folder === base || base === '.') return folder === '.' || folder === base ? '' : folder
  return folder.startsWith(`${base}/`) ? folder.slice(base.length + 1) : ''
}

/** Why a name cannot be that of a case, or nothing. */
export function nameProblem(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'holds a control character'
  if (name.length > 200) return `is ${name.length} letters long, and 200 are the most`
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'has an empty part, or one of dots alone, between its slashes'
  }
  return undefined
}

/** The path of a name: itself, but for characters that some file systems refuse, which become %XX. */
export const pathOfName = (name: string): string =>
  name
    .replace(/[%<>:"|?*\\]/g, hex)
    // Windows drops dots and spaces at the end of a name
    .replace(/[. ](?=\/|$)/g, hex)

const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** Whether a name is meant by a pattern: the name itself, or one with `*` for any text. */
export function nameMatches(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
