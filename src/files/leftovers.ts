import { unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { birthOf, hostMark, isAt } from './process.ts'
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
