import { directSums } from '../definition/engine.ts'
import { cast } from './constants.ts'
import { constant, spans, typeBy } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { pooledLowerings } from './pooled.ts'
import { reducedLowerings } from './reduced.ts'
import { shapeLowerings } from './shapes.ts'
import { meet, singleLowerings, through } from './single.ts'
import {
  constantAt,
  type Lowering,
  neededAt,
  numberOf,
  type Turn,
  unfit,
  unsupported,
  valueAt,
} from './step.ts'
import { float, type Item, known, shapeOf } from './value.ts'
import { weightedLowerings } from './weighted.ts'

// Operators of quantised networks, whose integers q represent (q − zero) · scale. Samples stay float32, which represents
// the integers exactly. Sums of products that could exceed 2^24 are computed in two parts, each of which is exact.

const firstOf = async (made: ReturnType<Lowering>): Promise<Item> => [await made].flat()[0] as Item

/** Shapes a scalar, or a list with one number for each index of an axis, for broadcasting to this rank. */
function alongAxis(turn: Turn, item: Item | undefined, rank: number, axis: number): Item | undefined {
  if (item === undefined || shapeOf(item).length !== 1 || rank === 0) return item
  const [size] = shapeOf(item) as [number]
  // a list of one number is a scalar, whatever the axis
  if (size === 1)
    return item.kind === 'value' ? { ...item, dims: [] } : known({ ...item.constant, shape: [] })
  const after = rank - 1 - (axis < 0 ? axis + rank : axis)
  if (!(after >= 0 && after < rank)) throw unfit(turn, `axis ${axis} does not exist in ${rank} dimensions`)
  if (item.kind === 'value' && after > 0)
    throw unsupported(turn, 'computed scales for the places of an axis are not supported')
  if (item.kind === 'value') return item
  return known({ ...item.constant, shape: [size, ...Array(after).fill(1)] })
}

/** Converts integers to a type that can hold their differences. */
const wide = (item: Item): Item => (item.kind === 'known' ? known(cast(item.constant, 'float32')) : item)

/** q − zero, exact. */
async function offZero(turn: Turn, q: Item, zero: Item | undefined, axis: number): Promise<Item> {
  const at = alongAxis(turn, zero, shapeOf(q).length, axis)
  return at === undefined ? wide(q) : meet(turn, 'subtract', wide(q), wide(at))
}

async function dequantised(
  turn: Turn,
  [q, scale, zero]: readonly (Item | undefined)[],
  axis = 1,
): Promise<Item> {
  if (q === undefined || scale === undefined) throw unfit(turn, 'an input is missing')
  const by = alongAxis(turn, scale, shapeOf(q).length, axis)!
  return meet(turn, 'multiply', await offZero(turn, q, zero, axis), by)
}

/** Computes x / scale + zero, with the quotient rounded half to even, and saturates to the type of zero. */
async function quantised(
  turn: Turn,
  x: Item,
  scale: Item | undefined,
  zero: Item | undefined,
  axis = 1,
): Promise<Item> {
  const rank = shapeOf(x).length
  const by = alongAxis(turn, scale, rank, axis)
  const type =
    zero?.kind === 'known' ? zero.constant.type : (typeBy('onnx', numberOf(turn, 'output_dtype', 2)) ?? '')
  const span = Object.hasOwn(spans, type) ? spans[type] : undefined
  if (span === undefined)
    throw unsupported(
      turn,
      `numbers of ${type || 'another type'} are not supported`,
      `a network of ${Object.keys(spans).join(', ')}`,
    )
  const whole = await through(turn, by === undefined ? x : await meet(turn, 'divide', x, by), 'round')
  const at = alongAxis(turn, zero, rank, axis)
  return through(turn, at === undefined ? whole : await meet(turn, 'add', whole, wide(at)), 'clip', ...span)
}

/** The sum of the absolute weights of every filter, from weights [O,...] or a matrix [K,N]. */
function sumsOf({ shape, data }: Constant, isMatrix: boolean): Float64Array {
  const filters = (isMatrix ? shape.at(-1) : shape[0]) ?? 1
  const sums = new Float64Array(filters)
  const taps = data.length / filters
  data.forEach((w, i) => {
    sums[isMatrix ? i % filters : Math.floor(i / taps)]! += Math.abs(w)
  })
  return sums
}

/** Integers up to this are exact in float32. */
const exact = 2 ** 24
/** Multiples of this up to 2^31 are exact in float32. */
const coarse = 2 ** 12
const modulo = (v: number, by: number): number => v - by * Math.floor(v / by)

/**
 * Computes sums of products of 8-bit integers, and integer biases, rounded to float32 once: the int32 result as float32.
 * If sums may exceed 2^24, the inputs are split into 16 · high + low, so that the sums of each part are exact.
 */
async function wholeSums(
  turn: Turn,
  operator: 'Conv' | 'MatMul',
  x: Item,
  weights: Constant,
  bias?: Constant,
): Promise<Item> {
  const sums = sumsOf(weights, operator === 'MatMul')
  const fits = (most: number, part: number) =>
    sums.every((sum, f) => sum * most + Math.abs(bias?.data[f] ?? 0) / part + 1 < exact)
  const bank = (input: Item, offsets: readonly number[] | undefined) => {
    const inputs: Item[] = [input, known(weights)]
    if (offsets !== undefined) inputs.push(known(constant('float32', [offsets.length], offsets)))
    return weightedLowerings[operator]!({ ...turn, engine: directSums(turn.engine), inputs })
  }
  const biases = bias && Array.from(bias.data)
  if (fits(255, 1)) return firstOf(bank(x, biases))
  if (!fits(16, 16)) {
    if (biases === undefined || sums.some((sum) => sum * 255 + coarse >= exact))
      throw unsupported(turn, 'its sums are larger than can be computed exactly')
    // the part of large biases that is added last is exact too, so that the sum is rounded once
    const large = biases.map((v) => v - modulo(v, coarse))
    const out = await firstOf(
      bank(
        x,
        biases.map((v) => modulo(v, coarse)),
      ),
    )
    const list = known(constant('float32', [large.length], large))
    return meet(turn, 'add', out, alongAxis(turn, list, shapeOf(out).length, operator === 'Conv' ? 1 : -1)!)
  }
  const sixteenth = (v: number) => Math.floor(v / 16)
  const high = await through(turn, await meet(turn, 'multiply', x, float(1 / 16)), 'floor')
  const highs = await meet(turn, 'multiply', high, float(16))
  const low = await meet(turn, 'subtract', x, highs)
  const [upper, lower] = await Promise.all([
    firstOf(bank(high, biases?.map(sixteenth))),
    firstOf(
      bank(
        low,
        biases?.map((v) => v - 16 * sixteenth(v)),
      ),
    ),
  ])
  return meet(turn, 'add', await meet(turn, 'multiply', upper, float(16)), lower)
}

/** Weights with their zero point subtracted, as integers. */
async function weightsAt(turn: Turn, i: number, zero: number, axis: number): Promise<Constant> {
  neededAt(turn, i, 'the weights')
  if (turn.inputs[zero] !== undefined) neededAt(turn, zero, 'the zero point of the weights')
  const made = await offZero(turn, turn.inputs[i]!, turn.inputs[zero], axis)
  if (made.kind === 'known') return made.constant
  throw unsupported(turn, 'its weights are computed')
}

/** Integer operators: x, weights, their zero points. */
const ofWholes =
  (operator: 'Conv' | 'MatMul'): Lowering =>
  async (turn) => {
    const x = turn.inputs[0] ?? valueAt(turn, 0)
    const [axis, across] = operator === 'Conv' ? [0, 1] : [-1, -2]
    const weights = await weightsAt(turn, 1, 3, axis)
    return wholeSums(turn, operator, await offZero(turn, x, turn.inputs[2], across), weights)
  }

/** Operators on x, its scale and zero, weights, their scale and zero, the scale and zero of the result, and a bias. */
const scaledWholes =
  (operator: 'Conv' | 'MatMul'): Lowering =>
  async (turn) => {
    const [x = valueAt(turn, 0), , zero] = turn.inputs
    const axis = operator === 'Conv' ? 0 : -1
    const weights = await weightsAt(turn, 3, 5, axis)
    const sums = await wholeSums(
      turn,
      operator,
      await offZero(turn, x, zero, 1),
      weights,
      constantAt(turn, 8, 'the bias'),
    )
    const [own, theirs, out] = [1, 4, 6].map((i): Item => known(neededAt(turn, i, 'the scale')))
    const by = await meet(turn, 'divide', await meet(turn, 'multiply', own!, theirs!), out!)
    const rank = shapeOf(sums).length
    const scaled = await meet(
      turn,
      'multiply',
      sums,
      alongAxis(turn, by, rank, operator === 'Conv' ? 1 : -1)!,
    )
    return quantised(turn, scaled, undefined, turn.inputs[7])
  }

/** Quantises to uint8, with scale and zero from the smallest and the largest sample, and 0. */
const dynamic: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const all = { ...turn, node: { ...turn.node, attributes: new Map([['keepdims', 0]]) }, inputs: [value] }
  const extreme = async (name: string, other: 'smaller' | 'larger') =>
    meet(turn, other, await firstOf(reducedLowerings[name]!(all)), float(0))
  const [low, high] = await Promise.all([extreme('ReduceMin', 'smaller'), extreme('ReduceMax', 'larger')])
  const span = await meet(turn, 'divide', await meet(turn, 'subtract', high, low), float(255))
  // if all samples are 0
  const scale = await meet(turn, 'larger', span, float(2 ** -126))
  const raw = await meet(turn, 'divide', await through(turn, low, 'neg'), scale)
  const zero = await through(turn, await through(turn, raw, 'round'), 'clip', 0, 255)
  const whole = await through(turn, await meet(turn, 'divide', value, scale), 'round')
  return [await through(turn, await meet(turn, 'add', whole, zero), 'clip', 0, 255), scale, zero]
}

/** Wraps an operator on floats: dequantises x and the further inputs, and quantises the result. */
const between =
  (lowering: Lowering | undefined, count: number): Lowering =>
  async (turn) => {
    const { inputs } = turn
    const own = Array.from({ length: count }, (_, i) => dequantised(turn, inputs.slice(3 * i, 3 * i + 3)))
    const made = await firstOf(lowering!({ ...turn, inputs: await Promise.all(own) }))
    return quantised(turn, made, inputs[3 * count], inputs[3 * count + 1])
  }

const concatenated: Lowering = async (turn) => {
  const [scale, zero, ...rest] = turn.inputs
  const own = Array.from({ length: Math.floor(rest.length / 3) }, (_, i) =>
    dequantised(turn, rest.slice(3 * i, 3 * i + 3)),
  )
  const made = await firstOf(shapeLowerings.Concat!({ ...turn, inputs: await Promise.all(own) }))
  return quantised(turn, made, scale, zero)
}

/** The quantised operators, by name. All QLinear ones except two are of com.microsoft. */
export const quantisedLowerings: Readonly<Record<string, Lowering>> = {
  QuantizeLinear: (turn) => {
    const [x = valueAt(turn, 0), scale, zero] = turn.inputs
    return quantised(unblocked(turn), x, scale, zero, numberOf(turn, 'axis', 1))
  },
  DequantizeLinear: (turn) => dequantised(unblocked(turn), turn.inputs, numberOf(turn, 'axis', 1)),
  DynamicQuantizeLinear: dynamic,
  ConvInteger: ofWholes('Conv'),
  MatMulInteger: ofWholes('MatMul'),
  QLinearConv: scaledWholes('Conv'),
  QLinearMatMul: scaledWholes('MatMul'),
  QLinearAdd: between(singleLowerings.Add, 2),
  QLinearMul: between(singleLowerings.Mul, 2),
  QLinearSigmoid: between(singleLowerings.Sigmoid, 1),
  QLinearLeakyRelu: between(singleLowerings.LeakyRelu, 1),
  QLinearAveragePool: channelsFirst(between(pooledLowerings.AveragePool, 1)),
  QLinearGlobalAveragePool: channelsFirst(between(reducedLowerings.GlobalAveragePool, 1)),
  QLinearSoftmax: between(reducedLowerings.Softmax, 1),
  QLinearConcat: concatenated,
}

function channelsFirst(lower: Lowering): Lowering {
  return (turn) => {
    if (numberOf(turn, 'channels_last', 0) === 0) return lower(turn)
    throw unsupported(turn, 'channels_last is not supported', 'a network whose channels come first')
  }
}

function unblocked(turn: Turn): Turn {
  if (numberOf(turn, 'block_size', 0) === 0) return turn
  throw unsupported(
    turn,
    'scales of blocks are not supported',
    'a network with a scale for each tensor or channel',
  )
}
