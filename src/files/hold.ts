import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConvoError } from '../error.ts'
import { undoAtEnd } from '../signals.ts'
import { type Growing, makeFolder, openGrowing, removeEmpty, removeQuietly } from './change.ts'
import { writingError } from './errors.ts'
import { birthOf, isAt, processSpace } from './leftovers.ts'
import { namesIn, statOf } from './root.ts'
import { must, object, parsed, text } from './shape.ts'

/** Exclusive use of a folder, until this process releases it or ends. */
export type Hold = { release(): void }

type Holder = ReturnType<typeof holderNow>

const holderNow = (shard: string) => ({
  host: hostname(),
  pid: process.pid,
  birth: birthOf(process.pid),
  space: processSpace(),
  shard,
  since: new Date().toISOString(),
})

export type HoldOptions = {
  readonly folder: string
  /**
   * The part of the work, such as `1-of-3`, which may run beside other parts of the same division; empty for all of it.
   */
  readonly shard?: string
  /** The error if another process holds the folder. */
  readonly taken: { readonly message: string; readonly fix: string }
  /** Called once if another process holds the folder. The call then waits instead of failing. */
  readonly onWait?: ((other: string) => void) | undefined
  /** Aborts the wait. */
  readonly signal?: AbortSignal | undefined
}

/** How often a hold is touched, and when an untouched hold from another host counts as abandoned, in milliseconds. */
const touchEvery = 10_000
const goneAfter = 120_000

const attempts = 5

export const isHoldName = (name: string): boolean => name.startsWith('.convo-lock-')

/**
 * Takes hold of a folder, and makes the folder if needed. Only shards of the same division can hold it together.
 *
 * Each holder makes a file with a unique name and then looks at the files of others. If two arrive at the same time, at
 * least one sees the other and backs off. An abandoned file can be deleted without a race, since its name is never used
 * again. Folders that were made for the hold are removed if they are empty at the end.
 *
 * @throws ConvoError E_OUTPUT if another process holds it, or if it cannot be written to
 */
export async function takeHold(options: HoldOptions): Promise<Hold> {
  const { folder, shard = '', onWait } = options
  let isTold = false
  for (let attempt = 1; ; attempt++) {
    const own = createOwn(folder, shard)
    const other = findOther(folder, own.path, shard)
    if (other === undefined) return hold(own)
    own.remove()
    if (attempt >= attempts && onWait === undefined) {
      const { message, fix } = options.taken
      throw new ConvoError('E_OUTPUT', message, { why: holderText(other), fix })
    }
    if (attempt >= attempts && !isTold) {
      isTold = true
      onWait?.(holderText(other))
    }
    await sleep(attempt < attempts ? 20 + Math.random() * 80 : 500, undefined, options)
  }
}

/** Waits until no process holds a folder. Takes no hold of it, so that the folder need not exist or be writable. */
export async function untilFree(folder: string, onWait: (other: string) => void): Promise<void> {
  for (let isTold = false; ; isTold = true) {
    const other = holderOf(folder)
    if (other === undefined) return
    if (!isTold) onWait(other)
    await sleep(500)
  }
}

/** Describes the process that holds a folder. Returns undefined if the folder is free or does not exist. */
export function holderOf(folder: string): string | undefined {
  const other = findOther(folder, '', '')
  return other && holderText(other)
}

const holderText = ({ host, pid, shard, since }: Holder): string =>
  `process ${pid} on ${host}${shard === '' ? '' : `, shard ${shard}`}, since ${since}`

type Own = { readonly path: string; readonly file: Growing; remove(): void }

function createOwn(folder: string, shard: string): Own {
  const holder = holderNow(shard)
  const name = `.convo-lock-${holder.host.replace(/[^\w.-]/g, '_')}-${holder.pid}-${Math.random().toString(36).slice(2)}`
  const path = join(folder, name)
  let opened: ReturnType<typeof openIn> | undefined
  const undo = () => {
    const { file, made = [] } = opened ?? {}
    opened = undefined
    file?.close()
    if (file !== undefined) removeQuietly(path)
    removeEmpty(made)
  }
  // registered before the file exists, since a signal in between would leave it behind
  const forget = undoAtEnd(undo)
  const remove = () => {
    undo()
    forget()
  }
  try {
    opened = openIn(folder, path)
    opened.file.write(JSON.stringify(holder))
    return { path, file: opened.file, remove }
  } catch (cause) {
    remove()
    throw cause instanceof ConvoError ? cause : writingError(folder, cause)
  }
}

/** Makes the file. Makes its folder again if another process removes it at the same moment. */
function openIn(folder: string, path: string): { file: Growing; made: readonly string[] } {
  for (let attempt = 1; ; attempt++) {
    const made = makeFolder(folder)
    try {
      return { file: openGrowing(path, true), made }
    } catch (cause) {
      removeEmpty(made)
      const isGone = (cause as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isGone || attempt >= attempts) throw writingError(folder, cause)
    }
  }
}

function hold(own: Own): Hold {
  const timer = setInterval(() => {
    try {
      // rewriting the first byte updates the time of the file system, which all hosts share
      own.file.write('{', 0)
    } catch {
      // the disk is full, so the time of the last touch remains
    }
  }, touchEvery)
  timer.unref()
  return {
    release() {
      clearInterval(timer)
      own.remove()
    },
  }
}

/** Finds a live holder that excludes this one. Deletes abandoned files. */
function findOther(folder: string, own: string, shard: string): Holder | undefined {
  const now = mtimeOf(own) ?? Date.now()
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    if (!isHoldName(name) || path === own) continue
    const holder = readHolder(path)
    // just removed, or not yet written
    if (holder === 'absent') continue
    if (holder === 'unclear') {
      if (now - (mtimeOf(path) ?? now) > goneAfter) removeQuietly(path)
      else return unclear(path)
      continue
    }
    if (isLeftBehind(holder, path, now)) removeQuietly(path)
    else if (!areApart(shard, holder.shard)) return holder
  }
  return undefined
}

const unclear = (path: string): Holder => ({
  ...{ host: path, pid: 0, birth: '', space: '' },
  ...{ shard: '', since: 'now' },
})

/** Whether two shards differ but belong to the same division. */
function areApart(shard: string, other: string): boolean {
  const count = /-of-\d+$/.exec(shard)?.[0]
  return count !== undefined && other !== shard && other.endsWith(count)
}

function isLeftBehind(holder: Holder, path: string, now: number): boolean {
  const isVisible = holder.host === hostname() && holder.space === processSpace()
  if (!isVisible) return now - (mtimeOf(path) ?? now) > goneAfter
  return !isAt(holder.pid, holder.birth)
}

function readHolder(path: string): Holder | 'absent' | 'unclear' {
  // reading a pipe would block forever
  if (statOf(path)?.isFile() === false) return 'unclear'
  try {
    return parsed<Holder>(readFileSync(path, 'utf8'), holderRule) ?? 'unclear'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unclear'
  }
}

const holderRule = object({
  ...{ host: text, birth: text, space: text, shard: text, since: text },
  pid: must((pid) => Number.isSafeInteger(pid) && Number(pid) > 0, 'a number'),
})

function mtimeOf(path: string): number | undefined {
  const stat = statOf(path)
  return stat && Number(stat.mtimeMs)
}
