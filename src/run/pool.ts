import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as threads from 'node:worker_threads'
import { ConvoError } from '../error.ts'
import { distFile, requireHere } from '../files/package.ts'
import type { Address } from '../graph/address.ts'
import { isDue, pause, turn } from '../host/turns.ts'
import { isEnding } from '../signals.ts'
import { type Arena, controlAddress, createArena } from './arena.ts'
import {
  announceStaged,
  awaitFree,
  beginJob,
  claim,
  controlWords,
  endJob,
  isFree,
  release,
  stagedParts,
} from './control.ts'
import { compileEngine, loadEngine, optimise } from './engine.ts'
import type { GraphJob } from './graph-job.ts'
import { type PartPlan, prepareGraph } from './graph-part.ts'
import type { Made, PartResult } from './part.ts'
import type { Watch } from './watch.ts'

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'made'; readonly made: Made }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string }

/** A request to a worker: compute parts of this job, with this scratch memory, until none are left. */
export type WorkerOrder = {
  readonly job: GraphJob
  readonly parts: number
  readonly scratch: Address
  /** The number of slots for staged input, or 0 if the input is not staged. */
  readonly slots: number
}

/**
 * Threads around one shared memory. The calling thread and every worker that is ready claim parts of a job from an
 * atomic counter. Results come in any order and never depend on which thread computed them.
 */
export type Pool = {
  readonly threads: number
  /**
   * Starts `threads - 1` workers, which takes about as long as starting Node. Call it before waiting for anything else.
   */
  warm(): void
  /**
   * Lends out the memory and the threads, to one user after another. What the user allocated is released when its
   * promise settles, or earlier, when it calls `leave`.
   */
  exclusive<R>(use: (session: Session, leave: () => void) => Promise<R>, watch?: Watch): Promise<R>
  /** Ends the workers once everything lent out before has been given back. */
  close(): Promise<void>
}

/** Receives the result of each piece once, in any order, on the calling thread. */
export type OnPart = (piece: number, result: PartResult) => void

/** What a user of a pool works with during its turn. */
export type Session = {
  readonly arena: Arena
  readonly threads: number
  /** Runs all parts. `onPart` receives each result once, on the calling thread. */
  run(job: GraphJob, plans: readonly PartPlan[], onPart: OnPart, options?: RunOptions): Promise<void>
  /** Records memory that the same work would hold beside the shared one. Only in a session that computes nothing. */
  readonly hold?: (what: 'whole' | 'output' | 'input', bytes: number) => void
}

export type RunOptions = {
  /** Whether workers take part; if false, the calling thread does everything. */
  readonly parallel?: boolean
  /**
   * Whether parts take so long that the calling thread leaves them all to workers. It would not respond to signals
   * otherwise.
   */
  readonly aside?: boolean
  /** Awaited between parts. It lets results be written, and holds up the work while too many wait. */
  readonly drain?: () => Promise<void>
  /** The calling thread brings in the input of a part shortly before it is needed, into one of a few slots. */
  readonly staging?: Staging
}

/** How the input of a part is brought in. */
export type Staging = {
  readonly slots: number
  stage(part: number, slot: number): void
  /** A promise to wait for before the input of a part can be brought in, or undefined if it can be brought in now. */
  missing?(part: number): Promise<unknown> | undefined
}

/** How often the calling thread checks the input of parts while workers do all the work, in milliseconds. */
const lookEvery = 4

export const defaultThreads = (): number => availableParallelism()

/** Creates a pool with its own memory. No worker starts before `warm` or the first parallel job. */
export function createPool(threads: number = defaultThreads()): Pool {
  const arena = createArena()
  const module = compileEngine()
  const engine = loadEngine(arena.memory, module)
  const control = new Int32Array(arena.memory.buffer, controlAddress, controlWords)
  const workers: PoolWorker[] = []
  let queue: Promise<unknown> = Promise.resolve()

  const warm = (count = threads - 1) => {
    while (workers.length < count) workers.push(startWorker(arena.memory, module))
  }

  async function runNow(
    job: GraphJob,
    plans: readonly PartPlan[],
    onPart: OnPart,
    { parallel = true, aside = false, staging, drain }: RunOptions,
    { signal, onProgress }: Watch,
  ) {
    signal?.throwIfAborted()
    optimise()
    const mark = arena.mark()
    const parts = plans.length
    const own = aside ? 0 : 1
    const helpers = parallel || aside ? Math.min(threads - own, parts - own) : 0
    const scratch = Array.from({ length: helpers + own }, () => arena.alloc(job.scratchBytes))
    if (helpers > 0) warm(Math.max(helpers, threads - 1))
    beginJob(control, staging !== undefined)
    const slots = staging?.slots ?? 0
    let done = 0
    let thrown: { readonly error: unknown } | undefined
    // also called by messages of workers, where nothing would catch an error
    const onDone = ({ piece, result }: Made) => {
      done++
      try {
        onPart(piece, result)
        onProgress?.(done / job.pieces)
      } catch (error) {
        thrown ??= { error }
      }
    }
    const rethrow = () => {
      if (thrown !== undefined) throw thrown.error
    }
    const hired = workers.slice(0, helpers).map((worker, i) => {
      return worker.offer({ job, parts, scratch: scratch[i + own]!, slots }, onDone)
    })
    // Lets in messages of the workers: results, readiness, death. Without workers, it lets in signals now and then.
    const listen = async () => {
      await (helpers > 0 ? turn() : pause())
      if (isEnding()) {
        // what is still running must not be delayed by results that are no longer needed
        endJob(control)
        await new Promise(() => undefined)
      }
      signal?.throwIfAborted()
      rethrow()
      const failed = hired.find((h) => h.failure !== undefined)
      if (failed !== undefined) throw failed.failure
    }
    const stageAhead = () => {
      if (staging === undefined) return
      for (let p = stagedParts(control); p < parts && isFree(control, p, slots); p++) {
        if (staging.missing?.(p) !== undefined) return
        staging.stage(p, p % slots)
        announceStaged(control)
        if (isDue()) return
      }
    }
    /** Whether there is a place for the input of a part, but the input has not arrived yet. */
    const isAwaited = (p: number) =>
      p < parts && isFree(control, p, slots) && staging?.missing?.(p) !== undefined
    try {
      if (aside) await yieldTurn()
      else await takePart()
      // All parts are claimed, but workers may still wait for the input of theirs.
      while (stagedParts(control) < parts) await bringIn()
      await Promise.all(hired.map((h) => h.finish()))
      rethrow()
    } catch (error) {
      endJob(control)
      await Promise.allSettled(hired.map((h) => h.finish()))
      throw error
    } finally {
      arena.release(mark)
    }

    async function takePart(): Promise<void> {
      const runPart = prepareGraph(job, engine, scratch[0]!, { isAlone: helpers === 0, plans })
      for (;;) {
        stageAhead()
        // a part takes long, and the decoder would not go on meanwhile
        while (helpers > 0 && isAwaited(stagedParts(control))) await bringIn()
        const part = claim(control)
        if (part >= parts) break
        while (stagedParts(control) <= part) await bringIn()
        for (const made of runPart(part)) {
          if (made !== undefined) {
            onDone(made)
            await drain?.()
          } else if (isDue()) await listen()
        }
        if (staging !== undefined) release(control, part, slots)
        await listen()
      }
    }

    async function yieldTurn(): Promise<void> {
      while (done < job.pieces) {
        const next = stagedParts(control)
        await (next < parts ? staging?.missing?.(next) : undefined)
        stageAhead()
        await sleep(lookEvery)
        await listen()
        await drain?.()
      }
    }

    /** Waits for a free slot and for the input of the next part to be staged, and stages it. */
    async function bringIn(): Promise<void> {
      const next = stagedParts(control)
      const missing = staging?.missing?.(next)
      if (missing === undefined) awaitFree(control, next, slots)
      else await missing
      stageAhead()
      await listen()
    }
  }

  const sessionOf = (watch: Watch, release: Arena['release']): Session => ({
    arena: { ...arena, release },
    threads,
    run: (job, plans, onPart, options = {}) => runNow(job, plans, onPart, options, watch),
  })

  function exclusive<R>(
    use: (session: Session, leave: () => void) => Promise<R>,
    watch: Watch = {},
  ): Promise<R> {
    const before = queue
    let pass: () => void = () => undefined
    const passed = new Promise<void>((resolve) => {
      pass = resolve
    })
    // drops the values; otherwise each would keep the one before it alive forever
    queue = Promise.all([before, passed]).then(() => undefined)
    return untilAborted(before, watch.signal)
      .then(async () => {
        const mark = arena.mark()
        let isHere = true
        const leave = () => {
          if (isHere) arena.release(mark)
          isHere = false
          pass()
        }
        try {
          // after it has left, what is allocated belongs to others
          return await use(
            sessionOf(watch, (to) => isHere && arena.release(to)),
            leave,
          )
        } finally {
          leave()
        }
      })
      .finally(pass)
  }

  return {
    threads,
    warm: () => warm(),
    exclusive,
    close: () => exclusive(async () => void (await Promise.all(workers.splice(0).map((w) => w.stop())))),
  }
}

/** Returns the value of a promise. Rejects with the reason of the signal if the signal is aborted first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([aborted, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * A job offered to a worker. The worker takes it up when it is ready, or it is dropped if the work is finished before.
 */
type Hire = { failure: Error | undefined; finish(): Promise<void> }

type PoolWorker = {
  offer(order: WorkerOrder, onMade: (made: Made) => void): Hire
  stop(): Promise<void>
}

function startWorker(memory: WebAssembly.Memory, module: WebAssembly.Module): PoolWorker {
  // loaded here, because a small picture does not need it
  const { Worker } = requireHere('node:worker_threads') as typeof threads
  // Flags of the process must not reach workers: --input-type would keep them from starting, --import would slow them
  // down.
  const worker = new Worker(distFile('worker.js'), { workerData: { memory, module }, execArgv: [] })
  let ready = false
  let death: Error | undefined
  let current:
    | (Hire & {
        start(): void
        started: boolean
        settle(error?: Error): void
        onMade(made: Made): void
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
    } else if (message.kind === 'made') current?.onMade(message.made)
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
  // This comes last, because a listener for messages makes the port keep the process alive. Only a job should, from
  // start to settle.
  worker.unref()

  return {
    offer(order, onMade) {
      let settle: () => void = () => undefined
      const settled = new Promise<void>((resolve) => {
        settle = resolve
      })
      const hire = {
        failure: death,
        started: false,
        onMade,
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
          // A worker that was not ready in time got no job, so it is not waited for.
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
