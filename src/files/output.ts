import { rmSync, write as writeDescriptor } from 'node:fs'
import { type FileHandle, open as openFile, rename, stat as statFile, unlink } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConvoError } from '../error.ts'
import { drainSignals, listening, nativeWork, undoAtEnd } from '../signals.ts'
import { makingFolder, writing, writingError } from './errors.ts'
import { clearOnce, temporaryName } from './leftovers.ts'
import { heldOutput, listOf, memoryOutput, type Output } from './memory.ts'
import { openPipe } from './pipe.ts'
import { refuseReplacing } from './reads.ts'
import { followLinks, isDevice, statOf } from './root.ts'

export type { Output } from './memory.ts'

/** What a process does about the outputs that it writes to temporary files. */
type Custom = {
  /** Waits until the output may be put in place. Gets the paths of the temporary file and of the output. */
  readonly ask: (temporary: string, path: string) => Promise<void>
  /** Makes the folder of an output if it is missing. */
  readonly makeFolder: (folder: string) => void
}

let custom: Custom | undefined

/** Sets what is done about outputs. For a process whose outputs are recorded by another process. */
export function customizeOutputs(own: Custom): void {
  custom = own
}

/**
 * Begins an output. A regular file, or a path where no file exists, is written to a temporary file beside it, which
 * `commit` renames. After a failure, a full disk or a signal, the previous file remains and nothing else. The mode of a
 * replaced file is kept. For a symbolic link, the file that it leads to is replaced. A pipe, a device, or a descriptor
 * of this process (`/dev/fd/3`, the shell's name for what `>(command)` reads) is written to directly. `-` and
 * `/dev/stdout` are standard output, which `commit` writes.
 *
 * @param isRecord whether it is one of convo's own records, which are read and written again
 * @throws ConvoError E_OUTPUT if it cannot be written; E_IN_PLACE for a file that this process reads
 */
export async function openOutput(path: string, isRecord = false): Promise<Output> {
  if (path === '') throw new ConvoError('E_OUTPUT', 'the path of an output is empty', { fix: 'out.png' })
  if (isStandardOutput(path)) return standardOutput()
  const inMemory = memoryOutput(path)
  if (inMemory !== undefined) return inMemory
  const descriptor = descriptorOf(path)
  if (descriptor !== undefined) return descriptorOutput(descriptor, path)
  if (!isRecord) refuseReplacing(path)
  const target = await writing(path, () => followLinks(path))
  const existing = await writing(path, () => statOrAbsent(target))
  // a path that ends in a slash can only be a folder, even if it does not exist
  if (existing?.isDirectory() || path.endsWith('/') || path.endsWith(sep)) {
    if (existing === undefined)
      throw new ConvoError('E_OUTPUT', `there is no folder ${path}`, { fix: makingFolder(path) })
    const [what, meant] = existing.isDirectory()
      ? ['a folder, not a file', join(path, 'out.png')]
      : ['a file, not a folder', path.replace(/[/\\]+$/, '')]
    throw new ConvoError('E_OUTPUT', `${path} is ${what}`, { instead: [path, meant] })
  }
  if (existing !== undefined && !existing.isFile()) return directOutput(target, path)
  return replacingOutput(target, path, existing === undefined ? undefined : existing.mode & 0o7777)
}

/** Opens an output, lets `produce` write to it, and commits. Aborts if `produce` fails. */
export async function writeAtomically(
  path: string,
  produce: (output: Output) => Promise<void>,
  isRecord = false,
): Promise<void> {
  const output = await openOutput(path, isRecord)
  try {
    await produce(output)
    await output.commit()
  } catch (error) {
    await output.abort()
    throw error
  }
}

/** Whether two paths lead to the same existing file: equal device and inode. `-` is never a file. */
export function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => (path === '-' ? undefined : statOf(path)))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}

async function replacingOutput(target: string, path: string, mode: number | undefined): Promise<Output> {
  const temporary = join(dirname(target), temporaryName())
  clearOnce(dirname(target))
  const forget = undoAtEnd(() => rmSync(temporary, { force: true }))
  const file = await writing(path, () => openIn(dirname(target), temporary), target).catch((error) => {
    forget()
    throw error
  })
  let state: 'open' | 'ended' = 'open'
  const drop = async () => {
    if (state === 'ended') return
    state = 'ended'
    await file.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
    await drainSignals()
    forget()
  }
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act()
    } catch (cause) {
      await drop()
      throw writingError(path, cause)
    }
  }
  return {
    holds: false,
    write: (chunks) => attempt(() => writeAll(file, chunks)),
    writeAt: (bytes, position) =>
      attempt(async () => {
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten
      }),
    commit: () =>
      attempt(async () => {
        if (mode !== undefined) await file.chmod(mode)
        await file.close()
        await custom?.ask(temporary, path)
        await rename(temporary, target)
        state = 'ended'
        await drainSignals()
        forget()
      }),
    abort: drop,
  }
}

/** Opens a new file. Makes its folder if that is wanted, again if another process removes it at the same moment. */
async function openIn(folder: string, path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    try {
      // a file that is made after a signal has cleaned up would remain
      return await nativeWork(() => openFile(path, 'wx', 0o666))
    } catch (cause) {
      const isGone = (cause as NodeJS.ErrnoException).code === 'ENOENT'
      if (custom === undefined || !isGone || attempt > 5) throw cause
      custom.makeFolder(folder)
    }
  }
}

async function directOutput(target: string, path: string): Promise<Output> {
  const pipe = await writing(path, () => openPipe(target))
  if (pipe !== undefined) return unbuffered(path, pipe.write, pipe.close)
  const file = await writing(path, () => openFile(target, 'w'))
  return unbuffered(
    path,
    (chunks) => writeAll(file, chunks),
    () => file.close(),
  )
}

const unbuffered = (
  path: string,
  write: (chunks: readonly Uint8Array[]) => Promise<void>,
  close: () => Promise<void>,
): Output => ({
  holds: false,
  write: (chunks) => writing(path, () => write(listOf(chunks))),
  commit: () => writing(path, close),
  abort: () => close().catch(() => undefined),
})

/**
 * Returns the descriptor of this process that a path represents. Unlike other paths, it must not be replaced by a file,
 * and a socket cannot be opened by its path.
 */
export function descriptorOf(path: string): number | undefined {
  const whole = resolve(path)
  if (whole === '/dev/stdout') return 1
  if (whole === '/dev/stderr') return 2
  const number = /^\/(?:dev|proc\/(?:self|thread-self|(\d+)))\/fd\/(\d+)$/.exec(whole)
  if (number === null || (number[1] !== undefined && Number(number[1]) !== process.pid)) return undefined
  return Number(number[2])
}

/** Whether an output is standard output: `-`, or with a format, as in `jpg:-`. */
export const isStandardOutput = (path: string): boolean => path === '-' || /^\w+:-$/.test(path)

/** Whether an output is written to directly and cannot be read again: standard output, a pipe or a device. */
export const isStreamPath = (path: string): boolean =>
  isStandardOutput(path) || descriptorOf(path) !== undefined || isDevice(path)

async function descriptorOutput(descriptor: number, path: string): Promise<Output> {
  if (descriptor === 1) return untilCommit()
  await writing(path, () => statFile(path))
  return unbuffered(
    path,
    (chunks) => writeToDescriptor(descriptor, chunks),
    // the code that opened it closes it
    async () => undefined,
  )
}

async function writeToDescriptor(descriptor: number, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) {
    let at = 0
    while (at < chunk.length) {
      try {
        at += await new Promise<number>((done, failed) => {
          writeDescriptor(descriptor, chunk, at, chunk.length - at, null, (cause, written) =>
            cause === null ? done(written) : failed(cause),
          )
        })
      } catch (cause) {
        // the pipe is full, and its other end requested non-blocking writes
        if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') throw cause
        await sleep(2)
      }
    }
  }
}

function standardOutput(): Output {
  if (process.stdout.isTTY) {
    throw new ConvoError('E_OUTPUT', 'refusing to write a picture to a terminal', {
      fix: 'a file name instead of -, or > out.png after the command',
    })
  }
  return untilCommit()
}

function untilCommit(): Output {
  const held: Uint8Array[] = []
  return heldOutput(held, () =>
    listening(async () => {
      for (const chunk of held.splice(0)) await writeToStdout(chunk)
    }),
  )
}

const writeToStdout = (chunk: Uint8Array): Promise<void> =>
  new Promise((done, failed) => {
    const onError = (cause: Error) => failed(writingError('standard output', cause))
    process.stdout.once('error', onError)
    process.stdout.write(chunk, (cause) => {
      if (cause) return onError(cause)
      process.stdout.off('error', onError)
      done()
    })
  })

async function writeAll(file: FileHandle, chunks: Uint8Array | readonly Uint8Array[]): Promise<void> {
  let rest = listOf(chunks).filter((chunk) => chunk.length > 0)
  while (rest.length > 0) {
    // a full pipe or a nearly full disk may accept only part of the bytes
    const { bytesWritten } = await file.writev(rest)
    rest = dropBytes(rest, bytesWritten)
  }
}

function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let gone = count
  return chunks.flatMap((chunk) => {
    const cut = Math.min(gone, chunk.length)
    gone -= cut
    return cut === chunk.length ? [] : [chunk.subarray(cut)]
  })
}

/** Returns the status of a path, or undefined if it does not exist. */
const statOrAbsent = (target: string) =>
  statFile(target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
  })
