import type { Engine } from '../definition/engine.ts'
import { type Activation, activationNames } from '../definition/functions.ts'
import { ConvoError, nearest } from '../error.ts'
import { choice } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'
import { arithmetics, type Step } from './operator.ts'

/** @throws ConvoError E_ARGUMENT when no activation has this name */
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
 * Every number of x through an activation; x itself for `none`. `unit` is the value that represents 1: sigmoid and tanh
 * take v / unit and give unit · f.
 */
export const activate = async (engine: Engine, x: Tensor, name: Activation, unit = 1): Promise<Tensor> =>
  name === 'none' ? x : engine.layer('activate', [x], { name, unit })

/** `--activation`, of every operator with weights. */
export const activationParam = {
  ...choice(
    'function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are',
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
