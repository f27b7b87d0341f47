import { errorCodes } from '../error.ts'
import { shardOf } from '../host/shard.ts'
import { isRecord } from '../text/record.ts'

type Test = (value: unknown) => boolean

const isText: Test = (value) => typeof value === 'string'
const isTime: Test = (value) => isText(value) && !Number.isNaN(Date.parse(value as string))
const isTexts: Test = (value) => Array.isArray(value) && value.every(isText)
const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isAmount: Test = (value) => typeof value === 'number' && value >= 0
const isOptional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value)
const isError: Test = (value) =>
  isRecord(value) &&
  Object.hasOwn(errorCodes, String(value.code)) &&
  [isText(value.message), isTexts(value.why), isOptional(isText)(value.fix)].every(Boolean)

/** Empty, or `2-of-8`. */
const isShard: Test = (value) => value === '' || shardOf(String(value)) !== undefined

/** What of each event is read back. Events and keys that are not here may be of a later version. */
const shapes: Readonly<Record<string, Readonly<Record<string, Test>>>> = {
  start: {
    ...{ time: isTime, output: isText, plan: isText, operation: isTexts },
    ...{ shard: isShard, all: isCount, total: isCount },
  },
  item: {
    status: (value) => ['done', 'current', 'failed', 'planned'].includes(value as string),
    ...{
      input: isText,
      output: isText,
      milliseconds: isOptional(isAmount),
      megapixels: isOptional(isAmount),
    },
    error: isOptional(isError),
  },
  end: { milliseconds: isAmount, left: isCount, stopped: isText },
}

/** Why a value is no entry of a log, or nothing. */
export function entryProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.event !== 'string') return 'expected an object with an event'
  const shape = Object.hasOwn(shapes, value.event) ? shapes[value.event]! : {}
  const wrong = Object.entries(shape).find(([key, test]) => !test(value[key]))
  return wrong && `${wrong[0]} of this ${value.event} is missing or wrong`
}
