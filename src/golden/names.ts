import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConvoError } from '../error.ts'
import { sha256 } from '../files/hash.ts'
import { isDeviceName } from '../files/root.ts'
import { fileValues, fillTemplate, parseTemplate } from '../files/template.ts'
import { lockName } from './lock.ts'
import { reporters } from './reporters/index.ts'
import { resultsName } from './results.ts'

/** What the templates of names are filled from. */
export type NameFields = {
  /** as found, with / between folders */
  readonly path: string
  /** the fixed part of the glob that found it, or its folder */
  readonly base: string
  /** counted from 1 */
  readonly index: number
  readonly operation: string
  /** Where the input is, for its hash. */
  readonly file?: string
}

/**
 * The name of a case for one input: `{rel}/blur-{stem}`. An empty folder leaves no slash behind.
 *
 * @throws ConvoError E_NAME for a key that does not exist, E_OPTION for what is no template, E_INPUT for a {hash} of what
 *   cannot be read
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

/** Why a name cannot be that of a case, or nothing. */
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
  // room for an extension: names of files have 255 bytes
  if (parts.some((part) => Buffer.byteLength(part) > 240))
    return 'has a part that is too long for a file name'
  const [first = ''] = parts
  if (resultFiles.includes(first.toLowerCase()))
    return `begins with ${first}, which is the name of a file of results`
  return undefined
}

/** Files beside the pictures of the cases, in the folder of the results or of the goldens. */
const resultFiles: readonly string[] = [
  resultsName,
  lockName,
  '.gitignore',
  ...Object.values(reporters).flatMap(({ file }) => file ?? []),
]

/** The path of a name: itself, but for characters that some file systems refuse, which become %XX. */
export const pathOfName = (name: string): string =>
  name
    .replace(/[%<>:"|?*\\]/g, hex)
    // Windows drops dots and spaces at the end of a name
    .replace(/[. ](?=\/|$)/g, hex)

const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** A name as file systems compare it that distinguish neither case nor ways to write an accent apart. */
export const folded = (name: string): string => name.normalize('NFC').toLowerCase()

/** Pictures of a case, in its folder in the results. */
const casePictures = /^(?:(?:actual|expected)\.\w+|(?:diff|difference)\.png)$/

/** Which of the files of other cases is where a case has its folder: of its results, or of its golden. */
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
