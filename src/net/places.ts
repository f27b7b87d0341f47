import type { Engine } from '../definition/engine.ts'
import { checkLimit } from '../limits.ts'
import { type BorderName, borders } from '../tensor/border.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { nameOf, places as placesAlong, type Turn, unfit, unsupported } from './step.ts'
import {
  type AxisNumber,
  type Dimension,
  evenDims,
  isAxis,
  isSame,
  plain,
  shapeOf,
  type Value,
  wholeOf,
} from './value.ts'

/** Whether indices are the whole axis, in order. */
const isAll = (places: readonly number[], size: number): boolean =>
  places.length === size && places.every((place, i) => place === i)

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Takes elements along dimensions, by their indices; -1 gives `fill`. */
export async function indexed(
  turn: Turn,
  value: Value,
  places: ReadonlyMap<number, readonly number[]>,
  fill = 0,
): Promise<Value> {
  const shape = shapeOf(value)
  for (const [i, list] of places) {
    if (list.length === 0) throw unfit(turn, `no samples are left in axis ${i}`)
    if (list.some((place) => !(place >= -1 && place < shape[i]!)))
      throw unfit(turn, `it reads beyond axis ${i}`)
  }
  const wanted = [...places].filter(([i, list]) => !isAll(list, shape[i]!))
  if (wanted.length === 0) return value
  const axisOf = ({ planes, dims }: Value, i: number): AxisNumber | undefined =>
    dims[i]!.length === 0
      ? undefined
      : ([0, 1, 2] as const).find((axis) => planes.shape[axis]! > 1 && isAxis(value, dims[i]!, axis))
  const direct = wanted.map(([i]) => axisOf(value, i))
  if (direct.every((axis) => axis !== undefined)) {
    const byAxis: (readonly number[])[] = []
    wanted.forEach(([, list], k) => {
      byAxis[direct[k]!] = list
    })
    const dims = value.dims.map((dimension, i): Dimension => {
      const k = wanted.findIndex(([at]) => at === i)
      return k < 0 ? dimension : wholeOf(direct[k]!, wanted[k]![1].length)
    })
    return { kind: 'value', planes: await placed(turn.engine, value.planes, byAxis, fill), dims }
  }
  const even = await plain(turn.engine, value)
  const rank = shape.length
  const listAt = (i: number): readonly number[] => places.get(i) ?? upTo(shape[i]!)
  const lead = shape.slice(0, -2)
  checkLimit('axisSamples', sizeOf(lead.map((_, i) => listAt(i).length)), nameOf(turn.node))
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
    throw unfit(turn, `its inputs differ in other axes than ${axis}`)
  if (values.length === 1) return values[0]!
  const all = shapes.reduce((sum, one) => sum + one[axis]!, 0)
  checkLimit('axisSamples', all, nameOf(turn.node))
  const concat = (on: AxisNumber, parts: readonly Value[]) =>
    turn.engine.layer(
      'concat',
      parts.map(({ planes }) => planes),
      { axis: on },
    )
  // all in the same order, whichever it is: the planes are joined as they are
  const own = ([0, 1, 2] as const).find((on) =>
    values.every((value) => isPartOn(value, values[0]!, axis, on)),
  )
  if (own !== undefined) {
    return {
      kind: 'value',
      planes: await concat(own, values),
      dims: values[0]!.dims.with(axis, wholeOf(own, all)),
    }
  }
  if (axis < rank - 2 && sizeOf(shape.slice(0, axis)) > 1)
    throw unsupported(turn, `[${shape}] cannot be joined along axis ${axis}`, 'a network with a batch of 1')
  const even = await Promise.all(values.map((value) => plain(turn.engine, value)))
  const on: AxisNumber = axis < rank - 2 ? 0 : axis === rank - 1 ? 2 : 1
  return { kind: 'value', planes: await concat(on, even), dims: evenDims(shape.with(axis, all)) }
}

/** Whether a dimension is a whole axis of the planes, and the others are the same as those of another value. */
function isPartOn(value: Value, like: Value, axis: number, on: AxisNumber): boolean {
  return (
    isAxis(value, value.dims[axis]!, on) &&
    value.dims.every((dimension, i) => i === axis || isSame(dimension, like.dims[i]!)) &&
    value.planes.shape.every((size, k) => k === on || size === like.planes.shape[k])
  )
}

/** The border modes by their names in ONNX, and one of TensorFlow. */
const modes = {
  constant: 'constant',
  edge: 'replicate',
  reflect: 'reflect',
  wrap: 'wrap',
  symmetric: 'symmetric',
} as const satisfies Readonly<Record<string, BorderName>>

/** The names of the border modes; `constant` is the default. */
export const padModes = Object.keys(modes) as (keyof typeof modes)[]

/** Pads a value before and after dimensions, or crops it for negative amounts. @throws ConvoError E_NET_OPERATOR, E_SHAPE */
export function paddedValue(
  turn: Turn,
  value: Value,
  pads: ReadonlyMap<number, readonly [before: number, after: number]>,
  mode: keyof typeof modes,
  fill: number,
): Promise<Value> {
  const border = modes[mode]
  const shape = shapeOf(value)
  const { source } = borders[border]
  const places = new Map(
    [...pads].map(([axis, [before, after]]) => {
      const size = shape[axis]!
      if (!(size + before + after >= 1))
        throw unfit(turn, `pads of ${before} and ${after} leave no samples in axis ${axis}`)
      if (border === 'reflect' && Math.max(before, after) >= size)
        throw unfit(
          turn,
          `reflects ${Math.max(before, after)} samples of ${size}, but at most ${size - 1} can be reflected`,
        )
      return [axis, placesAlong(turn, size + before + after, (i) => source(i - before, size))] as const
    }),
  )
  return indexed(turn, value, places, fill)
}
