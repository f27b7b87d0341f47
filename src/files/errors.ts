import { basename, dirname, resolve } from 'node:path'
import { ConvoError, type ErrorCode } from '../error.ts'
import { cut } from '../text/cut.ts'
import { commandLine } from '../text/shell.ts'
import { statOf } from './root.ts'

/**
 * Converts a system error from writing a path to an error with a fix.
 *
 * @param target the file that `path` leads to, if it is a link
 */
export function writingError(path: string, cause: unknown, target: string = path): ConvoError {
  const { code, message } = cause as NodeJS.ErrnoException
  // the system's message, without the name of the temporary file
  const why = `${cut(path)}: ${message.replace(/, \w+ '.*$/s, '')}`
  const error = (what: string, fix?: string) => new ConvoError('E_OUTPUT', what, { why, cause, fix })
  const folder = target === path || target === resolve(path) ? dirname(path) : dirname(target)
  if (code === 'ENOENT' && statOf(folder) !== undefined) return error(`cannot write to ${path}`, elsewhere)
  if (code === 'ENOENT')
    return error(`there is no folder ${folder} for ${basename(path)}`, makingFolder(folder))
  if (code === 'ENOTDIR') return error(`${folder} is not a folder`, elsewhere)
  if (code === 'EACCES' || code === 'EPERM') return error(`no permission to write ${path}`, elsewhere)
  if (code === 'EROFS') return error(`${path} is on a read-only file system`, elsewhere)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return error(`the disk is full, ${path} was not written`, `room on the disk, or ${elsewhere}`)
  if (code === 'EFBIG')
    return error(
      `${path} is larger than a file may be here`,
      'ulimit -f unlimited, or a path on another disk',
    )
  if (code === 'EPIPE') return error('standard output was closed')
  if (code === 'ENAMETOOLONG')
    return error(`the name ${cut(basename(path), 60)} is too long`, 'a shorter name')
  if (code === 'ELOOP') return error(`${path} is a circular symbolic link`, elsewhere)
  return error(`cannot write ${cut(path)}`, elsewhere)
}

const elsewhere = 'a path in another folder'

/** Makes an error with the system's message about a path as its reason. */
export const systemError = (code: ErrorCode, what: string, path: string, cause: unknown): ConvoError =>
  new ConvoError(code, what, { why: `${path}: ${(cause as Error).message}`, cause })

export const makingFolder = (folder: string): string =>
  commandLine(['mkdir', '-p', folder.startsWith('-') ? `./${folder}` : folder])

/** Runs `act`, and converts its system errors to errors of writing a path. @throws ConvoError E_OUTPUT */
export async function writing<T>(path: string, act: () => T | Promise<T>, target?: string): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    throw writingError(path, cause, target)
  }
}
