import { describe } from '../../text/describe.ts'
import {
  activated,
  axisOf,
  checkLast,
  type Layer,
  type Make,
  node,
  numberOf,
  padding,
  pairOf,
  same,
  simple,
  x,
} from './tfjs-layer.ts'
import { batchNorm, conv2d, dense, depthwise, prelu, separable, transpose } from './tfjs-weighted.ts'

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

/** Combines several values element by element. One number for each channel applies to all positions. */
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
    throw layer.refuse(`enlarges in an unsupported way, ${describe(mode)}`)
  const scales = layer.builder.floats([1, 1, ...pairOf(layer, 'size', 2)])
  // TensorFlow.js aligns samples by their corners in both modes
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
  if (!all.every((n) => Number.isSafeInteger(n) && n >= 0)) throw layer.refuse(`has an unsupported ${key}`)
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

/** A value that is one number for each channel stays as it is. */
const reshape: Make = (layer) => {
  if (!layer.isFlat(x(layer))) throw layer.refuse('reshapes a picture')
  return same(layer)
}

/** `tf.depthToSpace`, under the names that super-resolution networks in npm packages use. */
const shuffle =
  (by: number): Make =>
  (layer) => ({ value: node(layer, 'DepthToSpace', [x(layer)], { blocksize: by, mode: 'DCR' }) })

/** The layers of Keras, by class. */
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
  PixelShuffle: (layer) => shuffle(numberOf(layer, 'scale', 2))(layer),
  PixelShuffle2x: shuffle(2),
  PixelShuffle3x: shuffle(3),
  PixelShuffle4x: shuffle(4),
  PixelShuffle8x: shuffle(8),
  MultiplyBeta: (layer) => ({ value: node(layer, 'Mul', [x(layer), layer.builder.floats(0.2)]) }),
}
