import { ConvoError } from '../error.ts'
import { namedKernels } from '../filters/names.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { loadKernel } from '../kernel/source.ts'
import { type Params, resolve } from '../params.ts'
import type { Call } from './command.ts'
import type { Operation } from './operations.ts'
import type { PictureJob, StepMaker } from './process.ts'
import { notesOf, reportText } from './report.ts'
import { type Settings, sharedSettings } from './settings.ts'

/** An operation with its options, waiting for an input and an output. */
export type Prepared = { readonly settings: Settings; job(input: string, output: string): PictureJob }

/**
 * Understands the options of an operation and loads its kernel.
 *
 * @throws ConvoError for options that cannot be
 */
export async function prepareOperation(operation: Operation, given: Call['given']): Promise<Prepared> {
  const values = resolve(operation.params, pick(given, operation.params))
  const settings: Settings = resolve(sharedSettings, pick(given, operation.shared))
  const kernel = await kernelOf(operation, settings)
  const step: StepMaker = ({ channels }) => operation.build({ values, kernel, channels })
  return {
    settings,
    job: (input, output) => ({
      input,
      output,
      operation: operation.name,
      steps: [step],
      settings,
      kernelBorder: kernel?.border,
    }),
  }
}

/** Runs an operation on a picture, tells what is to be told, and gives the exit status. */
export async function runOperation(operation: Operation, { args, given, io }: Call): Promise<number> {
  const [input = '', output = ''] = args
  const prepared = await prepareOperation(operation, given)
  const { settings } = prepared
  if (settings.json && output === '-' && !settings['dry-run']) {
    throw new ConvoError('E_USAGE', '--json and the picture cannot both go to standard output', {
      fix: 'a file for the output, or no --json',
    })
  }
  const job = prepared.job(input, output)
  // Loaded only now, so that help, lists and errors do not wait for the machinery.
  const pipeline = await import('./process.ts')
  if (settings['dry-run']) {
    const plan = await pipeline.dryRun(job)
    await io.out(settings.json ? `${JSON.stringify(plan)}\n` : planText(plan))
    return 0
  }
  const report = await pipeline.processPicture(job)
  if (settings.json) await io.out(`${JSON.stringify(report)}\n`)
  if (settings.verbose) io.err(`${reportText(report)}\n`)
  if (!settings.quiet) for (const note of notesOf(report)) io.err(`${io.paint('note', 'note:')} ${note}\n`)
  return settings['fail-on-clip'] && report.clipped.low + report.clipped.high > 0 ? 1 : 0
}

async function kernelOf(operation: Operation, settings: Settings): Promise<Kernel | undefined> {
  if (settings.kernel !== undefined) return loadKernel(settings.kernel, { names: namedKernels })
  if (operation.kernel !== 'required') return undefined
  throw new ConvoError('E_USAGE', `${operation.name} needs a kernel`, {
    why: `--kernel <kernel>: ${sharedSettings.kernel.summary}`,
    fix: `convo ${operation.name} in.png out.png --kernel sharpen`,
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
      if (typeof value !== 'object' || value === null) return `${left} ${value}\n`
      const flat = Object.values(value).every((v) => typeof v !== 'object')
      if (Array.isArray(value) && flat) return `${left} ${value.join(', ')}\n`
      return `${left}\n${planText(value, by + 2)}`
    })
    .join('')
}
