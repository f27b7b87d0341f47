import { inflateRawSync } from 'node:zlib'
import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { checkLimit, type LimitName } from '../../limits.ts'
import { type Failure, quoted } from './format.ts'

type Entry = {
  readonly method: number
  readonly flags: number
  readonly packed: number
  readonly size: number
  readonly at: number
}

const [localHead, centralHead, endHead, endHead64, locator64] = [
  0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50,
]
const [stored, deflated] = [0, 8]
const encrypted = 1
const all32 = 0xffffffff
const longestComment = 65535

/** Whether a file begins like a zip archive. */
export const beginsAsZip = (bytes: Uint8Array): boolean =>
  bytes.length > 4 && viewOf(bytes).getUint32(0, true) === localHead

/**
 * Opens a zip archive of any size (ZIP64 included). Files are read and checked on demand; `read` returns undefined if there
 * is no file of this name.
 *
 * @throws ConvoError E_NET_SYNTAX for damage; from `read` also E_NET_FORMAT, E_TOO_LARGE
 */
export function openZip(bytes: Uint8Array, file: string, fail: Failure) {
  const view = viewOf(bytes)
  const has = (at: number, size: number) => at >= 0 && at + size <= bytes.length
  const { at: begin, count } = directoryOf(bytes, view, fail)
  const entries = new Map<string, Entry>()
  let at = begin
  for (let i = 0; i < count; i++) {
    checkLimit('modelParts', i + 1, file)
    if (!has(at, 46) || view.getUint32(at, true) !== centralHead)
      throw fail(at, 'an entry of the directory', 'none')
    const short = (offset: number) => view.getUint16(at + offset, true)
    const [name, extra, comment] = [short(28), short(30), short(32)]
    if (!has(at + 46, name + extra + comment)) throw fail(at, 'an entry within the file', 'the end')
    const long = longSizes(view, at + 46 + name, extra)
    const size32 = (offset: number) => {
      const value = view.getUint32(at + offset, true)
      return value === all32 ? (long.shift() ?? value) : value
    }
    const size = size32(24)
    const packed = size32(20)
    entries.set(Buffer.from(bytes.subarray(at + 46, at + 46 + name)).toString(), {
      flags: short(8),
      method: short(10),
      size,
      packed,
      at: size32(42),
    })
    at += 46 + name + extra + comment
  }
  const inflated = new Map<string, Uint8Array>()
  let total = 0
  return {
    names: [...entries.keys()],
    read(name: string, limit?: LimitName): Uint8Array | undefined {
      const entry = entries.get(name)
      if (entry === undefined) return undefined
      const known = inflated.get(name)
      if (known !== undefined) return known
      const { at: head, packed, size, method, flags } = entry
      if (limit !== undefined) checkLimit(limit, size, `${quoted(name)} in ${file}`)
      if (!has(head, 30) || view.getUint32(head, true) !== localHead)
        throw fail(head, `the file ${quoted(name)}`, 'none')
      const start = head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true)
      if (!has(start, packed))
        throw fail(start, `${packed} bytes of ${quoted(name)}`, `${bytes.length - start}`)
      const body = bytes.subarray(start, start + packed)
      if ((flags & encrypted) !== 0 || (method !== stored && method !== deflated)) {
        throw new ConvoError('E_NET_FORMAT', `${file} holds ${quoted(name)}, packed in an unsupported way`, {
          why: `${file}: ${flags & encrypted ? 'it is encrypted' : `method ${method}`}`,
          fix: 'save the network again without compression',
        })
      }
      if (method === stored) return body
      total += size
      checkLimit('modelBytes', total, file)
      const out = inflate(body, size)
      if (out === undefined) throw fail(start, `${size} bytes of ${quoted(name)}`, 'others')
      inflated.set(name, out)
      return out
    },
  }
}

/** Returns undefined if the data is damaged or does not have the stated size. */
function inflate(body: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const bytes = inflateRawSync(body, { maxOutputLength: size + 1 })
    return bytes.length === size ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Finds the central directory from the record at the end of the file. */
function directoryOf(bytes: Uint8Array, view: DataView, fail: Failure) {
  const first = Math.max(0, bytes.length - 22 - longestComment)
  for (let end = bytes.length - 22; end >= first; end--) {
    if (view.getUint32(end, true) !== endHead) continue
    const count = view.getUint16(end + 10, true)
    const at = view.getUint32(end + 16, true)
    const isLong = end >= 20 && view.getUint32(end - 20, true) === locator64
    if (!isLong) return { at, count }
    const long = Number(view.getBigUint64(end - 12, true))
    if (long + 56 > bytes.length || view.getUint32(long, true) !== endHead64)
      throw fail(end - 20, 'the end of a large archive', 'none')
    return {
      at: Number(view.getBigUint64(long + 48, true)),
      count: Number(view.getBigUint64(long + 32, true)),
    }
  }
  throw fail(bytes.length, 'the directory of a zip archive at its end', 'none')
}

/** The 64-bit sizes, in the order of the 32-bit fields that they replace. */
function longSizes(view: DataView, begin: number, length: number): number[] {
  const sizes: number[] = []
  for (let at = begin; at + 4 <= begin + length; ) {
    const id = view.getUint16(at, true)
    const size = view.getUint16(at + 2, true)
    if (id === 1) {
      for (let i = 0; i + 8 <= size && at + 4 + i + 8 <= begin + length; i += 8)
        sizes.push(Number(view.getBigUint64(at + 4 + i, true)))
    }
    at += 4 + size
  }
  return sizes
}
