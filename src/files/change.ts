import {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { ConvoError, orElse } from '../error.ts'
import type { LimitName } from '../limits.ts'
import { cut } from '../text/cut.ts'
import { writing, writingError } from './errors.ts'
import { clearOnce, temporaryName } from './leftovers.ts'
import { descriptorOf, writeAtomically } from './output.ts'
import { isMissing, readWhole } from './read.ts'
import { followLinks, isFolder, namesIn, statOf, under } from './root.ts'

/** Makes a folder and its parents. Returns the folders that it made, deepest first. @throws ConvoError E_OUTPUT */
export function makeFolder(folder: string): string[] {
  const made: string[] = []
  try {
    // one by one, since Node's own `recursive` never ends if a folder cannot be made, as in /proc
    const whole = followLinks(folder)
    const missing = missingOf([whole])
    const last = missing.length === 0 ? whole : dirname(missing.at(-1)!)
    if (!isFolder(last)) throw new Error(`${last} is not a folder`)
    for (const one of missing.reverse()) if (makeOne(one)) made.unshift(one)
    return made
  } catch (cause) {
    removeEmpty(made)
    throw new ConvoError('E_OUTPUT', `the folder ${cut(folder)} cannot be made`, {
      why: cut((cause as Error).message.replace(/, \w+ '.*$/s, '')),
      cause,
    })
  }
}

function makeOne(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (cause) {
    // another process may have just made it
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    return false
  }
}

/** Returns the given folders and their parents that do not exist, deepest first. */
export function missingOf(folders: Iterable<string>): string[] {
  const missing = new Set<string>()
  for (let at of folders)
    for (; !missing.has(at) && statOf(at) === undefined; at = dirname(at)) missing.add(at)
  return [...missing].sort((a, b) => b.length - a.length)
}

/** Removes folders that are empty, deepest first. Stops at the first one that is not. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder)
    } catch {
      return
    }
  }
}

/**
 * Makes a folder for the files that `act` writes, and removes it if `act` fails.
 *
 * @throws ConvoError E_OUTPUT, and what `act` throws
 */
export async function inFolder<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const made = makeFolder(folder)
  try {
    return await act()
  } catch (error) {
    removeEmpty(made)
    throw error
  }
}

/** Checks that files can be written to a folder, and makes it if needed. @throws ConvoError E_OUTPUT */
export function checkFolder(folder: string): void {
  makeFolder(folder)
  try {
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw writingError(folder, cause)
  }
}

/**
 * Removes everything in a folder except what `isKept` selects. Makes the folder if needed.
 *
 * @throws ConvoError E_OUTPUT
 */
export async function emptyFolder(folder: string, isKept: (name: string) => boolean): Promise<void> {
  checkFolder(folder)
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    if (!isKept(name)) await writing(path, () => rm(path, { recursive: true, force: true }))
  }
}

/** Removes a folder inside the folder `root` with its contents. @throws ConvoError E_PATH, E_OUTPUT */
export async function removeFolderUnder(root: string, path: string): Promise<void> {
  const target = under(root, path)
  await writing(join(root, path), () => rm(target, { recursive: true, force: true }))
}

/**
 * Returns the location of a path inside the folder `root`, and makes its parent folders.
 *
 * @throws ConvoError E_PATH, E_OUTPUT
 */
export function placeUnder(root: string, path: string): string {
  const target = under(root, path)
  makeFolder(dirname(target))
  return target
}

/** Writes a file inside the folder `root` in one step. @throws ConvoError E_PATH, E_OUTPUT */
export async function writeUnder(root: string, path: string, content: string | Uint8Array): Promise<void> {
  const target = under(root, path)
  await inFolder(dirname(target), () => writeRecord(target, content))
}

/** Writes an output in one step. @throws ConvoError as `openOutput` does */
export function writeWhole(path: string, content: string | Uint8Array, isRecord = false): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return writeAtomically(path, (output) => output.write(bytes), isRecord)
}

/** Writes one of convo's own records in one step, even if it was read before. @throws ConvoError E_OUTPUT */
export const writeRecord = (path: string, content: string | Uint8Array): Promise<void> =>
  writeWhole(path, content, true)

/**
 * Reads a file inside the folder `root`. Returns undefined if it does not exist.
 *
 * @throws ConvoError E_PATH, E_INPUT, E_TOO_LARGE
 */
export async function readUnder(root: string, path: string, limit: LimitName): Promise<Buffer | undefined> {
  const target = under(root, path)
  try {
    return await readWhole(target, { limit, name: cut(join(root, path)) })
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Removes a file inside the folder `root`, and then its folder if that is empty.
 *
 * @throws ConvoError E_PATH, E_OUTPUT
 */
export async function removeUnder(root: string, path: string): Promise<void> {
  const target = under(root, path)
  await writing(join(root, path), () => rm(target, { force: true }))
  if (dirname(target) !== followLinks(root)) await rmdir(dirname(target)).catch(() => undefined)
}

/** Removes a file of this process if it still exists. */
export const removeQuietly = (path: string): void => orElse(() => unlinkSync(path), undefined)

/** Appends to a file. @throws ConvoError E_OUTPUT */
export function appendTo(path: string, text: string): void {
  try {
    appendFileSync(path, text)
  } catch (cause) {
    throw writingError(path, cause)
  }
}

export type Growing = ReturnType<typeof openGrowing>

/**
 * Opens a file to write to it repeatedly. With `fresh`, the file must not exist; otherwise its contents are dropped.
 *
 * @throws the system error
 */
export function openGrowing(path: string, fresh = false) {
  const own = descriptorOf(path)
  const descriptor = own ?? openSync(path, fresh ? 'wx' : 'w')
  return {
    /** Appends text, or overwrites from position `at`. */
    write(text: string, at?: number) {
      const bytes = Buffer.from(text)
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, at === undefined ? null : at + done)
      }
    },
    close: () => (own === undefined ? closeSync(descriptor) : undefined),
  }
}

/** Returns a temporary path beside an input file, with the same extension, for the file that will replace it. */
export function placeBeside(input: string): string {
  const file = realpathSync(input)
  clearOnce(dirname(file))
  return join(dirname(file), temporaryName(extname(file)))
}

/** Replaces an input file by a temporary file, which gets the given mode. */
export function replaceBy(temporary: string, input: string, mode: number): void {
  chmodSync(temporary, mode & 0o7777)
  renameSync(temporary, realpathSync(input))
}
