import { ConvoError } from '../error.ts'
import { describe } from '../text/describe.ts'
import { sizeOf, Tensor } from './tensor.ts'

/** The arrays of JavaScript that hold numbers. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

/**
 * Numbers with a shape, which an operator takes where it takes a Tensor; what is not float32 is copied. With the layout `HWC` the
 * channels are the last axis of the shape, [H,W,C] or [D,H,W,C], as in a canvas or in TensorFlow.
 */
export type TensorLike = {
  readonly data: NumberArray
  readonly shape: readonly number[]
  readonly layout?: 'CHW' | 'HWC' | undefined
}

/** What the operators take for a tensor. */
export type TensorInput = Tensor | TensorLike

const isNumberArray = (data: unknown): data is NumberArray =>
  ArrayBuffer.isView(data) &&
  !(data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array)

const isTensorLike = (given: unknown): given is TensorLike =>
  typeof given === 'object' &&
  given !== null &&
  !(given instanceof Tensor) &&
  'data' in given &&
  'shape' in given

/**
 * A tensor [C,...] of numbers with a shape.
 *
 * @throws ConvoError E_ARGUMENT for data that is no array of numbers or a layout that is not known; E_SHAPE
 */
export function tensorOf(given: TensorLike): Tensor {
  if (!isTensorLike(given)) {
    throw new ConvoError('E_ARGUMENT', `a tensor is made of { data, shape }, got ${describe(given)}`)
  }
  const { data, shape, layout = 'CHW' } = given
  if (!isNumberArray(data)) {
    throw new ConvoError('E_ARGUMENT', `data must be a typed array of numbers, got ${describe(data)}`)
  }
  if (layout !== 'CHW' && layout !== 'HWC') {
    throw new ConvoError('E_ARGUMENT', `layout must be CHW or HWC, got ${describe(layout)}`)
  }
  const same = new Tensor(shape, new Float32Array(data))
  if (layout === 'CHW' || shape.length < 2) return same
  const [channels, planes] = [shape.at(-1)!, [...shape.slice(0, -1)]]
  return new Tensor([channels, ...planes], turned(same.data, channels))
}

/** What is like a tensor as a tensor; everything else as it is. @throws ConvoError as `tensorOf` */
export function asTensor(given: TensorInput): Tensor
export function asTensor(given: unknown): unknown
export function asTensor(given: unknown): unknown {
  if (!isTensorLike(given)) return given
  const { data, shape, layout } = given
  const isOne = data instanceof Float32Array && (layout === undefined || layout === 'CHW')
  return isOne ? new Tensor(shape, data) : tensorOf(given)
}

/**
 * The numbers of a tensor [C,H,W] or [C,D,H,W] with those of a pixel side by side: [H,W,C] or [D,H,W,C].
 *
 * @throws ConvoError E_ARGUMENT for anything but a tensor
 */
export function interleaved(tensor: Tensor): { readonly shape: number[]; readonly data: Float32Array } {
  if (!(tensor instanceof Tensor && tensor.data?.length === sizeOf(tensor.shape ?? []))) {
    throw new ConvoError('E_ARGUMENT', `only a Tensor can be interleaved, got ${describe(tensor)}`)
  }
  const { shape, data } = tensor
  const [channels = 1, ...planes] = shape
  return { shape: [...planes, channels], data: turned(data, data.length / channels) }
}

/** The transposed of a matrix with `columns` columns. */
function turned(data: Float32Array, columns: number): Float32Array {
  const rows = data.length / columns
  const out = new Float32Array(data.length)
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, i++) out[x * rows + y] = data[i]!
  }
  return out
}
