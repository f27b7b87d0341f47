import { sizeOf } from '../tensor/tensor.ts'
import { listOf, wholes } from './constants.ts'
import type { Constant } from './network.ts'
import { concat, first, taken, withShape } from './shapes.ts'
import {
  axisIn,
  type Lowering,
  neededAt,
  numberOf,
  type Turn,
  unfit,
  unsupported,
  valueAt,
  wordOf,
} from './step.ts'
import { type Atom, type Dimension, type Item, known, shapeOf, type Value } from './value.ts'

// Operators that gather or scatter samples. The indices are constants, or, for a constant table, computed.

/** Resolves indices along an axis of `size`; negative ones count from the end. @throws ConvoError E_SHAPE out of range */
function within(turn: Turn, places: readonly number[], size: number, axis: number): number[] {
  const list = places.map((i) => (i < 0 ? i + size : i))
  const odd = list.findIndex((i) => !(i >= 0 && i < size))
  if (odd >= 0) throw unfit(turn, `index ${places[odd]} is not in axis ${axis} of ${size}`)
  return list
}

async function gather(turn: Turn): Promise<Item> {
  const item = first(turn)
  const shape = shapeOf(item)
  const axis = axisIn(turn, numberOf(turn, 'axis', 0), shape.length)
  if (item.kind === 'known' && turn.inputs[1]?.kind === 'value')
    return lookedUp(turn, item.constant, axis, turn.inputs[1])
  const indices = neededAt(turn, 1, 'the indices')
  const picked = await taken(turn, item, axis, within(turn, listOf(indices), shape[axis]!, axis))
  return withShape(turn, picked, [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)])
}

/** Looks up entries of a constant table at computed indices. The entries are the outer part of the channels. */
async function lookedUp(turn: Turn, table: Constant, axis: number, places: Value): Promise<Value> {
  const [before, after] = [table.shape.slice(0, axis), table.shape.slice(axis + 1)]
  const [count, inner] = [table.shape[axis]!, sizeOf(after)]
  if (table.data.length === 0) throw unfit(turn, 'the table is empty')
  // entry by entry, each with all axes before and after its own
  const entries = Float32Array.from({ length: table.data.length }, (_, i) => {
    const [entry, k] = [Math.floor(i / (table.data.length / count)), i % (table.data.length / count)]
    return table.data[(Math.floor(k / inner) * count + entry) * inner + (k % inner)]!
  })
  const channels = places.planes.shape[0]!
  const outer = (sizes: readonly number[], step: number): Dimension[] =>
    sizes.map((size, i): readonly Atom[] =>
      size === 1 ? [] : [{ axis: 0, size, stride: channels * step * sizeOf(sizes.slice(i + 1)) }],
    )
  const planes = await turn.engine.layer('lookedUp', [places.planes], { table: entries, count })
  return { kind: 'value', planes, dims: [...outer(before, inner), ...places.dims, ...outer(after, 1)] }
}

/** Converts index tuples [...,k] to offsets in the first k dimensions. */
function tuples(turn: Turn, indices: Constant, shape: readonly number[]): number[] {
  const depth = indices.shape.at(-1) ?? 0
  if (!(depth >= 1 && depth <= shape.length))
    throw unfit(turn, `indices of ${depth} for ${shape.length} dimensions`)
  return Array.from({ length: indices.data.length / depth }, (_, i) =>
    within(turn, Array.from(indices.data.subarray(i * depth, i * depth + 1)), shape[0]!, 0).reduce(
      (place, at) =>
        shape
          .slice(1, depth)
          .reduce(
            (sum, size, k) => sum * size + within(turn, [indices.data[i * depth + k + 1]!], size, k + 1)[0]!,
            place + at,
          ),
      0,
    ),
  )
}

async function gatherNd(turn: Turn): Promise<Item> {
  const item = first(turn)
  const shape = shapeOf(item)
  const indices = neededAt(turn, 1, 'the indices')
  if (numberOf(turn, 'batch_dims', 0) !== 0) throw unsupported(turn, 'batch_dims is not supported')
  const depth = indices.shape.at(-1) ?? 0
  const places = tuples(turn, indices, shape)
  const rest = shape.slice(depth)
  const rows = withShape(turn, item, [sizeOf(shape.slice(0, depth)), ...rest])
  return withShape(turn, await taken(turn, rows, 0, places), [...indices.shape.slice(0, -1), ...rest])
}

/** Appends the updates to the data along an axis. Each element takes its last update, or its old value. */
async function replaced(
  turn: Turn,
  parts: readonly Item[],
  axis: number,
  places: readonly number[],
): Promise<Item> {
  const count = shapeOf(parts[0]!)[axis]!
  const node = { ...turn.node, attributes: new Map([['axis', axis]]) }
  const both = await concat({ ...turn, node, inputs: parts })
  const from = Array.from({ length: count }, (_, i) => i)
  places.forEach((place, i) => {
    from[place] = count + i
  })
  return taken(turn, both, axis, from)
}

async function scatterNd(turn: Turn): Promise<Item> {
  const [item, , updates = valueAt(turn, 2)] = [first(turn), ...turn.inputs.slice(1)]
  const shape = shapeOf(item)
  const indices = neededAt(turn, 1, 'the indices')
  wordOf(turn, 'reduction', ['none'])
  const depth = indices.shape.at(-1) ?? 0
  const places = tuples(turn, indices, shape)
  const rest = shape.slice(depth)
  const count = sizeOf(shape.slice(0, depth))
  const parts = [withShape(turn, item, [count, ...rest]), withShape(turn, updates, [places.length, ...rest])]
  return withShape(turn, await replaced(turn, parts, 0, places), shape)
}

/** Where GatherElements and ScatterElements go: along an axis, or, if that differs from place to place, among all samples. */
function elementsOf(
  turn: Turn,
  shape: readonly number[],
): {
  readonly axis: number | undefined
  readonly places: readonly number[]
  readonly shape: readonly number[]
} {
  const { shape: own, data } = neededAt(turn, 1, 'the indices')
  const axis = axisIn(turn, numberOf(turn, 'axis', 0), shape.length)
  if (own.length !== shape.length || own.some((size, i) => i !== axis && size > shape[i]!))
    throw unfit(turn, `indices of [${own}] do not fit`)
  const list = within(turn, Array.from(data), shape[axis]!, axis)
  const steps = own.map((_, i) => sizeOf(own.slice(i + 1)))
  const [inner, count] = [steps[axis]!, own[axis]!]
  const isWhole = own.every((size, i) => i === axis || size === shape[i])
  if (isWhole && list.every((place, i) => place === list[(Math.floor(i / inner) % count) * inner]))
    return { axis, places: list.filter((_, i) => i % inner === 0).slice(0, count), shape: own }
  const places = list.map((place, i) =>
    shape.reduce(
      (sum, size, k) => sum * size + (k === axis ? place : Math.floor(i / steps[k]!) % own[k]!),
      0,
    ),
  )
  return { axis: undefined, places, shape: own }
}

const gatherElements: Lowering = async (turn) => {
  const item = first(turn)
  const { axis, places, shape } = elementsOf(turn, shapeOf(item))
  if (axis !== undefined) return taken(turn, item, axis, places)
  const row = withShape(turn, item, [sizeOf(shapeOf(item))])
  return withShape(turn, await taken(turn, row, 0, places), shape)
}

const scatterElements: Lowering = async (turn) => {
  const parts = [first(turn), turn.inputs[2] ?? valueAt(turn, 2)]
  wordOf(turn, 'reduction', ['none'])
  const shape = shapeOf(parts[0]!)
  const { axis, places } = elementsOf(turn, shape)
  if (axis !== undefined) return replaced(turn, parts, axis, places)
  const rows = parts.map((item) => withShape(turn, item, [sizeOf(shapeOf(item))]))
  return withShape(turn, await replaced(turn, rows, 0, places), shape)
}

/** The indices of non-zero numbers of a constant, [rank, count]. */
const nonZero: Lowering = (turn) => {
  const { shape, data } = neededAt(turn, 0, 'its input')
  const found = Array.from(data.keys()).filter((i) => data[i] !== 0)
  const steps = shape.map((size, i) => [sizeOf(shape.slice(i + 1)), size] as const)
  const list = steps.flatMap(([step, size]) => found.map((i) => Math.floor(i / step) % size))
  return known({ ...wholes(list), shape: [shape.length, found.length] })
}

/** The operators that gather and scatter, by name. */
export const pickedLowerings: Readonly<Record<string, Lowering>> = {
  Gather: gather,
  GatherND: gatherNd,
  ScatterND: scatterNd,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  NonZero: nonZero,
}
