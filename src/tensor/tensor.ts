import { ConvoError, isBranded, mismatch, ownCopy, readOf } from '../error.ts'
import { checkLimit } from '../limits.ts'

const brand = Symbol.for('convo.Tensor')

/** A dense float32 array with a shape, row-major, last index fastest: [C,H,W], [C,D,H,W], [O,C,kH,kW]. */
export class Tensor {
  /** Its sizes, slowest axis first. */
  readonly shape: readonly number[]
  /** Its numbers, row-major. */
  readonly data: Float32Array

  /**
   * @throws ConvoError E_SHAPE if a size is not a whole number of at least 1 or the data does not fill the shape;
   *   E_ARGUMENT for data that is not a Float32Array
   */
  constructor(sizes: readonly number[], data: Float32Array) {
    const shape = checkSizes(sizes)
    if (!readOf('tensor data', () => data instanceof Float32Array)) {
      throw mismatch('tensor data must be a Float32Array', data)
    }
    const count = sizeOf(shape)
    if (data.length !== count) {
      throw new ConvoError(
        'E_SHAPE',
        `data of length ${data.length} does not fit shape [${shape.join(',')}], which needs ${count}`,
      )
    }
    this.shape = Object.freeze(shape)
    this.data = data
  }

  /** Whether a value is a tensor of any loaded copy of convo: a program may load both the ES module and CommonJS. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(value, brand)
  }

  /** Makes a tensor of zeros. @throws ConvoError E_SHAPE, E_TOO_LARGE, E_MEMORY */
  static zeros(shape: readonly number[]): Tensor {
    return zeros(shape)
  }
}

Object.defineProperty(Tensor.prototype, brand, {})

/** A tensor whose numbers are computed later. It is a class with fields because each planning call makes several. */
class Pending {
  readonly shape: readonly number[]
  /** The tensor whose numbers it has, in another shape. */
  readonly before: Tensor | undefined

  constructor(shape: readonly number[], before?: Tensor) {
    this.shape = shape
    this.before = before
  }

  get data(): Float32Array {
    throw new ConvoError('E_INTERNAL', 'an operator looked at numbers that are not supported yet')
  }
}

Object.setPrototypeOf(Pending.prototype, Tensor.prototype)

/** Makes a tensor with only a shape. Its numbers are computed later, and reading them is a bug. */
export const pendingTensor = (shape: readonly number[]): Tensor => new Pending(shape)

/** Returns the same numbers in another shape of equal size. */
export const reshaped = (x: Tensor, shape: readonly number[]): Tensor =>
  isPending(x) ? new Pending(shape, x) : new Tensor(shape, x.data)

/** The tensor before any `reshaped`, if its numbers are pending; else the tensor itself. */
export const unshaped = (x: Tensor): Tensor => (x instanceof Pending && x.before ? unshaped(x.before) : x)

/** Whether only the shape of a tensor is known. */
export const isPending = (tensor: Tensor): boolean => tensor instanceof Pending

/** Makes a placeholder for a tensor that is part of a plan but not computed: it has a shape, and no numbers. */
export const unseen = ({ shape }: Pick<Tensor, 'shape'>): Tensor =>
  Object.assign(Object.create(Tensor.prototype), { shape, data: new Float32Array() })

// outside the class, which would be bundled as _Tensor if it referred to itself
const zeros = (sizes: readonly number[]): Tensor => {
  const shape = checkSizes(sizes)
  checkLimit('tensorSamples', sizeOf(shape), 'the tensor')
  return new Tensor(shape, floats(sizeOf(shape)))
}

function checkSizes(sizes: readonly number[]): readonly number[] {
  const shape = ownCopy('the shape', sizes)
  // Array.from, because array methods skip holes
  const isShape = Array.isArray(shape) && shape.length > 0
  if (isShape && Array.from(shape).every((n) => Number.isSafeInteger(n) && n >= 1)) return shape
  throw mismatch('a shape needs whole sizes of at least 1', shape, { code: 'E_SHAPE' })
}

/** Whether this machine is little-endian, like most file formats. */
export const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The product of the sizes. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Allocates zeros for a result. @throws ConvoError E_MEMORY if there is not enough memory */
export function floats(count: number): Float32Array {
  try {
    return new Float32Array(count)
  } catch (cause) {
    throw new ConvoError('E_MEMORY', `out of memory for ${count} samples`, { cause })
  }
}
