import { basename, dirname, join, relative } from 'node:path'
import { ConvoError, errorCodes } from '../error.ts'
import { readText } from '../files/read.ts'
import { isFolder, namesIn, statOf } from '../files/root.ts'
import { list, maybe, must, object, oneOf, type Rule, text } from '../files/shape.ts'
import { parseTemplate, type Template } from '../files/template.ts'
import type { Shard } from '../host/engines.ts'
import { shardOf } from '../host/shard.ts'
import { isRecord } from '../text/record.ts'
import type { Entry, ItemEntry } from './journal.ts'
import { stateFolder } from './state.ts'

type ReadLog = ReturnType<typeof readLog>

/**
 * Joins the logs of the shards of one batch. A folder represents the logs in it, or for those that shards keep in an
 * output root.
 *
 * @throws ConvoError E_INPUT for what is no log, E_USAGE for logs of different batches
 */
export function mergeLogs(words: readonly string[]) {
  const logs = latestOfShard(words.flatMap(logsAt).map(readLog))
  const [first] = logs
  if (first === undefined) {
    throw new ConvoError('E_INPUT', `no logs found in ${words.join(', ')}`, {
      why: 'shards write their logs to .convo in the folder of the outputs',
      fix: 'the file of --log, or run the batch again with --shard 1/1, which keeps a log',
    })
  }
  const other = logs.find(({ start }) => start.plan !== first.start.plan)
  if (other !== undefined) {
    throw new ConvoError('E_USAGE', 'the logs are of different batches', {
      why: [first, other].map(
        ({ path, start }) => `${path}: ${start.all} inputs, ${start.operation.join(' ')} to ${start.output}`,
      ),
      fix: 'the logs of one batch: the same inputs, operation and outputs',
    })
  }
  const gone = logs.flatMap(goneOutputs)
  const isGone = new Set(gone.map(({ item }) => item))
  const items = logs.flatMap((log) => log.items).filter((item) => !isGone.has(item))
  const count = (status: ItemEntry['status']) => items.filter((item) => item.status === status).length
  const [done, current, failed] = [count('done'), count('current'), count('failed')]
  return {
    shards: logs.length,
    done,
    current,
    failed,
    left: first.start.all - done - current - failed,
    // shards run at the same time
    milliseconds: Math.max(...logs.map(millisecondsOf)),
    megapixels: Math.round(items.reduce((sum, { megapixels = 0 }) => sum + megapixels, 0) * 1000) / 1000,
    failures: items.filter(({ status }) => status === 'failed'),
    missing: [...missingShards(logs), ...logs.flatMap(unfinished), ...goneLines(gone)],
  }
}

const millisecondsOf = ({ end, items }: ReadLog): number =>
  end?.milliseconds ?? items.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0)

/** Keeps, of several logs of one shard, the one that began last. */
function latestOfShard(logs: readonly ReadLog[]): ReadLog[] {
  const byShard = new Map<string, ReadLog>()
  for (const log of [...logs].sort((a, b) => (a.start.time < b.start.time ? -1 : 1))) {
    byShard.set(log.start.shard, log)
  }
  return [...byShard.values()].sort((a, b) => shardAt(a).index - shardAt(b).index)
}

const all: Shard = { index: 1, count: 1 }

const shardAt = ({ start }: ReadLog): Shard => shardOf(start.shard) ?? all

function missingShards(logs: readonly ReadLog[]): string[] {
  const counts = new Set(logs.map((log) => shardAt(log).count))
  if (counts.size > 1) return [`the logs are of ${[...counts].join(' and ')} shards: neither set is complete`]
  const [count = 1] = counts
  const there = new Set(logs.map((log) => shardAt(log).index))
  const lacking = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !there.has(index))
  return lacking.map((index) => `shard ${index} of ${count} has no log: --shard ${index}/${count}`)
}

function unfinished({ path, start, items, end }: ReadLog): string[] {
  const which = start.shard === '' ? 'the batch' : `shard ${start.shard.replace('-of-', ' of ')}`
  const left = start.total - items.length
  if (end === undefined) return [`${which} did not end: ${left} of ${start.total} are missing from ${path}`]
  if (end.left > 0)
    return [`${which} was stopped (${end.stopped}): ${end.left} of ${start.total} were not tried`]
  return []
}

type Gone = { readonly item: ItemEntry; readonly path: string; readonly how: string }

/** Finds items that were done but whose outputs no longer exist, or have another size than when written. */
function goneOutputs({ path, start, items }: ReadLog): Gone[] {
  const { root } = templateOf(path, start.output)
  const folder = dirname(path)
  // a log that shards keep in the output root shows where that is, wherever the batch was started
  const home = basename(folder) === basename(stateFolder('')) ? dirname(folder) : root
  return items
    .filter(({ status }) => status === 'done' || status === 'current')
    .map((item) => ({ item, path: join(home, relative(root, item.output)) }))
    .flatMap((one) => {
      const [size, { bytes }] = [statOf(one.path)?.size, one.item]
      if (size === undefined) return [{ ...one, how: 'does not exist' }]
      if (bytes === undefined || Number(size) === bytes) return []
      return [{ ...one, how: `has changed: it has ${size} bytes, ${bytes} were written` }]
    })
}

function templateOf(path: string, output: string): Template {
  try {
    return parseTemplate(output)
  } catch (cause) {
    throw noLog(path, 0, (cause as Error).message)
  }
}

const mostNamed = 10

const goneLines = (gone: readonly Gone[]): string[] => [
  ...gone.slice(0, mostNamed).map(({ item, path, how }) => `${path}, made from ${item.input}, ${how}`),
  ...(gone.length > mostNamed
    ? [`and ${gone.length - mostNamed} more outputs are missing or have changed`]
    : []),
]

function logsAt(word: string): string[] {
  if (!isFolder(word)) return [word]
  for (const folder of [word, stateFolder(word)]) {
    const names = namesIn(folder).filter((name) => /^log-.*\.jsonl$/.test(name))
    if (names.length > 0) return names.map((name) => join(folder, name))
  }
  return []
}

function readLog(path: string) {
  if (statOf(path)?.isCharacterDevice()) throw noLog(path, 0, 'a device')
  const entries: Entry[] = []
  const lines = readText(path, 'logBytes').split('\n')
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    let entry: unknown
    try {
      entry = JSON.parse(line)
    } catch (cause) {
      // the last line of a batch that was killed may be cut off
      if (i === lines.length - 1) continue
      throw noLog(path, i, 'not JSON', cause)
    }
    const problem = entryProblem(entry)
    if (problem !== undefined) throw noLog(path, i, problem)
    entries.push(entry as Entry)
  }
  const [start] = entries
  if (start?.event !== 'start') throw noLog(path, 0, 'expected a line with "event":"start"')
  return {
    path,
    start,
    items: entries.filter((entry) => entry.event === 'item'),
    // none for a batch that is still running or was killed
    end: entries.find((entry) => entry.event === 'end'),
  }
}

const time = must((value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)), 'a time')
const count = must((value) => Number.isSafeInteger(value) && (value as number) >= 0, 'a count')
const amount = must((value) => typeof value === 'number' && value >= 0, 'an amount')
const shard = must((value) => value === '' || shardOf(String(value)) !== undefined, 'empty or 2-of-8')
const error = object({
  code: oneOf(...Object.keys(errorCodes)),
  message: text,
  why: list(text),
  fix: maybe(text),
})

/** What of each event is read back. Events and keys that are not here may be of a later version. */
const shapes: Readonly<Record<string, Rule>> = {
  start: object({
    ...{ time, output: text, plan: text, operation: list(text) },
    ...{ shard, all: count, total: count },
  }),
  item: object({
    status: oneOf('done', 'current', 'failed', 'planned'),
    ...{ input: text, output: text },
    ...{ milliseconds: maybe(amount), megapixels: maybe(amount), bytes: maybe(count), error: maybe(error) },
  }),
  end: object({ milliseconds: amount, left: count, stopped: text }),
}

/** Returns why a value is not an entry of a log; undefined if it is one. */
function entryProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.event !== 'string') return 'expected an object with an event'
  const problem = Object.hasOwn(shapes, value.event) ? shapes[value.event]!(value) : undefined
  return problem && `${/\w+/.exec(problem.at)?.[0]} of this ${value.event} is missing or wrong`
}

const noLog = (path: string, line: number, why: string, cause?: unknown): ConvoError =>
  new ConvoError('E_INPUT', `${path} is not a log of a batch`, {
    why: `${path}:${line + 1}:1: ${why}`,
    cause,
  })
