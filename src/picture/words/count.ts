import { existsSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { ConvoError, type ErrorDetail } from '../../error.ts'
import { isFolder } from '../../files/root.ts'
import { looksLikePicture } from '../../image/format.ts'
import type { Params } from '../../params.ts'
import { commandLine } from '../../text/shell.ts'
import { operations, sampleKernel } from '../operations.ts'
import { runSettings } from '../run-settings.ts'
import { pictureSettings } from '../settings.ts'
import { valueHint } from './hints.ts'
import { longName } from './line.ts'
import { joinedSteps, positionals, stepOperations, stepsIn, takesValue, unpacked } from './steps.ts'
import { optionsOf, type Syntax, usageOf } from './syntax.ts'

/** Completes a command line with words for its missing arguments. */
export function filledIn(
  command: Syntax,
  line: readonly string[],
  args: readonly string[],
): string | undefined {
  const [example] = command.examples
  if (args.length === 0 && command.arguments[0]?.choices === undefined) return example
  const sample = (example ?? '').split(' ').slice(1 + command.name.split(' ').length)
  const missing = command.arguments
    .slice(args.length)
    .filter(({ optional }) => !optional)
    .map(({ choices }, i) => choices?.[0] ?? sample[args.length + i] ?? 'out.png')
  // a picture instead of a network: the network is missing
  if (command.name === 'net' && looksLikePicture(args[0]!))
    return `convo ${commandLine(['net', sample[0]!, ...line, ...missing.slice(1)])}`
  const operation = Object.hasOwn(operations, command.name) ? operations[command.name] : undefined
  const isGiven = line.some((word) => /^(--kernel|-k)(=|$)/.test(word))
  const kernel = operation === undefined || isGiven ? [] : sampleKernel(operation)
  return `convo ${commandLine([...command.name.split(' '), ...line, ...missing, ...kernel])}`
}

/**
 * Refuses a line that lacks the `--` before its operation.
 *
 * @throws ConvoError E_USAGE
 */
export function refuseOpenTail(
  command: Syntax,
  line: readonly string[],
  tail: readonly string[] | undefined,
  params: Params,
): void {
  if (command.isTailOptional && line[0] !== 'chain') return
  const places = positionals(line, params)
  const isAhead = command.name === 'chain' && tail === undefined && line[0] !== undefined && isName(line[0])
  const at = isAhead ? 0 : places.find((place) => place > 0 && isName(line[place]!))
  if (at === undefined) return
  const behind = tail === undefined ? [] : ['--', ...tail]
  const end = isAhead ? line.findIndex((word) => !isName(word)) : line.length
  const steps = joinedSteps(stepsIn(line.slice(at, end < 0 ? line.length : end)))
  const mended = [...line.slice(0, at), ...(end < 0 ? [] : line.slice(end)), '--', ...steps, ...behind]
  throw new ConvoError('E_USAGE', `-- is missing before ${line[at]}`, {
    why: `usage: ${usageOf(command)}`,
    fix: `convo ${commandLine([...command.name.split(' '), ...mended])}`,
  })
}

/** Whether a word is an operation and not a file. */
export const isName = (word: string): boolean =>
  Object.hasOwn(operations, unpacked(word)[0]!) && !existsSync(word)

/** Finds what was meant by a line with too many arguments: several pictures, a name with spaces, or fewer words. */
export function tooMany(command: Syntax, line: readonly string[], args: readonly string[]): ErrorDetail {
  const {
    name,
    arguments: { length: most },
  } = command
  const end = line.indexOf('--')
  const [head, tail] = end < 0 ? [line, []] : [line.slice(0, end), line.slice(end)]
  const isOperation = Object.hasOwn(operations, name)
  const steps = tail.slice(1)
  if (isOperation && steps.length === args.length - most && isName(steps[0]!)) {
    // the words after -- are among the arguments
    const own = args.slice(0, most)
    const [ofAll, others] = ofChain(command, without(head, own))
    const behind = ['--', name, ...others, '--', ...joinedSteps(stepsIn(steps))]
    return { fix: `convo ${commandLine(['chain', ...own, ...ofAll, ...behind])}` }
  }
  // only a command with a tail keeps the words after --
  const kept = command.tail === undefined ? [] : tail
  const rest = kept.length > 0 ? without(head, args) : without(line, args).filter((word) => word !== '--')
  if (isOperation) {
    const valued = withValue(name, args, most)
    if (valued !== undefined) return { fix: `convo ${commandLine([name, ...valued, ...rest])}` }
    const spaced = withSpaces(args)
    if (spaced?.length === most) return { fix: `convo ${commandLine([name, ...spaced, ...rest])}` }
  }
  const more = args[most] ?? ''
  const isPicture = looksLikePicture(more) && !existsSync(more)
  if (Object.hasOwn(optionsOf(command), 'diff') && args.length === most + 1 && isPicture) {
    const words = [...args.slice(0, most), '--diff', more]
    return { fix: `convo ${commandLine([name, ...words, ...rest])}` }
  }
  const step = args.slice(0, wordsOfStep(name))
  const batch = makesPictures(name)
    ? batchOf([name, ...step], args.slice(step.length), rest, kept)
    : undefined
  if (batch !== undefined) return { fix: `convo ${commandLine(batch)}` }
  if (isOperation && args.some((word) => !/^-|[./]/.test(word)))
    return { fix: 'quote a name that contains spaces' }
  // a command that would overwrite one of the pictures does not help
  if ((isOperation || makesPictures(name)) && existsSync(args[most - 1]!)) return {}
  return { fix: `convo ${commandLine([...name.split(' '), ...args.slice(0, most), ...rest, ...kept])}` }
}

/** Whether a command can run in a batch. */
const makesPictures = (name: string): boolean =>
  name === 'chain' || (Object.hasOwn(stepOperations, name) && stepOperations[name]!.input !== 'volume')

/** The number of words that an operation takes between its name and its input: 1 for the file of a network, else 0. */
const wordsOfStep = (name: string): number =>
  Object.hasOwn(stepOperations, name) && stepOperations[name]!.file !== undefined ? 1 : 0

/** Splits the options of a line into those of a chain and those of the step. */
function ofChain({ name }: Syntax, options: readonly string[]): [own: string[], others: string[]] {
  const whole: Params = { ...pictureSettings, ...runSettings }
  const [own, others]: [string[], string[]] = [[], []]
  for (let i = 0; i < options.length; ) {
    const option = longName(options[i]!.split('=')[0]!)
    const isOwn = Object.hasOwn(whole, option) && !Object.hasOwn(operations[name]!.params, option)
    const isAlone =
      options[i]!.includes('=') || !takesValue({ ...whole, ...operations[name]!.params }, options[i]!)
    const words = options.slice(i, i + (isAlone ? 1 : 2))
    if (isOwn) own.push(...words)
    else others.push(...words)
    i += words.length
  }
  return [own, others]
}

const without = (line: readonly string[], args: readonly string[]): readonly string[] =>
  args.reduce((left, arg) => left.toSpliced(left.indexOf(arg), 1), line)

/** Adds the option of a lone value, as `--sigma 2` for `2`. */
function withValue(name: string, args: readonly string[], most: number): readonly string[] | undefined {
  if (args.length !== most + 1) return undefined
  for (const [at, word] of args.entries()) {
    const option = existsSync(word) ? undefined : valueHint(word, operations[name]!.params)
    if (option !== undefined) return [...args.toSpliced(at, 1), ...option]
  }
  return undefined
}

/** Joins words that form the name of a file together. */
function withSpaces(args: readonly string[]): readonly string[] | undefined {
  for (let from = 0; from < args.length; from++) {
    for (let to = from + 2; to <= args.length; to++) {
      const name = args.slice(from, to).join(' ')
      if (existsSync(name)) return args.toSpliced(from, to - from, name)
    }
  }
  return undefined
}

/** Options that a batch has itself. */
const ofBatch = ['--json', '--quiet', '-q', '--verbose', '-v', '--in-place', '--dry-run', '--debug']

/**
 * Returns the batch that was meant by a line of an operation or chain: one with several pictures, a folder or a
 * pattern, followed by a folder or a name with keys. Returns undefined for any other line.
 */
export function batchMeant({ name }: Syntax, line: readonly string[], params: Params): string[] | undefined {
  const end = line.indexOf('--')
  if (!makesPictures(name) || end >= 0 !== (name === 'chain')) return undefined
  const [head, tail] = end < 0 ? [line, []] : [line.slice(0, end), line.slice(end)]
  const words = positionals(head, params).map((place) => head[place]!)
  const step = words.slice(0, wordsOfStep(name))
  const args = words.slice(step.length)
  const [first = '', last = ''] = [args[0], args.at(-1)]
  if (args.length < 2 || !(isFolderName(last) || hasKeys(last))) return undefined
  const isMany = args.length > 2 || isFolder(first) || (/[*?[{]/.test(first) && !existsSync(first))
  return isMany ? batchOf([name, ...step], args, without(head, words), tail) : undefined
}

const isFolderName = (word: string): boolean => word.endsWith('/') || isFolder(word)

/** Whether a name is a template, such as `out/{stem}.png`. */
const hasKeys = (word: string): boolean => /\{\w/.test(word) && !existsSync(word)

/** Returns a batch over the pictures of a line. It writes to the folder or template that ends the line, or to `out`. */
function batchOf(
  step: readonly string[],
  args: readonly string[],
  rest: readonly string[],
  tail: readonly string[],
): string[] | undefined {
  const last = args.at(-1)!
  const isOutput = isFolderName(last) || hasKeys(last)
  const inputs = isOutput ? args.slice(0, -1) : args.filter((arg) => existsSync(arg))
  if (inputs.length < 2 && !isOutput) return undefined
  const own = rest.filter((word) => ofBatch.includes(word))
  const others = rest.filter((word) => !ofBatch.includes(word))
  const isTheFolder = isOutput || (extname(last) === '' && !existsSync(last))
  const output = hasKeys(last)
    ? last
    : join(isTheFolder ? last : 'out', fileOf(inputs, isTheFolder ? '' : last))
  return ['batch', ...inputs, '-o', output, ...own, '--', ...step, ...others, ...tail]
}

/** Returns the template for the names of the outputs, with the extension of an output that was named. */
function fileOf(inputs: readonly string[], named: string): string {
  const stems = new Set(inputs.map((input) => basename(input, extname(input))))
  const extension = named === '' || existsSync(named) ? '' : extname(named)
  return `${stems.size === inputs.length ? '{rel}/{stem}' : '{dir}/{stem}-{ext}'}${extension || '.png'}`
}
