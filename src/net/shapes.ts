import { sizeOf } from '../tensor/tensor.ts'
import { baked } from './baked.ts'
import { cast, joinedConstants, listOf, spread, spreadShape, taken1, wholes } from './constants.ts'
import { becomesOf, constant, transposedConstant, typeBy } from './formats/numbers.ts'
import { indexed, joined, paddedValue, padModes } from './places.ts'
import {
  places as along,
  axisIn,
  constantAt,
  countsOf,
  type Lowering,
  neededAt,
  numberOf,
  numbersOf,
  type Turn,
  unfit,
  unsupported,
  valueAt,
  wordOf,
} from './step.ts'
import { arranged, type Item, known, planesOf, reshaped, shapeOf, transposed, type Value } from './value.ts'

// Operators that compute nothing: they read shapes, or move samples.

/** Reshapes an item. @throws ConvoError E_SHAPE */
export function withShape(turn: Turn, item: Item, shape: readonly number[]): Item {
  if (item.kind === 'known') {
    if (sizeOf(shape) !== item.constant.data.length) throw unfit(turn, `it does not fit [${shape}]`)
    return known({ ...item.constant, shape: [...shape] })
  }
  const made = reshaped(item, shape)
  if (made === undefined) throw unfit(turn, `it does not fit [${shape}]`)
  return made
}

/** The first input. @throws ConvoError E_SHAPE if it is missing */
export const first = ({ inputs, node }: Turn): Item => {
  const [item] = inputs
  if (item === undefined) throw unfit({ inputs, node } as Turn, 'its input is missing')
  return item
}

/** The axes from an attribute, or since opset 13 from the second input. */
export const axesOf = (turn: Turn): readonly number[] | undefined => {
  const given = constantAt(turn, 1, 'the axes')
  return given === undefined ? numbersOf(turn, 'axes') : listOf(given)
}

async function reshape(turn: Turn): Promise<Item> {
  const item = first(turn)
  const from = shapeOf(item)
  const target = listOf(neededAt(turn, 1, 'the shape'))
  const keepsZero = numberOf(turn, 'allowzero', 0) === 1
  const filled = target.map((size, i) => (size === 0 && !keepsZero ? (from[i] ?? 1) : size))
  const open = filled.indexOf(-1)
  if (filled.some((size, i) => size < 0 && i !== open))
    throw unfit(turn, `the shape [${target}] leaves more than one size open`)
  const rest = filled.reduce((product, size) => (size === -1 ? product : product * size), 1)
  const shape = open < 0 ? filled : filled.with(open, sizeOf(from) / rest)
  if (sizeOf(shape) === sizeOf(from) && shape.every(Number.isInteger)) {
    const made = item.kind === 'value' ? reshaped(item, shape) : withShape(turn, item, shape)
    if (made !== undefined) return made
  }
  if (item.kind === 'known') return withShape(turn, item, shape)
  const wanted = baked(item, turn.declared) ?? shape
  if (sizeOf(wanted) !== sizeOf(from) || reshaped(item, wanted) !== undefined)
    return withShape(turn, item, wanted)
  // rows of another length: flatten all samples, then split them
  const row = await arranged(turn.engine, item, [from.map((_, i) => i), [], []])
  return withShape(turn, row, wanted)
}

function slice(turn: Turn): Promise<Item> | Item {
  const item = first(turn)
  const shape = shapeOf(item)
  const list = (i: number, name: string) => {
    const given = constantAt(turn, i, `the ${name}`)
    return given === undefined ? numbersOf(turn, name) : listOf(given)
  }
  const starts = list(1, 'starts') ?? []
  const ends = list(2, 'ends') ?? []
  const axes = list(3, 'axes') ?? starts.map((_, i) => i)
  const steps = list(4, 'steps') ?? starts.map(() => 1)
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    throw unfit(turn, 'its starts, ends, axes and steps are not as many')
  const places = new Map<number, number[]>()
  starts.forEach((start, i) => {
    const axis = axisIn(turn, axes[i]!, shape.length)
    const step = steps[i]!
    if (step === 0) throw unfit(turn, 'its step is 0')
    const size = shape[axis]!
    const inside = (v: number, low: number, high: number) =>
      Math.max(low, Math.min(v < 0 ? v + size : v, high))
    const from = step > 0 ? inside(start, 0, size) : inside(start, 0, size - 1)
    const end =
      step > 0
        ? inside(ends[i]!, 0, size)
        : Math.max(-1, ends[i]! < -size ? -1 : inside(ends[i]!, -1, size - 1))
    const count = Math.max(0, Math.ceil((end - from) / step))
    places.set(
      axis,
      along(turn, count, (k) => from + k * step),
    )
  })
  if (item.kind === 'value') return indexed(turn, item, places)
  return known([...places].reduce((x, [axis, list]) => taken1(x, axis, list), item.constant))
}

async function split(turn: Turn): Promise<Item[]> {
  const item = first(turn)
  const shape = shapeOf(item)
  const axis = axisIn(turn, numberOf(turn, 'axis', 0), shape.length)
  const given = constantAt(turn, 1, 'the split')
  const count = turn.node.outputs.length
  const even = Math.ceil(shape[axis]! / count)
  const sizes =
    (given === undefined ? numbersOf(turn, 'split') : listOf(given)) ??
    Array.from({ length: count }, (_, i) => Math.min(even, shape[axis]! - i * even))
  if (
    sizes.length < count ||
    sizes.some((n) => !(n >= 0)) ||
    sizes.reduce((a, b) => a + b, 0) !== shape[axis]
  )
    throw unfit(turn, `parts of ${sizes.join(', ')} do not fit axis ${axis}`)
  let start = 0
  const parts: Item[] = []
  for (const size of sizes) {
    const list = along(turn, size, (i) => start + i)
    parts.push(await taken(turn, item, axis, list))
    start += size
  }
  return parts
}

export async function concat(turn: Turn): Promise<Item> {
  const items = turn.inputs.filter((item) => item !== undefined)
  const axis = axisIn(turn, numberOf(turn, 'axis', 1), shapeOf(items[0]!).length)
  if (items.every((item) => item.kind === 'known'))
    return known(
      joinedConstants(
        items.map((item) => item.constant),
        axis,
      ),
    )
  const full = items.filter((item) => sizeOf(shapeOf(item)) > 0)
  return joined(
    turn,
    full.map((item) => (item.kind === 'known' ? planesOf(item.constant) : item)),
    axis,
  )
}

/** Takes elements along an axis of an item, in this order. */
export async function taken(turn: Turn, item: Item, axis: number, places: readonly number[]): Promise<Item> {
  if (item.kind === 'known') return known(taken1(item.constant, axis, places))
  return indexed(turn, item, new Map([[axis, places]]))
}

function unsqueeze(turn: Turn): Item {
  const item = first(turn)
  const axes = axesOf(turn) ?? []
  const rank = shapeOf(item).length + axes.length
  const at = axes.map((axis) => axisIn(turn, axis, rank))
  const sizes = shapeOf(item)
  return withShape(
    turn,
    item,
    Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : sizes.shift()!)),
  )
}

function squeeze(turn: Turn): Item {
  const item = first(turn)
  const shape = shapeOf(item)
  const axes = axesOf(turn)?.map((axis) => axisIn(turn, axis, shape.length))
  return withShape(
    turn,
    item,
    shape.filter((size, i) => (axes === undefined ? size !== 1 : !axes.includes(i))),
  )
}

function flatten(turn: Turn): Item {
  const item = first(turn)
  const shape = shapeOf(item)
  const given = numberOf(turn, 'axis', 1)
  const axis = given < 0 ? given + shape.length : given
  return withShape(turn, item, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))])
}

function transpose(turn: Turn): Item {
  const item = first(turn)
  const rank = shapeOf(item).length
  const order = numbersOf(turn, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
  if (order.length !== rank || order.toSorted((a, b) => a - b).some((axis, i) => axis !== i))
    throw unfit(turn, `${order.join(', ')} is not an order of ${rank} dimensions`)
  return item.kind === 'known' ? known(transposedConstant(item.constant, order)) : transposed(item, order)
}

/** Whether the row within a block or the channel is the outermost factor of the channels. */
const shuffles = ['DCR', 'CRD'] as const

/** Moves channels to blocks of b x b samples, by reshape and transposition. */
const depthToSpace: Lowering = (turn) => {
  const item = valueAt(turn, 0)
  const b = numberOf(turn, 'blocksize', 1)
  const [n = 1, c = 1, h = 1, w = 1] = shapeOf(item)
  const isCrd = wordOf(turn, 'mode', shuffles) === 'CRD'
  if (c % b ** 2 !== 0) throw unfit(turn, `${c} channels are not a multiple of ${b}x${b}`)
  const inner = c / b ** 2
  const parts = withShape(turn, item, isCrd ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w]) as Value
  const turned = transposed(parts, isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
  return withShape(turn, turned, [n, inner, h * b, w * b])
}

const spaceToDepth: Lowering = (turn) => {
  const item = valueAt(turn, 0)
  const b = numberOf(turn, 'blocksize', 1)
  const [n = 1, c = 1, h = 1, w = 1] = shapeOf(item)
  if (h % b !== 0 || w % b !== 0) throw unfit(turn, `${w}x${h} is not a multiple of ${b}`)
  const parts = withShape(turn, item, [n, c, h / b, b, w / b, b]) as Value
  const isCrd = wordOf(turn, 'mode', shuffles) === 'CRD'
  const turned = transposed(parts, isCrd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
  return withShape(turn, turned, [n, c * b ** 2, h / b, w / b])
}

function pad(turn: Turn): Promise<Item> | Item {
  const value = valueAt(turn, 0)
  const rank = shapeOf(value).length
  const mode = wordOf(turn, 'mode', padModes)
  const given = constantAt(turn, 1, 'the pads')
  const list =
    (given === undefined ? (numbersOf(turn, 'pads') ?? numbersOf(turn, 'paddings')) : listOf(given)) ?? []
  const axes = constantAt(turn, 3, 'the axes')
  const fill = constantAt(turn, 2, 'the value')?.data[0] ?? numberOf(turn, 'value', 0)
  const chosen =
    axes === undefined
      ? Array.from({ length: rank }, (_, i) => i)
      : listOf(axes).map((a) => axisIn(turn, a, rank))
  if (list.length !== 2 * chosen.length) throw unfit(turn, `${list.length} pads for ${chosen.length} axes`)
  const pads = new Map(chosen.map((axis, i) => [axis, [list[i]!, list[i + chosen.length]!] as const]))
  return paddedValue(turn, value, pads, mode, fill)
}

async function expand(turn: Turn): Promise<Item> {
  const item = first(turn)
  const target = listOf(neededAt(turn, 1, 'the shape'))
  const own = shapeOf(item)
  const shape = spreadShape(target, own)
  if (shape === undefined) throw unfit(turn, `it is not spread over [${target}]`)
  const rank = shape.length
  if (item.kind === 'known') return known(spread(item.constant, shape))
  const lifted = withShape(turn, item, [
    ...Array.from({ length: rank - own.length }, () => 1),
    ...own,
  ]) as Value
  const places = new Map(
    shape.flatMap((size, i) =>
      size !== shapeOf(lifted)[i] ? [[i, along(turn, size, () => 0)] as const] : [],
    ),
  )
  return indexed(turn, lifted, places)
}

async function tile(turn: Turn): Promise<Item> {
  const item = first(turn)
  const times = listOf(neededAt(turn, 1, 'the repeats'))
  const shape = shapeOf(item)
  if (times.length !== shape.length) throw unfit(turn, `${times.length} repeats for ${shape.length} axes`)
  const places = new Map(
    times.flatMap((n, i) =>
      n === 1 ? [] : [[i, along(turn, shape[i]! * n, (k) => k % shape[i]!)] as const],
    ),
  )
  if (item.kind === 'known')
    return known([...places].reduce((x, [axis, list]) => taken1(x, axis, list), item.constant))
  return indexed(turn, item, places)
}

/** Crops rows and columns: by a border of [left, top, right, bottom], or to the size in `scale`. */
const crop: Lowering = (turn) => {
  const value = valueAt(turn, 0)
  const [high = 1, wide = 1] = shapeOf(value).slice(-2)
  const [left, top, right, bottom] = countsOf(turn, 'border', 4, 0) ?? [0, 0, 0, 0]
  const [rows, columns] = countsOf(turn, 'scale', 2, 1) ?? [high - top! - bottom!, wide - left! - right!]
  const pads = [
    [-top!, top! + rows! - high],
    [-left!, left! + columns! - wide],
  ] as const
  if (pads.some(([, after]) => after > 0)) throw unfit(turn, 'it crops to more than it gets')
  const rank = value.dims.length
  return paddedValue(turn, value, new Map(pads.map((pad, i) => [rank - 2 + i, pad])), 'constant', 0)
}

/** Selects the output of the branch that is taken. Inputs: the condition, and the outputs of both branches. */
const branch: Lowering = (turn) => {
  const isTrue = neededAt(turn, 0, 'the condition').data[0] !== 0
  const half = (turn.inputs.length - 1) / 2
  const made = turn.inputs.slice(isTrue ? 1 : 1 + half, isTrue ? 1 + half : undefined)
  if (made.length !== turn.node.outputs.length || made.includes(undefined))
    throw unfit(turn, `a branch gives ${made.length} values for ${turn.node.outputs.length}`)
  return made as Item[]
}

/** The operators on shapes and positions, by name. */
export const shapeLowerings: Readonly<Record<string, Lowering>> = {
  Identity: first,
  If: branch,
  Dropout: (turn) => [first(turn), known(constant('bool', [], [1]))],
  Constant: ({ node }) => {
    const { attributes } = node
    const value = attributes.get('value')
    if (typeof value === 'object' && 'type' in value) return known(value)
    const float = attributes.get('value_float') ?? attributes.get('value_floats')
    const whole = attributes.get('value_int') ?? attributes.get('value_ints')
    const [type, given] = float === undefined ? (['int64', whole] as const) : (['float32', float] as const)
    const list = (typeof given === 'number' ? [given] : Array.isArray(given) ? given : []) as number[]
    return known(constant(type, typeof given === 'number' ? [] : [list.length], list))
  },
  Cast: (turn) => {
    const item = first(turn)
    const stated = typeBy('onnx', numberOf(turn, 'to', 1))
    if (stated === undefined)
      throw unsupported(turn, `numbers of ONNX's type ${numberOf(turn, 'to', 1)} are not supported`)
    const type = becomesOf(stated)
    if (item.kind === 'known') return known(cast(item.constant, type))
    if (type === 'float32' || type === 'float64') return item
    return turn.engine
      .layer('activate', [item.planes], { name: type === 'bool' ? 'true' : 'trunc', unit: 1 })
      .then((planes) => ({ ...item, planes }))
  },
  Shape: (turn) => {
    const shape = shapeOf(first(turn))
    const end = numberOf(turn, 'end')
    return known(wholes(shape.slice(numberOf(turn, 'start', 0), end)))
  },
  Size: (turn) => known(constant('int64', [], [sizeOf(shapeOf(first(turn)))])),
  ConstantOfShape: (turn) => {
    const shape = listOf(neededAt(turn, 0, 'the shape'))
    const value = turn.node.attributes.get('value')
    const filler = typeof value === 'object' && 'type' in value ? value : constant('float32', [1], [0])
    return known(spread({ ...filler, shape: [1] }, shape))
  },
  Range: (turn) => {
    const [start, limit, step] = [0, 1, 2].map((i) => neededAt(turn, i, 'the range').data[0]!) as [
      number,
      number,
      number,
    ]
    const list = along(turn, Math.max(0, Math.ceil((limit - start) / step)), (i) => start + i * step)
    return known(constant(neededAt(turn, 0, 'the range').type, [list.length], list))
  },
  Reshape: reshape,
  Flatten: flatten,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Concat: concat,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Crop: crop,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}
