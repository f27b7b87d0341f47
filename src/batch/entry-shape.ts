import { errorCodes } from '../error.ts'
import { list, maybe, must, object, oneOf, type Rule, text } from '../files/shape.ts'
import { shardOf } from '../host/shard.ts'
import { isRecord } from '../text/record.ts'

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
    ...{ milliseconds: maybe(amount), megapixels: maybe(amount), error: maybe(error) },
  }),
  end: object({ milliseconds: amount, left: count, stopped: text }),
}

/** Why a value is no entry of a log, or nothing. */
export function entryProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.event !== 'string') return 'expected an object with an event'
  const problem = Object.hasOwn(shapes, value.event) ? shapes[value.event]!(value) : undefined
  return problem && `${/\w+/.exec(problem.at)?.[0]} of this ${value.event} is missing or wrong`
}
