import type { Engine } from '../definition/engine.ts'
import { checkLimit } from '../limits.ts'
import { type BorderName, borders } from '../tensor/border.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { taken } from './constants.ts'
import type { Turn } from './step.ts'
import {
  type AxisNumber,
  type Dimension,
  evenDims,
  type Item,
  isAxis,
  isSame,
  known,
  plain,
  shapeOf,
  type Value,
  wholeOf,
} from './value.ts'

/** Whether indices are the whole axis, in order. */
const isAll = (places: readonly number[], size: number): boolean =>
  places.length === size && places.every((place, i) => place === i)

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Takes elements along dimensions, by their indices. For a value, -1 gives `fill`. */
export async function indexed(
  turn: Turn,
  item: Item,
  places: ReadonlyMap<number, readonly number[]>,
  fill = 0,
): Promise<Item> {
  if (item.kind === 'known')
    return known([...places].reduce((x, [axis, list]) => taken(x, axis, list), item.constant))
  const shape = shapeOf(item)
  for (const [i, list] of places) {
    if (list.length === 0) throw turn.unfit(`no samples are left in axis ${i}`)
    if (list.some((place) => !(place >= -1 && place < shape[i]!)))
      throw turn.unfit(`it reads beyond axis ${i}`)
  }
  const wanted = [...places].filter(([i, list]) => !isAll(list, shape[i]!))
  if (wanted.length === 0) return item
  const axes = wanted.map(([i]) =>
    ([0, 1, 2] as const).find(
      (axis) => item.dims[i]!.length > 0 && item.planes.shape[axis]! > 1 && isAxis(item, item.dims[i]!, axis),
    ),
  )
  if (axes.every((axis) => axis !== undefined)) {
    const byAxis: (readonly number[])[] = []
    const dims: Dimension[] = [...item.dims]
    wanted.forEach(([i, list], k) => {
      byAxis[axes[k]!] = list
      dims[i] = wholeOf(axes[k]!, list.length)
    })
    return { kind: 'value', planes: await placed(turn.engine, item.planes, byAxis, fill), dims }
  }
  const even = await plain(turn.engine, item)
  const rank = shape.length
  const listAt = (i: number): readonly number[] => places.get(i) ?? upTo(shape[i]!)
  const lead = shape.slice(0, -2)
  checkLimit('axisSamples', sizeOf(lead.map((_, i) => listAt(i).length)), turn.name)
  const channels = lead.reduce<readonly number[]>(
    (list, size, i) =>
      list.flatMap((before) => listAt(i).map((k) => (k < 0 || before < 0 ? -1 : before * size + k))),
    [0],
  )
  const lists = [channels, rank > 1 ? listAt(rank - 2) : [0], listAt(rank - 1)]
  const planes = await placed(turn.engine, even.planes, lists, fill)
  return { kind: 'value', planes, dims: evenDims(shape.map((_, i) => listAt(i).length)) }
}

/** Takes channels, rows and columns by their indices, or all of those that are not listed; -1 gives `fill`. */
export function placed(
  engine: Engine,
  planes: Tensor,
  lists: readonly (ArrayLike<number> | undefined)[],
  fill = 0,
): Promise<Tensor> {
  const of = (axis: AxisNumber) => Int32Array.from(lists[axis] ?? upTo(planes.shape[axis]!))
  return engine.layer('placed', [planes], { channels: of(0), rows: of(1), columns: of(2), fill })
}

/** Concatenates values along a dimension. @throws ConvoError E_SHAPE, E_NET_OPERATOR */
export async function joined(turn: Turn, values: readonly Value[], axis: number): Promise<Value> {
  const shapes = values.map(shapeOf)
  const [shape] = shapes as [number[]]
  const rank = shape.length
  if (shapes.some((one) => one.length !== rank || one.some((size, i) => i !== axis && size !== shape[i])))
    throw turn.unfit(`its inputs differ in other axes than ${axis}`)
  const [first] = values as [Value]
  if (values.length === 1) return first
  const all = shapes.reduce((sum, one) => sum + one[axis]!, 0)
  checkLimit('axisSamples', all, turn.name)
  const concat = async (
    on: AxisNumber,
    parts: readonly Value[],
    dims: readonly Dimension[],
  ): Promise<Value> => {
    const planes = parts.map((part) => part.planes)
    return { kind: 'value', planes: await turn.engine.layer('concat', planes, { axis: on }), dims }
  }
  // all in the same order, whichever it is: the planes are joined as they are
  const own = ([0, 1, 2] as const).find((on) => values.every((value) => isPartOn(value, first, axis, on)))
  if (own !== undefined) return concat(own, values, first.dims.with(axis, wholeOf(own, all)))
  if (axis < rank - 2 && sizeOf(shape.slice(0, axis)) > 1)
    throw turn.unsupported(`[${shape}] cannot be joined along axis ${axis}`, 'a network with a batch of 1')
  const even = await Promise.all(values.map((value) => plain(turn.engine, value)))
  return concat(axis < rank - 2 ? 0 : axis === rank - 1 ? 2 : 1, even, evenDims(shape.with(axis, all)))
}

/** Whether a dimension is a whole axis of the planes, and the others are the same as those of another value. */
function isPartOn(value: Value, like: Value, axis: number, on: AxisNumber): boolean {
  return (
    isAxis(value, value.dims[axis]!, on) &&
    value.dims.every((dimension, i) => i === axis || isSame(dimension, like.dims[i]!)) &&
    value.planes.shape.every((size, k) => k === on || size === like.planes.shape[k])
  )
}

/** The border modes by their names in ONNX, and one of TensorFlow. The first is the default. */
const modes = {
  constant: 'constant',
  edge: 'replicate',
  reflect: 'reflect',
  wrap: 'wrap',
  symmetric: 'symmetric',
} as const satisfies Readonly<Record<string, BorderName>>

export const padModes = Object.keys(modes) as (keyof typeof modes)[]

/** Pads a value before and after dimensions, or crops it for negative amounts. @throws ConvoError E_NET_OPERATOR, E_SHAPE */
export function paddedValue(
  turn: Turn,
  value: Value,
  pads: ReadonlyMap<number, readonly [before: number, after: number]>,
  mode: keyof typeof modes,
  fill: number,
): Promise<Item> {
  const border = modes[mode]
  const shape = shapeOf(value)
  const { source } = borders[border]
  const places = [...pads].map(([axis, [before, after]]) => {
    const size = shape[axis]!
    if (!(size + before + after >= 1))
      throw turn.unfit(`pads of ${before} and ${after} leave no samples in axis ${axis}`)
    const most = Math.max(before, after)
    if (border === 'reflect' && most >= size)
      throw turn.unfit(`reflects ${most} samples of ${size}, but at most ${size - 1} can be reflected`)
    return [axis, turn.places(size + before + after, (i) => source(i - before, size))] as const
  })
  return indexed(turn, value, new Map(places), fill)
}
