import { closeSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConvoError } from '../error.ts'
import { type Growing, makeFolder, openGrowing, removeEmpty } from '../files/change.ts'
import { systemError } from '../files/errors.ts'
import { refuseReplacing } from '../files/reads.ts'
import { statOf } from '../files/root.ts'
import type { Clipping } from '../run/watch.ts'
import { visible } from '../text/visible.ts'
import type { ErrorText } from './runner.ts'

/** An event of a batch for machines: one line of JSON, on standard output or in a log. */
export type Entry = StartEntry | ItemEntry | EndEntry

/** The beginning of a batch. */
export type StartEntry = {
  /** The kind of the event. */
  readonly event: 'start'
  /** When, in ISO 8601. */
  readonly time: string
  /** The version of convo. */
  readonly version: string
  /** The operation and its options, as on the command line. */
  readonly operation: readonly string[]
  /** The path of the outputs, with keys such as `{stem}`. */
  readonly output: string
  /** As `2-of-8`; empty for a batch without shards. */
  readonly shard: string
  /** Inputs of all shards. */
  readonly all: number
  /** Inputs of this one. */
  readonly total: number
  /** Equal for shards that divide the same inputs. */
  readonly plan: string
}

/** The end of a batch. */
export type EndEntry = {
  /** The kind of the event. */
  readonly event: 'end'
  /** When, in ISO 8601. */
  readonly time: string
  /** As `2-of-8`; empty for a batch without shards. */
  readonly shard: string
  /** Milliseconds from the beginning to the end. */
  readonly milliseconds: number
  /** Pixels of all inputs that were processed, in millions. */
  readonly megapixels: number
  /** Why it ended before all inputs were tried, such as `SIGINT`; empty if all were. */
  readonly stopped: string
} & BatchCounts

/** The result for one input. */
export type ItemEntry = {
  /** The kind of the event. */
  readonly event: 'item'
  /** `current`: it was up to date; `planned`: it would be processed. */
  readonly status: 'done' | 'current' | 'failed' | 'planned'
  /** The path of the input. */
  readonly input: string
  /** The path of the output. */
  readonly output: string
  /** Why it was processed, or why not. */
  readonly reason: string
  /** From its beginning to the written file. */
  readonly milliseconds?: number
  /** Pixels of the input, in millions. */
  readonly megapixels?: number
  /** Size of the output file. */
  readonly bytes?: number
  /** Samples that were below black or above white; only if it was processed. */
  readonly clipped?: Clipping
  /** Notes for the user. */
  readonly notes?: readonly string[]
  /** Why it failed. */
  readonly error?: ErrorText
}

/** The number of inputs with each result. `current`: they were up to date. `left`: they were not tried. */
export type BatchCounts = {
  /** Pictures that were processed. */
  readonly done: number
  /** Those that were up to date. */
  readonly current: number
  /** Those that failed. */
  readonly failed: number
  /** Those that were not tried. */
  readonly left: number
}

/** A log file. Writing to it never throws: an error is returned, once. */
export type Log = { write(entry: Entry): ConvoError | undefined; close(): void }

/** Begins a log, and replaces the content of the file. @throws ConvoError E_OUTPUT */
export function openLog(path: string): Log {
  refuseReplacing(path)
  refuseOther(path)
  let file: Growing
  const made = makeFolder(dirname(path))
  try {
    file = openGrowing(path)
  } catch (cause) {
    removeEmpty(made)
    throw systemError('E_OUTPUT', `the log ${path} cannot be written`, path, cause)
  }
  let isBroken = false
  return {
    write(entry) {
      if (isBroken) return undefined
      try {
        file.write(lineOf(entry))
        return undefined
      } catch (cause) {
        isBroken = true
        return systemError('E_OUTPUT', `the log ${path} is incomplete: it cannot be written`, path, cause)
      }
    },
    close: file.close,
  }
}

/** A path that was meant for something else, as a picture, is not emptied. */
function refuseOther(path: string): void {
  const stat = statOf(path)
  if (stat?.isFile() !== true || stat.size === 0n) return
  const descriptor = openSync(path, 'r')
  const first = Buffer.alloc(1)
  readSync(descriptor, first)
  closeSync(descriptor)
  if (first.toString() === '{') return
  throw new ConvoError('E_EXISTS', `${path} already exists and is not a log of a batch`, {
    fix: 'a different name for --log',
  })
}

export const errorOf = (input: string, { code, message, why, fix }: ErrorText): ConvoError =>
  new ConvoError(code, message.includes(input) ? message : `${input}: ${message}`, { why, fix })

export const lineOf = (entry: Entry): string => `${visible(JSON.stringify(entry))}\n`
