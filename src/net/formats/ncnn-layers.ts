import { type Attributes, activations, type Layer, type Make, toTheEnd, unstated } from './ncnn-layer.ts'
import {
  batchNorm,
  convolution,
  deconvolution,
  groupNorm,
  innerProduct,
  instanceNorm,
  memoryData,
  prelu,
  scale,
} from './ncnn-weighted.ts'

/** A layer that does nothing. */
const same: Make = ({ x, isFlat }) => ({ same: x, isFlat })

/** A layer that applies one operator to its input. */
const unary =
  (operator: string, attributes?: (layer: Layer) => Attributes): Make =>
  (layer) =>
    layer.node(operator, [layer.x], attributes?.(layer))

/** A layer that is an activation with two parameters. */
const activation =
  (kind: keyof typeof activations, a = 0, b = 0): Make =>
  (layer) =>
    layer.node(...activations[kind](layer.builder, layer.x, layer.number(0, a), layer.number(1, b)))

/** Rows and columns of a value, as a list. */
const sizeOf = ({ builder }: Layer, value: string): string =>
  builder.add('Slice', [builder.add('Shape', [value]), builder.ints([2]), builder.ints([4])])

const pooling: Make = (layer) => {
  const isMax = layer.whole(0, 0) === 0
  if (layer.whole(4, 0) !== 0) {
    layer.node(isMax ? 'GlobalMaxPool' : 'GlobalAveragePool', [layer.x])
    return { isFlat: true }
  }
  if (layer.whole(7, 0) !== 0) throw layer.refuse('pools to a fixed size')
  const mode = layer.whole(5, 0)
  const [left, right] = [layer.whole(3, 0), layer.whole(14, layer.whole(3, 0))]
  const top = layer.whole(13, left)
  const pads: Attributes =
    mode === 2
      ? { auto_pad: 'SAME_UPPER' }
      : mode === 3
        ? { auto_pad: 'SAME_LOWER' }
        : { pads: [top, left, layer.whole(15, top), right], ceil_mode: mode === 0 ? 1 : 0 }
  return layer.node(isMax ? 'MaxPool' : 'AveragePool', [layer.x], {
    kernel_shape: layer.both(1, 11, 0),
    strides: layer.both(2, 12, 1),
    ...pads,
    ...(!isMax && { count_include_pad: layer.whole(6, 0) }),
  })
}

const binaryOperators = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sub', 'Div', 'Pow']
/** From this operation on, the inputs are swapped. */
const firstReversed = 7

const binary: Make = (layer) => {
  const type = layer.whole(0, 0)
  const operator = binaryOperators[type]
  const isScalar = layer.whole(1, 0) !== 0
  const second = isScalar ? layer.builder.floats(layer.number(2, 0)) : layer.inputs[1]
  if (operator === undefined || second === undefined) throw layer.refuse(`is of an unsupported kind, ${type}`)
  return layer.node(operator, type >= firstReversed ? [second, layer.x] : [layer.x, second])
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
  if (operator === 'Sum' && parts.length === 2) return layer.node('Add', parts)
  if (operator !== 'Mul') return layer.node(operator, parts)
  const before = parts.slice(0, -1).reduce((a, b) => layer.builder.add('Mul', [a, b]))
  return layer.node('Mul', [before, parts.at(-1)!])
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
  if (type === 4) return layer.node('Mul', [layer.x, layer.x])
  const operator = unaryOperators[type]
  if (operator === undefined) throw layer.refuse(`is of an unsupported kind, ${type}`)
  return layer.node(operator, [layer.x])
}

const crop: Make = (layer) => {
  const { builder } = layer
  const slice = (starts: string, ends: string, axes: readonly number[]) =>
    layer.node('Slice', [layer.x, starts, ends, builder.ints(axes)])
  const [from, to] = [layer.wholes(9), layer.wholes(10)]
  if (from.length > 0 && from.length === to.length) {
    const axes = layer.wholes(11)
    const chosen = axes.length > 0 ? axes : from.map((_, i) => i)
    return slice(
      builder.ints(from.map((n) => (n === unstated ? 0 : n))),
      builder.ints(to.map((n) => (n === unstated || n === 0 ? toTheEnd : n))),
      chosen.map((axis) => layer.axis(axis)),
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
  const attributes: Attributes = {
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
    return layer.node('Resize', [layer.x, '', scales], attributes)
  }
  const whole = builder.add('Shape', [layer.x])
  const channels = builder.add('Slice', [whole, builder.ints([0]), builder.ints([2])])
  const size = like === undefined ? builder.ints([high, wide]) : sizeOf(layer, like)
  const sizes = builder.add('Concat', [channels, size], { axis: 0 })
  return layer.node('Resize', [layer.x, '', '', sizes], attributes)
}

const padding: Make = (layer) => {
  const mode = ['constant', 'edge', 'reflect'][layer.whole(4, 0)]
  if (mode === undefined || layer.whole(6, 0) !== 0) throw layer.refuse('pads in an unsupported way')
  const pads = [0, 2, 1, 3].map((key) => layer.whole(key, 0))
  const channels = [layer.whole(7, 0), layer.whole(8, 0)]
  return { same: layer.pad(pads, mode, layer.number(5, 0), channels) }
}

/** Splits an axis at given places, or into parts of given sizes; those that are left open share the rest evenly. */
const slice: Make = (layer) => {
  const { builder, outputs } = layer
  const [sizes, places] = [layer.wholes(0), layer.wholes(2)]
  const axis = layer.axis(layer.whole(1, 0))
  const isBy = places.length > 0
  if ((isBy ? places.length + 1 : sizes.length) !== outputs.length)
    throw layer.refuse('splits into other parts than it lists')
  const open = isBy ? -1 : sizes.indexOf(unstated)
  if (sizes.some((size, i) => (open >= 0 && i >= open ? size !== unstated : size < 0)))
    throw layer.refuse('splits off parts of unknown size before others')
  if (!isBy && open <= 0) {
    const parts = open === 0 ? [] : [builder.ints(sizes)]
    return layer.node('Split', [layer.x, ...parts], { axis })
  }
  const sums = sizes
    .slice(0, Math.max(open, 0))
    .map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0))
  const bounds = [0, ...(isBy ? places : sums), toTheEnd]
  const cut = (i: number, out?: string) =>
    builder.add(
      'Slice',
      [layer.x, ...[[bounds[i]!], [bounds[i + 1]!], [axis]].map((list) => builder.ints(list))],
      {},
      out === undefined ? {} : { name: layer.name, outputs: [out] },
    )
  const rest = isBy ? [] : outputs.slice(open)
  const isLast = rest.length <= 1
  outputs.slice(0, isLast ? undefined : open).forEach((out, i) => void cut(i, out))
  if (!isLast) builder.add('Split', [cut(open)], { axis }, { outputs: rest })
  return { isFlat: layer.isFlat }
}

/** The orders of axes of Permute, as [N,C,H,W]. */
const orders = ['0,1,2,3', '0,1,3,2', '0,2,1,3', '0,2,3,1', '0,3,1,2', '0,3,2,1']

const permute: Make = (layer) => {
  const order = orders[layer.whole(0, 0)]
  if (order === undefined || layer.isFlat) throw layer.refuse('orders axes in an unsupported way')
  return layer.node('Transpose', [layer.x], { perm: order.split(',').map(Number) })
}

/** By number. */
const reductions = 'Sum L1 SumSquare Mean Max Min Prod L1 L2 LogSum LogSumExp'.split(' ')

/** Without their size, only rows and columns together can be reduced: what is left is one number for each channel. */
const reduction: Make = (layer) => {
  const { builder } = layer
  const operator = reductions[layer.whole(0, 0)]
  const all = layer.whole(1, 1) !== 0
  const axes = all ? [1, 2, 3] : layer.wholes(3).map((axis) => layer.axis(axis))
  if (operator === undefined) throw layer.refuse('is of an unsupported kind')
  if (!all && layer.whole(5, 0) === 0) throw layer.refuse('counts its axes as old versions of ncnn did')
  const isFlat = axes.includes(2) && axes.includes(3)
  if (!isFlat && layer.whole(4, 0) === 0) throw layer.refuse('makes fewer axes than a picture has')
  const [by, list] = [layer.number(2, 1), builder.ints(axes)]
  if (by === 1) return { ...layer.node(`Reduce${operator}`, [layer.x, list]), isFlat }
  const made = builder.add(`Reduce${operator}`, [layer.x, list])
  return { ...layer.node('Mul', [made, builder.floats(by)]), isFlat }
}

const reorg: Make = (layer) => {
  // the channels of a position are adjacent, as in ONNX
  if (layer.whole(1, 0) !== 1) throw layer.refuse('orders rows and columns before channels')
  return layer.node('SpaceToDepth', [layer.x], { blocksize: layer.whole(0, 1) })
}

/** Interleaves the channels of groups, or undoes that. */
const shuffleChannel: Make = (layer) => {
  const { builder } = layer
  const shape = builder.add('Shape', [layer.x])
  const groups = layer.whole(0, 1)
  const parts = layer.whole(1, 0) === 0 ? [1, groups, -1] : [1, -1, groups]
  const split = builder.add('Concat', [builder.ints(parts), sizeOf(layer, layer.x)], { axis: 0 })
  const apart = builder.add('Reshape', [layer.x, split])
  const turned = builder.add('Transpose', [apart], { perm: [0, 2, 1, 3, 4] })
  return layer.node('Reshape', [turned, shape])
}

/** A flattened value keeps its shape if it is one number for each channel. */
const flattened: Make = (layer) => {
  if (!layer.isFlat) throw layer.refuse('reshapes a picture')
  return same(layer)
}

/** FLT_MAX */
const most32 = 3.4028234663852886e38
const selu = { alpha: 1.67326324, gamma: 1.050700987 }

/** The layers of ncnn, by type. */
export const layers: Readonly<Record<string, Make>> = {
  Split: same,
  Noop: same,
  Dropout: (layer) =>
    layer.number(0, 1) === 1
      ? same(layer)
      : layer.node('Mul', [layer.x, layer.builder.floats(layer.number(0, 1))]),
  Convolution: convolution(false),
  ConvolutionDepthWise: convolution(true),
  Deconvolution: deconvolution(false),
  DeconvolutionDepthWise: deconvolution(true),
  InnerProduct: innerProduct,
  PReLU: prelu,
  BatchNorm: batchNorm,
  InstanceNorm: instanceNorm,
  GroupNorm: groupNorm,
  MemoryData: memoryData,
  Scale: scale,
  Pooling: pooling,
  BinaryOp: binary,
  Eltwise: eltwise,
  UnaryOp: unaryOp,
  Concat: (layer) => layer.node('Concat', layer.inputs, { axis: layer.axis(layer.whole(0, 0)) }),
  Slice: slice,
  Permute: permute,
  Reduction: reduction,
  Crop: crop,
  Padding: padding,
  Interp: interp,
  PixelShuffle: unary('DepthToSpace', (layer) => ({
    blocksize: layer.whole(0, 1),
    mode: layer.whole(1, 0) === 0 ? 'CRD' : 'DCR',
  })),
  Reorg: reorg,
  Flatten: flattened,
  Reshape: flattened,
  ReLU: (layer) => activation(layer.number(0, 0) === 0 ? 'relu' : 'leaky')(layer),
  ELU: unary('Elu', (layer) => ({ alpha: layer.number(0, 0.1) })),
  SELU: unary('Selu', (layer) => ({
    alpha: layer.number(0, selu.alpha),
    gamma: layer.number(1, selu.gamma),
  })),
  Clip: activation('clip', -most32, most32),
  Sigmoid: activation('sigmoid'),
  TanH: unary('Tanh'),
  HardSigmoid: unary('HardSigmoid', (layer) => ({ alpha: layer.number(0, 0.2), beta: layer.number(1, 0.5) })),
  HardSwish: activation('hardSwish', 0.2, 0.5),
  Swish: (layer) => layer.node('Mul', [layer.x, layer.builder.add('Sigmoid', [layer.x])]),
  Mish: activation('mish'),
  GELU: unary('Gelu', (layer) => ({ approximate: layer.whole(0, 0) === 0 ? 'none' : 'tanh' })),
  ShuffleChannel: shuffleChannel,
  Softplus: unary('Softplus'),
  AbsVal: unary('Abs'),
  Softmax: unary('Softmax', (layer) => ({ axis: layer.axis(layer.whole(0, 0)) })),
}
