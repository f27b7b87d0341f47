import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { ConvoError, type ErrorDetail } from '../error.ts'
import { checkLimit, type LimitName } from '../limits.ts'
import { nativeWork } from '../signals.ts'
import { commandLine } from '../text/shell.ts'
import { readPieces } from './pipe.ts'
import { noteRead } from './reads.ts'

/** How something is read whole. */
export type ReadOptions = {
  /** the row of the table of limits that its bytes are counted against */
  readonly limit: LimitName
  /** what to call it in errors */
  readonly name?: string
  /** what it is, for the refusal to wait for it at a terminal: `a picture` */
  readonly what?: string
  /** Called once with the first bytes, `headBytes` of them if there are as many, before the rest is read. Throws to refuse. */
  readonly check?: (head: Uint8Array) => void
}

/** How many bytes `check` gets at most. */
export const headBytes = 4096

/** Pieces in which a stream is read. */
const pieceBytes = 2 ** 16
/** Files up to this size are read at once, without other threads. */
const smallBytes = 2 ** 20
/** The most bytes that one call of the system is asked for. */
const mostAtOnce = 2 ** 30

/**
 * Reads a file whole, also one without a size, such as a pipe, a device or a file of /proc, and counts as it reads.
 *
 * @throws ConvoError E_INPUT when it cannot be read (`isMissing` shows why), the code of the limit for too many bytes
 */
export function readFileWhole(path: string, options: ReadOptions): Buffer {
  const { name = path } = options
  const fd = openFile(path, name)
  try {
    const gathered = gather(options, name, fstatSync(fd))
    for (;;) {
      const room = gathered.room()
      const count = readSync(fd, room, 0, room.length, null)
      if (count === 0) return gathered.end()
      gathered.add(room, count)
    }
  } catch (cause) {
    rethrow(name, cause)
  } finally {
    closeSync(fd)
  }
}

/** The text of a file in UTF-8, as `readFileWhole` reads it. @throws ConvoError E_INPUT for UTF-16 too */
export const readText = (path: string, limit: LimitName): string =>
  textOf(readFileWhole(path, { limit }), path)

/** Bytes as the text that they are in UTF-8, without its mark. @throws ConvoError E_INPUT for UTF-16, as PowerShell writes */
export function textOf(bytes: Buffer, name: string): string {
  if (isUtf16(bytes)) {
    throw new ConvoError('E_INPUT', `${name} is text in UTF-16, not UTF-8`, { fix: utf16Fix(name) })
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** Whether bytes begin with the mark of UTF-16, in either order. */
export const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

/** What makes UTF-8 of it. */
export const utf16Fix = (name: string): string =>
  `iconv -f UTF-16 -t UTF-8 ${name === 'standard input' ? '' : `${commandLine([name])} `}> utf-8${extname(name) || '.txt'}`

/**
 * Reads a file as `readFileWhole` does, or standard input (`-`), without blocking: a signal can end the wait for a pipe.
 *
 * @throws ConvoError as `readFileWhole` does; E_INPUT too when standard input is a terminal
 */
export async function readWhole(path: string, options: ReadOptions): Promise<Buffer> {
  const { name = path === '-' ? 'standard input' : path, what = 'a list or manifest' } = options
  if (path === '-' && process.stdin.isTTY) {
    throw new ConvoError('E_INPUT', `cannot read ${what} from a terminal`, {
      fix: 'a file name instead of -, or < file after the command',
    })
  }
  try {
    const size = path === '-' ? undefined : sizeOf(path)
    // a round through other threads for each of hundreds of small files takes longer than all else
    if (size !== undefined && size <= smallBytes) return readFileWhole(path, { ...options, name })
    noteRead(path)
    if (size !== undefined) return await nativeWork(() => readFileAt(path, options, name))
    const gathered = gather(options, name)
    await readPieces(path, (piece) => gathered.add(piece, piece.length))
    return gathered.end()
  } catch (cause) {
    rethrow(name, cause)
  }
}

async function readFileAt(path: string, options: ReadOptions, name: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const gathered = gather(options, name, await file.stat())
    for (;;) {
      const room = gathered.room()
      const { bytesRead } = await file.read(room, 0, room.length, null)
      if (bytesRead === 0) return gathered.end()
      gathered.add(room, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** True for what is read once only, from front to back, or has no size: a pipe, a device, a socket, a file of /proc. */
export function isStream(path: string): boolean {
  try {
    return sizeOf(path) === undefined
  } catch (cause) {
    rethrow(path, cause)
  }
}

/** The bytes of a file, or any number for a folder; undefined for a stream. @throws the error of the system */
function sizeOf(path: string): number | undefined {
  // by name: opening a pipe to look at it and closing it again would end its writer
  const stat = statSync(path)
  return stat.isDirectory() || (stat.isFile() && stat.size > 0) ? stat.size : undefined
}

/** Opens a file for reading. @throws ConvoError E_INPUT */
export function openFile(path: string, name = path): number {
  try {
    noteRead(path)
    return openSync(path, 'r')
  } catch (cause) {
    rethrow(name, cause)
  }
}

/** Whether an error of reading says that there is no such file. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ConvoError && isAbsent((error.cause as NodeJS.ErrnoException | undefined)?.code)

const isAbsent = (code: string | undefined): boolean => code === 'ENOENT' || code === 'ENOTDIR'

/** Refuses a folder where a file is needed. @throws ConvoError E_INPUT */
function refuseFolder(stat: { isDirectory(): boolean }, name: string): void {
  if (!stat.isDirectory()) return
  throw new ConvoError('E_INPUT', `${name} is a folder, not a file`, { fix: 'one of the files in it' })
}

/** What the system says of a file that cannot be read, as an error of convo's; other errors as they are. */
export function rethrow(name: string, cause: unknown): never {
  throw (cause as NodeJS.ErrnoException).syscall === undefined ? cause : inputError(name, cause)
}

/** How to get at the file that an address names, or the files that a pattern does. */
function absent(name: string): ErrorDetail {
  if (/^file:\/\/\//i.test(name)) {
    try {
      return { instead: [name, decodeURI(new URL(name).pathname)] }
    } catch {
      return {}
    }
  }
  if (!/^https?:\/\//i.test(name))
    return /[*?]/.test(name)
      ? { fix: 'the path of one file, or convo batch for all that match a pattern' }
      : {}
  const file = basename(name.replace(/[?#].*/, ''))
  return { why: 'convo reads files, not addresses', fix: commandLine(['curl', '-L', '-o', file, name]) }
}

function inputError(name: string, cause: unknown): ConvoError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (name === '') return new ConvoError('E_INPUT', 'the path of an input is empty', { cause, fix: 'a file' })
  if (/^data:/i.test(name)) {
    return new ConvoError('E_INPUT', 'an input is a file, not a data: URL', {
      cause,
      fix: "the bytes in it, by base64 --decode or Buffer.from(text, 'base64')",
    })
  }
  if (code === 'ENAMETOOLONG')
    return new ConvoError('E_INPUT', `the name of a file is too long: ${name}`, { cause })
  if (isAbsent(code)) return new ConvoError('E_INPUT', `there is no file ${name}`, { cause, ...absent(name) })
  if (code === 'EACCES' || code === 'EPERM') {
    return new ConvoError('E_INPUT', `no permission to read ${name}`, {
      cause,
      why: `${name}: permission denied`,
    })
  }
  if (code === 'ENXIO') {
    return new ConvoError('E_INPUT', `${name} is a socket or a missing device`, { cause })
  }
  return new ConvoError('E_INPUT', `cannot read ${name}`, { cause, why: `${name}: ${message}` })
}

/** Bytes as numbers of any type. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

type Stat = { isFile(): boolean; isDirectory(): boolean; readonly size: number }

/** Pieces as they come, counted against the limit. */
function gather({ limit, check }: ReadOptions, name: string, stat?: Stat) {
  if (stat !== undefined) refuseFolder(stat, name)
  const stated = stat?.isFile() === true ? stat.size : 0
  checkLimit(limit, stated, name)
  const pieces: Uint8Array[] = []
  let size = 0
  let isChecked = check === undefined
  const lookAt = (most: number) => check?.(Buffer.concat(pieces, Math.min(size, most)))
  return {
    /** Where the next bytes may go: all of a file at once, with one byte more that shows that it has not grown. */
    room: (): Buffer =>
      Buffer.allocUnsafe(size < stated ? Math.min(stated - size + 1, mostAtOnce) : pieceBytes),
    add(bytes: Buffer, count: number): void {
      // a pipe that gives little at a time must not keep much
      const piece = bytes.subarray(0, count)
      pieces.push(count * 2 < bytes.length ? Buffer.from(piece) : piece)
      size += count
      checkLimit(limit, size, name)
      if (isChecked || size < headBytes) return
      isChecked = true
      lookAt(headBytes)
    },
    end(): Buffer {
      if (!isChecked) lookAt(headBytes)
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size)
    },
  }
}
