import { mkdirSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { ConvoError } from '../../src/error.ts'
import { cpuTime } from '../cpu.ts'
import { mutate, randomOf } from './mutate.ts'
import type { Seed } from './seeds.ts'

/** A request of the parent. */
export type Order =
  | {
      readonly kind: 'range'
      readonly seed: number
      readonly from: number
      readonly to: number
      readonly until: number
    }
  | { readonly kind: 'one'; readonly bytes: string; readonly ext: string; readonly n: number }
  | { readonly kind: 'make'; readonly seed: number; readonly index: number }

/**
 * An answer to the parent. `fault` is the same text for the same bug; it is undefined if the input was accepted, or
 * refused correctly.
 */
export type Told =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'counts'
      readonly counts: Readonly<Record<string, number>>
      readonly next: number
      readonly isEnd: boolean
    }
  | { readonly kind: 'fault'; readonly index: number; readonly fault: string }
  | { readonly kind: 'one'; readonly fault: string | undefined }
  | { readonly kind: 'made'; readonly bytes: string; readonly ext: string }

// Runs in a scratch folder, named by the second argument. Inputs are in `root`, and `outside` must not change.
const [name = '', scratch = ''] = process.argv.slice(2)
// imported separately, because the others load nearly all sources
const target =
  name === 'self' ? (await import('./self.ts')).self : (await import('./targets.ts')).targets[name]!
const most = 2 ** 30
mkdirSync(`${scratch}/root`, { recursive: true })
mkdirSync(`${scratch}/outside`, { recursive: true })
process.chdir(`${scratch}/root`)
writeFileSync('../outside/canary.txt', 'untouched')
const seeds = await target.prepare()
const kinds = [...new Set(seeds.map(({ ext }) => ext))]
const words = { seeds: seeds.map(({ bytes }) => bytes), tokens: target.tokens }
// the number of the current input, for a parent that finds this process dead or silent
const place = openSync(`${scratch}/at`, 'w')
const tell = (told: Told): unknown => process.send?.(told)
/** Returns names, sizes and times of everything outside the root. */
const outside = (): string =>
  String(
    ['..', '../outside'].flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true }).map((entry) => {
        const { mtimeNs, size } = statSync(`${folder}/${entry.name}`, { bigint: true })
        return entry.isFile() && entry.name !== 'at' ? [entry.name, mtimeNs, size] : entry.name
      }),
    ),
  )
const untouched = outside()
let stray: unknown
process.on('unhandledRejection', (reason) => {
  stray = reason
})

/** Returns the input of an index: a mutated seed. */
function inputOf(seed: number, index: number): Seed {
  const r = randomOf(seed, index)
  const kind = r.pick(kinds)
  const { ext, bytes } = r.pick(seeds.filter((one) => one.ext === kind))
  return { ext, bytes: mutate(bytes, r, words) }
}

/** Tries one input. Returns the code that it was refused with, `accepted`, or a fault. */
async function attempt({ bytes, ext }: Seed, n: number): Promise<{ outcome?: string; fault?: string }> {
  stray = undefined
  const { maxRSS } = process.resourceUsage()
  const began = cpuTime()
  let outcome = 'accepted'
  let fault: string | undefined
  try {
    await target.take(bytes, ext, n)
  } catch (error) {
    if (error instanceof ConvoError && error.code !== 'E_INTERNAL') outcome = error.code
    else fault = faultOf(error)
  }
  if (stray !== undefined) fault ??= `nobody waits for: ${faultOf(stray)}`
  if (outside() !== untouched)
    fault = `files outside the root were touched${fault === undefined ? '' : `: ${fault}`}`
  // memory first, because it may be slow to come
  if ((process.resourceUsage().maxRSS - maxRSS) * 1024 > most) fault ??= 'more than 1 GiB'
  if (cpuTime() - began > 5000) fault ??= 'more than 5 s'
  return fault === undefined ? { outcome } : { fault }
}

/**
 * Returns the message without its numbers and quoted parts, and the first position in the stack that is in the sources.
 */
function faultOf(error: unknown): string {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  const where =
    /\((?:[^()]*\/)?((?:src|test)\/[^():]+:\d+)/.exec(stack)?.[1] ??
    /((?:src|test)\/[\w./-]+:\d+)/.exec(stack)?.[1]
  const type = error instanceof Error ? error.constructor.name : 'no Error'
  return `${type} at ${where ?? 'an unknown place'}: ${message.replace(/"[^"]*"|'[^']*'|`[^`]*`|\d+/g, '#').slice(0, 120)}`
}

async function runRange({ seed, from, to, until }: Order & { kind: 'range' }): Promise<void> {
  let counts: Record<string, number> = {}
  let told = Date.now()
  for (let index = from; index < to; index++) {
    writeSync(place, `${index}\n`.padEnd(16), 0)
    const { outcome, fault } = await attempt(inputOf(seed, index), index)
    const key = outcome ?? 'faults'
    counts[key] = (counts[key] ?? 0) + 1
    if (fault !== undefined) tell({ kind: 'fault', index, fault })
    const now = Date.now()
    const isEnd = index + 1 === to || now > until || (fault !== undefined && /outside|GiB/.test(fault))
    if (!isEnd && now - told < 500) continue
    tell({ kind: 'counts', counts, next: index + 1, isEnd })
    if (isEnd) return
    told = now
    counts = {}
    await new Promise((done) => setImmediate(done))
  }
}

process.on('message', async (order: Order) => {
  if (order.kind === 'range') return runRange(order)
  if (order.kind === 'make') {
    const { bytes, ext } = inputOf(order.seed, order.index)
    return tell({ kind: 'made', bytes: Buffer.from(bytes).toString('base64'), ext })
  }
  const { fault } = await attempt({ bytes: Buffer.from(order.bytes, 'base64'), ext: order.ext }, order.n)
  return tell({ kind: 'one', fault })
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready' })
