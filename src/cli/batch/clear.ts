import { readdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Temporary files of outputs older than this have nobody who writes them. */
const longAgo = 24 * 60 * 60 * 1000

/**
 * Deletes what processes that were killed left beside outputs: files that only they knew of.
 *
 * @param dead numbers of the processes
 */
export function clearTemporaries(folders: Iterable<string>, dead: readonly number[]): void {
  if (dead.length === 0) return
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const pid = ownerOf(name)
      if (pid === undefined) continue
      const path = join(folder, name)
      if ((dead.includes(pid) && !isAlive(pid)) || isOld(path)) unlinkQuietly(path)
    }
  }
}

/** Deletes what one process left in these folders, which has been killed, though the system may still count it. */
export function clearAfter(folders: Iterable<string>, pid: number): void {
  for (const folder of folders) {
    for (const name of namesIn(folder)) if (ownerOf(name) === pid) unlinkQuietly(join(folder, name))
  }
}

/** The process that a temporary file belongs to. */
function ownerOf(name: string): number | undefined {
  const digits = /^\.convo-(\d+)-[0-9a-z]+\.tmp(\.\w+)?$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // the folder is still to be made
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > longAgo
  } catch {
    return false
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // somebody else cleared it away, or it stays as it is: hidden, and no output
  }
}
