import { ConvoError } from '../../error.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { type Kernel, type KernelFields, kernel, showShape } from '../kernel.ts'

/** Converts the 16 bits of an IEEE half to a number. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

let known: Float32Array | undefined
/** All halves as numbers by their bits, filled on first use. Saves 2 s for 16 million of them. */
export const halves = (): Float32Array => {
  known ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits))
  return known
}

const word = new DataView(new ArrayBuffer(4))

/** Converts the 16 bits of a bfloat16, the upper half of a float32, to a number. */
export function upperHalf(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

/** Number types by NumPy's names without the byte order, with their sizes in bytes and their readers. */
export const numberTypes: Readonly<
  Record<string, { readonly bytes: number; read(view: DataView, at: number, little: boolean): number }>
> = {
  f2: { bytes: 2, read: (v, at, le) => half(v.getUint16(at, le)) },
  f4: { bytes: 4, read: (v, at, le) => v.getFloat32(at, le) },
  f8: { bytes: 8, read: (v, at, le) => v.getFloat64(at, le) },
  i1: { bytes: 1, read: (v, at) => v.getInt8(at) },
  i2: { bytes: 2, read: (v, at, le) => v.getInt16(at, le) },
  i4: { bytes: 4, read: (v, at, le) => v.getInt32(at, le) },
  i8: { bytes: 8, read: (v, at, le) => Number(v.getBigInt64(at, le)) },
  u1: { bytes: 1, read: (v, at) => v.getUint8(at) },
  u2: { bytes: 2, read: (v, at, le) => v.getUint16(at, le) },
  u4: { bytes: 4, read: (v, at, le) => v.getUint32(at, le) },
  u8: { bytes: 8, read: (v, at, le) => Number(v.getBigUint64(at, le)) },
  b1: { bytes: 1, read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
}

/** Makes a checked kernel whose errors name the file. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE */
export function kernelFrom(
  file: string,
  shape: readonly number[],
  weights: ArrayLike<number>,
  fields: KernelFields = {},
): Kernel {
  try {
    return kernel(shape, weights, fields)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    const [first = `shape ${showShape(shape)}`, ...rest] = error.why
    throw new ConvoError(error.code, error.message, { why: [`${file}: ${first}`, ...rest], cause: error })
  }
}

/** The most numbers in a tensor of weights: 1 GiB in double precision. */
export const mostWeights = 2 ** 27

/** Refuses a shape with too many weights, before they are read. @throws ConvoError E_KERNEL_SHAPE */
export function checkCount(file: string, shape: readonly number[], most = mostWeights): void {
  const count = sizeOf(shape)
  if (count <= most) return
  throw new ConvoError('E_KERNEL_SHAPE', `a kernel can have at most ${most} weights, got ${count}`, {
    why: `${file}: shape ${showShape(shape)}`,
  })
}
