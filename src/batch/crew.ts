import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ErrorCode } from '../error.ts'
import { distFile } from '../files/package.ts'
import type { Clipping } from '../run/watch.ts'

/** The first message to every worker of a batch. */
export type Setup = {
  /** The operation and its options, as typed. */
  readonly words: readonly string[]
  readonly inPlace: boolean
}

/** One picture to process. */
export type Order = { readonly input: string; readonly output: string; readonly threads: number }

/** Messages from the main process to a worker. */
export type ToWorker =
  | { readonly kind: 'setup'; readonly setup: Setup }
  | { readonly kind: 'order'; readonly order: Order }
  /** The output was noted, and may be moved to its place. */
  | { readonly kind: 'place' }

/** An error, in the form that is sent between processes and written to logs. */
export type ErrorText = {
  /** The stable code, such as `E_INPUT`. */
  readonly code: ErrorCode
  /** What is wrong. */
  readonly message: string
  /** Where and why, one line each. */
  readonly why: readonly string[]
  /** What to write instead. */
  readonly fix?: string | undefined
}

/** An input as it was read, and the output that was made of it. */
export type MadeFile = {
  /** SHA-256 of the input. */
  readonly hash: string
  /** The stamp of the input when it was read; empty if the stamp could not be trusted. */
  readonly stamp: string
  /** Bytes of the output. */
  readonly size: number
  /** Time of its last change, in nanoseconds. */
  readonly time: string
}

export type Result =
  | {
      readonly kind: 'done'
      readonly pixels: number
      readonly clipped: Clipping
      readonly notes: readonly string[]
      readonly bytes: number
      readonly milliseconds: number
      /**
       * The part of the output's record still to be noted; undefined if it was noted before the output took its place.
       */
      readonly made: MadeFile | undefined
    }
  | { readonly kind: 'failed'; readonly error: ErrorText; readonly milliseconds: number }

export type FromWorker =
  /** `held`: the bytes of memory that the worker holds afterwards. */
  | { readonly kind: 'result'; readonly result: Result; readonly held: number }
  /** Sent before an output takes its place. Noted first, it is made only once, however the batch ends. */
  | { readonly kind: 'made'; readonly made: MadeFile }

/** Keeps V8's young generation small. A worker makes little garbage, but would take 10 MiB more for it over time. */
const youngObjects = '--max-semi-space-size=1'

/** The most characters of a worker's standard error that are kept, in case it dies. */
const mostKept = 2000

/** A process that works on one picture at a time. */
export type Worker = ReturnType<typeof startWorker>

/**
 * Starts a worker. It is a process, not a thread, so a picture that crashes the decoder or uses up the memory ends one
 * worker and not the batch. Nor do workers share anything that they would have to wait for.
 */
export function startWorker(setup: Setup, idle: number) {
  const child: ChildProcess = fork(fileURLToPath(distFile('batch-worker.js')), [], {
    // the decoder's own threads would only slow down the other workers
    env: { ...process.env, VIPS_CONCURRENCY: '1' },
    execArgv: [youngObjects],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let held = idle
  let isAlive = true
  let said = ''
  let noteMade: ((made: MadeFile) => void) | undefined
  let settle: ((result: Result) => void) | undefined
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => resolve()).once('error', () => resolve()),
  )

  const give = (result: Result) => {
    const to = settle
    settle = undefined
    to?.(result)
  }
  const die = (how: string) => {
    if (!isAlive) return
    isAlive = false
    give({ kind: 'failed', error: deathOf(how, said), milliseconds: 0 })
  }
  const send = (message: ToWorker) => {
    // a worker that has ended is handled in `exit`
    if (child.connected) child.send(message, () => undefined)
  }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-mostKept)
  })
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'made') {
      noteMade?.(message.made)
      send({ kind: 'place' })
      return
    }
    held = message.held
    give(message.result)
  })
  child.on('error', (error) => die(`could not be started: ${error.message}`))
  child.on('exit', (code, signal) =>
    die(signal === null ? `ended with status ${code}` : `was killed by ${signal}`),
  )
  send({ kind: 'setup', setup })

  return {
    pid: child.pid ?? 0,
    isAlive: () => isAlive,
    /** The memory that it holds, as it last reported. */
    held: () => held,
    /** Never rejects: the death of a worker is a failed result. `onMade` is called before an output takes its place. */
    run(order: Order, onMade: (made: MadeFile) => void): Promise<Result> {
      return new Promise((resolve) => {
        settle = resolve
        noteMade = onMade
        if (!isAlive) give({ kind: 'failed', error: deathOf('had already ended', said), milliseconds: 0 })
        else send({ kind: 'order', order })
      })
    },
    /** Ends it without waiting. The picture in progress is dropped, and no files of it are left. */
    retire(): void {
      if (child.connected) child.disconnect()
      child.unref()
      child.stderr?.destroy()
    },
    /** Ends it at once, and settles when it has ended. */
    kill(): Promise<void> {
      child.kill('SIGKILL')
      return gone
    },
  }
}

function deathOf(how: string, said: string): ErrorText {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const isKilled = how.endsWith('SIGKILL')
  return {
    code: 'E_WORKER',
    message: `the worker process ${how}`,
    why: [...(isKilled ? ['the system may be out of memory'] : []), ...lines.slice(-3)],
    ...(isKilled && { fix: 'a smaller --memory, or --jobs 1' }),
  }
}
