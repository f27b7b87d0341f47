import { availableParallelism } from 'node:os'
import { setImmediate as immediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ConvoError } from '../error.ts'
import { type Arena, controlAddress, createArena } from './arena.ts'
import { distFile, loadEngine } from './engine.ts'
import { type Job, type PartResult, prepareJob } from './jobs.ts'

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'part'; readonly part: number; readonly result: PartResult }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string }

/** What a worker is told: take parts of this job, with this scratch memory, until none is left. */
export type WorkerOrder = { readonly job: Job; readonly parts: number; readonly scratch: number }

/**
 * Threads around one shared memory. Parts of a job are claimed from an atomic counter by the calling thread and by every
 * worker that is ready; results come in any order and never depend on who computed them.
 */
export type Pool = {
  readonly threads: number
  /** Starts `threads - 1` workers, which takes about as long as starting Node; call it before other waits. */
  warm(): void
  /**
   * Lends out the memory and the threads, to one user after the other; what the user allocated is taken back when its
   * promise settles.
   */
  exclusive<R>(use: (session: Session) => Promise<R>): Promise<R>
  close(): Promise<void>
}

/** What one user of a pool has while it has it. */
export type Session = {
  readonly arena: Arena
  /** Runs all parts; `onPart` sees each result once, on the calling thread. */
  run(
    job: Job,
    parts: number,
    onPart: (part: number, result: PartResult) => void,
    options?: RunOptions,
  ): Promise<void>
}

export type RunOptions = {
  /** False: the calling thread does all. */
  readonly parallel?: boolean
}

/** The threads to use when nobody says how many. */
export const defaultThreads = (): number => availableParallelism()

const nextPart = 0
const noMore = 0x3fffffff

/** A pool with a memory of its own. No worker starts before `warm` or the first parallel job. */
export function createPool(threads: number = defaultThreads()): Pool {
  const arena = createArena()
  const engine = loadEngine(arena.memory)
  const control = new Int32Array(arena.memory.buffer, controlAddress, 4)
  const workers: PoolWorker[] = []
  let queue: Promise<unknown> = Promise.resolve()

  const warm = () => {
    while (workers.length < threads - 1) workers.push(startWorker(arena.memory))
  }

  async function runNow(
    job: Job,
    parts: number,
    onPart: (part: number, result: PartResult) => void,
    parallel: boolean,
  ) {
    const mark = arena.mark()
    const helpers = parallel ? Math.min(threads - 1, parts - 1) : 0
    const scratch = Array.from({ length: helpers + 1 }, () => arena.alloc(job.scratchBytes))
    if (helpers > 0) warm()
    Atomics.store(control, nextPart, 0)
    const hired = workers
      .slice(0, helpers)
      .map((worker, i) => worker.offer({ job, parts, scratch: scratch[i + 1]! }, onPart))
    try {
      const runPart = prepareJob(job, engine, arena.memory, scratch[0]!)
      for (let part = claim(control); part < parts; part = claim(control)) {
        onPart(part, runPart(part))
        // Lets messages of the workers in: results, readiness, death.
        if (helpers > 0) await immediate()
        const failed = hired.find((h) => h.failure !== undefined)
        if (failed !== undefined) throw failed.failure
      }
      await Promise.all(hired.map((h) => h.finish()))
    } catch (error) {
      Atomics.store(control, nextPart, noMore)
      await Promise.allSettled(hired.map((h) => h.finish()))
      throw error
    } finally {
      arena.release(mark)
    }
  }

  const session: Session = {
    arena,
    run: (job, parts, onPart, { parallel = true } = {}) => runNow(job, parts, onPart, parallel),
  }

  return {
    threads,
    warm,
    exclusive(use) {
      const result = queue.then(async () => {
        const mark = arena.mark()
        try {
          return await use(session)
        } finally {
          arena.release(mark)
        }
      })
      queue = result.catch(() => undefined)
      return result
    },
    async close() {
      await Promise.all(workers.splice(0).map((w) => w.stop()))
    },
  }
}

/** The next part that nobody has taken. */
export const claim = (control: Int32Array): number => Atomics.add(control, nextPart, 1)

/** A job offered to a worker: taken up when it is ready, forgotten when the work is gone before. */
type Hire = { failure: Error | undefined; finish(): Promise<void> }

type PoolWorker = {
  offer(order: WorkerOrder, onPart: (part: number, result: PartResult) => void): Hire
  stop(): Promise<void>
}

function startWorker(memory: WebAssembly.Memory): PoolWorker {
  const worker = new Worker(distFile('worker.js'), { workerData: { memory } })
  worker.unref()
  let ready = false
  let death: Error | undefined
  let current:
    | (Hire & {
        start(): void
        started: boolean
        settle(error?: Error): void
        onPart: (part: number, result: PartResult) => void
      })
    | undefined

  const die = (error: Error) => {
    death ??= error
    current?.settle(error)
  }
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'ready') {
      ready = true
      current?.start()
    } else if (message.kind === 'part') current?.onPart(message.part, message.result)
    else if (message.kind === 'done') current?.settle()
    else current?.settle(workerFailure(message.message, message.stack))
  })
  worker.on('error', (error: Error & { code?: string }) => {
    const memoryGone = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    die(
      memoryGone
        ? new ConvoError('E_MEMORY', 'a worker thread ran out of memory', {
            fix: '--threads 1, or a smaller picture',
            cause: error,
          })
        : workerFailure(error.message, error.stack ?? ''),
    )
  })
  worker.on('exit', (code) =>
    die(new ConvoError('E_WORKER', `a worker thread ended with exit code ${code}`, { fix: '--threads 1' })),
  )

  return {
    offer(order, onPart) {
      let settle: () => void = () => undefined
      const settled = new Promise<void>((resolve) => {
        settle = resolve
      })
      const hire = {
        failure: death,
        started: false,
        onPart,
        start() {
          hire.started = true
          worker.ref()
          worker.postMessage(order)
        },
        settle(error?: Error) {
          hire.failure ??= error
          worker.unref()
          current = undefined
          settle()
        },
        async finish() {
          // A worker that was not ready in time was never told; it is not waited for.
          if (hire.started && hire.failure === undefined) await settled
          else if (current === hire) current = undefined
          if (hire.failure !== undefined) throw hire.failure
        },
      }
      current = hire
      if (death === undefined && ready) hire.start()
      return hire
    },
    async stop() {
      worker.removeAllListeners('exit')
      await worker.terminate()
    },
  }
}

const workerFailure = (message: string, stack: string): ConvoError =>
  new ConvoError('E_WORKER', `a worker thread failed: ${message}`, {
    why: stack
      .split('\n')
      .slice(1, 3)
      .map((l) => l.trim()),
    fix: '--threads 1',
  })
