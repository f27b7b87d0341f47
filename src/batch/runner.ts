import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ErrorCode } from '../error.ts'
import { clearBeside } from '../files/leftovers.ts'
import { distFile } from '../files/package.ts'
import type { Clipping } from '../run/watch.ts'
import { undoAtEnd } from '../signals.ts'
import { mebibytes } from '../text/count.ts'
import { type Appetite, createFootprints, type Footprint, idleWorker, largePixels } from './footprint.ts'
import type { Item } from './items.ts'

/** An item to run, and why. */
export type Task = { readonly item: Item; readonly reason: string }

export type RunnerOptions = {
  readonly setup: Setup
  readonly appetite: Appetite
  /** The number of threads, and of pictures processed at the same time. */
  readonly jobs: number
  /** The bytes that all workers together may hold. */
  readonly memory: number
  /** Bytes that are available now, for a picture that needs more than `memory`. */
  readonly available: () => number
  onResult(task: Task, result: Result, footprint: Footprint): void
  /** Called before an output takes its place. */
  onMade(task: Task, made: MadeFile): void
  /** Called if no worker ever did any work. */
  onBroken(): void
}

/** How many items are examined before their turn. */
const lookAhead = 2

/** If this many workers died before one did any work, the pictures are not the cause. */
const mostDeaths = 3

type Ready = { readonly task: Task; readonly footprint: Footprint }

/** Runs items on worker processes; none starts before there is work. */
export function createRunner(options: RunnerOptions) {
  const footprintOf = createFootprints(options.appetite)
  const queue: Task[] = []
  const ready: Ready[] = []
  const workers: { readonly worker: Worker; current: (Ready & { readonly threads: number }) | undefined }[] =
    []
  let reading = 0
  let deaths = 0
  let hasWorked = false
  let hasEnded = false
  let onDrained: (() => void)[] = []
  let isStopped = false

  const inFlight = () => workers.filter(({ current }) => current !== undefined)
  const memoryOf = ({ worker, current }: (typeof workers)[number]) =>
    Math.max(worker.held(), idleWorker + (current?.footprint.bytes ?? 0))
  const memoryHeld = () => workers.reduce((sum, one) => sum + memoryOf(one), 0)

  function read(): void {
    while (ready.length + reading < options.jobs * lookAhead && queue.length > 0) {
      const task = queue.shift()!
      reading++
      void footprintOf(task.item).then((footprint) => {
        reading--
        if (!isStopped) ready.push({ task, footprint })
        pump()
      })
    }
  }

  function pump(): void {
    read()
    while (!isStopped && ready.length > 0 && start(ready[0]!)) {
      ready.shift()
      read()
    }
    if (queue.length + ready.length + reading + inFlight().length > 0) return
    const waiting = onDrained
    onDrained = []
    for (const done of waiting) done()
  }

  /** Gives an item to a worker, or refuses it. Returns false if it has to wait. */
  function start(next: Ready): boolean {
    const busy = inFlight()
    const taken = busy.reduce((sum, { current }) => sum + current!.threads, 0)
    if (taken >= options.jobs) return false
    const idle = workers.find(({ current }) => current === undefined)
    const need = idleWorker + next.footprint.bytes
    if (memoryHeld() - (idle === undefined ? 0 : memoryOf(idle)) + need > options.memory) {
      // a worker frees the memory of a large picture only when it ends
      for (const one of [...workers]) if (one.current === undefined) dismiss(one)
      if (memoryHeld() + need > options.memory) {
        if (busy.length > 0) return false
        const available = options.available()
        if (need > available) {
          refuse(next, need, available)
          return true
        }
      }
    }
    // the others that could run beside it; in memory that does not hold them they do not count
    const others = ready.length - 1 + reading + queue.length
    const free = options.jobs - taken
    const isAlone = need > options.memory
    const isLarge = next.footprint.pixels > largePixels
    const threads = !isLarge ? 1 : isAlone ? free : Math.max(1, Math.floor(free / Math.min(others + 1, free)))
    void give(next, threads)
    return true
  }

  async function give(next: Ready, threads: number): Promise<void> {
    const one = workers.find(({ current }) => current === undefined) ?? hire()
    one.current = { ...next, threads }
    const { input, output } = next.task.item
    const order: Order = { input, output, threads }
    const result = await one.worker.run(order, (made) => options.onMade(next.task, made))
    one.current = undefined
    if (one.worker.isAlive()) hasWorked = true
    else {
      deaths++
      // it had no time to remove its unfinished output
      clearBeside(output, one.worker.pid)
      dismiss(one)
    }
    // stopped at once: dropped work is not reported
    if (hasEnded) return
    options.onResult(next.task, result, next.footprint)
    if (!hasWorked && deaths >= mostDeaths) options.onBroken()
    pump()
  }

  function hire() {
    const one = { worker: startWorker(options.setup, idleWorker), current: undefined }
    workers.push(one)
    return one
  }

  function dismiss(one: (typeof workers)[number]): void {
    const at = workers.indexOf(one)
    if (at < 0) return
    workers.splice(at, 1)
    one.worker.retire()
  }

  function stop(): void {
    isStopped = true
    ready.length = 0
    queue.length = 0
    pump()
  }

  function refuse(next: Ready, need: number, available: number): void {
    const { item } = next.task
    const error: ErrorText = {
      code: 'E_MEMORY',
      message: `${item.input} needs more memory than is available`,
      why: [
        `${item.input}: ${next.footprint.pixels} pixels need about ${mebibytes(need)}; ${mebibytes(available)} are available, --memory is ${mebibytes(options.memory)}`,
      ],
      fix: 'a machine with more memory, or a smaller picture',
    }
    reading++
    queueMicrotask(() => {
      reading--
      options.onResult(next.task, { kind: 'failed', error, milliseconds: 0 }, next.footprint)
      pump()
    })
  }

  return {
    add(tasks: readonly Task[]): void {
      if (isStopped) return
      for (const task of tasks) queue.push(task)
      pump()
    },
    /** Settles when nothing is queued or in flight. */
    drained: () =>
      new Promise<void>((resolve) => {
        onDrained.push(resolve)
        pump()
      }),
    /** Starts nothing more. */
    stop,
    /** Dismisses all workers, and drops their current work. */
    end(): void {
      hasEnded = true
      isStopped = true
      for (const one of [...workers]) dismiss(one)
    },
    /** Ends all workers at once, and removes what they leave. Their current work is not reported. */
    async kill(): Promise<void> {
      hasEnded = true
      stop()
      const left = inFlight().map(({ worker, current }) => ({ pid: worker.pid, item: current!.task.item }))
      // on a busy system they may not end in time
      const clear = () => {
        for (const { pid, item } of left) clearBeside(item.output, pid)
      }
      const isDone = undoAtEnd(clear)
      await Promise.all(workers.map(({ worker }) => worker.kill()))
      clear()
      isDone()
      pump()
    },
  }
}

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
