import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Order, Told } from './child.ts'
import { minimise } from './mutate.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The folder of inputs that once failed, as small as possible, named `<target>-<hash><ext>`. */
export const foundFolder: string = join(here, 'found')

/** The result of one target. */
export type Tally = {
  readonly target: string
  readonly runs: number
  /** The number of accepted inputs, and of those refused with each code. */
  readonly counts: Readonly<Record<string, number>>
  readonly faults: readonly Fault[]
}
export type Fault = {
  readonly fault: string
  readonly times: number
  readonly file: string | undefined
  readonly index: number
}

export type Plan = {
  readonly seed: number
  readonly runs: number
  readonly seconds: number
  /** Whether to write the smallest inputs into the folder of found ones. */
  readonly keep: boolean
}

type Child = {
  process: ChildProcess
  scratch: string
  told(): Promise<Told | 'silent' | string>
  end(): void
}

/**
 * Milliseconds after which a process without messages or progress is considered to hang. A process that computes for 5
 * s reports that itself.
 */
const usualPatience = 30_000

/**
 * Starts a process that tries inputs of a target. Its answers are read one at a time: the next message, how it died, or
 * `silent` after `patience` ms.
 */
async function start(target: string, patience = usualPatience): Promise<Child> {
  const scratch = mkdtempSync(join(tmpdir(), 'convo-fuzz-'))
  const child = spawn(process.execPath, ['--import', 'tsx', join(here, 'child.ts'), target, scratch], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    cwd: join(here, '../..'),
  })
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    errors = (errors + chunk).slice(-4000)
  })
  const queue: (Told | string)[] = []
  let wake: () => void = () => undefined
  const put = (what: Told | string) => {
    queue.push(what)
    wake()
  }
  child.on('message', (told: Told) => put(told))
  child.on('exit', (code, signal) =>
    put(`died of ${signal ?? `exit ${code}`}: ${errors.trim().split('\n').at(-1)}`),
  )
  const at = () => readFileSync(join(scratch, 'at'), 'utf8')
  const told = async () => {
    let before = ''
    while (queue.length === 0) {
      const isMoving = await new Promise<boolean>((done) => {
        const timer = setTimeout(() => {
          const now = at()
          done(now !== before)
          before = now
        }, patience)
        wake = () => {
          clearTimeout(timer)
          done(true)
        }
      })
      if (!isMoving) return 'silent'
    }
    return queue.shift()!
  }
  const end = () => {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  }
  const first = await new Promise<Told | string>((done) => {
    wake = () => done(queue.shift()!)
  })
  if (typeof first === 'string') throw new Error(`${target} cannot be fuzzed: ${first} ${errors}`)
  return { process: child, scratch, told, end }
}

/** Returns the fault that a child finds with one input, or undefined. A child that died is replaced. */
async function attempt(
  children: { current: Child },
  target: string,
  input: { bytes: Uint8Array; ext: string; n: number },
): Promise<string | undefined> {
  const { bytes, ext, n } = input
  const order: Order = { kind: 'one', bytes: Buffer.from(bytes).toString('base64'), ext, n }
  children.current.process.send(order)
  const told = await children.current.told()
  if (typeof told !== 'string' && told.kind === 'one' && !/outside|GiB/.test(told.fault ?? ''))
    return told.fault
  children.current.end()
  children.current = await start(target)
  return typeof told !== 'string'
    ? (told as Told & { kind: 'one' }).fault
    : told === 'silent'
      ? 'more than 5 s'
      : told
}

/**
 * Returns the part of a fault that is the same for the same bug: the error and its position, the signal, or the time.
 */
const kindOf = (fault: string): string => fault.split(': ', 1)[0]!

/** Tries mutated inputs of a target one after another. Returns the faults, with the smallest input for each. */
export async function fuzz(target: string, { seed, runs, seconds, keep }: Plan): Promise<Tally> {
  const until = Date.now() + seconds * 1000
  const counts: Record<string, number> = {}
  const first = new Map<string, { fault: string; index: number; times: number }>()
  const note = (fault: string, index: number) => {
    const known = first.get(kindOf(fault)) ?? { fault, index, times: 0 }
    first.set(kindOf(fault), { ...known, times: known.times + 1 })
  }
  const children = { current: await start(target) }
  let next = 0
  while (next < runs && Date.now() < until) {
    children.current.process.send({ kind: 'range', seed, from: next, to: runs, until } satisfies Order)
    for (;;) {
      const told = await children.current.told()
      if (typeof told === 'string') {
        const at = Number.parseInt(readFileSync(join(children.current.scratch, 'at'), 'utf8'), 10)
        note(told === 'silent' ? 'more than 5 s' : told, at)
        counts.faults = (counts.faults ?? 0) + 1
        next = at + 1
      } else if (told.kind === 'fault') note(told.fault, told.index)
      else if (told.kind === 'counts') {
        for (const [key, n] of Object.entries(told.counts)) counts[key] = (counts[key] ?? 0) + n
        next = told.next
      }
      const isOver = typeof told === 'string' || (told.kind === 'counts' && told.isEnd)
      if (!isOver) continue
      if (next < runs && Date.now() < until) {
        children.current.end()
        children.current = await start(target)
      }
      break
    }
  }
  const faults: Fault[] = []
  for (const { fault, index, times } of first.values()) {
    const file = keep ? await shrink(children, target, fault, seed, index) : undefined
    faults.push({ fault, times, index, file })
  }
  children.current.end()
  const all = Object.values(counts).reduce((a, b) => a + b, 0)
  return { target, runs: all, counts, faults }
}

/** Writes the smallest input that still shows a fault. Returns its path. */
async function shrink(
  children: { current: Child },
  target: string,
  fault: string,
  seed: number,
  index: number,
): Promise<string | undefined> {
  children.current.process.send({ kind: 'make', seed, index } satisfies Order)
  const made = await children.current.told()
  if (typeof made === 'string' || made.kind !== 'made') return undefined
  const fails = async (bytes: Uint8Array) =>
    kindOf((await attempt(children, target, { bytes, ext: made.ext, n: index })) ?? '') === kindOf(fault)
  const whole = Buffer.from(made.bytes, 'base64')
  if (!(await fails(whole))) return undefined
  const bytes = await minimise(whole, fails, /^(died|more|files)/.test(fault) ? 24 : 600, 8)
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  const file = join(foundFolder, `${target}-${hash}-${index % 72}${made.ext}`)
  writeFileSync(file, bytes)
  return file
}

/** Returns the fault of one input of a target, or undefined. */
export async function faultOf(
  target: string,
  bytes: Uint8Array,
  ext: string,
  n = 0,
  patience = usualPatience,
) {
  const children = { current: await start(target, patience) }
  const fault = await attempt(children, target, { bytes, ext, n })
  children.current.end()
  return fault
}

/** Tries the inputs of a target that were found before. Returns those that still fail, with their faults. */
export async function replay(target: string): Promise<Record<string, string>> {
  const children = { current: await start(target) }
  const faults: Record<string, string> = {}
  for (const name of readdirSync(foundFolder).filter((name) => name.startsWith(`${target}-`))) {
    const [, n, ext = ''] = /-(\d+)(\.\w+(?:\.\w+)?)$/.exec(name)!
    const bytes = readFileSync(join(foundFolder, name))
    const fault = await attempt(children, target, { bytes, ext, n: Number(n) })
    if (fault !== undefined) faults[name] = fault
  }
  children.current.end()
  return faults
}
