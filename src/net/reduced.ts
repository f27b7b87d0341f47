import { sizeOf } from '../tensor/tensor.ts'
import { reducedConstant } from './constants.ts'
import type { Constant } from './network.ts'
import { axesOf } from './shapes.ts'
import {
  axisIn,
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
  areAxes,
  type Dimension,
  type Item,
  isAxis,
  plain,
  shapeOf,
  type Value,
  withChannels,
} from './value.ts'

// Operators that take many samples to one, or look at many for each.

type Kind = 'mean' | 'sum' | 'max' | 'min' | 'l2'

const kinds: Readonly<Record<string, Kind>> = {
  ReduceMean: 'mean',
  ReduceSum: 'sum',
  ReduceMax: 'max',
  ReduceMin: 'min',
  ReduceL2: 'l2',
}

/** Dimensions of a value to one number each; they stay as dimensions of size 1. */
async function over(turn: Turn, value: Value, axes: readonly number[], of: Kind): Promise<Value> {
  const { engine } = turn
  const atoms = axes.flatMap((i) => value.dims[i]!)
  const dims = value.dims.map((dimension, i): Dimension => (axes.includes(i) ? [] : dimension))
  const across = async (x: Value): Promise<Value> => ({
    kind: 'value',
    planes: await engine.layer('across', [x.planes], { of }),
    dims: x.dims.map((dimension, i): Dimension => (axes.includes(i) ? [] : dimension)),
  })
  if (atoms.length === 0) return { ...value, dims }
  if (areAxes(value, atoms, [1, 2]))
    return { kind: 'value', planes: await engine.layer('summary', [value.planes], { of, groups: 1 }), dims }
  if (areAxes(value, atoms, [0, 1, 2])) {
    const planes = await engine.layer('summary', [value.planes], { of, groups: 1 })
    return across({ kind: 'value', planes, dims })
  }
  if (isAxis(value, atoms, 0)) return across(value)
  return across(await withChannels(engine, value, axes))
}

const reduce =
  (operator: string): Lowering =>
  async (turn): Promise<Item> => {
    const [item] = turn.inputs
    const shape = shapeOf(item ?? valueAt(turn, 0))
    const given = axesOf(turn)
    if (given === undefined && numberOf(turn, 'noop_with_empty_axes', 0) === 1) return valueAt(turn, 0)
    const axes = (given ?? shape.map((_, i) => i)).map((axis) => axisIn(turn, axis, shape.length))
    const keeps = numberOf(turn, 'keepdims', 1) === 1
    if (item?.kind === 'known') {
      const made = reducedConstant(operator, item.constant, axes)
      return {
        kind: 'known',
        constant: keeps ? made : { ...made, shape: shape.filter((_, i) => !axes.includes(i)) },
      }
    }
    const of = kinds[operator]
    if (of === undefined) throw unsupported(turn, 'depends on constants only')
    const made = await over(turn, valueAt(turn, 0), axes, of)
    return keeps ? made : { ...made, dims: made.dims.filter((_, i) => !axes.includes(i)) }
  }

const globally =
  (of: Kind): Lowering =>
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
    // before opset 13 everything from the axis on is one row
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
  const value = valueAt(turn, 0)
  if (!isAxis(value, value.dims[1] ?? [], 0)) {
    const even = await plain(turn.engine, value)
    return batchNorm({ ...turn, inputs: [even, ...turn.inputs.slice(1)] })
  }
  // in training, the moments are those of the picture
  if (numberOf(turn, 'training_mode', 0) === 1) return byMoments(turn, value, value.planes.shape[0]!)
  const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, i) =>
    Array.from(numbersAt(turn, i + 1, `the ${what}`, value.planes.shape[0]!)),
  ) as [number[], number[], number[], number[]]
  const epsilon = numberOf(turn, 'epsilon', 1e-5)
  const settings = { gamma, beta, mean, root: variance.map((v) => Math.sqrt(v + epsilon)) }
  return { ...value, planes: await turn.engine.layer('normalized', [value.planes], settings) }
}

const spreadOver = ({ data }: Constant, channels: number): Float32Array =>
  Float32Array.from({ length: channels }, (_, c) => data[Math.floor((c * data.length) / channels)]!)

/** [1,G,...] with the moments of each of G groups, which are channels or several of them. */
async function byMoments(turn: Turn, value: Value, groups: number): Promise<Value> {
  const { engine } = turn
  const channels = value.planes.shape[0]!
  const [gamma, beta] = [neededAt(turn, 1, 'the scale'), neededAt(turn, 2, 'the bias')]
  for (const { data } of [gamma, beta])
    if (data.length !== groups && data.length !== channels)
      throw unfit(turn, `scale and bias have ${data.length} numbers for ${groups}`)
  const moments = await engine.layer('summary', [value.planes], { of: 'moments', groups })
  const planes = await engine.layer('standardized', [value.planes, moments], {
    epsilon: numberOf(turn, 'epsilon', 1e-5),
    gamma: spreadOver(gamma, channels),
    beta: spreadOver(beta, channels),
  })
  return { ...value, planes }
}

const instanceNorm: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const shape = shapeOf(value)
  const groups = shape[1] ?? 1
  const whole = areAxes(value, value.dims.slice(1).flat(), [0, 1, 2])
  const [outer] = value.dims[1] ?? []
  const isOuter =
    value.dims[1]!.length === 0 ||
    (value.dims[1]!.length === 1 &&
      outer!.axis === 0 &&
      outer!.size * outer!.stride === value.planes.shape[0])
  return byMoments(turn, whole && isOuter ? value : await plain(turn.engine, value), groups)
}

const groupNorm: Lowering = async (turn) => {
  const value = await plain(turn.engine, valueAt(turn, 0))
  const groups = groupsOf(turn, 'num_groups')
  if (value.planes.shape[0]! % groups !== 0) throw unfit(turn, `${groups} groups do not fit its channels`)
  return byMoments(turn, value, groups)
}

/** The mean and the variance over the last dimensions, and what makes of them. */
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

/** Operators over many samples by name. */
export const reducedLowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(
    [...Object.keys(kinds), 'ReduceProd'].map((operator) => [operator, reduce(operator)]),
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
}
