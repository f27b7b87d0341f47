import { fileURLToPath } from 'node:url'
import { asConvoError, ConvoError, nearest, ownCopy, readOf } from '../../error.ts'
import { forgettingReads } from '../../files/reads.ts'
import type { Params } from '../../params.ts'
import { describe } from '../../text/describe.ts'

// The command line says --max-pixels and --no-orient, JavaScript maxPixels and orient: false.

/** `frei-chen` as `freiChen`. */
export const camelCase = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** How an option of the command line is called in JavaScript; one that says no is called as what it omits. */
export const optionName = (name: string): string => camelCase(name.replace(/^no-/, ''))

/**
 * Options of JavaScript as what would be typed for those of the command line. Those that are undefined are omitted.
 *
 * @param of what the options are of, for messages
 * @throws ConvoError E_NAME for an option that is not there, E_OPTION for one that says no with anything but true or false
 */
export function typedOptions(options: object, params: Params, of: string): Readonly<Record<string, unknown>> {
  const names = new Map(Object.keys(params).map((name) => [optionName(name), name]))
  const given: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(ownOptions(options, of))) {
    if (value === undefined) continue
    const name = names.get(key)
    if (name === undefined) throw noOption(of, key, [...names.keys()])
    if (!isPlain(value)) {
      throw new ConvoError(
        'E_OPTION',
        `${key} must be a number, a string, true or false, or a list, got ${describe(value)}`,
      )
    }
    if (!name.startsWith('no-')) given[name] = value
    else if (typeof value === 'boolean') given[name] = !value
    else throw new ConvoError('E_OPTION', `${key} must be true or false, got ${describe(value)}`)
  }
  return given
}

/** A text. @throws ConvoError E_ARGUMENT for anything else */
export function checkText(what: string, given: unknown): string {
  if (typeof given === 'string' && given !== '') return given
  throw new ConvoError('E_ARGUMENT', `${what} must be a string, got ${describe(given)}`)
}

/** The path of a text or of a `file:` URL. @throws ConvoError E_ARGUMENT for anything else */
export const checkPath = (what: string, given: unknown): string =>
  readOf(what, () => given instanceof URL) ? pathOf(given as URL, what) : checkText(what, given)

/** The path of a `file:` URL. @throws ConvoError E_ARGUMENT for another URL */
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
    throw new ConvoError('E_ARGUMENT', `${url.href} is no path of a file`, {
      why: asConvoError(cause).message,
      cause,
    })
  }
}

/** A list of texts. @throws ConvoError E_ARGUMENT for anything else */
export function checkTexts(what: string, given: unknown): readonly string[] {
  const list = ownCopy(what, given)
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list
  throw new ConvoError('E_ARGUMENT', `${what} must be a list of strings, got ${describe(given)}`)
}

/** @throws ConvoError E_ARGUMENT for what is neither a function nor undefined */
export function checkFunction(what: string, given: unknown): void {
  if (given === undefined || typeof given === 'function') return
  throw new ConvoError('E_ARGUMENT', `${what} must be a function, got ${describe(given)}`)
}

/** @throws ConvoError E_ARGUMENT for what is neither an AbortSignal nor undefined */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new ConvoError('E_ARGUMENT', `signal must be an AbortSignal, got ${describe(signal)}`)
}

/**
 * Options as an object of its own, without getters.
 *
 * @param known the options that there are, where not all of them are checked later
 * @param one an option, for a call with it as the fix where a value is given instead
 * @throws ConvoError E_ARGUMENT for what is no object, cannot be read or has inherited options; E_NAME for unknown ones
 */
export function ownOptions<T extends object>(
  options: T,
  of: string,
  { known, one }: { readonly known?: readonly string[]; readonly one?: string | undefined } = {},
): T {
  const what = `the options of ${of}`
  return readOf(what, () => {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      const isValue = one !== undefined && ['number', 'string', 'boolean'].includes(typeof options)
      throw new ConvoError('E_ARGUMENT', `${what} must be an object, got ${describe(options)}`, {
        ...(isValue && {
          fix: `${of}({ ${one}: ${typeof options === 'string' ? `'${options}'` : options} })`,
        }),
      })
    }
    for (const key in options) {
      if (Object.hasOwn(options, key) || key in Object.prototype) continue
      throw new ConvoError('E_ARGUMENT', `${what} inherit ${key}, which would not be seen`, {
        fix: '{ ...defaults, ...options }',
      })
    }
    for (const key of Object.keys(options)) if (known?.includes(key) === false) throw noOption(of, key, known)
    return ownCopy(what, { ...options })
  })
}

function noOption(of: string, key: string, known: readonly string[]): ConvoError {
  const guess = nearest(key, known)
  return new ConvoError('E_NAME', `${of} has no option ${key}`, {
    why: `options: ${known.join(', ') || 'none'}`,
    ...(guess !== undefined && { fix: guess }),
  })
}

/** Options by the names that the command line has for them, of which no table is at hand. */
export function commandOptions(options: object, of: string): Readonly<Record<string, unknown>> {
  const own = ownOptions(options, of)
  const names = Object.keys(own).map((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  return typedOptions(own, Object.fromEntries(names.map((name) => [name, {}])) as Params, of)
}

/** Numbers, texts and so on, and lists of them: what may be given for words that are typed. */
const isPlain = (value: unknown): boolean =>
  ['number', 'string', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) && Array.from(value).every(isPlain))

/** Text about options of the command line as text about those of the library. */
export const inWords = (text: string): string =>
  text
    .replace(/memory:\d+\/output\.\w+/g, 'the output')
    .replaceAll('an output path ending in .npy', 'toTensor()')
    .replace(/^curl -L -o \S+ (\S+)$/, "convo(await (await fetch('$1')).arrayBuffer())")
    .replace(
      /^--(no-)?([a-z][\w-]*)(?=$|, or )/,
      (_, no, name: string) => `${camelCase(name)}: ${no === undefined}`,
    )
    .replace(/\bno --([a-z][\w-]*)/g, (_, name: string) => `no ${optionName(name)}`)
    .replace(
      /--([a-z][\w-]*) (<[^>]+>|[\w#%.,-]*[\w#%](?::[\w#%.,=-]*[\w#%])*)/g,
      (all, name: string, value: string) => (isWord(value) ? all : `${optionName(name)}: ${literal(value)}`),
    )
    .replace(/--([a-z][\w-]*)/g, (_, name: string) => optionName(name))

/** Words of a sentence behind an option, which are no value. */
const isWord = (value: string): boolean =>
  /^(is|are|and|or|must|can|cannot|would|needs|keeps|takes|has|was|writes|shows|lays|mixes|does|says|sets)$/.test(
    value,
  ) ||
  /^(applies|works|changes|uses|reads|gives|replaces|adds|counts|compares|skips|lowers|chooses|lists|belongs)$/.test(
    value,
  ) ||
  /^(for|to|in|on|of|as|if|where|before|with|already|nearer|excludes?)$/.test(value)

const literal = (value: string): string =>
  /^(-?[\d.]+|true|false|<.*>)$/.test(value)
    ? value
    : /^-?[\d.]+(,-?[\d.]+)+$/.test(value)
      ? `[${value.replaceAll(',', ', ')}]`
      : `'${value}'`

/** An error of the command line in the words of the library. */
export function inLibraryWords(error: ConvoError): ConvoError {
  const { code, message, why, fix, instead, cause } = error
  const meant = instead?.slice(1).join(' ')
  return new ConvoError(code, inWords(message), {
    why: why.map(inWords),
    ...(fix !== undefined ? { fix: inWords(fix) } : meant !== undefined && { fix: inWords(meant) }),
    cause,
  })
}

/** Runs `act`; errors are worded for the library. */
export async function libraryErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await forgettingReads(act)
  } catch (error) {
    throw inLibraryWords(asConvoError(error))
  }
}
