import { readFileSync, readlinkSync, unlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { orElse } from '../error.ts'
import { followLinks, namesIn } from './root.ts'

let mark: string | undefined

/** Returns the number, host and start of this process. No other process has the same three. */
function ownMark(): string {
  mark ??= `${process.pid}-${hostMark()}-${birthOf(process.pid)}`
  return mark
}

/** Returns a name for a temporary file of this process, with an extension if the reader of the file needs one. */
export const temporaryName = (extension = ''): string =>
  // independent of the output's name, which may already have the maximum length
  `.convo-${ownMark()}-${Math.random().toString(36).slice(2)}.tmp${extension}`

const pattern = /^\.convo-(\d+)-([0-9a-f]{8})-(\d*)-[0-9a-z]+\.tmp(\.\w+)?$/

/**
 * Deletes temporary files that killed processes of this host left in a folder. Keeps files of running processes, of
 * other hosts and of other programs. `killed` is a dead process, even if the system still lists it.
 */
export function clearLeftovers(folder: string, killed?: number): void {
  for (const name of namesIn(folder)) {
    const [, pid, host, birth] = pattern.exec(name) ?? []
    if (pid === undefined || host !== hostMark()) continue
    const isKilled = Number(pid) === killed
    if (!isKilled && isAt(Number(pid), birth!)) continue
    try {
      unlinkSync(join(folder, name))
    } catch {
      // another process removed it, or it stays: it is hidden and not an output
    }
  }
}

/** Clears leftovers from the folder of an output, and from the folder of the file that it links to. */
export function clearBeside(output: string, killed?: number): void {
  clearLeftovers(dirname(output), killed)
  try {
    clearLeftovers(dirname(followLinks(output)), killed)
  } catch {
    // links that lead nowhere: nothing was written there
  }
}

const cleared = new Set<string>()

/** Clears leftovers from a folder when this process writes to it for the first time. */
export function clearOnce(folder: string): void {
  if (cleared.has(folder)) return
  cleared.add(folder)
  clearLeftovers(folder)
}

/** Whether a process of this host runs, even under another user. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether a process with this number runs that started at `birth`, rather than a later one. '' matches any start. */
export const isAt = (pid: number, birth: string): boolean =>
  isAlive(pid) && (birth === '' || birthOf(pid) === birth)

/**
 * Returns when a process started, in ticks since the system started. Empty if it is not known or the process has ended.
 */
export function birthOf(pid: number): string {
  const text = orElse(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  // the program's name, in parentheses, may contain anything; the start is the 20th field after it
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // Z: it was killed, and remains listed if the first process of its container does not wait for it
  return fields[0] === 'Z' ? '' : (fields[19] ?? '')
}

/** Returns the namespace of process numbers. Containers on one host do not see each other's numbers. */
export const processSpace = (): string => orElse(() => readlinkSync('/proc/self/ns/pid'), '')

/**
 * Returns eight hexadecimal digits that are equal for processes that see each other's numbers: FNV-1a of host and
 * namespace.
 */
export function hostMark(): string {
  let hash = 0x811c9dc5
  // not SHA-256, since loading node:crypto takes longer than a small picture
  for (const byte of Buffer.from(`${hostname()}\0${processSpace()}`))
    hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
