import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { orElse } from '../error.ts'

/**
 * Returns a function that maps paths of the same file to the same text: it resolves links, and folds case on systems
 * that do so.
 */
export function placeFinder(): (path: string) => string {
  const folders = new Map<string, string>()
  const foldsCase = process.platform === 'darwin' || process.platform === 'win32'
  const realFolder = (folder: string): string => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const above = dirname(folder)
    let real: string
    try {
      real = realpathSync(folder)
    } catch {
      // the folder does not exist yet
      real = above === folder ? folder : join(realFolder(above), basename(folder))
    }
    folders.set(folder, real)
    return real
  }
  return (path) => {
    const whole = linkedTo(resolve(path))
    const place = join(realFolder(dirname(whole)), basename(whole))
    return foldsCase ? place.normalize('NFC').toLowerCase() : place
  }
}

/** Returns the path that a link leads to, whether that exists or not. Any other path is returned as it is. */
function linkedTo(path: string): string {
  let at = path
  // the system follows as many links
  for (let links = 0; links < 40; links++) {
    const target = orElse(() => readlinkSync(at), undefined)
    if (target === undefined) return at
    at = resolve(dirname(at), target)
  }
  return path
}
