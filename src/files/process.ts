import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { orElse } from '../error.ts'

/** Whether a process of this host runs, also when it is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether the process of a number runs that started at `birth`, and not a later one with its number; '' fits any. */
export const isAt = (pid: number, birth: string): boolean =>
  isAlive(pid) && (birth === '' || birthOf(pid) === birth)

/** When a process started, in ticks since the system did; empty where that is not known, or it has ended. */
export function birthOf(pid: number): string {
  const text = orElse(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  // the name of the program, in parentheses, may hold anything; the start is the 20th field behind it
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // Z: it was killed, and stays counted where the first process of a container waits for none
  return fields[0] === 'Z' ? '' : (fields[19] ?? '')
}

/** The name space of process numbers: containers on one host do not see each other's. */
export const processSpace = (): string => orElse(() => readlinkSync('/proc/self/ns/pid'), '')

/** Eight hexadecimal digits, equal for processes that see each other's numbers: FNV-1a of host and name space. */
export function hostMark(): string {
  let hash = 0x811c9dc5
  // not SHA-256: to load node:crypto takes longer than a small picture
  for (const byte of Buffer.from(`${hostname()}\0${processSpace()}`))
    hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
