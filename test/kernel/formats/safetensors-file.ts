/** Builds a .safetensors file with any header and any data. */
export function file(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  length?: bigint,
): Uint8Array {
  const text = Buffer.from(header)
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length ?? BigInt(text.length))
  return Buffer.concat([prefix, text, data])
}

type Given = { readonly dtype?: string; readonly shape: readonly number[]; readonly data: ArrayBufferView }

/** Returns the bytes of typed numbers. */
export const bytesOf = (data: ArrayBufferView) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)

/** Builds a valid file with some tensors. */
export function tensors(
  given: Record<string, Given>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let at = 0
  const entries = Object.entries(given).map(([name, { dtype = 'F32', shape, data }]) => {
    const entry = { dtype, shape, data_offsets: [at, at + data.byteLength] }
    at += data.byteLength
    return [name, entry]
  })
  const header = JSON.stringify({
    __metadata__: { format: 'pt', ...metadata },
    ...Object.fromEntries(entries),
  })
  return file(header, Buffer.concat(Object.values(given).map(({ data }) => bytesOf(data))))
}

/** Quarters, which are exact in every type. */
export const floats = (n: number) => Float32Array.from({ length: n }, (_, i) => i / 4)

/** A small network: a bank, a transposed bank, a matrix, and a count, which is not a weight. */
export const network = tensors({
  'conv1.weight': { shape: [4, 3, 3, 3], data: floats(108) },
  'conv1.bias': { shape: [4], data: Float32Array.of(1, 2, 3, 0.5) },
  'up.weight': { shape: [2, 3, 2, 2], data: floats(24) },
  'up.bias': { shape: [6], data: floats(6) },
  'fc.weight': { shape: [2, 3], data: floats(6) },
  'fc.bias': { shape: [2], data: floats(2) },
  'bn.num_batches_tracked': { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) },
})
