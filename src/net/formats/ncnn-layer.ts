import type { ConvoError } from '../../error.ts'
import type { Builder } from '../builder.ts'
import type { Attribute } from '../network.ts'
import type { NcnnWeights } from './ncnn-weights.ts'

/** A layer of a `.param` file. Its parameters have numbers as keys. */
export type Layer = {
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly number: (key: number, otherwise: number) => number
  readonly numbers: (key: number) => readonly number[]
  /** A parameter that must be a 32-bit integer. @throws ConvoError E_NET_OPERATOR */
  readonly whole: (key: number, otherwise: number) => number
  readonly wholes: (key: number) => readonly number[]
  /** Whether a value is one number for each channel: [1,C,1,1] here, a vector in ncnn. */
  readonly isFlat: (value: string) => boolean
  readonly builder: Builder
  readonly weights: NcnnWeights
  readonly refuse: (why: string) => ConvoError
}

/** What a layer adds. Its nodes have the names of the outputs, except that `same` renames an existing value. */
export type Result = { readonly same?: string; readonly isFlat?: boolean }
/** Adds the nodes of a layer. */
export type Make = (layer: Layer) => Result

/** "To the end" in the sizes of ONNX. */
export const toTheEnd = 2 ** 31 - 1
/** "Not stated". As a padding it means SAME_UPPER, and one less means SAME_LOWER. */
export const unstated = -233

/** The first input. */
export const x = ({ inputs }: Layer): string => inputs[0]!

/** Adds a node whose outputs are those of the layer. */
export function node(
  layer: Layer,
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Result {
  layer.builder.add(operator, inputs, attributes, { name: layer.name, outputs: layer.outputs })
  return { isFlat: inputs.every((one) => layer.isFlat(one) || layer.builder.constants.has(one)) }
}

/** A layer that applies one operator to its input. */
export const unary =
  (operator: string, attributes?: (layer: Layer) => Readonly<Record<string, Attribute>>): Make =>
  (layer) =>
    node(layer, operator, [x(layer)], attributes?.(layer))

/** A layer that does nothing. */
export const same: Make = (layer) => ({ same: x(layer), isFlat: layer.isFlat(x(layer)) })

/** The values for columns and for rows. Rows have a key of their own and default to the value for columns. */
export const both = (
  layer: Layer,
  wide: number,
  high: number,
  otherwise: number,
): [high: number, wide: number] => {
  const first = layer.whole(wide, otherwise)
  return [layer.whole(high, first), first]
}

/** Adds a node and the activation of the layer after it. The outputs are those of the layer. */
export function activated(
  layer: Layer,
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>>,
): Result {
  const { builder, name, outputs } = layer
  const type = layer.whole(9, 0)
  if (type === 0) return node(layer, operator, inputs, attributes)
  const before = builder.add(operator, inputs, attributes, { name })
  const [a = 0, b = 0] = layer.numbers(10)
  const last = (
    last: string,
    from: readonly string[],
    more: Readonly<Record<string, Attribute>> = {},
  ): Result => {
    builder.add(last, from, more, { name: `${name}_activation`, outputs })
    return {}
  }
  switch (type) {
    case 1:
      return last('Relu', [before])
    case 2:
      return last('LeakyRelu', [before], { alpha: a })
    case 3:
      return last('Clip', [before, builder.floats(a), builder.floats(b)])
    case 4:
      return last('Sigmoid', [before])
    case 5:
      return last('Mul', [before, builder.add('Tanh', [builder.add('Softplus', [before])])])
    case 6:
      return last('Mul', [before, builder.add('HardSigmoid', [before], { alpha: a, beta: b })])
  }
  throw layer.refuse(`has an unsupported activation, ${type}`)
}

/** The paddings of a convolution, or the rule by which they follow from the size. */
export function paddings(layer: Layer): Readonly<Record<string, Attribute>> {
  const l = layer.whole(4, 0)
  if (l === unstated) return { auto_pad: 'SAME_UPPER' }
  if (l === unstated - 1) return { auto_pad: 'SAME_LOWER' }
  const t = layer.whole(14, l)
  return { pads: [t, l, layer.whole(16, t), layer.whole(15, l)] }
}

/** Converts an axis, which ncnn counts without the batch axis. */
export const axisOf = (layer: Layer, axis: number): number => {
  if (!Number.isInteger(axis) || axis < -3 || axis > 2) throw layer.refuse(`has no axis ${axis}`)
  return axis < 0 ? axis + 4 : axis + 1
}

/** Pads a value: top, left, bottom, right, and channels before and after. */
export function pad(
  layer: Layer,
  from: string,
  pads: readonly number[],
  mode: string,
  value: number,
  channels = [0, 0],
): string {
  const { builder } = layer
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const all = builder.ints([0, channels[0]!, top, left, 0, channels[1]!, bottom, right])
  return builder.add('Pad', [from, all, builder.floats(value)], { mode })
}
