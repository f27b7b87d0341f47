import type { Activation } from '../../definition/functions.ts'
import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import {
  codingOptions,
  extensionOf,
  formatOfPath,
  formatsWith,
  type OutputTraits,
  traitsOf,
} from '../../image/format.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { activationStep } from '../../operators/activation.ts'
import { resolve } from '../../params.ts'
import { pick } from '../../text/record.ts'
import type { PictureJob, StepMaker } from '../job.ts'
import { findOperation, type Operation, sampleKernel, takesVolume } from '../operations.ts'
import { kernelOptions, type Settings, sharedSettings, withBias } from '../settings.ts'
import { type Line, refuseConflict } from './line.ts'
import { chainSettings, chainSyntax, operationSyntax } from './operation-syntax.ts'
import { checkStep, refuseOpenChain, stepOperations } from './steps.ts'
import { type Given, optionsOf, type Syntax } from './syntax.ts'
import { parse } from './understand.ts'

/** Operations with their options, parsed, that wait for an input and an output. */
export type Prepared = {
  readonly name: string
  readonly settings: Settings
  readonly steps: readonly StepMaker[]
  /** The files that operations were made from. */
  readonly files: readonly string[]
  /** Makes the job. @throws ConvoError E_OPTION, E_OUTPUT if the settings do not fit the output */
  job(input: string, output: string): PictureJob
}

/** An operation, and what was typed for its options. */
export type Asked = {
  readonly operation: Operation
  readonly given: Given
  /** The file that defines the operation, if it needs one. */
  readonly file?: string | undefined
}

/** The parsed words of a run, without its input and output. */
export type Work = {
  /** What was typed for the whole chain. */
  readonly chain?: Given
  readonly steps: readonly Asked[]
}

/** Prepares one operation. @throws ConvoError for invalid options */
export async function prepareOperation(asked: Asked): Promise<Prepared> {
  const one = await prepareStep(asked)
  return prepared(one.settings, [one])
}

/**
 * Prepares operations that run one after another. Floats go from step to step and are rounded once, at the end.
 *
 * @throws ConvoError for invalid options
 */
export async function prepareChain(asked: readonly Asked[], given: Given): Promise<Prepared> {
  refuseConflict(given)
  const steps = await Promise.all(asked.map(prepareStep))
  return prepared(resolve(sharedSettings, pick(given, chainSettings)), steps)
}

/** Returns the error for an option that is not allowed here. Unknown ones are no option of the operation. */
type Refuse = (option: string, isUnknown: boolean) => ConvoError | undefined

/** Prepares parsed words. @throws ConvoError for invalid options */
export const prepareWork = ({ chain, steps }: Work): Promise<Prepared> =>
  chain === undefined ? prepareOperation(steps[0]!) : prepareChain(steps, chain)

/**
 * Parses the words of an operation, of several with `--` between them, or of `chain` with its own options before these,
 * without input and output.
 *
 * @throws ConvoError as the command line does
 */
export function understandWork(words: readonly string[], refuse: Refuse): Work {
  refuseOpenChain(words)
  const isNamed = words[0] === chainSyntax.name
  const start = words.indexOf('--')
  if (!isNamed && start < 0) return { steps: [understandStep(words, refuse)] }
  const chain = isNamed ? parseWords(chainSyntax, [], words.slice(1, start), refuse).given : {}
  return { chain, steps: understandSteps(isNamed ? words.slice(start + 1) : words, refuse) }
}

/** Parses the steps of a chain, which are separated by `--`. @throws ConvoError as the command line does */
export const understandSteps = (words: readonly string[], refuse: Refuse = () => undefined): Asked[] =>
  splitSteps(words).map((step) => {
    const asked = understandStep(step, refuse)
    const { name, params } = asked.operation
    const misplaced = Object.keys(asked.given).find(
      (option) => Object.hasOwn(chainSettings, option) && !Object.hasOwn(params, option),
    )
    if (misplaced === undefined) return asked
    throw new ConvoError('E_OPTION', `--${misplaced} applies to the whole chain, not to the step ${name}`, {
      fix: `--${misplaced} before --`,
    })
  })

/** Splits words into the steps of a chain at every `--`. @throws ConvoError E_USAGE if one is empty */
export function splitSteps(words: readonly string[]): string[][] {
  const steps: string[][] = [[]]
  for (const word of words) {
    if (word === '--') steps.push([])
    else steps.at(-1)!.push(word)
  }
  if (steps.some((step) => step.length === 0)) {
    throw new ConvoError('E_USAGE', 'a chain needs an operation after every --', {
      fix: 'convo chain in.png out.png -- gaussian --sigma 2 -- sobel --unit',
    })
  }
  return steps
}

function understandStep(words: readonly string[], refuse: Refuse): Asked {
  checkStep(words)
  const [name = '', ...rest] = words
  const operation = Object.hasOwn(stepOperations, name) ? stepOperations[name]! : findOperation(name)
  const syntax = operationSyntax(operation)
  if (operation.file === undefined) return { operation, given: parseWords(syntax, [], rest, refuse).given }
  const { name: what, sample } = operation.file
  const { args, given } = parseWords(
    syntax,
    [{ name: what, summary: '', kind: 'file', optional: true }],
    rest,
    refuse,
  )
  const [file] = args
  if (file !== undefined && file !== '-') return { operation, given, file }
  throw new ConvoError(
    'E_USAGE',
    file === undefined
      ? `the step ${name} needs <${what}>`
      : `a step takes its ${what} from a file, not from standard input`,
    { instead: [words, name, sample, ...rest.filter((word) => word !== '-')] },
  )
}

function parseWords(
  syntax: Syntax,
  own: Syntax['arguments'],
  words: readonly string[],
  refuse: Refuse,
): Pick<Line, 'given' | 'args'> {
  const { tail, ...rest } = syntax
  const known = optionsOf(syntax)
  for (const [, option] of words.map((word) => /^--([^=]+)/.exec(word) ?? [])) {
    const error = option === undefined || Object.hasOwn(known, option) ? undefined : refuse(option, true)
    if (error !== undefined) throw error
  }
  const line = parse({ ...rest, arguments: own }, words)
  if (line === undefined) {
    throw new ConvoError('E_USAGE', `--help does not belong here: ${[syntax.name, ...words].join(' ')}`, {
      fix: `convo help ${syntax.name}`,
    })
  }
  for (const option of Object.keys(line.given)) {
    const error = refuse(option, false)
    if (error !== undefined) throw error
  }
  return line
}

type PreparedStep = {
  readonly name: string
  readonly settings: Settings
  readonly step: StepMaker
  /** A step that an option adds after it. */
  readonly behind?: StepMaker
  /** Whether it takes its input whole, with all pages or slices. */
  readonly isVolume: boolean
  readonly files: readonly string[]
}

async function prepareStep({ operation: syntax, given, file }: Asked): Promise<PreparedStep> {
  refuseConflict(given)
  const operation = file === undefined ? syntax : await syntax.file!.open(file, given)
  const { name, params, shared } = operation
  const values = resolve(params, pick(given, params))
  const settings = await withBias(resolve(sharedSettings, pick(given, shared)))
  const kernel = await kernelOf(operation, settings)
  const asked = { values, kernel, settings: kernelOptions(settings) }
  const isChosen = kernel !== undefined || given.size !== undefined
  const notes = isChosen ? await import('../kernel-notes.ts') : undefined
  return {
    name,
    settings,
    files: operation.made?.files ?? [],
    isVolume: takesVolume(operation, values, kernel),
    async step(picture) {
      const step = await operation.build({ ...asked, ...picture })
      return notes?.withKernelNotes(step, kernel, settings) ?? step
    },
    ...(operation.isFollowed &&
      values.activation !== 'none' && {
        behind: ({ full, unit = full }) => activationStep(values.activation as Activation, unit),
      }),
  }
}

function prepared(settings: Settings, steps: readonly PreparedStep[]): Prepared {
  const makers = steps.flatMap(({ step, behind }) => (behind === undefined ? [step] : [step, behind]))
  return {
    name: steps.map(({ name }) => name).join('-'),
    settings,
    steps: makers,
    files: steps.flatMap(({ files }) => files),
    job(input, output) {
      checkOutput(settings, output)
      return {
        input,
        output,
        operation: steps.map(({ name }) => name).join(' -- '),
        steps: makers,
        settings,
        // steps before one that takes a volume get the slices one by one
        isVolume: steps.some(({ isVolume }) => isVolume),
      }
    },
  }
}

/**
 * Checks the settings for the kind of output.
 *
 * @throws ConvoError E_OPTION for a setting without effect on it, E_OUTPUT for an unknown kind
 */
function checkOutput(settings: Settings, output: string): void {
  const { depth } = settings
  const format = extensionOf(output) === '.npy' ? 'npy' : formatOfPath(output)
  const { takes, depths }: Pick<OutputTraits, 'takes' | 'depths'> =
    format === 'npy' ? { takes: {}, depths: [] } : traitsOf(format)
  for (const option of codingOptions) {
    const value = settings[option]
    if (value === undefined || value === false) continue
    const taken = takes[option]
    const typed = value === true ? `--${option}` : `--${option} ${value}`
    if (taken === undefined) {
      const others = formatsWith(option).join(', ')
      throw new ConvoError('E_OPTION', `${typed} does not apply to ${output}: it is ${format}`, {
        why: `--${option} applies to ${others}`,
        fix: `no --${option}`,
      })
    }
    const [least, most] = taken === true ? [] : taken
    if (typeof value !== 'number' || least === undefined || (value >= least && value <= most!)) continue
    const what = `--${option} must be from ${least} to ${most} for ${format}, got ${value}`
    throw new ConvoError('E_OPTION', what, { fix: `--${option} ${Math.min(Math.max(value, least), most!)}` })
  }
  if (depth !== undefined && !depths.includes(depth)) {
    const held =
      format === 'npy' || depths.every((one) => one === 32)
        ? 'floating point'
        : `${depths.join(' or ').replace(' or ', depths.length > 2 ? ', ' : ' or ')} bits`
    throw new ConvoError('E_OPTION', `--depth ${depth} does not apply to ${output}: ${format} has ${held}`, {
      fix: 'no --depth',
    })
  }
}

async function kernelOf(operation: Operation, settings: Settings): Promise<Kernel | undefined> {
  if (settings.kernel !== undefined) {
    // loaded here, since it brings all formats, which a run without a kernel does not need
    const { loadKernel } = await import('../../kernel/source.ts')
    return loadKernel(settings.kernel, { names: namedKernels })
  }
  if (operation.kernel !== 'required') return undefined
  throw withoutKernel(operation)
}

/** The error for an operation that needs a kernel but got none. */
export const withoutKernel = (operation: Operation): ConvoError =>
  new ConvoError('E_USAGE', `${operation.name} needs a kernel`, {
    why: `--kernel <kernel>: ${sharedSettings.kernel.summary}`,
    fix: sampleKernel(operation).join(' '),
  })
