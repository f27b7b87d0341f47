import type { ConvoError } from '../../error.ts'
import { type Builder, transposed } from '../builder.ts'
import type { Attribute, Constant } from '../network.ts'
import type { NcnnWeights } from './ncnn-weights.ts'
import { floatsOf } from './numbers.ts'

/** A layer as its line says: parameters by their numbers. */
export type Layer = {
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly number: (key: number, otherwise: number) => number
  readonly numbers: (key: number) => readonly number[]
  /** A whole number of 32 bits. @throws ConvoError E_NET_OPERATOR for any other */
  readonly whole: (key: number, otherwise: number) => number
  readonly wholes: (key: number) => readonly number[]
  /** Whether a value is one number for each channel: [1,C,1,1], which ncnn has as a vector. */
  readonly isFlat: (value: string) => boolean
  readonly builder: Builder
  readonly weights: NcnnWeights
  readonly refuse: (why: string) => ConvoError
}

/** Nodes are added under the names of the outputs. `same`: the layer gives this value under its names. */
type Result = { readonly same?: string; readonly isFlat?: boolean }
type Make = (layer: Layer) => Result

/** What the sizes of ONNX mean by "to the end". */
const toTheEnd = 2 ** 31 - 1
/** "Not stated", and padding by SAME_UPPER or, one less, SAME_LOWER. */
const unstated = -233

/** The first input. */
const x = ({ inputs }: Layer): string => inputs[0]!

/** A node whose outputs are those of the layer. */
function node(
  layer: Layer,
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Result {
  layer.builder.add(operator, inputs, attributes, { name: layer.name, outputs: layer.outputs })
  return { isFlat: inputs.every((one) => layer.isFlat(one) || layer.builder.constants.has(one)) }
}

const unary =
  (operator: string, attributes?: (layer: Layer) => Readonly<Record<string, Attribute>>): Make =>
  (layer) =>
    node(layer, operator, [x(layer)], attributes?.(layer))

const same: Make = (layer) => ({ same: x(layer), isFlat: layer.isFlat(x(layer)) })

/** Value at key, and the same for rows, which have a key of their own. */
const both = (layer: Layer, wide: number, high: number, otherwise: number): [high: number, wide: number] => {
  const first = layer.whole(wide, otherwise)
  return [layer.whole(high, first), first]
}

/** A value before its activation; adds the activation, so that the outputs are those of the layer. */
function activated(
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
  throw layer.refuse(`has an activation of a type that is not supported, ${type}`)
}

/** Paddings of a convolution or pooling, or how they follow from the size. */
function paddings(
  layer: Layer,
  left: number,
  right: number,
  top: number,
  bottom: number,
): Readonly<Record<string, Attribute>> {
  const l = layer.whole(left, 0)
  if (l === unstated) return { auto_pad: 'SAME_UPPER' }
  if (l === unstated - 1) return { auto_pad: 'SAME_LOWER' }
  const t = layer.whole(top, l)
  return { pads: [t, l, layer.whole(bottom, t), layer.whole(right, l)] }
}

/** Weights as they are, [out][in/groups][y][x], and their bias. */
function kernelOf(layer: Layer, groups: number): { weight: Constant; bias: Constant | undefined } {
  const { weights, name } = layer
  const out = layer.whole(0, 0)
  const [high, wide] = both(layer, 1, 11, 0)
  if (layer.whole(19, 0) !== 0 || layer.whole(28, 0) !== 0)
    throw layer.refuse('takes its weights from another layer')
  if (layer.whole(8, 0) !== 0) throw layer.refuse('has weights of 8 bits')
  const taken = (layer.whole(6, 0) / (out * high * wide)) * 1
  if (!Number.isInteger(taken) || !Number.isInteger(out / groups))
    throw layer.refuse('has a number of weights that does not fit its sizes')
  const weight = weights.tagged([out, taken, high, wide], name)
  return { weight, bias: layer.whole(5, 0) === 0 ? undefined : weights.plain([out], name) }
}

const convolution =
  (isGrouped: boolean): Make =>
  (layer) => {
    const groups = isGrouped ? layer.whole(7, 1) : 1
    const { weight, bias } = kernelOf(layer, groups)
    const strides = both(layer, 3, 13, 1)
    const pads = paddings(layer, 4, 15, 14, 16)
    let from = x(layer)
    const value = layer.number(18, 0)
    const padded = pads.pads as number[] | undefined
    const isOdd = value !== 0 && (padded === undefined || padded.some((n) => n > 0))
    if (isOdd && padded === undefined) throw layer.refuse('pads by another number than 0 to the same size')
    if (isOdd) from = pad(layer, from, padded!, 'constant', value)
    return activated(layer, 'Conv', [from, ...constants(layer, weight, bias)], {
      kernel_shape: weight.shape.slice(2),
      strides,
      dilations: both(layer, 2, 12, 1),
      group: groups,
      ...(isOdd ? { pads: [0, 0, 0, 0] } : pads),
    })
  }

function constants({ builder, name }: Layer, weight: Constant, bias: Constant | undefined): string[] {
  const weights = [builder.constant(weight, `${name}.weight`)]
  return bias === undefined ? weights : [...weights, builder.constant(bias, `${name}.bias`)]
}

/** Transposed convolution: ncnn has [out][in] within a group, and ONNX [in][out/groups] over all of them. */
const deconvolution =
  (isGrouped: boolean): Make =>
  (layer) => {
    const groups = isGrouped ? layer.whole(7, 1) : 1
    const { weight, bias } = kernelOf(layer, groups)
    const [out = 1, taken = 1, high = 1, wide = 1] = weight.shape
    const parts = { ...weight, shape: [groups, out / groups, taken, high, wide] }
    const turned = transposed(parts, [0, 2, 1, 3, 4])
    const kernel = { ...turned, shape: [groups * taken, out / groups, high, wide] }
    const pads = paddings(layer, 4, 15, 14, 16)
    const right = layer.whole(18, 0)
    if (pads.pads === undefined || layer.whole(20, 0) !== 0)
      throw layer.refuse('is cut to a size that is stated')
    return activated(layer, 'ConvTranspose', [x(layer), ...constants(layer, kernel, bias)], {
      kernel_shape: [high, wide],
      strides: both(layer, 3, 13, 1),
      dilations: both(layer, 2, 12, 1),
      group: groups,
      output_padding: [layer.whole(19, right), right],
      ...pads,
    })
  }

/** Every output of every input: of a value that is one number a channel, a 1x1 convolution. */
const innerProduct: Make = (layer) => {
  const { weights, name, builder } = layer
  const out = layer.whole(0, 0)
  const taken = layer.whole(2, 0) / out
  if (!Number.isInteger(taken)) throw layer.refuse('has a number of weights that does not fit its sizes')
  if (layer.whole(8, 0) !== 0) throw layer.refuse('has weights of 8 bits')
  const isFlat = layer.isFlat(x(layer))
  const weight = weights.tagged(isFlat ? [out, taken, 1, 1] : [out, taken], name)
  const bias = layer.whole(1, 0) === 0 ? undefined : weights.plain([out], name)
  const from = isFlat ? x(layer) : builder.add('Flatten', [x(layer)], { axis: 1 })
  const all = [from, ...constants(layer, weight, bias)]
  const attributes: Readonly<Record<string, Attribute>> = isFlat ? { kernel_shape: [1, 1] } : { transB: 1 }
  activated(layer, isFlat ? 'Conv' : 'Gemm', all, attributes)
  return { isFlat }
}

const prelu: Make = (layer) => {
  const count = layer.whole(0, 0)
  const slope = layer.weights.plain([count, 1, 1], layer.name)
  return node(layer, 'PRelu', [x(layer), layer.builder.constant(slope, `${layer.name}.slope`)])
}

const batchNorm: Make = (layer) => {
  const { weights, builder, name } = layer
  const count = layer.whole(0, 0)
  const [slope, mean, variance, bias] = ['slope', 'mean', 'variance', 'bias'].map((part) =>
    builder.constant(weights.plain([count], name), `${name}.${part}`),
  ) as [string, string, string, string]
  return node(layer, 'BatchNormalization', [x(layer), slope, bias, mean, variance], {
    epsilon: layer.number(1, 0),
  })
}

const instanceNorm: Make = (layer) => {
  const { weights, builder, name } = layer
  const count = layer.whole(0, 0)
  const isAffine = layer.whole(2, 1) !== 0
  const part = (otherwise: number) =>
    isAffine ? weights.plain([count], name) : floatsOf([count], new Float32Array(count).fill(otherwise))
  const scale = builder.constant(part(1), `${name}.scale`)
  const bias = builder.constant(part(0), `${name}.bias`)
  return node(layer, 'InstanceNormalization', [x(layer), scale, bias], { epsilon: layer.number(1, 1e-3) })
}

const scale: Make = (layer) => {
  const { weights, builder, name } = layer
  const count = layer.whole(0, 0)
  const isValue = count === unstated
  const hasBias = layer.whole(1, 0) !== 0
  if (isValue && (layer.inputs.length < 2 || hasBias)) throw layer.refuse('needs a second input and no bias')
  const by = isValue
    ? layer.inputs[1]!
    : builder.constant(weights.plain([count, 1, 1], name), `${name}.scale`)
  if (!hasBias) return node(layer, 'Mul', [x(layer), by])
  const product = builder.add('Mul', [x(layer), by])
  return node(layer, 'Add', [product, builder.constant(weights.plain([count, 1, 1], name), `${name}.bias`)])
}

const pooling: Make = (layer) => {
  const isMax = layer.whole(0, 0) === 0
  if (layer.whole(4, 0) !== 0) {
    node(layer, isMax ? 'GlobalMaxPool' : 'GlobalAveragePool', [x(layer)])
    return { isFlat: true }
  }
  if (layer.whole(7, 0) !== 0) throw layer.refuse('pools to a size that is stated')
  const mode = layer.whole(5, 0)
  const [left, right] = [layer.whole(3, 0), layer.whole(14, layer.whole(3, 0))]
  const top = layer.whole(13, left)
  const pads: Readonly<Record<string, Attribute>> =
    mode === 2
      ? { auto_pad: 'SAME_UPPER' }
      : mode === 3
        ? { auto_pad: 'SAME_LOWER' }
        : { pads: [top, left, layer.whole(15, top), right], ceil_mode: mode === 0 ? 1 : 0 }
  return node(layer, isMax ? 'MaxPool' : 'AveragePool', [x(layer)], {
    kernel_shape: both(layer, 1, 11, 0),
    strides: both(layer, 2, 12, 1),
    ...pads,
    ...(!isMax && { count_include_pad: layer.whole(6, 0) }),
  })
}

const binaryOperators = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sub', 'Div', 'Pow']
/** From here on the inputs change places. */
const firstReversed = 7

const binary: Make = (layer) => {
  const type = layer.whole(0, 0)
  const operator = binaryOperators[type]
  const isScalar = layer.whole(1, 0) !== 0
  const second = isScalar ? layer.builder.floats(layer.number(2, 0)) : layer.inputs[1]
  if (operator === undefined || second === undefined)
    throw layer.refuse(`is of a kind that is not supported, ${type}`)
  return node(layer, operator, type >= firstReversed ? [second, x(layer)] : [x(layer), second])
}

const eltwise: Make = (layer) => {
  const operator = ['Mul', 'Sum', 'Max'][layer.whole(0, 0)]
  if (operator === undefined) throw layer.refuse('is of an unsupported kind')
  const factors = operator === 'Sum' ? layer.numbers(1) : []
  const parts = layer.inputs.map((one, i) => {
    const by = factors[i] ?? 1
    return by === 1 ? one : layer.builder.add('Mul', [one, layer.builder.floats(by)])
  })
  if (parts.length === 1) return { same: parts[0]! }
  if (operator === 'Sum' && parts.length === 2) return node(layer, 'Add', parts)
  if (operator !== 'Mul') return node(layer, operator, parts)
  const before = parts.slice(0, -1).reduce((a, b) => layer.builder.add('Mul', [a, b]))
  return node(layer, 'Mul', [before, parts.at(-1)!])
}

const unaryOperators: Readonly<Record<number, string>> = {
  0: 'Abs',
  1: 'Neg',
  2: 'Floor',
  3: 'Ceil',
  5: 'Sqrt',
  7: 'Exp',
  8: 'Log',
  15: 'Reciprocal',
  16: 'Tanh',
}

const unaryOp: Make = (layer) => {
  const type = layer.whole(0, 0)
  if (type === 4) return node(layer, 'Mul', [x(layer), x(layer)])
  const operator = unaryOperators[type]
  if (operator === undefined) throw layer.refuse(`is of a kind that is not supported, ${type}`)
  return node(layer, operator, [x(layer)])
}

/** Axes are counted without that of the batch. */
const axisOf = (layer: Layer, axis: number): number => {
  if (!Number.isInteger(axis) || axis < -3 || axis > 2) throw layer.refuse(`has no axis ${axis}`)
  return axis < 0 ? axis + 4 : axis + 1
}

const crop: Make = (layer) => {
  const { builder } = layer
  const slice = (starts: string, ends: string, axes: readonly number[]) =>
    node(layer, 'Slice', [x(layer), starts, ends, builder.ints(axes)])
  const [from, to] = [layer.wholes(9), layer.wholes(10)]
  if (from.length > 0 && from.length === to.length) {
    const axes = layer.wholes(11)
    const chosen = axes.length > 0 ? axes : from.map((_, i) => i)
    return slice(
      builder.ints(from.map((n) => (n === unstated ? 0 : n))),
      builder.ints(to.map((n) => (n === unstated || n === 0 ? toTheEnd : n))),
      chosen.map((axis) => axisOf(layer, axis)),
    )
  }
  const offsets = [layer.whole(2, 0), layer.whole(1, 0), layer.whole(0, 0)]
  const like = layer.inputs[1]
  if (like !== undefined) {
    const size = builder.add('Slice', [builder.add('Shape', [like]), builder.ints([1]), builder.ints([4])])
    return slice(builder.ints(offsets), builder.add('Add', [size, builder.ints(offsets)]), [1, 2, 3])
  }
  const cut = [layer.whole(8, 0), layer.whole(7, 0), layer.whole(6, 0)]
  const sizes = [layer.whole(5, 0), layer.whole(4, 0), layer.whole(3, 0)]
  const ends = sizes.map((size, i) => (size > 0 ? offsets[i]! + size : cut[i]! === 0 ? toTheEnd : -cut[i]!))
  return slice(builder.ints(offsets), builder.ints(ends), [1, 2, 3])
}

const interp: Make = (layer) => {
  const { builder } = layer
  const mode = [undefined, 'nearest', 'linear', 'cubic'][layer.whole(0, 0)]
  if (mode === undefined) throw layer.refuse('enlarges in an unsupported way')
  const corners = layer.whole(6, 0) !== 0 && mode !== 'nearest'
  const attributes: Readonly<Record<string, Attribute>> = {
    mode,
    coordinate_transformation_mode: corners
      ? 'align_corners'
      : mode === 'nearest'
        ? 'asymmetric'
        : 'half_pixel',
    ...(mode === 'nearest' && { nearest_mode: 'floor' }),
    ...(mode === 'cubic' && { cubic_coeff_a: -0.75 }),
  }
  const like = layer.inputs[1]
  const [high, wide] = [layer.whole(3, 0), layer.whole(4, 0)]
  if (like === undefined && high === 0 && wide === 0) {
    const scales = builder.floats([1, 1, layer.number(1, 1), layer.number(2, 1)])
    return node(layer, 'Resize', [x(layer), '', scales], attributes)
  }
  const whole = builder.add('Shape', [x(layer)])
  const channels = builder.add('Slice', [whole, builder.ints([0]), builder.ints([2])])
  const size =
    like === undefined
      ? builder.ints([high, wide])
      : builder.add('Slice', [builder.add('Shape', [like]), builder.ints([2]), builder.ints([4])])
  const sizes = builder.add('Concat', [channels, size], { axis: 0 })
  return node(layer, 'Resize', [x(layer), '', '', sizes], attributes)
}

function pad(
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

const padding: Make = (layer) => {
  const mode = ['constant', 'edge', 'reflect'][layer.whole(4, 0)]
  if (mode === undefined || layer.whole(6, 0) !== 0) throw layer.refuse('pads in an unsupported way')
  const pads = [0, 2, 1, 3].map((key) => layer.whole(key, 0))
  const channels = [layer.whole(7, 0), layer.whole(8, 0)]
  return { same: pad(layer, x(layer), pads, mode, layer.number(5, 0), channels) }
}

const slice: Make = (layer) => {
  const sizes = layer.wholes(0)
  const axis = axisOf(layer, layer.whole(1, 0))
  if (layer.wholes(2).length > 0 || sizes.length !== layer.outputs.length)
    throw layer.refuse('splits at stated places')
  const isEven = sizes.every((size) => size === unstated)
  if (!isEven && sizes.some((size) => size < 0)) throw layer.refuse('splits into what is left')
  const parts = isEven ? [] : [layer.builder.ints(sizes)]
  return node(layer, 'Split', [x(layer), ...parts], { axis })
}

const reorg: Make = (layer) => {
  // the channels of a place next to each other, as in ONNX
  if (layer.whole(1, 0) !== 1) throw layer.refuse('puts places before channels')
  return node(layer, 'SpaceToDepth', [x(layer)], { blocksize: layer.whole(0, 1) })
}

/** A value of one number a channel keeps its shape in ours. */
const flattened: Make = (layer) => {
  if (!layer.isFlat(x(layer))) throw layer.refuse('reshapes a picture')
  return same(layer)
}

const selu = { alpha: 1.67326324, gamma: 1.050700987 }

/** Layers of ncnn by their type. */
export const layers: Readonly<Record<string, Make>> = {
  Split: same,
  Noop: same,
  Dropout: (layer) =>
    layer.number(0, 1) === 1
      ? same(layer)
      : node(layer, 'Mul', [x(layer), layer.builder.floats(layer.number(0, 1))]),
  Convolution: convolution(false),
  ConvolutionDepthWise: convolution(true),
  Deconvolution: deconvolution(false),
  DeconvolutionDepthWise: deconvolution(true),
  InnerProduct: innerProduct,
  PReLU: prelu,
  BatchNorm: batchNorm,
  InstanceNorm: instanceNorm,
  Scale: scale,
  Pooling: pooling,
  BinaryOp: binary,
  Eltwise: eltwise,
  UnaryOp: unaryOp,
  Concat: (layer) => node(layer, 'Concat', layer.inputs, { axis: axisOf(layer, layer.whole(0, 0)) }),
  Slice: slice,
  Crop: crop,
  Padding: padding,
  Interp: interp,
  PixelShuffle: (layer) =>
    node(layer, 'DepthToSpace', [x(layer)], {
      blocksize: layer.whole(0, 1),
      mode: layer.whole(1, 0) === 0 ? 'CRD' : 'DCR',
    }),
  Reorg: reorg,
  Flatten: flattened,
  Reshape: flattened,
  ReLU: (layer) =>
    layer.number(0, 0) === 0
      ? node(layer, 'Relu', [x(layer)])
      : node(layer, 'LeakyRelu', [x(layer)], { alpha: layer.number(0, 0) }),
  ELU: unary('Elu', (layer) => ({ alpha: layer.number(0, 0.1) })),
  SELU: unary('Selu', (layer) => ({
    alpha: layer.number(0, selu.alpha),
    gamma: layer.number(1, selu.gamma),
  })),
  Clip: (layer) => {
    const { builder } = layer
    const [low, high] = [layer.number(0, -most32), layer.number(1, most32)]
    return node(layer, 'Clip', [x(layer), builder.floats(low), builder.floats(high)])
  },
  Sigmoid: unary('Sigmoid'),
  TanH: unary('Tanh'),
  HardSigmoid: unary('HardSigmoid', (layer) => ({ alpha: layer.number(0, 0.2), beta: layer.number(1, 0.5) })),
  HardSwish: (layer) => {
    const alpha = layer.number(0, 0.2)
    const gate = layer.builder.add('HardSigmoid', [x(layer)], { alpha, beta: layer.number(1, 0.5) })
    return node(layer, 'Mul', [x(layer), gate])
  },
  Swish: (layer) => node(layer, 'Mul', [x(layer), layer.builder.add('Sigmoid', [x(layer)])]),
  Mish: (layer) => {
    const { builder } = layer
    return node(layer, 'Mul', [x(layer), builder.add('Tanh', [builder.add('Softplus', [x(layer)])])])
  },
  Softplus: unary('Softplus'),
  AbsVal: unary('Abs'),
  Softmax: (layer) => node(layer, 'Softmax', [x(layer)], { axis: axisOf(layer, layer.whole(0, 0)) }),
}

/** FLT_MAX */
const most32 = 3.4028234663852886e38
