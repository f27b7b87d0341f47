import { ConvoError } from '../../error.ts'
import { checkLimit } from '../../limits.ts'
import { cut } from '../../text/cut.ts'
import { describe } from '../../text/describe.ts'
import { isRecord } from '../../text/record.ts'
import type { Network } from '../network.ts'

/** The input of a reader besides the bytes of a file. */
export type Given = {
  /** The name of the file in errors. */
  readonly file: string
  /** Reads a file that the model refers to by its path relative to the model's folder. @throws ConvoError E_PATH, E_INPUT */
  readonly beside: (path: string) => Uint8Array
  /** The factor by which the output is larger than the input, for files that leave it open. */
  readonly scale?: number
}

/** A file format for networks. */
export type NetworkFormat = {
  readonly name: string
  /** One line: the program it belongs to, and its files. */
  readonly summary: string
  readonly extensions: readonly string[]
  /** Whether the content of a file looks like this format. */
  readonly recognises: (bytes: Uint8Array) => boolean
  /** Reads a network; its nodes may be in any order. @throws ConvoError E_NET_SYNTAX, E_NET_FORMAT, E_NET_OPERATOR, E_TOO_LARGE */
  readonly read: (bytes: Uint8Array, given: Given) => Network
}

/** Makes the error for a position in a file, in bytes from its start. */
export type Failure = (at: number, expected: string, found: string) => ConvoError

/** Makes the errors for damaged files of a format. */
export const damaged =
  (file: string, format: string): Failure =>
  (at, expected, found) =>
    new ConvoError('E_NET_SYNTAX', `${file} cannot be read as ${format}`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })

/** Quotes a name from a file for a message. */
export const quoted = (name: string): string => JSON.stringify(cut(name, 120))

/** Checks of values in JSON. Each returns the value, or throws an error that says what was expected. */
export type Checks = {
  readonly fail: (expected: string, found: unknown) => ConvoError
  readonly record: (value: unknown, what: string) => Readonly<Record<string, unknown>>
  readonly list: (value: unknown, what: string) => readonly unknown[]
  readonly text: (value: unknown, what: string) => string
}

/** Parses JSON that starts as an object, and makes the checks of its values. `what` is the message of their errors. */
export function openJson(
  json: string,
  file: string,
  what: string,
  where = '',
): Checks & { readonly whole: Readonly<Record<string, unknown>> } {
  const fail = (expected: string, found: unknown) =>
    new ConvoError('E_NET_SYNTAX', `${file} ${what}`, {
      why: `${file}: ${where}expected ${expected}, found ${describe(found)}`,
    })
  const check =
    <T>(is: (value: unknown) => value is T) =>
    (value: unknown, what: string): T => {
      if (!is(value)) throw fail(what, value)
      if (Array.isArray(value)) checkLimit('modelParts', value.length, file)
      return value
    }
  const checks: Checks = {
    fail,
    record: check(isRecord),
    list: check(Array.isArray),
    text: check((value) => typeof value === 'string'),
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (cause) {
    throw fail('JSON', (cause as Error).message)
  }
  return { ...checks, whole: checks.record(parsed, 'an object') }
}
