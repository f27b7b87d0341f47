import { existsSync } from 'node:fs'
import { ConvoError, nearest } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { looksLikePicture } from '../../image/format.ts'
import { commandLine } from '../../text/shell.ts'
import { findOperation, operations } from '../operations.ts'
import { batchMeant, filledIn, refuseOpenTail, tooMany } from './count.ts'
import { operationHint, optionHint } from './hints.ts'
import { countOf, type Line, neededArguments, readWords, refuseConflict } from './line.ts'
import { optionsOf, type Syntax, usageOf } from './syntax.ts'

/** The request of a command line. */
export type Request<C extends Syntax = Syntax> =
  | { readonly kind: 'version' }
  /** `about` is absent for the overview. */
  | { readonly kind: 'help'; readonly about?: C; readonly isBrief?: true }
  | ({ readonly kind: 'run'; readonly command: C } & Line)

/**
 * Parses a command line, without the names of node and script. Values stay as they were typed.
 *
 * @throws ConvoError E_USAGE, or E_NAME for a command that does not exist
 */
export function understand<C extends Syntax>(argv: readonly string[], commands: readonly C[]): Request<C> {
  const [first] = argv
  if (first === undefined) {
    throw new ConvoError('E_USAGE', 'no operation was given', {
      why: 'usage: convo <operation> <input> <output> [options]',
      fix: 'convo --help',
    })
  }
  if (first === '--version' || first === '-V') return { kind: 'version' }
  if (first === '--help') return { kind: 'help' }
  if (first === '-h') return { kind: 'help', isBrief: true }
  const family = argv[1] === '--help' || argv[1] === '-h' ? familyOf(first, commands) : []
  if (family.length > 0)
    return { kind: 'help', about: family[0]!, ...(argv[1] === '-h' && { isBrief: true }) }
  const { command, words } = findCommand(argv, commands)
  const batch = batchMeant(command, argv.slice(words), optionsOf(command))
  if (batch !== undefined && commands.some(({ name }) => name === 'batch')) return understand(batch, commands)
  const line = parse(command, argv.slice(words))
  if (line === undefined && argv.includes('-h')) return { kind: 'help', about: command, isBrief: true }
  return line === undefined ? { kind: 'help', about: command } : { kind: 'run', command, ...line }
}

/**
 * Finds the command that a line begins with, and the number of words in its name.
 *
 * @throws ConvoError E_NAME, E_USAGE with what may have been meant
 */
export function findCommand<C extends Syntax>(
  argv: readonly string[],
  commands: readonly C[],
): { command: C; words: number } {
  const [first = '', second] = argv
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
  if (command !== undefined) return { command, words: command.name === first ? 1 : 2 }
  const family = familyOf(first, commands)
  if (family.length > 0) {
    const seconds = family.map(({ name }) => name.slice(first.length + 1))
    const guess = second === undefined ? undefined : nearest(second, seconds)
    throw new ConvoError(
      'E_USAGE',
      second === undefined ? `${first} needs a second word` : `there is no command ${first} ${second}`,
      { why: family.map((one) => usageOf(one)), fix: familyFix(argv, family, guess, commands) },
    )
  }
  if (first.startsWith('-')) {
    throw new ConvoError('E_USAGE', `the operation comes first, got ${first}`, {
      why: 'usage: convo <operation> <input> <output> [options]',
      fix: reordered(argv, commands) ?? `convo ${nearest(first, ['--version']) ?? '--help'}`,
    })
  }
  const isKnown = (word: string) => commands.some(({ name }) => name === word)
  const apart = first.trim().split(/\s+/)
  if (apart.length > 1 && isKnown(apart[0]!)) {
    throw new ConvoError('E_NAME', `the command line "${first}" is quoted as one word`, {
      why: 'the operation, files and options must be separate words',
      instead: [first, ...apart],
    })
  }
  const isTool = isFileName(first) || operationHint(first) === undefined || 'isNot' in operationHint(first)!
  // ImageMagick's operations begin with a minus
  const later = argv.findIndex((word, i) => i > 0 && (isKnown(word) || (isTool && isMeant(word))))
  if (later > 0 && isTool) {
    // words before the name that are not files are dropped, such as the name of another tool or `run`
    const before = argv.slice(0, later).filter((word, i) => i > 0 || isFileName(word))
    const name = argv[later]!.replace(/^-/, '')
    throw new ConvoError('E_NAME', `no filter, operator or command is called "${first}"`, {
      why: 'the operation comes first',
      fix: `convo ${commandLine([name, ...before, ...argv.slice(later + 1)])}`,
    })
  }
  if (isFileName(first)) {
    throw new ConvoError('E_NAME', `the operation comes first, got ${first}`, {
      why: 'usage: convo <operation> <input> <output> [options]',
      fix: `convo ${commandLine(['sobel', ...argv])}`,
    })
  }
  const names = commands.map(({ name }) => name.split(' ')[0]!)
  findOperation(first, names, argv.slice(1).filter(looksLikePicture))
  throw new ConvoError('E_INTERNAL', `${first} is an operation, not a command`)
}

/** Returns the two-word commands that begin with a word which is not a command itself, such as `kernel`. */
export const familyOf = <C extends Syntax>(first: string, commands: readonly C[]): C[] =>
  commands.some(({ name }) => name === first)
    ? []
    : commands.filter(({ name }) => name.startsWith(`${first} `))

/** Flags of other tools for what are plain words here. */
const wordFlags = ['-i', '--input', '-o', '--output']

/** Rewrites a line that begins with options, or has flags for input and output, to the form of convo. */
function reordered(argv: readonly string[], commands: readonly Syntax[]): string | undefined {
  const names = new Set(commands.map(({ name }) => name))
  const at = argv.findIndex((word) => names.has(word))
  if (at < 0) return undefined
  const end = argv.indexOf('--') < 0 ? argv.length : argv.indexOf('--')
  const rest = [...argv.slice(at + 1, end), ...argv.slice(0, at)]
  const words = rest.filter((word) => !wordFlags.includes(word))
  return `convo ${commandLine([argv[at]!, ...words, ...argv.slice(end)])}`
}

/** Returns a fix for a two-word command: the command with the words typed after it if they suffice, else an example. */
function familyFix(
  argv: readonly string[],
  family: readonly Syntax[],
  guess: string | undefined,
  commands: readonly Syntax[],
): string {
  const [first = '', second, ...rest] = argv
  const other = commands.find(({ name }) => name === second)
  const listed = other?.arguments[0]?.choices?.find((word) => word === `${first}s`)
  if (other !== undefined) {
    const words = rest.length > 0 ? rest : listed === undefined ? [] : [listed]
    return words.length > 0 ? `convo ${commandLine([other.name, ...words])}` : other.examples[0]!
  }
  const one = family.find(({ name }) => name === `${first} ${guess}`) ?? family[0]!
  const behind = guess === undefined ? argv.slice(1) : rest
  // a plain word that names nothing was meant as the second word of the command
  const [word = ''] = behind
  if (/^[a-z]*$/i.test(word) && !Object.hasOwn(namedKernels, word) && !isFileName(word))
    return one.examples[0]!
  return behind.length < neededArguments(one, {}).length
    ? (filledIn(one, behind, behind) ?? one.examples[0]!)
    : `convo ${commandLine([...one.name.split(' '), ...behind])}`
}

/** Whether an option of another tool, such as `-blur`, is the name of an operation here or in other tools. */
function isMeant(word: string): boolean {
  const name = /^-([a-z]\w+)$/.exec(word)?.[1] ?? ''
  return Object.hasOwn(operations, name) || operationHint(name) !== undefined
}

/** Whether a word names a file, by its form or because the file exists. */
const isFileName = (word: string): boolean => word === '-' || /[./]/.test(word) || existsSync(word)

/**
 * Parses the words of a line after its command. Returns undefined if they request help.
 *
 * @throws ConvoError E_USAGE
 */
export function parse(general: Syntax, line: readonly string[]): Line | undefined {
  const command =
    general.optionsFor === undefined ? general : { ...general, options: general.optionsFor(line) }
  const end = command.tail === undefined ? -1 : line.indexOf('--')
  const [words, tail] = end < 0 ? [line, undefined] : [line.slice(0, end), line.slice(end + 1)]
  const params = optionsOf(command)
  if (command.tail !== undefined) refuseOpenTail(command, words, tail, params)
  const { args, given, asksForHelp, unknown } = readWords(words, params)
  if (asksForHelp) return undefined
  if (unknown !== undefined) throw unknownOption(unknown, command, line)
  if (args.includes(''))
    throw new ConvoError('E_USAGE', 'an argument is empty', {
      why: 'perhaps a shell variable is not set',
      fix: `convo ${command.name} --help`,
    })
  checkCount(command, line, args, tail, given)
  refuseConflict(given)
  return { args, tail, given }
}

function checkCount(
  command: Syntax,
  line: readonly string[],
  args: readonly string[],
  tail: readonly string[] | undefined,
  given: Readonly<Record<string, unknown>>,
): void {
  const count = countOf(command, args, given)
  const usage = `usage: ${usageOf(command)}`
  const named = (list: Syntax['arguments']) =>
    list
      .map(({ name }) => `<${name}>`)
      .join(', ')
      .replace(/, (?=[^,]*$)/, ' and ')
  const all = named(command.arguments) || 'no arguments'
  if (count === 'few') {
    const got = args.length === 0 ? 'got none' : `got ${args.join(' ')} alone`
    const what = `${command.name} needs ${named(neededArguments(command, given))}, ${got}`
    throw new ConvoError('E_USAGE', what, {
      why: usage,
      ...(tail === undefined || tail.length === 0
        ? { fix: filledIn(command, line, args) }
        : { fix: command.examples[0] }),
    })
  }
  if (count === 'many') {
    const got = args.length === 1 ? '1 argument' : `${args.length} arguments`
    throw new ConvoError('E_USAGE', `${command.name} takes ${all}, got ${got}: ${commandLine(args)}`, {
      why: usage,
      ...tooMany(command, line, args),
    })
  }
}

function unknownOption(typed: string, command: Syntax, line: readonly string[]): ConvoError {
  const names = Object.keys(optionsOf(command))
  const [word = '', value] = typed.replace(/^-+/, '').split('=')
  if (value !== undefined && names.includes(word)) {
    return new ConvoError('E_USAGE', `--${word} takes no value, got ${typed}`, {
      instead: [typed, `--${word}`],
    })
  }
  const name = typed.split('=')[0]!
  const plain =
    wordFlags.includes(name) && command.arguments.length > 1
      ? reordered([command.name, ...line], [command])
      : undefined
  const renamed = names.includes(word)
    ? undefined
    : (ofKernel(name, line) ?? renamedOption(name, names, line))
  if (existsSync(typed)) {
    return new ConvoError('E_USAGE', `${typed} is a file, but what begins with - is read as an option`, {
      instead: [typed, `./${typed}`],
    })
  }
  const guess = names.includes(word) ? word : nearest(word, [...names, 'help'])
  return new ConvoError('E_USAGE', `${command.name} has no option ${name}`, {
    ...(plain !== undefined
      ? { fix: plain }
      : renamed !== undefined
        ? { fix: `convo ${commandLine([...command.name.split(' '), ...renamed])}` }
        : guess === undefined
          ? { fix: `convo ${command.name} --help` }
          : { instead: [name, `--${guess}`] as const }),
  })
}

/** Moves an option of a named kernel into its name: `gaussian:sigma=2` for `gaussian --sigma 2`. */
function ofKernel(option: string, line: readonly string[]): readonly string[] | undefined {
  const key = option.replace(/^--/, '')
  const from = line.indexOf(option)
  const value = line[from + 1]
  const at = line.findIndex((word, i) => {
    const name = word.split(':')[0]!
    return (
      i !== from + 1 && Object.hasOwn(namedKernels, name) && Object.hasOwn(namedKernels[name]!.params, key)
    )
  })
  if (from < 0 || at < 0 || value === undefined) return undefined
  const kernel = line[at]!
  return line.with(at, `${kernel}${kernel.includes(':') ? ',' : ':'}${key}=${value}`).toSpliced(from, 2)
}

/** Rewrites a line with an option of another tool to use the option here. */
function renamedOption(
  name: string,
  names: readonly string[],
  line: readonly string[],
): readonly string[] | undefined {
  // an option that was already typed is not meant again
  const free = names.filter((one) => !line.some((word) => word.split('=')[0] === `--${one}`))
  const hint = optionHint(name.replace(/^-+/, ''), free)
  const at = line.findIndex((word) => word === name || word.startsWith(`${name}=`))
  if (hint === undefined || at < 0) return undefined
  const inline = line[at]!.slice(name.length + 1)
  const next = line[at + 1]
  const isApart = inline === '' && next !== undefined && !next.startsWith('--')
  const typed = isApart ? next : inline
  const values = hint.value === undefined ? [typed] : hint.value(typed).split(' ')
  if (values[0] === 'NaN') return undefined
  const words = values.filter((value) => value !== '')
  return line.toSpliced(at, isApart && words.length > 0 ? 2 : 1, `--${hint.to}`, ...words)
}
