import { viewOf } from '../files/read.ts'
import { numberTypes } from '../kernel/formats/binary.ts'
import { type Read, textOf } from './reader.ts'

/**
 * The fields of a directory. `value` is the number itself if it fits in the field, else its offset; `place` is where it
 * is written, and `at` where the numbers of the field are. `next` is the offset of the next directory, 0 for none.
 */
export type Directory = NonNullable<ReturnType<typeof directoryAt>>

type Layout = { readonly little: boolean; readonly isBig: boolean }

/** Reads the byte order and version of a TIFF or EXIF block, and the offset of its first directory, if it is either. */
function tiffLayout(read: Read): (Layout & { readonly first: number }) | undefined {
  const head = viewOf(read(0, 16).slice())
  if (head.byteLength < 8) return undefined
  const little = head.getUint16(0) === 0x4949
  const version = head.getUint16(2, little)
  if (version === 42) return { little, isBig: false, first: head.getUint32(4, little) }
  if (version !== 43 || head.byteLength < 16) return undefined
  return { little, isBig: true, first: Number(head.getBigUint64(8, little)) }
}

/** Makes a reader for an EXIF block, which is a small TIFF, with or without the word `Exif` before it. */
export function exifReader(exif: Uint8Array): Read {
  const start = textOf(exif, 0, 4) === 'Exif' ? 6 : 0
  return (at, length) => exif.subarray(start + at, start + at + length)
}

/** Reads the directory of a page of a TIFF, or the first one of an EXIF block. Returns undefined if there is none. */
export function pageOf(read: Read, page = 0): Directory | undefined {
  const layout = tiffLayout(read)
  let found = layout && directoryAt(read, layout.first, layout)
  for (let i = 0; i < page; i++) found = found && directoryAfter(found)
  return found
}

/** Bytes of one value of a field, by its type (TIFF 6.0, section 2; BigTIFF adds 16 to 18). */
export const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8]
/** The most fields in a directory. Data that state more are not a directory. */
const mostTags = 4096

/** Reads the directory at an offset. Returns undefined if there is none. */
export function directoryAt(read: Read, at: number, layout: Layout) {
  const { little, isBig } = layout
  const [head, size, place] = isBig ? [8, 20, 8] : [2, 12, 4]
  const counted = viewOf(read(at, head).slice())
  if (counted.byteLength < head) return undefined
  const count = isBig ? Number(counted.getBigUint64(0, little)) : counted.getUint16(0, little)
  if (count > mostTags) return undefined
  const from = at + head
  const view = viewOf(read(from, count * size + place).slice())
  if (view.byteLength < count * size) return undefined
  const numberAt = (where: number) =>
    isBig ? Number(view.getBigUint64(where, little)) : view.getUint32(where, little)
  const tags = new Map<number, { type: number; count: number; value: number; place: number; at: number }>()
  for (let entry = 0; entry < count * size; entry += size) {
    const type = view.getUint16(entry + 2, little)
    const number = numberAt(entry + 4)
    const where = entry + 4 + place
    const bytes = (sizes[type] ?? 0) * number
    const value =
      sizes[type] === 2 && (bytes === 2 || bytes === 4)
        ? view.getUint16(where, little)
        : bytes === 1
          ? view.getUint8(where)
          : bytes === 4
            ? view.getUint32(where, little)
            : numberAt(where)
    const own = from + where
    tags.set(view.getUint16(entry, little), {
      ...{ type, count: number, value, place: own, at: bytes <= place ? own : value },
    })
  }
  const end = count * size
  return { read, tags, layout, at, next: view.byteLength - end < place ? 0 : numberAt(end) }
}

export const directoryAfter = ({ read, next, layout }: Directory): Directory | undefined =>
  next === 0 ? undefined : directoryAt(read, next, layout)

/**
 * Reads the numbers of a field, at most `most` and as far as the file contains them. Returns none without the field.
 */
export function numbersOf({ read, tags, layout }: Directory, tag: number, most: number): number[] {
  const { type = 0, count = 0, at = 0 } = tags.get(tag) ?? {}
  const size = sizes[type] ?? 0
  const number = numberTypes[`u${size}`]
  if (number === undefined) return []
  const view = viewOf(read(at, Math.min(count, most) * size).slice())
  return Array.from({ length: Math.floor(view.byteLength / size) }, (_, i) =>
    number.read(view, i * size, layout.little),
  )
}

export const numberOf = (directory: Directory, tag: number, other = 0): number =>
  numbersOf(directory, tag, 1)[0] ?? other

/** Pixels per metre, across and down. */
export type Resolution = readonly [x: number, y: number]

const perInch = 1 / 0.0254

/** The resolution in the JFIF header of a JPEG, which is the first segment if it exists. */
export function jfifResolution(head: Uint8Array): Resolution | undefined {
  const unit = head[13]
  const isJfif = head.length >= 18 && String.fromCharCode(...head.subarray(6, 10)) === 'JFIF'
  if (!isJfif || (unit !== 1 && unit !== 2)) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return resolution(view.getUint16(12 + 2), view.getUint16(12 + 4), unit === 1 ? perInch : 100)
}

export const exifResolution = (exif: Uint8Array): Resolution | undefined => tiffResolution(exifReader(exif))

/** The resolution in the first directory of a TIFF. Undefined if it is missing or invalid. */
export function tiffResolution(read: Read): Resolution | undefined {
  const first = pageOf(read)
  if (first === undefined) return undefined
  const { x, y, unit } = tiffDensity(first)
  return unit === 2 || unit === 3 ? resolution(x, y, unit === 2 ? perInch : 100) : undefined
}

/** Whether a TIFF directory states the aspect ratio of its pixels but not their size, which unit 1 means. */
export function tiffHasOwnAspect(directory: Directory): boolean {
  const { x, y, unit } = tiffDensity(directory)
  return unit === 1 && x > 0 && y > 0 && x !== y
}

/** The values of tags 282, 283 and 296 in a directory (TIFF 6.0, section 8). NaN if a tag is missing or not a ratio. */
function tiffDensity({ read, tags, layout: { little } }: Directory) {
  const [x, y] = [282, 283].map((tag) => {
    const { type, at = 0 } = tags.get(tag) ?? {}
    const ratio = viewOf(read(at, 8))
    if (type !== 5 || ratio.byteLength < 8) return Number.NaN
    return ratio.getUint32(0, little) / ratio.getUint32(4, little)
  })
  return { x: x!, y: y!, unit: tags.get(296)?.value ?? 2 }
}

function resolution(x: number, y: number, scale: number): Resolution | undefined {
  const pair = [Math.round(x * scale), Math.round(y * scale)] as const
  return pair.every((n) => n >= 1 && n <= 0xffffffff) ? pair : undefined
}
