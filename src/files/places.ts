import { readlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { orElse } from '../error.ts'
import { followLinks } from './root.ts'

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
