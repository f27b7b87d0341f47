import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { inTurns } from '../../host/turns.ts'
import { isLittleEndian, sizeOf } from '../../tensor/tensor.ts'
import { checkCount, kernelFrom, mostWeights, numberTypes } from './binary.ts'
import type { KernelFormat } from './format.ts'

/** An array from a .npy file, row-major whatever the order in the file. */
export type NpyArray = StoredArray & {
  /** float32 for types that it represents exactly, f2 f4 i1 i2 u1 u2 b1; else float64, exact up to 2^53. */
  readonly data: Float32Array | Float64Array
}

/** An array that may keep the types u1 and u2 of its file. */
export type StoredArray = {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array | Uint8Array | Uint16Array
  /** NumPy's name of the type in the file, such as `<f4`. */
  readonly dtype: string
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const longestHeader = 1 << 20
const highestRank = 8

/** Types that have the same bytes in the file and in memory, if the byte order matches. */
const inMemory: Readonly<
  Record<string, new (of: number | ArrayBuffer) => StoredArray['data'] & { buffer: ArrayBuffer }>
> = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array }

/**
 * Reads a .npy file (NumPy's format description, versions 1 to 3): f2 f4 f8, i1 to i8, u1 to u8, b1, both byte orders,
 * both storage orders, rank 1 to 8. It refuses pickled objects and structured types, and checks sizes before
 * allocation.
 *
 * @throws ConvoError E_KERNEL_FORMAT for a refused type, E_KERNEL_SYNTAX with the byte offset for a damaged file
 */
export function readNpy(bytes: Uint8Array, file: string, most = Number.POSITIVE_INFINITY): NpyArray {
  const { shape, dtype, count, isSingle, fill } = openNpy(bytes, file, most)
  const data = isSingle ? new Float32Array(count) : new Float64Array(count)
  fill(data, 0, count)
  return { shape, data, dtype }
}

/** Does the same for a picture or a volume, which may be large, in pieces between which the event loop can run. */
export async function readNpyArray(bytes: Uint8Array, file: string): Promise<StoredArray> {
  const { shape, dtype, count, isSingle, fill } = openNpy(bytes, file)
  const type = inMemory[dtype.slice(1)] ?? (isSingle ? Float32Array : Float64Array)
  const data = new type(count)
  await inTurns(count, (from, to) => fill(data, from, to))
  return { shape, data, dtype }
}

function openNpy(bytes: Uint8Array, file: string, most = Number.POSITIVE_INFINITY) {
  const fail = (at: number, expected: string, found: string) =>
    new ConvoError('E_KERNEL_SYNTAX', `${file} is not a readable .npy file`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })
  if (!magic.every((b, i) => bytes[i] === b))
    throw fail(0, 'the signature \\x93NUMPY', `${bytes.length} bytes that do not start with it`)
  const view = viewOf(bytes)
  const major = bytes[6] ?? 0
  if (major < 1 || major > 3) throw fail(6, 'version 1, 2 or 3', `version ${major}`)
  const lengthBytes = major === 1 ? 2 : 4
  if (bytes.length < 8 + lengthBytes)
    throw fail(bytes.length, 'the length of the header', 'the end of the file')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = 8 + lengthBytes
  if (length > longestHeader) throw fail(8, `a header of at most ${longestHeader} bytes`, `${length}`)
  if (start + length > bytes.length)
    throw fail(8, `a header within the file`, `${length} bytes, and ${bytes.length - start} are left`)
  const header = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  )
  const { descr, fortran, shape } = readHeader(header, start, fail, file)
  const order = descr[0]!
  const reader = numberTypes[descr.slice(1)]!
  checkCount(file, shape, most)
  const count = sizeOf(shape)
  const need = count * reader.bytes
  const have = bytes.length - start - length
  if (!Number.isSafeInteger(need) || need !== have) {
    throw fail(start + length, `${need} bytes of data for shape (${shape.join(', ')}) of ${descr}`, `${have}`)
  }
  const isSingle = reader.bytes <= 2 || descr.endsWith('f4')
  const little = order !== '>'
  const Native = inMemory[descr.slice(1)]
  const begin = start + length
  const place = fortran ? rowMajor(shape) : (i: number) => i
  /** Copies the numbers from index `from` up to, but not including, `to` to their positions in `out`. */
  const fill = (out: StoredArray['data'], from: number, to: number): void => {
    if (Native !== undefined && little && isLittleEndian && !fortran) {
      // copies the bytes directly: reading a picture number by number takes thirty times as long
      const own = new Uint8Array(bytes.subarray(begin + from * reader.bytes, begin + to * reader.bytes))
      out.set(new Native(own.buffer), from)
      return
    }
    for (let i = from, at = begin + from * reader.bytes; i < to; i++, at += reader.bytes)
      out[place(i)] = reader.read(view, at, little)
  }
  return { shape, dtype: descr, count, isSingle, fill }
}

/** Returns a function that maps an index of an array stored first index fastest to the row-major index. */
function rowMajor(shape: readonly number[]): (i: number) => number {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)))
  return (i) => {
    let rest = i
    let place = 0
    for (let d = 0; d < shape.length; d++) {
      place += (rest % shape[d]!) * strides[d]!
      rest = Math.floor(rest / shape[d]!)
    }
    return place
  }
}

type Failure = (at: number, expected: string, found: string) => ConvoError

/** Reads the dict of the header: three keys, each once, in any order. */
function readHeader(header: string, start: number, fail: Failure, file: string) {
  let at = 0
  const here = () => JSON.stringify(header.slice(at, at + 24).trim())
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(header)?.[0]
    if (found !== undefined) at = pattern.lastIndex
    return found?.trim()
  }
  const need = (pattern: RegExp, expected: string): string => {
    const found = take(pattern)
    if (found === undefined) throw fail(start + at, expected, here())
    return found
  }
  const seen = new Map<string, { readonly text: string; readonly at: number }>()
  need(/\s*\{\s*/y, 'a dict in braces')
  while (take(/\}\s*/y) === undefined) {
    const keyAt = at
    const key = need(/(?:'descr'|"descr"|'fortran_order'|"fortran_order"|'shape'|"shape")\s*/y, keys).slice(
      1,
      -1,
    )
    if (seen.has(key)) throw fail(start + keyAt, 'each key once', `'${key}' a second time`)
    need(/:\s*/y, 'a colon')
    if (key === 'descr' && take(/\[/y) !== undefined)
      throw refused(file, start + at - 1, 'records of a structured type, which are not supported')
    seen.set(key, { at, text: need(values[key]!.pattern, values[key]!.expected) })
    if (take(/,\s*/y) === undefined && header[at] !== '}')
      throw fail(start + at, 'a comma or a closing brace', here())
  }
  if (at < header.length) throw fail(start + at, 'the end of the header', here())
  const value = (key: string) => {
    const found = seen.get(key)
    if (found === undefined)
      throw fail(start, `the key '${key}'`, `the keys ${[...seen.keys()].join(', ') || 'none'}`)
    return { text: found.text, at: start + found.at }
  }
  const descr = value('descr')
  return {
    descr: typeFrom(descr.text.slice(1, -1), descr.at, file),
    fortran: value('fortran_order').text === 'True',
    shape: shapeFrom(value('shape').text, value('shape').at, fail),
  }
}

const keys = "the key 'descr', 'fortran_order' or 'shape'"

const values: Readonly<Record<string, { readonly pattern: RegExp; readonly expected: string }>> = {
  descr: { pattern: /(?:'[^'"\\]*'|"[^'"\\]*")\s*/y, expected: "a type such as '<f4'" },
  fortran_order: { pattern: /(?:True|False)\s*/y, expected: 'True or False' },
  shape: { pattern: /\([^()]*\)\s*/y, expected: 'a tuple of sizes' },
}

function typeFrom(type: string, at: number, file: string): string {
  const name = /^[<>|=]/.test(type) ? type : `=${type}`
  if (name.slice(1).startsWith('O'))
    throw refused(file, at, 'pickled Python objects, which are refused because reading them could run code')
  if (Object.hasOwn(numberTypes, name.slice(1))) return name
  const what = `${file} has numbers of type ${JSON.stringify(type.slice(0, 24))}, which is not supported`
  throw new ConvoError('E_KERNEL_FORMAT', what, {
    why: `${file}: byte ${at}: types are ${Object.keys(numberTypes).join(' ')}`,
    fix: "array.astype('<f4') before numpy.save",
  })
}

/** Reads a tuple of sizes. A tuple with a single size ends in a comma. */
function shapeFrom(tuple: string, at: number, fail: Failure): readonly number[] {
  const sizes = tuple
    .slice(1, -1)
    .split(',')
    .map((s) => s.trim())
  if (sizes.at(-1) === '') sizes.pop()
  else if (sizes.length === 1) throw fail(at, 'a tuple of sizes', tuple.slice(0, 24))
  if (sizes.length < 1 || sizes.length > highestRank)
    throw fail(at, `1 to ${highestRank} sizes`, `${sizes.length}`)
  return sizes.map((s) => {
    const size = /^\d{1,15}L?$/.test(s) ? Number.parseInt(s, 10) : 0
    if (size < 1) throw fail(at, 'sizes of at least 1', JSON.stringify(s.slice(0, 24)))
    return size
  })
}

const refused = (file: string, at: number, what: string): ConvoError =>
  new ConvoError('E_KERNEL_FORMAT', `${file} contains ${what}`, {
    why: `${file}: byte ${at}: types are ${Object.keys(numberTypes).join(' ')}`,
    fix: "a plain array: numpy.save(path, array.astype('<f4'))",
  })

/** The header of a .npy file: version 1, little-endian, row-major. */
export function npyHeader(shape: readonly number[], type: '<f4' | '<f8'): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`
  // Magic, version and length are 10 bytes. The header ends with a newline at a multiple of 64.
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10
  const header = `${dict.padEnd(headerLength - 1)}\n`
  const bytes = new Uint8Array(10 + headerLength)
  bytes.set([...magic, 1, 0, headerLength & 0xff, headerLength >> 8])
  bytes.set(new TextEncoder().encode(header), 10)
  return bytes
}

/** Encodes a .npy file, version 1, little-endian, row-major: `<f4` for a Float32Array, `<f8` for a Float64Array. */
export function writeNpy(shape: readonly number[], data: Float32Array | Float64Array): Uint8Array {
  const header = npyHeader(shape, data instanceof Float32Array ? '<f4' : '<f8')
  const bytes = new Uint8Array(header.length + data.byteLength)
  bytes.set(header)
  const view = new DataView(bytes.buffer)
  const size = data.BYTES_PER_ELEMENT
  for (let i = 0, at = header.length; i < data.length; i++, at += size) {
    if (size === 4) view.setFloat32(at, data[i]!, true)
    else view.setFloat64(at, data[i]!, true)
  }
  return bytes
}

/** A NumPy array of rank 2 to 5. */
export const npy: KernelFormat = {
  name: 'NumPy array',
  summary: 'an array written by numpy.save, of any number type and rank 2 to 5',
  direction: { turns: false, as: 'scipy.ndimage.correlate' },
  extensions: ['.npy'],
  example: "numpy.save('edge.npy', numpy.array([[-1, 0, 1]], '<f4'))",
  sniff: (head) => magic.every((b, i) => head[i] === b),
  read(bytes, file) {
    const { shape, data } = readNpy(bytes, file, mostWeights)
    return [kernelFrom(file, shape, data)]
  },
  kind: 'a .npy file',
  holds: ['planes'],
  write(k) {
    const single = Float32Array.from(k.weights)
    return writeNpy(k.shape, single.every((w, i) => w === k.weights[i]) ? single : k.weights)
  },
}
