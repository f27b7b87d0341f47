import { ConvoError } from '../error.ts'
import { isStandardOutput } from '../files/output.ts'
import { noteMessage } from '../host/io.ts'
import type { Operation } from '../picture/operations.ts'
import { outputOf } from '../picture/output-path.ts'
import { checkReplaced } from '../picture/replaced.ts'
import { type Prepared, prepareOperation } from '../picture/words/prepare.ts'
import { mebibytes } from '../text/count.ts'
import { visibleLine } from '../text/visible.ts'
import type { Call } from './command.ts'
import { notesOf, reportText } from './report.ts'

/** Runs an operation on a picture, prints its reports, and returns the exit status. */
export async function runOperation(operation: Operation, call: Call, file?: string): Promise<number> {
  const { kernel } = call.given
  if (call.args[0] === '-' && typeof kernel === 'string' && /^-(?:#|$)/.test(kernel)) {
    throw new ConvoError('E_USAGE', 'the picture and the kernel cannot both come from standard input', {
      fix: 'a file for one of them',
    })
  }
  return runPrepared(await prepareOperation({ operation, given: call.given, file }), call)
}

/** Runs prepared steps on the input and output of a command line. */
export async function runPrepared(
  prepared: Prepared,
  { args, io }: Pick<Call, 'args' | 'io'>,
): Promise<number> {
  const [input = '', given = ''] = args
  const { settings } = prepared
  if (settings.json && isStandardOutput(given) && !settings['dry-run']) {
    throw new ConvoError('E_USAGE', '--json and the picture cannot both go to standard output', {
      fix: 'no --json',
    })
  }
  const preview = settings.preview ? await import('../picture/preview.ts') : undefined
  const target = await outputOf(given, input, prepared.name)
  const output = preview === undefined ? target.output : preview.previewTarget(target.output, settings)
  const job = { ...prepared.job(input, output), series: target.series }
  const replaced = settings.force || given === '' ? undefined : checkReplaced(input, output, prepared.name)
  // Loaded only now, so that help, lists and errors do not wait for it.
  const pipeline = await import('../picture/process.ts')
  if (settings['dry-run']) {
    const plan = await pipeline.dryRun(job)
    const { notes, ...facts } = plan
    await io.out(settings.json ? `${JSON.stringify(plan)}\n` : planText(facts))
    if (!settings.quiet) for (const note of notes) io.err(noteMessage(note))
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

/** Formats numbers of bytes in MiB by their purpose. */
function memoryText({ total, ...parts }: Readonly<Record<string, number>>): string {
  const shown = Object.entries(parts).filter(([, bytes]) => bytes > 0)
  const parted = shown.map(([name, bytes]) => `${name} ${mebibytes(bytes)}`).join(', ')
  return `memory: about ${mebibytes(total ?? 0)}: ${parted}\n`
}

/** Formats a plan for people: one line for each fact, with nested facts indented. */
const planText = (plan: object, by = 0): string =>
  Object.entries(plan)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (key === 'memory') return memoryText(value)
      const left = `${' '.repeat(by)}${key}:`
      if (typeof value !== 'object' || value === null) return `${left} ${visibleLine(String(value))}\n`
      const flat = Object.values(value).every((v) => typeof v !== 'object')
      if (Array.isArray(value) && flat) return `${left} ${visibleLine(value.join(', '))}\n`
      return `${left}\n${planText(value, by + 2)}`
    })
    .join('')
