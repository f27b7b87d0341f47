import type { Engine } from '../definition/engine.ts'
import { type Activation, activationNames } from '../definition/functions.ts'
import { ConvoError, nearest } from '../error.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'

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
 * Every number of x through an activation; x itself for `none`. `unit` is the value that stands for 1: sigmoid and tanh
 * take v / unit and give unit · f.
 */
export const activate = async (engine: Engine, x: Tensor, name: Activation, unit = 1): Promise<Tensor> =>
  name === 'none' ? x : engine.layer('activate', [x], { name, unit })
