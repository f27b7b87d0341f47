import type { ConvoError } from '../../error.ts'
import { type Builder, transposed } from '../builder.ts'
import type { Attribute, Constant } from '../network.ts'
import { constant, countOf } from './numbers.ts'

/** Settings of a layer as Keras writes them. */
export type Config = Readonly<Record<string, unknown>>

/** A layer of Keras. Pictures are [N,C,H,W] here, and [N,H,W,C] there: axes and weights are put into our order. */
export type Layer = {
  readonly name: string
  readonly config: Config
  readonly inputs: readonly string[]
  /** Whether a value is one number for each channel. */
  readonly isFlat: (value: string) => boolean
  readonly builder: Builder
  /** A weight by its short name. @throws ConvoError E_NET_OPERATOR where it is missing or of another rank */
  readonly weight: (part: string, rank: number) => Constant
  readonly hasWeight: (part: string) => boolean
  readonly refuse: (why: string) => ConvoError
}

type Result = { readonly value: string; readonly isFlat?: boolean }
type Make = (layer: Layer) => Result
type Attributes = Readonly<Record<string, Attribute>>

const x = ({ inputs }: Layer): string => inputs[0]!

/** A node named after its layer. */
const node = (
  { builder, name }: Layer,
  operator: string,
  inputs: readonly string[],
  attributes?: Attributes,
) => builder.add(operator, inputs, attributes, { name })

const same: Make = (layer) => ({ value: x(layer), isFlat: layer.isFlat(x(layer)) })

const simple =
  (operator: string, attributes?: (layer: Layer) => Attributes): Make =>
  (layer) => ({
    value: node(layer, operator, [x(layer)], attributes?.(layer)),
    isFlat: layer.isFlat(x(layer)),
  })

function numberOf({ config }: Layer, key: string, otherwise: number): number {
  const value = config[key]
  return typeof value === 'number' ? value : otherwise
}

/** Two whole numbers, rows first; one represents both. */
function pairOf(layer: Layer, key: string, otherwise: number): [number, number] {
  const value = layer.config[key] ?? otherwise
  const [high, wide = high] = Array.isArray(value) ? value : [value]
  if (!Number.isSafeInteger(high) || !Number.isSafeInteger(wide))
    throw layer.refuse(`has ${key} that are no whole numbers`)
  return [high, wide]
}

/** The axis of a picture in our order. */
function axisOf(layer: Layer, axis: unknown): number {
  const ours = axis === undefined ? 1 : [0, 2, 3, 1].at(axis as number)
  if (ours === undefined || ours === 0)
    throw layer.refuse(`has an axis that is not supported, ${String(axis)}`)
  return ours
}

function checkLast(layer: Layer): void {
  if ((layer.config.data_format ?? 'channels_last') !== 'channels_last')
    throw layer.refuse('has its channels first')
}

type Activate = (builder: Builder, value: string, layer: Layer) => string

const op =
  (operator: string, attributes?: Attributes): Activate =>
  (builder, value) =>
    builder.add(operator, [value], attributes)

/** Activations by the names of Keras; those of the older and newer spelling. */
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

/** The activation that a layer has behind it. */
function activated(layer: Layer, value: string): string {
  const { config, builder } = layer
  const held = config.activation ?? 'linear'
  const name = typeof held === 'string' && Object.hasOwn(activations, held) ? held : undefined
  if (name === undefined)
    throw layer.refuse(`has an activation that is not supported, ${JSON.stringify(held)}`)
  return activations[name]!(builder, value, layer)
}

/** Padding `valid`, or `same` as TensorFlow means it: the odd one at the bottom and right. */
function padding(
  layer: Layer,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Attributes {
  const mode = layer.config.padding ?? 'valid'
  if (mode === 'valid') return { pads: [0, 0, 0, 0] }
  if (mode !== 'same') throw layer.refuse(`has a padding that is not supported, ${JSON.stringify(mode)}`)
  // with steps, it depends on the size of the picture
  if (strides.some((step) => step !== 1)) return { auto_pad: 'SAME_UPPER' }
  const all = kernel.map((size, i) => (size - 1) * dilations[i]!)
  const before = all.map((sum) => Math.floor(sum / 2))
  return { pads: [...before, ...all.map((sum, i) => sum - before[i]!)] }
}

function bias(layer: Layer): string[] {
  if (layer.config.use_bias === false || !layer.hasWeight('bias')) return []
  return [layer.builder.constant(layer.weight('bias', 1), `${layer.name}.bias`)]
}

/** [y][x][in][out] as [out][in][y][x]. */
const oihw = (kernel: Constant): Constant => transposed(kernel, [3, 2, 0, 1])

/** [y][x][in][times] as [in · times][1][y][x]. */
function depthwiseKernel(kernel: Constant): Constant {
  const turned = transposed(kernel, [2, 3, 0, 1])
  const [into = 1, times = 1, high = 1, wide = 1] = turned.shape
  return { ...turned, shape: [into * times, 1, high, wide] }
}

function convolve(
  layer: Layer,
  from: string,
  kernel: Constant,
  groups: number,
  more: readonly string[],
  name: string,
): string {
  const size = kernel.shape.slice(2)
  const strides = pairOf(layer, 'strides', 1)
  const dilations = pairOf(layer, 'dilation_rate', 1)
  return node(layer, 'Conv', [from, layer.builder.constant(kernel, `${layer.name}.${name}`), ...more], {
    kernel_shape: size,
    strides,
    dilations,
    group: groups,
    ...padding(layer, size, strides, dilations),
  })
}

const conv2d: Make = (layer) => {
  checkLast(layer)
  const kernel = oihw(layer.weight('kernel', 4))
  return {
    value: activated(
      layer,
      convolve(layer, x(layer), kernel, numberOf(layer, 'groups', 1), bias(layer), 'kernel'),
    ),
  }
}

const depthwise: Make = (layer) => {
  checkLast(layer)
  const kernel = layer.weight('depthwise_kernel', 4)
  const value = convolve(layer, x(layer), depthwiseKernel(kernel), kernel.shape[2]!, bias(layer), 'kernel')
  return { value: activated(layer, value) }
}

const separable: Make = (layer) => {
  checkLast(layer)
  const kernel = layer.weight('depthwise_kernel', 4)
  const inner = convolve(layer, x(layer), depthwiseKernel(kernel), kernel.shape[2]!, [], 'depthwise')
  const point = layer.builder.constant(oihw(layer.weight('pointwise_kernel', 4)), `${layer.name}.pointwise`)
  return {
    value: activated(layer, node(layer, 'Conv', [inner, point, ...bias(layer)], { kernel_shape: [1, 1] })),
  }
}

/** [y][x][out][in] as [in][out][y][x]; `same` makes the output as many times larger as the stride says. */
const transpose: Make = (layer) => {
  checkLast(layer)
  const kernel = transposed(layer.weight('kernel', 4), [3, 2, 0, 1])
  const size = kernel.shape.slice(2)
  const strides = pairOf(layer, 'strides', 1)
  if (layer.config.output_padding != null) throw layer.refuse('has an output padding of its own')
  const isSame = layer.config.padding === 'same'
  const extra = size.map((n, i) => (isSame ? Math.max(0, n - strides[i]!) : 0))
  const before = extra.map((sum) => Math.floor(sum / 2))
  const value = node(
    layer,
    'ConvTranspose',
    [x(layer), layer.builder.constant(kernel, `${layer.name}.kernel`), ...bias(layer)],
    {
      kernel_shape: size,
      strides,
      dilations: pairOf(layer, 'dilation_rate', 1),
      pads: [...before, ...extra.map((sum, i) => sum - before[i]!)],
      output_padding: size.map((n, i) => Math.max(0, strides[i]! - n)),
    },
  )
  return { value: activated(layer, value) }
}

/** A weighted sum of the channels at each place. */
const dense: Make = (layer) => {
  const kernel = transposed(layer.weight('kernel', 2), [1, 0])
  const weights = layer.builder.constant(
    { ...kernel, shape: [...kernel.shape, 1, 1] },
    `${layer.name}.kernel`,
  )
  const value = node(layer, 'Conv', [x(layer), weights, ...bias(layer)], { kernel_shape: [1, 1] })
  return { value: activated(layer, value), isFlat: layer.isFlat(x(layer)) }
}

const batchNorm: Make = (layer) => {
  const { config, builder, name } = layer
  const axis = Array.isArray(config.axis) ? config.axis[0] : config.axis
  if (axisOf(layer, axis) !== 1) throw layer.refuse('has an axis that is not that of the channels')
  const mean = layer.weight('moving_mean', 1)
  const part = (key: string, otherwise: number) =>
    layer.hasWeight(key)
      ? layer.weight(key, 1)
      : constant('float32', mean.shape, new Float32Array(countOf(mean.shape)).fill(otherwise))
  const parts = [part('gamma', 1), part('beta', 0), mean, layer.weight('moving_variance', 1)]
  const names = parts.map((one, i) =>
    builder.constant(one, `${name}.${['gamma', 'beta', 'mean', 'variance'][i]}`),
  )
  const value = node(layer, 'BatchNormalization', [x(layer), ...names], {
    epsilon: numberOf(layer, 'epsilon', 1e-3),
  })
  return { value, isFlat: layer.isFlat(x(layer)) }
}

const prelu: Make = (layer) => {
  const alpha = layer.weight('alpha', 3)
  const turned = transposed(alpha, [2, 0, 1])
  return { value: node(layer, 'PRelu', [x(layer), layer.builder.constant(turned, `${layer.name}.alpha`)]) }
}

const relu: Make = (layer) => {
  const { config, builder } = layer
  if (numberOf(layer, 'negative_slope', 0) !== 0 || numberOf(layer, 'threshold', 0) !== 0)
    throw layer.refuse('has a slope or a threshold')
  const most = config.max_value
  if (typeof most !== 'number') return { value: node(layer, 'Relu', [x(layer)]) }
  return { value: node(layer, 'Clip', [x(layer), builder.floats(0), builder.floats(most)]) }
}

const pool =
  (operator: string): Make =>
  (layer) => {
    checkLast(layer)
    const size = pairOf(layer, 'pool_size', 2)
    const strides = layer.config.strides == null ? size : pairOf(layer, 'strides', 2)
    const pads = padding(layer, size, strides, [1, 1])
    return { value: node(layer, operator, [x(layer)], { kernel_shape: size, strides, ...pads }) }
  }

/** Several values at each place; a single number a channel counts for all places. */
const merge =
  (operator: string): Make =>
  (layer) => {
    const [first = '', ...rest] = layer.inputs
    return {
      value: rest.reduce((value, one) => node(layer, operator, [value, one]), first),
      isFlat: layer.inputs.every(layer.isFlat),
    }
  }

const average: Make = (layer) => {
  const { value } = merge('Add')(layer)
  return { value: layer.builder.add('Mul', [value, layer.builder.floats(1 / layer.inputs.length)]) }
}

const upsample: Make = (layer) => {
  checkLast(layer)
  const mode = layer.config.interpolation ?? 'nearest'
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw layer.refuse(`enlarges in a way that is not supported, ${JSON.stringify(mode)}`)
  const scales = layer.builder.floats([1, 1, ...pairOf(layer, 'size', 2)])
  // TensorFlow.js takes samples from their corners in both modes
  const value = node(layer, 'Resize', [x(layer), '', scales], {
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: 'asymmetric',
    ...(mode === 'nearest' && { nearest_mode: 'floor' }),
  })
  return { value }
}

/** `[[top, bottom], [left, right]]`, `[rows, columns]` or one number. */
function sides(layer: Layer, key: string): [top: number, left: number, bottom: number, right: number] {
  const value = layer.config[key] ?? 1
  const axes: unknown[] = Array.isArray(value) ? value : [value, value]
  const [rows, columns] = axes.map((one) => (Array.isArray(one) ? one : [one, one]))
  const all = [rows?.[0], columns?.[0], rows?.[1], columns?.[1]]
  if (!all.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw layer.refuse(`has a ${key} that is not read`)
  return all as [number, number, number, number]
}

const zeroPadding: Make = (layer) => {
  checkLast(layer)
  const [top, left, bottom, right] = sides(layer, 'padding')
  const { builder } = layer
  return {
    value: node(layer, 'Pad', [
      x(layer),
      builder.ints([0, 0, top, left, 0, 0, bottom, right]),
      builder.floats(0),
    ]),
  }
}

const cropping: Make = (layer) => {
  checkLast(layer)
  const [top, left, bottom, right] = sides(layer, 'cropping')
  const { builder } = layer
  const end = (n: number) => (n === 0 ? 2 ** 31 - 1 : -n)
  return {
    value: node(layer, 'Slice', [
      x(layer),
      builder.ints([top, left]),
      builder.ints([end(bottom), end(right)]),
      builder.ints([2, 3]),
    ]),
  }
}

const rescaling: Make = (layer) => {
  const { builder } = layer
  const product = node(layer, 'Mul', [x(layer), builder.floats(numberOf(layer, 'scale', 1))])
  const offset = numberOf(layer, 'offset', 0)
  return { value: offset === 0 ? product : builder.add('Add', [product, builder.floats(offset)]) }
}

/** What is one number a channel stays as it is. */
const reshape: Make = (layer) => {
  if (!layer.isFlat(x(layer))) throw layer.refuse('reshapes a picture')
  return same(layer)
}

/** `tf.depthToSpace`, as layers of super-resolution networks in npm packages are called. */
const shuffle =
  (by: number): Make =>
  (layer) => ({ value: node(layer, 'DepthToSpace', [x(layer)], { blocksize: by, mode: 'DCR' }) })

/** Layers of Keras by their class. */
export const kerasLayers: Readonly<Record<string, Make>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Conv2DTranspose: transpose,
  Dense: dense,
  BatchNormalization: batchNorm,
  Activation: (layer) => ({ value: activated(layer, x(layer)), isFlat: layer.isFlat(x(layer)) }),
  ReLU: relu,
  LeakyReLU: simple('LeakyRelu', (layer) => ({
    alpha: numberOf(layer, 'alpha', numberOf(layer, 'negative_slope', 0.3)),
  })),
  PReLU: prelu,
  ELU: simple('Elu', (layer) => ({ alpha: numberOf(layer, 'alpha', 1) })),
  Softmax: (layer) => ({
    value: node(layer, 'Softmax', [x(layer)], { axis: axisOf(layer, layer.config.axis) }),
  }),
  Add: merge('Add'),
  Subtract: merge('Sub'),
  Multiply: merge('Mul'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Average: average,
  Concatenate: (layer) => ({
    value: node(layer, 'Concat', layer.inputs, { axis: axisOf(layer, layer.config.axis ?? -1) }),
    isFlat: layer.inputs.every(layer.isFlat),
  }),
  UpSampling2D: upsample,
  MaxPooling2D: pool('MaxPool'),
  AveragePooling2D: pool('AveragePool'),
  GlobalAveragePooling2D: (layer) => ({ value: node(layer, 'GlobalAveragePool', [x(layer)]), isFlat: true }),
  GlobalMaxPooling2D: (layer) => ({ value: node(layer, 'GlobalMaxPool', [x(layer)]), isFlat: true }),
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  Rescaling: rescaling,
  Flatten: reshape,
  Reshape: reshape,
  Dropout: same,
  SpatialDropout2D: same,
  GaussianNoise: same,
  GaussianDropout: same,
  PixelShuffle2x: shuffle(2),
  PixelShuffle3x: shuffle(3),
  PixelShuffle4x: shuffle(4),
  PixelShuffle8x: shuffle(8),
  MultiplyBeta: (layer) => ({ value: node(layer, 'Mul', [x(layer), layer.builder.floats(0.2)]) }),
}
