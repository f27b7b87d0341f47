import { type BigIntStats, type Dirent, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path'
import { ConvoError, orElse } from '../error.ts'
import { cut } from '../text/cut.ts'
import { visible } from '../text/visible.ts'

/** The most links that are followed before they count as a cycle, as on Linux. */
const mostLinks = 40

/**
 * Follows every symbolic link in a path, even if the result does not exist.
 *
 * @throws the system error, with code ELOOP for cyclic links
 */
export function followLinks(path: string): string {
  const whole = resolve(path)
  // one call instead of one per folder
  return realPath(whole) ?? asOnDisk(followByHand(whole))
}

const realPath = (path: string): string | undefined => orElse(() => realpathSync.native(path), undefined)

/** Normalises a path without links like `realPath`, although its last parts may not exist. */
function asOnDisk(path: string): string {
  const above = dirname(path)
  return realPath(path) ?? (above === path ? path : join(asOnDisk(above), basename(path)))
}

function followByHand(whole: string): string {
  const ahead = whole.split(sep).reverse()
  let at = parse(whole).root
  let links = 0
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, part)
    const target = linkAt(next)
    if (target === undefined) {
      at = next
      continue
    }
    if (++links > mostLinks) {
      throw Object.assign(new Error('ELOOP: too many symbolic links encountered'), { code: 'ELOOP' })
    }
    if (isAbsolute(target)) at = parse(target).root
    ahead.push(...target.split(sep).reverse())
  }
  return at
}

/** Returns the target of a symbolic link, or undefined if the path is not a link or does not exist. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    // UNKNOWN: the code on Windows for a path that is not a link
    if (['EINVAL', 'ENOENT', 'ENOTDIR', 'UNKNOWN'].includes(code)) return undefined
    throw cause
  }
}

/** Whether a path is outside a folder, judged by their text. */
export function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

/**
 * Resolves a path from an external source, such as a manifest, lock, results or log, inside the folder `root`. Symbolic
 * links are followed. All such paths must go through this function.
 *
 * @param path relative to `root`, with / or \ between folders
 * @throws ConvoError E_PATH for a path that is absolute, contains `..` or NUL, names a device, is too long for a name,
 *   or leads out of the root by a link
 */
export function under(root: string, path: string): string {
  const problem = nameTrouble(path)
  if (problem !== undefined) throw refused(root, path, problem)
  const [folder, target] = places(root, path)
  if (folder === target) throw refused(root, path, 'it is the folder itself')
  if (leaves(folder, target)) throw refused(root, path, `a symbolic link in it leads to ${target}`)
  if (isDevice(target)) throw refused(root, path, 'it is neither a file nor a folder')
  return target
}

/** Whether a folder is inside another or is the same, after following symbolic links. */
export const isWithin = (root: string, folder: string): boolean =>
  orElse(() => !leaves(followLinks(root), followLinks(folder)), false)

function places(root: string, path: string): readonly [folder: string, target: string] {
  try {
    return [followLinks(root), followLinks(join(root, path))]
  } catch (cause) {
    throw refused(root, path, (cause as Error).message.replace(/, \w+ '.*$/s, ''))
  }
}

/** Returns why a path cannot be inside a folder, whatever is on disk, or undefined if it can. */
export function nameTrouble(path: string): string | undefined {
  if (typeof path !== 'string' || path === '') return 'it is empty'
  if (path.includes('\0')) return 'it contains NUL'
  if (isAbsolute(path) || /^[\\/]|^[a-z]:/i.test(path)) return 'it is not relative to that folder'
  for (const part of path.split(/[\\/]/)) {
    if (part === '..') return 'it contains ..'
    if (isDeviceName(part)) return `${part} is the name of a device on Windows`
    if (Buffer.byteLength(part) > 255) return 'a name in it is longer than 255 bytes'
  }
  return undefined
}

/** Whether Windows treats a name as a device, with any extension. */
export const isDeviceName = (name: string): boolean =>
  /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])[. ]*(\..*)?$/is.test(name)

function refused(root: string, path: string, why: string): ConvoError {
  const shown = cut(visible(String(path)))
  const what = `${JSON.stringify(shown)} is not a path inside the folder ${visible(root)}`
  return new ConvoError('E_PATH', what, { why: visible(why) })
}

/**
 * Returns a function that maps paths of the same file to the same text: it resolves links, and folds case on systems
 * that do so.
 */
export function placeFinder(): (path: string) => string {
  // one folder usually has many files
  const folders = new Map<string, string>()
  const foldsCase = process.platform === 'darwin' || process.platform === 'win32'
  const realFolder = (folder: string): string => {
    const real = folders.get(folder) ?? orElse(() => followLinks(folder), folder)
    folders.set(folder, real)
    return real
  }
  return (path) => {
    const whole = resolve(path)
    const isLink = orElse(() => readlinkSync(whole), undefined) !== undefined
    const linked = isLink ? orElse(() => followLinks(whole), undefined) : undefined
    const place = linked ?? join(realFolder(dirname(whole)), basename(whole))
    return foldsCase ? place.normalize('NFC').toLowerCase() : place
  }
}

/** Returns the status of a path after following links, or undefined if it cannot be read for any reason. */
export const statOf = (path: string): BigIntStats | undefined =>
  orElse(() => statSync(path, { bigint: true }), undefined)

export const isFile = (path: string): boolean => statOf(path)?.isFile() === true

export const isFolder = (path: string): boolean => statOf(path)?.isDirectory() === true

/** Whether a path is a device, pipe or socket, which is written to rather than replaced. */
export function isDevice(path: string): boolean {
  const stat = statOf(path)
  return stat !== undefined && !stat.isFile() && !stat.isDirectory()
}

/** Returns the sorted names in a folder, or none if it does not exist or cannot be read. */
export const namesIn = (folder: string): string[] => orElse(() => readdirSync(folder).sort(), [])

/** Returns the entries of a folder with their types, or none if it does not exist or cannot be read. */
export const entriesIn = (folder: string): Dirent[] =>
  orElse(() => readdirSync(folder, { withFileTypes: true }), [])
