import { awaiting, ConvoError, mismatch, nearest, orElse, ownCopy, readOf } from './error.ts'
import { describe } from './text/describe.ts'
import { nearTexts } from './text/near.ts'

/** One typed, documented setting: flags, manifests, help, completion, manual and README are made from tables of them. */
export type Param<T> = {
  readonly summary: string
  /** Undefined: the setting may be omitted, and its value is then `undefined`. */
  readonly default?: T
  /** What happens if a setting without a default is omitted, in words. */
  readonly unset?: string
  /** The bounds of a number, for help. */
  readonly min?: number
  readonly max?: number
  /** The placeholder for the value in a usage line, such as `<n>`. Flags have none. */
  readonly metavar?: string
  /** The words that are allowed, for help and completion. */
  readonly choices?: readonly string[]
  readonly isFlag?: boolean
  /** Whether the setting may be given several times. The value is then an array. */
  readonly repeats?: boolean
  /** What a program can pass from memory, instead of the file that the text names. */
  readonly held?: Held
  /** Converts the value from the command line, a manifest or a caller. Throws a ConvoError that names `name`. */
  parse(given: unknown, name: string): T
}

/** A kernel, or the weights that make the kernels of an involution. */
export type Held = 'kernel' | 'generator'

/** A table of settings by name, in kebab-case as on the command line. */
export type Params = Readonly<Record<string, Param<unknown>>>

/** The values of a table of settings. Those with a default are always set. */
export type Values<P extends Params> = { readonly [K in keyof P]: ParamValue<P[K]> }
type ParamValue<P> = P extends { default: infer T } ? T : P extends Param<infer T> ? T | undefined : never

type WithDefault<T> = Param<T> & { readonly default: T }
/** `NoInfer` of TypeScript 5.4, for older versions: a type that is inferred only from elsewhere. */
type Settled<T> = [T][T extends unknown ? 0 : never]
type Bounds = { readonly min?: number; readonly max?: number; readonly unset?: string }

/** A finite number within bounds. */
export function number(summary: string, fallback: number, bounds?: Bounds): WithDefault<number>
export function number(summary: string, fallback?: undefined, bounds?: Bounds): Param<number>
export function number(summary: string, fallback?: number, bounds: Bounds = {}): Param<number> {
  return withDefault(
    { summary, metavar: '<n>', ...bounds, parse: (given, name) => parseNumber(given, name, bounds, summary) },
    fallback,
  )
}

/** Returns a percentage as a fraction: 0.29 for `29%`. Divided by 100, 99.99 would not be 0.9999. */
export function partOf(given: unknown): number | undefined {
  const digits = typeof given === 'string' ? /^\s*(-?[\d.]+)\s*%\s*$/.exec(given)?.[1] : undefined
  return digits === undefined ? undefined : Number(`${digits}e-2`)
}

/** A fraction from 0 to 1, which may also be typed as a percentage. */
export function share(summary: string): Param<number> {
  const parse = (given: unknown, name: string) => {
    const part = partOf(given)
    if (part === undefined) return parseNumber(given, name, { min: 0, max: 1 })
    if (!(part >= 0 && part <= 1)) throw expected('from 0 to 1, or 0% to 100%', name, given)
    return part
  }
  return { summary, metavar: '<n|n%>', min: 0, max: 1, parse }
}

/** A whole number within bounds. */
export function integer(summary: string, fallback: number, bounds?: Bounds): WithDefault<number>
export function integer(summary: string, fallback?: undefined, bounds?: Bounds): Param<number>
export function integer(summary: string, fallback?: number, bounds: Bounds = {}): Param<number> {
  const parse = (given: unknown, name: string) => {
    const value = parseNumber(given, name, bounds, summary, 'a whole number')
    if (!Number.isSafeInteger(value))
      throw expected('a whole number', name, given, { near: within(bounds, Math.round(value)) })
    return value
  }
  return withDefault({ summary, metavar: '<n>', ...bounds, parse }, fallback)
}

/** One of a few words. */
export function choice<const C extends string>(
  summary: string,
  choices: readonly C[],
  fallback: Settled<C>,
): WithDefault<C>
export function choice<const C extends string>(summary: string, choices: readonly C[]): Param<C>
export function choice<const C extends string>(
  summary: string,
  choices: readonly C[],
  fallback?: C,
): Param<C> {
  const parse = (given: unknown, name: string): C => {
    const word = String(given)
    const found = choices.find((c) => c === word)
    if (found !== undefined) return found
    throw new ConvoError('E_OPTION', `${name} must be one of ${choices.join(', ')}, got "${word}"`, {
      instead: [word, nearest(word, choices)],
    })
  }
  return withDefault({ summary, choices, metavar: '<word>', parse }, fallback)
}

/** On or off. Default: off. */
export function flag(summary: string): WithDefault<boolean> {
  const parse = (given: unknown, name: string) => {
    if (typeof given === 'boolean') return given
    if (given === 'true' || given === 'false') return given === 'true'
    throw expected('true or false', name, given)
  }
  return { summary, isFlag: true, default: false, parse }
}

/** Any text. */
export function text(summary: string, metavar: string, fallback: string): WithDefault<string>
export function text(summary: string, metavar: string): Param<string>
export function text(summary: string, metavar: string, fallback?: string): Param<string> {
  const parse = (given: unknown, name: string) => {
    if (typeof given !== 'string' || given === '')
      throw expected('text', name, given, { why: [`${name}: ${summary}`] })
    return given
  }
  return withDefault({ summary, metavar, parse }, fallback)
}

/** A text that names a file, or a `T` that the library made from what a program passed. */
export function textOr<T extends object>(held: Held, summary: string, metavar: string): Param<string | T> {
  const { parse } = text(summary, metavar)
  return {
    summary,
    metavar,
    held,
    parse: (given, name) => (isHeld(given) ? (given as T) : parse(given, name)),
  }
}

/** Whether a value holds numbers in memory, which neither text nor a manifest can do. */
export const isHeld = (given: unknown): given is object =>
  typeof given === 'object' &&
  given !== null &&
  Object.values(given).some((one) => ArrayBuffer.isView(one) || ArrayBuffer.isView(one?.data))

/** A value with a syntax of its own. `parse` receives the text, or any value from a manifest. */
export function custom<T>(
  summary: string,
  metavar: string,
  parse: (given: unknown, name: string) => T,
  fallback: Settled<T>,
): WithDefault<T>
export function custom<T>(
  summary: string,
  metavar: string,
  parse: (given: unknown, name: string) => T,
): Param<T>
export function custom<T>(
  summary: string,
  metavar: string,
  parse: (given: unknown, name: string) => T,
  fallback?: T,
): Param<T> {
  return withDefault({ summary, metavar, parse }, fallback)
}

/** The separator of numbers: a comma, or the x of `3x5`, but not an x in a unit. */
const comma = /,|(?<=[\d.\s])x(?=[\d.\s+-])/

/** A list of whole or fractional numbers, typed with commas: `1,2`. `count` limits its length. */
export function numbers(
  summary: string,
  metavar: string,
  count: { min: number; max: number },
  { whole = false, ...bounds }: Bounds & { whole?: boolean } = {},
): Param<readonly number[]> {
  const parse = (given: unknown, name: string): readonly number[] => {
    const parts = Array.isArray(given) ? given : typeof given === 'string' ? given.split(comma) : [given]
    if (parts.length < count.min || parts.length > count.max) {
      throw expected(
        count.min === count.max ? `${count.min} numbers` : `${count.min} to ${count.max} numbers`,
        name,
        given,
      )
    }
    // the whole list, with the nearest valid number for each of its numbers
    const mended = () => {
      const rounded = whole ? Math.round : Number
      const near = parts.map((part: unknown) => within(bounds, rounded(parseNumber(part, name, {}))))
      return { near: near.join(','), typed: String(given) }
    }
    return parts.map((part: unknown) => {
      const value = parseNumber(part, name, bounds, '', 'a number', mended)
      if (whole && !Number.isSafeInteger(value)) throw expected('whole numbers', name, given, mended())
      return value
    })
  }
  return { summary, metavar, ...bounds, parse }
}

/** Returns the values of a table, with defaults. @throws ConvoError E_NAME for an unknown setting, E_OPTION */
export function resolve<P extends Params>(
  params: P,
  given: Readonly<Record<string, unknown>>,
  show = (name: string) => `--${name}`,
): Values<P> {
  for (const name of Object.keys(given)) {
    if (given[name] === undefined || Object.hasOwn(params, name)) continue
    const guess = nearest(name, Object.keys(params))
    throw new ConvoError('E_NAME', `unknown setting ${show(name)}`, {
      why: `settings: ${Object.keys(params).map(show).join(', ') || 'none'}`,
      instead: [show(name), guess && show(guess)],
    })
  }
  const values: Record<string, unknown> = {}
  for (const [name, param] of Object.entries(params)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    values[name] = value === undefined ? param.default : parsedOr(param, value, show(name))
  }
  return values as Values<P>
}

/** A valid value for each placeholder of usage lines. */
const samples: Readonly<Record<string, string>> = {
  ...{ '<n>': '1', '<n|n%>': '50%', '<n,n,…>': '1', '<k>': '3', '<w,h>': '64,64' },
  ...{ '<x,y>': '0,0', '<x,y,w,h>': '0,0,16,16', '<colour>': 'white', '<padding>': 'same' },
  ...{ '<size>': '512MiB', '<count>': '100M', '<i/n>': '1/2', '<levels>': '1' },
}

/** Parses a value. An error that does not say what to type instead gets a valid value as its fix. */
function parsedOr<T>(param: Param<T>, value: unknown, name: string): T {
  try {
    return param.parse(value, name)
  } catch (error) {
    if (!(error instanceof ConvoError) || error.code !== 'E_OPTION' || error.fix !== undefined) throw error
    const one = (text: unknown) => (param.repeats ? [text] : text)
    const accepts = (text: unknown) => orElse(() => param.parse(one(text), name) !== undefined, false)
    const odd = Array.isArray(value) && param.repeats ? value.find((text) => !accepts(text)) : value
    // a file name is an input or output after an option without its value
    if (typeof odd !== 'string' || /\.[a-z]\w*$/i.test(odd)) throw error
    const usual = ['number', 'string'].includes(typeof param.default) ? param.default : undefined
    const sample = usual ?? samples[/^<[^>]*>/.exec(param.metavar ?? '')?.[0] ?? '']
    const near = [...nearTexts(odd), String(sample ?? '')].find(accepts)
    if (near === undefined) throw error
    const { code, message, why, cause } = error
    throw new ConvoError(code, message, { why, cause, instead: insteadOf(name, odd, near) })
  }
}

/** Makes a parser for one of a few words, or else for what `read` accepts. `what` describes both, for the error. */
export const wordOr =
  <const W extends string, T>(
    words: readonly W[],
    what: string,
    read: (given: unknown, name: string) => T,
  ): ((given: unknown, name: string) => W | T) =>
  (given, name) => {
    const word = words.find((one) => one === given)
    if (word !== undefined) return word
    if (typeof given === 'string' && !/^[\s\d.+-]/.test(given)) throw expected(what, name, given)
    return read(given, name)
  }

/** The rules for padding that have a name. */
export const paddingRules = ['same', 'valid', 'full'] as const

/** What to type instead of a value, or of the whole text `typed`, if the setting is an option of a command line. */
type Mended = { readonly near?: number | string | undefined; readonly typed?: string }

/** The error for an invalid value. */
export function expected(
  what: string,
  name: string,
  given: unknown,
  { near, typed = String(given), why = [] }: Mended & { why?: readonly string[] } = {},
): ConvoError {
  const instead = near === undefined ? undefined : insteadOf(name, typed, near)
  const detail = { why, instead, fix: awaiting(given) }
  return new ConvoError('E_OPTION', `${name} must be ${what}, got ${shown(given)}`, detail)
}

/** Replaces the value of an option on a command line, or of a setting of a kernel, as in `gaussian:sigma=2`. */
function insteadOf(name: string, typed: string, near: number | string) {
  const key = /^[\w-]+:([\w-]+)$/.exec(name)?.[1]
  if (key !== undefined) return [`${key}=${typed}`, `${key}=${near}`] as const
  return /^--[\w-]+$/.test(name) ? ([[name, typed], name, String(near)] as const) : undefined
}

/** Returns the nearest number within bounds. */
const within = ({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Bounds, value: number) =>
  Math.min(max, Math.max(min, value))

/** Returns the nearest valid amount: a number within bounds, or a percentage up to 100%. Undefined for other text. */
export function amountNear(given: unknown, bounds: Bounds): string | undefined {
  const [, digits, unit = ''] = /^\s*(-?\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(String(given)) ?? []
  if (digits === undefined) return undefined
  return within(unit === '' ? bounds : { min: Math.min(1, bounds.min ?? 0), max: 100 }, Number(digits)) + unit
}

function shown(given: unknown): string {
  // JSON would make null of NaN, a page of numbers of a picture, and nothing of a chain
  if (typeof given === 'number') return String(given)
  const kind = describe(given)
  if (typeof given === 'object' && !Array.isArray(given) && (kind !== 'Object' || isHeld(given))) return kind
  return orElse(() => JSON.stringify(given), undefined) ?? kind
}

function parseNumber(
  given: unknown,
  name: string,
  bounds: Bounds,
  summary = '',
  kind = 'a number',
  mended?: () => Mended,
): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds
  const value =
    typeof given === 'number'
      ? given
      : typeof given === 'string' && /^[^a-z]*(e[^a-z]*)?$/i.test(given) && given.trim() !== ''
        ? Number(given)
        : Number.NaN
  const range =
    max === Number.POSITIVE_INFINITY
      ? `at least ${min}`
      : min === Number.NEGATIVE_INFINITY
        ? `at most ${max}`
        : `from ${min} to ${max}`
  if (typeof given === 'string' && /\d\s*%\s*$/.test(given)) {
    const limits = Number.isFinite(max) ? ` ${range}` : ''
    throw new ConvoError('E_OPTION', `${name} must be ${kind}${limits}, not a percentage, got "${given}"`, {
      why: summary === '' ? [] : `${name}: ${summary}`,
    })
  }
  if (!Number.isFinite(value)) throw expected('a number', name, given)
  if (value !== within(bounds, value))
    throw expected(range, name, value, mended?.() ?? { near: within(bounds, value) })
  if (!Number.isFinite(Math.fround(value))) throw expected('a number that float32 holds', name, given)
  return value
}

const withDefault = <T>(param: Param<T>, fallback: T | undefined): WithDefault<T> =>
  (fallback === undefined ? param : { ...param, default: fallback }) as WithDefault<T>

/**
 * Checks the options of a function of the library.
 *
 * @param of the name of the function, for messages
 * @param known the options of the function, if later checks do not find all unknown ones
 * @param one the name of an option, to suggest a call with it if a value was passed instead of an object
 * @throws ConvoError E_ARGUMENT for no object, or one that cannot be read or inherits options; E_NAME for unknown ones
 */
export function checkOptions(options: unknown, of: string, known?: readonly string[], one?: string): void {
  const what = `the options of ${of}`
  readOf(what, () => {
    const isBag = typeof options === 'object' && options !== null && !Array.isArray(options)
    if (!isBag || ['Map', 'Set', 'Promise'].includes(describe(options))) {
      const isValue = one !== undefined && ['number', 'string', 'boolean'].includes(typeof options)
      const isKernel = one === 'kernel' && Array.isArray(options)
      throw mismatch(`${what} must be an object`, options, {
        why: known === undefined ? [] : `options: ${known.join(', ') || 'none'}`,
        fix: isValue
          ? `${of}({ ${one}: ${typeof options === 'string' ? `'${options}'` : options} })`
          : isKernel
            ? `${of}({ kernel: rows })`
            : undefined,
      })
    }
    for (const key in options) {
      if (Object.hasOwn(options, key) || key in Object.prototype) continue
      throw new ConvoError('E_ARGUMENT', `${what} inherit ${key}; inherited options are not read`, {
        fix: '{ ...defaults, ...options }',
      })
    }
    for (const key of Object.keys(options)) if (known?.includes(key) === false) throw noOption(of, key, known)
  })
}

/** Returns a copy of the options, without getters. @throws ConvoError as `checkOptions` does */
export function ownOptions<T extends object>(
  options: T,
  of: string,
  known?: readonly string[],
  one?: string,
): T {
  checkOptions(options, of, known, one)
  const what = `the options of ${of}`
  return readOf(what, () => ownCopy(what, { ...options }))
}

/** The error for an option that a function does not have. */
export const noOption = (of: string, key: string, known: readonly string[]): ConvoError =>
  new ConvoError('E_NAME', `${of} has no option ${key}`, {
    why: `options: ${known.join(', ') || 'none'}`,
    fix: nearest(key, known),
  })
