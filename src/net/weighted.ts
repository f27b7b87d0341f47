import { extent, type Padding } from '../conv/geometry.ts'
import { correlationOf, transpositionOf } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import { checkLimit, limits } from '../limits.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { batchOf, batchValue, orOfRows } from './batch.ts'
import { spreadShape } from './constants.ts'
import { constant, transposedConstant } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { withShape } from './shapes.ts'
import {
  constantAt,
  countsOf,
  groupsOf,
  inNode,
  type Lowering,
  nameOf,
  neededAt,
  numberOf,
  numbersAt,
  numbersOf,
  type Turn,
  unfit,
  unsupported,
  valueAt,
  wordOf,
} from './step.ts'
import {
  type Item,
  pictureValue,
  plain,
  planesOf,
  reshaped,
  shapeOf,
  transposed,
  type Value,
  withChannels,
} from './value.ts'

// Operators with weights, as banks of filters.

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
    : again(floatsOf({ data: numbersAt(turn, 2, 'the bias', filters / pictures) }), pictures)

/** Weights for a batch: the groups are repeated for every picture. @throws ConvoError E_TOO_LARGE */
function forAll({ node }: Turn, weight: Constant, pictures: number): Tensor {
  checkLimit('modelWeights', weight.data.length * pictures, nameOf(node))
  const [filters = 1, ...rest] = weight.shape
  return new Tensor([filters * pictures, ...rest], again(floatsOf(weight), pictures))
}

type Pair = readonly [number, number]

const autoPads = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const

/** The padding before and after rows and columns, from `pads` or `auto_pad`. */
export function paddingOf(
  turn: Turn,
  input: Pair,
  kernel: Pair,
  stride: Pair,
  dilation: Pair,
): readonly [Pair, Pair] {
  const auto = wordOf(turn, 'auto_pad', autoPads)
  const pads = countsOf(turn, 'pads', 4, 0) ?? [0, 0, 0, 0]
  const axis = (i: 0 | 1): Pair => {
    if (auto === 'NOTSET') return [pads[i]!, pads[i + 2]!]
    if (auto === 'VALID') return [0, 0]
    const total = Math.max(
      (Math.ceil(input[i] / stride[i]) - 1) * stride[i] + extent(kernel[i], dilation[i]) - input[i],
      0,
    )
    const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)]
    return auto === 'SAME_LOWER' ? [large, small] : [small, large]
  }
  return [axis(0), axis(1)]
}

/** An attribute of two integers. `otherwise` is both the default and the minimum. */
export function pairOf(turn: Turn, name: string, otherwise: number): Pair {
  const [y = otherwise, x = y] = countsOf(turn, name, 2, otherwise) ?? []
  return [y, x]
}

function kernelOf(turn: Turn, weight: Constant): Pair {
  if (weight.shape.length !== 4)
    throw unsupported(
      turn,
      `weights of [${weight.shape}] are not supported`,
      'weights of rank 4, as pictures have them',
    )
  return [weight.shape[2]!, weight.shape[3]!]
}

const conv: Lowering = async (turn) => {
  const weight = neededAt(turn, 1, 'the weights')
  const kernel = kernelOf(turn, weight)
  const { planes: x, pictures } = await batchOf(turn)
  const [stride, dilation] = [pairOf(turn, 'strides', 1), pairOf(turn, 'dilations', 1)]
  const pads = paddingOf(turn, [x.shape[1]!, x.shape[2]!], kernel, stride, dilation)
  const tensor = forAll(turn, weight, pictures)
  const options = { stride, dilation, padding: pads, groups: groupsOf(turn) * pictures }
  const c = inNode(turn, () => correlationOf(2, x, tensor, options))
  const bias = biasOf(turn, c.filters, pictures)
  return batchValue(await turn.engine.correlate(x, tensor, bias, c), pictures)
}

const convTranspose: Lowering = async (turn) => {
  const weight = neededAt(turn, 1, 'the weights')
  const kernel = kernelOf(turn, weight)
  const { planes: x, pictures } = await batchOf(turn)
  const [stride, dilation] = [pairOf(turn, 'strides', 1), pairOf(turn, 'dilations', 1)]
  const added = pairOf(turn, 'output_padding', 0)
  const target = numbersOf(turn, 'output_shape')?.slice(-2)
  const outputPadding = [...added]
  const auto = wordOf(turn, 'auto_pad', autoPads)
  const given = countsOf(turn, 'pads', 4, 0) ?? [0, 0, 0, 0]
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
    const total = Math.max(0, more)
    const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)]
    return auto === 'SAME_UPPER' ? [small, large] : [large, small]
  })
  const tensor = forAll(turn, weight, pictures)
  const groups = groupsOf(turn) * pictures
  const t = inNode(turn, () =>
    transpositionOf(2, x, tensor, { stride, dilation, padding, outputPadding, groups }),
  )
  const bias = biasOf(turn, t.filters, pictures)
  return batchValue(await turn.engine.transpose(x, tensor, bias, t), pictures)
}

/** Multiplies [..., K] by a matrix [K,N]: a 1x1 bank over the last dimension. */
async function byMatrix(turn: Turn, x: Value, matrix: Constant, bias: Constant | undefined): Promise<Value> {
  const shape = shapeOf(x)
  const [k = 1, n = 1] = matrix.shape
  if (matrix.shape.length !== 2) throw unfit(turn, `[${matrix.shape}] is not a matrix`)
  const last = shape.length - 1
  if (shape[last] !== k) throw unfit(turn, `rows of ${shape[last]} by a matrix of [${matrix.shape}]`)
  const value = await withChannels(turn.engine, x, [last])
  const weight = new Tensor([n, k, 1, 1], floatsOf(transposedConstant(matrix, [1, 0])))
  const padding: Padding = [0, 0]
  const c = inNode(turn, () => correlationOf(2, value.planes, weight, { padding: [padding, padding] }))
  const spread =
    bias === undefined
      ? undefined
      : Float32Array.from({ length: n }, (_, i) => bias.data[bias.data.length === 1 ? 0 : i]!)
  const planes = await turn.engine.correlate(value.planes, weight, spread, c)
  return {
    kind: 'value',
    planes,
    dims: [...value.dims.slice(0, -1), n === 1 ? [] : [{ axis: 0, size: n, stride: 1 }]],
  }
}

/** Multiplies a dimension by a square matrix: each output element is a weighted sum along the dimension. */
export async function byPlaces(
  turn: Turn,
  value: Value,
  axis: number,
  size: number,
  weight: (from: number, to: number) => number,
): Promise<Value> {
  checkLimit('axisSamples', size ** 2, nameOf(turn.node))
  const weights = Array.from({ length: size ** 2 }, (_, i) => weight(Math.floor(i / size), i % size))
  const others = value.dims.map((_, i) => i).filter((i) => i !== axis)
  const made = await byMatrix(
    turn,
    transposed(value, [...others, axis]),
    constant('float32', [size, size], weights),
    undefined,
  )
  return transposed(
    made,
    value.dims.map((_, i) => (i === axis ? others.length : others.indexOf(i))),
  )
}

const isList = (item: Item): boolean => shapeOf(item).length === 1

const matMul: Lowering = async (turn) => {
  const [a, b] = turn.inputs
  // a vector is a matrix of one row or one column, which is dropped
  if (a !== undefined && b !== undefined && isList(a) !== isList(b)) {
    const inputs = isList(a)
      ? [withShape(turn, a, [1, ...shapeOf(a)]), b]
      : [a, withShape(turn, b, [...shapeOf(b), 1])]
    const made = (await matMul({ ...turn, inputs })) as Item
    return withShape(turn, made, shapeOf(made).toSpliced(isList(a) ? -2 : -1, 1))
  }
  if (a?.kind === 'value' && b?.kind === 'known' && b.constant.shape.length === 2)
    return byMatrix(turn, a, b.constant, undefined)
  if (a === undefined || b === undefined) throw unfit(turn, 'a matrix is missing')
  // attention: both inputs depend on the picture
  const [x, y] = await Promise.all(
    [a, b].map((item) => plain(turn.engine, item.kind === 'known' ? planesOf(item.constant) : item)),
  )
  const [m, n] = [shapeOf(a), shapeOf(b)]
  const lead = spreadShape(m.slice(0, -2), n.slice(0, -2))
  const counts = [m, n].map((shape) => sizeOf(shape.slice(0, -2)))
  if (m.length < 2 || n.length < 2 || m.at(-1) !== n.at(-2) || lead === undefined)
    throw unfit(turn, 'the matrices do not fit each other')
  if (counts.some((count) => count !== 1 && count !== sizeOf(lead)))
    throw unsupported(turn, `matrices of [${m}] and [${n}] cannot be broadcast together`)
  const shape = [...lead, m.at(-2)!, n.at(-1)!]
  if (sizeOf(shape) > limits.tensorSamples.most) {
    throw new ConvoError(
      'E_TOO_LARGE',
      `${nameOf(turn.node)}: attention over [${shape}] needs too much memory`,
      {
        fix: 'a smaller picture',
      },
    )
  }
  const planes = await turn.engine.layer('product', [x!.planes, y!.planes], {})
  const made = reshaped(pictureValue(planes), shape)
  if (made === undefined) throw unfit(turn, `it does not fit [${shape}]`)
  return made
}

const gemm: Lowering = (turn): Promise<Item> => {
  const [alpha, beta] = [numberOf(turn, 'alpha', 1), numberOf(turn, 'beta', 1)]
  const b = neededAt(turn, 1, 'the matrix')
  const c = constantAt(turn, 2, 'the bias')
  if (numberOf(turn, 'transA', 0) !== 0) throw unsupported(turn, 'transA is not supported')
  const scaled = (x: Constant, by: number): Constant =>
    by === 1 ? x : { ...x, data: Float32Array.from(x.data, (v) => v * by) }
  const matrix = numberOf(turn, 'transB', 0) === 0 ? b : transposedConstant(b, [1, 0])
  if (c !== undefined && c.data.length !== 1 && c.data.length !== matrix.shape[1])
    throw unsupported(turn, `a bias of [${c.shape}] is not supported`)
  return byMatrix(turn, valueAt(turn, 0), scaled(matrix, alpha), c && scaled(c, beta))
}

/** The operators with weights, by name. */
export const weightedLowerings: Readonly<Record<string, Lowering>> = {
  Conv: orOfRows(conv),
  ConvTranspose: orOfRows(convTranspose),
  MatMul: matMul,
  Gemm: gemm,
}
