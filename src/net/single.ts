import { type FunctionName, functionOf } from '../definition/functions.ts'
import type { OperationName } from '../definition/mixing.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { binary, chosen, spreadShape } from './constants.ts'
import { constant } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { indexed } from './places.ts'
import { firstOf, type Lowering, type Turn } from './step.ts'
import {
  type Dimension,
  float,
  type Item,
  isSame,
  known,
  plain,
  planesOf,
  shapeOf,
  textOf,
  type Value,
} from './value.ts'

// Element-wise operators of one or two inputs.

type Single = readonly [FunctionName, ...(readonly [parameter: string, otherwise: number])[]]

/** Functions of each sample, with the attributes that are their parameters and their defaults. */
const singles: Readonly<Record<string, Single>> = {
  LeakyRelu: ['leakyrelu', ['alpha', Math.fround(0.01)]],
  HardSigmoid: ['hardsigmoid', ['alpha', Math.fround(0.2)], ['beta', 0.5]],
  Elu: ['elu', ['alpha', 1]],
  Celu: ['celu', ['alpha', 1]],
  Selu: ['selu', ['alpha', 1.6732632423543772], ['gamma', 1.0507009873554805]],
  ThresholdedRelu: ['thresholded', ['alpha', 1]],
  IsNaN: ['nan'],
  ...Object.fromEntries(
    'Relu Sigmoid HardSwish Tanh Softplus Softsign Mish Erf Exp Log Sqrt Neg Abs Reciprocal Floor Ceil Round Sign Sin Cos Not'
      .split(' ')
      .map((name) => [name, [name.toLowerCase() as FunctionName]]),
  ),
}

/** An item or a number, which may still be in the making. */
type Operand = Item | number | Promise<Item>

const itemOf = async (of: Operand): Promise<Item> => (typeof of === 'number' ? float(of) : of)

/** Applies a function to every sample. */
export async function through(
  turn: Turn,
  of: Operand,
  name: FunctionName = 'none',
  a?: number,
  b?: number,
): Promise<Item> {
  const item = await itemOf(of)
  if (name === 'none') return item
  if (item.kind === 'known') {
    const { type, shape, data } = item.constant
    return known(constant(type, shape, Float64Array.from(data, functionOf(name, a, b))))
  }
  const settings = { name, unit: 1, ...(a !== undefined && { a }), ...(b !== undefined && { b }) }
  return turn.layer('activate', item, settings)
}

const single =
  ([name, ...parameters]: Single): Lowering =>
  (turn) => {
    const [a, b] = parameters.map(([key, otherwise]) => turn.number(key, otherwise))
    return through(turn, turn.item(0), name, a, b)
  }

const clip: Lowering = (turn) => {
  const low = turn.constant(1, 'the minimum')?.data[0] ?? turn.number('min')
  const high = turn.constant(2, 'the maximum')?.data[0] ?? turn.number('max')
  const item = turn.item(0)
  return through(turn, item, 'clip', low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY)
}

const pairs: Readonly<Record<string, OperationName>> = {
  Add: 'add',
  Sub: 'subtract',
  Mul: 'multiply',
  Div: 'divide',
  Pow: 'power',
  Min: 'smaller',
  Max: 'larger',
  Sum: 'add',
  Equal: 'equal',
  Greater: 'greater',
  GreaterOrEqual: 'atLeast',
  Less: 'less',
  LessOrEqual: 'atMost',
  And: 'and',
  Or: 'or',
  Xor: 'xor',
}

/** Adds dimensions of size 1 in front, up to this rank. */
const lifted = (value: Value, rank: number): Value => ({
  ...value,
  dims: [...Array.from({ length: rank - value.dims.length }, (): Dimension => []), ...value.dims],
})

/** Whether two values view their planes in the same way, so that samples at the same place belong together. */
function areAlike(a: Value, b: Value): boolean {
  const fits = ([0, 1, 2] as const).every((axis) => {
    const [x, y] = [a.planes.shape[axis]!, b.planes.shape[axis]!]
    return x === y || x === 1 || y === 1
  })
  return (
    fits &&
    a.dims.every((dimension, i) => {
      const other = b.dims[i]!
      return isSame(dimension, other) || dimension.length === 0 || other.length === 0
    }) &&
    // an axis that one value lacks is one whole dimension of the other
    new Set([...a.dims, ...b.dims].flat().map(textOf)).size ===
      new Set(a.dims.flatMap((d, i) => (d.length > 0 ? d : b.dims[i]!)).map(textOf)).size
  )
}

/** Broadcasts values to each other and arranges their planes alike. @throws ConvoError E_SHAPE */
async function alike(
  turn: Turn,
  values: readonly Value[],
): Promise<{ readonly planes: Tensor[]; readonly dims: readonly Dimension[] }> {
  const shape = values.reduce<number[] | undefined>(
    (all, value) => all && spreadShape(all, shapeOf(value)),
    [],
  )
  if (shape === undefined) throw turn.unfit('they do not fit')
  const full = values.map((value) => lifted(value, shape.length))
  const isEven = full.every((a, i) => full.slice(i + 1).every((b) => areAlike(a, b)))
  const even = isEven ? full : await evened(turn, full, shape)
  const dims = shape.map((_, i) => even.map((value) => value.dims[i]!).find((d) => d.length > 0) ?? [])
  return { planes: even.map(({ planes }) => planes), dims }
}

/** Moves rows and columns last in all values, and repeats leading dimensions that only some have. */
async function evened(turn: Turn, values: readonly Value[], shape: readonly number[]): Promise<Value[]> {
  const even = await Promise.all(values.map((value) => plain(turn.engine, value)))
  const leads = even.map((value) => shapeOf(value).slice(0, -2).join())
  const counts = new Set(leads.filter((_, i) => even[i]!.planes.shape[0]! > 1))
  if (counts.size <= 1) return even
  const repeated = even.map((value) => {
    const own = shapeOf(value)
    const alone = shape.slice(0, -2).flatMap((size, i) => (own[i] === size ? [] : [[i, size] as const]))
    const places = alone.map(([i, size]) => [i, turn.places(size, () => 0)] as const)
    return value.planes.shape[0] === 1 ? value : indexed(turn, value, new Map(places))
  })
  return (await Promise.all(repeated)) as Value[]
}

/** The numbers of a constant that is a scalar or one number for each channel; otherwise undefined. */
function numbersFor(value: Value, given: Constant): Float32Array | undefined {
  if (given.data.length === 1) return Float32Array.of(given.data[0]!)
  const rank = value.dims.length
  const shape = [...Array.from({ length: rank - given.shape.length }, () => 1), ...given.shape]
  if (shape.length !== rank) return undefined
  const varying = shape.map((size, i) => (size > 1 ? i : -1)).filter((i) => i >= 0)
  const atoms = varying.flatMap((i) => value.dims[i]!)
  const fits = varying.every((i) => shapeOf(value)[i] === shape[i])
  if (!fits || atoms.some(({ axis }) => axis !== 0)) return undefined
  const sizes = varying.flatMap((i) => value.dims[i]!.map(({ size }) => size))
  return Float32Array.from({ length: value.planes.shape[0]! }, (_, c) => {
    const place = atoms.reduce(
      (sum, { stride }, k) => sum * sizes[k]! + (Math.floor(c / stride) % sizes[k]!),
      0,
    )
    return given.data[place]!
  })
}

/** Applies a binary operation to two operands, broadcast to each other. @throws ConvoError E_SHAPE */
export async function meet(turn: Turn, operation: OperationName, x: Operand, y: Operand): Promise<Item> {
  const [a, b] = await Promise.all([itemOf(x), itemOf(y)])
  if (a.kind === 'known' && b.kind === 'known') return known(binary(operation, a.constant, b.constant))
  const isFirst = a.kind === 'known'
  const [value, given] = isFirst ? [b, a] : [a, b]
  if (value.kind === 'value' && given.kind === 'known') {
    const numbers = numbersFor(value, given.constant)
    if (numbers !== undefined) return turn.layer('withNumber', value, { operation, numbers, isFirst })
  }
  const { planes, dims } = await alike(turn, [a, b].map(planesOf))
  return { kind: 'value', planes: await turn.engine.layer('paired', planes, { operation }), dims }
}

const pair =
  (operation: OperationName): Lowering =>
  async (turn) => {
    const [first, ...rest] = turn.inputs.filter((item) => item !== undefined)
    if (first === undefined) throw turn.unfit('its inputs are missing')
    return rest.reduce<Promise<Item>>((all, item) => meet(turn, operation, all, item), itemOf(first))
  }

const prelu: Lowering = async (turn) => {
  const value = turn.value(0)
  const given = turn.needed(1, 'the slope')
  // By ONNX's broadcasting, [n] is one slope for each column if the file has n columns. Old files also have [C], which then
  // can only mean channels. If the file leaves the width open, the width of the picture does not decide between the two.
  const [before] = turn.declared?.inputs ?? []
  const isPerColumn = before !== undefined && shapeOf(before).at(-1) === given.data.length
  const isList = given.shape.length === 1 && value.dims.length > 1
  const shape =
    isList && !isPerColumn ? [given.data.length, ...value.dims.slice(2).map(() => 1)] : given.shape
  const slope = numbersFor(value, { ...given, shape })
  if (slope !== undefined) return turn.layer('prelu', value, { slope })
  const even = await plain(turn.engine, value)
  if (even !== value) return prelu(turn.on([even, turn.inputs[1]]))
  const size = shapeOf(value)
  const fits = given.shape.every((n, i) => n === 1 || n === size.at(i - given.shape.length))
  if (!fits || given.shape.length > size.length)
    throw turn.unfit(`its slope [${given.shape.join(',')}] cannot be broadcast to [${size.join(',')}]`)
  const below = meet(turn, 'multiply', meet(turn, 'smaller', value, 0), turn.item(1))
  return meet(turn, 'add', through(turn, value, 'relu'), below)
}

/** x · sigmoid(alpha · x). */
const swish =
  (usual: number): Lowering =>
  (turn) => {
    const item = turn.item(0)
    const alpha = turn.number('alpha', usual)
    if (alpha === 1) return through(turn, item, 'silu')
    return meet(turn, 'multiply', item, through(turn, meet(turn, 'multiply', item, alpha), 'sigmoid'))
  }

const mean: Lowering = (turn) => {
  const count = turn.inputs.filter((item) => item !== undefined).length
  return meet(turn, 'divide', firstOf(pair('add')(turn)), count)
}

const where: Lowering = async (turn) => {
  const items = [0, 1, 2].map((i) => turn.item(i))
  const [condition, a, b] = items.map((item) => (item.kind === 'known' ? item.constant : undefined))
  if (condition && a && b) return known(chosen(condition, a, b))
  const { planes, dims } = await alike(turn, items.map(planesOf))
  return { kind: 'value', planes: await turn.engine.layer('either', planes, {}), dims }
}

/** Keeps the upper or the lower triangle of rows and columns; the rest is 0. */
const triangle: Lowering = (turn) => {
  const item = turn.item(0)
  const [high = 1, wide = 1] = shapeOf(item).slice(-2)
  const k = turn.constant(1, 'the diagonal')?.data[0] ?? 0
  const isUpper = turn.number('upper', 1) !== 0
  const kept = turn.places(high * wide, (i) => {
    const at = (i % wide) - Math.floor(i / wide)
    return +(isUpper ? at >= k : at <= k)
  })
  return where(turn.on([known(constant('bool', [high, wide], kept)), item, float(0)]))
}

/** x · by + plus. */
const line = (turn: Turn, by: number, plus: Operand): Promise<Item> =>
  meet(turn, 'add', meet(turn, 'multiply', turn.value(0), by), plus)

/** alpha · f(beta · x). */
const stretched =
  (name: FunctionName): Lowering =>
  (turn) => {
    const inner = meet(turn, 'multiply', turn.item(0), turn.number('beta', 1))
    return meet(turn, 'multiply', through(turn, inner, name), turn.number('alpha', 1))
  }

const imageScaler: Lowering = (turn) => {
  const bias = turn.list('bias') ?? [0]
  return line(turn, turn.number('scale', 1), known(constant('float32', [bias.length, 1, 1], bias)))
}

const gelu: Lowering = (turn) => {
  const isTanh = turn.word('approximate', ['none', 'tanh']) === 'tanh'
  return through(turn, turn.value(0), isTanh ? 'gelu-tanh' : 'gelu')
}

/** The element-wise operators, by name. */
export const singleLowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(Object.entries(singles).map(([operator, one]) => [operator, single(one)])),
  ...Object.fromEntries(Object.entries(pairs).map(([operator, operation]) => [operator, pair(operation)])),
  Mod: (turn) => pair(turn.flag('fmod') ? 'remainder' : 'modulo')(turn),
  Clip: clip,
  PRelu: prelu,
  Gelu: gelu,
  Mean: mean,
  Swish: swish(1),
  QuickGelu: swish(Math.fround(1.702)),
  Where: where,
  Trilu: triangle,
  // experimental operators of early ONNX, which converters from Core ML and Keras still write
  Affine: (turn) => line(turn, turn.number('alpha', 1), turn.number('beta', 0)),
  ImageScaler: imageScaler,
  ScaledTanh: stretched('tanh'),
  ParametricSoftplus: stretched('softplus'),
}
