import { cutLine } from './text/cut.ts'
import { describe } from './text/describe.ts'
import { visibleLine } from './text/visible.ts'

/** What each code represents. Codes are stable, part of the contract: add, but never rename. */
export const errorCodes = {
  E_USAGE: 'the command line is incomplete or wrong',
  E_OPTION: 'an option or parameter has an invalid value',
  E_NAME: 'no filter, operator, kernel, border or option has this name',
  E_ARGUMENT: 'an argument of a library call is wrong',
  E_SHAPE: 'shapes do not match, or the result would be empty',
  E_KERNEL_SYNTAX: 'a kernel file or string has a syntax error',
  E_KERNEL_SHAPE: 'the size of a kernel does not match its weights',
  E_KERNEL_VALUE: 'a weight is not finite, or a divisor is zero',
  E_KERNEL_FILE: 'a kernel file cannot be read, or has no tensor of that name',
  E_KERNEL_FORMAT: 'the format of a kernel file is unknown or not supported',
  E_NET_SYNTAX: 'a network file is damaged or has a syntax error',
  E_NET_FORMAT: 'the format, type or architecture of a network file is not supported',
  E_NET_OPERATOR: 'a network uses an operator or a setting that convo does not have',
  E_INPUT: 'an input file cannot be read',
  E_DECODE: 'an input cannot be decoded as a picture',
  E_OUTPUT: 'an output cannot be written',
  E_PATH: 'a path in a manifest, lock, log or results file leads out of its folder',
  E_EXISTS: 'the output already exists and would be replaced',
  E_IN_PLACE: 'the output would overwrite the input',
  E_MANIFEST: 'a manifest of checks or batches is not valid',
  E_STALE: 'what would be approved has changed since the check',
  E_TOO_LARGE: 'a picture or tensor is larger than the limit',
  E_MEMORY: 'memory ran out',
  E_WORKER: 'a worker thread died',
  E_INTERNAL: 'a bug in convo',
} as const

/** A stable error code, such as `E_KERNEL_SHAPE`. */
export type ErrorCode = keyof typeof errorCodes

type Instead<Meant> = readonly [typed: string | readonly string[], ...meant: Meant[]]

/** The parts of an error beyond its message: why it happened, and how to fix it. */
export type ErrorDetail = {
  /** Where and why, one line each. A line about a file begins with `file:line:column: ` or `file: byte N: `. */
  readonly why?: string | readonly string[]
  /**
   * What to try: a whole command line, `convo ...`; options to set, `--name value`, or to omit, `no --name, --other`,
   * which the command line turns into a whole line; or an action in words.
   */
  readonly fix?: string | undefined
  /**
   * One or more words that were typed, and the words that were probably meant, if known. They are the fix if `fix` is
   * undefined.
   */
  readonly instead?: Instead<string | undefined> | undefined
  /** The error that caused it. */
  readonly cause?: unknown
}

/** The largest number of lines of an explanation. Nobody reads more than a screen. */
const mostLines = 60

const brand = Symbol.for('convo.ConvoError')

/** Whether a value is an instance of a class whose prototype has this symbol. */
export const isBranded = (value: unknown, symbol: symbol): boolean =>
  typeof value === 'object' && value !== null && orElse(() => symbol in value, false)

/** The only error that convo throws for bad input. `message` says what is wrong; `why` and `fix` explain. */
export class ConvoError extends Error {
  override readonly name = 'ConvoError'
  /** The stable code, such as `E_INPUT`. */
  readonly code: ErrorCode
  /** Where and why, one line each. */
  readonly why: readonly string[]
  /** What to try instead; undefined if unknown. */
  readonly fix: string | undefined
  // declared, not defined, so that an undefined one does not show when an error is printed
  /** What was typed, and what to type instead. */
  declare readonly instead?: Instead<string> | undefined

  /** Whether it is an error from any copy of convo: a program may load both the ES module and CommonJS. */
  static override [Symbol.hasInstance](thrown: unknown): boolean {
    return isBranded(thrown, brand)
  }

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(cutLine(message), detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    const why = detail.why === undefined ? [] : typeof detail.why === 'string' ? [detail.why] : detail.why
    this.why = why.slice(0, mostLines).map(cutLine)
    if (why.length > mostLines) this.why = [...this.why, `and ${why.length - mostLines} more lines`]
    const { instead } = detail
    if (instead !== undefined && detail.fix === undefined && isKnown(instead)) this.instead = instead
    const fix = detail.fix ?? fixOf(this.instead)
    // a shortened fix would not work as typed
    this.fix = fix === undefined || cutLine(fix) === fix ? fix : undefined
  }
}

const isKnown = (instead: ErrorDetail['instead']): instead is Instead<string> | undefined =>
  instead?.includes(undefined as never) !== true
Object.defineProperty(ConvoError.prototype, brand, {})

/** The error for a value that is not `what` it must be: its message ends with the value. */
export const mismatch = (
  what: string,
  given: unknown,
  { code = 'E_ARGUMENT', ...detail }: ErrorDetail & { readonly code?: ErrorCode } = {},
): ConvoError =>
  new ConvoError(code, `${what}, got ${describe(given)}`, { ...detail, fix: detail.fix ?? awaiting(given) })

/** The same error with another code, for one that says where a file is used. */
export function recoded(thrown: unknown, code: ErrorCode): ConvoError {
  const { message, why, fix, instead } = asConvoError(thrown)
  return new ConvoError(code, message, { why, cause: thrown, ...(instead ? { instead } : { fix }) })
}

/** Returns the fix for a promise in the place of a value, in a list or in its rows; undefined for anything else. */
export function awaiting(given: unknown): string | undefined {
  if (isPromise(given)) return 'await it'
  const holds = (list: unknown): boolean => Array.isArray(list) && list.some(isPromise)
  if (orElse(() => holds(given), false)) return 'await Promise.all(list)'
  const isNested = orElse(() => Array.isArray(given) && given.some(holds), false)
  return isNested ? 'await Promise.all(rows.map((row) => Promise.all(row)))' : undefined
}

const isPromise = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && orElse(() => 'then' in given, false)

/** Returns the words that were meant, as a fix for callers without a command line. */
function fixOf(instead: ConvoError['instead']): string | undefined {
  if (instead === undefined) return undefined
  const [typed, ...meant] = instead
  return meant.length > 0 ? meant.join(' ') : `no ${typed}`
}

/**
 * Formats an error as the command line prints it: message and code, why, fix. Names in it cannot break its lines. Any
 * other error is converted first.
 */
export function formatError(thrown: ConvoError): string {
  const error = asConvoError(thrown)
  const lines = [`error: ${visibleLine(error.message)}   [${error.code}]`]
  for (const line of error.why) lines.push(`  ${visibleLine(line)}`)
  if (error.fix !== undefined) lines.push(`  try: ${visibleLine(error.fix)}`)
  return lines.join('\n')
}

/** Converts anything thrown to an error of convo: E_MEMORY if memory ran out, else E_INTERNAL, a bug. */
export function asConvoError(thrown: unknown): ConvoError {
  try {
    return convoErrorOf(thrown)
  } catch {
    return new ConvoError('E_INTERNAL', describe(thrown))
  }
}

function convoErrorOf(thrown: unknown): ConvoError {
  if (thrown instanceof ConvoError) return thrown
  const message =
    thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : describe(thrown)
  if (
    thrown instanceof RangeError &&
    /allocation|could not allocate|array length|value of "size"/i.test(message)
  ) {
    // V8 reserves 10 GiB of addresses for a memory whose bounds the processor checks, even if little of it is used
    const isReserved = /^WebAssembly\.Memory/.test(message)
    return new ConvoError('E_MEMORY', isReserved ? 'the address space is too small' : 'memory ran out', {
      why: message,
      fix: isReserved ? 'ulimit -v unlimited, or NODE_OPTIONS=--disable-wasm-trap-handler' : undefined,
      cause: thrown,
    })
  }
  if (thrown instanceof ReferenceError && /WebAssembly/.test(message)) {
    return new ConvoError('E_INPUT', 'this Node has no WebAssembly, which convo computes with', {
      why: message,
      fix: 'node without --jitless and --no-expose-wasm',
      cause: thrown,
    })
  }
  if (thrown instanceof TypeError && /detached ArrayBuffer/.test(message)) {
    const what = 'the memory of an input was transferred before the result was ready'
    return new ConvoError('E_ARGUMENT', what, { fix: 'copy it before the transfer', cause: thrown })
  }
  const system = thrown as { readonly code?: unknown; readonly syscall?: unknown } | null | undefined
  if (system?.code === 'ERR_INVALID_ARG_VALUE' && /null bytes/.test(message)) {
    return new ConvoError('E_INPUT', 'a file name cannot contain a NUL character', {
      why: message,
      cause: thrown,
    })
  }
  if (system?.syscall === 'uv_cwd') {
    return new ConvoError('E_INPUT', 'the current folder was removed', { why: message, cause: thrown })
  }
  return new ConvoError('E_INTERNAL', message, { cause: thrown })
}

/**
 * Returns what `read` returns, for an object from the caller whose getters and traps may throw anything.
 *
 * @param what what messages call the object
 * @throws ConvoError E_ARGUMENT
 */
export function readOf<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ConvoError) throw cause
    const why = cause instanceof Error ? cause.message : describe(cause)
    throw new ConvoError('E_ARGUMENT', `${what} cannot be read`, { why, cause })
  }
}

/**
 * Copies lists and plain objects from the caller. The copies have no getters and do not change later. Other values are
 * returned unchanged.
 *
 * @throws ConvoError E_ARGUMENT for a value that cannot be read
 */
export const ownCopy = <T>(what: string, given: T): T => readOf(what, () => copyOf(given) as T)

function copyOf(given: unknown): unknown {
  if (Array.isArray(given)) {
    // a counting loop: kernels may have a million numbers, and an iterator takes ten times as long
    const { length } = given
    const copy: unknown[] = []
    for (let i = 0; i < length; i++) {
      const one: unknown = given[i]
      copy.push(typeof one === 'number' ? one : copyOf(one))
    }
    return copy
  }
  if (typeof given !== 'object' || given === null) return given
  const parent = Object.getPrototypeOf(given)
  if (parent !== null && Object.getPrototypeOf(parent) !== null) return given
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, copyOf(value)]))
}

/** Returns the result of `act`, or `other` if it throws anything. */
export function orElse<T, F>(act: () => T, other: F): T | F {
  try {
    return act()
  } catch {
    return other
  }
}

/** Throws `E_INTERNAL` if an invariant does not hold. The compiler then knows that the condition is true. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new ConvoError('E_INTERNAL', message)
}

/** Returns the candidate nearest to `word` by edit distance, if it is near enough to be a typing error. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    // the distance is at least the difference of the lengths
    if (Math.abs(word.length - candidate.length) >= bestDistance) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * Returns the Damerau-Levenshtein distance in its optimal-string-alignment form: insert, delete, replace, swap
 * neighbours.
 */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let d = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d = Math.min(d, before[j - 2]! + 1)
      next.push(d)
    }
    before = row
    row = next
  }
  return row[b.length]!
}

const numerals = ['no arguments', 'one argument', 'two arguments', 'three arguments', 'four arguments']

/**
 * Refuses arguments that a function would ignore, except for those that `map` adds to a function with one argument.
 *
 * @throws ConvoError E_ARGUMENT
 */
export function refuseMany(name: string, most: number, given: readonly unknown[], fix?: string): void {
  if (given.length <= most) return
  const [first, index, list] = given
  if (most === 1 && given.length === 3 && Array.isArray(list) && list[index as number] === first) return
  const usual = most === 0 ? `${name}()` : most === 1 ? undefined : 'one object with all options'
  throw new ConvoError('E_ARGUMENT', `${name} takes ${numerals[most]}, got ${given.length}`, {
    fix: fix ?? usual,
  })
}

type AnyFunction = (...given: never[]) => unknown

const isAsync = (act: AnyFunction) => Object.prototype.toString.call(act) === '[object AsyncFunction]'

/** Makes a function refuse arguments that it would ignore: an async one by a rejection, others by throwing. */
export const counted = <F extends AnyFunction>(name: string, most: number, act: F, fix?: string): F =>
  ({
    [name](this: unknown, ...given: unknown[]) {
      try {
        refuseMany(name, most, given, fix)
      } catch (error) {
        if (isAsync(act)) return Promise.reject(error)
        throw error
      }
      return act.apply(this, given as never[])
    },
  })[name] as unknown as F
