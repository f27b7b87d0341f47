import { CommanderError, Option, Command as Parser } from 'commander'
import { ConvoError } from '../../error.ts'
import type { Params } from '../../params.ts'
import { conflicts, shortNames } from '../run-settings.ts'
import { type Given, optionsOf, type Syntax } from './syntax.ts'

/** The words of a command line after its command. */
export type Line = {
  readonly args: readonly string[]
  /** The words after `--`, for a command with a tail. */
  readonly tail?: readonly string[] | undefined
  readonly given: Given
}

/** Returns the name of an option, given in long or short form. */
export const longName = (word: string): string =>
  word.startsWith('--')
    ? word.slice(2)
    : (Object.keys(shortNames).find((name) => word === `-${shortNames[name]}`) ?? '')

/** The parts of a line, and what prevents it from being run. */
type Words = {
  readonly args: readonly string[]
  readonly given: Given
  readonly asksForHelp: boolean
  /** The first word that looks like an option but is not one. */
  readonly unknown?: string
}

/**
 * Splits words into arguments and options, in any order: `--name value`, `--name=value`, `-n value`, `-nvalue`, flags
 * together as `-qr`, and `--` before arguments that begin with a minus. A number such as -1 is not an option.
 *
 * @throws ConvoError E_USAGE for an option without its value, or given twice with different values
 */
export function readWords(line: readonly string[], params: Params): Words {
  const parser = new Parser()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .showSuggestionAfterError(false)
    .allowExcessArguments(true)
    .helpOption('-h, --help')
    .action(() => undefined)
    .argument('[words...]')
  parser.helpInformation = () => ''
  for (const [name, param] of Object.entries(params)) parser.addOption(optionFor(name, param))
  const found: { asksForHelp: boolean; unknown?: string } = { asksForHelp: false }
  try {
    parser.parse(
      line.map((word) => hideMinus(word, params)),
      { from: 'user' },
    )
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const typed = /'(.*)'/s.exec(error.message)?.[1] ?? ''
    if (error.code === 'commander.helpDisplayed') found.asksForHelp = true
    else if (error.code === 'commander.unknownOption') found.unknown = typed
    else if (error.code === 'commander.optionMissingArgument') {
      const name = /--([a-z0-9-]+)/.exec(typed)?.[1] ?? ''
      valued(name, params[name]!, undefined, undefined)
    } else throw new ConvoError('E_USAGE', error.message.replace(/^error: /, ''))
  }
  return { args: parser.args.map(showMinus), given: parser.opts(), ...found }
}

// A word such as `-1 0 1` is a number or a kernel. commander would treat it as options, so its minus is hidden for the
// time being.
const hiddenMinus = '\uE000'

const hideMinus = (word: string, params: Params): string =>
  /^-[\d.]/.test(word) && !Object.hasOwn(params, longName(word)) ? hiddenMinus + word.slice(1) : word

const showMinus = (word: string): string => (word.startsWith(hiddenMinus) ? `-${word.slice(1)}` : word)

/** Returns a commander option that only collects what was typed, under the name as typed. */
function optionFor(name: string, param: Params[string]): Option {
  const short = shortNames[name] === undefined ? '' : `-${shortNames[name]}, `
  // a metavar may contain | and other signs; commander only needs to know that there is a value
  const option = new Option(`${short}--${name}${param.isFlag ? '' : ' <value>'}`)
  // commander would treat --no-orient as the opposite of --orient, and convert the rest to camelCase
  option.negate = false
  option.attributeName = () => name
  return param.isFlag
    ? option
    : option.argParser((word: string, before: unknown) => valued(name, param, showMinus(word), before))
}

function valued(name: string, param: Params[string], value: string | undefined, before: unknown): unknown {
  const why = `--${name} ${param.choices?.join('|') ?? param.metavar ?? ''}: ${param.summary}`
  if (value === undefined) throw new ConvoError('E_USAGE', `--${name} needs a value`, { why })
  if (value.startsWith('--')) {
    throw new ConvoError('E_USAGE', `--${name} needs a value, but ${value} follows`, { why })
  }
  if (param.repeats) return [...(Array.isArray(before) ? (before as unknown[]) : []), value]
  if (before !== undefined && before !== value) {
    throw new ConvoError('E_USAGE', `--${name} was given twice, as ${String(before)} and ${value}`, {
      instead: [[`--${name}`, String(before)]],
    })
  }
  return value
}

/** Returns the arguments that a line of a command must have. */
export const neededArguments = (command: Syntax, given: Given): Syntax['arguments'] =>
  command.arguments.filter(
    ({ optional, optionalWith }) => !optional && (optionalWith === undefined || given[optionalWith] !== true),
  )

/** Whether a line has fewer arguments than its command needs, or more than it takes. */
export function countOf(command: Syntax, args: readonly string[], given: Given): 'few' | 'right' | 'many' {
  if (args.length < neededArguments(command, given).length) return 'few'
  return args.length > command.arguments.length && !command.arguments.at(-1)?.repeats ? 'many' : 'right'
}

/** Refuses two options that cannot be used together. @throws ConvoError E_USAGE */
export function refuseConflict(given: Given): void {
  const isGiven = (name: string) => given[name] !== undefined && given[name] !== false
  const conflict = conflicts.find(
    ([a, b, , value = given[b]]) => isGiven(a) && isGiven(b) && given[b] === value,
  )
  if (conflict === undefined) return
  const [a, b, fix, value] = conflict
  const other = value === undefined ? `--${b}` : `--${b} ${value}`
  throw new ConvoError('E_USAGE', `--${a} and ${other} cannot be used together`, { fix })
}

/**
 * Parses the line of a command without a tail, if nothing is wrong with it. Returns undefined otherwise; then `parse`
 * must report the problem, for which it needs all operations.
 */
export function plainLine(command: Syntax, line: readonly string[]): Line | undefined {
  if (command.tail !== undefined || command.optionsFor !== undefined) return undefined
  try {
    const { args, given, asksForHelp, unknown } = readWords(line, optionsOf(command))
    const isWhole = !asksForHelp && unknown === undefined
    refuseConflict(given)
    return isWhole && countOf(command, args, given) === 'right' ? { args, given } : undefined
  } catch {
    return undefined
  }
}
