import { extent } from '../conv/geometry.ts'
import { correlationOf, transpositionOf } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import { checkLimit, limits } from '../limits.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { spreadShape } from './constants.ts'
import { constant, transposedConstant } from './formats/numbers.ts'
import type { Attribute, Constant } from './network.ts'
import { upTo } from './places.ts'
import { withShape } from './shapes.ts'
import { allOf, firstOf, type Lowering, type Turn } from './step.ts'
import {
  type Item,
  pictureValue,
  plain,
  planesOf,
  reshaped,
  shapeOf,
  transposed,
  type Value,
  wholeOf,
  withChannels,
} from './value.ts'

// Operators with weights, as banks of filters. A batch of pictures is stored as planes [N·C,H,W], one after another.

/** Returns the planes [N·C,H,W] of the first input, a batch, and N. @throws ConvoError E_NET_OPERATOR if the value is not [N,C,H,W] */
export async function batchOf(turn: Turn): Promise<{ readonly planes: Tensor; readonly pictures: number }> {
  const value = turn.value(0)
  const [pictures = 1, ...sizes] = shapeOf(value)
  if (sizes.length !== 3)
    throw turn.unsupported(`its input is [${shapeOf(value)}], but only pictures [N,C,H,W] are supported`)
  return { planes: (await plain(turn.engine, value)).planes, pictures }
}

/** Planes [N·C,H,W] as [N,C,H,W]. */
export function batchValue(planes: Tensor, pictures: number): Value {
  const [channels, height, width] = planes.shape as [number, number, number]
  return reshaped(pictureValue(planes), [pictures, channels / pictures, height, width])!
}

/** The entry to insert into each attribute for the row axis, which signals do not have. */
const fillings: Readonly<Record<string, number>> = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  output_shape: 1,
  output_padding: 0,
  pads: 0,
}

/** Extends an operator on pictures to signals [N,C,L] with weights [O,C,k], which it treats as pictures of one row. */
export const orOfRows =
  (lowering: Lowering): Lowering =>
  async (turn) => {
    const [item, ...rest] = turn.inputs
    if (item === undefined || shapeOf(item).length !== 3) return lowering(turn)
    const attributes = new Map([...turn.node.attributes].map(([name, value]) => [name, twice(name, value)]))
    const made = await allOf(lowering(turn.on([withRow(item), ...rest.map(weightsWithRow)], attributes)))
    return made.map((one) => (one.kind === 'value' ? { ...one, dims: one.dims.toSpliced(2, 1) } : one))
  }

function twice(name: string, value: Attribute): Attribute {
  const filling = Object.hasOwn(fillings, name) ? fillings[name]! : undefined
  if (filling === undefined || !Array.isArray(value)) return value
  return (value as number[]).flatMap((one) => [filling, one])
}

const withRow = (item: Item): Item =>
  item.kind === 'value'
    ? { ...item, dims: item.dims.toSpliced(2, 0, []) }
    : { ...item, constant: { ...item.constant, shape: item.constant.shape.toSpliced(2, 0, 1) } }

const weightsWithRow = (item: Item | undefined): Item | undefined =>
  item !== undefined && shapeOf(item).length === 3 ? withRow(item) : item

const floatsOf = ({ data }: Pick<Constant, 'data'>): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data)

/** Repeats numbers for every picture of a batch. */
const again = (data: Float32Array, pictures: number): Float32Array =>
  pictures === 1
    ? data
    : Float32Array.from({ length: data.length * pictures }, (_, i) => data[i % data.length]!)

/** The bias of the filters of all pictures, if there is one. @throws ConvoError E_SHAPE */
const biasOf = (turn: Turn, filters: number, pictures: number): Float32Array | undefined =>
  turn.inputs[2] === undefined
    ? undefined
    : again(floatsOf({ data: turn.numbers(2, 'the bias', filters / pictures) }), pictures)

type Pair = readonly [number, number]

const autoPads = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const

/** Splits a padding. The larger half comes first or last. */
const halved = (total: number, isFirst: boolean): Pair =>
  isFirst ? [Math.ceil(total / 2), Math.floor(total / 2)] : [Math.floor(total / 2), Math.ceil(total / 2)]

/** The padding before and after rows and columns, from `pads` or `auto_pad`. */
export function paddingOf(
  turn: Turn,
  input: readonly number[],
  kernel: Pair,
  stride: Pair,
  dilation: Pair,
): readonly [Pair, Pair] {
  const auto = turn.word('auto_pad', autoPads)
  const pads = turn.counts('pads', 4, 0) ?? [0, 0, 0, 0]
  const axis = (i: 0 | 1): Pair => {
    if (auto === 'NOTSET') return [pads[i]!, pads[i + 2]!]
    if (auto === 'VALID') return [0, 0]
    const reach = (Math.ceil(input[i]! / stride[i]) - 1) * stride[i] + extent(kernel[i], dilation[i])
    return halved(Math.max(reach - input[i]!, 0), auto === 'SAME_LOWER')
  }
  return [axis(0), axis(1)]
}

/** What a bank reads. For a batch, the groups are repeated for every picture. @throws ConvoError E_TOO_LARGE */
async function bankOf(turn: Turn) {
  const weight = turn.needed(1, 'the weights')
  const [filters = 1, ...rest] = weight.shape
  const [, high, wide] = rest
  if (rest.length !== 3)
    throw turn.unsupported(
      `weights of [${weight.shape}] are not supported`,
      'weights of rank 4, as pictures have them',
    )
  const { planes: x, pictures } = await batchOf(turn)
  checkLimit('modelWeights', weight.data.length * pictures, turn.name)
  return {
    x,
    pictures,
    weight: new Tensor([filters * pictures, ...rest], again(floatsOf(weight), pictures)),
    kernel: [high!, wide!] as const,
    stride: turn.pair('strides', 1),
    dilation: turn.pair('dilations', 1),
    groups: turn.groups() * pictures,
  }
}

const conv: Lowering = async (turn) => {
  const { x, pictures, weight, kernel, stride, dilation, groups } = await bankOf(turn)
  const padding = paddingOf(turn, x.shape.slice(1), kernel, stride, dilation)
  const c = turn.inNode(() => correlationOf(2, x, weight, { stride, dilation, padding, groups }))
  const bias = biasOf(turn, c.filters, pictures)
  return batchValue(await turn.engine.correlate(x, weight, bias, c), pictures)
}

const convTranspose: Lowering = async (turn) => {
  const { x, pictures, weight, kernel, stride, dilation, groups } = await bankOf(turn)
  const added = turn.pair('output_padding', 0)
  const target = turn.list('output_shape')?.slice(-2)
  const outputPadding = [...added]
  const auto = turn.word('auto_pad', autoPads)
  const given = turn.counts('pads', 4, 0) ?? [0, 0, 0, 0]
  // a size that is meant for the declared picture becomes a padding for others
  const [before] = target === undefined ? [] : (turn.declared?.inputs ?? [])
  const sizes = before === undefined ? x.shape.slice(1) : shapeOf(before).slice(-2)
  const padding = ([0, 1] as const).map((i): Pair => {
    const input = sizes[i]!
    const wanted = target?.[i] ?? (auto.startsWith('SAME') ? input * stride[i] : undefined)
    if (wanted === undefined) return auto === 'VALID' ? [0, 0] : [given[i]!, given[i + 2]!]
    const more = stride[i] * (input - 1) + added[i] + extent(kernel[i], dilation[i]) - wanted
    // an output size beyond the reach of the kernel is filled with the bias at the end
    outputPadding[i] = added[i] - Math.min(0, more)
    return halved(Math.max(0, more), auto !== 'SAME_UPPER')
  })
  const options = { stride, dilation, padding, outputPadding, groups }
  const t = turn.inNode(() => transpositionOf(2, x, weight, options))
  const bias = biasOf(turn, t.filters, pictures)
  return batchValue(await turn.engine.transpose(x, weight, bias, t), pictures)
}

/** Multiplies [..., K] by a matrix [K,N]: a 1x1 bank over the last dimension. */
async function byMatrix(turn: Turn, x: Value, matrix: Constant, bias?: Constant): Promise<Value> {
  const shape = shapeOf(x)
  const [k = 1, n = 1] = matrix.shape
  if (matrix.shape.length !== 2) throw turn.unfit(`[${matrix.shape}] is not a matrix`)
  const last = shape.length - 1
  if (shape[last] !== k) throw turn.unfit(`rows of ${shape[last]} by a matrix of [${matrix.shape}]`)
  const { planes, dims } = await withChannels(turn.engine, x, [last])
  const weight = new Tensor([n, k, 1, 1], floatsOf(transposedConstant(matrix, [1, 0])))
  const c = turn.inNode(() => correlationOf(2, planes, weight, {}))
  const spread = bias && Float32Array.from({ length: n }, (_, i) => bias.data[i % bias.data.length]!)
  const made = await turn.engine.correlate(planes, weight, spread, c)
  return { kind: 'value', planes: made, dims: dims.with(-1, wholeOf(0, n)) }
}

/** Multiplies a dimension by a square matrix: each output element is a weighted sum along the dimension. */
export async function byPlaces(
  turn: Turn,
  value: Value,
  axis: number,
  size: number,
  weight: (from: number, to: number) => number,
): Promise<Value> {
  checkLimit('axisSamples', size ** 2, turn.name)
  const weights = Array.from({ length: size ** 2 }, (_, i) => weight(Math.floor(i / size), i % size))
  const others = upTo(value.dims.length).filter((i) => i !== axis)
  const matrix = constant('float32', [size, size], weights)
  const made = await byMatrix(turn, transposed(value, [...others, axis]), matrix)
  const back = value.dims.map((_, i) => (i === axis ? others.length : others.indexOf(i)))
  return transposed(made, back)
}

const isList = (item: Item): boolean => shapeOf(item).length === 1

const matMul: Lowering = async (turn) => {
  const [a, b] = turn.inputs
  // a vector is a matrix of one row or one column, which is dropped
  if (a !== undefined && b !== undefined && isList(a) !== isList(b)) {
    const inputs = isList(a)
      ? [withShape(turn, a, [1, ...shapeOf(a)]), b]
      : [a, withShape(turn, b, [...shapeOf(b), 1])]
    const made = await firstOf(matMul(turn.on(inputs)))
    return withShape(turn, made, shapeOf(made).toSpliced(isList(a) ? -2 : -1, 1))
  }
  if (a?.kind === 'value' && b?.kind === 'known' && b.constant.shape.length === 2)
    return byMatrix(turn, a, b.constant)
  if (a === undefined || b === undefined) throw turn.unfit('a matrix is missing')
  // attention: both inputs depend on the picture
  const planes = await Promise.all(
    [a, b].map(async (item) => (await plain(turn.engine, planesOf(item))).planes),
  )
  const [m, n] = [shapeOf(a), shapeOf(b)]
  const lead = spreadShape(m.slice(0, -2), n.slice(0, -2))
  const counts = [m, n].map((shape) => sizeOf(shape.slice(0, -2)))
  if (m.length < 2 || n.length < 2 || m.at(-1) !== n.at(-2) || lead === undefined)
    throw turn.unfit('the matrices do not fit each other')
  if (counts.some((count) => count !== 1 && count !== sizeOf(lead)))
    throw turn.unsupported(`matrices of [${m}] and [${n}] cannot be broadcast together`)
  const shape = [...lead, m.at(-2)!, n.at(-1)!]
  if (sizeOf(shape) > limits.tensorSamples.most) {
    throw new ConvoError('E_TOO_LARGE', `${turn.name}: attention over [${shape}] needs too much memory`, {
      fix: 'a smaller picture',
    })
  }
  return withShape(turn, pictureValue(await turn.engine.layer('product', planes, {})), shape)
}

const gemm: Lowering = (turn): Promise<Item> => {
  const [alpha, beta] = [turn.number('alpha', 1), turn.number('beta', 1)]
  const b = turn.needed(1, 'the matrix')
  const c = turn.constant(2, 'the bias')
  if (turn.number('transA', 0) !== 0) throw turn.unsupported('transA is not supported')
  const scaled = (x: Constant, by: number): Constant =>
    by === 1 ? x : { ...x, data: Float32Array.from(x.data, (v) => v * by) }
  const matrix = turn.number('transB', 0) === 0 ? b : transposedConstant(b, [1, 0])
  if (c !== undefined && c.data.length !== 1 && c.data.length !== matrix.shape[1])
    throw turn.unsupported(`a bias of [${c.shape}] is not supported`)
  return byMatrix(turn, turn.value(0), scaled(matrix, alpha), c && scaled(c, beta))
}

/** The operators with weights, by name. */
export const weightedLowerings: Readonly<Record<string, Lowering>> = {
  Conv: orOfRows(conv),
  ConvTranspose: orOfRows(convTranspose),
  MatMul: matMul,
  Gemm: gemm,
}
