import { sizeOf } from '../../tensor/tensor.ts'
import type { Constant } from '../network.ts'
import { constant, transposedConstant } from './numbers.ts'
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
  x,
} from './tfjs-layer.ts'

function bias(layer: Layer): string[] {
  if (layer.config.use_bias === false || !layer.hasWeight('bias')) return []
  return [layer.builder.constant(layer.weight('bias', 1), `${layer.name}.bias`)]
}

/** Reorders [y][x][in][out] to [out][in][y][x]. */
const oihw = (kernel: Constant): Constant => transposedConstant(kernel, [3, 2, 0, 1])

/** Reorders [y][x][in][times] to [in · times][1][y][x]. */
function depthwiseKernel(kernel: Constant): Constant {
  const turned = transposedConstant(kernel, [2, 3, 0, 1])
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

/** Conv2D. */
export const conv2d: Make = (layer) => {
  checkLast(layer)
  const kernel = oihw(layer.weight('kernel', 4))
  return {
    value: activated(
      layer,
      convolve(layer, x(layer), kernel, numberOf(layer, 'groups', 1), bias(layer), 'kernel'),
    ),
  }
}

/** DepthwiseConv2D: each channel on its own. */
export const depthwise: Make = (layer) => {
  checkLast(layer)
  const kernel = layer.weight('depthwise_kernel', 4)
  const value = convolve(layer, x(layer), depthwiseKernel(kernel), kernel.shape[2]!, bias(layer), 'kernel')
  return { value: activated(layer, value) }
}

/** SeparableConv2D: each channel on its own, then all at each place. */
export const separable: Make = (layer) => {
  checkLast(layer)
  const kernel = layer.weight('depthwise_kernel', 4)
  const inner = convolve(layer, x(layer), depthwiseKernel(kernel), kernel.shape[2]!, [], 'depthwise')
  const point = layer.builder.constant(oihw(layer.weight('pointwise_kernel', 4)), `${layer.name}.pointwise`)
  return {
    value: activated(layer, node(layer, 'Conv', [inner, point, ...bias(layer)], { kernel_shape: [1, 1] })),
  }
}

/** Conv2DTranspose, with weights [y][x][out][in]. With `same`, the output is larger by exactly the stride. */
export const transpose: Make = (layer) => {
  checkLast(layer)
  const kernel = transposedConstant(layer.weight('kernel', 4), [3, 2, 0, 1])
  const size = kernel.shape.slice(2)
  const strides = pairOf(layer, 'strides', 1)
  if (layer.config.output_padding != null) throw layer.refuse('sets its own output padding')
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

/** Dense: a weighted sum of the channels at each position. */
export const dense: Make = (layer) => {
  const kernel = transposedConstant(layer.weight('kernel', 2), [1, 0])
  const weights = layer.builder.constant(
    { ...kernel, shape: [...kernel.shape, 1, 1] },
    `${layer.name}.kernel`,
  )
  const value = node(layer, 'Conv', [x(layer), weights, ...bias(layer)], { kernel_shape: [1, 1] })
  return { value: activated(layer, value), isFlat: layer.isFlat(x(layer)) }
}

/** Batch norm in evaluation mode: with the statistics from training. */
export const batchNorm: Make = (layer) => {
  const { config, builder, name } = layer
  const axis = Array.isArray(config.axis) ? config.axis[0] : config.axis
  if (axisOf(layer, axis) !== 1) throw layer.refuse('has an axis other than the channel axis')
  const mean = layer.weight('moving_mean', 1)
  const part = (key: string, otherwise: number) =>
    layer.hasWeight(key)
      ? layer.weight(key, 1)
      : constant('float32', mean.shape, new Float32Array(sizeOf(mean.shape)).fill(otherwise))
  const parts = [part('gamma', 1), part('beta', 0), mean, layer.weight('moving_variance', 1)]
  const names = parts.map((one, i) =>
    builder.constant(one, `${name}.${['gamma', 'beta', 'mean', 'variance'][i]}`),
  )
  const value = node(layer, 'BatchNormalization', [x(layer), ...names], {
    epsilon: numberOf(layer, 'epsilon', 1e-3),
  })
  return { value, isFlat: layer.isFlat(x(layer)) }
}

/** PReLU with one slope for each channel, or for each position in it. */
export const prelu: Make = (layer) => {
  const alpha = layer.weight('alpha', 3)
  const turned = transposedConstant(alpha, [2, 0, 1])
  return { value: node(layer, 'PRelu', [x(layer), layer.builder.constant(turned, `${layer.name}.alpha`)]) }
}
