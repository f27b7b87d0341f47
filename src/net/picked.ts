import { sizeOf } from '../tensor/tensor.ts'
import { listOf, wholes } from './constants.ts'
import type { Constant } from './network.ts'
import { upTo } from './places.ts'
import { concat, taken, withShape } from './shapes.ts'
import type { Lowering, Turn } from './step.ts'
import { type Atom, type Dimension, type Item, known, shapeOf, type Value } from './value.ts'

// Operators that gather or scatter samples. The indices are constants, or, for a constant table, computed.

/** Resolves indices along an axis of `size`; negative ones count from the end. @throws ConvoError E_SHAPE out of range */
function within(turn: Turn, places: readonly number[], size: number, axis: number): number[] {
  const list = places.map((i) => (i < 0 ? i + size : i))
  const odd = list.findIndex((i) => !(i >= 0 && i < size))
  if (odd >= 0) throw turn.unfit(`index ${places[odd]} is not in axis ${axis} of ${size}`)
  return list
}

async function gather(turn: Turn): Promise<Item> {
  const item = turn.item(0)
  const shape = shapeOf(item)
  const axis = turn.ownAxis(item, 0)
  if (item.kind === 'known' && turn.inputs[1]?.kind === 'value')
    return lookedUp(turn, item.constant, axis, turn.inputs[1])
  const indices = turn.needed(1, 'the indices')
  const picked = await taken(turn, item, axis, within(turn, listOf(indices), shape[axis]!, axis))
  return withShape(turn, picked, [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)])
}

/** Looks up entries of a constant table at computed indices. The entries are the outer part of the channels. */
async function lookedUp(turn: Turn, table: Constant, axis: number, places: Value): Promise<Value> {
  const [before, after] = [table.shape.slice(0, axis), table.shape.slice(axis + 1)]
  const [count, inner] = [table.shape[axis]!, sizeOf(after)]
  if (table.data.length === 0) throw turn.unfit('the table is empty')
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

/** Index tuples [...,k] as offsets in the first k dimensions: their count, and the sizes of the other dimensions. */
function tuples(turn: Turn, shape: readonly number[]) {
  const indices = turn.needed(1, 'the indices')
  const depth = indices.shape.at(-1) ?? 0
  if (!(depth >= 1 && depth <= shape.length))
    throw turn.unfit(`indices of ${depth} for ${shape.length} dimensions`)
  const [own, rest] = [shape.slice(0, depth), shape.slice(depth)]
  const offset = (i: number): number =>
    own.reduce((sum, size, k) => sum * size + within(turn, [indices.data[i * depth + k]!], size, k)[0]!, 0)
  const places = upTo(indices.data.length / depth).map(offset)
  return { places, count: sizeOf(own), rest, lead: indices.shape.slice(0, -1) }
}

const gatherNd: Lowering = async (turn) => {
  const item = turn.item(0)
  if (turn.number('batch_dims', 0) !== 0) throw turn.unsupported('batch_dims is not supported')
  const { places, count, rest, lead } = tuples(turn, shapeOf(item))
  const rows = withShape(turn, item, [count, ...rest])
  return withShape(turn, await taken(turn, rows, 0, places), [...lead, ...rest])
}

/** Appends the updates to the data along an axis. Each element takes its last update, or its old value. */
async function replaced(
  turn: Turn,
  parts: readonly Item[],
  axis: number,
  places: readonly number[],
): Promise<Item> {
  const from = upTo(shapeOf(parts[0]!)[axis]!)
  const count = from.length
  const both = await concat(turn.on(parts, new Map([['axis', axis]])))
  places.forEach((place, i) => {
    from[place] = count + i
  })
  return taken(turn, both, axis, from)
}

const scatterNd: Lowering = async (turn) => {
  const [item, updates] = [turn.item(0), turn.item(2)]
  const shape = shapeOf(item)
  turn.word('reduction', ['none'])
  const { places, count, rest } = tuples(turn, shape)
  const parts = [withShape(turn, item, [count, ...rest]), withShape(turn, updates, [places.length, ...rest])]
  return withShape(turn, await replaced(turn, parts, 0, places), shape)
}

/** Where GatherElements and ScatterElements go: along an axis, or, if that differs from place to place, among all samples. */
function elementsOf(turn: Turn, item: Item) {
  const shape = shapeOf(item)
  const { shape: own, data } = turn.needed(1, 'the indices')
  const axis = turn.ownAxis(item, 0)
  if (own.length !== shape.length || own.some((size, i) => i !== axis && size > shape[i]!))
    throw turn.unfit(`indices of [${own}] do not fit`)
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
  const item = turn.item(0)
  const { axis, places, shape } = elementsOf(turn, item)
  if (axis !== undefined) return taken(turn, item, axis, places)
  const row = withShape(turn, item, [sizeOf(shapeOf(item))])
  return withShape(turn, await taken(turn, row, 0, places), shape)
}

const scatterElements: Lowering = async (turn) => {
  const parts = [turn.item(0), turn.item(2)]
  turn.word('reduction', ['none'])
  const shape = shapeOf(parts[0]!)
  const { axis, places } = elementsOf(turn, parts[0]!)
  if (axis !== undefined) return replaced(turn, parts, axis, places)
  const rows = parts.map((item) => withShape(turn, item, [sizeOf(shapeOf(item))]))
  return withShape(turn, await replaced(turn, rows, 0, places), shape)
}

/** The indices of non-zero numbers of a constant, [rank, count]. */
const nonZero: Lowering = (turn) => {
  const { shape, data } = turn.needed(0, 'its input')
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
