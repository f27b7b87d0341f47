// The process that works on one picture at a time, started by runner.ts and bundled as dist/batch-worker.js.
import type { BigIntStats } from 'node:fs'
import { asConvoError, ConvoError } from '../error.ts'
import { makeFolder, placeBeside, removeQuietly, replaceBy } from '../files/change.ts'
import { hashFile, isSettled, stampOf } from '../files/hash.ts'
import { customizeOutputs, isSameFile } from '../files/output.ts'
import { statOf } from '../files/root.ts'
import { processPicture } from '../picture/process.ts'
import { createPool, type Pool } from '../run/pool.ts'
import { setRole, undoAll } from '../signals.ts'
import { type BatchOperation, prepareBatchOperation } from './operation.ts'
import type { ErrorText, FromWorker, MadeFile, Order, Result, Setup, ToWorker } from './runner.ts'

// Signals from Ctrl-C and from schedulers reach the workers too. They are ignored: the parent decides when to end.
setRole('crew')
customizeOutputs({
  makeFolder,
  async ask(temporary, path) {
    if (path === noting?.output) await askToPlace(noting.madeOf(statOf(temporary)))
  },
})

// Without the parent, results would not be recorded: drop the work at once.
process.on('disconnect', () => {
  undoAll()
  // another thread may be creating a file at this moment: wait for it, and remove it too
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  undoAll()
  dropUnplaced()
  // exiting normally would wait for a picture that is being decoded
  process.kill(process.pid, 'SIGKILL')
})

let prepared: Promise<BatchOperation> | undefined
let setup: Setup | undefined
let pool: Pool | undefined
/** The output in progress, if it must be recorded before it takes its place. */
let noting: Noting | undefined
/** The finished file that is about to replace an input. */
let unplaced: string | undefined
let mayPlace: () => void = () => undefined

type Noting = { readonly output: string; readonly madeOf: (file: BigIntStats | undefined) => MadeFile }

process.on('message', (message: ToWorker) => {
  if (message.kind === 'setup') {
    setup = message.setup
    prepared = prepareBatchOperation(setup.words)
    // the parent has parsed the same words; an error here is reported by the first order
    prepared.catch(() => undefined)
    return
  }
  if (message.kind === 'place') return mayPlace()
  void work(message.order).then((result) => {
    const reply: FromWorker = { kind: 'result', result, held: process.memoryUsage.rss() }
    process.send?.(reply)
  })
})

async function work(order: Order): Promise<Result> {
  const began = performance.now()
  const elapsed = () => Math.round((performance.now() - began) * 10) / 10
  try {
    return { ...(await run(order)), milliseconds: elapsed() }
  } catch (error) {
    return { kind: 'failed', error: textOf(error), milliseconds: elapsed() }
  }
}

async function run({ input, output, threads }: Order): Promise<Result & { kind: 'done' }> {
  const operation = await prepared!
  const before = statOf(input)
  const beforeTime = Date.now()
  if (before !== undefined && !before.isFile()) {
    const what = `${input} is ${before.isDirectory() ? 'a folder' : 'not a regular file'}`
    throw new ConvoError('E_INPUT', what, {
      fix: 'a picture file; a batch reads inputs twice, which a pipe does not allow',
    })
  }
  const hash = before === undefined ? '' : await hashOf(input, Number(before.size))
  const replaces = setup!.inPlace && before !== undefined && isSameFile(input, output)
  // an output that is another hard link to the input is replaced, and the input stays
  const target = replaces ? placeBeside(output) : output
  if (replaces) unplaced = target
  const job = operation.job(input, target)
  const madeOf = (file: BigIntStats | undefined): MadeFile => {
    const after = statOf(input)
    const isUnchanged = after !== undefined && before !== undefined && stampOf(after) === stampOf(before)
    return {
      hash,
      stamp: isUnchanged && isSettled(before, beforeTime) ? stampOf(before) : '',
      size: Number(file?.size ?? 0),
      time: String(file?.mtimeNs ?? ''),
    }
  }
  // an output that may fail because of clipped samples is recorded once that is known
  const isNotedAfter = replaces || job.settings['fail-on-clip']
  noting = isNotedAfter ? undefined : { output: target, madeOf }
  const report = await processPicture(job, await poolOf(threads))
  const { low, high } = report.clipped
  if (job.settings['fail-on-clip'] && low + high > 0) {
    if (replaces) dropUnplaced()
    const what = `${low + high} samples of ${output} were clipped, and --fail-on-clip is set`
    throw new ConvoError('E_OPTION', what, {
      why: `${output}: ${replaces ? 'it was not changed' : 'it was written anyway'}`,
      fix: '--range abs, offset or minmax',
    })
  }
  const made = isNotedAfter ? madeOf(statOf(target)) : undefined
  if (replaces) {
    await askToPlace(made!)
    replaceBy(target, output, Number(before.mode))
    unplaced = undefined
  }
  return {
    kind: 'done',
    pixels: report.input.width * report.input.height,
    clipped: report.clipped,
    notes: report.notes,
    bytes: report.output.bytes,
    milliseconds: 0,
    made: replaces ? undefined : made,
  }
}

function dropUnplaced(): void {
  if (unplaced !== undefined) removeQuietly(unplaced)
  unplaced = undefined
}

const askToPlace = (made: MadeFile): Promise<void> =>
  new Promise((resolve) => {
    mayPlace = resolve
    const question: FromWorker = { kind: 'made', made }
    process.send?.(question)
  })

/** Returns the pool, recreated if the number of threads changes, which happens only around large pictures. */
async function poolOf(threads: number): Promise<Pool> {
  if (pool !== undefined && pool.threads !== threads) {
    await pool.close()
    pool = undefined
  }
  pool ??= createPool(threads)
  return pool
}

/** Hashes an input. Returns an empty hash if it cannot be read; the decoder reports the error. */
const hashOf = (path: string, size: number): Promise<string> => hashFile(path, size).catch(() => '')

function textOf(error: unknown): ErrorText {
  const { code, message, why, fix } = asConvoError(error)
  const isBug = code === 'E_INTERNAL'
  const report = 'this is a bug in convo; please report it with the command line and the input'
  return { code, message, why: isBug ? [...why, report] : why, fix }
}
