import type { Engine } from '../definition/engine.ts'
import { type Activation, activationNames } from '../definition/functions.ts'
import { ConvoError, nearest } from '../error.ts'
import { choice } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'
import { arithmetics, type Step } from './operator.ts'

/** Checks the name of an activation. @throws ConvoError E_ARGUMENT if no activation has this name */
export function checkActivation(name: unknown): Activation {
  const names: readonly string[] = activationNames
  if (typeof name === 'string' && names.includes(name)) return name as Activation
  const guess = typeof name === 'string' ? nearest(name, names) : undefined
  throw new ConvoError(
    'E_ARGUMENT',
    `activation must be one of ${names.join(', ')}, got ${typeof name === 'string' ? `"${name}"` : describe(name)}`,
    guess === undefined ? {} : { instead: [String(name), guess] },
  )
}

/**
 * Applies an activation to every number of x; returns x itself for `none`. `unit` is the value that represents 1:
 * sigmoid and tanh compute unit · f(v / unit).
 */
export const activate = async (engine: Engine, x: Tensor, name: Activation, unit = 1): Promise<Tensor> =>
  name === 'none' ? x : engine.layer('activate', [x], { name, unit })

/** The `--activation` option of all operators with weights. */
export const activationParam = {
  ...choice(
    'function applied to every result; sigmoid, tanh and similar functions take black as 0 and white as 1, but use numbers as they are after normalize and in float arrays',
    activationNames,
    'none',
  ),
}

/** The step that `--activation` adds. */
export const activationStep = (name: Activation, unit: number): Step => ({
  acts: 'colour',
  volume: 'whole',
  arithmetic: arithmetics.samples,
  apply: (x, engine) => activate(engine, x, name, unit),
})
