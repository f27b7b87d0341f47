import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ErrorCode } from '../error.ts'
import { distFile } from '../files/package.ts'

/** What all workers of a batch get first. */
export type Setup = {
  /** The operation and its options, as typed. */
  readonly words: readonly string[]
  readonly inPlace: boolean
}

/** One picture to process. */
export type Order = { readonly input: string; readonly output: string; readonly threads: number }

/** What main and worker say to each other. */
export type ToWorker =
  | { readonly kind: 'setup'; readonly setup: Setup }
  | { readonly kind: 'order'; readonly order: Order }
  /** What was made was noted: it may take its place. */
  | { readonly kind: 'place' }

/** An error, in the form in which it goes from process to process and into logs. */
export type ErrorText = {
  /** The stable code, such as `E_INPUT`. */
  readonly code: ErrorCode
  /** What is wrong. */
  readonly message: string
  /** Where and why, a line each. */
  readonly why: readonly string[]
  /** What to write instead. */
  readonly fix?: string | undefined
}

/** Of an input its hash and stamp, of the output its size and the time of its last change. */
export type MadeFile = {
  readonly hash: string
  readonly stamp: string
  readonly size: number
  readonly time: string
}

/** What came of an order. */
export type Result =
  | {
      readonly kind: 'done'
      readonly pixels: number
      readonly clipped: { readonly low: number; readonly high: number; readonly samples: number }
      readonly notes: readonly string[]
      readonly bytes: number
      readonly milliseconds: number
      /** What is still to be noted of the output; undefined where that was done before it took its place. */
      readonly made: MadeFile | undefined
    }
  | { readonly kind: 'failed'; readonly error: ErrorText; readonly milliseconds: number }

export type FromWorker =
  /** `held`: bytes of memory that the worker has after it. */
  | { readonly kind: 'result'; readonly result: Result; readonly held: number }
  /** Before an output takes its place: noted first, it is made once, however the batch ends. */
  | { readonly kind: 'made'; readonly made: MadeFile }

/** Small halves for young objects: a worker makes little garbage, and would take 10 MiB more for it as pictures go by. */
const youngObjects = '--max-semi-space-size=1'

/** Most of what a worker writes to standard error that is kept, for the case that it dies. */
const mostKept = 2000

/** A process that works on one picture at a time. */
export type Worker = ReturnType<typeof startWorker>

/**
 * Starts a worker. It is a process and not a thread: pictures that crash the decoder, or take the last memory, then end
 * one worker and not the batch; and nothing is shared that they would have to wait for.
 */
export function startWorker(setup: Setup, idle: number) {
  const child: ChildProcess = fork(fileURLToPath(distFile('batch-worker.js')), [], {
    // the decoder's own threads would only get in the way of the other workers
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
    // a worker that is gone is met in `exit`
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
    /** The memory that it holds, as it said last. */
    held: () => held,
    /** Never fails: a worker that dies gives a result that says so. `onMade` is called before an output takes its place. */
    run(order: Order, onMade: (made: MadeFile) => void): Promise<Result> {
      return new Promise((resolve) => {
        settle = resolve
        noteMade = onMade
        if (!isAlive) give({ kind: 'failed', error: deathOf('had already ended', said), milliseconds: 0 })
        else send({ kind: 'order', order })
      })
    },
    /** Lets it go; what it is at is dropped, without a trace. */
    retire(): void {
      if (child.connected) child.disconnect()
      child.unref()
      child.stderr?.destroy()
    },
    /** Ends it at once, and settles when it is gone. */
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
