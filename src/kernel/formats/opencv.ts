import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import type { Kernel } from '../kernel.ts'
import { numberTypes } from './binary.ts'
import { type KernelFormat, pick } from './format.ts'
import { type JsonNode, parseJson } from './json-text.ts'
import { Cursor, headText, numbers, openText, type Placed } from './text.ts'
import { elementsOf, parseXml, type Span, spanText, type XmlElement } from './xml.ts'

const types = ['opencv-matrix', 'opencv-nd-matrix']

/** Element types of OpenCV, and their NumPy names. */
// biome-ignore format: one line says it
const elementTypes: Readonly<Record<string, string>> = {
  u: 'u1', c: 'i1', w: 'u2', s: 'i2', i: 'i4', f: 'f4', d: 'f8', h: 'f2',
}

/** The range of an integer type. Floating-point types have none. */
function rangeOf(type: string): readonly [least: number, most: number] | undefined {
  const size = 2 ** (8 * Number(type[1]))
  return type[0] === 'u' ? [0, size - 1] : type[0] === 'i' ? [-size / 2, size / 2 - 1] : undefined
}

/**
 * The FileStorage of OpenCV in XML, YAML or JSON. Each `opencv-matrix` (rows, cols, dt, data) of one channel is a
 * kernel with the name of its node. It is read as written: filter2D correlates, with the anchor at floor(k/2). data may
 * be in Base64, and JSON may have comments, because OpenCV writes both. Nodes that are not matrices are skipped.
 * Matrices with more dimensions or channels are refused, unless another one is selected by name.
 */
export const opencv: KernelFormat = {
  name: 'OpenCV FileStorage',
  summary: 'named matrices in XML, YAML or JSON',
  direction: { turns: false, as: 'cv::filter2D' },
  extensions: ['.yml', '.yaml', '.xml', '.json'],
  example: '%YAML:1.0\n---\nk: !!opencv-matrix\n   rows: 1\n   cols: 3\n   dt: f\n   data: [ -1., 0., 1. ]\n',
  picks: true,
  sniff: (head) => {
    const text = headText(head)
    return /^\s*[<{%]/.test(text) && /<opencv_storage|^\s*%YAML|opencv-(?:nd-)?matrix"/.test(text)
  },
  read(bytes, file, fragment) {
    const c = openText(bytes, file, 'an OpenCV FileStorage')
    const matrices = matricesOf(c)
    if (matrices.length > 0) return pick(matrices, file, fragment).map((matrix) => toKernel(c, matrix))
    throw new ConvoError('E_KERNEL_FILE', `${file} has no matrix`, {
      why: `${file}:1:1: expected an opencv-matrix in the file, found none`,
    })
  },
}

function matricesOf(c: Cursor): readonly StoredMatrix[] {
  c.skipSpace()
  if (c.text[c.at] === '<') return xmlMatrices(c)
  if (c.text[c.at] !== '{' && c.text[c.at] !== '[') return yamlMatrices(c)
  const json = new Cursor(withoutComments(c.text), c.file, c.kind)
  return jsonMatrices(json, parseJson(json))
}

/** Replaces comments, which OpenCV writes into JSON, by blanks, so that positions do not change. */
function withoutComments(text: string): string {
  const pieces: string[] = []
  let done = 0
  for (const { 0: found, index } of text.matchAll(/"(?:[^"\\\r\n]|\\.)*"|\/[/*]/g)) {
    if (index < done || found.startsWith('"')) continue
    const mark = text.indexOf(found === '//' ? '\n' : '*/', index + 2)
    const end = mark === -1 ? text.length : found === '//' ? mark : mark + 2
    pieces.push(text.slice(done, index), text.slice(index, end).replace(/[^\r\n]/g, ' '))
    done = end
  }
  return pieces.join('') + text.slice(done)
}

function xmlMatrices(c: Cursor): StoredMatrix[] {
  const root = parseXml(c)
  if (root.name !== 'opencv_storage') {
    throw c.expected('<opencv_storage>', { at: root.at, found: `<${root.name}>` })
  }
  const found: StoredMatrix[] = []
  for (const element of elementsOf(root)) {
    const type = element.attributes.get('type_id')
    const kind = type === undefined ? '' : spanText(c, type)
    if (!types.includes(kind)) continue
    const fields = new Map(element.children.map((child) => [child.name, fieldSpan(c, child)]))
    found.push({ name: element.name === '_' ? undefined : element.name, at: element.at, type: kind, fields })
  }
  return found
}

function fieldSpan(c: Cursor, { at, name, attributes, texts: [first, second] }: XmlElement): Field {
  if (second !== undefined)
    throw c.expected(`one piece of text in <${name}>`, { at: second.at, found: 'another' })
  const type = attributes.get('type_id')
  const isBinary = type !== undefined && spanText(c, type) === 'binary'
  return { ...(first ?? { at, end: at }), isBinary }
}

function jsonMatrices(c: Cursor, node: JsonNode, name?: string): StoredMatrix[] {
  if (node.kind === 'array') return node.items.flatMap((item) => jsonMatrices(c, item))
  if (node.kind !== 'object') return []
  const type = node.entries.get('type_id')?.value
  if (type?.kind !== 'string' || !types.includes(type.value)) {
    return [...node.entries].flatMap(([key, { value }]) => jsonMatrices(c, value, key))
  }
  const fields = new Map([...node.entries].map(([key, { value }]) => [key, jsonSpan(c, value)]))
  return [{ name, at: node.at, type: type.value, fields }]
}

const binaryMark = '$base64$'

/** Finds the position of a value: between the brackets of a list, or between the quotes of a string. */
function jsonSpan(c: Cursor, node: JsonNode): Field {
  const { at } = node
  if (node.kind === 'string' && node.value.startsWith(binaryMark)) {
    return { at: at + 1 + binaryMark.length, end: at + 1 + node.value.length, isBinary: true }
  }
  if (node.kind === 'number')
    return { at, end: at + (/[^\s,}\]]*/y.exec(c.text.slice(at, at + 400))?.[0].length ?? 0) }
  if (node.kind === 'string') return { at: at + 1, end: at + 1 + node.value.length }
  if (node.kind !== 'array') return { at, end: at + 1 }
  const odd = node.items.find((item) => item.kind !== 'number')
  return { at: at + 1, end: odd === undefined ? c.text.indexOf(']', at) : odd.at + 1 }
}

function toKernel(c: Cursor, matrix: StoredMatrix): Kernel {
  const { fields, at, name } = matrix
  if (matrix.type === 'opencv-nd-matrix' || fields.has('sizes')) {
    throw c.wrongShape(
      fields.get('sizes')?.at ?? at,
      'an OpenCV matrix must have rows and cols, got sizes',
      'expected rows and cols, found sizes, which do not distinguish channels from depth',
      'a .npy file with one of the shapes [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW]',
    )
  }
  const dt = elementType(c, matrix)
  const type = elementTypes[dt]!
  const [rows, cols] = [size(c, matrix, 'rows'), size(c, matrix, 'cols')]
  const named = name === undefined ? {} : { name }
  const field = fieldOf(c, matrix, 'data')
  if (field.isBinary === true) {
    return c.kernel(at, [rows, cols], readBinary(c, field, [dt, type], rows * cols), named)
  }
  const data = numbersOf(c, matrix, 'data')
  const wanted = `${rows} rows of ${cols} = ${numbers(rows * cols)}`
  c.checkWeights(fields.get('data')!.at, data.length, rows * cols, `${cols}x${rows}`, wanted)
  const range = rangeOf(type)
  for (const { value, at: place } of range === undefined ? [] : data) {
    const [least, most] = range!
    if (Number.isInteger(value) && value >= least && value <= most) continue
    const expectation = `a whole number from ${least} to ${most}, as dt says`
    const message = `data must be ${expectation}, got ${value}`
    throw c.wrongValue(place, message, `expected ${expectation}, found ${value}`)
  }
  const weights = data.map(({ value }) => value)
  return c.kernel(at, [rows, cols], weights, named)
}

function elementType(c: Cursor, matrix: StoredMatrix): string {
  const span = fieldOf(c, matrix, 'dt')
  const dt = c.text
    .slice(span.at, span.end)
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
  if (Object.hasOwn(elementTypes, dt)) return dt
  const channels = /^[2-9]\d{0,2}[a-z]$/.test(dt) || /^\([^)]*\)[a-z]$/.test(dt)
  const typed = JSON.stringify(dt.slice(0, 24))
  const message = `dt must be one of ${Object.keys(elementTypes).join(', ')}, got ${typed}`
  const why = `expected numbers of one channel, found ${channels ? 'several channels' : typed}`
  const fix = channels ? 'cv::split and one matrix per channel' : undefined
  throw c.failure(span.at, 'E_KERNEL_FORMAT', message, why, fix)
}

function size(c: Cursor, matrix: StoredMatrix, name: string): number {
  const [first, second] = numbersOf(c, matrix, name)
  const { at } = matrix.fields.get(name)!
  if (first === undefined || second !== undefined) {
    throw c.expected(`one number for ${name}`, { at, found: first === undefined ? 'none' : 'several' })
  }
  return c.wholeSizes(`${name} must be a whole number`, [first])[0]!
}

function numbersOf(c: Cursor, matrix: StoredMatrix, name: string): Placed[] {
  const { at, end } = fieldOf(c, matrix, name)
  c.at = at
  return c.takeNumbers(end)
}

function fieldOf(c: Cursor, { fields, at, name: of }: StoredMatrix, name: string): Field {
  const field = fields.get(name)
  if (field !== undefined) return field
  const what = `${name} in the matrix${of === undefined ? '' : ` ${of}`}`
  throw c.expected(what, { at, found: 'a matrix without it' })
}

// Data that FileStorage writes with the flag BASE64: the type as 24 bytes of text, then the numbers, low byte first.

const headerBytes = 24

/**
 * Reads the numbers of a matrix in Base64.
 *
 * @param dt the type that the matrix states, one letter
 * @param name NumPy's name of the type
 * @throws ConvoError E_KERNEL_SYNTAX for text that is not Base64 or states another type, E_KERNEL_SHAPE for another
 *   count
 */
function readBinary(c: Cursor, span: Span, [dt, name]: readonly [string, string], count: number): number[] {
  const bytes = decodeBase64(c, span)
  const at = span.at + Math.max(0, c.text.slice(span.at, span.end).search(/\S/))
  const stated = new TextDecoder('latin1').decode(bytes.subarray(0, headerBytes)).trim()
  if (!/^\d*[a-z]$/.test(stated) || stated.at(-1) !== dt) {
    throw c.expected(`binary data of the type ${dt}, as dt says`, {
      at,
      found: JSON.stringify(stated.slice(0, 24)),
    })
  }
  const type = numberTypes[name]!
  const found = (bytes.length - headerBytes) / type.bytes
  if (found !== count) {
    const message = `kernel size must match the weights, got ${bytes.length - headerBytes} bytes for ${numbers(count)}`
    const why = `expected ${count} x ${type.bytes} bytes, found ${bytes.length - headerBytes}`
    throw c.wrongShape(at, message, why)
  }
  const view = viewOf(bytes)
  return Array.from({ length: count }, (_, i) => type.read(view, headerBytes + i * type.bytes, true))
}

function decodeBase64(c: Cursor, { at, end }: Span): Uint8Array {
  const text = c.text.slice(at, end)
  const odd = text.search(/[^A-Za-z0-9+/=\s]/)
  if (odd !== -1) throw c.expected('Base64', { at: at + odd })
  const digits = text.replace(/\s/g, '')
  if (digits.length % 4 !== 0 || /=[^=]|={3}/.test(digits)) {
    throw c.expected('Base64 in groups of four', { at, found: `${digits.length} characters` })
  }
  return Buffer.from(digits, 'base64')
}

/** A matrix of a FileStorage before it is interpreted: the positions of its fields, without brackets and quotes. */
type StoredMatrix = {
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
function yamlMatrices(c: Cursor): StoredMatrix[] {
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
