import { rmSync, statSync } from 'node:fs'
import {
  type FileHandle,
  open as openFile,
  readlink,
  realpath,
  rename,
  stat as statFile,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { openPipe } from '../files/pipe.ts'
import { listening, tellSignals, undoAtEnd } from '../signals.ts'

/** An output under way. Nothing is seen at its path before `commit`. */
export type Output = {
  /** True when bytes are kept until `commit`, and must not change before. */
  readonly holds: boolean
  /** Appends bytes. */
  write(chunks: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** Puts what was written in place, all at once. */
  commit(): Promise<void>
  /** Drops what was written; after `commit`, or a second time, it does nothing. */
  abort(): Promise<void>
}

let beforePlacing: ((temporary: string, path: string) => Promise<void>) | undefined

/**
 * From now on every output that is written to a temporary file waits for `ask`, which gets the path of that file and that
 * of the output, before it takes its place: for a process whose outputs another one keeps a record of.
 */
export function askBeforePlacing(ask: (temporary: string, path: string) => Promise<void>): void {
  beforePlacing = ask
}

/**
 * Begins an output. A regular file, or a path where there is none, is written to a temporary file beside it, which is
 * renamed over it by `commit`: a failure, a full disk, a signal leave what was there before and nothing else. The mode of
 * a file that is replaced is kept; of a symbolic link, the file it leads to is replaced. A pipe or device is written
 * into. `-` is standard output, written by `commit`.
 *
 * @throws ConvoError E_OUTPUT when it cannot be written
 */
export async function openOutput(path: string): Promise<Output> {
  if (path === '-') return standardOutput()
  const target = await followLinks(path)
  const existing = await statOrAbsent(target, path)
  if (existing?.isDirectory()) {
    throw new ConvoError('E_OUTPUT', `${path} is a folder, not a file`, {
      instead: [path, join(path, 'out.png')],
    })
  }
  if (existing !== undefined && !existing.isFile()) return directOutput(target, path)
  return replacingOutput(target, path, existing === undefined ? undefined : existing.mode & 0o7777)
}

/** Opens an output, lets `produce` write to it, and commits; aborts when `produce` fails. */
export async function writeAtomically(
  path: string,
  produce: (output: Output) => Promise<void>,
): Promise<void> {
  const output = await openOutput(path)
  try {
    await produce(output)
    await output.commit()
  } catch (error) {
    await output.abort()
    throw error
  }
}

/** Whether two paths lead to the same file that exists: equal device and inode. `-` is never a file. */
export function isSameFile(a: string, b: string): boolean {
  if (a === '-' || b === '-') return false
  try {
    const first = statSync(a, { bigint: true })
    const second = statSync(b, { bigint: true })
    return first.dev === second.dev && first.ino === second.ino
  } catch {
    return false
  }
}

async function replacingOutput(target: string, path: string, mode: number | undefined): Promise<Output> {
  const { file, temporary, forget } = await createTemporary(target, path)
  let state: 'open' | 'ended' = 'open'
  const drop = async () => {
    if (state === 'ended') return
    state = 'ended'
    await file.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
    await tellSignals()
    forget()
  }
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act()
    } catch (cause) {
      await drop()
      throw outputError(path, cause)
    }
  }
  return {
    holds: false,
    write: (chunks) => attempt(() => writeAll(file, chunks)),
    commit: () =>
      attempt(async () => {
        if (mode !== undefined) await file.chmod(mode)
        await file.close()
        await beforePlacing?.(temporary, path)
        await rename(temporary, target)
        state = 'ended'
        await tellSignals()
        forget()
      }),
    abort: drop,
  }
}

async function createTemporary(
  target: string,
  path: string,
): Promise<{ file: FileHandle; temporary: string; forget: () => void }> {
  // a name of its own and not one made of the target's, which may be as long as a name can be
  const temporary = join(dirname(target), `.convo-${process.pid}-${Math.random().toString(36).slice(2)}.tmp`)
  const forget = undoAtEnd(() => rmSync(temporary, { force: true }))
  try {
    return { file: await openFile(temporary, 'wx', 0o666), temporary, forget }
  } catch (cause) {
    forget()
    throw outputError(path, cause, target)
  }
}

async function directOutput(target: string, path: string): Promise<Output> {
  const attempt = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (cause) {
      throw outputError(path, cause)
    }
  }
  const pipe = await attempt(() => openPipe(target))
  if (pipe !== undefined) {
    return {
      holds: false,
      write: (chunks) => attempt(() => pipe.write(listOf(chunks))),
      commit: () => attempt(() => pipe.close()),
      abort: () => pipe.close().catch(() => undefined),
    }
  }
  const file = await attempt(() => openFile(target, 'w'))
  const close = () => file.close().catch(() => undefined)
  return {
    holds: false,
    write: (chunks) => attempt(() => writeAll(file, chunks)),
    commit: () => attempt(() => file.close()),
    abort: close,
  }
}

function standardOutput(): Output {
  if (process.stdout.isTTY) {
    throw new ConvoError('E_OUTPUT', 'a picture is not written to a terminal', {
      fix: 'a file name in place of -, or > out.png behind the command',
    })
  }
  let held: Uint8Array[] = []
  return {
    holds: true,
    write: async (chunks) => {
      held.push(...listOf(chunks))
    },
    commit: async () => {
      await listening(async () => {
        for (const chunk of held) await writeToStdout(chunk)
      })
      held = []
    },
    abort: async () => {
      held = []
    },
  }
}

function writeToStdout(chunk: Uint8Array): Promise<void> {
  return new Promise((done, failed) => {
    const onError = (cause: Error) => failed(outputError('standard output', cause))
    process.stdout.once('error', onError)
    process.stdout.write(chunk, (cause) => {
      if (cause) return onError(cause)
      process.stdout.off('error', onError)
      done()
    })
  })
}

async function writeAll(file: FileHandle, chunks: Uint8Array | readonly Uint8Array[]): Promise<void> {
  let rest = listOf(chunks).filter((chunk) => chunk.length > 0)
  while (rest.length > 0) {
    // less than everything may be written: a pipe that is full, a disk that is nearly so
    const { bytesWritten } = await file.writev(rest)
    rest = dropBytes(rest, bytesWritten)
  }
}

/** What is left of runs of bytes when the first `count` bytes are gone. */
function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let gone = count
  return chunks.flatMap((chunk) => {
    const cut = Math.min(gone, chunk.length)
    gone -= cut
    return cut === chunk.length ? [] : [chunk.subarray(cut)]
  })
}

const listOf = (chunks: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] =>
  chunks instanceof Uint8Array ? [chunks] : chunks

/** Where a path leads, also when the last link leads to a file that is not there yet. */
async function followLinks(path: string): Promise<string> {
  let at = resolve(path)
  for (let links = 0; links < 40; links++) {
    try {
      return await realpath(at)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw outputError(path, cause)
    }
    const next = await readlink(at).catch(() => undefined)
    if (next === undefined) return at
    at = resolve(dirname(at), next)
  }
  return at
}

async function statOrAbsent(target: string, path: string) {
  try {
    return await statFile(target)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw outputError(path, cause)
  }
}

/** @param target where `path` leads, when it is a link */
function outputError(path: string, cause: unknown, target: string = path): ConvoError {
  const { code, message } = cause as NodeJS.ErrnoException
  // what the system says, without the name of the temporary file that it says it of
  const why = `${path}: ${message.replace(/, \w+ '.*$/, '')}`
  const error = (what: string, fix?: string) =>
    new ConvoError('E_OUTPUT', what, { why, cause, ...(fix !== undefined && { fix }) })
  const folder = target === path || target === resolve(path) ? dirname(path) : dirname(target)
  if (code === 'ENOENT')
    return error(`there is no folder ${folder} for ${basename(path)}`, `mkdir -p ${folder}`)
  if (code === 'ENOTDIR') return error(`${folder} is not a folder`)
  if (code === 'EACCES' || code === 'EPERM') return error(`${path} may not be written`)
  if (code === 'EROFS') return error(`${path} lies on a file system that is read-only`)
  if (code === 'ENOSPC' || code === 'EDQUOT') return error(`the disk is full, ${path} was not written`)
  if (code === 'EPIPE') return error('the reader of standard output went away')
  return error(`cannot write ${path}`)
}
