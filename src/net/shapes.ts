import { sizeOf } from '../tensor/tensor.ts'
import { cast, joinedConstants, listOf, spread, spreadShape, wholes } from './constants.ts'
import { becomesOf, constant, typeBy } from './formats/numbers.ts'
import type { Constant } from './network.ts'
import { indexed, joined, paddedValue, padModes, upTo } from './places.ts'
import type { Declared, Lowering, Turn } from './step.ts'
import {
  type Atom,
  arranged,
  type Item,
  known,
  planesOf,
  reshaped,
  shapeOf,
  transposed,
  type Value,
} from './value.ts'

// Operators that compute nothing: they read shapes, or move samples.

/** Reshapes an item. @throws ConvoError E_SHAPE */
export function withShape<I extends Item>(turn: Turn, item: I, shape: readonly number[]): I {
  const made = reshaped(item, shape)
  if (made !== undefined) return made
  throw turn.unfit(`it does not fit [${shape}]`)
}

/** The axes from an attribute, or since opset 13 from the second input. */
export const axesOf = (turn: Turn): readonly number[] | undefined => turn.listAt(1, 'axes')

const reshape: Lowering = async (turn) => {
  const item = turn.item(0)
  const from = shapeOf(item)
  const target = listOf(turn.needed(1, 'the shape'))
  const keepsZero = turn.flag('allowzero')
  const filled = target.map((size, i) => (size === 0 && !keepsZero ? (from[i] ?? 1) : size))
  const open = filled.indexOf(-1)
  if (filled.some((size, i) => size < 0 && i !== open))
    throw turn.unfit(`the shape [${target}] leaves more than one size open`)
  const rest = filled.reduce((product, size) => (size === -1 ? product : product * size), 1)
  const shape = open < 0 ? filled : filled.with(open, sizeOf(from) / rest)
  const made = reshaped(item, shape)
  if (made !== undefined || item.kind === 'known') return made ?? withShape(turn, item, shape)
  const wanted = baked(item, turn.declared) ?? shape
  const moved = reshaped(item, wanted)
  if (moved !== undefined || sizeOf(wanted) !== sizeOf(from)) return moved ?? withShape(turn, item, wanted)
  // rows of another length: flatten all samples, then split them
  return withShape(turn, await arranged(turn.engine, item, [upTo(from.length), [], []]), wanted)
}

/**
 * Corrects a reshape whose file contains the sizes of one particular picture: rows and columns of the declared size are
 * replaced by those of the picture at hand. Returns undefined if that is ambiguous.
 */
function baked(value: Value, declared: Declared | undefined): number[] | undefined {
  const [before] = declared?.inputs ?? []
  const [after] = declared?.outputs ?? []
  if (before?.kind !== 'value' || after?.kind !== 'value') return undefined
  // the same reshape at the declared size, split into the same factors as the value at hand
  const own = reshaped(before, shapeOf(after))
  if (own === undefined || before.planes.shape[0] !== value.planes.shape[0]) return undefined
  const scaled = ({ axis, size, stride }: Atom): number => {
    const [was, is] = [before.planes.shape[axis]!, value.planes.shape[axis]!]
    // only the outermost factor of an axis grows with the axis
    return size * stride === was && axis !== 0 ? size * (is / was) : size
  }
  const shape = own.dims.map((dimension) => dimension.reduce((product, atom) => product * scaled(atom), 1))
  return shape.every(Number.isInteger) ? shape : undefined
}

const slice: Lowering = (turn) => {
  const item = turn.item(0)
  const shape = shapeOf(item)
  const starts = turn.listAt(1, 'starts') ?? []
  const ends = turn.listAt(2, 'ends') ?? []
  const axes = turn.listAt(3, 'axes') ?? upTo(starts.length)
  const steps = turn.listAt(4, 'steps') ?? starts.map(() => 1)
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    throw turn.unfit('its starts, ends, axes and steps are not as many')
  const places = starts.map((start, i) => {
    const axis = turn.axis(axes[i]!, shape.length)
    const [step, end, size] = [steps[i]!, ends[i]!, shape[axis]!]
    if (step === 0) throw turn.unfit('its step is 0')
    const inside = (v: number, low: number, high: number) =>
      Math.max(low, Math.min(v < 0 ? v + size : v, high))
    const from = inside(start, 0, step > 0 ? size : size - 1)
    const to = step > 0 ? inside(end, 0, size) : end < -size ? -1 : inside(end, -1, size - 1)
    const count = Math.max(0, Math.ceil((to - from) / step))
    return [axis, turn.places(count, (k) => from + k * step)] as const
  })
  return indexed(turn, item, new Map(places))
}

const split: Lowering = async (turn) => {
  const item = turn.item(0)
  const axis = turn.ownAxis(item, 0)
  const whole = shapeOf(item)[axis]!
  const count = turn.node.outputs.length
  const even = Math.ceil(whole / count)
  const sizes = turn.listAt(1, 'split') ?? upTo(count).map((i) => Math.min(even, whole - i * even))
  const isWhole = sizes.reduce((a, b) => a + b, 0) === whole
  if (sizes.length < count || sizes.some((n) => !(n >= 0)) || !isWhole)
    throw turn.unfit(`parts of ${sizes.join(', ')} do not fit axis ${axis}`)
  let end = 0
  const parts = sizes.map((size) => {
    const start = end
    end += size
    return taken(
      turn,
      item,
      axis,
      turn.places(size, (i) => start + i),
    )
  })
  return Promise.all(parts)
}

export async function concat(turn: Turn): Promise<Item> {
  const items = turn.inputs.filter((item) => item !== undefined)
  const axis = turn.ownAxis(turn.item(0), 1)
  const constants = items.flatMap((item): Constant[] => (item.kind === 'known' ? [item.constant] : []))
  if (constants.length === items.length) return known(joinedConstants(constants, axis))
  const full = items.filter((item) => sizeOf(shapeOf(item)) > 0)
  return joined(turn, full.map(planesOf), axis)
}

/** Takes elements along an axis of an item, in this order. */
export const taken = (turn: Turn, item: Item, axis: number, places: readonly number[]): Promise<Item> =>
  indexed(turn, item, new Map([[axis, places]]))

const unsqueeze: Lowering = (turn) => {
  const item = turn.item(0)
  const axes = axesOf(turn) ?? []
  const sizes = shapeOf(item)
  const rank = sizes.length + axes.length
  const at = axes.map((axis) => turn.axis(axis, rank))
  const shape = upTo(rank).map((i) => (at.includes(i) ? 1 : sizes.shift()!))
  return withShape(turn, item, shape)
}

const squeeze: Lowering = (turn) => {
  const item = turn.item(0)
  const shape = shapeOf(item)
  const axes = axesOf(turn)?.map((axis) => turn.axis(axis, shape.length))
  const left = shape.filter((size, i) => (axes === undefined ? size !== 1 : !axes.includes(i)))
  return withShape(turn, item, left)
}

const flatten: Lowering = (turn) => {
  const item = turn.item(0)
  const shape = shapeOf(item)
  const given = turn.number('axis', 1)
  const axis = given < 0 ? given + shape.length : given
  return withShape(turn, item, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))])
}

const transpose: Lowering = (turn) => {
  const item = turn.item(0)
  const axes = upTo(shapeOf(item).length)
  const order = turn.list('perm') ?? axes.toReversed()
  if (order.length !== axes.length || order.toSorted((a, b) => a - b).some((axis, i) => axis !== i))
    throw turn.unfit(`${order.join(', ')} is not an order of ${axes.length} dimensions`)
  return transposed(item, order)
}

/** Whether the row within a block or the channel is the outermost factor of the channels. */
const shuffles = ['DCR', 'CRD'] as const

/** Moves channels to blocks of b x b samples, by reshape and transposition. */
const depthToSpace: Lowering = (turn) => {
  const item = turn.value(0)
  const b = turn.number('blocksize', 1)
  const [n = 1, c = 1, h = 1, w = 1] = shapeOf(item)
  const isCrd = turn.word('mode', shuffles) === 'CRD'
  if (c % b ** 2 !== 0) throw turn.unfit(`${c} channels are not a multiple of ${b}x${b}`)
  const inner = c / b ** 2
  const parts = withShape(turn, item, isCrd ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w])
  const turned = transposed(parts, isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
  return withShape(turn, turned, [n, inner, h * b, w * b])
}

const spaceToDepth: Lowering = (turn) => {
  const item = turn.value(0)
  const b = turn.number('blocksize', 1)
  const [n = 1, c = 1, h = 1, w = 1] = shapeOf(item)
  if (h % b !== 0 || w % b !== 0) throw turn.unfit(`${w}x${h} is not a multiple of ${b}`)
  const parts = withShape(turn, item, [n, c, h / b, b, w / b, b])
  const isCrd = turn.word('mode', shuffles) === 'CRD'
  const turned = transposed(parts, isCrd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
  return withShape(turn, turned, [n, c * b ** 2, h / b, w / b])
}

const pad: Lowering = (turn) => {
  const value = turn.value(0)
  const rank = shapeOf(value).length
  const mode = turn.word('mode', padModes)
  const list = turn.listAt(1, 'pads') ?? turn.list('paddings') ?? []
  const axes = turn.constant(3, 'the axes')
  const fill = turn.constant(2, 'the value')?.data[0] ?? turn.number('value', 0)
  const chosen = axes === undefined ? upTo(rank) : listOf(axes).map((a) => turn.axis(a, rank))
  if (list.length !== 2 * chosen.length) throw turn.unfit(`${list.length} pads for ${chosen.length} axes`)
  const pads = new Map(chosen.map((axis, i) => [axis, [list[i]!, list[i + chosen.length]!] as const]))
  return paddedValue(turn, value, pads, mode, fill)
}

const expand: Lowering = (turn) => {
  const item = turn.item(0)
  const target = listOf(turn.needed(1, 'the shape'))
  const own = shapeOf(item)
  const shape = spreadShape(target, own)
  if (shape === undefined) throw turn.unfit(`it is not spread over [${target}]`)
  if (item.kind === 'known') return known(spread(item.constant, shape))
  const lifted = [...Array<number>(shape.length - own.length).fill(1), ...own]
  const places = shape.flatMap((size, i) =>
    size === lifted[i] ? [] : [[i, turn.places(size, () => 0)] as const],
  )
  return indexed(turn, withShape(turn, item, lifted), new Map(places))
}

const tile: Lowering = (turn) => {
  const item = turn.item(0)
  const times = listOf(turn.needed(1, 'the repeats'))
  const shape = shapeOf(item)
  if (times.length !== shape.length) throw turn.unfit(`${times.length} repeats for ${shape.length} axes`)
  const places = times.flatMap((n, i) =>
    n === 1 ? [] : [[i, turn.places(shape[i]! * n, (k) => k % shape[i]!)] as const],
  )
  return indexed(turn, item, new Map(places))
}

/** Crops rows and columns: by a border of [left, top, right, bottom], or to the size in `scale`. */
const crop: Lowering = (turn) => {
  const value = turn.value(0)
  const [high = 1, wide = 1] = shapeOf(value).slice(-2)
  const [left, top, right, bottom] = turn.counts('border', 4, 0) ?? [0, 0, 0, 0]
  const [rows, columns] = turn.counts('scale', 2, 1) ?? [high - top! - bottom!, wide - left! - right!]
  const pads = [
    [-top!, top! + rows! - high],
    [-left!, left! + columns! - wide],
  ] as const
  if (pads.some(([, after]) => after > 0)) throw turn.unfit('it crops to more than it gets')
  const rank = value.dims.length
  return paddedValue(turn, value, new Map(pads.map((pad, i) => [rank - 2 + i, pad])), 'constant', 0)
}

/** Selects the output of the branch that is taken. Inputs: the condition, and the outputs of both branches. */
const branch: Lowering = (turn) => {
  const isTrue = turn.needed(0, 'the condition').data[0] !== 0
  const half = (turn.inputs.length - 1) / 2
  const made = turn.inputs.slice(isTrue ? 1 : 1 + half, isTrue ? 1 + half : undefined)
  if (made.length !== turn.node.outputs.length || made.includes(undefined))
    throw turn.unfit(`a branch gives ${made.length} values for ${turn.node.outputs.length}`)
  return made as Item[]
}

/** The operators on shapes and positions, by name. */
export const shapeLowerings: Readonly<Record<string, Lowering>> = {
  Identity: (turn) => turn.item(0),
  If: branch,
  Dropout: (turn) => [turn.item(0), known(constant('bool', [], [1]))],
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
    const item = turn.item(0)
    const stated = typeBy('onnx', turn.number('to', 1))
    if (stated === undefined)
      throw turn.unsupported(`numbers of ONNX's type ${turn.number('to', 1)} are not supported`)
    const type = becomesOf(stated)
    if (item.kind === 'known') return known(cast(item.constant, type))
    if (type === 'float32' || type === 'float64') return item
    return turn.layer('activate', item, { name: type === 'bool' ? 'true' : 'trunc', unit: 1 })
  },
  Shape: (turn) => {
    const shape = shapeOf(turn.item(0))
    const end = turn.number('end')
    return known(wholes(shape.slice(turn.number('start', 0), end)))
  },
  Size: (turn) => known(constant('int64', [], [sizeOf(shapeOf(turn.item(0)))])),
  ConstantOfShape: (turn) => {
    const shape = listOf(turn.needed(0, 'the shape'))
    const value = turn.node.attributes.get('value')
    const filler = typeof value === 'object' && 'type' in value ? value : constant('float32', [1], [0])
    return known(spread({ ...filler, shape: [1] }, shape))
  },
  Range: (turn) => {
    const bounds = [0, 1, 2].map((i) => turn.needed(i, 'the range')) as [Constant, Constant, Constant]
    const [start, limit, step] = bounds.map(({ data }) => data[0]!) as [number, number, number]
    const list = turn.places(Math.max(0, Math.ceil((limit - start) / step)), (i) => start + i * step)
    return known(constant(bounds[0].type, [list.length], list))
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
