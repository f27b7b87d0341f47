import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/** A path that a manifest names, taken from its folder. */
export const from = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path))

/**
 * A word of an operation; one that names a file in a folder becomes its path from here, and `file` is that. Names of
 * kernels have neither dot nor slash: a file that is called as one must not take its place.
 */
export function located(word: string, folder: string): { readonly word: string; readonly file?: string } {
  const [path = '', tensor] = word.split('#', 2)
  const file = from(folder, path)
  if (word.startsWith('-') || !/[./]/.test(path) || !existsSync(file)) return { word }
  return { word: tensor === undefined ? file : `${file}#${tensor}`, file }
}

/** Where something is in a file; line and column are counted from 1. */
export type Place = {
  /** The path of the file. */
  readonly file: string
  /** The line, from 1. */
  readonly line: number
  /** The column, from 1. */
  readonly column: number
}

/** `file:line:column` */
export const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`
