import { ConvoError } from '../../error.ts'
import { commandLine } from '../../text/shell.ts'
import { prepareChain, splitSteps } from '../chain.ts'
import { chainCommand } from '../commands/chain.ts'
import { located } from '../located.ts'
import { operationCommand } from '../operation-command.ts'
import { findOperation } from '../operations.ts'
import { understand } from '../program.ts'
import { type Prepared, prepareOperation } from '../run-operation.ts'
import { checkStep, refuseOpenChain } from '../steps.ts'

/** The operations of a case, understood. */
export type Work = {
  /** The command line that does the same. */
  readonly command: string
  /** Files beside the input that decide what comes out: kernels. */
  readonly files: readonly string[]
  /** Makes the picture. @throws ConvoError, also for clipping under --fail-on-clip */
  run(input: string, output: string): Promise<readonly string[]>
}

/** Options that would keep a case from being made or told of. */
const refused = ['in-place', 'force', 'dry-run', 'json', 'quiet', 'verbose', 'preview'] as const

/**
 * Understands the operations of a case, as the command line would; files are taken from `folder`.
 *
 * @throws ConvoError as the command line does
 */
export async function prepareWork(
  steps: readonly (readonly string[])[],
  folder: string,
  names: { readonly input: string; readonly output: string },
): Promise<Work> {
  const found = steps.map((words) => words.map((word) => located(word, folder)))
  const files = new Set(found.flat().flatMap(({ file }) => file ?? []))
  const here = found.map((words) => words.map(({ word }) => word))
  for (const words of here) {
    const bad = refused.find((option) => words.some((word) => word.split('=')[0] === `--${option}`))
    if (bad !== undefined) throw new ConvoError('E_OPTION', `--${bad} has no meaning in a case`)
  }
  for (const words of here) {
    refuseOpenChain(words)
    checkStep(words)
  }
  const prepared = await prepare(commandOf(here, { input: 'input', output: 'output.png' }).slice(1))
  return {
    command: commandLine(commandOf(here, names)),
    files: [...files],
    async run(input, output) {
      const { processPicture } = await import('../process.ts')
      const { clipped, notes } = await processPicture(prepared.job(input, output))
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

/** Understands a command line of an operation or a chain. @throws ConvoError as the command line does */
async function prepare(words: readonly string[]): Promise<Pick<Prepared, 'settings' | 'job'>> {
  const [name = ''] = words
  const isChain = name === chainCommand.name
  const operation = isChain ? undefined : findOperation(name)
  const request = understand(words, [operation === undefined ? chainCommand : operationCommand(operation)])
  if (request.kind !== 'run') throw new ConvoError('E_USAGE', `${name} has no work to do in a case`)
  return operation === undefined
    ? prepareChain(splitSteps(request.tail ?? []), request.given)
    : prepareOperation(operation, request.given)
}

function commandOf(
  steps: readonly (readonly string[])[],
  { input, output }: { readonly input: string; readonly output: string },
): string[] {
  const [[name = '', ...words] = [], ...more] = steps
  if (more.length === 0) return ['convo', name, input, output, ...words]
  const isOptions = name.startsWith('-')
  const options = isOptions ? [name, ...words] : []
  const operations = isOptions ? more : steps
  return ['convo', 'chain', input, output, ...options, ...operations.flatMap((step) => ['--', ...step])]
}
