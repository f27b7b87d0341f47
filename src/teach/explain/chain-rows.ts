import { grouped } from '../../text/count.ts'
import { area, sizes } from './text.ts'

/** A step of a chain in numbers. Receptive fields and steps are in samples of the chain's input, per axis. */
export type ChainStep = {
  readonly operation: string
  /** [C,H,W] or [C,D,H,W] */
  readonly output: readonly number[]
  readonly parameters: number
  readonly multiplications: number
  readonly receptiveField: readonly number[]
  readonly step: readonly number[]
}

/** A chain in numbers: its steps, and what they come to. */
export type ChainExplanation = Omit<ChainStep, 'operation'> & {
  readonly operation: 'chain'
  readonly input: readonly number[]
  readonly steps: readonly ChainStep[]
}

/** A chain as a table: the names of the columns, then the input, the steps and the sum. */
export function chainRows({ input, steps, ...all }: ChainExplanation): readonly (readonly string[])[] {
  const row = (
    name: string,
    { output, parameters, multiplications, receptiveField }: Omit<ChainStep, 'operation'>,
  ) => [name, sizes(output), grouped(parameters), grouped(multiplications), area(receptiveField)]
  return [
    ['step', 'output', 'weights', 'multiplications', 'receptive field'],
    ['input', sizes(input), '', '', ''],
    ...steps.map((step) => row(step.operation, step)),
    row('all', all),
  ]
}
