import { ConvoError } from '../error.ts'

/** A dense float32 array with a shape, row-major, the last index fastest: [C,H,W], [C,D,H,W], [O,C,kH,kW]. */
export class Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array

  /** @throws ConvoError E_SHAPE when a size is not a whole number of at least 1, or the data does not fill the shape */
  constructor(shape: readonly number[], data: Float32Array) {
    if (!Array.isArray(shape) || shape.length === 0 || shape.some((n) => !Number.isSafeInteger(n) || n < 1)) {
      throw new ConvoError('E_SHAPE', `a shape needs whole sizes of at least 1, got [${String(shape)}]`)
    }
    if (!(data instanceof Float32Array)) {
      throw new ConvoError('E_ARGUMENT', `tensor data must be a Float32Array, got ${describe(data)}`)
    }
    const count = sizeOf(shape)
    if (data.length !== count) {
      throw new ConvoError(
        'E_SHAPE',
        `data of length ${data.length} does not fit shape [${shape.join(',')}], which holds ${count}`,
      )
    }
    this.shape = Object.freeze([...shape])
    this.data = data
  }

  /** A tensor of zeros. */
  static zeros(shape: readonly number[]): Tensor {
    return zeros(shape)
  }
}

// outside the class, which bundled would be called _Tensor if it spoke of itself
const zeros = (shape: readonly number[]): Tensor => new Tensor(shape, new Float32Array(sizeOf(shape)))

/** The product of the sizes. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** A short word for a value of the wrong type, for errors. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return (value as object).constructor?.name ?? 'object'
  return `${String(value)} (${typeof value})`
}
