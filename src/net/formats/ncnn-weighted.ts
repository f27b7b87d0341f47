import type { Constant } from '../network.ts'
import { type Attributes, type Layer, type Make, unstated } from './ncnn-layer.ts'
import { floatsOf, transposedConstant } from './numbers.ts'

/** Reads weights, stored as [out][in/groups][y][x], and their bias. */
function kernelOf(layer: Layer, groups: number): { weight: Constant; bias: Constant | undefined } {
  const { weights, name } = layer
  const out = layer.whole(0, 0)
  const [high, wide] = layer.both(1, 11, 0)
  if (layer.whole(19, 0) !== 0 || layer.whole(28, 0) !== 0)
    throw layer.refuse('takes its weights from another layer')
  if (layer.whole(8, 0) !== 0) throw layer.refuse('has weights of 8 bits')
  const taken = (layer.whole(6, 0) / (out * high * wide)) * 1
  if (!Number.isInteger(taken) || !Number.isInteger(out / groups))
    throw layer.refuse('has a number of weights that does not fit its sizes')
  const weight = weights.tagged([out, taken, high, wide], name)
  return { weight, bias: layer.whole(5, 0) === 0 ? undefined : weights.plain([out], name) }
}

/** Convolution, grouped or over all channels. */
export const convolution =
  (isGrouped: boolean): Make =>
  (layer) => {
    const groups = isGrouped ? layer.whole(7, 1) : 1
    const { weight, bias } = kernelOf(layer, groups)
    const strides = layer.both(3, 13, 1)
    const pads = layer.paddings()
    const value = layer.number(18, 0)
    const padded = pads.pads as number[] | undefined
    const isOdd = value !== 0 && (padded === undefined || padded.some((n) => n > 0))
    if (isOdd && padded === undefined) throw layer.refuse('pads to the same size with a value other than 0')
    const from = isOdd ? layer.pad(padded!, 'constant', value) : layer.x
    return layer.activated('Conv', [from, ...constants(layer, weight, bias)], {
      kernel_shape: weight.shape.slice(2),
      strides,
      dilations: layer.both(2, 12, 1),
      group: groups,
      ...(isOdd ? { pads: [0, 0, 0, 0] } : pads),
    })
  }

function constants({ builder, name }: Layer, weight: Constant, bias: Constant | undefined): string[] {
  const weights = [builder.constant(weight, `${name}.weight`)]
  return bias === undefined ? weights : [...weights, builder.constant(bias, `${name}.bias`)]
}

/** Transposed convolution. ncnn orders weights as [out][in] within a group, ONNX as [in][out/groups] over all groups. */
export const deconvolution =
  (isGrouped: boolean): Make =>
  (layer) => {
    const groups = isGrouped ? layer.whole(7, 1) : 1
    const { weight, bias } = kernelOf(layer, groups)
    const [out = 1, taken = 1, high = 1, wide = 1] = weight.shape
    const parts = { ...weight, shape: [groups, out / groups, taken, high, wide] }
    const turned = transposedConstant(parts, [0, 2, 1, 3, 4])
    const kernel = { ...turned, shape: [groups * taken, out / groups, high, wide] }
    const pads = layer.paddings()
    const right = layer.whole(18, 0)
    if (pads.pads === undefined || layer.whole(20, 0) !== 0) throw layer.refuse('crops to a fixed size')
    return layer.activated('ConvTranspose', [layer.x, ...constants(layer, kernel, bias)], {
      kernel_shape: [high, wide],
      strides: layer.both(3, 13, 1),
      dilations: layer.both(2, 12, 1),
      group: groups,
      output_padding: [layer.whole(19, right), right],
      ...pads,
    })
  }

/** A fully connected layer. On a value that is one number for each channel it is a 1x1 convolution. */
export const innerProduct: Make = (layer) => {
  const { weights, name, builder } = layer
  const out = layer.whole(0, 0)
  const taken = layer.whole(2, 0) / out
  if (!Number.isInteger(taken)) throw layer.refuse('has a number of weights that does not fit its sizes')
  if (layer.whole(8, 0) !== 0) throw layer.refuse('has weights of 8 bits')
  const isFlat = layer.isFlat
  const weight = weights.tagged(isFlat ? [out, taken, 1, 1] : [out, taken], name)
  const bias = layer.whole(1, 0) === 0 ? undefined : weights.plain([out], name)
  const from = isFlat ? layer.x : builder.add('Flatten', [layer.x], { axis: 1 })
  const all = [from, ...constants(layer, weight, bias)]
  const attributes: Attributes = isFlat ? { kernel_shape: [1, 1] } : { transB: 1 }
  layer.activated(isFlat ? 'Conv' : 'Gemm', all, attributes)
  return { isFlat }
}

/** PReLU with one slope for each channel. */
export const prelu: Make = (layer) => {
  const count = layer.whole(0, 0)
  const slope = layer.weights.plain([count, 1, 1], layer.name)
  return layer.node('PRelu', [layer.x, layer.builder.constant(slope, `${layer.name}.slope`)])
}

/** Batch norm in evaluation mode: with the statistics from training. */
export const batchNorm: Make = (layer) => {
  const { weights, builder, name } = layer
  const count = layer.whole(0, 0)
  const [slope, mean, variance, bias] = ['slope', 'mean', 'variance', 'bias'].map((part) =>
    builder.constant(weights.plain([count], name), `${name}.${part}`),
  ) as [string, string, string, string]
  return layer.node('BatchNormalization', [layer.x, slope, bias, mean, variance], {
    epsilon: layer.number(1, 0),
  })
}

/** Scale and bias of a norm; 1 and 0 if the layer has none. */
function affine({ weights, builder, name }: Layer, count: number, isAffine: boolean): string[] {
  const part = (otherwise: number) =>
    isAffine ? weights.plain([count], name) : floatsOf([count], new Float32Array(count).fill(otherwise))
  return [builder.constant(part(1), `${name}.scale`), builder.constant(part(0), `${name}.bias`)]
}

/** Instance norm, with scale and bias or without. */
export const instanceNorm: Make = (layer) =>
  layer.node(
    'InstanceNormalization',
    [layer.x, ...affine(layer, layer.whole(0, 0), layer.whole(2, 1) !== 0)],
    { epsilon: layer.number(1, 1e-3) },
  )

/** Group norm, with scale and bias or without. */
export const groupNorm: Make = (layer) =>
  layer.node('GroupNormalization', [layer.x, ...affine(layer, layer.whole(1, 0), layer.whole(3, 1) !== 0)], {
    num_groups: layer.whole(0, 1),
    epsilon: layer.number(2, 1e-3),
  })

/** Numbers of the file as a value: one for each channel, or planes. */
export const memoryData: Make = (layer) => {
  const { weights, builder, name } = layer
  const [wide, high, channels] = [0, 1, 2].map((key) => layer.whole(key, 0)) as [number, number, number]
  const isFlat = high === 0 && channels === 0
  if (wide <= 0 || (!isFlat && (high <= 0 || channels <= 0)) || layer.whole(11, 0) !== 0)
    throw layer.refuse('is neither one number for each channel nor planes')
  const shape = isFlat ? [1, wide, 1, 1] : [1, channels, high, wide]
  const isTagged = layer.whole(21, 1) === 0
  const value = isTagged ? weights.tagged(shape, name) : weights.plain(shape, name)
  return { same: builder.constant(value, name), isFlat }
}

/** Multiplies channels by weights, or by the output of another layer. */
export const scale: Make = (layer) => {
  const { weights, builder, name } = layer
  const count = layer.whole(0, 0)
  const isValue = count === unstated
  const hasBias = layer.whole(1, 0) !== 0
  if (isValue && (layer.inputs.length < 2 || hasBias)) throw layer.refuse('needs a second input and no bias')
  const by = isValue
    ? layer.inputs[1]!
    : builder.constant(weights.plain([count, 1, 1], name), `${name}.scale`)
  if (!hasBias) return layer.node('Mul', [layer.x, by])
  const product = builder.add('Mul', [layer.x, by])
  return layer.node('Add', [product, builder.constant(weights.plain([count, 1, 1], name), `${name}.bias`)])
}
