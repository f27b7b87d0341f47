import { viewOf } from '../../files/read.ts'
import { half, halves, upperHalf } from '../../kernel/formats/binary.ts'
import { checkLimit } from '../../limits.ts'
import { isLittleEndian, sizeOf } from '../../tensor/tensor.ts'
import { constantArrays as arrays, type Constant } from '../network.ts'

type Row = {
  readonly bytes: number
  readonly becomes: Constant['type']
  /** Its number in ONNX, and its word in safetensors. */
  readonly onnx: number
  readonly dtype: string
  readonly read: (view: DataView, at: number) => number
  /** Whether numbers in memory have the same bytes as in the file, on a little-endian machine. */
  readonly isSame?: true
}

/** The types of numbers in files, little-endian, and the types that they become. */
// biome-ignore format: one line for each type
const rows = {
  float64: { bytes: 8, becomes: 'float64', onnx: 11, dtype: 'F64', isSame: true, read: (v, at) => v.getFloat64(at, true) },
  float32: { bytes: 4, becomes: 'float32', onnx: 1, dtype: 'F32', isSame: true, read: (v, at) => v.getFloat32(at, true) },
  float16: { bytes: 2, becomes: 'float32', onnx: 10, dtype: 'F16', read: (v, at) => halves()[v.getUint16(at, true)]! },
  bfloat16: { bytes: 2, becomes: 'float32', onnx: 16, dtype: 'BF16', read: (v, at) => upperHalf(v.getUint16(at, true)) },
  int64: { bytes: 8, becomes: 'int64', onnx: 7, dtype: 'I64', read: (v, at) => Number(v.getBigInt64(at, true)) },
  uint64: { bytes: 8, becomes: 'int64', onnx: 13, dtype: 'U64', read: (v, at) => Number(v.getBigUint64(at, true)) },
  int32: { bytes: 4, becomes: 'int32', onnx: 6, dtype: 'I32', isSame: true, read: (v, at) => v.getInt32(at, true) },
  uint32: { bytes: 4, becomes: 'int64', onnx: 12, dtype: 'U32', read: (v, at) => v.getUint32(at, true) },
  int16: { bytes: 2, becomes: 'int16', onnx: 5, dtype: 'I16', isSame: true, read: (v, at) => v.getInt16(at, true) },
  uint16: { bytes: 2, becomes: 'uint16', onnx: 4, dtype: 'U16', isSame: true, read: (v, at) => v.getUint16(at, true) },
  int8: { bytes: 1, becomes: 'int8', onnx: 3, dtype: 'I8', isSame: true, read: (v, at) => v.getInt8(at) },
  uint8: { bytes: 1, becomes: 'uint8', onnx: 2, dtype: 'U8', isSame: true, read: (v, at) => v.getUint8(at) },
  bool: { bytes: 1, becomes: 'bool', onnx: 9, dtype: 'BOOL', read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
} as const satisfies Record<string, Row>

/** A type of numbers in a file. */
export type NumberType = keyof typeof rows

/** All types of numbers in files. */
export const numberTypes = Object.keys(rows) as readonly NumberType[]

/** The type of a number in ONNX's `TensorProto.DataType`, or of a word in safetensors. */
export const typeBy = (key: 'onnx' | 'dtype', value: unknown): NumberType | undefined =>
  numberTypes.find((type) => rows[type][key] === value)

/** The number of a type in ONNX, or its word in safetensors. */
export const codeOf = <K extends 'onnx' | 'dtype'>(type: NumberType, key: K): Row[K] => rows[type][key]

/** The type of constants that a type becomes. */
export const becomesOf = (type: NumberType): Constant['type'] => rows[type].becomes

/** Whether a type has integers only. */
export const isWhole = (type: NumberType): boolean => !type.includes('float') && type !== 'bool'

/** The size of a number in bytes. */
export const bytesOf = (type: NumberType): number => rows[type].bytes

/** The smallest and the largest number of the 8-bit and 16-bit types. */
export const spans: Readonly<Record<string, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
}

/** Makes a constant from numbers of a type. Their count must fit the shape. */
export const constant = (
  type: Constant['type'],
  shape: readonly number[],
  numbers: ArrayLike<number>,
): Constant => ({ type, shape, data: arrays[type].from(numbers) })

/** Makes a float32 constant. */
export const floatsOf = (shape: readonly number[], numbers: ArrayLike<number>): Constant =>
  constant('float32', shape, numbers)

/** Makes a constant from numbers in a file, in memory of its own. `bytes` has the length that the shape needs. */
export function constantFrom(type: NumberType, shape: readonly number[], bytes: Uint8Array): Constant {
  const { becomes, read, bytes: size, isSame }: Row = rows[type]
  const view = viewOf(bytes)
  const data = new arrays[becomes](sizeOf(shape))
  if (isSame === true && isLittleEndian) {
    new Uint8Array(data.buffer).set(bytes.subarray(0, data.byteLength))
    return { type: becomes, shape, data }
  }
  for (let i = 0, at = 0; i < data.length; i++, at += size) data[i] = read(view, at)
  return { type: becomes, shape, data }
}

/** Reads a constant in another shape, with a stride along each axis, counted in numbers. */
export function strided(
  { type, data }: Constant,
  shape: readonly number[],
  strides: readonly number[],
): Constant {
  const count = sizeOf(shape)
  const isDense = shape.every((n, axis) => n === 1 || strides[axis] === sizeOf(shape.slice(axis + 1)))
  if (isDense) return { type, shape, data: data.length === count ? data : data.slice(0, count) }
  const out = new arrays[type](count)
  const at = shape.map(() => 0)
  for (let i = 0, from = 0; i < count; i++) {
    out[i] = data[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++at[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      at[axis] = 0
    }
  }
  return { type, shape, data: out }
}

/** Reorders the axes of a constant, like `numpy.transpose`. */
export function transposedConstant(constant: Constant, order: readonly number[]): Constant {
  const { shape } = constant
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  return strided(
    constant,
    order.map((axis) => shape[axis]!),
    order.map((axis) => steps[axis]!),
  )
}

/** How the numbers of a list are read that are not listed as they are. */
const listed: Partial<Record<NumberType, (n: number) => number>> = {
  float16: half,
  bfloat16: upperHalf,
  bool: (n) => Number(n !== 0),
  uint64: (n) => (n < 0 ? n + 2 ** 64 : n),
}

/** Makes a constant from a list. Half-precision numbers are given as integers with the same bits. */
export function constantFromList(
  type: NumberType,
  shape: readonly number[],
  list: readonly number[],
): Constant {
  const { becomes }: Row = rows[type]
  const change = listed[type]
  return constant(becomes, shape, change === undefined ? list : list.map(change))
}

/** The numbers of a constant as little-endian bytes, in its own type. */
export function bytesFrom({ type, data }: Constant): Uint8Array {
  const { bytes: size, isSame }: Row = rows[type]
  // copied as bytes: reading and writing a NaN as a number can change its bits
  if (isSame === true && isLittleEndian)
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
  const bytes = new Uint8Array(data.length * size)
  const view = viewOf(bytes)
  for (let i = 0, at = 0; i < data.length; i++, at += size) writers[type](view, at, data[i]!)
  return bytes
}

const most64 = 2n ** 63n - 1n

const writers: Readonly<Record<Constant['type'], (view: DataView, at: number, value: number) => void>> = {
  float64: (v, at, value) => v.setFloat64(at, value, true),
  float32: (v, at, value) => v.setFloat32(at, value, true),
  // 2^63 - 1 is read as 2^63
  int64: (v, at, value) => v.setBigInt64(at, value >= 2 ** 63 ? most64 : BigInt(value), true),
  int32: (v, at, value) => v.setInt32(at, value, true),
  int16: (v, at, value) => v.setInt16(at, value, true),
  uint16: (v, at, value) => v.setUint16(at, value, true),
  int8: (v, at, value) => v.setInt8(at, value),
  uint8: (v, at, value) => v.setUint8(at, value),
  bool: (v, at, value) => v.setUint8(at, value),
}

/** Counts the weights of a file against the limit, tensor by tensor. */
export type Budget = { readonly take: (count: number) => void }

/** Starts a count. @throws ConvoError E_TOO_LARGE from `take`, before memory is allocated */
export function budgetOf(file: string): Budget {
  let taken = 0
  return {
    take(count) {
      taken += count
      checkLimit('modelWeights', taken, file)
    },
  }
}
