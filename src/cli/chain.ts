import { ConvoError } from '../error.ts'
import { type Params, resolve } from '../params.ts'
import { operationCommand } from './operation-command.ts'
import { findOperation } from './operations.ts'
import type { StepMaker } from './process.ts'
import { understand } from './program.ts'
import { checkOutput, type Prepared, prepareOperation } from './run-operation.ts'
import { filterOptions, pictureSettings, runSettings, type Settings, sharedSettings } from './settings.ts'
import { checkStep } from './steps.ts'

/** Options of a whole chain: how the picture is read and written. What concerns kernels stands with each step. */
export const chainSettings: Params = { ...pictureSettings, ...runSettings }

/** The steps of a chain, which are parted by `--`. @throws ConvoError E_USAGE when one is empty */
export function splitSteps(words: readonly string[]): string[][] {
  const steps: string[][] = [[]]
  for (const word of words) {
    if (word === '--') steps.push([])
    else steps.at(-1)!.push(word)
  }
  if (steps.some((step) => step.length === 0)) {
    throw new ConvoError('E_USAGE', 'a chain needs an operation behind every --', {
      fix: 'convo chain in.png out.png -- gaussian --sigma 2 -- sobel --unit',
    })
  }
  return steps
}

/** Understands one operation with its options, as the command line would. @throws ConvoError as the command line does */
export async function prepareWords(words: readonly string[]): Promise<Prepared> {
  const [name = '', ...options] = words
  checkStep(words)
  const operation = findOperation(name)
  const request = understand([name, 'input', 'output.png', ...options], [operationCommand(operation)])
  if (request.kind !== 'run')
    throw new ConvoError('E_USAGE', `${name} has nothing to run here: ${words.join(' ')}`)
  const misplaced = Object.keys(chainSettings).find(
    (option) => request.given[option] !== undefined && !Object.hasOwn(operation.params, option),
  )
  if (misplaced !== undefined) {
    throw new ConvoError('E_OPTION', `--${misplaced} is said of the whole chain, not of the step ${name}`, {
      fix: `--${misplaced} before --`,
    })
  }
  return prepareOperation(operation, request.given)
}

/**
 * Understands a chain: every step as the command line would, with its own options; floats go from step to step, and
 * they are rounded once, at the end.
 *
 * @throws ConvoError as the command line does
 */
export async function prepareChain(
  steps: readonly (readonly string[])[],
  given: Readonly<Record<string, unknown>>,
): Promise<Pick<Prepared, 'name' | 'settings' | 'job'>> {
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(chainSettings, name)))
  const settings: Settings = resolve(sharedSettings, own)
  const prepared = await Promise.all(steps.map(prepareWords))
  const late = prepared.slice(1).find((step) => step.isVolume)
  if (late !== undefined && !prepared[0]!.isVolume) {
    throw new ConvoError(
      'E_USAGE',
      `${late.name} takes a volume, and comes first in a chain or behind one that does`,
    )
  }
  return {
    name: prepared.map(({ name }) => name).join('-'),
    settings,
    job(input, output) {
      checkOutput(settings, output)
      return {
        input,
        output,
        operation: prepared.map((step) => step.name).join(' -- '),
        steps: prepared.map(withOwnOptions),
        settings,
        isVolume: prepared[0]!.isVolume,
      }
    },
  }
}

/** The step with its options about kernels in it, which else would be those of the whole job. */
function withOwnOptions({ step, settings, kernelBorder }: Prepared): StepMaker {
  return (picture) => {
    const made = step(picture)
    if (made.kind !== 'recipe') return made
    return { ...made, options: { ...filterOptions(settings, kernelBorder), ...made.options } }
  }
}
