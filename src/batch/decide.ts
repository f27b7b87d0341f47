import type { BigIntStats } from 'node:fs'
import { hashFile, isSettled, stampOf } from '../files/hash.ts'
import { isSameFile } from '../files/output.ts'
import { statOf } from '../files/stat.ts'
import type { Item } from './items.ts'
import type { Made, State } from './state.ts'

/** Whether an item runs, and why. */
export type Verdict = {
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
