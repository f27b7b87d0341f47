import { ConvoError } from '../../error.ts'
import type { Kernel } from '../kernel.ts'
import { type KernelFormat, pick } from './format.ts'
import { type JsonNode, parseJson } from './json-text.ts'
import { readBinary } from './opencv-binary.ts'
import { type Field, type StoredMatrix, yamlMatrices } from './opencv-yaml.ts'
import {
  type Cursor,
  checkWeights,
  expected,
  failure,
  headText,
  kernelAt,
  numbers,
  openText,
  type Placed,
  skipSpace,
  takeNumbers,
  wholeSizes,
} from './text.ts'
import { elementsOf, parseXml, spanText, type XmlElement } from './xml.ts'

const types = ['opencv-matrix', 'opencv-nd-matrix']

/** Element types of OpenCV with the range of whole numbers; floating point has none. */
const elementTypes: Readonly<Record<string, readonly [least: number, most: number] | undefined>> = {
  u: [0, 255],
  c: [-128, 127],
  w: [0, 65535],
  s: [-32768, 32767],
  i: [-(2 ** 31), 2 ** 31 - 1],
  f: undefined,
  d: undefined,
  h: undefined,
}

/**
 * The FileStorage of OpenCV in XML, YAML or JSON: each `opencv-matrix` (rows, cols, dt, data) of one channel is a kernel by
 * the name of its node. Read as written: filter2D correlates, with the anchor at floor(k/2). data may be in Base64, and JSON may
 * have comments, as OpenCV writes both. Nodes that are no matrices are passed over; matrices of more dimensions or channels
 * are refused, unless another is asked for by name.
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
  skipSpace(c)
  if (c.text[c.at] === '<') return xmlMatrices(c)
  if (c.text[c.at] !== '{' && c.text[c.at] !== '[') return yamlMatrices(c)
  const json = { ...c, text: withoutComments(c.text) }
  return jsonMatrices(json, parseJson(json))
}

/** The text with blanks instead of comments, which OpenCV writes into JSON, so that places stay what they are. */
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
    throw expected(c, '<opencv_storage>', { at: root.at, found: `<${root.name}>` })
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
    throw expected(c, `one piece of text in <${name}>`, { at: second.at, found: 'another' })
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

/** Where a value is: of a list what is between its brackets, of a string what is between its quotes. */
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
  const { fields, at, type, name } = matrix
  if (type === 'opencv-nd-matrix' || fields.has('sizes')) {
    throw failure(
      c,
      fields.get('sizes')?.at ?? at,
      'E_KERNEL_SHAPE',
      'an OpenCV matrix must have rows and cols, got sizes',
      {
        why: 'expected rows and cols, found sizes, which do not say what is channels and what is depth',
        fix: 'a .npy file with one of the shapes [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW]',
      },
    )
  }
  const { dt, range } = elementType(c, matrix)
  const [rows, cols] = [size(c, matrix, 'rows'), size(c, matrix, 'cols')]
  const named = name === undefined ? {} : { name }
  const field = fieldOf(c, matrix, 'data')
  if (field.isBinary === true) {
    return kernelAt(c, at, [rows, cols], readBinary(c, field, dt, rows * cols), named)
  }
  const data = numbersOf(c, matrix, 'data')
  const wanted = `${rows} rows of ${cols} = ${numbers(rows * cols)}`
  checkWeights(c, fields.get('data')!.at, data.length, rows * cols, `${cols}x${rows}`, wanted)
  for (const { value, at: place } of range === undefined ? [] : data) {
    if (Number.isInteger(value) && value >= range![0] && value <= range![1]) continue
    const expectation = `a whole number from ${range![0]} to ${range![1]}, as dt says`
    throw failure(c, place, 'E_KERNEL_VALUE', `data must be ${expectation}, got ${value}`, {
      why: `expected ${expectation}, found ${value}`,
    })
  }
  const weights = data.map(({ value }) => value)
  return kernelAt(c, at, [rows, cols], weights, named)
}

/** The letter of dt, and the range of its whole numbers. */
function elementType(
  c: Cursor,
  matrix: StoredMatrix,
): { dt: string; range: readonly [number, number] | undefined } {
  const span = fieldOf(c, matrix, 'dt')
  const dt = c.text
    .slice(span.at, span.end)
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
  if (Object.hasOwn(elementTypes, dt)) return { dt, range: elementTypes[dt] }
  const channels = /^[2-9]\d{0,2}[a-z]$/.test(dt) || /^\([^)]*\)[a-z]$/.test(dt)
  throw failure(
    c,
    span.at,
    'E_KERNEL_FORMAT',
    `dt must be one of ${Object.keys(elementTypes).join(', ')}, got ${JSON.stringify(dt.slice(0, 24))}`,
    {
      why: `expected numbers of one channel, found ${channels ? 'several channels' : JSON.stringify(dt.slice(0, 24))}`,
      fix: channels ? 'cv::split and one matrix per channel' : undefined,
    },
  )
}

function size(c: Cursor, matrix: StoredMatrix, name: string): number {
  const [first, second] = numbersOf(c, matrix, name)
  const { at } = matrix.fields.get(name)!
  if (first === undefined || second !== undefined) {
    throw expected(c, `one number for ${name}`, { at, found: first === undefined ? 'none' : 'several' })
  }
  return wholeSizes(c, `${name} must be a whole number`, [first])[0]!
}

function numbersOf(c: Cursor, matrix: StoredMatrix, name: string): Placed[] {
  const { at, end } = fieldOf(c, matrix, name)
  c.at = at
  return takeNumbers(c, end)
}

function fieldOf(c: Cursor, { fields, at, name: of }: StoredMatrix, name: string): Field {
  const field = fields.get(name)
  if (field !== undefined) return field
  throw expected(c, `${name} in the matrix${of === undefined ? '' : ` ${of}`}`, {
    at,
    found: 'a matrix without it',
  })
}
