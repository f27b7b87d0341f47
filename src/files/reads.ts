import { type BigIntStats, fstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { cut } from '../text/cut.ts'
import { statOf } from './stat.ts'

/** A path to every file that this process reads, by device and inode. */
const paths = new Map<string, string>()
/** Those that may be replaced, as requested by --in-place. */
const replaceable = new Set<string>()
/** What was noted and not looked at yet, and whether it may be replaced: most runs that read much write none of it. */
const noted = new Map<string, boolean>()

let calls = 0

/** Runs a call of the library: what it reads is forgotten when it, and all that run beside it, are done. */
export async function forgettingReads<T>(act: () => Promise<T>): Promise<T> {
  calls++
  try {
    return await act()
  } finally {
    if (--calls === 0) for (const known of [paths, replaceable, noted]) known.clear()
  }
}

/** Notes that a file is read, or will be; `-` is standard input. Its output may take its place where that is asked for. */
export function noteRead(path: string, mayReplace = false, stat?: BigIntStats): void {
  if (stat === undefined) noted.set(path, mayReplace || noted.get(path) === true)
  else place(path, mayReplace, stat)
}

function place(path: string, mayReplace: boolean, stat: BigIntStats | undefined): void {
  if (stat?.isFile() !== true) return
  paths.set(keyOf(stat), path)
  if (mayReplace) replaceable.add(keyOf(stat))
}

/**
 * Refuses an output that would take the place of a file that this process reads, by whatever name or link.
 *
 * @param fix what to do about it
 * @throws ConvoError E_IN_PLACE
 */
export function refuseReplacing(output: string, fix = 'a different name for the output'): void {
  for (const [path, mayReplace] of noted) place(path, mayReplace, statOfInput(path))
  noted.clear()
  const stat = output === '-' ? undefined : statOf(output)
  if (stat === undefined || replaceable.has(keyOf(stat))) return
  const path = paths.get(keyOf(stat))
  // a file that is gone may have left its inode to another one
  const there = path === undefined ? undefined : statOfInput(path)
  if (path === undefined || there === undefined || keyOf(there) !== keyOf(stat)) return
  const name = path === '-' ? 'standard input' : cut(path)
  const what = resolve(path) === resolve(output) ? 'one of the inputs' : `one of the inputs, ${name}`
  throw new ConvoError('E_IN_PLACE', `${cut(output)} is ${what}`, { fix })
}

const keyOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

function statOfInput(path: string): BigIntStats | undefined {
  if (path !== '-') return statOf(path)
  try {
    return fstatSync(0, { bigint: true })
  } catch {
    return undefined
  }
}
