import { ConvoError } from '../../error.ts'

/** An array as a .npy file holds it, row-major whatever the order in the file. */
export type NpyArray = {
  readonly shape: readonly number[]
  /** float32 stays float32; all else is widened to float64, which holds it exactly up to 2^53. */
  readonly data: Float32Array | Float64Array
  /** NumPy's name of the type in the file, as `<f4`. */
  readonly dtype: string
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const longestHeader = 1 << 20
const highestRank = 8

type Reader = { readonly bytes: number; read(view: DataView, at: number, little: boolean): number }

const readers: Readonly<Record<string, Reader>> = {
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
}

/**
 * Reads a .npy file (NumPy's format description, versions 1 to 3): f2 f4 f8, i1 to i8, u1 to u4, both byte orders, both
 * storage orders, rank 1 to 8. Pickled objects and structured types are refused. Sizes are checked before anything is
 * allocated.
 *
 * @throws ConvoError E_KERNEL_FORMAT for a refused type, E_KERNEL_SYNTAX with the byte offset for a damaged file
 */
export function readNpy(bytes: Uint8Array, file: string): NpyArray {
  const fail = (at: number, expected: string, found: string) =>
    new ConvoError('E_KERNEL_SYNTAX', `${file} is not a .npy file that can be read`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })
  if (!magic.every((b, i) => bytes[i] === b)) throw fail(0, 'the signature \\x93NUMPY', `${bytes.length} bytes that do not begin so`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const major = bytes[6] ?? 0
  if (major < 1 || major > 3) throw fail(6, 'version 1, 2 or 3', `version ${major}`)
  const lengthBytes = major === 1 ? 2 : 4
  if (bytes.length < 8 + lengthBytes) throw fail(bytes.length, 'the length of the header', 'the end of the file')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = 8 + lengthBytes
  if (length > longestHeader) throw fail(8, `a header of at most ${longestHeader} bytes`, `${length}`)
  if (start + length > bytes.length) throw fail(8, `a header within the file`, `${length} bytes, and ${bytes.length - start} are left`)
  const header = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, start + length))
  const { descr, fortran, shape } = readHeader(header, start, fail, file)
  const order = descr[0]!
  const reader = readers[descr.slice(1)]!
  const count = shape.reduce((a, b) => a * b, 1)
  const need = count * reader.bytes
  const have = bytes.length - start - length
  if (!Number.isSafeInteger(need) || need !== have) {
    throw fail(start + length, `${need} bytes of data for shape (${shape.join(', ')}) of ${descr}`, `${have}`)
  }
  const data = descr.endsWith('f4') ? new Float32Array(count) : new Float64Array(count)
  const little = order !== '>'
  for (let i = 0, at = start + length; i < count; i++, at += reader.bytes) {
    data[fortran ? rowMajor(i, shape) : i] = reader.read(view, at, little)
  }
  return { shape, data, dtype: descr }
}

/** The row-major place of element `i` of an array that is stored first index fastest. */
function rowMajor(i: number, shape: readonly number[]): number {
  let rest = i
  let place = 0
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
  shape.forEach((size, d) => {
    place += (rest % size) * strides[d]!
    rest = Math.floor(rest / size)
  })
  return place
}

type Failure = (at: number, expected: string, found: string) => ConvoError

/** The dict of the header: three keys, each once, in any order. */
function readHeader(header: string, start: number, fail: Failure, file: string) {
  const descr = /(['"])descr\1\s*:\s*(['"])([^'"]*)\2/.exec(header)
  if (descr === null) {
    if (/(['"])descr\1\s*:\s*\[/.test(header)) throw refused(file, 'a structured type')
    throw fail(start, "the key 'descr' with a type such as '<f4'", JSON.stringify(header.slice(0, 60).trim()))
  }
  const type = descr[3]!
  const name = /^[<>|=]/.test(type) ? type : `=${type}`
  if (name.includes('O')) throw refused(file, 'pickled Python objects')
  if (!Object.hasOwn(readers, name.slice(1))) {
    throw new ConvoError('E_KERNEL_FORMAT', `${file} has samples of type ${type}, which is not read`, {
      why: `${file}: byte ${start + descr.index}: types are ${Object.keys(readers).join(' ')}`,
      fix: "array.astype('<f4') before numpy.save",
    })
  }
  const fortran = /(['"])fortran_order\1\s*:\s*(True|False)/.exec(header)
  if (fortran === null) throw fail(start, "the key 'fortran_order' with True or False", JSON.stringify(header.slice(0, 60).trim()))
  const shapeText = /(['"])shape\1\s*:\s*\(([^)]*)\)/.exec(header)
  if (shapeText === null) throw fail(start, "the key 'shape' with a tuple", JSON.stringify(header.slice(0, 60).trim()))
  const at = start + shapeText.index
  const sizes = shapeText[2]!.split(',').map((s) => s.trim())
  if (sizes.at(-1) === '') sizes.pop()
  const shape = sizes.map((s) => {
    if (!/^\d{1,15}L?$/.test(s) || Number.parseInt(s, 10) < 1) throw fail(at, 'sizes of at least 1', `"${s}"`)
    return Number.parseInt(s, 10)
  })
  if (shape.length < 1 || shape.length > highestRank) throw fail(at, `1 to ${highestRank} sizes`, `${shape.length}`)
  return { descr: name, fortran: fortran[2] === 'True', shape }
}

const refused = (file: string, what: string): ConvoError =>
  new ConvoError('E_KERNEL_FORMAT', `${file} holds ${what}, which are refused: reading them could run code or guess`, {
    fix: "a plain array: numpy.save(path, array.astype('<f4'))",
  })

/** IEEE half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** A .npy file, version 1, little-endian, row-major: `<f4` for a Float32Array, `<f8` for a Float64Array. */
export function writeNpy(shape: readonly number[], data: Float32Array | Float64Array): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : '<f8'
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`
  // Magic, version and length are 10 bytes; the header ends with a newline at a multiple of 64.
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10
  const header = `${dict.padEnd(headerLength - 1)}\n`
  const bytes = new Uint8Array(10 + headerLength + data.byteLength)
  bytes.set([...magic, 1, 0, headerLength & 0xff, headerLength >> 8])
  bytes.set(new TextEncoder().encode(header), 10)
  const view = new DataView(bytes.buffer)
  const size = data.BYTES_PER_ELEMENT
  for (let i = 0, at = 10 + headerLength; i < data.length; i++, at += size) {
    if (size === 4) view.setFloat32(at, data[i]!, true)
    else view.setFloat64(at, data[i]!, true)
  }
  return bytes
}
