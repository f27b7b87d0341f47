import { type BigIntStats, type Dirent, readdirSync, statSync } from 'node:fs'
import { orElse } from '../error.ts'

/** What the system says of a path, links followed; undefined where that is nothing, whatever the reason. */
export const statOf = (path: string): BigIntStats | undefined =>
  orElse(() => statSync(path, { bigint: true }), undefined)

export const isFile = (path: string): boolean => statOf(path)?.isFile() === true

export const isFolder = (path: string): boolean => statOf(path)?.isDirectory() === true

/** Whether a path is a device, pipe or socket: something to write into, which is not replaced. */
export function isDevice(path: string): boolean {
  const stat = statOf(path)
  return stat !== undefined && !stat.isFile() && !stat.isDirectory()
}

/** The names in a folder, sorted; none in one that is not there or cannot be read. */
export const namesIn = (folder: string): string[] => orElse(() => readdirSync(folder).sort(), [])

/** What is in a folder, with its types; nothing in one that is not there or cannot be read. */
export const entriesIn = (folder: string): Dirent[] =>
  orElse(() => readdirSync(folder, { withFileTypes: true }), [])
