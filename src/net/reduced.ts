import type { Across } from '../definition/mixing.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { reducedConstant } from './constants.ts'
import type { Constant } from './network.ts'
import { axesOf } from './shapes.ts'
import { meet, through } from './single.ts'
import {
  axisIn,
  countsOf,
  groupsOf,
  type Lowering,
  neededAt,
  numberOf,
  numbersAt,
  type Turn,
  unfit,
  unsupported,
  valueAt,
} from './step.ts'
import {
  areAll,
  type Dimension,
  float,
  type Item,
  known,
  shapeOf,
  type Value,
  withChannels,
} from './value.ts'
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
  const { engine } = turn
  const atoms = axes.flatMap((i) => value.dims[i]!)
  if (atoms.length === 0) return of === 'l2' ? ((await through(turn, value, 'abs')) as Value) : value
  const flat = atoms.filter(({ axis }) => axis !== 0)
  if (flat.length > 0 && areAll(value, flat, [1, 2])) {
    // rows and columns first, whatever dimensions they come from, then the remaining channels
    const planes = await engine.layer('summary', [value.planes], { of, groups: 1 })
    const dims = value.dims.map((dimension) => dimension.filter(({ axis }) => axis === 0))
    return over(turn, { kind: 'value', planes, dims }, axes, of)
  }
  const x = areAll(value, atoms, [0]) ? value : await withChannels(engine, value, axes)
  return {
    kind: 'value',
    planes: await engine.layer('across', [x.planes], { of }),
    dims: x.dims.map((dimension, i): Dimension => (axes.includes(i) ? [] : dimension)),
  }
}

const reduce =
  (operator: string): Lowering =>
  async (turn): Promise<Item> => {
    const [item] = turn.inputs
    const shape = shapeOf(item ?? valueAt(turn, 0))
    const given = axesOf(turn) ?? []
    // no axes; squares are still taken
    const isEach = given.length === 0 && numberOf(turn, 'noop_with_empty_axes', 0) === 1
    if (isEach && operator === 'ReduceProd') return item ?? valueAt(turn, 0)
    const all = given.length === 0 && !isEach ? shape.map((_, i) => i) : given
    const axes = all.map((axis) => axisIn(turn, axis, shape.length))
    const keeps = numberOf(turn, 'keepdims', 1) === 1
    if (item?.kind === 'known') {
      const made = reducedConstant(operator, item.constant, axes)
      return known(keeps ? made : { ...made, shape: shape.filter((_, i) => !axes.includes(i)) })
    }
    const way = kinds[operator]
    if (operator === 'ReduceProd')
      throw unsupported(turn, 'a product of samples is not supported, only one of sizes')
    const made = way
      ? await summedUp(turn, valueAt(turn, 0), axes, way)
      : await logOfExp(turn, valueAt(turn, 0), axes)
    return keeps ? made : { ...made, dims: made.dims.filter((_, i) => !axes.includes(i)) }
  }

/** Applies a reduction to dimensions, which keep size 1. */
async function summedUp(turn: Turn, value: Value, axes: readonly number[], way: Reduction): Promise<Value> {
  const { of, before, after } = way
  const each =
    before === 'square' ? await meet(turn, 'multiply', value, value) : await through(turn, value, before)
  return (await through(turn, await over(turn, each as Value, axes, of), after)) as Value
}

/** Computes log Σ exp x as m + log Σ exp(x − m), where m is the largest x, so that no sum overflows float32. */
async function logOfExp(turn: Turn, value: Value, axes: readonly number[]): Promise<Value> {
  // if the largest is infinite, it cannot be subtracted
  const finite = await meet(turn, 'larger', await over(turn, value, axes, 'max'), float(-largest))
  const most = await meet(turn, 'smaller', finite, float(largest))
  const shifted = (await meet(turn, 'subtract', value, most)) as Value
  const sum = await summedUp(turn, (await through(turn, shifted, 'exp')) as Value, axes, kinds.ReduceLogSum!)
  return (await meet(turn, 'add', sum, most)) as Value
}

/** Divides a value by its norm along an axis. Zeros stay zeros. */
const lpNorm: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const axis = axisIn(turn, numberOf(turn, 'axis', -1), value.dims.length)
  const p = numberOf(turn, 'p', 2)
  if (p !== 1 && p !== 2) throw unsupported(turn, `p must be 1 or 2, got ${p}`)
  const norm = await summedUp(turn, value, [axis], kinds[`ReduceL${p}`]!)
  const some = await meet(turn, 'larger', norm, float(smallest))
  return meet(turn, 'divide', value, some)
}

/** The smallest normal float32. */
const smallest = 2 ** -126
/** The largest finite float32. */
const largest = (2 - 2 ** -23) * 2 ** 127

/** Local response normalisation (Krizhevsky et al., 2012): x / (bias + alpha / size · Σ x²)^beta, summed over near channels. */
const localNorm: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const [size] = countsOf(turn, 'size', 1, 1) ?? []
  if (size === undefined) throw unsupported(turn, 'it has no size')
  const channels = shapeOf(value)[1] ?? 1
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)]
  const band = (from: number, to: number) => +(from >= to - before && from <= to + after)
  const square = (await meet(turn, 'multiply', value, value)) as Value
  const sum = await byPlaces(turn, square, 1, channels, band)
  const share = Math.fround(numberOf(turn, 'alpha', Math.fround(1e-4)) / size)
  const base = await meet(
    turn,
    'add',
    await meet(turn, 'multiply', sum, float(share)),
    float(numberOf(turn, 'bias', 1)),
  )
  return meet(turn, 'divide', value, await meet(turn, 'power', base, float(numberOf(turn, 'beta', 0.75))))
}

/** The cumulative sum along an axis, as a product with a triangular matrix of ones. */
const cumSum: Lowering = (turn) => {
  const value = valueAt(turn, 0)
  const axis = axisIn(turn, numbersAt(turn, 1, 'the axis', 1)[0]!, value.dims.length)
  const isReverse = numberOf(turn, 'reverse', 0) === 1
  const own = numberOf(turn, 'exclusive', 0) === 1 ? 0 : 1
  const isIn = (from: number, to: number) => +(isReverse ? from > to - own : from < to + own)
  return byPlaces(turn, value, axis, shapeOf(value)[axis]!, isIn)
}

const globally =
  (of: Across): Lowering =>
  (turn) => {
    const value = valueAt(turn, 0)
    return over(turn, value, value.dims.map((_, i) => i).slice(2), of)
  }

const softmax =
  (isLog: boolean): Lowering =>
  async (turn) => {
    const value = valueAt(turn, 0)
    const shape = shapeOf(value)
    const isOld = turn.node.opset < 13
    const axis = axisIn(turn, numberOf(turn, 'axis', isOld ? 1 : -1), shape.length)
    // before opset 13, all dimensions from the axis on are taken as one row
    const axes = isOld ? shape.map((_, i) => i).slice(axis) : [axis]
    const x = await withChannels(turn.engine, value, axes)
    return { ...x, planes: await turn.engine.layer('softmax', [x.planes], { isLog }) }
  }

const arg =
  (sign: 1 | -1): Lowering =>
  async (turn) => {
    const value = valueAt(turn, 0)
    const axis = axisIn(turn, numberOf(turn, 'axis', 0), value.dims.length)
    const x = await withChannels(turn.engine, value, [axis])
    const isLast = numberOf(turn, 'select_last_index', 0) === 1
    const planes = await turn.engine.layer('argmax', [x.planes], { sign, isLast })
    const dims = x.dims.with(axis, [])
    return {
      kind: 'value',
      planes,
      dims: numberOf(turn, 'keepdims', 1) === 1 ? dims : dims.toSpliced(axis, 1),
    }
  }

const batchNorm: Lowering = async (turn) => {
  const value = await withChannels(turn.engine, valueAt(turn, 0), [1])
  const channels = value.planes.shape[0]!
  // in training mode, the moments are those of the picture
  if (numberOf(turn, 'training_mode', 0) === 1) return byMoments(turn, value, channels)
  const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, i) =>
    Array.from(numbersAt(turn, i + 1, `the ${what}`, channels)),
  ) as [number[], number[], number[], number[]]
  const epsilon = numberOf(turn, 'epsilon', 1e-5)
  const settings = { gamma, beta, mean, root: variance.map((v) => Math.sqrt(v + epsilon)) }
  return { ...value, planes: await turn.engine.layer('normalized', [value.planes], settings) }
}

/** Normalises each of `groups` groups of channels by its mean and variance, separately for each picture of a batch. */
async function byMoments(turn: Turn, value: Value, groups: number, pictures = 1): Promise<Value> {
  const { engine } = turn
  const channels = value.planes.shape[0]! / pictures
  const [gamma, beta] = [neededAt(turn, 1, 'the scale'), neededAt(turn, 2, 'the bias')]
  for (const { data } of [gamma, beta])
    if (data.length !== groups && data.length !== channels)
      throw unfit(turn, `scale and bias have ${data.length} numbers for ${groups}`)
  const spread = ({ data }: Constant): Float32Array =>
    Float32Array.from(
      { length: channels * pictures },
      (_, c) => data[Math.floor(((c % channels) * data.length) / channels)]!,
    )
  const moments = await engine.layer('summary', [value.planes], { of: 'moments', groups: groups * pictures })
  const planes = await engine.layer('standardized', [value.planes, moments], {
    epsilon: numberOf(turn, 'epsilon', 1e-5),
    gamma: spread(gamma),
    beta: spread(beta),
  })
  return { ...value, planes }
}

const instanceNorm: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
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
  const value = await withChannels(turn.engine, valueAt(turn, 0), [0, 1])
  const [pictures = 1, channels = 1] = shapeOf(value)
  const groups = groupsOf(turn, 'num_groups')
  if (channels % groups !== 0) throw unfit(turn, `${groups} groups do not fit its channels`)
  return byMoments(turn, value, groups, pictures)
}

/** Layer normalisation by the mean and variance over the last dimensions. */
const layerNorm: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const shape = shapeOf(value)
  const axis = axisIn(turn, numberOf(turn, 'axis', -1), shape.length)
  const axes = shape.map((_, i) => i).slice(axis)
  const count = sizeOf(axes.map((i) => shape[i]!))
  const x = await withChannels(turn.engine, value, axes)
  const gamma = Float32Array.from(numbersAt(turn, 1, 'the scale', count))
  const beta =
    turn.inputs[2] === undefined
      ? new Float32Array(count)
      : Float32Array.from(numbersAt(turn, 2, 'the bias', count))
  const settings = { epsilon: numberOf(turn, 'epsilon', 1e-5), gamma, beta }
  return { ...x, planes: await turn.engine.layer('evened', [x.planes], settings) }
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
