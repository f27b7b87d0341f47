import { constants, openSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Socket, SocketConstructorOpts } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listening, nativeWork } from '../signals.ts'
import { requireHere } from './package.ts'

// Opening a pipe as a file blocks a thread until its other end is opened, and with it the end of the process. On Linux,
// the event loop can wait without a thread. On other systems, it cannot detect that the writer of a named pipe is still
// to come.

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants

/** The interval of attempts to open a named pipe for writing, in milliseconds. */
const tryEvery = 50

const isPipe = (path: string): boolean => process.platform === 'linux' && statSync(path).isFIFO()

/** Reads standard input (`-`), a pipe or a device to its end, piece by piece. A signal ends the wait. */
export async function readPieces(path: string, take: (piece: Buffer) => void): Promise<void> {
  if (path !== '-' && !isPipe(path)) {
    const file = await nativeWork(() => open(path))
    return nativeWork(async () => {
      for await (const piece of file.createReadStream()) take(piece as Buffer)
    })
  }
  const pieces =
    path === '-'
      ? process.stdin
      : socketOf({ fd: openSync(path, O_RDONLY | O_NONBLOCK), readable: true, writable: false })
  return listening(async () => {
    for await (const piece of pieces) take(piece as Buffer)
  })
}

/** Opens a pipe for writing once it has a reader. Returns undefined if the path is not a pipe. A signal ends waits. */
export async function openPipe(path: string) {
  if (!isPipe(path)) return undefined
  const fd = await listening(() => openForWriting(path))
  const pipe = socketOf({ fd, readable: false, writable: true })
  // the failed write reports the error
  pipe.on('error', () => undefined)
  const settled = (act: (done: (error?: Error | null) => void) => void) =>
    listening(
      () => new Promise<void>((done, failed) => act((error) => (error == null ? done() : failed(error)))),
    )
  return {
    write: (pieces: readonly Uint8Array[]) =>
      settled((done) => {
        pipe.cork()
        for (const [i, piece] of pieces.entries())
          pipe.write(piece, i === pieces.length - 1 ? done : undefined)
        pipe.uncork()
      }),
    close: () => settled((done) => pipe.end(done)),
  }
}

/** Loads node:net for pipes only, since loading takes time at the start. */
function socketOf(options: SocketConstructorOpts): Socket {
  const net = requireHere('node:net') as typeof import('node:net')
  return new net.Socket(options)
}

async function openForWriting(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, O_WRONLY | O_NONBLOCK)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENXIO') throw cause
    }
    await sleep(tryEvery)
  }
}
