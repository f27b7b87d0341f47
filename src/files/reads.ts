import type * as hooks from 'node:async_hooks'
import { type BigIntStats, fstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConvoError, orElse } from '../error.ts'
import { cut } from '../text/cut.ts'
import { requireHere } from './package.ts'
import { statOf } from './root.ts'

/** The files that a library call or a command line reads. */
class Record {
  /** One path for every file, by device and inode. */
  readonly paths = new Map<string, string>()
  /** Files that may be replaced, as requested by --in-place. */
  readonly replaceable = new Set<string>()
  /**
   * Paths that were noted but not inspected yet, and whether they may be replaced. Most runs that read many files write
   * none of them.
   */
  readonly noted = new Map<string, boolean>()
}

const ofProcess = new Record()
let ofCalls: hooks.AsyncLocalStorage<Record> | undefined

/** Forgets all reads of the process, for one that runs several command lines. */
export function forgetReads(): void {
  for (const kept of Object.values(ofProcess)) kept.clear()
}

const current = (): Record => ofCalls?.getStore() ?? ofProcess

/** Runs a library call with its own record of reads, which is forgotten when it is done. */
export function forgettingReads<T>(act: () => Promise<T>): Promise<T> {
  // loaded here, so that the command line, which has one record, does not wait for it
  ofCalls ??= new (requireHere('node:async_hooks') as typeof hooks).AsyncLocalStorage()
  return ofCalls.getStore() === undefined ? ofCalls.run(new Record(), act) : act()
}

/** Notes that a file is or will be read; `-` is standard input. With `mayReplace`, the output may replace it. */
export function noteRead(path: string, mayReplace = false, stat?: BigIntStats): void {
  const record = current()
  const { noted } = record
  if (stat === undefined) noted.set(path, mayReplace || noted.get(path) === true)
  else place(record, path, mayReplace, stat)
}

function place(
  { paths, replaceable }: Record,
  path: string,
  mayReplace: boolean,
  stat: BigIntStats | undefined,
): void {
  if (stat?.isFile() !== true) return
  paths.set(keyOf(stat), path)
  if (mayReplace) replaceable.add(keyOf(stat))
}

/**
 * Refuses an output that would replace a file that is read for it, by any name or link.
 *
 * @param fix what to do about it
 * @throws ConvoError E_IN_PLACE
 */
export function refuseReplacing(output: string, fix = 'a different name for the output'): void {
  const record = current()
  const { paths, replaceable, noted } = record
  for (const [path, mayReplace] of noted) place(record, path, mayReplace, statOfInput(path))
  noted.clear()
  const stat = output === '-' ? undefined : statOf(output)
  if (stat === undefined || replaceable.has(keyOf(stat))) return
  const path = paths.get(keyOf(stat))
  // the inode of a deleted file may have been reused
  const there = path === undefined ? undefined : statOfInput(path)
  if (path === undefined || there === undefined || keyOf(there) !== keyOf(stat)) return
  const name = path === '-' ? 'standard input' : cut(path)
  const what = resolve(path) === resolve(output) ? 'one of the inputs' : `one of the inputs, ${name}`
  throw new ConvoError('E_IN_PLACE', `${cut(output)} is ${what}`, { fix })
}

const keyOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

const statOfInput = (path: string): BigIntStats | undefined =>
  path === '-' ? orElse(() => fstatSync(0, { bigint: true }), undefined) : statOf(path)
