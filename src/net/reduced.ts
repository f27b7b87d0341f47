import type { Across } from '../definition/mixing.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { reducedConstant } from './constants.ts'
import type { Constant } from './network.ts'
import { upTo } from './places.ts'
import { axesOf } from './shapes.ts'
import { meet, through } from './single.ts'
import type { Lowering, Turn } from './step.ts'
import { areAll, type Dimension, type Item, known, shapeOf, type Value, withChannels } from './value.ts'
import { byPlaces } from './weighted.ts'

// Operators that reduce many samples to one, or normalise by many.

type Reduction = { readonly of: Across; readonly before?: 'abs' | 'square'; readonly after?: 'log' }

/** How each reduction is computed: a function of every sample before it, and one of the result after it. */
const kinds: Readonly<Record<string, Reduction>> = {
  ReduceMean: { of: 'mean' },
  ReduceSum: { of: 'sum' },
  ReduceMax: { of: 'max' },
  ReduceMin: { of: 'min' },
  ReduceL1: { of: 'sum', before: 'abs' },
  ReduceL2: { of: 'l2' },
  ReduceSumSquare: { of: 'sum', before: 'square' },
  ReduceLogSum: { of: 'sum', after: 'log' },
}

/** Reduces dimensions of a value to size 1. */
async function over(turn: Turn, value: Value, axes: readonly number[], of: Across): Promise<Value> {
  const atoms = axes.flatMap((i) => value.dims[i]!)
  if (atoms.length === 0) return of === 'l2' ? ((await through(turn, value, 'abs')) as Value) : value
  const flat = atoms.filter(({ axis }) => axis !== 0)
  if (flat.length > 0 && areAll(value, flat, [1, 2])) {
    // rows and columns first, whatever dimensions they come from, then the remaining channels
    const { planes } = await turn.layer('summary', value, { of, groups: 1 })
    const dims = value.dims.map((dimension) => dimension.filter(({ axis }) => axis === 0))
    return over(turn, { kind: 'value', planes, dims }, axes, of)
  }
  const x = areAll(value, atoms, [0]) ? value : await withChannels(turn.engine, value, axes)
  const dims = x.dims.map((dimension, i): Dimension => (axes.includes(i) ? [] : dimension))
  return { ...(await turn.layer('across', x, { of })), dims }
}

const reduce =
  (operator: string): Lowering =>
  async (turn): Promise<Item> => {
    const item = turn.item(0)
    const all = upTo(shapeOf(item).length)
    const given = axesOf(turn) ?? []
    // no axes; squares are still taken
    const isEach = given.length === 0 && turn.flag('noop_with_empty_axes')
    if (isEach && operator === 'ReduceProd') return item
    const chosen = given.length === 0 && !isEach ? all : given
    const axes = chosen.map((axis) => turn.axis(axis, all.length))
    const keeps = turn.flag('keepdims', 1)
    if (item.kind === 'known') {
      const made = reducedConstant(operator, item.constant, axes)
      return known(keeps ? made : { ...made, shape: made.shape.filter((_, i) => !axes.includes(i)) })
    }
    const way = kinds[operator]
    if (operator === 'ReduceProd')
      throw turn.unsupported('a product of samples is not supported, only one of sizes')
    const made = await (way ? summedUp(turn, item, axes, way) : logOfExp(turn, item, axes))
    return keeps ? made : { ...made, dims: made.dims.filter((_, i) => !axes.includes(i)) }
  }

/** Applies a reduction to dimensions, which keep size 1. */
async function summedUp(turn: Turn, value: Value, axes: readonly number[], way: Reduction): Promise<Value> {
  const { of, before, after } = way
  const each =
    before === 'square' ? await meet(turn, 'multiply', value, value) : await through(turn, value, before)
  return (await through(turn, over(turn, each as Value, axes, of), after)) as Value
}

/** Computes log Σ exp x as m + log Σ exp(x − m), where m is the largest x, so that no sum overflows float32. */
async function logOfExp(turn: Turn, value: Value, axes: readonly number[]): Promise<Value> {
  // if the largest is infinite, it cannot be subtracted
  const finite = meet(turn, 'larger', over(turn, value, axes, 'max'), -largest)
  const most = await meet(turn, 'smaller', finite, largest)
  const shifted = (await through(turn, meet(turn, 'subtract', value, most), 'exp')) as Value
  return (await meet(turn, 'add', summedUp(turn, shifted, axes, kinds.ReduceLogSum!), most)) as Value
}

/** Divides a value by its norm along an axis. Zeros stay zeros. */
const lpNorm: Lowering = (turn) => {
  const value = turn.value(0)
  const axis = turn.ownAxis(value, -1)
  const p = turn.number('p', 2)
  if (p !== 1 && p !== 2) throw turn.unsupported(`p must be 1 or 2, got ${p}`)
  const norm = summedUp(turn, value, [axis], kinds[`ReduceL${p}`]!)
  return meet(turn, 'divide', value, meet(turn, 'larger', norm, smallest))
}

/** The smallest normal float32. */
const smallest = 2 ** -126
/** The largest finite float32. */
const largest = (2 - 2 ** -23) * 2 ** 127

/** Local response normalisation (Krizhevsky et al., 2012): x / (bias + alpha / size · Σ x²)^beta, summed over near channels. */
const localNorm: Lowering = async (turn) => {
  const value = turn.value(0)
  const [size] = turn.counts('size', 1, 1) ?? []
  if (size === undefined) throw turn.unsupported('it has no size')
  const channels = shapeOf(value)[1] ?? 1
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)]
  const band = (from: number, to: number) => +(from >= to - before && from <= to + after)
  const square = (await meet(turn, 'multiply', value, value)) as Value
  const sum = byPlaces(turn, square, 1, channels, band)
  const share = Math.fround(turn.number('alpha', Math.fround(1e-4)) / size)
  const base = meet(turn, 'add', meet(turn, 'multiply', sum, share), turn.number('bias', 1))
  return meet(turn, 'divide', value, meet(turn, 'power', base, turn.number('beta', 0.75)))
}

/** The cumulative sum along an axis, as a product with a triangular matrix of ones. */
const cumSum: Lowering = (turn) => {
  const value = turn.value(0)
  const axis = turn.axis(turn.numbers(1, 'the axis', 1)[0]!, value.dims.length)
  const isReverse = turn.flag('reverse')
  const own = turn.flag('exclusive') ? 0 : 1
  const isIn = (from: number, to: number) => +(isReverse ? from > to - own : from < to + own)
  return byPlaces(turn, value, axis, shapeOf(value)[axis]!, isIn)
}

const globally =
  (of: Across): Lowering =>
  (turn) => {
    const value = turn.value(0)
    return over(turn, value, upTo(value.dims.length).slice(2), of)
  }

const softmax =
  (isLog: boolean): Lowering =>
  async (turn) => {
    const value = turn.value(0)
    const isOld = turn.node.opset < 13
    const axis = turn.ownAxis(value, isOld ? 1 : -1)
    // before opset 13, all dimensions from the axis on are taken as one row
    const axes = isOld ? upTo(value.dims.length).slice(axis) : [axis]
    return turn.layer('softmax', await withChannels(turn.engine, value, axes), { isLog })
  }

const arg =
  (sign: 1 | -1): Lowering =>
  async (turn) => {
    const value = turn.value(0)
    const axis = turn.ownAxis(value, 0)
    const x = await withChannels(turn.engine, value, [axis])
    const made = await turn.layer('argmax', x, { sign, isLast: turn.flag('select_last_index') })
    const kept: readonly Dimension[] = turn.flag('keepdims', 1) ? [[]] : []
    return { ...made, dims: x.dims.toSpliced(axis, 1, ...kept) }
  }

const batchNorm: Lowering = async (turn) => {
  const value = await withChannels(turn.engine, turn.value(0), [1])
  const channels = value.planes.shape[0]!
  // in training mode, the moments are those of the picture
  if (turn.flag('training_mode')) return byMoments(turn, value, channels)
  const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, i) =>
    Array.from(turn.numbers(i + 1, `the ${what}`, channels)),
  ) as [number[], number[], number[], number[]]
  const epsilon = turn.number('epsilon', 1e-5)
  const root = variance.map((v) => Math.sqrt(v + epsilon))
  return turn.layer('normalized', value, { gamma, beta, mean, root })
}

/** Normalises each of `groups` groups of channels by its mean and variance, separately for each picture of a batch. */
async function byMoments(turn: Turn, value: Value, groups: number, pictures = 1): Promise<Value> {
  const { engine } = turn
  const channels = value.planes.shape[0]! / pictures
  const spread = (i: number, what: string): Float32Array => {
    const { data }: Constant = turn.needed(i, what)
    if (data.length !== groups && data.length !== channels)
      throw turn.unfit(`scale and bias have ${data.length} numbers for ${groups}`)
    const place = (c: number) => Math.floor(((c % channels) * data.length) / channels)
    return Float32Array.from({ length: channels * pictures }, (_, c) => data[place(c)]!)
  }
  const epsilon = turn.number('epsilon', 1e-5)
  const settings = { epsilon, gamma: spread(1, 'the scale'), beta: spread(2, 'the bias') }
  const moments = await engine.layer('summary', [value.planes], { of: 'moments', groups: groups * pictures })
  return { ...value, planes: await engine.layer('standardized', [value.planes, moments], settings) }
}

const instanceNorm: Lowering = async (turn) => {
  const value = turn.value(0)
  const [pictures = 1, groups = 1] = shapeOf(value)
  const [outer, ...more] = value.dims[1] ?? []
  const isOuter =
    outer === undefined ||
    (more.length === 0 && outer.axis === 0 && outer.size * outer.stride === value.planes.shape[0])
  // channels grouped by a reshape: exporters write group normalisation this way
  if (pictures === 1 && isOuter && areAll(value, value.dims.slice(1).flat(), [0, 1, 2]))
    return byMoments(turn, value, groups)
  return byMoments(turn, await withChannels(turn.engine, value, [0, 1]), groups, pictures)
}

const groupNorm: Lowering = async (turn) => {
  const value = await withChannels(turn.engine, turn.value(0), [0, 1])
  const [pictures = 1, channels = 1] = shapeOf(value)
  const groups = turn.groups('num_groups')
  if (channels % groups !== 0) throw turn.unfit(`${groups} groups do not fit its channels`)
  return byMoments(turn, value, groups, pictures)
}

/** Layer normalisation by the mean and variance over the last dimensions. */
const layerNorm: Lowering = async (turn) => {
  const value = turn.value(0)
  const shape = shapeOf(value)
  const axes = upTo(shape.length).slice(turn.ownAxis(value, -1))
  const count = sizeOf(axes.map((i) => shape[i]!))
  const x = await withChannels(turn.engine, value, axes)
  const gamma = Float32Array.from(turn.numbers(1, 'the scale', count))
  const bias = turn.inputs[2] === undefined ? undefined : turn.numbers(2, 'the bias', count)
  const beta = Float32Array.from(bias ?? new Float32Array(count))
  return turn.layer('evened', x, { epsilon: turn.number('epsilon', 1e-5), gamma, beta })
}

/** The operators over many samples, by name. */
export const reducedLowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(
    [...Object.keys(kinds), 'ReduceLogSumExp', 'ReduceProd'].map((operator) => [operator, reduce(operator)]),
  ),
  GlobalAveragePool: globally('mean'),
  GlobalMaxPool: globally('max'),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  ArgMax: arg(1),
  ArgMin: arg(-1),
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  GroupNormalization: groupNorm,
  LayerNormalization: layerNorm,
  LpNormalization: lpNorm,
  LRN: localNorm,
  CumSum: cumSum,
}
