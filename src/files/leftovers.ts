import { unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { birthOf, hostMark, isAt } from './process.ts'
import { followLinks } from './root.ts'
import { namesIn } from './stat.ts'

let mark: string | undefined

/** Number, host and start of this process: no other process has all three. */
function ownMark(): string {
  mark ??= `${process.pid}-${hostMark()}-${birthOf(process.pid)}`
  return mark
}

/** A name for a temporary file of this process, with an extension where the file's reader needs one. */
export const temporaryName = (extension = ''): string =>
  // not made of the output's name, which may be as long as a name can be
  `.convo-${ownMark()}-${Math.random().toString(36).slice(2)}.tmp${extension}`

const pattern = /^\.convo-(\d+)-([0-9a-f]{8})-(\d*)-[0-9a-z]+\.tmp(\.\w+)?$/

/**
 * Deletes the temporary files that processes of this host left in a folder when they were killed. Files of processes
 * that run, of other hosts and of anybody else stay; `killed` is one that is dead, though the system may still count it.
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
      // another process cleared it away, or it stays as it is: hidden, and no output
    }
  }
}

/** Clears the folder of an output of leftovers, and that of the file which it leads to. */
export function clearBeside(output: string, killed?: number): void {
  clearLeftovers(dirname(output), killed)
  try {
    clearLeftovers(dirname(followLinks(output)), killed)
  } catch {
    // links that lead nowhere: nothing was written there
  }
}

const cleared = new Set<string>()

/** Clears a folder of leftovers, the first time that this process writes to it. */
export function clearOnce(folder: string): void {
  if (cleared.has(folder)) return
  cleared.add(folder)
  clearLeftovers(folder)
}
