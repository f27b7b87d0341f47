import { ConvoError } from '../../error.ts'
import type { Params } from '../../params.ts'
import { conflicts, shortNames } from '../run-settings.ts'
import { type Given, optionsOf, type Syntax } from './syntax.ts'

/** The words of a command line behind its command. */
export type Line = {
  readonly args: readonly string[]
  /** The words behind `--`, of a command with a tail. */
  readonly tail?: readonly string[] | undefined
  readonly given: Given
}

/** The name of an option, of its short form too. */
export const longName = (word: string): string =>
  word.startsWith('--')
    ? word.slice(2)
    : (Object.keys(shortNames).find((name) => word === `-${shortNames[name]}`) ?? '')

/** What a line consists of, and what keeps it from being run. */
type Words = {
  readonly args: readonly string[]
  readonly given: Given
  readonly asksForHelp: boolean
  /** The first word that looks like an option and is none. */
  readonly unknown?: string
}

/**
 * Parts words into arguments and options, which may be mixed: `--name value`, `--name=value`, `-n value`, `-nvalue`, flags
 * together as `-qr`, and `--` before arguments that begin with a minus. A number such as -1 is no option.
 *
 * @throws ConvoError E_USAGE for an option without its value, or given twice with different ones
 */
export function readWords(line: readonly string[], params: Params): Words {
  const args: string[] = []
  const given: Record<string, unknown> = {}
  const found: { unknown?: string } = {}
  let asksForHelp = false
  const words = [...line]
  const known = (word: string) => (Object.hasOwn(params, longName(word)) ? longName(word) : undefined)
  const take = (name: string, value: string | undefined) => {
    given[name] = valued(name, params[name]!, value, given[name])
  }
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      args.push(...words)
      break
    }
    const name = known(word)
    const isWord = word.length < 2 || word[0] !== '-' || (/^-[\d.]/.test(word) && name === undefined)
    const assigned = /^--([^=]+)=([\s\S]*)$/.exec(word)
    const first = word.startsWith('--') ? undefined : known(word.slice(0, 2))
    if (isWord) args.push(word)
    else if (name !== undefined) {
      if (params[name]!.isFlag) given[name] = true
      else take(name, words.shift())
    } else if (first !== undefined) {
      if (params[first]!.isFlag) {
        given[first] = true
        words.unshift(`-${word.slice(2)}`)
      } else take(first, word.slice(2))
    } else if (assigned !== null && Object.hasOwn(params, assigned[1]!) && !params[assigned[1]!]!.isFlag) {
      take(assigned[1]!, assigned[2])
    } else if (word === '-h' || word === '--help') asksForHelp = true
    else found.unknown ??= word
  }
  return { args, given, asksForHelp, ...found }
}

function valued(name: string, param: Params[string], value: string | undefined, before: unknown): unknown {
  const why = `--${name} ${param.metavar ?? ''}: ${param.summary}`
  if (value === undefined) throw new ConvoError('E_USAGE', `--${name} needs a value`, { why })
  if (value.startsWith('--')) {
    throw new ConvoError('E_USAGE', `--${name} needs a value, but ${value} follows`, { why })
  }
  if (param.repeats) return [...(Array.isArray(before) ? (before as unknown[]) : []), value]
  if (before !== undefined && before !== value) {
    throw new ConvoError('E_USAGE', `--${name} was given twice, as ${String(before)} and ${value}`)
  }
  return value
}

/** The arguments that a line of a command must have. */
export const neededArguments = (command: Syntax, given: Given): Syntax['arguments'] =>
  command.arguments.filter(
    ({ optional, optionalWith }) => !optional && (optionalWith === undefined || given[optionalWith] !== true),
  )

/** Whether a line has fewer arguments than its command needs, or more than it takes. */
export function countOf(command: Syntax, args: readonly string[], given: Given): 'few' | 'right' | 'many' {
  if (args.length < neededArguments(command, given).length) return 'few'
  return args.length > command.arguments.length && !command.arguments.at(-1)?.repeats ? 'many' : 'right'
}

/** Two options that were given and cannot be used together, with what to do. */
export const conflictIn = (given: Given): (typeof conflicts)[number] | undefined =>
  conflicts.find(([a, b]) => given[a] !== undefined && given[b] !== undefined)

/**
 * The line of a command without a tail, where nothing is wrong with it; undefined where `parse` has something to say, for
 * which it needs every operation.
 */
export function plainLine(command: Syntax, line: readonly string[]): Line | undefined {
  if (command.tail !== undefined || command.optionsFor !== undefined) return undefined
  try {
    const { args, given, asksForHelp, unknown } = readWords(line, optionsOf(command))
    const isWhole = !asksForHelp && unknown === undefined && conflictIn(given) === undefined
    return isWhole && countOf(command, args, given) === 'right' ? { args, given } : undefined
  } catch {
    return undefined
  }
}
