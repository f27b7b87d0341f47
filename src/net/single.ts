import { type FunctionName, functionOf } from '../definition/functions.ts'
import type { OperationName } from '../definition/mixing.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { binary, chosen, spreadShape } from './constants.ts'
import { constant } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { indexed } from './places.ts'
import {
  constantAt,
  type Lowering,
  neededAt,
  numberOf,
  numbersOf,
  places,
  type Turn,
  unfit,
  valueAt,
  wordOf,
} from './step.ts'
import {
  type Dimension,
  float,
  type Item,
  isSame,
  known,
  plain,
  planesOf,
  shapeOf,
  type Value,
} from './value.ts'

// Element-wise operators of one or two inputs.

/** An element-wise function, with the attributes that are its parameters and their defaults. */
type Single = {
  readonly name: FunctionName
  readonly parameters?: readonly (readonly [name: string, otherwise: number])[]
}

const singles: Readonly<Record<string, Single>> = {
  Relu: { name: 'relu' },
  LeakyRelu: { name: 'leakyrelu', parameters: [['alpha', Math.fround(0.01)]] },
  Sigmoid: { name: 'sigmoid' },
  HardSigmoid: {
    name: 'hardsigmoid',
    parameters: [
      ['alpha', Math.fround(0.2)],
      ['beta', 0.5],
    ],
  },
  HardSwish: { name: 'hardswish' },
  Tanh: { name: 'tanh' },
  Elu: { name: 'elu', parameters: [['alpha', 1]] },
  Celu: { name: 'celu', parameters: [['alpha', 1]] },
  Selu: {
    name: 'selu',
    parameters: [
      ['alpha', 1.6732632423543772],
      ['gamma', 1.0507009873554805],
    ],
  },
  ThresholdedRelu: { name: 'thresholded', parameters: [['alpha', 1]] },
  Softplus: { name: 'softplus' },
  Softsign: { name: 'softsign' },
  Mish: { name: 'mish' },
  Erf: { name: 'erf' },
  Exp: { name: 'exp' },
  Log: { name: 'log' },
  Sqrt: { name: 'sqrt' },
  Neg: { name: 'neg' },
  Abs: { name: 'abs' },
  Reciprocal: { name: 'reciprocal' },
  Floor: { name: 'floor' },
  Ceil: { name: 'ceil' },
  Round: { name: 'round' },
  Sign: { name: 'sign' },
  Sin: { name: 'sin' },
  Cos: { name: 'cos' },
  Not: { name: 'not' },
  IsNaN: { name: 'nan' },
}

/** Applies a function to every sample. */
export async function through(
  turn: Turn,
  item: Item,
  name: FunctionName = 'none',
  a?: number,
  b?: number,
): Promise<Item> {
  if (name === 'none') return item
  if (item.kind === 'known') {
    const { type, shape, data } = item.constant
    return known(constant(type, shape, Float64Array.from(data, functionOf(name, a, b))))
  }
  const settings = { name, unit: 1, ...(a !== undefined && { a }), ...(b !== undefined && { b }) }
  return { ...item, planes: await turn.engine.layer('activate', [item.planes], settings) }
}

const single =
  ({ name, parameters = [] }: Single): Lowering =>
  (turn) => {
    const [a, b] = parameters.map(([key, otherwise]) => numberOf(turn, key, otherwise))
    return through(turn, turn.inputs[0] ?? valueAt(turn, 0), name, a, b)
  }

const clip: Lowering = (turn) => {
  const low = constantAt(turn, 1, 'the minimum')?.data[0] ?? numberOf(turn, 'min')
  const high = constantAt(turn, 2, 'the maximum')?.data[0] ?? numberOf(turn, 'max')
  const item = turn.inputs[0] ?? valueAt(turn, 0)
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
    new Set([...a.dims, ...b.dims].flat().map(({ axis, stride, size }) => `${axis} ${stride} ${size}`))
      .size ===
      new Set(
        a.dims
          .flatMap((d, i) => (d.length > 0 ? d : b.dims[i]!))
          .map(({ axis, stride, size }) => `${axis} ${stride} ${size}`),
      ).size
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
  if (shape === undefined) throw unfit(turn, 'they do not fit')
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
  const lead = shape.slice(0, -2)
  return Promise.all(
    even.map((value) => {
      const alone = lead.flatMap((size, i) =>
        shapeOf(value)[i] === size ? [] : [[i, places(turn, size, () => 0)] as const],
      )
      return alone.length === 0 || value.planes.shape[0] === 1 ? value : indexed(turn, value, new Map(alone))
    }),
  )
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

/** Applies a binary operation to two items, broadcast to each other. @throws ConvoError E_SHAPE */
export async function meet(turn: Turn, operation: OperationName, a: Item, b: Item): Promise<Item> {
  if (a.kind === 'known' && b.kind === 'known') return known(binary(operation, a.constant, b.constant))
  const isFirst = a.kind === 'known'
  const [value, given] = isFirst ? [b, a] : [a, b]
  if (value.kind === 'value' && given.kind === 'known') {
    const numbers = numbersFor(value, given.constant)
    const settings = numbers && { operation, numbers, isFirst }
    if (settings) return { ...value, planes: await turn.engine.layer('withNumber', [value.planes], settings) }
  }
  const { planes, dims } = await alike(turn, [a, b].map(asValue))
  return { kind: 'value', planes: await turn.engine.layer('paired', planes, { operation }), dims }
}

const asValue = (item: Item): Value => (item.kind === 'known' ? planesOf(item.constant) : item)

const pair =
  (operation: OperationName): Lowering =>
  async (turn) => {
    const items = turn.inputs.filter((item) => item !== undefined)
    let [out] = items
    if (out === undefined) throw unfit(turn, 'its inputs are missing')
    for (const item of items.slice(1)) out = await meet(turn, operation, out, item)
    return out
  }

const prelu: Lowering = async (turn) => {
  const value = valueAt(turn, 0)
  const given = neededAt(turn, 1, 'the slope')
  // By ONNX's broadcasting, [n] is one slope for each column if the file has n columns. Old files also have [C], which then
  // can only mean channels. If the file leaves the width open, the width of the picture does not decide between the two.
  const [before] = turn.declared?.inputs ?? []
  const isPerColumn = before !== undefined && shapeOf(before).at(-1) === given.data.length
  const isList = given.shape.length === 1 && value.dims.length > 1
  const shape =
    isList && !isPerColumn ? [given.data.length, ...value.dims.slice(2).map(() => 1)] : given.shape
  const slope = numbersFor(value, { ...given, shape })
  if (slope === undefined) {
    const even = await plain(turn.engine, value)
    if (even !== value) return prelu({ ...turn, inputs: [even, turn.inputs[1]] })
    const size = shapeOf(value)
    const fits = given.shape.every((n, i) => n === 1 || n === size.at(i - given.shape.length))
    if (!fits || given.shape.length > size.length)
      throw unfit(turn, `its slope [${given.shape.join(',')}] cannot be broadcast to [${size.join(',')}]`)
    const zero: Item = float(0)
    const below = await meet(turn, 'multiply', await meet(turn, 'smaller', value, zero), turn.inputs[1]!)
    return meet(turn, 'add', await through(turn, value, 'relu'), below)
  }
  return { ...value, planes: await turn.engine.layer('prelu', [value.planes], { slope }) }
}

/** x · sigmoid(alpha · x). */
const swish =
  (usual: number): Lowering =>
  async (turn) => {
    const item = turn.inputs[0] ?? valueAt(turn, 0)
    const alpha = numberOf(turn, 'alpha', usual)
    if (alpha === 1) return through(turn, item, 'silu')
    const by: Item = float(alpha)
    return meet(
      turn,
      'multiply',
      item,
      await through(turn, await meet(turn, 'multiply', item, by), 'sigmoid'),
    )
  }

const mean: Lowering = async (turn) => {
  const sum = (await pair('add')(turn)) as Item
  const count = turn.inputs.filter((item) => item !== undefined).length
  return meet(turn, 'divide', sum, float(count))
}

const where: Lowering = async (turn) => {
  const items = [0, 1, 2].map((i) => turn.inputs[i] ?? valueAt(turn, i))
  const [condition, a, b] = items.map((item) => (item.kind === 'known' ? item.constant : undefined))
  if (condition && a && b) return known(chosen(condition, a, b))
  const { planes, dims } = await alike(turn, items.map(asValue))
  return { kind: 'value', planes: await turn.engine.layer('either', planes, {}), dims }
}

/** Keeps the upper or the lower triangle of rows and columns; the rest is 0. */
const triangle: Lowering = (turn) => {
  const item = turn.inputs[0] ?? valueAt(turn, 0)
  const [high = 1, wide = 1] = shapeOf(item).slice(-2)
  const k = constantAt(turn, 1, 'the diagonal')?.data[0] ?? 0
  const isUpper = numberOf(turn, 'upper', 1) !== 0
  const kept = places(turn, high * wide, (i) => {
    const at = (i % wide) - Math.floor(i / wide)
    return +(isUpper ? at >= k : at <= k)
  })
  return where({ ...turn, inputs: [known(constant('bool', [high, wide], kept)), item, float(0)] })
}

/** x · by + plus. */
const line = async (turn: Turn, x: Item, by: number, plus: Item): Promise<Item> =>
  meet(turn, 'add', await meet(turn, 'multiply', x, float(by)), plus)

/** alpha · f(beta · x). */
const stretched =
  (name: FunctionName): Lowering =>
  async (turn) => {
    const [alpha, beta] = [numberOf(turn, 'alpha', 1), numberOf(turn, 'beta', 1)]
    const x = turn.inputs[0] ?? valueAt(turn, 0)
    return meet(
      turn,
      'multiply',
      await through(turn, await meet(turn, 'multiply', x, float(beta)), name),
      float(alpha),
    )
  }

const imageScaler: Lowering = (turn) => {
  const bias = numbersOf(turn, 'bias') ?? [0]
  return line(
    turn,
    valueAt(turn, 0),
    numberOf(turn, 'scale', 1),
    known(constant('float32', [bias.length, 1, 1], bias)),
  )
}

/** The element-wise operators, by name. */
export const singleLowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(Object.entries(singles).map(([operator, one]) => [operator, single(one)])),
  ...Object.fromEntries(Object.entries(pairs).map(([operator, operation]) => [operator, pair(operation)])),
  Mod: (turn) => pair(numberOf(turn, 'fmod') === 1 ? 'remainder' : 'modulo')(turn),
  Clip: clip,
  PRelu: prelu,
  Gelu: (turn) =>
    through(
      turn,
      valueAt(turn, 0),
      wordOf(turn, 'approximate', ['none', 'tanh']) === 'tanh' ? 'gelu-tanh' : 'gelu',
    ),
  Mean: mean,
  Swish: swish(1),
  QuickGelu: swish(Math.fround(1.702)),
  Where: where,
  Trilu: triangle,
  // experimental operators of early ONNX, which converters from Core ML and Keras still write
  Affine: (turn) =>
    line(turn, valueAt(turn, 0), numberOf(turn, 'alpha', 1), float(numberOf(turn, 'beta', 0))),
  ImageScaler: imageScaler,
  ScaledTanh: stretched('tanh'),
  ParametricSoftplus: stretched('softplus'),
}
