import { extname } from 'node:path'
import { ConvoError } from '../error.ts'
import { namedKernels } from '../filters/names.ts'
import { formatOfPath, outputFormats } from '../image/format.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { loadKernel } from '../kernel/source.ts'
import { type Params, resolve } from '../params.ts'
import { visibleLine } from '../text/visible.ts'
import type { Call } from './command.ts'
import { noteMessage } from './io.ts'
import { withKernelNotes } from './kernel-notes.ts'
import { type Operation, takesVolume } from './operations.ts'
import { outputOf } from './output-path.ts'
import type { PictureJob, StepMaker } from './process.ts'
import { checkReplaced } from './replaced.ts'
import { notesOf, reportText } from './report.ts'
import { kernelOptions, type Settings, sharedSettings } from './settings.ts'

/** An operation with its options, waiting for an input and an output. */
export type Prepared = {
  /** The name of the operation. */
  readonly name: string
  readonly settings: Settings
  readonly step: StepMaker
  readonly kernelBorder?: string | undefined
  /** True when it takes its input whole, with all pages or slices. */
  readonly isVolume: boolean
  /** @throws ConvoError E_OPTION, E_OUTPUT for an output that cannot be what the settings say */
  job(input: string, output: string): PictureJob
}

/**
 * Understands the options of an operation and loads its kernel.
 *
 * @throws ConvoError for options that cannot be
 */
export async function prepareOperation(operation: Operation, given: Call['given']): Promise<Prepared> {
  const values = resolve(operation.params, pick(given, operation.params))
  const settings: Settings = resolve(sharedSettings, pick(given, operation.shared))
  const kernel = await kernelOf(operation, settings)
  const isSized = kernel !== undefined || Object.hasOwn(operation.params, 'size')
  const step: StepMaker = ({ channels, full }) => {
    const made = operation.build({ values, kernel, settings: kernelOptions(settings), channels, full })
    return withKernelNotes(made, kernel, settings, isSized)
  }
  const isVolume = takesVolume(operation, values)
  const kernelBorder = kernel?.border
  return {
    name: operation.name,
    settings,
    step,
    kernelBorder,
    isVolume,
    job(input, output) {
      checkOutput(settings, output)
      return { input, output, operation: operation.name, steps: [step], settings, kernelBorder, isVolume }
    },
  }
}

/** Runs an operation on a picture, tells what is to be told, and gives the exit status. */
export async function runOperation(operation: Operation, call: Call): Promise<number> {
  const { kernel } = call.given
  if (call.args[0] === '-' && typeof kernel === 'string' && /^-(?:#|$)/.test(kernel)) {
    throw new ConvoError('E_USAGE', 'the picture and the kernel cannot both come from standard input', {
      fix: 'a file for one of them',
    })
  }
  return runPrepared(await prepareOperation(operation, call.given), call)
}

/** Runs what was prepared on the input and output of a command line. */
export async function runPrepared(
  prepared: Pick<Prepared, 'name' | 'settings' | 'job'>,
  { args, io }: Pick<Call, 'args' | 'io'>,
): Promise<number> {
  const [input = '', given = ''] = args
  const { settings } = prepared
  if (settings.json && given === '-' && !settings['dry-run']) {
    throw new ConvoError('E_USAGE', '--json and the picture cannot both go to standard output', {
      fix: 'no --json',
    })
  }
  const preview = settings.preview ? await import('./terminal/preview.ts') : undefined
  const target = await outputOf(given, input, prepared.name)
  const output = preview === undefined ? target.output : preview.previewTarget(target.output, settings)
  const job = { ...prepared.job(input, output), series: target.series }
  const replaced = settings.force || given === '' ? undefined : checkReplaced(input, output, prepared.name)
  // Loaded only now, so that help, lists and errors do not wait for the machinery.
  const pipeline = await import('./process.ts')
  if (settings['dry-run']) {
    const plan = await pipeline.dryRun(job)
    await io.out(settings.json ? `${JSON.stringify(plan)}\n` : planText(plan))
    if (!settings.quiet) for (const note of plan.notes) io.err(noteMessage(note))
    return 0
  }
  const made = await pipeline.processPicture(job)
  const done = replaced === undefined ? made : { ...made, notes: [...made.notes, replaced] }
  const report = (await preview?.showResult(done, given, io)) ?? done
  if (settings.json) await io.out(`${JSON.stringify(report)}\n`)
  if (settings.verbose) io.err(`${reportText(report)}\n`)
  if (!settings.quiet) for (const note of notesOf(report)) io.err(noteMessage(note))
  return settings['fail-on-clip'] && report.clipped.low + report.clipped.high > 0 ? 1 : 0
}

/** @throws ConvoError E_OPTION for a setting that the kind of output has no place for, E_OUTPUT for an unknown kind */
export function checkOutput({ compression, depth }: Settings, output: string): void {
  const format = extname(output).toLowerCase() === '.npy' ? 'npy' : formatOfPath(output)
  if (compression !== undefined && format !== 'png') {
    throw new ConvoError('E_OPTION', `--compression ${compression} is for PNG, and ${output} is ${format}`, {
      fix: 'no --compression',
    })
  }
  const depths: readonly number[] = format === 'npy' ? [] : outputFormats[format].depths
  if (depth !== undefined && !depths.includes(depth)) {
    const held = format === 'npy' ? 'floating point' : `${depths.join(' or ')} bits`
    throw new ConvoError(
      'E_OPTION',
      `--depth ${depth} is not written to ${output}: ${format} holds ${held}`,
      {
        fix: 'no --depth',
      },
    )
  }
}

async function kernelOf(operation: Operation, settings: Settings): Promise<Kernel | undefined> {
  if (settings.kernel !== undefined) return loadKernel(settings.kernel, { names: namedKernels })
  if (operation.kernel !== 'required') return undefined
  throw new ConvoError('E_USAGE', `${operation.name} needs a kernel`, {
    why: `--kernel <kernel>: ${sharedSettings.kernel.summary}`,
    fix: '--kernel sharpen',
  })
}

function pick(given: Readonly<Record<string, unknown>>, params: Params): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(params, name)))
}

/** A plan for people: one line for each fact, nested ones moved to the right. */
function planText(plan: object, by = 0): string {
  return Object.entries(plan)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const left = `${' '.repeat(by)}${key}:`
      if (typeof value !== 'object' || value === null) return `${left} ${visibleLine(String(value))}\n`
      const flat = Object.values(value).every((v) => typeof v !== 'object')
      if (Array.isArray(value) && flat) return `${left} ${visibleLine(value.join(', '))}\n`
      return `${left}\n${planText(value, by + 2)}`
    })
    .join('')
}
