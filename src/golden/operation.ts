import { ConvoError } from '../error.ts'
import { located } from '../files/located.ts'
import { prepareWork, understandWork } from '../picture/words/prepare.ts'
import { stepOperations } from '../picture/words/steps.ts'
import { lineOf } from '../picture/words/written.ts'
import { commandLine } from '../text/shell.ts'

/** Options that would keep a case from being made or reported. */
const refused = ['in-place', 'force', 'dry-run', 'json', 'quiet', 'verbose', 'preview'] as const

/**
 * Parses the operations of a case like the command line. Paths of files are relative to `folder`.
 *
 * @throws ConvoError as the command line does
 */
export async function prepareCase(
  steps: readonly (readonly string[])[],
  folder: string,
  names: { readonly input: string; readonly output: string },
) {
  const found = steps.map((words) => words.map((word) => located(word, folder)))
  const files = new Set(found.flat().flatMap(({ file }) => file ?? []))
  const here = found.map((words) => words.map(({ word }) => word))
  const prepared = await prepareWork(understandWork(lineOf(here), refuse))
  return {
    command: commandLine(commandOf(here, names)),
    files: [...new Set([...files, ...prepared.files])],
    /** Makes the picture and returns its notes. @throws ConvoError, also for clipping under --fail-on-clip */
    async run(input: string, output: string) {
      const { processPicture } = await import('../picture/process.ts')
      const { inQueue } = await import('../picture/queue.ts')
      const { clipped, notes } = await inQueue(undefined, () => processPicture(prepared.job(input, output)))
      const count = clipped.low + clipped.high
      if (prepared.settings['fail-on-clip'] && count > 0) {
        throw new ConvoError('E_OPTION', `${count} samples were clipped, and --fail-on-clip is set`, {
          fix: '--range abs, offset or minmax',
        })
      }
      return notes
    },
  }
}

const refuse = (option: string): ConvoError | undefined =>
  refused.some((name) => name === option)
    ? new ConvoError('E_OPTION', `--${option} does not apply to a case`)
    : undefined

function commandOf(
  steps: readonly (readonly string[])[],
  { input, output }: { readonly input: string; readonly output: string },
): string[] {
  const [[name = '', ...words] = [], ...more] = steps
  if (more.length === 0) {
    const own = Object.hasOwn(stepOperations, name) && stepOperations[name]!.file !== undefined ? 1 : 0
    return ['convo', name, ...words.slice(0, own), input, output, ...words.slice(own)]
  }
  const isOptions = name.startsWith('-')
  const options = isOptions ? [name, ...words] : []
  const operations = isOptions ? more : steps
  return ['convo', 'chain', input, output, ...options, ...operations.flatMap((step) => ['--', ...step])]
}
