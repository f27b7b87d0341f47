import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConvoError } from '../error.ts'
import { sha256 } from '../files/hash.ts'
import { isDeviceName } from '../files/root.ts'
import { fileValues, fillTemplate, parseTemplate } from '../files/template.ts'
import { lockName } from './lock.ts'
import { reporters } from './reporters/index.ts'
import { resultsName } from './results.ts'

/** The values that name templates are filled from. */
export type NameFields = {
  /** The path as found, with / between folders. */
  readonly path: string
  /** The fixed part of the glob that found it, or its folder. */
  readonly base: string
  /** The number of the input, counted from 1. */
  readonly index: number
  readonly operation: string
  /** Where the input is, for its hash. */
  readonly file?: string
}

/**
 * Returns the name of a case for one input, from a template such as `{rel}/blur-{stem}`. An empty folder leaves no
 * slash.
 *
 * @throws ConvoError E_NAME for a key that does not exist, E_OPTION for an invalid template, E_INPUT for a {hash} of a
 *   file that cannot be read
 */
export function fillName(
  template: string,
  { path, base, index, operation, file = path }: NameFields,
): string {
  const parsed = parseTemplate(template, 'name')
  const values = { ...fileValues(path, relativeFolder(dirname(path), base)), index, op: operation }
  const filled = fillTemplate(parsed, parsed.needsHash ? { ...values, hash: hashOf(file) } : values)
  return filled.replace(/\/{2,}/g, '/').replace(/^(\.?\/)+/, '')
}

function hashOf(file: string): string {
  try {
    return sha256(readFileSync(file))
  } catch (cause) {
    throw new ConvoError('E_INPUT', `cannot read ${file}`, { why: (cause as Error).message, cause })
  }
}

function relativeFolder(folder: string, base: string): string {
  if (folder === base || base === '.') return folder === '.' || folder === base ? '' : folder
  return folder.startsWith(`${base}/`) ? folder.slice(base.length + 1) : ''
}

/** Returns why a name cannot be that of a case; undefined if it can. */
export function nameProblem(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'holds a control character'
  if (name.length > 200) return `is ${name.length} letters long, and at most 200 are allowed`
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'has an empty part, or a part made of dots, between its slashes'
  }
  const parts = pathOfName(name).split('/')
  const device = parts.find(isDeviceName)
  if (device !== undefined) return `has the part ${device}, which is a device on Windows`
  // leaves room for an extension: file names have at most 255 bytes
  if (parts.some((part) => Buffer.byteLength(part) > 240))
    return 'has a part that is too long for a file name'
  const [first = ''] = parts
  if (resultFiles.includes(first.toLowerCase()))
    return `begins with ${first}, which is the name of a file of results`
  return undefined
}

/** Files beside the pictures of cases, in the folder of the results or of the goldens. */
const resultFiles: readonly string[] = [
  resultsName,
  lockName,
  '.gitignore',
  ...Object.values(reporters).flatMap(({ file }) => file ?? []),
]

/** Returns the path of a name. Characters that some file systems refuse become %XX. */
export const pathOfName = (name: string): string =>
  name
    .replace(/[%<>:"|?*\\]/g, hex)
    // Windows drops dots and spaces at the end of a name
    .replace(/[. ](?=\/|$)/g, hex)

const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** A name as compared by file systems that ignore case and the encoding of accents. */
export const folded = (name: string): string => name.normalize('NFC').toLowerCase()

/** File names of a case's pictures, in its folder in the results. */
const casePictures = /^(?:(?:actual|expected)\.\w+|(?:diff|difference)\.png)$/

/** Returns the file of another case that is where a case needs a folder, for its results or its golden. */
export function fileInTheWay(
  { name, golden }: { readonly name: string; readonly golden: string },
  names: ReadonlySet<string>,
  goldens: ReadonlySet<string>,
): string | undefined {
  const parts = folded(name).split('/')
  const above = parts.map((_, i) => parts.slice(0, i).join('/'))
  const at = parts.findIndex((part, i) => names.has(above[i]!) && casePictures.test(part))
  if (at >= 0) return `${parts[at]} of the case ${JSON.stringify(above[at])}`
  const folders = folded(golden)
    .split('/')
    .map((_, i, all) => all.slice(0, i).join('/'))
  const other = folders.find((folder) => goldens.has(folder))
  return other && `the golden ${other}`
}

/** Whether a name matches a pattern, in which `*` is any text. */
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
