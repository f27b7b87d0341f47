import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConvoError } from '../error.ts'
import { undoAtEnd } from '../signals.ts'
import { type Growing, makeFolder, openGrowing, removeEmpty, removeQuietly } from './change.ts'
import { writingError } from './errors.ts'
import { birthOf, isAt, processSpace } from './process.ts'
import { must, object, parsed, text } from './shape.ts'
import { namesIn, statOf } from './stat.ts'

/** A folder that this process has to itself until it releases it or ends. */
export type Hold = { release(): void }

/** What the file of a hold says. */
type Holder = {
  readonly host: string
  readonly pid: number
  /** The process's start, which distinguishes it from a later one with its number; empty where that is not known. */
  readonly birth: string
  /** The name space of process numbers: containers on one host do not see each other's. */
  readonly space: string
  readonly shard: string
  readonly since: string
}

export type HoldOptions = {
  readonly folder: string
  /** The part of the work, such as `1-of-3`, that may run beside others of the same division; empty for all of it. */
  readonly shard?: string
  /** What to say where another process has the folder. */
  readonly taken: { readonly message: string; readonly fix: string }
  /** Wait for the other process instead of failing. */
  readonly wait?: boolean
  /** Called once, when waiting begins. */
  readonly onWait?: ((other: string) => void) | undefined
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

/** How often a hold is touched, and after how long without a touch one from another host counts as left behind. */
const touchEvery = 10_000
const goneAfter = 120_000

/** How often it is tried again when two come at once. */
const attempts = 5

/** Whether a file in a folder is that of a hold. */
export const isHoldName = (name: string): boolean => name.startsWith('.convo-lock-')

/**
 * Takes a folder, which is made if need be. Shards of one division run side by side; all else does not.
 *
 * Each holder has a file of a name of its own, and looks at the others' after it has made it: of two that come at once
 * at least one sees the other and steps back. A file that was left behind can be deleted without a race, since its name
 * does not come again. Folders that were made for the hold and are empty in the end are removed.
 *
 * @throws ConvoError E_OUTPUT when another process has it, or where nothing can be written
 */
export async function takeHold(options: HoldOptions): Promise<Hold> {
  const { folder, shard = '', wait = false } = options
  let isTold = false
  for (let attempt = 1; ; attempt++) {
    const own = createOwn(folder, shard)
    const other = findOther(folder, own.path, shard)
    if (other === undefined) return hold(own)
    own.remove()
    if (attempt >= attempts && !wait) {
      const { message, fix } = options.taken
      throw new ConvoError('E_OUTPUT', message, { why: holderText(other), fix })
    }
    if (attempt >= attempts && !isTold) {
      isTold = true
      options.onWait?.(holderText(other))
    }
    await sleep(attempt < attempts ? 20 + Math.random() * 80 : 500, undefined, options)
  }
}

/** The process that has a folder, in words; undefined for a folder that is free, or is not there. */
export function holderOf(folder: string): string | undefined {
  const other = findOther(folder, '', '')
  return other && holderText(other)
}

const holderText = ({ host, pid, shard, since }: Holder): string =>
  `process ${pid} on ${host}${shard === '' ? '' : `, shard ${shard}`}, since ${since}`

type Own = { readonly path: string; readonly file: Growing; remove(): void }

function createOwn(folder: string, shard: string): Own {
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    birth: birthOf(process.pid),
    space: processSpace(),
    shard,
    since: new Date().toISOString(),
  }
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
  // before there is a file: a signal that nobody listens to would leave it behind
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

/** Makes the file, and its folder again where the one who made that removes it in this moment. */
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
      // the first byte once more: it takes the time of the file system, which all hosts share
      own.file.write('{', 0)
    } catch {
      // a full disk: the time of the last touch stays
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

/** A live holder that excludes this one. Files that were left behind are deleted. */
function findOther(folder: string, own: string, shard: string): Holder | undefined {
  const now = mtimeOf(own) ?? Date.now()
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    if (!isHoldName(name) || path === own) continue
    const holder = readHolder(path)
    // gone in this moment, or not yet written
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

/** Whether two are different shards of the same division. */
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
  // to read a pipe would wait for ever
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
