import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { orElse } from '../error.ts'

/** Gives paths that are equal where files are: links resolved, and case where the system does not distinguish it. */
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
      // a folder that will be made
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

/** The path that a link leads to, whether a file is there or not; of what is no link, its own. */
function linkedTo(path: string): string {
  let at = path
  // as many as the system follows
  for (let links = 0; links < 40; links++) {
    const target = orElse(() => readlinkSync(at), undefined)
    if (target === undefined) return at
    at = resolve(dirname(at), target)
  }
  return path
}
