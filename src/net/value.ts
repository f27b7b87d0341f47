import type { Engine } from '../definition/engine.ts'
import type { PoolAxes } from '../definition/pool.ts'
import type { Factor } from '../definition/shaping.ts'
import { ConvoError } from '../error.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { constant, transposedConstant } from './formats/numbers.ts'
import type { Constant } from './network.ts'

// The items that flow between the nodes of a network: constants, and values computed from the picture. A value is planes
// [C,H,W] together with the shape that the network gives them. That shape is expressed in factors of the three axes, so
// that reshapes and transpositions are free until a step needs the samples in another order.

/** 0: channels, 1: rows, 2: columns. */
export type AxisNumber = 0 | 1 | 2

/** `size` positions on an axis of the planes, `stride` apart. */
export type Atom = { readonly axis: AxisNumber; readonly size: number; readonly stride: number }

/** The factors of a dimension, outermost first. A dimension of size 1 has none. */
export type Dimension = readonly Atom[]

/** A value computed from the picture. */
export type Value = {
  readonly kind: 'value'
  readonly planes: Tensor
  readonly dims: readonly Dimension[]
  /** For switches: the pooling that they come from. */
  readonly pooling?: { readonly axes: PoolAxes; readonly across: number; readonly isByColumns: boolean }
}

/** Numbers that do not depend on the picture. */
export type Known = { readonly kind: 'known'; readonly constant: Constant }

export type Item = Value | Known

/** The shape of an item in the network. */
export const shapeOf = (item: Item): number[] =>
  item.kind === 'known' ? [...item.constant.shape] : item.dims.map(lengthOf)

const lengthOf = (dimension: Dimension): number => dimension.reduce((product, { size }) => product * size, 1)

/** A dimension that is a whole axis of the planes. */
export const wholeOf = (axis: AxisNumber, size: number): Dimension =>
  size === 1 ? [] : [{ axis, size, stride: 1 }]

/** Shapes planes [C,H,W] as [1,C,H,W]. */
export const pictureValue = (planes: Tensor): Value => ({
  kind: 'value',
  planes,
  dims: [[], ...([0, 1, 2] as const).map((axis) => wholeOf(axis, planes.shape[axis]!))],
})

/** An item as planes. The last two dimensions of a constant are rows and columns. */
export function planesOf(item: Item): Value {
  if (item.kind === 'value') return item
  const { shape, data } = item.constant
  const [height = 1, width = 1] = shape.length === 1 ? [1, shape[0]!] : shape.slice(-2)
  const planes = new Tensor([sizeOf(shape.slice(0, -2)), height, width], Float32Array.from(data))
  return { kind: 'value', planes, dims: evenDims(shape) }
}

/** The dimensions of planes whose rows and columns are the last two of these sizes. */
export const evenDims = (sizes: readonly number[]): Dimension[] => [
  ...parted(sizes.slice(0, -2), 0),
  ...sizes.slice(-2).map((size, i, { length }) => wholeOf((i + 3 - length) as AxisNumber, size)),
]

/** Splits an axis into dimensions of these sizes. */
function parted(sizes: readonly number[], axis: AxisNumber): Dimension[] {
  return sizes.map((size, i) => (size === 1 ? [] : [{ axis, size, stride: sizeOf(sizes.slice(i + 1)) }]))
}

/** Merges adjacent factors. */
export function merged(atoms: Dimension): Dimension {
  const out: Atom[] = []
  for (const atom of atoms) {
    const last = out.at(-1)
    if (last !== undefined && last.axis === atom.axis && last.stride === atom.size * atom.stride)
      out[out.length - 1] = { axis: atom.axis, size: last.size * atom.size, stride: atom.stride }
    else out.push(atom)
  }
  return out
}

/** Reshapes an item without moving samples. Returns undefined if it has another size, or if that cuts through a factor. */
export function reshaped<I extends Item>(item: I, shape: readonly number[]): I | undefined {
  if (sizeOf(shape) !== sizeOf(shapeOf(item)) || !shape.every(Number.isInteger)) return undefined
  if (item.kind === 'known') return { ...item, constant: { ...item.constant, shape: [...shape] } }
  const atoms = [...merged(item.dims.flat())]
  const dims: Dimension[] = []
  for (const size of shape) {
    const taken: Atom[] = []
    for (let left = size; left > 1; ) {
      const atom = atoms.shift()
      if (atom === undefined) return undefined
      if (left % atom.size === 0) {
        taken.push(atom)
        left /= atom.size
        continue
      }
      if (atom.size % left !== 0) return undefined
      const inner = atom.size / left
      taken.push({ axis: atom.axis, size: left, stride: atom.stride * inner })
      atoms.unshift({ axis: atom.axis, size: inner, stride: atom.stride })
      left = 1
    }
    dims.push(merged(taken))
  }
  return atoms.length > 0 ? undefined : { ...item, dims }
}

/** Permutes dimensions: dimension i of the result is dimension `order[i]`. */
export const transposed = <I extends Item>(item: I, order: readonly number[]): I =>
  (item.kind === 'value'
    ? { ...item, dims: order.map((i) => item.dims[i]!) }
    : { ...item, constant: transposedConstant(item.constant, order) }) as I

/** Whether factors are exactly one axis of the planes, in order. */
export const isAxis = ({ planes }: Value, atoms: Dimension, axis: AxisNumber): boolean => {
  const [atom, ...rest] = merged(atoms)
  const size = planes.shape[axis]!
  if (atom === undefined) return size === 1
  return rest.length === 0 && atom.axis === axis && atom.size === size && atom.stride === 1
}

/** Whether two dimensions are the same factors. */
export const isSame = (a: Dimension, b: Dimension): boolean =>
  String(merged(a).map(textOf)) === String(merged(b).map(textOf))

/** A factor as a text, for comparisons. */
export const textOf = ({ axis, size, stride }: Atom): string => `${axis} ${stride} ${size}`

/** Whether factors cover these axes of the planes, in any order. */
export const areAll = ({ planes }: Value, atoms: Dimension, axes: readonly AxisNumber[]): boolean =>
  atoms.every(({ axis }) => axes.includes(axis)) &&
  lengthOf(atoms) === sizeOf(axes.map((axis) => planes.shape[axis]!))

/**
 * Rearranges the planes of a value so that its channels, rows and columns are these dimensions. Every dimension must be
 * listed once. Computes nothing if the planes are already in this order.
 */
export async function arranged(
  engine: Engine,
  value: Value,
  groups: readonly [channels: readonly number[], rows: readonly number[], columns: readonly number[]],
): Promise<Value> {
  const { planes, dims } = value
  const atomsOf = (group: readonly number[]) => group.flatMap((i) => dims[i]!)
  const shape = groups.map((group) => lengthOf(atomsOf(group))) as unknown as [number, number, number]
  const out: Dimension[] = dims.map(() => [])
  for (const [axis, group] of groups.entries()) {
    const sizes = group.map((i) => lengthOf(dims[i]!))
    parted(sizes, axis as AxisNumber).forEach((dimension, k) => {
      out[group[k]!] = dimension
    })
  }
  if (([0, 1, 2] as const).every((axis) => isAxis(value, atomsOf(groups[axis]), axis))) return value
  const factors = groups.flatMap((group, toAxis): Factor[] => {
    const atoms = atomsOf(group)
    return atoms.map(({ axis, size, stride }, i) => ({
      size,
      fromAxis: axis,
      from: stride,
      toAxis: toAxis as AxisNumber,
      to: lengthOf(atoms.slice(i + 1)),
    }))
  })
  return { kind: 'value', planes: await engine.layer('rearranged', [planes], { shape, factors }), dims: out }
}

/** Rearranges planes so that rows and columns are the last two dimensions. [1,C,H,W] and [C,H,W] stay as they are. */
export function plain(engine: Engine, value: Value): Promise<Value> {
  const all = value.dims.map((_, i) => i)
  const [columns, rows] = [all.slice(-1), all.length > 1 ? all.slice(-2, -1) : []]
  return arranged(engine, value, [all.slice(0, -2), rows, columns])
}

/** Rearranges planes so that the channels are these dimensions, in this order. */
export function withChannels(engine: Engine, value: Value, chosen: readonly number[]): Promise<Value> {
  const rest = value.dims.map((_, i) => i).filter((i) => !chosen.includes(i))
  const atoms = chosen.flatMap((i) => value.dims[i]!)
  // the rest may be in any order
  if (isAxis(value, atoms, 0)) return Promise.resolve(value)
  const last = rest.filter((i) => value.dims[i]!.length > 0).slice(-1)
  return arranged(engine, value, [chosen, rest.filter((i) => i !== last[0]), last])
}

/** An item that does not depend on the picture. */
export const known = (constant: Constant): Item => ({ kind: 'known', constant })

/** A float that does not depend on the picture. */
export const float = (v: number): Item => known(constant('float32', [], [v]))

/** The constant of an item. @throws ConvoError if the item depends on the picture */
export function knownOf(item: Item | undefined, what: string, node: string): Constant {
  if (item?.kind === 'known') return item.constant
  const wrong = item === undefined ? 'is missing' : 'must be known before the picture is'
  throw new ConvoError('E_NET_OPERATOR', `${node}: ${what} ${wrong}`, {
    fix: 'a network whose weights and shapes are constants: export it in evaluation mode',
  })
}
