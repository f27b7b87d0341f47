import { nameTrouble } from '../files/root.ts'
import { cut } from '../text/cut.ts'
import { isRecord } from '../text/record.ts'
import { isEntry } from './lock.ts'
import { statuses } from './page/data.ts'

/** What is wrong, and where: `.cases[3].name`. */
type Problem = { readonly at: string; readonly what: string }
/** Finds what is wrong with a value; undefined where nothing is. */
type Rule = (value: unknown) => Problem | undefined

const must =
  (is: (value: unknown) => boolean, what: string): Rule =>
  (value) =>
    is(value)
      ? undefined
      : { at: '', what: `must be ${what}, got ${cut(JSON.stringify(value) ?? 'nothing')}` }

const maybe =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined ? undefined : rule(value)

const list =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value)
      ? firstOf(value.map((one, i) => [`[${i}]`, one, rule]))
      : must(Array.isArray, 'a list')(value)

/** An object whose values all follow a rule. */
const map =
  (rule: Rule): Rule =>
  (value) =>
    isRecord(value)
      ? firstOf(Object.entries(value).map(([key, one]) => [`.${key}`, one, rule]))
      : must(isRecord, 'an object')(value)

/** An object with these; what else is in it is not looked at. */
const object =
  (fields: Readonly<Record<string, Rule>>): Rule =>
  (value) =>
    isRecord(value)
      ? firstOf(Object.entries(fields).map(([key, rule]) => [`.${key}`, value[key], rule]))
      : must(isRecord, 'an object')(value)

function firstOf(parts: readonly (readonly [at: string, value: unknown, rule: Rule])[]): Problem | undefined {
  for (const [at, value, rule] of parts) {
    const problem = rule(value)
    if (problem !== undefined) return { at: at + problem.at, what: problem.what }
  }
  return undefined
}

const oneOf = (...words: readonly unknown[]): Rule =>
  must((value) => words.includes(value), words.map((word) => JSON.stringify(word)).join(' or '))

const text = must((value) => typeof value === 'string', 'a string')
const truth = must((value) => typeof value === 'boolean', 'true or false')
const number = must((value) => typeof value === 'number', 'a number')
const whole = must(Number.isSafeInteger, 'a whole number')
/** JSON has neither NaN nor Infinity. */
const measure = must((value) => value === null || typeof value === 'number', 'a number or null')
const path: Rule = (value) => {
  const trouble = typeof value === 'string' ? nameTrouble(value) : undefined
  return trouble === undefined ? text(value) : { at: '', what: `${cut(JSON.stringify(value))}: ${trouble}` }
}
const seen = object({ path: text, sha256: text })
const entry: Rule = (value) => must(isEntry, 'an entry of a lock')(value) ?? object({ file: path })(value)

const caseRule = object({
  name: text,
  status: must((value) => statuses.some((one) => one === value), 'a status'),
  failed: truth,
  message: text,
  why: list(text),
  fix: maybe(text),
  place: maybe(object({ file: text, line: whole, column: whole })),
  command: maybe(text),
  tolerance: maybe(text),
  reason: maybe(text),
  tags: maybe(list(text)),
  measured: maybe(map(measure)),
  facts: list(list(text)),
  smallest: maybe(text),
  selfTest: maybe(oneOf('noticed', 'missed')),
  page: maybe(object({ number: whole, count: whole })),
  // in the folder of the results, but for the golden
  golden: maybe(path),
  expected: maybe(path),
  actual: maybe(path),
  diff: maybe(path),
  difference: maybe(
    object({
      picture: path,
      boxes: list(object({ x: whole, y: whole, width: whole, height: whole })),
      kinds: list(text),
    }),
  ),
  approval: maybe(
    object({
      golden: object({ path: text, sha256: maybe(text) }),
      actual: maybe(object({ file: path, sha256: text, entry })),
      inputs: list(seen),
    }),
  ),
  milliseconds: number,
})

const runRule = object({
  version: oneOf(1),
  // what two folders were compared for has nothing to approve
  source: maybe(oneOf('tests')),
  tools: map(text),
  manifest: seen,
  goldens: text,
  results: text,
  filter: maybe(list(text)),
  tags: maybe(list(text)),
  shard: maybe(object({ index: whole, count: whole })),
  parts: maybe(list(object({ label: text, folder: path }))),
  links: maybe(
    list(
      object({
        text,
        url: must((url) => typeof url === 'string' && /^https?:\/\//.test(url), 'an address of the web'),
      }),
    ),
  ),
  // a check has none: it would be shown as a command to run
  accept: must((value) => value === undefined, 'absent'),
  notes: maybe(list(text)),
  counts: map(whole),
  failed: whole,
  milliseconds: number,
  cases: list(caseRule),
})

/** Why a value is no `Run`, with the place in it; undefined for one that is. */
export function runProblem(run: unknown): string | undefined {
  const problem = runRule(run)
  return problem && `${problem.at.slice(1) || 'it'} ${problem.what}`
}
