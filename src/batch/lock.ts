import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConvoError } from '../error.ts'
import { type Growing, makeFolder, openGrowing, removeQuietly } from '../files/change.ts'
import { systemError } from '../files/errors.ts'
import { birthOf, isAt, processSpace } from '../files/process.ts'
import { must, object, parsed, text } from '../files/shape.ts'
import { statOf } from '../files/stat.ts'
import type { Shard } from '../host/engines.ts'
import { shardName } from '../host/shard.ts'
import { undoAtEnd } from '../signals.ts'
import { stateFolder } from './state.ts'

/** A lock on an output root, held until it is released or the process ends. */
export type Lock = { release(): void }

/** What a lock file says. */
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

export type LockOptions = {
  readonly root: string
  readonly shard?: Shard | undefined
  /** Wait for the other batch instead of failing. */
  readonly wait: boolean
  /** Called once, when waiting begins. */
  readonly onWait?: (other: string) => void
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

/** How often a lock is touched, and after how long without a touch one from another host counts as left behind. */
const touchEvery = 10_000
const goneAfter = 120_000

/** How often it is tried again when two come at once. */
const attempts = 5

/**
 * Takes the lock of an output root. Shards of one division run side by side; all else does.
 *
 * Each holder has a file of a name of its own, and looks at the others' after it has made it: of two that come at once
 * at least one sees the other and steps back. A file that was left behind can be deleted without a race, since its name
 * does not come again.
 *
 * @throws ConvoError E_OUTPUT when another batch holds it, or where nothing can be written
 */
export async function takeLock(options: LockOptions): Promise<Lock> {
  const folder = stateFolder(options.root)
  makeFolder(folder)
  let isTold = false
  for (let attempt = 1; ; attempt++) {
    const own = createOwn(folder, options.shard)
    const other = findOther(folder, own.path, options.shard)
    if (other === undefined) return hold(own)
    own.remove()
    if (attempt >= attempts && !options.wait) {
      throw new ConvoError('E_OUTPUT', `another batch is running in ${options.root}`, {
        why: holderText(other),
        fix: '--wait',
      })
    }
    if (attempt >= attempts && !isTold) {
      isTold = true
      options.onWait?.(holderText(other))
    }
    await sleep(attempt < attempts ? 20 + Math.random() * 80 : 500, undefined, options)
  }
}

const holderText = ({ host, pid, shard, since }: Holder): string =>
  `process ${pid} on ${host}${shard === '' ? '' : `, shard ${shard}`}, since ${since}`

type Own = { readonly path: string; readonly file: Growing; remove(): void }

function createOwn(folder: string, shard: Shard | undefined): Own {
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    birth: birthOf(process.pid),
    space: processSpace(),
    shard: shardName(shard),
    since: new Date().toISOString(),
  }
  const name = `lock-${holder.host.replace(/[^\w.-]/g, '_')}-${holder.pid}-${Math.random().toString(36).slice(2)}`
  const path = join(folder, name)
  try {
    const file = openGrowing(path, true)
    file.write(JSON.stringify(holder))
    let isThere = true
    const remove = () => {
      if (!isThere) return
      isThere = false
      file.close()
      removeQuietly(path)
    }
    return { path, file, remove }
  } catch (cause) {
    removeQuietly(path)
    throw systemError('E_OUTPUT', `the state of the batch cannot be saved in ${folder}`, path, cause)
  }
}

function hold(own: Own): Lock {
  const timer = setInterval(() => {
    try {
      // the first byte once more: it takes the time of the file system, which all hosts share
      own.file.write('{', 0)
    } catch {
      // a full disk: the time of the last touch stays
    }
  }, touchEvery)
  timer.unref()
  const forget = undoAtEnd(own.remove)
  return {
    release() {
      clearInterval(timer)
      own.remove()
      forget()
    },
  }
}

/** A live lock that excludes this one. Those that were left behind are deleted. */
function findOther(folder: string, own: string, shard: Shard | undefined): Holder | undefined {
  const now = mtimeOf(own) ?? Date.now()
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (!name.startsWith('lock-') || path === own) continue
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
function areApart(shard: Shard | undefined, other: string): boolean {
  if (shard === undefined || other === '') return false
  return other !== shardName(shard) && other.endsWith(`-of-${shard.count}`)
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
