import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../src/image/png-parts.ts'

/** A value for a pickle. Lists are lists; other Python objects are marked. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue[]
  | ReadonlyMap<string, PickleValue>
  | { readonly tuple: readonly PickleValue[] }
  | { readonly global: string }
  | { readonly call: string; readonly args: readonly PickleValue[] }
  | { readonly persistent: PickleValue }
  | { readonly bytes: readonly number[] }

/** Writes a pickle of protocol 2. */
export const pickleOf = (value: PickleValue): Buffer =>
  Buffer.concat([Buffer.of(0x80, 2), piece(value), Buffer.from('.')])

const u32 = (n: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(n)
  return bytes
}

function piece(value: PickleValue): Buffer {
  const all = (open: string, items: readonly PickleValue[], close: string) =>
    Buffer.concat([Buffer.from(open, 'latin1'), ...items.map(piece), Buffer.from(close, 'latin1')])
  const global = (name: string) => {
    const at = name.lastIndexOf('.')
    return Buffer.from(`c${name.slice(0, at)}\n${name.slice(at + 1)}\n`)
  }
  if (value === null) return Buffer.from('N')
  if (typeof value === 'boolean') return Buffer.of(value ? 0x88 : 0x89)
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([Buffer.from('X'), u32(text.length), text])
  }
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0 && value < 256) return Buffer.of(0x4b, value)
    const bytes = Buffer.alloc(Number.isInteger(value) ? 5 : 9)
    if (bytes.length === 5) bytes.writeInt32LE(value, bytes.write('J'))
    else bytes.writeDoubleBE(value, bytes.write('G'))
    return bytes
  }
  if (value instanceof Map) return all('}(', [...value].flat() as PickleValue[], 'u')
  if (Array.isArray(value)) return all('](', value, 'e')
  if ('tuple' in value) return all('(', value.tuple, 't')
  if ('global' in value) return global(value.global)
  if ('persistent' in value) return Buffer.concat([piece(value.persistent), Buffer.from('Q')])
  if ('bytes' in value) return Buffer.from(value.bytes)
  const { call, args } = value as { call: string; args: readonly PickleValue[] }
  return Buffer.concat([global(call), piece({ tuple: args }), Buffer.from('R')])
}

/** A tensor in its own storage. */
export type TorchTensor = {
  readonly shape: readonly number[]
  readonly data: ArrayBufferView
  /** Default: FloatStorage. */
  readonly storage?: string
  readonly strides?: readonly number[]
  readonly first?: number
}

const sizeOf = ({ data }: TorchTensor) =>
  data.byteLength / (data as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT

/**
 * Returns the value that `torch.save` writes for a tensor. With `isOld`, the storage has a sixth part, its view, as
 * before PyTorch 1.6.
 */
export function tensorValue(tensor: TorchTensor, key: string, isOld = false): PickleValue {
  const { shape, storage = 'FloatStorage', first = 0 } = tensor
  const dense = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1))
  const id = ['storage', { global: `torch.${storage}` }, key, 'cpu', sizeOf(tensor), ...(isOld ? [null] : [])]
  return {
    call: 'torch._utils._rebuild_tensor_v2',
    args: [
      { persistent: { tuple: id as PickleValue[] } },
      first,
      { tuple: shape },
      { tuple: tensor.strides ?? dense },
      false,
      { call: 'collections.OrderedDict', args: [] },
    ],
  }
}

const bytesOf = ({ data }: TorchTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
const stateOf = (tensors: Readonly<Record<string, TorchTensor>>, isOld = false) =>
  new Map(
    Object.entries(tensors).map(
      ([name, tensor], i) => [name, tensorValue(tensor, String(i), isOld)] as const,
    ),
  )

/** Writes a file like `torch.save`; `wrap` puts the dictionary of tensors into other values. */
export function torchFile(
  tensors: Readonly<Record<string, TorchTensor>>,
  {
    wrap = (state) => state,
    packed = false,
  }: {
    readonly wrap?: (state: PickleValue) => PickleValue
    /** Deflated, like archives that were packed again. */
    readonly packed?: boolean
  } = {},
): Buffer {
  const storages = Object.values(tensors).map((tensor, i) => [`net/data/${i}`, bytesOf(tensor)] as const)
  return zipOf(
    {
      'net/data.pkl': pickleOf(wrap(stateOf(tensors))),
      'net/byteorder': Buffer.from('little'),
      ...Object.fromEntries(storages),
      'net/version': Buffer.from('3\n'),
    },
    packed,
  )
}

/** The same as written by PyTorch before 1.6. */
export function oldTorchFile(tensors: Readonly<Record<string, TorchTensor>>): Buffer {
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
  const machine = new Map<string, PickleValue>([
    ['protocol_version', 1001],
    ['little_endian', true],
  ])
  const storages = Object.values(tensors).map((tensor) => {
    const count = Buffer.alloc(8)
    count.writeBigInt64LE(BigInt(sizeOf(tensor)))
    return Buffer.concat([count, bytesOf(tensor)])
  })
  return Buffer.concat([
    magic,
    pickleOf(1001),
    pickleOf(machine),
    pickleOf(stateOf(tensors, true)),
    pickleOf(Object.keys(tensors).map((_, i) => String(i))),
    ...storages,
  ])
}

/** Writes a zip archive. */
export function zipOf(files: Readonly<Record<string, Uint8Array>>, packed = false, flags = 0): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, bytes] of Object.entries(files)) {
    const body = packed ? deflateRawSync(bytes) : Buffer.from(bytes)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(flags, 2)
    shared.writeUInt16LE(packed ? 8 : 0, 4)
    shared.writeUInt32LE(crc32(bytes) >>> 0, 10)
    shared.writeUInt32LE(body.length, 14)
    shared.writeUInt32LE(bytes.length, 18)
    shared.writeUInt16LE(Buffer.byteLength(name), 22)
    shared.copy(head, 4)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    shared.copy(entry, 6)
    entry.writeUInt32LE(at, 42)
    parts.push(head, Buffer.from(name), body)
    directory.push(entry, Buffer.from(name))
    at += 30 + Buffer.byteLength(name) + body.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(files).length, 8)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...directory, end])
}
