import { normalize } from 'node:path'
import { asConvoError, ConvoError } from '../error.ts'
import { type Params, resolve } from '../params.ts'
import { operations, sampleKernel } from '../picture/operations.ts'
import { shortNames } from '../picture/run-settings.ts'
import { sharedSettings } from '../picture/settings.ts'
import { understandWork, withoutKernel } from '../picture/words/prepare.ts'
import { optionsOf } from '../picture/words/syntax.ts'
import { understand } from '../picture/words/understand.ts'
import { type BorderName, checkFill } from '../tensor/border.ts'
import { commandLine, wordsOf } from '../text/shell.ts'
import type { Command } from './command.ts'

// Rewrites an error that suggests a word or options into one that suggests the whole command line.

/** The most mistakes in a line that are corrected at once. */
const mostMended = 4

/**
 * Returns the error with the corrected command line as its fix, if it suggests one. If the corrected line would be
 * refused too, it is corrected further. If no correction is known for that, the other mistake is reported as well.
 */
export function withCommand(
  error: ConvoError,
  argv: readonly string[],
  commands: readonly Command[],
  left = mostMended,
): ConvoError {
  const suggested = namingCommand(error, argv, commands) ?? withLine(error, argv, commands)
  const line = suggested.fix?.startsWith('convo ') ? wordsOf(suggested.fix)?.slice(1) : undefined
  const next = line && refusal(line, commands)
  if (line === undefined || next === undefined) return suggested
  const further = left > 1 ? withCommand(next, line, commands, left - 1) : next
  if (further.fix?.startsWith('convo ')) return withFix(suggested, further.fix)
  const name = commandOf(line, commands)?.name
  return withFix(suggested, name === undefined ? next.fix : `convo ${name} --help`, `also: ${next.message}`)
}

/** The error for a command name given instead of another name. Such names are never treated as typos. */
function namingCommand(
  { code, message, why, cause }: ConvoError,
  argv: readonly string[],
  commands: readonly Command[],
): ConvoError | undefined {
  if (code !== 'E_NAME') return undefined
  const word = argv.slice(1).find((one) => message.endsWith(`"${one}"`))
  const [command] = commands.filter(({ name }) => word !== undefined && name.split(' ')[0] === word)
  if (command === undefined || Object.hasOwn(operations, command.name)) return undefined
  const what = `${command.name} is a command: it ${command.summary}`
  return new ConvoError(code, message, { why: [what, ...why], fix: `convo help ${command.name}`, cause })
}

const withFix = ({ code, message, why, cause }: ConvoError, fix?: string, ...more: string[]): ConvoError =>
  new ConvoError(code, message, { why: [...why, ...more], fix, cause })

/** Returns the error for an invalid line, as far as its words show it. */
function refusal(line: readonly string[], commands: readonly Command[]): ConvoError | undefined {
  try {
    const request = understand(line, commands)
    if (request.kind !== 'run') return undefined
    const { command, given, tail = [] } = request
    const { optionsFor } = command
    const options = optionsFor?.(line.slice(1)) ?? command.options
    resolve(optionsOf({ ...command, options }), given)
    const own = Object.hasOwn(operations, command.name)
      ? [{ operation: operations[command.name]!, given }]
      : []
    for (const step of [...own, ...(tail.length === 0 ? [] : understandWork(tail, () => undefined).steps)]) {
      const { operation } = step
      const { border, fill } = resolve({ ...operation.shared, ...operation.params }, step.given)
      if (step.given.kernel === undefined) checkFill((border as BorderName | undefined) ?? 'replicate', fill)
      if (operation.kernel === 'required' && step.given.kernel === undefined) throw withoutKernel(operation)
    }
    return undefined
  } catch (thrown) {
    const error = asConvoError(thrown)
    return error.code === 'E_INTERNAL' ? undefined : error
  }
}

/** Returns the error with the command line that it suggests, if there is one. */
function withLine(error: ConvoError, argv: readonly string[], commands: readonly Command[]): ConvoError {
  const command = commandOf(argv, commands)
  const mendedLine = mended(error, argv, command)
  if (mendedLine === undefined) return inWords(error)
  return withFix(error, `convo ${commandLine(complete(mendedLine, commands))}`)
}

/** Rewords a fix that sets or removes options as an instruction, for lines that cannot be corrected. */
function inWords(error: ConvoError): ConvoError {
  const { fix = '' } = error
  if (!/^(no )?--[\w-]+/.test(fix)) return error
  return withFix(error, fix.startsWith('no ') ? fix.replace('no ', 'remove ') : `add ${fix}`)
}

/** Finds the command that a line begins with. */
export const commandOf = (
  [first, second]: readonly string[],
  commands: readonly Command[],
): Command | undefined =>
  commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)

function mended(
  { code, instead, fix = '' }: ConvoError,
  argv: readonly string[],
  command: Command | undefined,
): readonly string[] | undefined {
  const isOfOutput = code === 'E_OUTPUT' || code === 'E_KERNEL_FORMAT'
  if (instead !== undefined) return replaced(argv, isOfOutput ? beside(argv, instead) : instead)
  if (command === undefined) return undefined
  if (/^no --[\w-]+(, --[\w-]+)*$/.test(fix)) {
    return [...fix.matchAll(/--([\w-]+)/g)].reduce<readonly string[] | undefined>(
      (line, [, name = '']) => line && edited(line, command, name, undefined, true),
      argv,
    )
  }
  // steps to mend others with are no line of their own
  const hasSteps = ![-1, argv.length - 1].includes(argv.indexOf('--'))
  if (fix.startsWith('-- ') && !hasSteps) return [...argv.filter((word) => word !== '--'), ...wordsOf(fix)!]
  const early = /^--([\w-]+) before --$/.exec(fix)?.[1]
  if (early !== undefined) return movedAhead(argv, early, command)
  if (!/^--[\w-]+( [^\s,]+(,[^\s,]+)*)*$/.test(fix)) return undefined
  let line: readonly string[] | undefined = argv
  for (const [, name = '', value] of fix.matchAll(/--([\w-]+)(?: (?!--)(\S+))?/g)) {
    line = line && edited(line, command, name, value)
  }
  return line
}

/** Changes a suggested output name if it is already a word of the line, which is the input. */
function beside(argv: readonly string[], instead: NonNullable<ConvoError['instead']>): typeof instead {
  const [typed, meant] = instead
  return meant !== undefined && argv.some((word) => normalize(word) === normalize(meant))
    ? [typed, meant.replace(/(\.\w+)?$/, '-out$1')]
    : instead
}

/**
 * Completes a line with a kernel if its operation needs one, and with the one word that a command like `list` needs.
 */
function complete(line: readonly string[], commands: readonly Command[]): readonly string[] {
  const [name = ''] = line
  const [first] = commands.find((command) => command.name === name)?.arguments ?? []
  if (line.length === 1 && first?.choices !== undefined && !first.optional) return [name, first.choices[0]!]
  const operation = Object.hasOwn(operations, name) && line.length > 1 ? operations[name] : undefined
  const isGiven = line.some((word) => /^(--kernel|-k)(=|$)/.test(word))
  return operation === undefined || isGiven ? line : [...line, ...sampleKernel(operation)]
}

/** The part of a word before its end, if it ends so; else empty. */
const before = (word: string, end: string): string => (word.endsWith(end) ? word.slice(0, -end.length) : '')

/** Replaces words of a line by others, including a word after the `=` of an option. */
function replaced(
  argv: readonly string[],
  [typed, ...meant]: NonNullable<ConvoError['instead']>,
): readonly string[] | undefined {
  if (typeof typed !== 'string') {
    const from = argv.findIndex((_, i) => typed.every((word, k) => argv[i + k] === word))
    if (from >= 0) return argv.toSpliced(from, typed.length, ...meant)
    const joined = argv.indexOf(typed.join('='))
    const whole = meant.length === 0 ? [] : [meant.join('=')]
    return joined < 0 ? undefined : argv.toSpliced(joined, 1, ...whole)
  }
  const at = argv.lastIndexOf(typed)
  if (at >= 0) return argv.toSpliced(at, 1, ...meant)
  const [only] = meant
  if (meant.length !== 1 || only === undefined) return undefined
  const near = argv.findIndex((word) => word.startsWith(`${typed}=`) || /[=:]$/.test(before(word, typed)))
  if (near < 0) return undefined
  const word = argv[near]!
  const whole = word.startsWith(`${typed}=`)
    ? only + word.slice(typed.length)
    : word.slice(0, -typed.length) + only
  return argv.toSpliced(near, 1, whole)
}

const isOption = (word: string, name: string): boolean =>
  word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${shortNames[name]}`

/** Moves an option from after the first `--` to before it. */
function movedAhead(argv: readonly string[], name: string, command: Command): readonly string[] | undefined {
  const end = argv.indexOf('--')
  const at = argv.findIndex((word, i) => i > end && isOption(word, name))
  if (end < 0 || at < 0) return undefined
  const isAlone =
    argv[at]!.includes('=') ||
    (({ ...sharedSettings, ...optionsOf(command) } as Params)[name]?.isFlag ?? false)
  const count = isAlone ? 1 : 2
  return argv.toSpliced(at, count).toSpliced(end, 0, ...argv.slice(at, at + count))
}

/** Sets or removes an option of a line, if it is clear which of its operations it belongs to. */
function edited(
  argv: readonly string[],
  command: Command,
  name: string,
  value: string | undefined,
  isLeftOut = false,
): readonly string[] | undefined {
  const general =
    command.optionsFor === undefined ? command : { ...command, options: command.optionsFor(argv.slice(1)) }
  const end = command.tail === undefined ? -1 : argv.indexOf('--')
  const isOfHead = end < 0 || Object.hasOwn(optionsOf(general), name)
  const head = end < 0 ? argv : argv.slice(0, end)
  const tail = end < 0 ? [] : argv.slice(end)
  if (!isOfHead && tail.lastIndexOf('--') > 0) return undefined
  const part = isOfHead ? head : tail
  const set = isLeftOut ? [] : [`--${name}`, ...(value === undefined ? [] : [value])]
  const at = part.findIndex((word) => isOption(word, name))
  const param = optionsOf(general)[name] ?? sharedSettings[name as keyof typeof sharedSettings]
  const isFlag = param === undefined ? value === undefined : 'isFlag' in param && param.isFlag === true
  const count = part[at]?.includes('=') || isFlag ? 1 : 2
  // the option may be one of several letters, as in -qv
  if (at < 0 && isLeftOut) return undefined
  const done = at < 0 ? [...part, ...set] : part.toSpliced(at, count, ...set)
  return isOfHead ? [...done, ...tail] : [...head, ...done]
}
