import type { ConvoError } from '../../error.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import type { Builder } from '../builder.ts'
import type { Attribute, Constant } from '../network.ts'
import { quoted } from './format.ts'
import { floatsOf } from './numbers.ts'
import { batchNorm, conv, depthwise, pool, prelu } from './tfjs-banks.ts'
import { type Held, Op } from './tfjs-op.ts'
import type { Weight } from './tfjs-weights.ts'

type Attributes = Readonly<Record<string, Attribute>>

/** The settings of a Keras layer. */
export type Config = Readonly<Record<string, unknown>>

/** A Keras layer. Pictures are [N,C,H,W] here and [N,H,W,C] there, so axes and weights are reordered. */
export class Layer {
  constructor(
    readonly name: string,
    readonly config: Config,
    readonly inputs: readonly string[],
    /** Whether its inputs are one number for each channel. */
    readonly isFlat: boolean,
    readonly builder: Builder,
    readonly find: (part: string) => Weight | undefined,
    readonly refuse: (why: string) => ConvoError,
  ) {}

  /** The first input. */
  get x(): string {
    return this.inputs[0]!
  }

  /** Adds a node named after its layer, whose first input is that of the layer. */
  node(operator: string, more: readonly string[] = [], attributes?: Attributes): string {
    return this.builder.add(operator, [this.x, ...more], attributes, { name: this.name })
  }

  /** A setting that is a number. */
  number(key: string, otherwise: number): number {
    const value = this.config[key]
    return typeof value === 'number' ? value : otherwise
  }

  /** A setting of two integers, rows first. A single integer is used for both. */
  pair(key: string, otherwise: number): [number, number] {
    const value = this.config[key] ?? otherwise
    const [high, wide = high] = Array.isArray(value) ? value : [value]
    if (!Number.isSafeInteger(high) || !Number.isSafeInteger(wide))
      throw this.refuse(`has ${key} that are not whole numbers`)
    return [high, wide]
  }

  /** Converts an axis to the order [N,C,H,W]. */
  axis(axis: unknown): number {
    const ours = axis === undefined ? 1 : [0, 2, 3, 1].at(typeof axis === 'number' ? axis : 0)
    if (ours === undefined || ours === 0) throw this.refuse(`has an unsupported axis, ${describe(axis)}`)
    return ours
  }

  /** A weight by its short name, such as `kernel`. @throws ConvoError E_NET_OPERATOR if it is missing or has another rank */
  weight(part: string, rank: number): Constant {
    const found = this.find(part)
    if (found === undefined) throw this.refuse(`has no weights called ${quoted(part)}`)
    if (found.shape.length === rank && sizeOf(found.shape) > 0) return found.read()
    throw this.refuse(`has a ${part} of ${describe(found.shape)}, where ${rank} sizes are needed`)
  }

  /** A weight as the input of an operator. */
  held(part: string, rank: number, name = part): Held & { readonly constant: Constant } {
    return { constant: this.weight(part, rank), name: `${this.name}.${name}` }
  }

  /** The bias, if the layer has one. */
  bias(): Held[] {
    return this.config.use_bias === false || this.find('bias') === undefined ? [] : [this.held('bias', 1)]
  }

  /** The layer as an operator of a graph on its input and others. The third, if there is one, is a bias for banks. */
  op(others: readonly Held[], attributes: object = {}, x = this.x): Op {
    const fused = { fused_ops: others.length > 1 ? ['BiasAdd'] : [], ...attributes }
    return new Op(this.name, [{ first: x }, ...others], fused, this.builder, this.refuse)
  }

  /** The layer as an operator over windows. */
  windows(others: readonly Held[], strides: readonly number[], more: object = {}, x = this.x): Op {
    const { padding = 'valid' } = this.config
    if (padding !== 'valid' && padding !== 'same')
      throw this.refuse(`has an unsupported padding, ${describe(padding)}`)
    return this.op(others, { padding: padding.toUpperCase(), strides: [1, ...strides, 1], ...more }, x)
  }

  /** The layer as a convolution, with the bias of the layer or without. */
  bank(kernel: Held, bias: readonly Held[] = this.bias(), x = this.x): Op {
    const dilations = [1, ...this.pair('dilation_rate', 1), 1]
    return this.windows([kernel, ...bias], this.pair('strides', 1), { dilations }, x)
  }
}

/** The output of a layer: a value, and whether that is one number for each channel. */
type Result = { readonly value: string; readonly isFlat: boolean }
/** Adds the nodes of a layer. */
export type Make = (layer: Layer) => Result

/** A layer that makes one number for each channel of one number for each channel. */
const alike =
  (make: (layer: Layer) => string): Make =>
  (layer) => ({ value: make(layer), isFlat: layer.isFlat })

/** A layer that moves over pictures, whose channels must come last. */
const spatial =
  (make: (layer: Layer) => string): Make =>
  (layer) => {
    if ((layer.config.data_format ?? 'channels_last') !== 'channels_last')
      throw layer.refuse('has its channels first')
    return { value: make(layer), isFlat: false }
  }

/** A layer that applies one operator to its input. */
const simple = (operator: string, attributes?: (layer: Layer) => Attributes): Make =>
  alike((layer) => layer.node(operator, [], attributes?.(layer)))

const same = alike(({ x }) => x)

/** A value that is one number for each channel stays as it is. */
const reshape: Make = (layer) => {
  if (!layer.isFlat) throw layer.refuse('reshapes a picture')
  return same(layer)
}

type Activate = (builder: Builder, value: string) => string

const activation =
  (operator: string, attributes?: Attributes): Activate =>
  (builder, value) =>
    builder.add(operator, [value], attributes)

const hardSigmoid = activation('HardSigmoid', { alpha: 0.2, beta: 0.5 })
const silu: Activate = (builder, value) => builder.add('Mul', [value, builder.add('Sigmoid', [value])])

/** Activations by their names in Keras, old and new. */
const activations: Readonly<Record<string, Activate>> = {
  linear: (_, value) => value,
  relu: activation('Relu'),
  relu6: (builder, value) => builder.add('Clip', [value, builder.floats(0), builder.floats(6)]),
  sigmoid: activation('Sigmoid'),
  hard_sigmoid: hardSigmoid,
  hardSigmoid,
  tanh: activation('Tanh'),
  elu: activation('Elu', { alpha: 1 }),
  selu: activation('Selu', { alpha: 1.6732632423543772, gamma: 1.0507009873554805 }),
  softplus: activation('Softplus'),
  softsign: activation('Softsign'),
  softmax: activation('Softmax', { axis: 1 }),
  exponential: activation('Exp'),
  swish: silu,
  silu,
  mish: (builder, value) =>
    builder.add('Mul', [value, builder.add('Tanh', [builder.add('Softplus', [value])])]),
  gelu(builder, value) {
    const erf = builder.add('Erf', [builder.add('Mul', [value, builder.floats(Math.SQRT1_2)])])
    const half = builder.add('Mul', [value, builder.floats(0.5)])
    return builder.add('Mul', [half, builder.add('Add', [erf, builder.floats(1)])])
  },
}

/** Adds the activation of a layer. */
function activated(layer: Layer, value: string): string {
  const held = layer.config.activation ?? 'linear'
  const activate =
    typeof held === 'string' && Object.hasOwn(activations, held) ? activations[held] : undefined
  if (activate === undefined) throw layer.refuse(`has an unsupported activation, ${describe(held)}`)
  return activate(layer.builder, value)
}

const conv2d = spatial((layer) =>
  activated(layer, conv(layer.bank(layer.held('kernel', 4)), layer.number('groups', 1)).first!),
)

const depthwiseConv2d = spatial((layer) =>
  activated(layer, depthwise(layer.bank(layer.held('depthwise_kernel', 4, 'kernel'))).first!),
)

/** Each channel on its own, then all at each place. */
const separableConv2d = spatial((layer) => {
  const inner = depthwise(layer.bank(layer.held('depthwise_kernel', 4, 'depthwise'), [])).first!
  const point = layer.op([layer.held('pointwise_kernel', 4, 'pointwise'), ...layer.bias()], {}, inner)
  return activated(layer, conv(point).first!)
})

/** Conv2DTranspose, with weights [y][x][out][in]. With `same`, the output is larger by exactly the stride. */
const transpose = spatial((layer) => {
  const op = layer.bank(layer.held('kernel', 4))
  if (layer.config.output_padding != null) throw layer.refuse('sets its own output padding')
  const size = op.constant(1, 'its weights').shape.slice(0, 2)
  const [strides, isSame] = [op.pair('strides'), layer.config.padding === 'same']
  const weights = [op.turned(1, 'its weights', [3, 2, 0, 1]), ...op.on(op.inputs.slice(2)).all()]
  const extra = size.map((n, i) => (isSame ? Math.max(0, n - strides[i]!) : 0))
  const before = extra.map((sum) => Math.floor(sum / 2))
  const value = layer.node('ConvTranspose', weights, {
    kernel_shape: size,
    strides,
    dilations: op.pair('dilations'),
    pads: [...before, ...extra.map((sum, i) => sum - before[i]!)],
    output_padding: size.map((n, i) => Math.max(0, strides[i]! - n)),
  })
  return activated(layer, value)
})

/** A weighted sum of the channels at each position. */
const dense = alike((layer) => {
  const held = layer.held('kernel', 2)
  const kernel = { ...held, constant: { ...held.constant, shape: [1, 1, ...held.constant.shape] } }
  return activated(layer, conv(layer.op([kernel, ...layer.bias()])).first!)
})

const batchNormalization = alike((layer) => {
  const [axis] = [layer.config.axis].flat()
  if (layer.axis(axis) !== 1) throw layer.refuse('has an axis other than the channel axis')
  const mean = layer.held('moving_mean', 1, 'mean')
  const { shape } = mean.constant
  const part = (key: string, otherwise: number): Held =>
    layer.find(key) !== undefined
      ? layer.held(key, 1)
      : {
          constant: floatsOf(shape, new Float32Array(sizeOf(shape)).fill(otherwise)),
          name: `${layer.name}.${key}`,
        }
  const variance = layer.held('moving_variance', 1, 'variance')
  const parts = [part('gamma', 1), part('beta', 0), mean, variance]
  return batchNorm(layer.op(parts, { epsilon: layer.number('epsilon', 1e-3) })).first!
})

const relu = alike((layer) => {
  const { builder } = layer
  if (layer.number('negative_slope', 0) !== 0 || layer.number('threshold', 0) !== 0)
    throw layer.refuse('has a slope or a threshold')
  const most = layer.config.max_value
  return typeof most === 'number'
    ? layer.node('Clip', [builder.floats(0), builder.floats(most)])
    : layer.node('Relu')
})

const pooling = (operator: string): Make =>
  spatial((layer) => {
    const size = layer.pair('pool_size', 2)
    const strides = layer.config.strides == null ? size : layer.pair('strides', 2)
    return pool(operator)(layer.windows([], strides, { ksize: [1, ...size, 1] })).first!
  })

/** Combines several values element by element. One number for each channel applies to all positions. */
const merged = ({ inputs: [first = '', ...rest], name, builder }: Layer, operator: string): string =>
  rest.reduce((value, one) => builder.add(operator, [value, one], {}, { name }), first)

const merge = (operator: string): Make => alike((layer) => merged(layer, operator))

const average = alike((layer) =>
  layer.builder.add('Mul', [merged(layer, 'Add'), layer.builder.floats(1 / layer.inputs.length)]),
)

const upsample = spatial((layer) => {
  const mode = layer.config.interpolation ?? 'nearest'
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw layer.refuse(`enlarges in an unsupported way, ${describe(mode)}`)
  const scales = layer.builder.floats([1, 1, ...layer.pair('size', 2)])
  // TensorFlow.js aligns samples by their corners in both modes
  return layer.node('Resize', ['', scales], {
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: 'asymmetric',
    ...(mode === 'nearest' && { nearest_mode: 'floor' }),
  })
})

/** `[[top, bottom], [left, right]]`, `[rows, columns]` or one number. */
function sides(layer: Layer, key: string): [top: number, left: number, bottom: number, right: number] {
  const value = layer.config[key] ?? 1
  const axes: unknown[] = Array.isArray(value) ? value : [value, value]
  const [rows, columns] = axes.map((one) => (Array.isArray(one) ? one : [one, one]))
  const all = [rows?.[0], columns?.[0], rows?.[1], columns?.[1]]
  if (!all.every((n) => Number.isSafeInteger(n) && n >= 0)) throw layer.refuse(`has an unsupported ${key}`)
  return all as [number, number, number, number]
}

const zeroPadding = spatial((layer) => {
  const [top, left, bottom, right] = sides(layer, 'padding')
  const pads = layer.builder.ints([0, 0, top, left, 0, 0, bottom, right])
  return layer.node('Pad', [pads, layer.builder.floats(0)])
})

const cropping = spatial((layer) => {
  const [top, left, bottom, right] = sides(layer, 'cropping')
  const end = (n: number) => (n === 0 ? 2 ** 31 - 1 : -n)
  return layer.node(
    'Slice',
    [
      [top, left],
      [end(bottom), end(right)],
      [2, 3],
    ].map(layer.builder.ints),
  )
})

const rescaling = alike((layer) => {
  const { builder } = layer
  const product = layer.node('Mul', [builder.floats(layer.number('scale', 1))])
  const offset = layer.number('offset', 0)
  return offset === 0 ? product : builder.add('Add', [product, builder.floats(offset)])
})

const globally =
  (operator: string): Make =>
  (layer) => ({ value: layer.node(operator), isFlat: true })

/** `tf.depthToSpace`, under the names that super-resolution networks in npm packages use. */
const shuffle = (by?: number): Make =>
  spatial((layer) =>
    layer.node('DepthToSpace', [], { blocksize: by ?? layer.number('scale', 2), mode: 'DCR' }),
  )

/** The layers of Keras, by class. */
export const kerasLayers: Readonly<Record<string, Make>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Conv2DTranspose: transpose,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Activation: alike((layer) => activated(layer, layer.x)),
  ReLU: relu,
  LeakyReLU: simple('LeakyRelu', (layer) => ({
    alpha: layer.number('alpha', layer.number('negative_slope', 0.3)),
  })),
  PReLU: alike((layer) => prelu(layer.op([layer.held('alpha', 3)])).first!),
  ELU: simple('Elu', (layer) => ({ alpha: layer.number('alpha', 1) })),
  Softmax: simple('Softmax', (layer) => ({ axis: layer.axis(layer.config.axis) })),
  Add: merge('Add'),
  Subtract: merge('Sub'),
  Multiply: merge('Mul'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Average: average,
  Concatenate: alike((layer) => {
    const axis = layer.axis(layer.config.axis ?? -1)
    return layer.builder.add('Concat', layer.inputs, { axis }, { name: layer.name })
  }),
  UpSampling2D: upsample,
  MaxPooling2D: pooling('MaxPool'),
  AveragePooling2D: pooling('AveragePool'),
  GlobalAveragePooling2D: globally('GlobalAveragePool'),
  GlobalMaxPooling2D: globally('GlobalMaxPool'),
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  Rescaling: rescaling,
  Flatten: reshape,
  Reshape: reshape,
  Dropout: same,
  SpatialDropout2D: same,
  GaussianNoise: same,
  GaussianDropout: same,
  PixelShuffle: shuffle(),
  PixelShuffle2x: shuffle(2),
  PixelShuffle3x: shuffle(3),
  PixelShuffle4x: shuffle(4),
  PixelShuffle8x: shuffle(8),
  MultiplyBeta: alike((layer) => layer.node('Mul', [layer.builder.floats(0.2)])),
}
