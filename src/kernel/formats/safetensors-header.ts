import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { isRecord } from '../../text/record.ts'
import { showShape } from '../kernel.ts'

/** A file whose header was checked. */
export type Opened = {
  readonly file: string
  readonly bytes: Uint8Array
  readonly entries: ReadonlyMap<string, Entry>
  /** Texts by key. */
  readonly metadata: ReadonlyMap<string, string>
}

/** One tensor. Its bytes are those of the file from `begin` to `end`. */
export type Entry = {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
  /** The byte offset, in the file, of its key in the header. */
  readonly at: number
}

// in bytes; the limit of the format itself
const longestHeader = 100_000_000
// { name: { shape: [ ] } }
const longestName = 120
const deepestNesting = 3

/**
 * Bytes of a number for every type of the format, because the positions of tensors that are not read are checked too.
 */
// biome-ignore format: one line for each family
export const sizes: Readonly<Record<string, number>> = {
  F64: 8, F32: 4, F16: 2, BF16: 2, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1, C64: 8,
  I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1,
}

/** Whether a file begins with the length of a header and a brace. */
export const beginsAsHeader = (head: Uint8Array): boolean =>
  head.length > 8 && head[8] === brace && viewOf(head).getBigUint64(0, true) <= BigInt(longestHeader)

/** Formats a name for errors: short, and without characters that control a terminal. */
export function plain(name: string): string {
  const shown = name.slice(0, longestName).replace(/[\p{C}\u2028\u2029]/gu, '\ufffd')
  return name.length > longestName ? `${shown}…` : shown
}

type Failure = (at: number, expected: string, found: string) => ConvoError

/**
 * Opens a .safetensors file and checks its whole header before memory is allocated. It refuses a header larger than 100
 * MB or the file, duplicate keys, sizes and offsets that disagree, tensors that overlap, and, as the format requires,
 * bytes that do not belong to a tensor.
 *
 * @throws ConvoError E_KERNEL_SYNTAX with the byte offset for a damaged file, E_KERNEL_FORMAT for an unknown type
 */
export function open(bytes: Uint8Array, file: string): Opened {
  const fail: Failure = (at, expected, found) =>
    new ConvoError('E_KERNEL_SYNTAX', `${file} is not a readable .safetensors file`, {
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
  return { file, bytes, entries, metadata: metadataFrom(header) }
}

function metadataFrom(header: object): ReadonlyMap<string, string> {
  const { __metadata__: held } = header as { readonly __metadata__?: unknown }
  const entries = isRecord(held) ? Object.entries(held) : []
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/**
 * Finds the keys of the outermost object and their positions. JSON.parse would silently keep the last of two equal
 * keys, and would build arrays of any depth.
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
      if (keys?.has(key)) throw fail(at, 'each key once', `"${plain(key)}" a second time`)
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
    const found = cause instanceof SyntaxError ? `this: ${cause.message}` : 'text that is not UTF-8'
    throw fail(8, 'a header in JSON', found)
  }
  if (!isRecord(header)) throw fail(8, 'an object of tensors', JSON.stringify(header).slice(0, 40))
  return header
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function entryFrom(
  name: string,
  value: unknown,
  at: number,
  start: number,
  file: string,
  fail: Failure,
): Entry {
  if (!isRecord(value)) throw fail(at, `dtype, shape and data_offsets of "${plain(name)}"`, show(value))
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string') throw fail(at, `the dtype of "${plain(name)}"`, show(dtype))
  const size = Object.hasOwn(sizes, dtype) ? sizes[dtype] : undefined
  if (size === undefined) {
    throw new ConvoError('E_KERNEL_FORMAT', `${file} has numbers of type ${show(dtype)}, which is unknown`, {
      why: `${file}: byte ${at}: types are ${Object.keys(sizes).join(' ')}`,
    })
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail(at, `whole sizes of at least 0 in the shape of "${plain(name)}"`, show(shape))
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail(at, `two whole data_offsets for "${plain(name)}"`, show(offsets))
  }
  const [begin = 0, end = 0] = offsets
  if (begin > end) throw fail(at, `data_offsets of "${plain(name)}" in order`, show(offsets))
  const need = sizeOf(shape) * size
  if (!Number.isSafeInteger(need) || need !== end - begin) {
    throw fail(at, `${need} bytes for "${plain(name)}", ${showShape(shape)} of ${dtype}`, `${end - begin}`)
  }
  return { name, dtype, shape, begin: start + begin, end: start + end, at }
}

function checkPlaces(entries: readonly Entry[], start: number, length: number, fail: Failure): void {
  const inOrder = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let filled = start
  for (const { name, begin, end, at } of inOrder) {
    const data = `data of "${plain(name)}"`
    if (end > length)
      throw fail(at, `the ${data} within the file of ${length} bytes`, `an end at byte ${end}`)
    if (begin < filled)
      throw fail(at, `${data} that does not overlap others`, `bytes ${begin} to ${end} used twice`)
    if (begin > filled) throw fail(at, `the ${data} to begin at byte ${filled}`, `a hole up to byte ${begin}`)
    filled = end
  }
  if (filled < length)
    throw fail(filled, 'the end of the file', `${length - filled} bytes that do not belong to a tensor`)
}

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? 'nothing'
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}
