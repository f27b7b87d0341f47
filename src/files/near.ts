import type { Dirent } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { type ErrorDetail, nearest } from '../error.ts'
import { commandLine } from '../text/shell.ts'
import { entriesIn, isFolder, namesIn } from './stat.ts'

/** Returns what to try instead of a file that does not exist: the one with the nearest name, or else a look around. */
export function nearFile(path: string): ErrorDetail {
  const guess = nearPath(path)
  return guess === undefined
    ? { fix: commandLine(['ls', existingFolder(path)]) }
    : { instead: [path, guess] as const }
}

/** Finds the file with the nearest name, perhaps in the folder with the nearest name. */
function nearPath(path: string): string | undefined {
  const asked = dirname(path)
  const folder = isFolder(asked) || asked === dirname(asked) ? asked : nearPath(asked)
  if (folder === undefined) return undefined
  const name = basename(path)
  const names = extname(name) === '' ? namesIn(folder) : entriesIn(folder).flatMap(fileName)
  // some file systems keep accents apart from their letters
  const guess = names.find((one) => one.normalize() === name.normalize()) ?? nearest(name, names)
  if (guess === undefined || (guess === name && folder === asked)) return undefined
  return path.startsWith('.') || folder !== '.' ? join(folder, guess) : guess
}

const fileName = (entry: Dirent): string[] => (entry.isDirectory() ? [] : [entry.name])

/** The folder of a path, or the nearest one above it that exists. */
const existingFolder = (path: string): string =>
  isFolder(dirname(path)) || path === dirname(path) ? dirname(path) : existingFolder(dirname(path))
