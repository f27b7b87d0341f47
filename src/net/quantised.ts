import { directSums } from '../definition/engine.ts'
import { cast } from './constants.ts'
import { constant, spans, typeBy } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { pooledLowerings } from './pooled.ts'
import { reducedLowerings } from './reduced.ts'
import { shapeLowerings } from './shapes.ts'
import { meet, singleLowerings, through } from './single.ts'
import { firstOf, type Lowering, type Turn } from './step.ts'
import { type Item, known, shapeOf } from './value.ts'
import { weightedLowerings } from './weighted.ts'

// Operators of quantised networks, whose integers q represent (q − zero) · scale. Samples stay float32, which represents
// the integers exactly. Sums of products that could exceed 2^24 are computed in two parts, each of which is exact.

/** Shapes a scalar, or a list with one number for each index of an axis, for broadcasting to this rank. */
function alongAxis(turn: Turn, item: Item | undefined, rank: number, axis: number): Item | undefined {
  if (item === undefined || shapeOf(item).length !== 1 || rank === 0) return item
  const [size] = shapeOf(item) as [number]
  // a list of one number is a scalar, whatever the axis
  if (size === 1)
    return item.kind === 'value' ? { ...item, dims: [] } : known({ ...item.constant, shape: [] })
  const after = rank - 1 - (axis < 0 ? axis + rank : axis)
  if (!(after >= 0 && after < rank)) throw turn.unfit(`axis ${axis} does not exist in ${rank} dimensions`)
  if (item.kind === 'value' && after > 0)
    throw turn.unsupported('computed scales for the places of an axis are not supported')
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
  if (q === undefined || scale === undefined) throw turn.unfit('an input is missing')
  const by = alongAxis(turn, scale, shapeOf(q).length, axis)!
  return meet(turn, 'multiply', offZero(turn, q, zero, axis), by)
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
    zero?.kind === 'known' ? zero.constant.type : (typeBy('onnx', turn.number('output_dtype', 2)) ?? '')
  const span = Object.hasOwn(spans, type) ? spans[type] : undefined
  if (span === undefined)
    throw turn.unsupported(
      `numbers of ${type || 'another type'} are not supported`,
      `a network of ${Object.keys(spans).join(', ')}`,
    )
  const whole = await through(turn, by === undefined ? x : meet(turn, 'divide', x, by), 'round')
  const at = alongAxis(turn, zero, rank, axis)
  return through(turn, at === undefined ? whole : meet(turn, 'add', whole, wide(at)), 'clip', ...span)
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
  const bank = async (input: Item | Promise<Item>, part: (bias: number) => number) => {
    const inputs: Item[] = [await input, known(weights)]
    if (bias !== undefined)
      inputs.push(known(constant('float32', [bias.data.length], Array.from(bias.data, part))))
    return firstOf(weightedLowerings[operator]!(turn.on(inputs, undefined, directSums(turn.engine))))
  }
  const all = (v: number) => v
  if (fits(255, 1)) return bank(x, all)
  if (!fits(16, 16)) {
    if (bias === undefined || sums.some((sum) => sum * 255 + coarse >= exact))
      throw turn.unsupported('its sums are larger than can be computed exactly')
    // the part of large biases that is added last is exact too, so that the sum is rounded once
    const out = await bank(x, (v) => modulo(v, coarse))
    const large = constant(
      'float32',
      [bias.data.length],
      Array.from(bias.data, (v) => v - modulo(v, coarse)),
    )
    const at = alongAxis(turn, known(large), shapeOf(out).length, operator === 'Conv' ? 1 : -1)!
    return meet(turn, 'add', out, at)
  }
  const sixteenth = (v: number) => Math.floor(v / 16)
  const high = await through(turn, meet(turn, 'multiply', x, 1 / 16), 'floor')
  const low = meet(turn, 'subtract', x, meet(turn, 'multiply', high, 16))
  const upper = meet(turn, 'multiply', bank(high, sixteenth), 16)
  return meet(
    turn,
    'add',
    upper,
    bank(low, (v) => v - 16 * sixteenth(v)),
  )
}

/** Weights with their zero point subtracted, as integers. */
async function weightsAt(turn: Turn, i: number, zero: number, axis: number): Promise<Constant> {
  turn.needed(i, 'the weights')
  if (turn.inputs[zero] !== undefined) turn.needed(zero, 'the zero point of the weights')
  const made = await offZero(turn, turn.inputs[i]!, turn.inputs[zero], axis)
  if (made.kind === 'known') return made.constant
  throw turn.unsupported('its weights are computed')
}

/** Integer operators: x, weights, their zero points. */
const ofWholes =
  (operator: 'Conv' | 'MatMul'): Lowering =>
  async (turn) => {
    const x = turn.item(0)
    const [axis, across] = operator === 'Conv' ? [0, 1] : [-1, -2]
    const weights = await weightsAt(turn, 1, 3, axis)
    return wholeSums(turn, operator, await offZero(turn, x, turn.inputs[2], across), weights)
  }

/** Operators on x, its scale and zero, weights, their scale and zero, the scale and zero of the result, and a bias. */
const scaledWholes =
  (operator: 'Conv' | 'MatMul'): Lowering =>
  async (turn) => {
    const isConv = operator === 'Conv'
    const weights = await weightsAt(turn, 3, 5, isConv ? 0 : -1)
    const x = await offZero(turn, turn.item(0), turn.inputs[2], 1)
    const sums = await wholeSums(turn, operator, x, weights, turn.constant(8, 'the bias'))
    const [own, theirs, out] = [1, 4, 6].map((i) => known(turn.needed(i, 'the scale'))) as [Item, Item, Item]
    const by = await meet(turn, 'divide', meet(turn, 'multiply', own, theirs), out)
    const at = alongAxis(turn, by, shapeOf(sums).length, isConv ? 1 : -1)!
    return quantised(turn, await meet(turn, 'multiply', sums, at), undefined, turn.inputs[7])
  }

/** Quantises to uint8, with scale and zero from the smallest and the largest sample, and 0. */
const dynamic: Lowering = async (turn) => {
  const value = turn.value(0)
  const all = turn.on([value], new Map([['keepdims', 0]]))
  const extreme = (name: string, other: 'smaller' | 'larger') =>
    meet(turn, other, firstOf(reducedLowerings[name]!(all)), 0)
  const [low, high] = await Promise.all([extreme('ReduceMin', 'smaller'), extreme('ReduceMax', 'larger')])
  const span = meet(turn, 'divide', meet(turn, 'subtract', high, low), 255)
  // if all samples are 0
  const scale = await meet(turn, 'larger', span, 2 ** -126)
  const raw = meet(turn, 'divide', through(turn, low, 'neg'), scale)
  const zero = await through(turn, through(turn, raw, 'round'), 'clip', 0, 255)
  const whole = through(turn, meet(turn, 'divide', value, scale), 'round')
  return [await through(turn, meet(turn, 'add', whole, zero), 'clip', 0, 255), scale, zero]
}

/** Runs an operator on floats: dequantises its inputs, each with a scale and a zero, and quantises the result. */
async function between(
  turn: Turn,
  lowering: Lowering | undefined,
  inputs: Turn['inputs'],
  [scale, zero]: Turn['inputs'],
): Promise<Item> {
  const own = Array.from({ length: Math.floor(inputs.length / 3) }, (_, i) =>
    dequantised(turn, inputs.slice(3 * i, 3 * i + 3)),
  )
  return quantised(turn, await firstOf(lowering!(turn.on(await Promise.all(own)))), scale, zero)
}

/** Wraps an operator on floats with `count` inputs. The scale and zero of the result come last. */
const wrapped =
  (lowering: Lowering | undefined, count: number): Lowering =>
  (turn) => {
    if (turn.number('channels_last', 0) !== 0)
      throw turn.unsupported('channels_last is not supported', 'a network whose channels come first')
    return between(turn, lowering, turn.inputs.slice(0, 3 * count), turn.inputs.slice(3 * count))
  }

/** The axis of scales that are not those of blocks. */
function axisOf(turn: Turn): number {
  if (turn.number('block_size', 0) === 0) return turn.number('axis', 1)
  throw turn.unsupported(
    'scales of blocks are not supported',
    'a network with a scale for each tensor or channel',
  )
}

/** The quantised operators, by name. All QLinear ones except two are of com.microsoft. */
export const quantisedLowerings: Readonly<Record<string, Lowering>> = {
  QuantizeLinear: (turn) => quantised(turn, turn.item(0), turn.inputs[1], turn.inputs[2], axisOf(turn)),
  DequantizeLinear: (turn) => dequantised(turn, turn.inputs, axisOf(turn)),
  DynamicQuantizeLinear: dynamic,
  ConvInteger: ofWholes('Conv'),
  MatMulInteger: ofWholes('MatMul'),
  QLinearConv: scaledWholes('Conv'),
  QLinearMatMul: scaledWholes('MatMul'),
  QLinearAdd: wrapped(singleLowerings.Add, 2),
  QLinearMul: wrapped(singleLowerings.Mul, 2),
  QLinearSigmoid: wrapped(singleLowerings.Sigmoid, 1),
  QLinearLeakyRelu: wrapped(singleLowerings.LeakyRelu, 1),
  QLinearAveragePool: wrapped(pooledLowerings.AveragePool, 1),
  QLinearGlobalAveragePool: wrapped(reducedLowerings.GlobalAveragePool, 1),
  QLinearSoftmax: wrapped(reducedLowerings.Softmax, 1),
  QLinearConcat: (turn) =>
    between(turn, shapeLowerings.Concat, turn.inputs.slice(2), turn.inputs.slice(0, 2)),
}
