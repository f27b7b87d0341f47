import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { ConvoError, type ErrorDetail, nearest } from '../error.ts'
import { checkLimit, type LimitName } from '../limits.ts'
import { nativeWork } from '../signals.ts'
import { commandLine } from '../text/shell.ts'
import { readPieces } from './pipe.ts'
import { noteRead } from './reads.ts'
import { entriesIn, isFolder, namesIn } from './root.ts'

/** How a file is read whole. */
export type ReadOptions = {
  /** The limit that applies to the number of bytes. */
  readonly limit: LimitName
  readonly name?: string
  /** What is read, such as `a picture`, for the error if standard input is a terminal. */
  readonly what?: string
  /**
   * Called once before the rest is read, with the first `headBytes` bytes, or fewer if there are no more. Throws to
   * refuse.
   */
  readonly check?: (head: Uint8Array) => void
}

/** The most bytes that `check` gets. */
export const headBytes = 4096

const pieceBytes = 2 ** 16
/** Files up to this size are read at once, without other threads. */
const smallBytes = 2 ** 20
/** The most bytes that one system call reads. */
const mostAtOnce = 2 ** 30

/**
 * Reads a whole file, and checks the limit as it reads. The file may have no size, such as a pipe, a device or a file
 * in /proc.
 *
 * @throws ConvoError E_INPUT if it cannot be read (`isMissing` shows why), the code of the limit for too many bytes
 */
export function readFileWhole(path: string, options: ReadOptions): Buffer {
  const { name = path } = options
  const fd = openFile(path, name)
  const read = () => {
    const gathered = gather(options, name, fstatSync(fd))
    for (;;) {
      const room = gathered.room()
      const count = readSync(fd, room, 0, room.length, null)
      if (count === 0) return gathered.end()
      gathered.add(room, count)
    }
  }
  try {
    return reading(name, read)
  } finally {
    closeSync(fd)
  }
}

/** Reads the text of a UTF-8 file like `readFileWhole`. @throws ConvoError E_INPUT for UTF-16 too */
export const readText = (path: string, limit: LimitName): string =>
  textOf(readFileWhole(path, { limit }), path)

/** Decodes UTF-8 without its byte order mark. @throws ConvoError E_INPUT for UTF-16, which PowerShell writes */
export function textOf(bytes: Buffer, name: string): string {
  if (isUtf16(bytes)) {
    throw new ConvoError('E_INPUT', `${name} is text in UTF-16, not UTF-8`, { fix: utf16Fix(name) })
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** Whether bytes begin with the byte order mark of UTF-16, in either order. */
export const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

/** Returns a command that converts a file to UTF-8. */
export const utf16Fix = (name: string): string =>
  `iconv -f UTF-16 -t UTF-8 ${name === 'standard input' ? '' : `${commandLine([name])} `}> utf-8${extname(name) || '.txt'}`

/**
 * Reads a file like `readFileWhole`, or standard input (`-`), without blocking, so that a signal can end the wait for a
 * pipe.
 *
 * @throws ConvoError as `readFileWhole` does; E_INPUT also if standard input is a terminal
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
    // for hundreds of small files, the detour through other threads would take longer than everything else
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

/**
 * Reads bytes from a position of a file, as many as fit in `room` or there are, and returns their number. The file is
 * open only meanwhile, so that a reader may stop at any time.
 *
 * @throws ConvoError E_INPUT
 */
export async function readAt(path: string, room: Uint8Array, at: number): Promise<number> {
  try {
    const file = await open(path, 'r')
    try {
      return (await nativeWork(() => file.read(room, 0, room.length, at))).bytesRead
    } finally {
      await file.close()
    }
  } catch (cause) {
    rethrow(path, cause)
  }
}

/**
 * Whether a path can be read only once, from front to back, or has no size: a pipe, a device, a socket, a file in
 * /proc.
 */
export const isStream = (path: string): boolean => reading(path, () => sizeOf(path) === undefined)

/** Returns the size of a file, any number for a folder, or undefined for a stream. @throws the system error */
function sizeOf(path: string): number | undefined {
  // by name, since opening and closing a pipe to inspect it would end its writer
  const stat = statSync(path)
  return stat.isDirectory() || (stat.isFile() && stat.size > 0) ? stat.size : undefined
}

/** Opens a file for reading. @throws ConvoError E_INPUT */
export const openFile = (path: string, name = path): number =>
  reading(name, () => {
    noteRead(path)
    return openSync(path, 'r')
  })

/** Whether a read error means that the file does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ConvoError && isAbsent((error.cause as NodeJS.ErrnoException | undefined)?.code)

const isAbsent = (code: string | undefined): boolean => code === 'ENOENT' || code === 'ENOTDIR'

/** Throws a system error from reading a file as a ConvoError, and any other error as it is. */
export function rethrow(name: string, cause: unknown): never {
  throw (cause as NodeJS.ErrnoException).syscall === undefined ? cause : inputError(name, cause)
}

function reading<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    rethrow(name, cause)
  }
}

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
      : nearFile(name)
  const file = basename(name.replace(/[?#].*/, ''))
  return { why: 'convo reads files, not addresses', fix: commandLine(['curl', '-L', '-o', file, name]) }
}

function inputError(name: string, cause: unknown): ConvoError {
  const { code, message } = cause as NodeJS.ErrnoException
  const error = (what: string, detail: ErrorDetail) => new ConvoError('E_INPUT', what, { ...detail, cause })
  if (name === '') return error('the path of an input is empty', { fix: 'a file' })
  if (/^data:/i.test(name)) {
    const fix = "decode it first: base64 --decode, or Buffer.from(text, 'base64')"
    return error('data: URLs cannot be read', { fix })
  }
  if (code === 'ENAMETOOLONG')
    return error(`the name of a file is too long: ${name}`, { fix: 'a shorter name' })
  if (isAbsent(code)) {
    return name.includes('\ufffd')
      ? error(`${name} cannot be opened: its name is not UTF-8`, { fix: 'a different name' })
      : error(`there is no file ${name}`, absent(name))
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const fix = commandLine(['ls', '-ld', name])
    return error(`no permission to read ${name}`, { why: `${name}: permission denied`, fix })
  }
  if (code === 'ENXIO') return error(`${name} is a socket or a missing device`, {})
  return error(`cannot read ${name}`, { why: `${name}: ${message}` })
}

/** Returns a view of bytes as numbers of any type. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

type Stat = { isFile(): boolean; isDirectory(): boolean; readonly size: number }

function gather({ limit, check }: ReadOptions, name: string, stat?: Stat) {
  if (stat?.isDirectory())
    throw new ConvoError('E_INPUT', `${name} is a folder, not a file`, { fix: 'one of the files in it' })
  const stated = stat?.isFile() === true ? stat.size : 0
  checkLimit(limit, stated, name)
  const pieces: Uint8Array[] = []
  let size = 0
  let isChecked = check === undefined
  const look = () => check?.(Buffer.concat(pieces, Math.min(size, headBytes)))
  return {
    /** Returns memory for the next bytes: all of a file at once, plus one byte to detect that it has grown. */
    room: (): Buffer =>
      Buffer.allocUnsafe(size < stated ? Math.min(stated - size + 1, mostAtOnce) : pieceBytes),
    add(bytes: Buffer, count: number): void {
      // small pieces from a pipe must not keep large buffers alive
      const piece = bytes.subarray(0, count)
      pieces.push(count * 2 < bytes.length ? Buffer.from(piece) : piece)
      size += count
      checkLimit(limit, size, name)
      if (isChecked || size < headBytes) return
      isChecked = true
      look()
    },
    end(): Buffer {
      if (!isChecked) look()
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size)
    },
  }
}

/** Returns what to try instead of a file that does not exist: the one with the nearest name, or else a look around. */
export function nearFile(path: string): ErrorDetail {
  const guess = nearPath(path)
  return guess === undefined
    ? { fix: commandLine(['ls', existingFolder(path)]) }
    : { instead: [path, guess] as const }
}

function nearPath(path: string): string | undefined {
  const asked = dirname(path)
  const folder = isFolder(asked) || asked === dirname(asked) ? asked : nearPath(asked)
  if (folder === undefined) return undefined
  const name = basename(path)
  const names = extname(name) === '' ? namesIn(folder) : filesIn(folder)
  // some file systems keep accents apart from their letters
  const guess = names.find((one) => one.normalize() === name.normalize()) ?? nearest(name, names)
  if (guess === undefined || (guess === name && folder === asked)) return undefined
  return path.startsWith('.') || folder !== '.' ? join(folder, guess) : guess
}

const filesIn = (folder: string): string[] =>
  entriesIn(folder).flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]))

const existingFolder = (path: string): string =>
  isFolder(dirname(path)) || path === dirname(path) ? dirname(path) : existingFolder(dirname(path))
