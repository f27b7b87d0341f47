import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/** Returns a path from a manifest, resolved against the manifest's folder. */
export const from = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path))

/**
 * Resolves a word of an operation. A word that names a file in the folder becomes a path, and `file` is that path.
 * Names of kernels contain neither dot nor slash, so a file named like a kernel cannot replace it.
 */
export function located(word: string, folder: string): { readonly word: string; readonly file?: string } {
  const [path = '', tensor] = word.split('#', 2)
  const file = from(folder, path)
  if (word.startsWith('-') || !/[./]/.test(path) || !existsSync(file)) return { word }
  return { word: tensor === undefined ? file : `${file}#${tensor}`, file }
}

/** A position in a file. */
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
