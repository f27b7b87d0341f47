import { availableParallelism } from 'node:os'
import type * as threads from 'node:worker_threads'
import { distFile, requireHere } from '../files/package.ts'
import type { Address } from '../graph/address.ts'
import { compileEngine } from './engine.ts'
import { type Bench, type Cursor, type Strip, UnsoundPng } from './png-data.ts'

/** What a helper is asked: make the strips that are left, no more than there are slots ahead of those that were used. */
export type RowsOrder = {
  readonly cursor: Cursor
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module
  /** Two words: how many strips were used, and whether no more are wanted. */
  readonly control: Address
}

/** What a helper says: strips in order, and then how it ended. */
export type RowsAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'strip'; readonly strip: Strip }
  | { readonly kind: 'end'; readonly isSound: boolean }

/** Bytes of rows from which on, in one picture or many, to start a thread takes less time than it saves. */
const worthwhile = 2 ** 25

type Helper = {
  readonly worker: threads.Worker
  /** Undefined until it has started, and when it is lost. */
  isIdle: boolean | undefined
  hear: (answer: RowsAnswer) => void
}

const helpers: Helper[] = []
let most: number | undefined
let wanted = 0

/** Takes note of rows to be made; starts helpers when there are enough. The result is whether some were started just now. */
export function expectRows(bytes: number): boolean {
  wanted += bytes
  most ??= availableParallelism() - 1
  const before = helpers.length
  try {
    while (helpers.length < Math.min(most, Math.floor(wanted / worthwhile))) helpers.push(startHelper())
  } catch {
    // where threads are not permitted, it goes on alone
    most = 0
  }
  return helpers.length > before
}

function startHelper(): Helper {
  const { Worker } = requireHere('node:worker_threads') as typeof threads
  const worker = new Worker(distFile('png-helper.cjs'), { execArgv: [] })
  const helper: Helper = { worker, isIdle: undefined, hear: () => undefined }
  worker.on('message', (answer: RowsAnswer) => {
    if (answer.kind === 'ready') helper.isIdle = true
    else helper.hear(answer)
  })
  // whoever waits for it has the picture decoded in the general way
  const lose = () => {
    helper.isIdle = undefined
    helper.hear({ kind: 'end', isSound: false })
  }
  worker.on('error', lose)
  worker.on('exit', lose)
  // last: a listener for messages keeps the process alive
  worker.unref()
  return helper
}

/** Hands the rest of a picture to a thread that has nothing to do; undefined where there is none. */
export function madeAside(cursor: Cursor, bench: Bench): AsyncGenerator<Strip> | undefined {
  const helper = helpers.find(({ isIdle }) => isIdle === true)
  if (helper === undefined) return undefined
  helper.isIdle = false
  return stripsFrom(helper, cursor, bench)
}

async function* stripsFrom(
  helper: Helper,
  cursor: Cursor,
  { arena: { memory, alloc } }: Bench,
): AsyncGenerator<Strip> {
  const control = alloc(8)
  const words = new Int32Array(memory.buffer, control, 2)
  words.fill(0)
  const heard: RowsAnswer[] = []
  let onHeard: () => void = () => undefined
  helper.hear = (answer) => {
    heard.push(answer)
    onHeard()
  }
  const next = async (): Promise<RowsAnswer> => {
    if (heard.length === 0) {
      await new Promise<void>((resolve) => {
        onHeard = resolve
      })
    }
    return heard.shift()!
  }
  const { source } = cursor
  const order: RowsOrder = {
    // a view is copied with all that is in its buffer
    cursor: { ...cursor, source: typeof source === 'string' ? source : source.slice() },
    ...{ memory, module: compileEngine(), control },
  }
  helper.worker.ref()
  helper.worker.postMessage(order)
  let answer: RowsAnswer | undefined
  try {
    for (answer = await next(); answer.kind === 'strip'; answer = await next()) {
      yield answer.strip
      Atomics.add(words, 0, 1)
      Atomics.notify(words, 0)
    }
    if (answer.kind === 'end' && !answer.isSound) throw new UnsoundPng('found by a helper')
  } finally {
    Atomics.store(words, 1, 1)
    Atomics.add(words, 0, 1)
    Atomics.notify(words, 0)
    // until then it writes to the memory
    while (answer?.kind !== 'end') answer = await next()
    helper.worker.unref()
    helper.hear = () => undefined
    // only now, as what is taken up by another stream is heard by that one alone
    if (helper.isIdle === false) helper.isIdle = true
  }
}
