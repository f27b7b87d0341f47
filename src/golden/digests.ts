import { ConvoError } from '../error.ts'
import { readText, readWhole, textOf } from '../files/read.ts'
import { isFolder } from '../files/root.ts'
import { type Digest, digestOf } from '../picture/digest.ts'
import { findInputs } from '../picture/find.ts'
import { inputName, sourceOf } from '../picture/input.ts'
import { openPages, type PageOptions } from '../picture/pages.ts'
import { cut } from '../text/cut.ts'
import { visibleLine } from '../text/visible.ts'
import { budgetOf, estimate } from './budget.ts'

/** The digest of one of several files. */
export type FileDigest = Digest & {
  /** The path of the picture. */
  readonly image: string
}

/** How files to be hashed are read. */
export type DigestReading = Omit<PageOptions, 'name'>

/** Returns the digest of a picture file; `-` is standard input. @throws ConvoError as decoding does */
export async function digestFile(path: string, reading: DigestReading): Promise<FileDigest> {
  const source = await sourceOf(path)
  const name = inputName(path)
  return { image: path, ...(await digestOf(await openPages(source, { ...reading, name }), source, name)) }
}

/** Whether words name more than one picture file. */
export const areMany = (words: readonly string[]): boolean =>
  words.length > 1 || (words[0] !== '-' && isFolder(words[0] ?? ''))

/**
 * Returns the digests of files, folders (with subfolders) and globs, sorted by path. Several are decoded at a time.
 *
 * @throws ConvoError as decoding does; E_INPUT for a glob that matches nothing; E_USAGE if there are no pictures
 */
export async function digestFiles(
  words: readonly string[],
  reading: DigestReading,
  onFile?: (found: FileDigest) => Promise<void>,
) {
  const { inputs, notes } = await findInputs({ words, recursive: true, isNull: false })
  if (inputs.length === 0) {
    throw new ConvoError('E_USAGE', `there are no pictures in ${words.join(' and ')}`, {
      fix: 'a folder that contains pictures, or has subfolders with pictures',
    })
  }
  const files = inputs.map(({ path }) => ({ path, act: () => digestFile(path, reading) }))
  return { files: await inOrder(files, onFile), notes }
}

/** Runs each `act` on its file, several at a time within the memory budget. Results are passed on in order. */
async function inOrder<R>(
  items: readonly { readonly path: string; act(): Promise<R> }[],
  onResult?: (result: R) => Promise<void>,
): Promise<R[]> {
  const budget = budgetOf()
  const all = items.map(({ path, act }) => budget.within(estimate(path), act))
  // errors are thrown in order below, and must not count as unhandled before that
  for (const one of all) one.catch(() => undefined)
  const results: R[] = []
  for (const one of all) {
    results.push(await one)
    await onResult?.(results.at(-1)!)
  }
  return results
}

/** Formats a line of a list of digests like `sha256sum`: two spaces, and a leading `\` if the path is escaped. */
export function digestLine({ digest, image }: Pick<FileDigest, 'digest' | 'image'>): string {
  const escaped = visibleLine(image.replaceAll('\\', '\\\\'))
  return `${escaped === image ? '' : '\\'}${digest}  ${escaped}`
}

type Listed = { readonly digest: string; readonly image: string }

/** The result for a line of a list. */
export type Checked = {
  /** The path of the picture, as in the list. */
  readonly image: string
  /** Whether its digest is the one in the list, is another one, or could not be computed. */
  readonly status: 'ok' | 'changed' | 'error'
  /** Why it could not be read. */
  readonly message?: string
}

/**
 * Compares pictures with a list of digests, in the order of the list. Several are decoded at a time. `-` is standard
 * input.
 *
 * @throws ConvoError E_INPUT for a list that cannot be read, is empty, or has a line without digest and path
 */
export async function checkDigests(
  list: string,
  reading: DigestReading,
  onFile?: (checked: Checked) => Promise<void>,
): Promise<readonly Checked[]> {
  const what = { limit: 'manifestBytes', what: 'a list of digests' } as const
  const text =
    list === '-' ? textOf(await readWhole(list, what), inputName(list)) : readText(list, 'manifestBytes')
  const listed = listedIn(text, inputName(list))
  const files = listed.map((one) => ({ path: one.image, act: () => checkOne(one, reading) }))
  return inOrder(files, onFile)
}

async function checkOne({ digest, image }: Listed, reading: DigestReading): Promise<Checked> {
  try {
    const found = await digestFile(image, reading)
    return { image, status: found.digest === digest ? 'ok' : 'changed' }
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    return { image, status: 'error', message: [error.message, ...error.why].join('; ') }
  }
}

function listedIn(text: string, name: string): Listed[] {
  const found = text.split('\n').flatMap((raw, i): Listed[] => {
    const line = raw.replace(/\r$/, '')
    if (line === '' || line.startsWith('#')) return []
    const [, sign, digest, path] = /^(\\?)(sha256:[0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
    if (digest === undefined || path === undefined) {
      throw new ConvoError('E_INPUT', `${name} is not a list of digests`, {
        why: /^sha256:[0-9a-f]{64}$/.test(line)
          ? `${name}:${i + 1}:1: a digest without a path, as convo digest prints for one picture`
          : `${name}:${i + 1}:1: ${cut(JSON.stringify(line))}, not sha256:, 64 digits, two spaces and a path`,
        fix: 'a list that convo digest wrote of a folder or several pictures: convo digest goldens/ > digests.txt',
      })
    }
    const image = sign === '' ? path : path.replace(escaped, plain)
    return [{ digest, image }]
  })
  // an empty check would always pass
  if (found.length === 0) throw new ConvoError('E_INPUT', `${name} has no digests in it`)
  return found
}

const escaped = /\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4}))/g
const unescaped: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', r: '\r', t: '\t' }

const plain = (_: string, sign: string | undefined, short: string | undefined, long = short): string =>
  sign === undefined ? String.fromCharCode(Number.parseInt(long!, 16)) : unescaped[sign]!
