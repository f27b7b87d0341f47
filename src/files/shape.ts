import { orElse } from '../error.ts'
import { cut } from '../text/cut.ts'
import { isRecord } from '../text/record.ts'

// Rules for values that were read as JSON. They find what is wrong and where.

/** A problem and its place: `.cases[3].name`. */
type Problem = { readonly at: string; readonly what: string }
/** Returns the problem of a value, or undefined if there is none. */
export type Rule = (value: unknown) => Problem | undefined

/** A rule for a condition, which `what` describes. */
export const must =
  (is: (value: unknown) => boolean, what: string): Rule =>
  (value) =>
    is(value)
      ? undefined
      : { at: '', what: `must be ${what}, got ${cut(JSON.stringify(value) ?? 'nothing')}` }

/** A rule for a value that may be absent. */
export const maybe =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined ? undefined : rule(value)

/** A list whose entries all follow a rule. */
export const list =
  (rule: Rule): Rule =>
  (value) =>
    Array.isArray(value)
      ? firstOf(value.map((one, i) => [`[${i}]`, one, rule]))
      : must(Array.isArray, 'a list')(value)

/** An object whose values all follow a rule. */
export const map =
  (rule: Rule): Rule =>
  (value) =>
    isRecord(value)
      ? firstOf(Object.entries(value).map(([key, one]) => [`.${key}`, one, rule]))
      : must(isRecord, 'an object')(value)

/** An object with these fields; other fields are ignored. */
export const object =
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

/** One of a few values. */
export const oneOf = (...words: readonly unknown[]): Rule =>
  must((value) => words.includes(value), words.map((word) => JSON.stringify(word)).join(' or '))

export const text = must((value) => typeof value === 'string', 'a string')
export const truth = must((value) => typeof value === 'boolean', 'true or false')
export const number = must((value) => typeof value === 'number', 'a number')
export const whole = must(Number.isSafeInteger, 'a whole number')

/** Whether a value follows a rule. */
export const fits =
  <T>(rule: Rule) =>
  (value: unknown): value is T =>
    rule(value) === undefined

/**
 * Parses JSON that follows a rule. Returns undefined if the text is not valid JSON, is truncated, or breaks the rule.
 */
export function parsed<T>(text: string, rule: Rule): T | undefined {
  const value: unknown = orElse(() => JSON.parse(text), undefined)
  return fits<T>(rule)(value) ? value : undefined
}
