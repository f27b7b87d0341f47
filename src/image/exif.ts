import { viewOf } from '../files/read.ts'
import type { Field, Fields, Metadata, TextEntry } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { concat } from './png.ts'
import type { Read } from './reader.ts'
import type { Size } from './size.ts'
import { type Directory, directoryAt, pageOf, sizes } from './tiff-directory.ts'

// Reading and writing directories of EXIF and TIFF as lists of fields.

/** Fields that point to a separate directory: EXIF, GPS, interoperability. */
const pointers = [34665, 34853, 40965]
/** The longest field, in bytes, that is read. No field that describes a picture is longer. */
const mostBytes = 2 ** 20
/** The bytes of a unit whose order depends on the machine. A fraction consists of two numbers of four bytes. */
const unitOf = (type: number): number => (type === 5 || type === 10 ? 4 : (sizes[type] ?? 1))

/**
 * Reads the fields of an EXIF block, a small TIFF. Returns undefined if it is not one. Its thumbnail is dropped because
 * it shows the picture before processing.
 */
export function readExif(read: Read): Fields | undefined {
  const first = pageOf(read)
  return first === undefined || first.layout.isBig ? undefined : fieldsOf(first)
}

/** Reads the fields of a directory and of those below it, but only the tags that `wanted` accepts. */
export function fieldsOf(
  { read, tags, layout }: Directory,
  wanted: (tag: number) => boolean = () => true,
  level = 0,
): Fields {
  const fields: Field[] = []
  const below = new Map<number, Fields>()
  for (const [tag, { type, count, value, at }] of tags) {
    if (!wanted(tag)) continue
    if (pointers.includes(tag)) {
      const inner = level < 3 ? directoryAt(read, value, layout) : undefined
      if (inner !== undefined) below.set(tag, fieldsOf(inner, undefined, level + 1))
      continue
    }
    const length = (sizes[type] ?? 0) * count
    if (length === 0 || length > mostBytes) continue
    const bytes = new Uint8Array(read(at, length))
    if (bytes.length < length) continue
    fields.push({ tag, type, count, bytes: layout.little ? bytes : turned(bytes, unitOf(type)) })
  }
  return { fields, below }
}

function turned(bytes: Uint8Array, size: number): Uint8Array {
  if (size === 1) return bytes
  const out = new Uint8Array(bytes.length)
  for (let at = 0; at < bytes.length; at += size) {
    for (let i = 0; i < size; i++) out[at + i] = bytes[at + size - 1 - i]!
  }
  return out
}

/** Makes a field of integers of 16 (type 3), 32 (type 4) or 64 bits (type 16). */
export function numberField(tag: number, type: 3 | 4 | 16, ...values: readonly number[]): Field {
  const bytes = new Uint8Array(values.length * sizes[type]!)
  const view = viewOf(bytes)
  values.forEach((value, i) => {
    if (type === 3) view.setUint16(i * 2, value, true)
    else if (type === 4) view.setUint32(i * 4, value, true)
    else view.setBigUint64(i * 8, BigInt(value), true)
  })
  return { tag, type, count: values.length, bytes }
}

/** Makes a field of one fraction. */
export const fractionField = (tag: number, above: number, under: number): Field => ({
  ...numberField(tag, 4, above, under),
  type: 5,
  count: 1,
})

export const bytesField = (tag: number, bytes: Uint8Array, type = 7): Field => ({
  tag,
  type,
  count: bytes.length,
  bytes,
})

/** Replaces the fields that have the same tags, and adds the others. */
export const withFields = ({ fields, below }: Fields, ...more: readonly Field[]): Fields => ({
  fields: [...fields.filter(({ tag }) => !more.some((one) => one.tag === tag)), ...more],
  below,
})

/** Makes the fields for resolution, tags 282, 283 and 296: per inch if these are whole numbers, else per centimetre. */
export function resolutionFields([x, y]: readonly [x: number, y: number]): Field[] {
  const inches = [x, y].map((n) => Math.round(n * 0.0254))
  const isInches = [x, y].every((n, i) => Math.round(inches[i]! / 0.0254) === n)
  const fraction = (tag: number, i: 0 | 1) =>
    isInches ? fractionField(tag, inches[i]!, 1) : fractionField(tag, [x, y][i]!, 100)
  return [fraction(282, 0), fraction(283, 1), numberField(296, 3, isInches ? 2 : 3)]
}

/**
 * Encodes a directory and those below it for the offset `at` in a file, in little-endian byte order.
 *
 * @param next offset of the next directory, 0 for none
 */
export function directoryBytes({ fields, below }: Fields, at: number, next = 0, isBig = false): Uint8Array {
  const place = isBig ? 8 : 4
  const entries = [...fields.map((field) => field.tag), ...below.keys()].sort((a, b) => a - b)
  const [head, step] = isBig ? [8, 20] : [2, 12]
  const out = new Uint8Array(head + entries.length * step + place)
  const view = viewOf(out)
  const put = (to: number, value: number) =>
    isBig ? view.setBigUint64(to, BigInt(value), true) : view.setUint32(to, value, true)
  if (isBig) put(0, entries.length)
  else view.setUint16(0, entries.length, true)
  put(out.length - place, next)
  const tail: Uint8Array[] = []
  let end = at + out.length
  const append = (bytes: Uint8Array): number => {
    const from = end
    const even = bytes.length % 2 === 0 ? bytes : concat([bytes, new Uint8Array(1)])
    tail.push(even)
    end += even.length
    return from
  }
  entries.forEach((tag, i) => {
    const to = head + i * step
    const inner = below.get(tag)
    const field = fields.find((one) => one.tag === tag)
    view.setUint16(to, tag, true)
    view.setUint16(to + 2, inner === undefined ? field!.type : 4, true)
    put(to + 4, inner === undefined ? field!.count : 1)
    const value = to + 4 + place
    if (inner !== undefined) put(value, append(directoryBytes(inner, end, 0, isBig)))
    else if (field!.bytes.length <= place) out.set(field!.bytes, value)
    else put(value, append(field!.bytes))
  })
  return concat([out, ...tail])
}

export const exifBlock = (fields: Fields): Uint8Array =>
  concat([Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0), directoryBytes(fields, 8)])

/** TIFF fields that describe how samples are stored. They do not apply to the EXIF block of another picture. */
export const structural: ReadonlySet<number> = new Set([
  ...[254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 292, 293, 317, 320],
  ...[322, 323, 324, 325, 330, 332, 338, 339, 347, 512, 513, 514, 519, 520, 521, 529, 530, 531, 532, 700],
  ...[33723, 34377, 34675, 37724],
])

const textTags: Readonly<Record<string, number>> = {
  Description: 270,
  Software: 305,
  Author: 315,
  Copyright: 33432,
}

/** Returns the texts for which EXIF has a field that does not already have another value. */
export function textFields({ exif, text = [] }: Metadata): ReadonlyMap<TextEntry, Field> {
  const found = new Map<TextEntry, Field>()
  for (const one of text) {
    const tag = Object.hasOwn(textTags, one.keyword) ? textTags[one.keyword]! : 0
    const field = bytesField(tag, Buffer.from(`${one.text}\0`), 2)
    const used = [...(exif?.fields ?? []), ...found.values()].find((other) => other.tag === tag)
    const isSame = used !== undefined && Buffer.compare(used.bytes, field.bytes) === 0
    if (tag !== 0 && field.count <= mostBytes && (used === undefined || isSame)) found.set(one, field)
  }
  return found
}

/**
 * Returns the EXIF fields to write with a picture: its original ones, updated to its current size, orientation and
 * resolution. Returns undefined if there are none.
 *
 * @param needs whether the format has no other place for the resolution
 * @param texts texts for which the format has no other place
 */
export function exifFor(
  { metadata, orientation, resolution }: PictureMeta,
  { width, height }: Size,
  needs: boolean,
  texts: Iterable<Field> = textFields(metadata ?? {}).values(),
): Fields | undefined {
  const given = metadata?.exif
  const hasTag = (tag: number) => given?.fields.some((one) => one.tag === tag)
  const side = orientation ?? (hasTag(274) ? 1 : undefined)
  const own = [
    ...texts,
    ...(side === undefined ? [] : [numberField(274, 3, side)]),
    ...(resolution !== undefined && (needs || given !== undefined) ? resolutionFields(resolution) : []),
  ]
  if (given === undefined && own.length === 0) return undefined
  const fields = (given?.fields ?? []).filter(
    ({ tag }) => !structural.has(tag) && ![282, 283, 296].includes(tag),
  )
  const below = new Map(given?.below)
  const inner = below.get(34665)
  if (inner?.fields.some(({ tag }) => tag === 40962 || tag === 40963))
    below.set(34665, withFields(inner, numberField(40962, 4, width), numberField(40963, 4, height)))
  return withFields({ fields, below }, ...own)
}
