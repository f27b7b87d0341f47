import { lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join, normalize, resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { systemError } from '../files/errors.ts'
import { fixedPart, glob, isDynamicPattern, isPattern } from '../files/glob.ts'
import { isSameFile } from '../files/output.ts'
import { readWhole, textOf } from '../files/read.ts'
import { isFolder, isWithin } from '../files/root.ts'
import { passedOver, promised } from '../image/foreign.ts'
import { looksLikePicture } from '../image/format.ts'
import { counted } from '../text/count.ts'

/** A picture to process. */
export type Input = {
  /** The path as given, or as found in a given folder. */
  readonly path: string
  /** Its folder, relative to the folder or the fixed part of the glob that it came from; empty at the top. */
  readonly rel: string
  /** Whether it was named itself, rather than found in a folder or by a glob. */
  readonly named: boolean
}

/** Where inputs come from. */
export type Sources = {
  /** Files, folders and globs. */
  readonly words: readonly string[]
  readonly recursive: boolean
  /** A file with a list of paths; `-` is standard input. */
  readonly filesFrom?: string | undefined
  /** Whether the paths in that list end in NUL rather than a line end. */
  readonly isNull: boolean
  /** A folder to skip: that of the outputs. */
  readonly without?: string | undefined
}

/** The inputs that were found, sorted by path, each once, and the folders that were searched. */
export type Found = {
  readonly inputs: readonly Input[]
  readonly folders: readonly string[]
  /** Linked folders, which were not followed. */
  readonly linked: readonly string[]
  /** Files that look like pictures of formats that are not read. */
  readonly foreign: readonly string[]
  readonly notes: readonly string[]
  /** Pictures whose names begin with a dot, and subfolders, if they were not searched. */
  readonly hidden: readonly string[]
  readonly below: readonly string[]
}

/** Whether a file in a folder is a picture in a format that is not read. */
export const looksForeign = (path: string): boolean =>
  !basename(path).startsWith('.') && promised(path) !== undefined

/**
 * Finds all inputs. Files that are not pictures are skipped only in folders. A file that is named is always taken; if
 * it does not exist or is not a picture, the batch reports it in its turn.
 *
 * @throws ConvoError E_INPUT for a list or folder that cannot be read, or a glob that matches nothing
 */
export async function findInputs(sources: Sources): Promise<Found> {
  const inputs: Input[] = []
  const folders: string[] = []
  const strangers: string[] = []
  const [linked, hidden, below]: [string[], string[], string[]] = [[], [], []]
  for (const word of sources.words) {
    if (isFolder(word)) {
      folders.push(word)
      scan(word, '', sources, { inputs, linked, strangers, hidden, below })
    } else if (isPattern(word)) {
      const [folder, found] = await expand(word, sources, strangers, linked)
      folders.push(folder)
      for (const one of found) inputs.push(one)
    } else inputs.push({ path: word, rel: '', named: true })
  }
  if (sources.filesFrom !== undefined) {
    for (const path of await readList(sources.filesFrom, sources.isNull)) {
      inputs.push({ path, rel: '', named: true })
    }
  }
  const notes = [
    ...(linked.length === 0
      ? []
      : [`${counted(linked.length, 'linked folder was', 'linked folders were')} not followed`]),
    ...passedOver(strangers.sort()),
  ]
  return { inputs: sortedOnce(inputs), folders, linked, foreign: strangers, notes, hidden, below }
}

/** Sorts by path in UTF-16 code units, whatever the locale, and takes each path once. */
function sortedOnce(inputs: readonly Input[]): Input[] {
  const byPath = new Map<string, Input>()
  for (const input of inputs) {
    const path = normalize(input.path)
    const place = resolve(path)
    const before = byPath.get(place)
    // a file that is named is wanted, even if a glob finds it too
    byPath.set(place, {
      path: before?.path ?? path,
      rel: before?.rel ?? input.rel,
      named: input.named || before?.named === true,
    })
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** Adds the pictures of a folder, the files in other formats, and the linked folders that are not followed. */
function scan(
  top: string,
  rel: string,
  sources: Sources,
  to: { readonly inputs: Input[] } & Readonly<Record<'linked' | 'strangers' | 'hidden' | 'below', string[]>>,
): void {
  const folder = join(top, rel)
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) {
      if (looksLikePicture(entry.name.slice(1))) to.hidden.push(path)
    } else if (entry.isDirectory()) {
      const isOut = sources.without !== undefined && isSameFile(path, sources.without)
      if (sources.recursive && !isOut) scan(top, join(rel, entry.name), sources, to)
      else if (!isOut) to.below.push(path)
    } else if (entry.isSymbolicLink() && isFolder(path)) {
      // not followed: links may form cycles, and give one picture two names
      if (sources.recursive) to.linked.push(path)
    } else if (looksLikePicture(path) && (entry.isFile() || entry.isSymbolicLink())) {
      to.inputs.push({ path, rel, named: false })
    } else if (looksForeign(path) && entry.isFile()) to.strangers.push(path)
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (cause) {
    throw systemError('E_INPUT', `cannot read the folder ${folder}`, folder, cause)
  }
}

/** Expands a glob, and returns its fixed part with the inputs. */
async function expand(
  pattern: string,
  sources: Sources,
  strangers: string[],
  linked: string[],
): Promise<[folder: string, inputs: Input[]]> {
  const folder = fixedPart(pattern)
  const segments = pattern.split('/')
  const rest = segments.slice(segments.findIndex((segment) => isDynamicPattern(segment))).join('/')
  const found = await glob(rest, {
    cwd: folder,
    // otherwise, links to files would be skipped too
    followSymbolicLinks: true,
  })
  const linkOf = linkFinder(folder)
  const links = new Set(found.flatMap((path) => linkOf(dirname(path)) ?? []))
  for (const link of links) linked.push(join(folder, link))
  const isInside = sources.without !== undefined && isWithin(folder, sources.without)
  const out = isInside && !isSameFile(sources.without, folder) ? sources.without : undefined
  // `**` and `*` do not promise that every match is a picture; `*.dat` does
  const isAny = /^\*+$/.test(segments.at(-1) ?? '')
  if (isAny) for (const path of found.filter(looksForeign)) strangers.push(join(folder, path))
  const inputs = found
    .filter((path) => linkOf(dirname(path)) === undefined && (!isAny || looksLikePicture(path)))
    .map((path) => ({
      path: join(folder, path),
      rel: dirname(path) === '.' ? '' : dirname(path),
      named: false,
    }))
    .filter(({ path }) => out === undefined || !isWithin(out, path))
  if (inputs.length === 0) {
    const isDeep = isAny && (await glob('**', { cwd: folder })).some(looksLikePicture)
    throw new ConvoError('E_INPUT', `no file matches ${pattern}`, {
      why: isFolder(folder) ? `looked in ${folder} for ${rest}` : `there is no folder ${folder}`,
      instead: [pattern, isDeep ? join(folder, '**/*') : undefined],
    })
  }
  return [folder, inputs]
}

/** Finds the link that a folder is, or is inside of. Linked folders are not searched. */
function linkFinder(top: string): (rel: string) => string | undefined {
  const known = new Map<string, string | undefined>([['.', undefined]])
  const linkOf = (rel: string): string | undefined => {
    if (known.has(rel)) return known.get(rel)
    const link = linkOf(dirname(rel)) ?? (lstatSync(join(top, rel)).isSymbolicLink() ? rel : undefined)
    known.set(rel, link)
    return link
  }
  return linkOf
}

async function readList(file: string, isNull: boolean): Promise<string[]> {
  const name = file === '-' ? 'standard input' : file
  const bytes = await readWhole(file, { limit: 'manifestBytes', what: 'a list of files' })
  const text = textOf(bytes, name)
  if (!isNull && text.includes('\0')) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no list of paths has
    if (/[\x01-\x08\x0e-\x1f]/.test(text)) {
      throw new ConvoError('E_INPUT', `${name} is not a list of files`, {
        fix: 'a list of paths, one per line',
      })
    }
    throw new ConvoError('E_INPUT', `the paths in ${name} are separated by NUL`, { fix: '--null' })
  }
  const paths = isNull ? text.split('\0') : text.split('\n').map((line) => line.replace(/\r$/, ''))
  return paths.filter((path) => path !== '')
}
