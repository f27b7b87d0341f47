import type * as threads from 'node:worker_threads'
import { ConvoError } from '../error.ts'
import { distFile, requireHere } from '../files/package.ts'
import { copyTo, type NumberArray, pieceOf } from '../host/turns.ts'
import { comparePictures } from '../image/compare/compare.ts'
import type { Compare } from '../image/compare/pages.ts'
import { haveEqualBits } from '../image/compare/pair.ts'
import { isGuest, isHearing } from '../signals.ts'
import type { Picture } from '../tensor/picture.ts'
import { closeWithPools } from './closing.ts'

/** Long-running tasks, under the names that `src/apart-worker.ts` gives them. */
export type Task =
  | 'animate'
  | 'compare'
  | 'glow'
  | 'network'
  | 'readKernel'
  | 'selfTest'
  | 'show'
  | 'writeKernel'

/** A request to the thread. */
export type Order = { readonly id: number; readonly task: Task; readonly given: readonly unknown[] }

/** The reply to an `Order`. */
export type Answer = { readonly id: number } & (
  | { readonly found: unknown }
  | { readonly error: Pick<ConvoError, 'code' | 'message' | 'why' | 'fix' | 'instead'> }
)

type Waiting = { done(found: unknown): void; failed(error: Error): void }

let worker: threads.Worker | undefined
const waiting = new Map<number, Waiting>()
const answers = new Set<Promise<unknown>>()
let orders = 0

/**
 * Wraps a function that may take seconds so that it runs on a separate thread. It does so in a program that uses convo
 * as a library, which has to stay responsive, and on the command line for large pictures, so that Ctrl-C works.
 * Arguments and results are plain data and are copied, except that samples and bytes are shared by both threads.
 */
export const apart =
  <A extends readonly unknown[], R>(task: Task, act: (...given: A) => R | Promise<R>) =>
  async (...given: A): Promise<R> => {
    if (!isGuest() && !(isHearing() && given.some(isLargePicture))) return act(...given)
    const answer = answerTo(task, given)
    const met = answer.catch(() => undefined).finally(() => answers.delete(met))
    answers.add(met)
    return answer as Promise<R>
  }

const comparedApart = apart('compare', comparePictures)

/** The samples of pictures that are checked for equality in a fraction of a millisecond. */
const fewSamples = 2 ** 21

const isQuicklyEqual = ({ data: a }: Picture, { data: b }: Picture): boolean =>
  a.length <= fewSamples && a.length === b.length && haveEqualBits(a, b)

/**
 * `comparePictures`, on a separate thread for large pictures that differ, where a tolerance that looks around every
 * pixel takes seconds.
 */
export const compareApart: Compare = (expected, actual, tolerance) =>
  isLarge(expected, actual) && !isQuicklyEqual(expected, actual)
    ? comparedApart(expected, actual, tolerance)
    : comparePictures(expected, actual, tolerance)

/** Whether work on these pictures is worth another thread. */
export const isLarge = (...pictures: readonly Picture[]): boolean =>
  pictures.reduce((sum, { data }) => sum + data.length, 0) > 8 * pieceOf

const isLargePicture = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'data' in given && isLarge(given as Picture)

async function answerTo(task: Task, given: readonly unknown[]): Promise<unknown> {
  const order: Order = { id: ++orders, task, given: await Promise.all(given.map(shared)) }
  return new Promise((done, failed) => {
    worker ??= start()
    worker.postMessage(order)
    if (waiting.set(order.id, { done, failed }).size === 1) worker.ref()
  })
}

/** Ends the thread once it has answered everything. It starts again when it is needed. */
async function close(): Promise<void> {
  while (answers.size > 0) await Promise.all(answers)
  const ended = worker
  worker = undefined
  await ended?.terminate()
}

function start(): threads.Worker {
  const { Worker } = requireHere('node:worker_threads') as typeof threads
  const made = new Worker(distFile('apart-worker.js'), { execArgv: [] })
  const answered = (id: number): Waiting | undefined => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) made.unref()
    return one
  }
  made.on('message', (answer: Answer) => {
    const one = answered(answer.id)
    if ('found' in answer) one?.done(answer.found)
    else one?.failed(new ConvoError(answer.error.code, answer.error.message, answer.error))
  })
  const failed = (cause: unknown) => {
    if (worker === made) worker = undefined
    for (const id of [...waiting.keys()])
      answered(id)?.failed(new ConvoError('E_WORKER', 'a background thread of convo failed', { cause }))
  }
  made.on('error', failed)
  made.on('messageerror', failed)
  made.on('exit', (status) => {
    if (worker === made) failed(status)
  })
  made.unref()
  closeWithPools(close)
  return made
}

/**
 * Makes a value visible to the other thread: large arrays are copied into shared memory unless they are already there.
 */
async function shared(one: unknown): Promise<unknown> {
  if (typeof one !== 'object' || one === null || one instanceof Map || Array.isArray(one)) return one
  // an array whose buffer was transferred is empty and cannot be sent
  if (ArrayBuffer.isView(one) && one.byteLength === 0) return new Uint8Array()
  // sending a view sends the whole buffer under it
  if (ArrayBuffer.isView(one)) return one.buffer.byteLength > 2 ** 16 ? inShared(one as NumberArray) : one
  const all = await Promise.all(
    Object.entries(one).map(async ([key, value]) => [key, await shared(value)] as const),
  )
  return Object.fromEntries(all)
}

async function inShared(data: NumberArray): Promise<NumberArray> {
  if (data.buffer instanceof SharedArrayBuffer) return data
  const type = data instanceof Uint8Array ? Uint8Array : data.constructor
  const made = type as new (buffer: SharedArrayBuffer) => NumberArray
  const copy = new made(new SharedArrayBuffer(data.byteLength))
  await copyTo(copy, data, 0)
  return copy
}
