import { ConvoError, nearest } from '../../error.ts'
import { kernel, showShape } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import { half } from './npy.ts'

/** The tensors of a .safetensors file: names and shapes at once, the numbers when they are asked for. */
export type Safetensors = {
  /** In the order of the header. */
  readonly names: readonly string[]
  /** @throws ConvoError E_KERNEL_FILE when there is none of this name */
  shape(name: string): readonly number[]
  /**
   * A tensor of any rank, row-major, rounded to float32.
   *
   * @throws ConvoError E_KERNEL_FILE when there is none of this name, E_KERNEL_FORMAT for a type that is not read
   */
  tensor(name: string): { readonly shape: readonly number[]; readonly data: Float32Array }
}

/** A checked file. */
type Opened = {
  readonly file: string
  readonly bytes: Uint8Array
  readonly entries: ReadonlyMap<string, Entry>
}

/** One tensor: its bytes are those of the file from `begin` to `end`. */
type Entry = {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
  /** Where the header speaks of it, in bytes from the start of the file. */
  readonly at: number
}

const longestHeader = 100_000_000
// { name: { shape: [ ] } }
const deepestNesting = 3
const mostListed = 24

/** Bytes of a number, for every type of the format: the places of tensors that are not read are checked too. */
// biome-ignore format: one line for each family
const sizes: Readonly<Record<string, number>> = {
  F64: 8, F32: 4, F16: 2, BF16: 2, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1, C64: 8,
  I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1,
}

const readers: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  F64: (v, at) => v.getFloat64(at, true),
  F32: (v, at) => v.getFloat32(at, true),
  F16: (v, at) => half(v.getUint16(at, true)),
  BF16: (v, at) => upperHalf(v.getUint16(at, true)),
  I8: (v, at) => v.getInt8(at),
  U8: (v, at) => v.getUint8(at),
}

const word = new DataView(new ArrayBuffer(4))

/** The number whose float32 begins with these 16 bits. */
function upperHalf(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

/**
 * Opens a .safetensors file: the header and all that it says are checked before anything is allocated, and numbers are
 * read when they are asked for. Refused: a header beyond 100 MB or the file, keys that come twice, sizes and offsets that
 * disagree, tensors that overlap, and, as the format demands, bytes that belong to no tensor.
 *
 * @throws ConvoError E_KERNEL_SYNTAX with the byte offset for a damaged file, E_KERNEL_FORMAT for an unknown type
 */
export function readSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const opened = open(bytes, file)
  return {
    names: [...opened.entries.keys()],
    shape: (name) => entryOf(opened, name).shape,
    tensor: (name) => {
      const entry = entryOf(opened, name)
      return { shape: entry.shape, data: read(opened, entry, (n) => new Float32Array(n)) }
    },
  }
}

/**
 * Tensors of a network: `file.safetensors#name`. A file with one tensor that can be a kernel, of rank 2 to 5, needs no
 * name.
 *
 * A tensor `x.weight` of rank 4 or 5 takes a tensor `x.bias` as its bias, the numbers as they are in the file: they count
 * in the unit of the samples that the kernel meets. Those of a picture are levels of 0..255, so for a network that was
 * trained on 0..1 the picture is to be normalized first, or the bias is 255 times too small.
 */
export const safetensors: KernelFormat = {
  name: 'safetensors',
  summary: 'tensors of a network, each by its name; a bias beside a weight comes along',
  extensions: ['.safetensors'],
  example: 'net.safetensors#conv1.weight',
  sniff: (head) =>
    head.length > 8 && head[8] === brace && viewOf(head).getBigUint64(0, true) <= BigInt(longestHeader),
  read(bytes, file, fragment) {
    const opened = open(bytes, file)
    const entry = fragment === undefined ? onlyKernel(opened) : entryOf(opened, fragment)
    const bias = biasOf(opened, entry)
    const weights = read(opened, entry, (n) => new Float64Array(n))
    return [kernel(entry.shape, weights, { name: entry.name, ...(bias === undefined ? {} : { bias }) })]
  },
}

function onlyKernel(opened: Opened): Entry {
  const kernels = [...opened.entries.values()].filter(isKernel)
  const [only] = kernels
  if (only !== undefined && kernels.length === 1) return only
  const { file } = opened
  if (only === undefined) {
    throw new ConvoError('E_KERNEL_FILE', `${file} holds no tensor of 2 to 5 sizes that is read`, {
      why: listing(opened),
    })
  }
  throw new ConvoError('E_KERNEL_FILE', `${file} holds ${kernels.length} kernels, and one is needed`, {
    why: listing(opened),
    fix: `${file}#${only.name}`,
  })
}

const isKernel = ({ shape, dtype }: Entry): boolean =>
  shape.length >= 2 && shape.length <= 5 && shape.every((n) => n > 0) && Object.hasOwn(readers, dtype)

function entryOf(opened: Opened, name: string): Entry {
  const { entries, file } = opened
  const entry = entries.get(name)
  if (entry !== undefined) return entry
  const guess = nearest(name, entries.keys())
  throw new ConvoError('E_KERNEL_FILE', `${file} holds no tensor called "${name}"`, {
    why: listing(opened),
    ...(guess === undefined ? {} : { fix: `${file}#${guess}` }),
  })
}

/** The tensors with their shapes, one a line. */
function listing({ entries, file }: Opened): readonly string[] {
  if (entries.size === 0) return [`${file} holds no tensors`]
  const lines = [...entries.values()]
    .slice(0, mostListed)
    .map((e) => `${e.name} ${showShape(e.shape)} ${e.dtype}`)
  const more = entries.size - mostListed
  return [`${file} holds:`, ...lines, ...(more > 0 ? [`and ${more} more`] : [])]
}

function read<T extends Float32Array | Float64Array>(
  { bytes, file }: Opened,
  { name, dtype, shape, begin }: Entry,
  allocate: (length: number) => T,
): T {
  const reader = readers[dtype]
  if (reader === undefined) {
    throw new ConvoError(
      'E_KERNEL_FORMAT',
      `tensor "${name}" has numbers of type ${dtype}, which is not read`,
      {
        why: `${file}: types that are read: ${Object.keys(readers).join(' ')}`,
        fix: 'tensor.float() before it is saved',
      },
    )
  }
  const view = viewOf(bytes)
  const data = allocate(count(shape))
  const size = sizes[dtype]!
  for (let i = 0, at = begin; i < data.length; i++, at += size) data[i] = reader(view, at)
  return data
}

/** `x.bias` for a bank `x.weight`. A transposed bank [C,O/groups,…] has a multiple of O/groups of them. */
function biasOf(opened: Opened, { name, shape }: Entry): Float64Array | undefined {
  const stem = /^(.*\.)?weight$/.exec(name)
  if (stem === null || shape.length < 4) return undefined
  const bias = opened.entries.get(`${stem[1] ?? ''}bias`)
  if (bias === undefined) return undefined
  const [filters = 1, perGroup = 1] = shape
  const length = bias.shape[0] ?? 0
  if (bias.shape.length !== 1 || (length !== filters && (length === 0 || length % perGroup !== 0))) {
    throw new ConvoError(
      'E_KERNEL_SHAPE',
      `${bias.name} must have one number for each output channel of ${name} ${showShape(shape)}, got ${showShape(bias.shape)}`,
      { why: `${opened.file}: byte ${bias.at}: the shape of ${bias.name}` },
    )
  }
  return read(opened, bias, (n) => new Float64Array(n))
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

type Failure = (at: number, expected: string, found: string) => ConvoError

function open(bytes: Uint8Array, file: string): Opened {
  const fail: Failure = (at, expected, found) =>
    new ConvoError('E_KERNEL_SYNTAX', `${file} is not a .safetensors file that can be read`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })
  if (bytes.length < 8) throw fail(0, 'the length of the header in 8 bytes', `${bytes.length} bytes`)
  const view = viewOf(bytes)
  const length = Number(view.getBigUint64(0, true))
  if (length > longestHeader) throw fail(0, `a header of at most ${longestHeader} bytes`, `${length}`)
  const start = 8 + length
  if (start > bytes.length)
    throw fail(0, 'a header within the file', `${length} bytes, ${bytes.length - 8} are left`)
  const keys = scanKeys(bytes.subarray(0, start), fail)
  const header = parse(bytes.subarray(8, start), fail)
  const entries = new Map<string, Entry>()
  for (const [name, value] of Object.entries(header)) {
    if (name !== '__metadata__') {
      entries.set(name, entryFrom(name, value, keys.get(name) ?? 8, start, file, fail))
    }
  }
  checkPlaces([...entries.values()], start, bytes.length, fail)
  return { file, bytes, entries }
}

/**
 * The keys of the outermost object and where they are. JSON.parse would take the last of two equal keys without a word;
 * and it would build any depth of arrays.
 */
function scanKeys(bytes: Uint8Array, fail: Failure): Map<string, number> {
  const seen: Map<string, number>[] = []
  let outermost = new Map<string, number>()
  for (let i = 8; i < bytes.length; i++) {
    const c = bytes[i]
    if (c === brace || c === bracket) {
      if (seen.length === deepestNesting)
        throw fail(i, 'names with dtype, shape and data_offsets', 'deeper nesting')
      seen.push(new Map())
      if (seen.length === 1) outermost = seen[0]!
    } else if (c === closingBrace || c === closingBracket) {
      seen.pop()
    } else if (c === quote) {
      const at = i
      for (i++; i < bytes.length && bytes[i] !== quote; i++) if (bytes[i] === backslash) i++
      let next = i + 1
      while (isSpace(bytes[next])) next++
      if (bytes[next] !== colon) continue
      const key = keyAt(bytes.subarray(at, i + 1), at, fail)
      const keys = seen.at(-1)
      if (keys?.has(key)) throw fail(at, 'each key once', `"${key}" a second time`)
      keys?.set(key, at)
    }
  }
  return outermost
}

const [quote, backslash, colon, brace, closingBrace, bracket, closingBracket] = [34, 92, 58, 123, 125, 91, 93]
const isSpace = (c: number | undefined): boolean => c === 32 || c === 9 || c === 10 || c === 13

function keyAt(bytes: Uint8Array, at: number, fail: Failure): string {
  try {
    return String(JSON.parse(decoder.decode(bytes)))
  } catch {
    throw fail(at, 'a key in quotes', 'damaged text')
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parse(bytes: Uint8Array, fail: Failure): object {
  let header: unknown
  try {
    header = JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw fail(
      8,
      'a header in JSON',
      cause instanceof SyntaxError ? `this: ${cause.message}` : 'text that is not UTF-8',
    )
  }
  if (!isObject(header)) throw fail(8, 'an object of tensors', JSON.stringify(header).slice(0, 40))
  return header
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** What the header says of one tensor, checked: known keys and type, whole sizes, as many bytes as the shape needs. */
function entryFrom(
  name: string,
  value: unknown,
  at: number,
  start: number,
  file: string,
  fail: Failure,
): Entry {
  if (!isObject(value)) throw fail(at, `dtype, shape and data_offsets of "${name}"`, show(value))
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string') throw fail(at, `the dtype of "${name}"`, show(dtype))
  const size = Object.hasOwn(sizes, dtype) ? sizes[dtype] : undefined
  if (size === undefined) {
    throw new ConvoError('E_KERNEL_FORMAT', `${file} has numbers of type ${show(dtype)}, which is unknown`, {
      why: `${file}: byte ${at}: types are ${Object.keys(sizes).join(' ')}`,
    })
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail(at, `whole sizes of at least 0 in the shape of "${name}"`, show(shape))
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail(at, `two whole data_offsets for "${name}"`, show(offsets))
  }
  const [begin = 0, end = 0] = offsets
  if (begin > end) throw fail(at, `data_offsets of "${name}" in order`, show(offsets))
  const need = count(shape) * size
  if (!Number.isSafeInteger(need) || need !== end - begin) {
    throw fail(at, `${need} bytes for "${name}", ${showShape(shape)} of ${dtype}`, `${end - begin}`)
  }
  return { name, dtype, shape, begin: start + begin, end: start + end, at }
}

/** Every byte of the data belongs to exactly one tensor. */
function checkPlaces(entries: readonly Entry[], start: number, length: number, fail: Failure): void {
  const inOrder = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let filled = start
  for (const { name, begin, end, at } of inOrder) {
    if (end > length)
      throw fail(at, `the data of "${name}" within the file of ${length} bytes`, `an end at byte ${end}`)
    if (begin < filled)
      throw fail(at, `data of "${name}" that no other tensor has`, `bytes ${begin} to ${end} taken twice`)
    if (begin > filled)
      throw fail(at, `the data of "${name}" to begin at byte ${filled}`, `a hole up to byte ${begin}`)
    filled = end
  }
  if (filled < length)
    throw fail(filled, 'the end of the file', `${length - filled} bytes that belong to no tensor`)
}

/** A value of the header, short enough for an error. */
function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? 'nothing'
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}
