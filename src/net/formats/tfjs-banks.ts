import type { Attribute } from '../network.ts'
import { codeOf } from './numbers.ts'
import type { Held, Op } from './tfjs-op.ts'

type Attributes = Readonly<Record<string, Attribute>>

function windows(op: Op): Attributes {
  const mode = op.word('padding', 'VALID')
  const strides = { strides: op.pair('strides') }
  if (mode === 'SAME') return { ...strides, auto_pad: 'SAME_UPPER' }
  if (mode === 'VALID') return { ...strides, pads: [0, 0, 0, 0] }
  const [rows, columns] = op.isFirst ? [4, 6] : [2, 4]
  const pads = op.list('explicit_paddings')
  if (mode !== 'EXPLICIT' || pads.length !== 8) throw op.refuse(`has an unsupported padding, ${mode}`)
  return { ...strides, pads: [rows, columns, rows + 1, columns + 1].map((i) => pads[i]!) }
}

/** What is fused into an operator: a bias first, then an activation. */
function withFused(op: Op, make: (bias: string[]) => Held): Held {
  const [before, ...rest] = op.words('fused_ops')
  const hasBias = before === 'BiasAdd'
  const acts = hasBias || before === undefined ? rest : [before, ...rest]
  const made = make(hasBias ? [op.builder.constant(op.constant(2, 'the bias'), op.held(2).name)] : [])
  return acts.reduce((held, act): Held => {
    const own = op.on([held, op.held(-1)])
    const on = (operator: string, more: readonly string[] = [], attributes?: Attributes) =>
      own.each((x) => op.add(operator, [x, ...more], attributes))
    if (act === 'Relu6') return on('Clip', [op.builder.floats(0), op.builder.floats(6)])
    if (act === 'LeakyRelu') return on('LeakyRelu', [], { alpha: op.number('leakyrelu_alpha', 0.2) })
    if (act === 'Prelu') return prelu(own)
    if (!['Relu', 'Elu', 'Sigmoid', 'Tanh'].includes(act)) throw op.refuse(`is fused with ${act}`)
    return on(act)
  }, made)
}

/** A convolution with weights in the order of ONNX, of a picture or of one taken apart into blocks. */
function bank(op: Op, weight: string, kernel: readonly number[], group: number): Held {
  const { builder } = op
  const held = op.held(0)
  const { apart } = held
  if (apart === undefined) {
    const dilations = op.pair('dilations')
    const attributes = { kernel_shape: kernel, dilations, group, ...windows(op) }
    return withFused(op, (bias) => op.pictures(op.add('Conv', [op.first(0), weight, ...bias], attributes)))
  }
  if (op.word('padding', 'VALID') !== 'VALID' || op.pair('strides').some((n) => n !== 1))
    throw op.refuse('reads blocks of a picture with a padding or a stride')
  const from = op.on([apart.from]).first(0)
  // blocks that a convolution made are padded already
  const padded =
    held.first === undefined ? builder.add('Pad', [from, apart.pads, '', builder.ints([2, 3])]) : from
  const attributes = { kernel_shape: kernel, dilations: apart.block, group, pads: [0, 0, 0, 0] }
  const made = withFused(op, (bias) => ({ first: op.add('Conv', [padded, weight, ...bias], attributes) }))
  return { ...made, apart: { ...apart, from: made } }
}

/** Conv2D, with weights [y][x][in][out]. */
export function conv(op: Op, groups = 1): Held {
  const { shape } = op.constant(1, 'its weights')
  return bank(op, op.turned(1, 'its weights', [3, 2, 0, 1]), shape.slice(0, 2), groups)
}

/** DepthwiseConv2D, with weights [y][x][in][times]. */
export function depthwise(op: Op): Held {
  const [high = 1, wide = 1, taken = 1, times = 1] = op.constant(1, 'its weights').shape
  const weight = op.turned(1, 'its weights', [2, 3, 0, 1], [taken * times, 1, high, wide])
  return bank(op, weight, [high, wide], taken)
}

/** Conv2DBackpropInput: the size of its output, weights, and the input. */
export function transposedConv(op: Op): Held {
  const { builder } = op
  const kernel = op.constant(1, 'its weights').shape.slice(0, 2)
  const weight = op.turned(1, 'its weights', [3, 2, 0, 1])
  const isSame = op.word('padding', 'VALID') === 'SAME'
  const attributes = { kernel_shape: kernel, strides: op.pair('strides') }
  const x = op.first(2)
  const sizes = op.held(0).constant
  if (sizes !== undefined) {
    const [, b = 0, c = 0, d = 0] = sizes.data
    const size = op.isFirst ? [c, d] : [b, c]
    const auto = isSame ? { auto_pad: 'SAME_UPPER' } : {}
    return op.pictures(op.add('ConvTranspose', [x, weight], { ...attributes, ...auto, output_shape: size }))
  }
  const whole = builder.add('ConvTranspose', [x, weight], attributes, { name: op.name })
  const at = op.isFirst ? 2 : 1
  const [zero, two] = [builder.ints([0]), builder.ints([2])]
  const inside = (x: string, from: number) =>
    builder.add('Slice', [x, builder.ints([from]), builder.ints([from + 2])])
  const lost = builder.add('Sub', [
    inside(builder.add('Shape', [whole]), 2),
    inside(builder.add('Cast', [op.last(0)], { to: codeOf('int64', 'onnx') }), at),
  ])
  const most = builder.add('Max', [lost, zero])
  const before = isSame ? builder.add('Div', [most, two]) : builder.add('Mul', [most, zero])
  const after = builder.add('Sub', [lost, before])
  const pads = builder.add('Neg', [builder.add('Concat', [before, after], { axis: 0 })])
  return op.pictures(op.add('Pad', [whole, pads, '', builder.ints([2, 3])]))
}

/** SpaceToBatchND: how TensorFlow writes a dilated convolution, together with BatchToSpaceND after it. */
export function blocksTaken(op: Op): Held {
  const block = op.listAt(1, 'the size of its blocks')
  if (block.length !== 2) throw op.refuse('takes other axes than rows and columns apart')
  return { apart: { from: op.held(0), block, pads: op.pads(op.last(2)) } }
}

/** BatchToSpaceND. */
export function blocksJoined(op: Op): Held {
  const { apart, first: made } = op.held(0)
  const block = op.listAt(1, 'the size of its blocks')
  if (apart === undefined || made === undefined || String(apart.block) !== String(block))
    throw op.refuse('does not follow a convolution after SpaceToBatchND')
  const { builder } = op
  const crops = builder.add('Neg', [op.pads(op.last(2))])
  return { first: op.add('Pad', [made, crops, '', builder.ints([2, 3])]) }
}

/** MaxPool or AvgPool. */
export const pool =
  (operator: string) =>
  (op: Op): Held =>
    op.pictures(op.add(operator, [op.first(0)], { kernel_shape: op.pair('ksize'), ...windows(op) }))

/** A bias for each channel. */
export function biasAdd(op: Op): Held {
  const held = op.held(0)
  if (held.apart === undefined && (op.isFirst || held.first !== undefined))
    return op.pictures(op.add('Add', [op.first(0), op.channels(1, 'bias')]))
  return { last: op.add('Add', [op.last(0), op.last(1)]) }
}

/** PReLU with one slope for each channel, or for each position in it. */
export function prelu(op: Op): Held {
  const held = op.held(1)
  const { shape } = op.constant(1, 'the slope')
  const own = shape.filter((n, i) => i > 0 || n !== 1 || shape.length < 4)
  const dense = op.on([{ ...held, constant: { ...held.constant!, shape: own } }])
  const alpha = own.length === 3 ? dense.turned(0, 'the slope', [2, 0, 1]) : op.channels(1, 'slope')
  return { first: op.add('PRelu', [op.first(0), alpha]) }
}

/** Batch norm with the statistics from training. */
export function batchNorm(op: Op): Held {
  const parts = [1, 2, 3, 4].map((i) => op.last(i))
  const epsilon = op.number('epsilon', 1e-4)
  return op.pictures(op.add('BatchNormalization', [op.first(0), ...parts], { epsilon }))
}

/** A product of matrices with a bias and an activation. */
export const fusedMatMul =
  (matMul: (op: Op) => Held | readonly Held[]) =>
  (op: Op): Held =>
    withFused(op, (bias) => {
      const made = op.on([matMul(op.on(op.inputs.slice(0, 2))) as Held]).last(0)
      return { last: bias.length === 0 ? made : op.builder.add('Add', [made, ...bias]) }
    })
