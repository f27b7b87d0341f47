import { type BigIntStats, type Dirent, readdirSync, statSync } from 'node:fs'
import { orElse } from '../error.ts'

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
