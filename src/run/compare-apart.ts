import type * as threads from 'node:worker_threads'
import { ConvoError } from '../error.ts'
import { distFile, requireHere } from '../files/package.ts'
import { copyTo, pieceOf } from '../host/turns.ts'
import { comparePictures } from '../image/compare/compare.ts'
import type { Comparison } from '../image/compare/comparison.ts'
import type { Compare } from '../image/compare/pages.ts'
import type { Tolerance } from '../image/compare/tolerance.ts'
import { isGuest } from '../signals.ts'
import type { Picture, Samples } from '../tensor/picture.ts'
import { closeWithPools } from './closing.ts'

/** What the thread is asked. */
export type CompareOrder = {
  readonly id: number
  readonly expected: Picture
  readonly actual: Picture
  readonly tolerance: Tolerance
}

/** What it answers. */
export type CompareAnswer = { readonly id: number } & (
  | { readonly comparison: Comparison }
  | { readonly error: Pick<ConvoError, 'code' | 'message' | 'why' | 'fix'> }
)

type Waiting = { done(comparison: Comparison): void; failed(error: Error): void }

let worker: threads.Worker | undefined
const waiting = new Map<number, Waiting>()
const answers = new Set<Promise<unknown>>()
let orders = 0

/**
 * `comparePictures`, which of large pictures takes seconds where a tolerance looks around every pixel: in a program that has
 * others to answer, on a thread of its own. The pictures are copied to it.
 */
export const compareApart: Compare = (expected, actual, tolerance) => {
  if (!isGuest() || expected.data.length + actual.data.length <= 2 * pieceOf)
    return comparePictures(expected, actual, tolerance)
  const answer = answerTo(expected, actual, tolerance)
  const met = answer.catch(() => undefined).finally(() => answers.delete(met))
  answers.add(met)
  return answer
}

async function answerTo(expected: Picture, actual: Picture, tolerance: Tolerance): Promise<Comparison> {
  const order = { id: ++orders, expected: await shared(expected), actual: await shared(actual), tolerance }
  return new Promise<Comparison>((done, failed) => {
    worker ??= start()
    worker.postMessage(order)
    if (waiting.set(order.id, { done, failed }).size === 1) worker.ref()
  })
}

/** Ends the thread, when it has answered all; it starts again when it is needed. */
async function close(): Promise<void> {
  while (answers.size > 0) await Promise.all(answers)
  const ended = worker
  worker = undefined
  await ended?.terminate()
}

function start(): threads.Worker {
  const { Worker } = requireHere('node:worker_threads') as typeof threads
  const made = new Worker(distFile('compare-worker.js'), { execArgv: [] })
  const answered = (id: number): Waiting | undefined => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) made.unref()
    return one
  }
  made.on('message', (answer: CompareAnswer) => {
    const one = answered(answer.id)
    if ('comparison' in answer) one?.done(answer.comparison)
    else {
      const { code, message, why, fix } = answer.error
      one?.failed(new ConvoError(code, message, { why, ...(fix !== undefined && { fix }) }))
    }
  })
  made.on('error', (cause) => {
    worker = undefined
    for (const id of [...waiting.keys()])
      answered(id)?.failed(new ConvoError('E_WORKER', 'the thread that compares pictures failed', { cause }))
  })
  made.unref()
  closeWithPools(close)
  return made
}

/** A picture whose samples another thread can see: a copy, unless they can be shared. */
async function shared(picture: Picture): Promise<Picture> {
  const { data } = picture
  if (data.buffer instanceof SharedArrayBuffer) return picture
  const type = data.constructor as new (buffer: SharedArrayBuffer) => Samples
  const copy = new type(new SharedArrayBuffer(data.byteLength))
  await copyTo(copy, data, 0)
  return { ...picture, data: copy }
}
