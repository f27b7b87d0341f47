import type { Attribute, Constant } from '../network.ts'
import { codeOf } from './numbers.ts'
import {
  add,
  attributeOf,
  channels,
  constantAt,
  each,
  first,
  type Held,
  heldAt,
  isFirst,
  last,
  lastOf,
  listAt,
  type Op,
  padsOf,
  pictures,
  turned,
  wordAt,
  wordsAt,
} from './tfjs-op.ts'

type Attributes = Readonly<Record<string, Attribute>>

/** The entries for rows and columns of an attribute with one for each axis. */
function pairAt(op: Op, name: string): [number, number] {
  const [a = 1, b = a, c = b, d = c] = listAt(op, name)
  return isFirst(op) ? [c, d] : [b, c]
}

function windows(op: Op): Attributes {
  const mode = wordAt(op, 'padding', 'VALID')
  const strides = { strides: pairAt(op, 'strides') }
  if (mode === 'SAME') return { ...strides, auto_pad: 'SAME_UPPER' }
  if (mode === 'VALID') return { ...strides, pads: [0, 0, 0, 0] }
  const [rows, columns] = isFirst(op) ? [4, 6] : [2, 4]
  const pads = listAt(op, 'explicit_paddings')
  if (mode !== 'EXPLICIT' || pads.length !== 8) throw op.refuse(`has an unsupported padding, ${mode}`)
  return { ...strides, pads: [rows, columns, rows + 1, columns + 1].map((i) => pads[i]!) }
}

/** What is fused into an operator: a bias first, then an activation. */
function withFused(op: Op, make: (bias: string[]) => Held): Held {
  const [before, ...rest] = wordsAt(op, 'fused_ops')
  const hasBias = before === 'BiasAdd'
  const acts = hasBias || before === undefined ? rest : [before, ...rest]
  const made = make(hasBias ? [op.builder.constant(constantAt(op, 2, 'the bias'), `${op.name}.bias`)] : [])
  return acts.reduce((held, act): Held => {
    const on = (operator: string, more: readonly string[] = [], attributes?: Attributes) =>
      each({ ...op, inputs: [held] }, (x) => add(op, operator, [x, ...more], attributes))
    if (act === 'Relu6') return on('Clip', [op.builder.floats(0), op.builder.floats(6)])
    if (act === 'LeakyRelu') return on('LeakyRelu', [], { alpha: attributeOf(op, 'leakyrelu_alpha', 0.2) })
    if (act === 'Prelu') return prelu({ ...op, inputs: [held, heldAt(op, -1)] })
    if (!['Relu', 'Elu', 'Sigmoid', 'Tanh'].includes(act)) throw op.refuse(`is fused with ${act}`)
    return on(act)
  }, made)
}

/** A convolution with weights in the order of ONNX, of a picture or of one taken apart into blocks. */
function bank(op: Op, weight: string, kernel: readonly number[], group: number): Held {
  const { builder } = op
  const held = heldAt(op, 0)
  const { apart } = held
  if (apart === undefined) {
    const dilations = pairAt(op, 'dilations')
    const attributes = { kernel_shape: kernel, dilations, group, ...windows(op) }
    return withFused(op, (bias) => pictures(op, add(op, 'Conv', [first(op, 0), weight, ...bias], attributes)))
  }
  if (wordAt(op, 'padding', 'VALID') !== 'VALID' || pairAt(op, 'strides').some((n) => n !== 1))
    throw op.refuse('reads blocks of a picture with a padding or a stride')
  const from = first({ ...op, inputs: [apart.from] }, 0)
  // blocks that a convolution made are padded already
  const padded =
    held.first === undefined ? builder.add('Pad', [from, apart.pads, '', builder.ints([2, 3])]) : from
  const attributes = { kernel_shape: kernel, dilations: apart.block, group, pads: [0, 0, 0, 0] }
  const made = withFused(op, (bias) => ({ first: add(op, 'Conv', [padded, weight, ...bias], attributes) }))
  return { ...made, apart: { ...apart, from: made } }
}

/** Conv2D, with weights [y][x][in][out]. */
export function conv(op: Op): Held {
  const kernel = constantAt(op, 1, 'its weights')
  const [high = 1, wide = 1] = kernel.shape
  const weight = turned(op, kernel, [3, 2, 0, 1])
  return bank(op, weight, [high, wide], 1)
}

/** DepthwiseConv2D, with weights [y][x][in][times]. */
export function depthwise(op: Op): Held {
  const kernel = constantAt(op, 1, 'its weights')
  const [high = 1, wide = 1, taken = 1, times = 1] = kernel.shape
  return bank(op, turned(op, kernel, [2, 3, 0, 1], [taken * times, 1, high, wide]), [high, wide], taken)
}

/** Conv2DBackpropInput: the size of its output, weights, and the input. */
export function transposedConv(op: Op): Held {
  const { builder } = op
  const kernel = constantAt(op, 1, 'its weights')
  const kernelShape = kernel.shape.slice(0, 2)
  const weight = turned(op, kernel, [3, 2, 0, 1])
  const strides = pairAt(op, 'strides')
  const isSame = wordAt(op, 'padding', 'VALID') === 'SAME'
  const sizes = builder.constants.get(heldAt(op, 0).last ?? '')
  const attributes = { kernel_shape: kernelShape, strides }
  const x = first(op, 2)
  if (sizes !== undefined) {
    const [, b = 0, c = 0, d = 0] = sizes.data
    const size = isFirst(op) ? [c, d] : [b, c]
    const auto = isSame ? { auto_pad: 'SAME_UPPER' } : {}
    return pictures(op, add(op, 'ConvTranspose', [x, weight], { ...attributes, ...auto, output_shape: size }))
  }
  const whole = builder.add('ConvTranspose', [x, weight], attributes, { name: op.name })
  const at = isFirst(op) ? 2 : 1
  const [zero, two] = [builder.ints([0]), builder.ints([2])]
  const inside = (x: string, from: number) =>
    builder.add('Slice', [x, builder.ints([from]), builder.ints([from + 2])])
  const lost = builder.add('Sub', [
    inside(builder.add('Shape', [whole]), 2),
    inside(builder.add('Cast', [last(op, 0)], { to: codeOf('int64', 'onnx') }), at),
  ])
  const most = builder.add('Max', [lost, zero])
  const before = isSame ? builder.add('Div', [most, two]) : builder.add('Mul', [most, zero])
  const after = builder.add('Sub', [lost, before])
  const pads = builder.add('Neg', [builder.add('Concat', [before, after], { axis: 0 })])
  return pictures(op, add(op, 'Pad', [whole, pads, '', builder.ints([2, 3])]))
}

/** SpaceToBatchND: how TensorFlow writes a dilated convolution, together with BatchToSpaceND after it. */
export function blocksTaken(op: Op): Held {
  const block = Array.from(constantAt(op, 1, 'the size of its blocks').data)
  if (block.length !== 2) throw op.refuse('takes other axes than rows and columns apart')
  return { apart: { from: heldAt(op, 0), block, pads: padsOf(op, last(op, 2)) } }
}

/** BatchToSpaceND. */
export function blocksJoined(op: Op): Held {
  const { apart, first: made } = heldAt(op, 0)
  const block = Array.from(constantAt(op, 1, 'the size of its blocks').data)
  if (apart === undefined || made === undefined || String(apart.block) !== String(block))
    throw op.refuse('does not follow a convolution after SpaceToBatchND')
  const { builder } = op
  const crops = builder.add('Neg', [padsOf(op, last(op, 2))])
  return { first: add(op, 'Pad', [made, crops, '', builder.ints([2, 3])]) }
}

/** MaxPool or AvgPool. */
export const pool =
  (operator: string) =>
  (op: Op): Held =>
    pictures(op, add(op, operator, [first(op, 0)], { kernel_shape: pairAt(op, 'ksize'), ...windows(op) }))

/** A bias for each channel. */
export function biasAdd(op: Op): Held {
  const held = heldAt(op, 0)
  if (held.apart === undefined && (isFirst(op) || held.first !== undefined))
    return pictures(op, add(op, 'Add', [first(op, 0), channels(op, 1, 'bias')]))
  return { last: add(op, 'Add', [last(op, 0), last(op, 1)]) }
}

/** PReLU with one slope for each channel, or for each position in it. */
export function prelu(op: Op): Held {
  const slope = constantAt(op, 1, 'the slope')
  const shape = slope.shape.filter((n, i) => i > 0 || n !== 1 || slope.shape.length < 4)
  const dense: Constant = { ...slope, shape }
  const alpha = shape.length === 3 ? turned(op, dense, [2, 0, 1]) : channels(op, 1, 'slope')
  return { first: add(op, 'PRelu', [first(op, 0), alpha]) }
}

/** Batch norm with the statistics from training. */
export function batchNorm(op: Op): Held {
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => last(op, i)) as [
    string,
    string,
    string,
    string,
  ]
  const epsilon = attributeOf(op, 'epsilon', 1e-4)
  return pictures(
    op,
    add(op, 'BatchNormalization', [first(op, 0), scale, offset, mean, variance], { epsilon }),
  )
}

/** A product of matrices with a bias and an activation. */
export const fusedMatMul =
  (matMul: (op: Op) => Held | readonly Held[]) =>
  (op: Op): Held =>
    withFused(op, (bias) => {
      const made = lastOf(op.builder, matMul({ ...op, inputs: op.inputs.slice(0, 2) }) as Held)
      return { last: bias.length === 0 ? made : op.builder.add('Add', [made, ...bias]) }
    })
