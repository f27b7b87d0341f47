import { counted, mismatch, ownCopy, readOf } from '../error.ts'
import { converted, inTurns, type NumberArray, pieceOf } from '../host/turns.ts'
import { sizeOf, Tensor } from './tensor.ts'

/**
 * Numbers with a shape, which operators accept like a Tensor. A Float32Array is used without a copy, and must not
 * change until the result is ready. Other numbers are copied. With the layout `HWC`, the channels are the last axis of
 * the shape, [H,W,C] or [D,H,W,C], as in a canvas or in TensorFlow.
 */
export type TensorLike = {
  /** The numbers, row-major, last index fastest. */
  readonly data: NumberArray
  /** Whole sizes of at least 1, in the order of `layout`. */
  readonly shape: readonly number[]
  /** Whether the channels come first or last. Default: `CHW`. */
  readonly layout?: 'CHW' | 'HWC' | undefined
}

/** What operators accept as a tensor. */
export type TensorInput = Tensor | TensorLike

/** Whether a value is a typed array of numbers. */
export const isNumberArray = (data: unknown): data is NumberArray =>
  ArrayBuffer.isView(data) &&
  !(data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array)

const isTensorLike = (given: unknown): given is TensorLike =>
  typeof given === 'object' &&
  given !== null &&
  !(given instanceof Tensor) &&
  readOf('a tensor', () => 'data' in given && 'shape' in given)

/** @throws ConvoError E_ARGUMENT for data that is not an array of numbers, or for an unknown layout */
function checkLike(given: unknown): TensorLike & { readonly layout: 'CHW' | 'HWC' } {
  if (!isTensorLike(given)) {
    throw mismatch('a tensor must be { data, shape }', given)
  }
  const { data, shape, layout = 'CHW' } = ownCopy('a tensor', given)
  if (!isNumberArray(data)) {
    throw mismatch('data must be a typed array of numbers', data)
  }
  if (layout !== 'CHW' && layout !== 'HWC') {
    throw mismatch('layout must be CHW or HWC', layout)
  }
  return { data, shape, layout }
}

/** Makes a tensor of the copied numbers, and the shape after the channels are moved first, if they must be. */
function likeOf(shape: readonly number[], copy: Float32Array, layout: 'CHW' | 'HWC') {
  const same = new Tensor(shape, copy)
  if (layout === 'CHW' || shape.length < 2) return { same }
  return { same, turned: [shape.at(-1)!, ...shape.slice(0, -1)] }
}

/**
 * Makes a tensor [C,...] from numbers with a shape.
 *
 * @throws ConvoError E_ARGUMENT for data that is not an array of numbers, or for an unknown layout; E_SHAPE
 */
export const tensorOf = counted('tensorOf', 1, (given: TensorLike): Tensor => {
  const { data, shape, layout } = checkLike(given)
  const { same, turned } = likeOf(shape, new Float32Array(data), layout)
  if (turned === undefined) return same
  const out = new Float32Array(data.length)
  turnRows(same.data, turned[0]!, out, 0, data.length / turned[0]!)
  return new Tensor(turned, out)
})

/**
 * Converts numbers with a shape to a tensor, and returns everything else unchanged. @throws ConvoError as `tensorOf`
 */
export async function asTensor<T>(given: T): Promise<T extends TensorInput ? Tensor : T>
export async function asTensor(given: unknown): Promise<unknown> {
  if (!isTensorLike(given)) return given
  const { data, shape, layout } = checkLike(given)
  if (data instanceof Float32Array && layout === 'CHW') return new Tensor(shape, data)
  const { same, turned } = likeOf(shape, await converted(data, Float32Array), layout)
  if (turned === undefined) return same
  const [columns] = turned as [number]
  const out = new Float32Array(data.length)
  await inTurns(
    data.length / columns,
    (from, to) => turnRows(same.data, columns, out, from, to),
    Math.max(1, Math.floor(pieceOf / columns)),
  )
  return new Tensor(turned, out)
}

/**
 * Returns the numbers of a tensor [C,H,W] or [C,D,H,W] with those of each pixel side by side: [H,W,C] or [D,H,W,C].
 *
 * @throws ConvoError E_ARGUMENT for anything but a tensor
 */
export const interleaved = counted(
  'interleaved',
  1,
  (
    tensor: Tensor,
  ): {
    /** [H,W,C] or [D,H,W,C]. */
    readonly shape: number[]
    /** The numbers, channels last. */
    readonly data: Float32Array
  } => {
    if (!(tensor instanceof Tensor && tensor.data?.length === sizeOf(tensor.shape ?? []))) {
      throw mismatch('only a Tensor can be interleaved', tensor)
    }
    const { shape, data } = tensor
    const [channels = 1, ...planes] = shape
    const plane = data.length / channels
    const out = new Float32Array(data.length)
    turnRows(data, plane, out, 0, channels)
    return { shape: [...planes, channels], data: out }
  },
)

/** Transposes some rows of a matrix with `columns` columns into `out`. */
function turnRows(data: Float32Array, columns: number, out: Float32Array, first: number, end: number): void {
  const rows = data.length / columns
  for (let y = first, i = first * columns; y < end; y++) {
    for (let x = 0; x < columns; x++, i++) out[x * rows + y] = data[i]!
  }
}
