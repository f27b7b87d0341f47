import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { ConvoError } from '../error.ts'
import { appendTo, writeRecord } from '../files/change.ts'
import { hashFile, isSettled, stampOf } from '../files/hash.ts'
import { isSameFile } from '../files/output.ts'
import { readText } from '../files/read.ts'
import { namesIn, statOf } from '../files/root.ts'
import { number, object, parsed, text } from '../files/shape.ts'
import type { Shard } from '../host/engines.ts'
import { shardName } from '../host/shard.ts'
import { commandLine } from '../text/shell.ts'
import type { Item } from './items.ts'
import type { MadeFile } from './runner.ts'

/** The record of an output that a batch made. */
export type Made = MadeFile & {
  /** The path of the output, relative to the output root. */
  readonly output: string
  readonly input: string
  /** The fingerprint of the operation and its options, in canonical form. */
  readonly operation: string
  readonly arithmetic: number
}

/** The records that earlier batches left in the output root. Each output has one for every shard, the latest last. */
export type State = ReadonlyMap<string, readonly Made[]>

/** The folder in the output root where batches keep their state, their holds and the logs of their shards. */
export const stateFolder = (root: string): string => join(root, '.convo')

const stateFileName = (shard: Shard | undefined): string =>
  shard === undefined ? 'state.jsonl' : `state-${shardName(shard)}.jsonl`

/**
 * Reads the state of an output root from the files of all shards. Incomplete lines, which a killed batch may leave, are
 * skipped.
 */
export function readState(root: string): State {
  const state = new Map<string, Made[]>()
  const folder = stateFolder(root)
  for (const file of namesIn(folder)) {
    if (!/^state(-\d+-of-\d+)?\.jsonl$/.test(file)) continue
    for (const made of latest(textOf(join(folder, file))).values()) {
      const before = state.get(made.output)
      if (before === undefined) state.set(made.output, [made])
      else before.push(made)
    }
  }
  return state
}

/** Reads a state file; empty if it does not exist. @throws ConvoError E_INPUT for a pipe or device */
function textOf(path: string): string {
  const stat = statOf(path)
  if (stat === undefined) return ''
  if (stat.isFile()) return readText(path, 'logBytes')
  const what = `the record of the batch, ${path}, is not a regular file`
  throw new ConvoError('E_INPUT', what, { fix: commandLine(['rm', '-r', path]) })
}

const madeRule = object({
  ...{ output: text, input: text, hash: text, operation: text, stamp: text, time: text },
  ...{ arithmetic: number, size: number },
})

function latest(lines: string): Map<string, Made> {
  const found = new Map<string, Made>()
  for (const line of lines.split('\n')) {
    const made = line.startsWith('{') ? parsed<Made>(line, madeRule) : undefined
    if (made !== undefined) found.set(made.output, made)
  }
  return found
}

/**
 * Opens the state file of a batch or shard, which must hold the state folder. Superseded records are dropped by rewriting
 * the file. Outputs to be made `again` are recorded as made by no operation.
 *
 * @throws ConvoError E_OUTPUT if the output root is not writable
 */
export async function openStateFile(root: string, shard: Shard | undefined, again: readonly Made[] = []) {
  const path = join(stateFolder(root), stateFileName(shard))
  const before = textOf(path)
  const known = latest(before)
  for (const made of again) known.set(made.output, { ...made, operation: '' })
  const lines = [...known.values()].map((made) => `${JSON.stringify(made)}\n`).join('')
  if (lines !== before) await writeRecord(path, lines)
  let isTorn = false
  let isTold = false
  return {
    /** Records an output. If that fails, returns the error once, and the batch goes on. */
    note(made: Made): ConvoError | undefined {
      try {
        // after a line that was cut off, for example by a full disk, start a new line
        appendTo(path, `${isTorn ? '\n' : ''}${JSON.stringify(made)}\n`)
        isTorn = false
        return undefined
      } catch (cause) {
        isTorn = true
        if (isTold) return undefined
        isTold = true
        const what = 'the record of the batch cannot be written; these pictures will be made again next time'
        return new ConvoError('E_OUTPUT', what, { why: (cause as ConvoError).why, cause })
      }
    },
  }
}

/** Whether an item runs, and why. */
type Verdict = {
  readonly run: boolean
  readonly reason: string
  /** A record to renew: the input was touched, but has the same content. */
  readonly renewed?: Made
  /** Bytes of an output that is up to date. */
  readonly bytes?: number
}

/** Whether an output is unchanged since it was made. */
const isOf = ({ size, time }: Made, output: BigIntStats): boolean =>
  size === Number(output.size) && time === String(output.mtimeNs)

/** The records of outputs that --force makes again: until then they are not up to date, however the batch ends. */
export const forced = (items: readonly Item[], state: State): Made[] =>
  items.flatMap(({ name, output }) => {
    const file = statOf(output)
    return file === undefined ? [] : (state.get(name) ?? []).filter((made) => isOf(made, file))
  })

/** The operation and arithmetic that make outputs. */
export type Maker = { readonly operation: string; readonly arithmetic: number }

/**
 * Decides whether an item is up to date: its output exists with the recorded size and time, and was made from the same
 * bytes, by the same operation, in the same arithmetic. The input is read only if it may have changed.
 */
export async function decide(item: Item, state: State, maker: Maker, force: boolean): Promise<Verdict> {
  const runs = (reason: string): Verdict => ({ run: true, reason })
  if (force) return runs('--force')
  if (item.stat === undefined || !item.stat.isFile()) return runs('the input has not been read yet')
  const output = statOf(item.output)
  if (output === undefined) return runs('the output does not exist')
  const records = state.get(item.name) ?? []
  if (records.length === 0) return runs('the output is not in the record of the batch')
  const fitting = records.filter((made) => isOf(made, output))
  const made = fitting.find(({ operation }) => operation === '') ?? fitting.at(-1)
  if (made === undefined) return runs('the output has changed')
  if (made.operation === '') return runs('not reached by an earlier --force')
  const upToDate: Verdict = { run: false, reason: 'up to date', bytes: made.size }
  if (made.arithmetic !== maker.arithmetic) return runs('convo computes differently now')
  if (made.operation !== maker.operation) return runs('the operation or its options have changed')
  // an output that replaced its input must not be processed again
  if (isSameFile(item.input, item.output)) return upToDate
  const stamp = stampOf(item.stat)
  if (made.stamp === stamp) return upToDate
  const before = Date.now()
  const hash = await hashFile(item.input, item.bytes).catch(() => undefined)
  if (hash !== made.hash)
    return runs(made.input === item.input ? 'the input has changed' : 'the input is a different file')
  const renewed = { ...made, input: item.input, stamp: isSettled(item.stat, before) ? stamp : '' }
  return { ...upToDate, renewed }
}
