import { ConvoError, nearest } from '../error.ts'
import { exp } from '../tensor/math.ts'
import { Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'

/** What may follow a pointwise convolution. */
export type Activation = 'none' | 'relu' | 'sigmoid' | 'tanh'

/** The activations by name; `none` first. Each takes a float32 and rounds its result to float32 once. */
export const activations: Readonly<Record<Activation, (v: number) => number>> = {
  none: (v) => v,
  relu: (v) => (v > 0 || Number.isNaN(v) ? v : 0),
  sigmoid: (v) => Math.fround(1 / (1 + exp(-v))),
  tanh: (v) => Math.fround(tanh(v)),
}

/** The hyperbolic tangent from the library's own exp, so that it is the same on every machine; good to 1e-13 of itself. */
function tanh(v: number): number {
  const a = Math.abs(v)
  // Below this, 1 − exp(−2a) would lose the digits that the series keeps.
  if (a < 5e-4) return v - (v * v * v) / 3
  const t = exp(-2 * a)
  const positive = (1 - t) / (1 + t)
  return v < 0 ? -positive : positive
}

/** @throws ConvoError E_ARGUMENT when no activation has this name */
export function checkActivation(name: unknown): Activation {
  if (typeof name === 'string' && Object.hasOwn(activations, name)) return name as Activation
  const names = Object.keys(activations)
  const guess = typeof name === 'string' ? nearest(name, names) : undefined
  throw new ConvoError(
    'E_ARGUMENT',
    `activation must be one of ${names.join(', ')}, got ${typeof name === 'string' ? `"${name}"` : describe(name)}`,
    guess === undefined ? {} : { fix: guess },
  )
}

/**
 * Every number of x through an activation; x itself for `none`. `unit` is the value that stands for 1: sigmoid and tanh
 * take v / unit and give unit · f.
 */
export function activate(x: Tensor, name: Activation, unit = 1): Tensor {
  if (name === 'none') return x
  const f = activations[name]
  const data = new Float32Array(x.data.length)
  const isPlain = unit === 1 || name === 'relu'
  for (let i = 0; i < data.length; i++) {
    const v = x.data[i]!
    data[i] = isPlain ? f(v) : unit * f(v / unit)
  }
  return new Tensor(x.shape, data)
}
