import { comparisons, type OperationName, operations } from '../definition/mixing.ts'
import { ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { exp, log } from '../tensor/math.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { constant, strided, transposedConstant } from './formats/numbers.ts'
import { constantArrays as arrays, type Constant } from './network.ts'

// Arithmetic on values that do not depend on the picture: shapes, sizes, and weights that a file computes from others.

type Type = Constant['type']

/** Makes a constant from a list of integers. */
export const wholes = (values: readonly number[]): Constant => constant('int64', [values.length], values)

/** The numbers as a list. */
export const listOf = ({ data }: Constant): number[] => Array.from(data)

const isWhole = (type: Type): boolean => type !== 'float32' && type !== 'float64'

/** Broadcasts two shapes. Returns undefined if they do not fit. */
export function spreadShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const out: number[] = []
  for (let i = 0; i < rank; i++) {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1]
    if (x !== y && x !== 1 && y !== 1) return undefined
    out.push(x === 1 ? y : x)
  }
  return out
}

/** The number of elements in a shape. @throws ConvoError E_SHAPE for invalid sizes, E_TOO_LARGE */
function countOf(shape: readonly number[]): number {
  const odd = shape.find((size) => !(Number.isSafeInteger(size) && size >= 0))
  if (odd !== undefined) throw new ConvoError('E_SHAPE', `a constant of [${shape}] cannot be`)
  checkLimit('tensorSamples', sizeOf(shape), 'a constant of the network')
  return sizeOf(shape)
}

/** Broadcasts a constant to a shape. */
export function spread(x: Constant, shape: readonly number[]): Constant {
  countOf(shape)
  const skip = shape.length - x.shape.length
  const stepOf = (i: number) =>
    i < skip || x.shape[i - skip] === 1 ? 0 : sizeOf(x.shape.slice(i - skip + 1))
  return strided(
    x,
    [...shape],
    shape.map((_, i) => stepOf(i)),
  )
}

/** Takes the elements `indices[i]` along a dimension. */
export function taken(x: Constant, axis: number, indices: readonly number[]): Constant {
  const shape = x.shape.with(axis, indices.length)
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))]
  const data = new arrays[x.type](countOf(shape))
  let to = 0
  for (let o = 0; o < outer; o++) {
    for (const i of indices) {
      const from = (o * x.shape[axis]! + i) * inner
      data.set(x.data.subarray(from, from + inner), to)
      to += inner
    }
  }
  return { type: x.type, shape, data }
}

/** Concatenates constants along a dimension. */
export function joinedConstants(list: readonly Constant[], axis: number): Constant {
  const [first] = list as [Constant]
  const shape = first.shape.map((size, i) =>
    i === axis ? list.reduce((sum, x) => sum + x.shape[i]!, 0) : size,
  )
  const data = new arrays[first.type](sizeOf(shape))
  const inner = sizeOf(shape.slice(axis + 1))
  const outer = sizeOf(shape.slice(0, axis))
  let before = 0
  for (const x of list) {
    const run = x.shape[axis]! * inner
    for (let o = 0; o < outer; o++)
      data.set(x.data.subarray(o * run, (o + 1) * run), o * shape[axis]! * inner + before)
    before += run
  }
  return { type: first.type, shape, data }
}

/** Applies a binary operation to two constants, broadcast to each other. @throws ConvoError E_SHAPE */
export function binary(operation: OperationName, a: Constant, b: Constant): Constant {
  const [x, y] = alike([a, b])
  const values = Float64Array.from(x!.data, (v, i) => operations[operation](v, y!.data[i]!))
  if (Object.hasOwn(comparisons, operation)) return constant('bool', x!.shape, values)
  const isCut = isWhole(a.type) && operation === 'divide'
  return constant(a.type, x!.shape, isCut ? values.map(Math.trunc) : values)
}

/** Selects elements of `a` where `condition` is not 0, and of `b` elsewhere. @throws ConvoError E_SHAPE */
export function chosen(...constants: readonly [condition: Constant, a: Constant, b: Constant]): Constant {
  const [condition, a, b] = alike(constants)
  const values = Float64Array.from(condition!.data, (v, i) => (v !== 0 ? a : b)!.data[i]!)
  return constant(a!.type, condition!.shape, values)
}

/** Broadcasts constants to each other. @throws ConvoError E_SHAPE */
function alike(constants: readonly Constant[]): Constant[] {
  const shape = constants.reduce<number[] | undefined>((all, one) => all && spreadShape(all, one.shape), [])
  if (shape !== undefined) return constants.map((one) => spread(one, shape))
  const shapes = constants.map((one) => `[${one.shape}]`).join(' and ')
  throw new ConvoError('E_SHAPE', `constants of ${shapes} do not fit`)
}

/** Converts a constant to another type. Integers are truncated, not rounded. */
export function cast({ shape, data }: Constant, type: Type): Constant {
  const change =
    type === 'bool' ? (v: number) => (v !== 0 ? 1 : 0) : isWhole(type) ? Math.trunc : (v: number) => v
  return constant(type, shape, Float64Array.from(data, change))
}

/** The reductions of constants. */
const reductions: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceMean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  ReduceSum: (v) => v.reduce((a, b) => a + b, 0),
  ReduceProd: (v) => v.reduce((a, b) => a * b, 1),
  ReduceMax: (v) => v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ReduceMin: (v) => v.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  ReduceL1: (v) => v.reduce((a, b) => a + Math.abs(b), 0),
  ReduceL2: (v) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)),
  ReduceSumSquare: (v) => v.reduce((a, b) => a + b * b, 0),
  ReduceLogSum: (v) => log(v.reduce((a, b) => a + b, 0)),
  ReduceLogSumExp: (v) => {
    const most = Math.min(
      v.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE),
      Number.MAX_VALUE,
    )
    return most + log(v.reduce((a, b) => a + exp(b - most), 0))
  },
}

/** Reduces some dimensions of a constant to size 1. */
export function reducedConstant(operator: string, x: Constant, axes: readonly number[]): Constant {
  const shape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size))
  const isReduced = (_: number, i: number) => axes.includes(i)
  const places = shape.map((_, i) => i)
  const { data } = transposedConstant(x, [
    ...places.filter((_, i) => !axes.includes(i)),
    ...places.filter(isReduced),
  ])
  const each = sizeOf(x.shape.filter(isReduced))
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    reductions[operator]!(Array.from(data.subarray(i * each, (i + 1) * each))),
  )
  return constant(x.type, shape, values)
}
