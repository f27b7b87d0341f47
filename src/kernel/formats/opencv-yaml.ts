import type { Cursor } from './text.ts'
import type { Span } from './xml.ts'

/** A matrix of a FileStorage before it is interpreted: the positions of its fields, without brackets and quotes. */
export type StoredMatrix = {
  readonly name?: string | undefined
  readonly at: number
  readonly type: string
  readonly fields: ReadonlyMap<string, Field>
}

/** The position of the value of a field, and whether it is numbers in Base64. */
export type Field = Span & { readonly isBinary?: boolean }

const entry =
  /^( *)(?:(?:- +)?("[^"\r\n]{1,256}"|[^\s:#"-][^\s:]{0,255}) *:|-) *!!(opencv-(?:nd-)?matrix) *(?:#.*)?$/
const field = /^( *)([a-z_]{1,32}) *: */

/**
 * Finds the matrices of a FileStorage in YAML. OpenCV writes lines `key: value` and lists in square brackets, after a
 * first line `%YAML:1.0` that YAML itself does not allow. So only this dialect is read, and everything but matrices is
 * skipped.
 */
export function yamlMatrices(c: Cursor): StoredMatrix[] {
  const found: StoredMatrix[] = []
  let at = 0
  while (at < c.text.length) {
    const line = lineAt(c, at)
    const match = line.includes('!!opencv-') ? entry.exec(line) : null
    const next = at + line.length + 1
    if (match === null) {
      if (/!!opencv-(?:nd-)?matrix/.test(line))
        throw c.expected('name: !!opencv-matrix', { at: at + line.search(/\S/) })
      at = next
      continue
    }
    const indent = match[1]!.length
    const { fields, end } = readFields(c, next, indent)
    found.push({ name: match[2]?.replace(/^"|"$/g, ''), at: at + indent, type: match[3]!, fields })
    at = end
  }
  return found
}

/** Returns a line without its end. If it ends with `\r\n`, the `\r` becomes a blank. */
function lineAt(c: Cursor, at: number): string {
  const newline = c.text.indexOf('\n', at)
  return c.text.slice(at, newline === -1 ? c.text.length : newline).replace(/\r$/, ' ')
}

/**
 * Reads the `key: value` lines from an offset on that are indented by more than `indent`, and returns where they end.
 */
function readFields(c: Cursor, from: number, indent: number): { fields: Map<string, Field>; end: number } {
  const fields = new Map<string, Field>()
  let at = from
  while (at < c.text.length) {
    const match = field.exec(lineAt(c, at))
    if (match === null || match[1]!.length <= indent) break
    const key = match[2]!
    if (fields.has(key))
      throw c.expected('each field once', { at: at + match[1]!.length, found: `${key} again` })
    const value = readValue(c, at + match[0].length)
    fields.set(key, value)
    const newline = c.text.indexOf('\n', value.end)
    at = newline === -1 ? c.text.length : newline + 1
  }
  return { fields, end: at }
}

const binary = /!!binary *\|[ \r]*\n((?: +[\w+/=]+[ \r]*(?:\n|$))*)/y

/**
 * Finds a list in square brackets or a block of Base64, either of which may span lines, or else the rest of the line.
 */
function readValue(c: Cursor, at: number): Field {
  binary.lastIndex = at
  const block = binary.exec(c.text)
  if (block !== null) {
    const end = at + block[0].trimEnd().length
    return { at: at + block[0].length - block[1]!.length, end, isBinary: true }
  }
  if (c.text[at] !== '[') return { at, end: at + lineAt(c, at).trimEnd().length }
  const end = c.text.indexOf(']', at)
  if (end === -1) throw c.expected('"]"', { at: c.text.length })
  return { at: at + 1, end }
}
