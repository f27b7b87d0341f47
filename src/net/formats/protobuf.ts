import type { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { checkLimit } from '../../limits.ts'

/** A protocol buffers message, with the information that errors and limits need. */
export type Source = {
  readonly bytes: Uint8Array
  readonly file: string
  readonly fail: (at: number, expected: string, found: string) => ConvoError
}

/** A field of a message: its number, its default, and how one occurrence in the bytes updates the value. */
type Field<T> = {
  readonly number: number
  readonly absent: () => T
  readonly take: (reader: Reader, wire: number, before: T) => T
}

/** The fields of a message that are read, by name. Others are skipped. */
export type Schema<T> = { readonly [K in keyof T]: Field<T[K]> }

/** The type of a message that is read by a schema. */
export type Message<S> = { -readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never }

/** Reads a message. Strings, nested messages and the numbers in lists count against a limit. */
class Reader {
  readonly view: DataView
  at = 0
  end: number
  parts = 0
  numbers = 0

  constructor(readonly source: Source) {
    this.view = viewOf(source.bytes)
    this.end = source.bytes.length
  }

  fail(expected: string, found: string): ConvoError {
    return this.source.fail(this.at, expected, found)
  }

  /** Reads an integer of up to 64 bits in two's complement; beyond 2^53 the nearest double. */
  varint(): number {
    const { bytes } = this.source
    const begin = this.at
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw this.fail('a whole number', 'the end')
      const byte = bytes[this.at++]!
      const seven = byte & 127
      if (shift < 28) low |= seven << shift
      else if (shift === 28) {
        low |= seven << 28
        high = seven >> 4
      } else if (shift < 63) high |= seven << (shift - 32)
      else high |= (seven & 1) << 31
      if (byte < 128) return high * 2 ** 32 + (low >>> 0)
    }
    this.at = begin
    throw this.fail('a number of at most 10 bytes', 'more')
  }

  /** Returns the end of a length-delimited field. */
  sized(wire: number): number {
    if (wire !== sizedWire) throw this.fail('a field with a size', wireNames[wire] ?? `wire type ${wire}`)
    const size = this.varint()
    if (size < 0 || size > this.end - this.at)
      throw this.fail(`at most the ${this.end - this.at} bytes that are left`, `${size}`)
    return this.at + size
  }

  /** Counts a value that becomes an object. */
  part(): void {
    checkLimit('modelParts', ++this.parts, this.source.file)
  }

  skip(wire: number): void {
    if (wire === varintWire) this.varint()
    else if (wire === sizedWire) this.at = this.sized(wire)
    else {
      const size = wire === doubleWire ? 8 : wire === floatWire ? 4 : undefined
      if (size === undefined) throw this.fail('a field of a known wire type', `${wire}`)
      this.passed(size)
    }
  }

  /** Passes some bytes, and returns where they begin. */
  passed(size: number): number {
    if (this.end - this.at < size) throw this.fail(`${size} bytes`, `${this.end - this.at}`)
    this.at += size
    return this.at - size
  }

  /** Reads what is in a length-delimited field. */
  within<T>(wire: number, read: () => T): T {
    const outer = this.end
    this.end = this.sized(wire)
    const value = read()
    this.end = outer
    return value
  }

  /** Reads the fields up to the end into `value`. */
  message<T>(schema: Schema<T>, value: T): T {
    const names = namesOf(schema)
    while (this.at < this.end) {
      const key = this.varint()
      const wire = key & 7
      const number = Math.floor(key / 8)
      if (number < 1 || number >= 2 ** 29) throw this.fail('the number of a field', `${number}`)
      const name = names.get(number)
      if (name === undefined) this.skip(wire)
      else value[name] = schema[name].take(this, wire, value[name])
    }
    return value
  }
}

const [varintWire, doubleWire, sizedWire, floatWire] = [0, 1, 2, 5]
const wireNames: Readonly<Record<number, string>> = {
  [varintWire]: 'a whole number',
  [doubleWire]: '8 bytes',
  [sizedWire]: 'a field with a size',
  [floatWire]: '4 bytes',
}

/** The names of the fields of a schema, by number. */
const named = new WeakMap<object, ReadonlyMap<number, PropertyKey>>()

function namesOf<T>(schema: Schema<T>): ReadonlyMap<number, keyof T> {
  const known = named.get(schema)
  if (known !== undefined) return known as ReadonlyMap<number, keyof T>
  const names = new Map((Object.keys(schema) as (keyof T)[]).map((name) => [schema[name].number, name]))
  named.set(schema, names)
  return names
}

/** A message without fields. */
function absentOf<T>(schema: Schema<T>): T {
  const value = {} as T
  for (const name of namesOf(schema).values()) value[name] = schema[name].absent()
  return value
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textAt(reader: Reader, wire: number): string {
  reader.part()
  const end = reader.sized(wire)
  if (end === reader.at) return ''
  try {
    return decoder.decode(reader.source.bytes.subarray(reader.at, end))
  } catch {
    throw reader.fail('text in UTF-8', 'damaged text')
  } finally {
    reader.at = end
  }
}

function bytesAt(reader: Reader, wire: number): Uint8Array {
  reader.part()
  const end = reader.sized(wire)
  const bytes = reader.source.bytes.subarray(reader.at, end)
  reader.at = end
  return bytes
}

function messageAt<T>(reader: Reader, wire: number, schema: Schema<T>, before: T): T {
  reader.part()
  return reader.within(wire, () => reader.message(schema, before))
}

const single = <T>(number: number, take: (reader: Reader, wire: number) => T): Field<T | undefined> => ({
  number,
  absent: () => undefined,
  take,
})

const list = <T>(number: number, take: (reader: Reader, wire: number) => T): Field<T[]> => ({
  number,
  absent: () => [],
  take(reader, wire, before) {
    before.push(take(reader, wire))
    return before
  },
})

const singleNumber = (number: number, own: number, take: (reader: Reader) => number) =>
  single(number, (reader, wire) => {
    if (wire !== own) throw reader.fail(wireNames[own]!, wireNames[wire] ?? `wire type ${wire}`)
    return take(reader)
  })

/** A list of numbers, packed or not: both are allowed. */
const numbers = (number: number, own: number, take: (reader: Reader) => number): Field<number[]> => ({
  number,
  absent: () => [],
  take(reader, wire, before) {
    const one = () => {
      checkLimit('modelNumbers', ++reader.numbers, reader.source.file)
      before.push(take(reader))
    }
    if (wire === own) one()
    else
      reader.within(wire, () => {
        while (reader.at < reader.end) one()
      })
    return before
  },
})

const varintAt = (reader: Reader): number => reader.varint()
const floatAt = (reader: Reader): number => reader.view.getFloat32(reader.passed(4), true)
const doubleAt = (reader: Reader): number => reader.view.getFloat64(reader.passed(8), true)

/** Field types: an integer in two's complement, and lists of them. */
export const int = (number: number): Field<number | undefined> => singleNumber(number, varintWire, varintAt)
export const ints = (number: number): Field<number[]> => numbers(number, varintWire, varintAt)
export const float = (number: number): Field<number | undefined> => singleNumber(number, floatWire, floatAt)
export const floats = (number: number): Field<number[]> => numbers(number, floatWire, floatAt)
export const doubles = (number: number): Field<number[]> => numbers(number, doubleWire, doubleAt)
/** UTF-8 text. Absent and empty are the same. */
export const text = (number: number): Field<string> => ({ number, absent: () => '', take: textAt })
export const texts = (number: number): Field<string[]> => list(number, textAt)
/** A part of the file; the bytes are not copied. */
export const bytes = (number: number): Field<Uint8Array | undefined> => single(number, bytesAt)
/** The number of occurrences of a field that is not read. */
export const times = (number: number): Field<number> => ({
  number,
  absent: () => 0,
  take(reader, wire, before) {
    reader.skip(wire)
    return before + 1
  },
})
/** A message. Further occurrences are merged into it. */
export const message = <T>(number: number, schema: Schema<T>): Field<T | undefined> => ({
  number,
  absent: () => undefined,
  take: (reader, wire, before) => messageAt(reader, wire, schema, before ?? absentOf(schema)),
})
export const messages = <T>(number: number, schema: Schema<T>): Field<T[]> =>
  list(number, (reader, wire) => messageAt(reader, wire, schema, absentOf(schema)))

/**
 * Reads a message. Lengths are checked against the remaining bytes, and counts against the limits, before memory is
 * allocated. Nesting is as deep as the schema.
 *
 * @throws the error of `source.fail` for damage; ConvoError E_TOO_LARGE beyond a limit
 */
export const readMessage = <T>(source: Source, schema: Schema<T>): T =>
  new Reader(source).message(schema, absentOf(schema))

/** Whether bytes consist of valid fields, including `wanted`. The last one may be cut off. Used to recognise a format. */
export function hasFields(head: Uint8Array, wanted: number): boolean {
  const reader = new Reader({ bytes: head, file: '', fail: () => new Error('damaged') as ConvoError })
  try {
    while (reader.at < reader.end) {
      const key = reader.varint()
      if (key < 8) return false
      if (key >> 3 === wanted) return true
      reader.skip(key & 7)
    }
  } catch {
    return false
  }
  return false
}
