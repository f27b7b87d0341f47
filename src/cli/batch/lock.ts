import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConvoError } from '../../error.ts'
import { undoAtEnd } from '../../signals.ts'
import { type Shard, shardName } from './shard.ts'
import { makeFolder, stateFolder } from './state.ts'

/** A lock on an output root, held until it is released or the process ends. */
export type Lock = {
  /** Processes that ended without releasing theirs: what they left may be cleared away. */
  readonly dead: readonly number[]
  /** Names the processes that work for this one. */
  name(pids: readonly number[]): void
  release(): void
}

/** What a lock file says. */
type Holder = {
  readonly host: string
  readonly pid: number
  /** The process's start, which tells it from a later one with its number; empty where that is not known. */
  readonly birth: string
  /** The name space of process numbers: containers on one host do not see each other's. */
  readonly space: string
  readonly shard: string
  readonly since: string
  readonly workers: readonly number[]
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
 * Takes the lock of an output root. Shards of one division do not exclude each other; all else does.
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
  const dead: number[] = []
  let isTold = false
  for (let attempt = 1; ; attempt++) {
    const own = createOwn(folder, options.shard)
    const other = findOther(folder, own.file, options.shard, dead)
    if (other === undefined) return hold(own, dead)
    own.remove()
    if (attempt >= attempts && !options.wait) throw heldError(options.root, other)
    if (attempt >= attempts && !isTold) {
      isTold = true
      options.onWait?.(holderText(other))
    }
    await sleep(attempt < attempts ? 20 + Math.random() * 80 : 500, undefined, options)
  }
}

function heldError(root: string, other: Holder): ConvoError {
  return new ConvoError('E_OUTPUT', `another batch is at work in ${root}`, {
    why: holderText(other),
    fix: '--wait',
  })
}

const holderText = ({ host, pid, shard, since }: Holder): string =>
  `process ${pid} on ${host}${shard === '' ? '' : `, shard ${shard}`}, since ${since}`

type Own = { readonly file: string; readonly descriptor: number; readonly holder: Holder; remove(): void }

function createOwn(folder: string, shard: Shard | undefined): Own {
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    birth: birthOf(process.pid),
    space: processSpace(),
    shard: shard === undefined ? '' : shardName(shard),
    since: new Date().toISOString(),
    workers: [],
  }
  const file = `lock-${holder.host.replace(/[^\w.-]/g, '_')}-${holder.pid}-${Math.random().toString(36).slice(2)}`
  const path = join(folder, file)
  try {
    const descriptor = openSync(path, 'wx')
    writeSync(descriptor, JSON.stringify(holder))
    let isThere = true
    const remove = () => {
      if (!isThere) return
      isThere = false
      closeSync(descriptor)
      unlinkQuietly(path)
    }
    return { file: path, descriptor, holder, remove }
  } catch (cause) {
    unlinkQuietly(path)
    throw new ConvoError('E_OUTPUT', `the state of the batch cannot be kept in ${folder}`, {
      why: `${path}: ${(cause as Error).message}`,
      cause,
    })
  }
}

function hold(own: Own, dead: readonly number[]): Lock {
  const timer = setInterval(() => {
    try {
      // the first byte once more: it takes the time of the file system, which all hosts share
      writeSync(own.descriptor, '{', 0)
    } catch {
      // a full disk: the time of the last touch stays
    }
  }, touchEvery)
  timer.unref()
  const forget = undoAtEnd(own.remove)
  return {
    dead,
    name(workers) {
      try {
        // longer than before or shorter: blanks make up for the rest of the old text
        writeSync(own.descriptor, JSON.stringify({ ...own.holder, workers }).padEnd(4096), 0)
      } catch {
        // a full disk: only the clearing away after a crash needs it
      }
    },
    release() {
      clearInterval(timer)
      own.remove()
      forget()
    },
  }
}

/** A live lock that excludes this one. Those that were left behind are deleted, and their processes added to `dead`. */
function findOther(
  folder: string,
  own: string,
  shard: Shard | undefined,
  dead: number[],
): Holder | undefined {
  const now = mtimeOf(own) ?? Date.now()
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (!name.startsWith('lock-') || path === own) continue
    const holder = readHolder(path)
    // gone in this moment, or not yet written
    if (holder === 'absent') continue
    if (holder === 'unclear') {
      if (now - (mtimeOf(path) ?? now) > goneAfter) unlinkQuietly(path)
      else return unclear(path)
      continue
    }
    if (isLeftBehind(holder, path, now)) {
      dead.push(holder.pid, ...holder.workers)
      unlinkQuietly(path)
    } else if (!areApart(shard, holder.shard)) return holder
  }
  return undefined
}

const unclear = (path: string): Holder => ({
  host: path,
  pid: 0,
  birth: '',
  space: '',
  shard: '',
  since: 'this moment',
  workers: [],
})

/** Whether two are different shards of the same division. */
function areApart(shard: Shard | undefined, other: string): boolean {
  if (shard === undefined || other === '') return false
  return other !== shardName(shard) && other.endsWith(`-of-${shard.count}`)
}

function isLeftBehind(holder: Holder, path: string, now: number): boolean {
  const isVisible = holder.host === hostname() && holder.space === processSpace()
  if (!isVisible) return now - (mtimeOf(path) ?? now) > goneAfter
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  return holder.birth !== '' && birthOf(holder.pid) !== holder.birth
}

function readHolder(path: string): Holder | 'absent' | 'unclear' {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unclear'
  }
}

function mtimeOf(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // somebody else cleared it away
  }
}

/** When a process started, in ticks since the system did; empty where that cannot be told. */
function birthOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name of the program, in parentheses, may hold anything; the start is the 20th field behind it
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
