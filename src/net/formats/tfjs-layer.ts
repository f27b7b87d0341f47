import type { ConvoError } from '../../error.ts'
import { describe } from '../../text/describe.ts'
import type { Builder } from '../builder.ts'
import type { Attribute, Constant } from '../network.ts'

/** The settings of a Keras layer. */
export type Config = Readonly<Record<string, unknown>>

/** A Keras layer. Pictures are [N,C,H,W] here and [N,H,W,C] there, so axes and weights are reordered. */
export type Layer = {
  readonly name: string
  readonly config: Config
  readonly inputs: readonly string[]
  /** Whether a value is one number for each channel. */
  readonly isFlat: (value: string) => boolean
  readonly builder: Builder
  /** A weight by its short name. @throws ConvoError E_NET_OPERATOR if it is missing or has another rank */
  readonly weight: (part: string, rank: number) => Constant
  readonly hasWeight: (part: string) => boolean
  readonly refuse: (why: string) => ConvoError
}

/** The output of a layer. */
export type Result = { readonly value: string; readonly isFlat?: boolean }
/** Adds the nodes of a layer. */
export type Make = (layer: Layer) => Result
/** Attributes of a node. */
export type Attributes = Readonly<Record<string, Attribute>>

/** The first input. */
export const x = ({ inputs }: Layer): string => inputs[0]!

/** Adds a node named after its layer. */
export const node = (
  { builder, name }: Layer,
  operator: string,
  inputs: readonly string[],
  attributes?: Attributes,
) => builder.add(operator, inputs, attributes, { name })

/** A layer that does nothing. */
export const same: Make = (layer) => ({ value: x(layer), isFlat: layer.isFlat(x(layer)) })

/** A layer that applies one operator to its input. */
export const simple =
  (operator: string, attributes?: (layer: Layer) => Attributes): Make =>
  (layer) => ({
    value: node(layer, operator, [x(layer)], attributes?.(layer)),
    isFlat: layer.isFlat(x(layer)),
  })

/** A setting that is a number. */
export function numberOf({ config }: Layer, key: string, otherwise: number): number {
  const value = config[key]
  return typeof value === 'number' ? value : otherwise
}

/** A setting of two integers, rows first. A single integer is used for both. */
export function pairOf(layer: Layer, key: string, otherwise: number): [number, number] {
  const value = layer.config[key] ?? otherwise
  const [high, wide = high] = Array.isArray(value) ? value : [value]
  if (!Number.isSafeInteger(high) || !Number.isSafeInteger(wide))
    throw layer.refuse(`has ${key} that are not whole numbers`)
  return [high, wide]
}

/** Converts an axis to the order [N,C,H,W]. */
export function axisOf(layer: Layer, axis: unknown): number {
  const ours = axis === undefined ? 1 : [0, 2, 3, 1].at(typeof axis === 'number' ? axis : 0)
  if (ours === undefined || ours === 0) throw layer.refuse(`has an unsupported axis, ${describe(axis)}`)
  return ours
}

/** Refuses a layer with channels first. */
export function checkLast(layer: Layer): void {
  if ((layer.config.data_format ?? 'channels_last') !== 'channels_last')
    throw layer.refuse('has its channels first')
}

type Activate = (builder: Builder, value: string, layer: Layer) => string

const op =
  (operator: string, attributes?: Attributes): Activate =>
  (builder, value) =>
    builder.add(operator, [value], attributes)

/** Activations by their names in Keras, old and new. */
const activations: Readonly<Record<string, Activate>> = {
  linear: (_, value) => value,
  relu: op('Relu'),
  relu6: (builder, value) => builder.add('Clip', [value, builder.floats(0), builder.floats(6)]),
  sigmoid: op('Sigmoid'),
  hard_sigmoid: op('HardSigmoid', { alpha: 0.2, beta: 0.5 }),
  hardSigmoid: op('HardSigmoid', { alpha: 0.2, beta: 0.5 }),
  tanh: op('Tanh'),
  elu: op('Elu', { alpha: 1 }),
  selu: op('Selu', { alpha: 1.6732632423543772, gamma: 1.0507009873554805 }),
  softplus: op('Softplus'),
  softsign: op('Softsign'),
  softmax: op('Softmax', { axis: 1 }),
  exponential: op('Exp'),
  swish: (builder, value) => builder.add('Mul', [value, builder.add('Sigmoid', [value])]),
  silu: (builder, value) => builder.add('Mul', [value, builder.add('Sigmoid', [value])]),
  mish: (builder, value) =>
    builder.add('Mul', [value, builder.add('Tanh', [builder.add('Softplus', [value])])]),
  gelu(builder, value) {
    const erf = builder.add('Erf', [builder.add('Mul', [value, builder.floats(Math.SQRT1_2)])])
    const half = builder.add('Mul', [value, builder.floats(0.5)])
    return builder.add('Mul', [half, builder.add('Add', [erf, builder.floats(1)])])
  },
}

/** Adds the activation of a layer. */
export function activated(layer: Layer, value: string): string {
  const { config, builder } = layer
  const held = config.activation ?? 'linear'
  const name = typeof held === 'string' && Object.hasOwn(activations, held) ? held : undefined
  if (name === undefined) throw layer.refuse(`has an unsupported activation, ${describe(held)}`)
  return activations[name]!(builder, value, layer)
}

/** Padding `valid`, or `same` as TensorFlow defines it: an odd sample goes at the bottom and right. */
export function padding(
  layer: Layer,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Attributes {
  const mode = layer.config.padding ?? 'valid'
  if (mode === 'valid') return { pads: [0, 0, 0, 0] }
  if (mode !== 'same') throw layer.refuse(`has an unsupported padding, ${describe(mode)}`)
  // with a stride, it depends on the size of the picture
  if (strides.some((step) => step !== 1)) return { auto_pad: 'SAME_UPPER' }
  const all = kernel.map((size, i) => (size - 1) * dilations[i]!)
  const before = all.map((sum) => Math.floor(sum / 2))
  return { pads: [...before, ...all.map((sum, i) => sum - before[i]!)] }
}
