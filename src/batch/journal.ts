import { closeSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConvoError } from '../error.ts'
import { type Growing, makeFolder, openGrowing } from '../files/change.ts'
import { systemError } from '../files/errors.ts'
import { refuseReplacing } from '../files/reads.ts'
import { statOf } from '../files/stat.ts'
import { visible } from '../text/visible.ts'
import type { ErrorText } from './crew.ts'

/** What a batch shows machines: a line of JSON each, on standard output or in a log. */
export type Entry =
  | {
      readonly event: 'start'
      readonly time: string
      readonly version: string
      readonly operation: readonly string[]
      readonly output: string
      /** As `2-of-8`; empty for a batch that is not shared out. */
      readonly shard: string
      /** Inputs of all shards. */
      readonly all: number
      /** Inputs of this one. */
      readonly total: number
      /** Equal for shards that share out the same inputs. */
      readonly plan: string
    }
  | ItemEntry
  | ({
      readonly event: 'end'
      readonly time: string
      readonly shard: string
      readonly milliseconds: number
      readonly megapixels: number
      /** Why it ended before all was tried, as `SIGINT`; empty where all was. */
      readonly stopped: string
    } & Counts)

/** What came of one input. */
export type ItemEntry = {
  readonly event: 'item'
  /** `current`: it was up to date; `planned`: it would be processed. */
  readonly status: 'done' | 'current' | 'failed' | 'planned'
  readonly input: string
  readonly output: string
  /** Why it was processed, or why not. */
  readonly reason: string
  readonly milliseconds?: number
  readonly megapixels?: number
  readonly bytes?: number
  readonly clipped?: { readonly low: number; readonly high: number; readonly samples: number }
  readonly notes?: readonly string[]
  readonly error?: ErrorText
}

/** How many inputs came to what. `current`: they were up to date. `left`: they were not tried. */
export type Counts = {
  readonly done: number
  readonly current: number
  readonly failed: number
  readonly left: number
}

/** A log file. Writing to it does not fail: an error is given back, once. */
export type Log = { write(entry: Entry): ConvoError | undefined; close(): void }

/** Begins a log; what was in the file is gone. @throws ConvoError E_OUTPUT */
export function openLog(path: string): Log {
  refuseReplacing(path)
  refuseOther(path)
  let file: Growing
  makeFolder(dirname(path))
  try {
    file = openGrowing(path)
  } catch (cause) {
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

/** The error of an input, which names it whatever the error itself says. */
export const errorOf = (input: string, { code, message, why, fix }: ErrorText): ConvoError =>
  new ConvoError(code, message.includes(input) ? message : `${input}: ${message}`, { why, fix })

/** An entry as a line. */
export const lineOf = (entry: Entry): string => `${visible(JSON.stringify(entry))}\n`
