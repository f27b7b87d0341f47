import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { orElse } from '../error.ts'

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
