/** A tensor of an ONNX file, with row-major `data`. int64 may be numbers or bigints. */
export type OnnxTensor = {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number | bigint>
  /** Default: float32. */
  readonly type?: OnnxType
  /** Stores numbers in the field for their type, such as `float_data`, instead of in `raw_data`. */
  readonly typed?: boolean
  /** The location of bytes in another file. */
  readonly external?: Readonly<Record<string, string>>
}

export type OnnxType = keyof typeof types

/** The code of a type in ONNX, the field for its numbers, and how to write a number as bytes. */
const types = {
  float32: { code: 1, field: 4, kind: 'float', put: (x: number) => le(4, (v) => v.setFloat32(0, x, true)) },
  uint8: { code: 2, field: 5, kind: 'varint', put: (x: number) => [x & 255] },
  int8: { code: 3, field: 5, kind: 'varint', put: (x: number) => [x & 255] },
  uint16: { code: 4, field: 5, kind: 'varint', put: (x: number) => le(2, (v) => v.setUint16(0, x, true)) },
  int16: { code: 5, field: 5, kind: 'varint', put: (x: number) => le(2, (v) => v.setInt16(0, x, true)) },
  int32: { code: 6, field: 5, kind: 'varint', put: (x: number) => le(4, (v) => v.setInt32(0, x, true)) },
  int64: {
    code: 7,
    field: 7,
    kind: 'varint',
    put: (x: number | bigint) => le(8, (v) => v.setBigInt64(0, BigInt(x), true)),
  },
  bool: { code: 9, field: 5, kind: 'varint', put: (x: number) => [x ? 1 : 0] },
  float16: {
    code: 10,
    field: 5,
    kind: 'half',
    put: (x: number) => le(2, (v) => v.setUint16(0, halfOf(x), true)),
  },
  float64: {
    code: 11,
    field: 10,
    kind: 'double',
    put: (x: number) => le(8, (v) => v.setFloat64(0, x, true)),
  },
  uint32: { code: 12, field: 11, kind: 'varint', put: (x: number) => le(4, (v) => v.setUint32(0, x, true)) },
  uint64: {
    code: 13,
    field: 11,
    kind: 'varint',
    put: (x: number | bigint) => le(8, (v) => v.setBigUint64(0, BigInt(x), true)),
  },
  bfloat16: {
    code: 16,
    field: 5,
    kind: 'bhalf',
    put: (x: number) => le(2, (v) => v.setUint16(0, upperOf(x), true)),
  },
} as const satisfies Record<
  string,
  { code: number; field: number; kind: string; put(x: never): readonly number[] }
>

/**
 * Whole numbers and lists of them are ints; other numbers are floats. `{ float: 1 }` and `{ floats: [1, 2] }` are
 * always floats.
 */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  /** In a function: the attribute with this name from the call. */
  | { readonly reference: string }
  | OnnxTensor
  | OnnxGraph

export type OnnxNode = {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  readonly name?: string
  readonly domain?: string
}

/**
 * An input or output. A text as a size is a name, and null leaves the size open. Without a shape, all sizes are open.
 */
export type OnnxPort = {
  readonly name: string
  readonly shape?: readonly (number | string | null)[]
  /** Default: float32. */
  readonly type?: OnnxType
}

/** A function in the model, which is called like an operator of its domain. */
export type OnnxFunction = {
  readonly domain: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly OnnxNode[]
  /** The names of its attributes. `defaults` are those with a value if the call has none. */
  readonly attributes?: readonly string[]
  readonly defaults?: Readonly<Record<string, OnnxAttribute>>
  /** Default: 17. */
  readonly opset?: number
}

/** A graph, as a model or as a branch. */
export type OnnxGraph = {
  readonly inputs: readonly OnnxPort[]
  readonly outputs: readonly (OnnxPort | string)[]
  readonly nodes: readonly OnnxNode[]
  readonly initializers?: Readonly<Record<string, OnnxTensor>>
  readonly name?: string
}

export type OnnxModel = OnnxGraph & {
  /** Default: 17. */
  readonly opset?: number
  /** Versions of the operators in other domains. */
  readonly domains?: Readonly<Record<string, number>>
  /** Default: 8. */
  readonly ir?: number
  readonly producer?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly functions?: readonly OnnxFunction[]
}

/** Writes an ONNX file of a graph, as ModelProto. */
export function onnxModel(model: OnnxModel): Uint8Array {
  const { opset = 17, domains = {}, ir = 8 } = model
  return bytesOf([
    number(1, ir),
    ...(model.producer === undefined ? [] : [text(2, model.producer)]),
    message(7, graphOf(model)),
    ...opsetsOf({ '': opset, ...domains }, 8),
    ...Object.entries(model.metadata ?? {}).map(([key, value]) =>
      message(14, [text(1, key), text(2, value)]),
    ),
    ...(model.functions ?? []).map((one) => message(25, functionOf(one))),
  ])
}

const graphOf = ({ name = 'graph', inputs, outputs, nodes, initializers = {} }: OnnxGraph): Bytes[] => [
  ...nodes.map((node) => message(1, nodeOf(node))),
  text(2, name),
  ...Object.entries(initializers).map(([key, tensor]) => message(5, tensorOf(tensor, key))),
  ...inputs.map((port) => message(11, portOf(port))),
  ...outputs.map((port) => message(12, portOf(typeof port === 'string' ? { name: port } : port))),
]

const opsetsOf = (versions: Readonly<Record<string, number>>, field: number): Bytes[] =>
  Object.entries(versions).map(([domain, version]) =>
    message(field, [...(domain === '' ? [] : [text(1, domain)]), number(2, version)]),
  )

const functionOf = ({
  domain,
  name,
  inputs,
  outputs,
  nodes,
  attributes = [],
  defaults = {},
  opset = 17,
}: OnnxFunction) => [
  text(1, name),
  ...inputs.map((one) => text(4, one)),
  ...outputs.map((one) => text(5, one)),
  ...attributes.map((one) => text(6, one)),
  ...nodes.map((one) => message(7, nodeOf(one))),
  ...opsetsOf({ '': opset, [domain]: 1 }, 9),
  text(10, domain),
  ...Object.entries(defaults).map(([key, value]) => message(11, [text(1, key), ...attributeOf(value)])),
]

type Bytes = readonly number[] | Uint8Array

const nodeOf = ({ operator, inputs, outputs, attributes = {}, name, domain }: OnnxNode): Bytes[] => [
  ...inputs.map((one) => text(1, one)),
  ...outputs.map((one) => text(2, one)),
  ...(name === undefined ? [] : [text(3, name)]),
  text(4, operator),
  ...Object.entries(attributes).map(([key, value]) => message(5, [text(1, key), ...attributeOf(value)])),
  ...(domain === undefined ? [] : [text(7, domain)]),
]

function attributeOf(value: OnnxAttribute): Bytes[] {
  if (typeof value === 'number')
    return Number.isInteger(value) ? [number(3, value), kind(2)] : [float(2, value), kind(1)]
  if (typeof value === 'string') return [text(4, value), kind(3)]
  if ('nodes' in value) return [message(6, graphOf(value)), kind(5)]
  if ('float' in value) return [float(2, value.float), kind(1)]
  if ('reference' in value) return [text(21, value.reference), kind(1)]
  if ('floats' in value) return [...value.floats.map((x) => float(7, x)), kind(6)]
  if ('data' in value) return [message(5, tensorOf(value, '')), kind(4)]
  if (value.some((one) => typeof one === 'string'))
    return [...value.map((one) => text(9, String(one))), kind(8)]
  const numbers = value as readonly number[]
  return numbers.every(Number.isInteger)
    ? [...numbers.map((x) => number(8, x)), kind(7)]
    : [...numbers.map((x) => float(7, x)), kind(6)]
}

const kind = (code: number): Bytes => number(20, code)

function tensorOf(
  { shape, data, type = 'float32', typed = false, external }: OnnxTensor,
  name: string,
): Bytes[] {
  const { code, field, kind, put } = types[type]
  const numbers = Array.from(data)
  const start = [
    packed(
      1,
      shape.map((n) => varint(n)),
    ),
    number(2, code),
    text(8, name),
  ]
  if (external !== undefined) {
    const entries = Object.entries(external).map(([key, value]) =>
      message(13, [text(1, key), text(2, value)]),
    )
    return [...start, ...entries, number(14, 1)]
  }
  if (!typed)
    return [
      ...start,
      sized(
        9,
        numbers.map((x) => put(x as never)),
      ),
    ]
  const plain =
    kind === 'half'
      ? numbers.map((x) => varint(halfOf(Number(x))))
      : kind === 'bhalf'
        ? numbers.map((x) => varint(upperOf(Number(x))))
        : kind === 'varint'
          ? numbers.map((x) => varint(x))
          : numbers.map((x) => put(x as never))
  return [...start, packed(field, plain)]
}

function portOf({ name, shape, type = 'float32' }: OnnxPort): Bytes[] {
  const sizes = shape?.map((size) =>
    message(1, size === null ? [] : typeof size === 'string' ? [text(2, size)] : [number(1, size)]),
  )
  const tensor = [number(1, types[type].code), ...(sizes === undefined ? [] : [message(2, sizes)])]
  return [text(1, name), message(2, [message(1, tensor)])]
}

// fields of protocol buffers: a key of number and wire type, then the value
const varintType = 0
const sizedType = 2
const fixedType = 5

/** Encodes a number with seven bits per byte, lowest first. Negative numbers are 64 bits in two's complement. */
export function varint(value: number | bigint): number[] {
  let left = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  do {
    const more = left > 127n
    bytes.push(Number(left & 127n) | (more ? 128 : 0))
    left >>= 7n
  } while (left > 0n)
  return bytes
}

const number = (field: number, value: number | bigint): Bytes => [
  ...varint(field * 8 + varintType),
  ...varint(value),
]
const float = (field: number, value: number): Bytes => [
  ...varint(field * 8 + fixedType),
  ...le(4, (v) => v.setFloat32(0, value, true)),
]
const sized = (field: number, parts: readonly Bytes[]): Uint8Array => {
  const inner = bytesOf(parts)
  return bytesOf([varint(field * 8 + sizedType), varint(inner.length), inner])
}
const packed = sized
const text = (field: number, value: string): Bytes => sized(field, [Buffer.from(value)])
/** A message inside a message. */
export const message = (field: number, parts: readonly Bytes[]): Bytes => sized(field, parts)

/** Joins pieces of bytes. */
export function bytesOf(parts: readonly Bytes[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function le(length: number, set: (view: DataView) => void): number[] {
  const bytes = new Uint8Array(length)
  set(new DataView(bytes.buffer))
  return Array.from(bytes)
}

/** Converts to IEEE half precision, rounded half to even; 16 bits. */
export function halfOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (size >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-9)))
  const steps = evenOf(size / 2 ** (exponent - 10))
  // a fraction that rounds up to 2048 carries into the exponent, as intended
  return sign | (exponent === -14 && steps < 1024 ? steps : (exponent + 15) * 1024 + steps - 1024)
}

/** Returns the upper half of a float32, rounded half to even: bfloat16, 16 bits. */
export function upperOf(value: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, value)
  return Math.floor(evenOf(view.getUint32(0) / 65536)) & 0xffff
}

function evenOf(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low
}
