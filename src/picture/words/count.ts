import { existsSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { ConvoError, type ErrorDetail } from '../../error.ts'
import { isFolder } from '../../files/stat.ts'
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

/** The command of a line with words for the arguments that it lacks. */
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
  // a picture where a network is needed: the network is what is missing
  if (command.name === 'net' && looksLikePicture(args[0]!))
    return `convo ${commandLine(['net', sample[0]!, ...line, ...missing.slice(1)])}`
  const operation = Object.hasOwn(operations, command.name) ? operations[command.name] : undefined
  const isGiven = line.some((word) => /^(--kernel|-k)(=|$)/.test(word))
  const kernel = operation === undefined || isGiven ? [] : sampleKernel(operation)
  return `convo ${commandLine([...command.name.split(' '), ...line, ...missing, ...kernel])}`
}

/**
 * Refuses a line without the `--` that its operation comes after.
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

/** Whether a word is an operation, and no file. */
export const isName = (word: string): boolean =>
  Object.hasOwn(operations, unpacked(word)[0]!) && !existsSync(word)

/** What was meant by more arguments than a command takes: several pictures, a name with spaces, or fewer words. */
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
    // what is behind -- is among the arguments
    const own = args.slice(0, most)
    const [ofAll, others] = ofChain(command, without(head, own))
    const behind = ['--', name, ...others, '--', ...joinedSteps(stepsIn(steps))]
    return { fix: `convo ${commandLine(['chain', ...own, ...ofAll, ...behind])}` }
  }
  // only a command with a tail keeps what is behind --
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
  // a command that would write over one of the pictures is no help
  if ((isOperation || makesPictures(name)) && existsSync(args[most - 1]!)) return {}
  return { fix: `convo ${commandLine([...name.split(' '), ...args.slice(0, most), ...rest, ...kept])}` }
}

/** Whether a command can be that of a batch. */
const makesPictures = (name: string): boolean =>
  name === 'chain' || (Object.hasOwn(stepOperations, name) && stepOperations[name]!.input !== 'volume')

/** How many words behind its name an operation takes before its input: the file of a network. */
const wordsOfStep = (name: string): number =>
  Object.hasOwn(stepOperations, name) && stepOperations[name]!.file !== undefined ? 1 : 0

/** The options of a line that a chain has itself, and those of the step. */
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

/** The words with a lone value behind its option, as `--sigma 2` for `2`. */
function withValue(name: string, args: readonly string[], most: number): readonly string[] | undefined {
  if (args.length !== most + 1) return undefined
  for (const [at, word] of args.entries()) {
    const option = existsSync(word) ? undefined : valueHint(word, operations[name]!.params)
    if (option !== undefined) return [...args.toSpliced(at, 1), ...option]
  }
  return undefined
}

/** The words with those joined that are a file together. */
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
 * The batch that a line of an operation or chain means by several pictures, a folder or a pattern, and a folder or a name
 * with keys behind them; undefined for any other line.
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

/** Whether a name is a template, as `out/{stem}.png`. */
const hasKeys = (word: string): boolean => /\{\w/.test(word) && !existsSync(word)

/** A batch over the pictures of a line, into the folder, new or not, or by the template that it names, or into `out`. */
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

/** The template of the names of the outputs, with the extension of an output that was named. */
function fileOf(inputs: readonly string[], named: string): string {
  const stems = new Set(inputs.map((input) => basename(input, extname(input))))
  const extension = named === '' || existsSync(named) ? '' : extname(named)
  return `${stems.size === inputs.length ? '{rel}/{stem}' : '{dir}/{stem}-{ext}'}${extension || '.png'}`
}
