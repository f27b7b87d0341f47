import { fileURLToPath } from 'node:url'
import { asConvoError, ConvoError, counted, mismatch, ownCopy, readOf } from '../../error.ts'
import { forgettingReads } from '../../files/reads.ts'
import { noOption, type Params } from '../../params.ts'
import { Tensor } from '../../tensor/tensor.ts'

// The command line has --max-pixels and --no-orient; JavaScript has maxPixels and orient: false.

/** Converts `frei-chen` to `freiChen`. */
export const camelCase = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Returns the JavaScript name of a command-line option, without the `no-` of an option that negates. */
export const optionName = (name: string): string => camelCase(name.replace(/^no-/, ''))

/**
 * Converts JavaScript options from `ownOptions` to the values of command-line options. Drops those that are undefined.
 *
 * @param of what the options belong to, for messages
 * @param others names of options that were handled before, for messages
 * @throws ConvoError E_NAME for an unknown option, E_OPTION if a negating option is neither true nor false
 */
export function typedOptions(
  options: object,
  params: Params,
  of: string,
  others: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const names = new Map(Object.keys(params).map((name) => [optionName(name), name]))
  const given: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(options)) {
    if (one === undefined) continue
    const list = one instanceof Tensor ? one.data : one
    const value = isUrl(one, key) ? pathOf(one, key) : isFloats(list) ? readOf(key, () => [...list]) : list
    const name = names.get(key)
    if (name === undefined) throw noOption(of, key, [...names.keys(), ...others])
    if (!isPlain(value)) throw unfit(params[name]!, key, value)
    if (!name.startsWith('no-')) given[name] = value
    else if (typeof value === 'boolean') given[name] = !value
    else throw mismatch(`${key} must be true or false`, value, { code: 'E_OPTION' })
  }
  return given
}

/** The error for a value that is not plain. Uses the message of its option if the option has one. */
function unfit(param: Params[string], key: string, value: unknown): ConvoError {
  try {
    param.parse(value, key)
  } catch (error) {
    if (error instanceof ConvoError && error.code === 'E_OPTION') return inLibraryWords(error)
  }
  return mismatch(`${key} must be a number, a string, true or false, or a list`, value, { code: 'E_OPTION' })
}

/**
 * Returns a string that is not empty. Messages list the accepted `kinds`.
 *
 * @throws ConvoError E_ARGUMENT for anything else
 */
export function checkText(what: string, given: unknown, kinds = 'a string'): string {
  if (typeof given === 'string' && given !== '') return given
  throw mismatch(`${what} must be ${kinds}`, given)
}

/** Returns the path of a string or a `file:` URL. @throws ConvoError E_ARGUMENT for anything else */
export const checkPath = (what: string, given: unknown, kinds = 'a path or a file: URL'): string =>
  isUrl(given, what) ? pathOf(given, what) : checkText(what, given, kinds)

/** Whether a value is a URL. @throws ConvoError E_ARGUMENT if the value cannot be inspected */
export const isUrl = (given: unknown, what: string): given is URL => readOf(what, () => given instanceof URL)

/** Returns the path of a `file:` URL. @throws ConvoError E_ARGUMENT for another URL */
export function pathOf(url: URL, what: string, fix?: string): string {
  if (url.protocol !== 'file:') {
    throw new ConvoError('E_ARGUMENT', `${what} may be a file: URL, got ${url.protocol}`, {
      why: url.href,
      fix,
    })
  }
  try {
    return fileURLToPath(url)
  } catch (cause) {
    const why = asConvoError(cause).message
    throw new ConvoError('E_ARGUMENT', `${url.href} is not the path of a file`, { why, cause })
  }
}

/** Returns the paths of a list of strings and `file:` URLs. @throws ConvoError E_ARGUMENT for anything else */
export const checkPaths = (what: string, given: unknown): readonly string[] =>
  checkTexts(
    what,
    readOf(what, () =>
      Array.isArray(given) ? given.map((one) => (one instanceof URL ? pathOf(one, what) : one)) : given,
    ),
    'paths or file: URLs',
  )

/** Returns a list of strings. Messages list the accepted `kinds`. @throws ConvoError E_ARGUMENT for anything else */
export function checkTexts(what: string, given: unknown, kinds = 'strings'): readonly string[] {
  const list = ownCopy(what, given)
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list
  throw mismatch(`${what} must be a list of ${kinds}`, given)
}

/** Checks that a value is a function or undefined. @throws ConvoError E_ARGUMENT */
export function checkFunction(what: string, given: unknown): void {
  if (given === undefined || typeof given === 'function') return
  throw mismatch(`${what} must be a function`, given)
}

/** Checks that a value is an AbortSignal or undefined. @throws ConvoError E_ARGUMENT */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw mismatch('signal must be an AbortSignal', signal)
}

const isFloats = (value: unknown): value is Float32Array | Float64Array =>
  value instanceof Float32Array || value instanceof Float64Array

/** Whether a value is a number, string or boolean, or a list of these, as command-line options are. */
const isPlain = (value: unknown): boolean =>
  ['number', 'string', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) && Array.from(value).every(isPlain))

/** Rewrites text about the command line as text about the library. A whole command line stays as it is. */
export function inWords(text: string): string {
  const said = text
    .replace(/memory:\d+\/output\.\w+/g, 'the output')
    .replaceAll('an output path ending in .npy', 'toTensor() or a .npy file')
    .replace(/\bconvo list (filters|operators|kernels)\b/g, (_, list) =>
      list === 'kernels' ? 'kernels.names' : list,
    )
    .replace(
      /^convo check --results '?([^']+)'?$/,
      (_, folder: string) => `check(manifest, { results: ${literal(folder)} })`,
    )
    .replace(/\bconvo (explain|animate) ([\w-]+)(?!\S)/g, "$1('$2')")
    .replace(/\bconvo net info\b/g, 'net.info()')
    .replace(/\bconvo (batch|check)(?=,|$| for | again)/g, '$1()')
    .replaceAll('no --svg', 'no svg()')
  return /^convo \w/.test(said) ? said : optionsOf(said)
}

const optionsOf = (text: string): string =>
  text
    .replace(/\bkeep --as(?! [\w<])/g, 'keep({ as })')
    .replace(/\bkeep --as (<?[\w-]+>?)/g, (_, name: string) => `keep({ as: ${literal(name)} })`)
    .replace(/^curl -L -o \S+ (\S+)$/, "await (await fetch('$1')).arrayBuffer()")
    .replace(
      /^--(no-)?([a-z][\w-]*)(?=$|, or )/,
      (_, no, name: string) => `${camelCase(name)}: ${no === undefined}`,
    )
    .replace(/\bno --([a-z][\w-]*)/g, (_, name: string) => `no ${optionName(name)}`)
    .replace(
      /--([a-z][\w-]*) (<[^>]+>|[\w#%./,-]*[\w#%](?::[\w#%.,=-]*[\w#%])*)/g,
      (all, name: string, value: string) =>
        sentenceWords.has(value) ? all : `${optionName(name)}: ${literal(value)}`,
    )
    .replace(/--([a-z][\w-]*)/g, (_, name: string) => optionName(name))

/**
 * Words that follow the name of an option in sentences and are not values of it. A test looks for others in the source.
 */
export const sentenceWords: ReadonlySet<string> = new Set(
  [
    'is are was has have would must can cannot does needs keeps takes writes shows lays mixes says sets works changes uses',
    'applies reads gives replaces adds counts compares skips lowers chooses lists belongs makes means defines describes',
    'excludes exclude prints selects opaque and or for to in on of as if where what before with already nearer found out',
  ].flatMap((line) => line.split(' ')),
)

/** Returns a result with its notes reworded for the library. */
export const inOwnWords = <T extends { readonly notes: readonly string[] }>(made: T): T => ({
  ...made,
  notes: made.notes.map(inWords),
})

const literal = (value: string): string =>
  /^(-?[\d.]+|true|false|<.*>)$/.test(value)
    ? value
    : /^-?[\d.]+(,-?[\d.]+)+$/.test(value)
      ? `[${value.replaceAll(',', ', ')}]`
      : `'${value}'`

/** Rewords an error of the command line for the library. */
export function inLibraryWords(error: ConvoError): ConvoError {
  const { code, message, why, fix, instead, cause } = error
  const meant = fix ?? instead?.slice(1).join(' ')
  // a look around with a command of the shell is no line of a program
  const isOwn = meant !== undefined && !/^ls /.test(meant)
  return new ConvoError(code, inWords(message), {
    why: why.map(inWords),
    ...(isOwn && { fix: inWords(meant) }),
    cause,
  })
}

/**
 * Makes a function of the library, which refuses arguments that it would ignore. Its errors are reworded for the
 * library.
 */
export const libraryFunction = <F extends (...given: never[]) => Promise<unknown>>(
  name: string,
  most: number,
  act: F,
): F => ((...given) => libraryErrors(() => counted(name, most, act)(...given))) as F

/** Runs `act`, and rewords its errors for the library. */
export async function libraryErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await forgettingReads(act)
  } catch (error) {
    throw inLibraryWords(asConvoError(error))
  }
}
