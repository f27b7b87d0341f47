import { nearest } from '../../error.ts'
import { borderName } from '../../tensor/border.ts'
import { checkAnchor, type Kernel, type KernelFields } from '../kernel.ts'
import { kernelSchema } from '../schema.ts'
import { extras, type KernelFormat } from './format.ts'
import { expectKind, type JsonEntry, type JsonNode, nodeText, parseJson } from './json-text.ts'
import { bytesOf, type Cursor, headText, numbers, numberText, openText, rowsText } from './text.ts'

type Key = keyof typeof kernelSchema.properties
const jsonKeys = Object.keys(kernelSchema.properties)

/**
 * The project's own format, described by `kernelSchema`. It is the only text format that can store everything in a
 * kernel. A bare nested array contains only weights.
 */
export const json: KernelFormat = {
  name: 'convo JSON',
  summary: 'weights of any rank with name, scale, offset, anchor, bias and border',
  direction: { turns: false, as: 'convo conv2d' },
  extensions: ['.json'],
  example: '{ "name": "edge", "weights": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "scale": 8, "offset": 128 }\n',
  sniff: (head) => /^\s*[{[]/.test(headText(head)),
  read(bytes, file) {
    const c = openText(bytes, file, 'a kernel in JSON')
    const root = parseJson(c)
    if (root.kind === 'array') return [readKernel(c, root, new Map())]
    const { entries } = expectKind(c, root, 'object', 'the kernel')
    refuseUnknown(c, entries)
    const weights = entries.get('weights')
    if (weights === undefined) {
      throw c.expected('the key "weights"', { at: root.at, found: 'an object without it' })
    }
    return [readKernel(c, weights.value, entries)]
  },
  kind: 'a kernel in JSON',
  holds: extras,
  write(k) {
    const fields = [
      ...(k.name === undefined ? [] : [`"name": ${JSON.stringify(k.name)}`]),
      ...(k.summary === undefined ? [] : [`"summary": ${JSON.stringify(k.summary)}`]),
      `"weights": ${nested(k.shape, k.weights, '  ')}`,
      ...(k.scale === 1 ? [] : [`"scale": ${numberText(k.scale)}`]),
      ...(Object.is(k.offset, 0) ? [] : [`"offset": ${numberText(k.offset)}`]),
      ...(k.anchor === undefined ? [] : [`"anchor": [${k.anchor[1]}, ${k.anchor[0]}]`]),
      ...(k.bias === undefined ? [] : [`"bias": [${Array.from(k.bias, numberText).join(', ')}]`]),
      ...(k.border === undefined ? [] : [`"border": ${JSON.stringify(k.border)}`]),
    ]
    return bytesOf(`{\n  ${fields.join(',\n  ')}\n}\n`)
  },
}

function nested(shape: readonly number[], weights: Float64Array, indent: string): string {
  const inner = `${indent}  `
  const [first = 0, ...rest] = shape
  const size = weights.length / first
  const parts =
    rest.length === 1
      ? rowsText(weights, size, ', ').map((row) => `[${row}]`)
      : Array.from({ length: first }, (_, i) =>
          nested(rest, weights.subarray(i * size, (i + 1) * size), inner),
        )
  return `[\n${inner}${parts.join(`,\n${inner}`)}\n${indent}]`
}

type Entries = ReadonlyMap<string, JsonEntry>

function refuseUnknown(c: Cursor, entries: Entries): void {
  for (const [key, { at }] of entries) {
    if (jsonKeys.includes(key)) continue
    const guess = nearest(key, jsonKeys)
    throw c.expected(`one of the keys ${jsonKeys.join(', ')}`, {
      at,
      found: JSON.stringify(key),
      fix: guess === undefined ? undefined : `"${guess}"`,
    })
  }
}

function readKernel(c: Cursor, weights: JsonNode, entries: Entries): Kernel {
  const shape = shapeOf(c, weights)
  const values: number[] = []
  collect(c, weights, shape, [], values)
  const fields = readFields(c, entries)
  const anchor = entries.get('anchor')
  if (anchor !== undefined) c.placed(anchor.value.at, () => checkAnchor(fields.anchor!, shape))
  return c.kernel((entries.get('bias')?.value ?? weights).at, shape, values, fields)
}

function readFields(c: Cursor, entries: Entries): KernelFields {
  const get = <T>(key: Key, read: (node: JsonNode, path: string) => T) => {
    const entry = entries.get(key)
    return entry === undefined ? {} : { [key]: read(entry.value, key) }
  }
  const text = (node: JsonNode, path: string) => expectKind(c, node, 'string', path).value
  const number = (node: JsonNode, path: string) => readNumber(c, node, path)
  get('$schema', text)
  return {
    ...get('name', text),
    ...get('summary', text),
    ...get('scale', (node, path) => c.scale({ value: number(node, path), at: node.at })),
    ...get('offset', number),
    ...get('anchor', (node, path) => readAnchor(c, node, path)),
    ...get('bias', (node, path) => {
      const { items } = expectKind(c, node, 'array', path)
      return Float64Array.from(items, (item, i) => number(item, `bias[${i}]`))
    }),
    ...get('border', (node, path) => readBorder(c, node, path)),
  }
}

function readNumber(c: Cursor, node: JsonNode, path: string): number {
  const { value, at } = expectKind(c, node, 'number', path)
  if (Number.isFinite(value)) return value
  const message = `${path} must be a finite number, got ${value}`
  const why = `expected a number between -1.8e308 and 1.8e308, found ${c.found(at)}`
  throw c.wrongValue(at, message, why)
}

/** The file has the usual order [x, y]; a kernel has [y, x], in the order of its axes. */
function readAnchor(c: Cursor, node: JsonNode, path: string): readonly [y: number, x: number] {
  const { items } = expectKind(c, node, 'array', path)
  const [x, y] = items
  if (items.length !== 2 || x === undefined || y === undefined) {
    const found = numbers(items.length)
    throw c.expected('an array of two numbers, [x, y], for anchor', { at: node.at, found })
  }
  return [readNumber(c, y, 'anchor[1]'), readNumber(c, x, 'anchor[0]')]
}

function readBorder(c: Cursor, node: JsonNode, path: string): string {
  const { value } = expectKind(c, node, 'string', path)
  return c.placed(
    node.at,
    () => borderName(value),
    'E_KERNEL_VALUE',
    `expected a border mode, found ${nodeText(node)}`,
  )
}

/** Takes the sizes from the first element of each array. All other elements must match. */
function shapeOf(c: Cursor, weights: JsonNode): number[] {
  const shape: number[] = []
  let node: JsonNode | undefined = expectKind(c, weights, 'array', 'weights')
  while (node?.kind === 'array') {
    if (node.items.length === 0) {
      throw c.wrongShape(node.at, 'weights must not be empty', 'expected numbers, found []')
    }
    shape.push(node.items.length)
    node = node.items[0]
  }
  if (shape.length >= 2 && shape.length <= 5) return shape
  throw c.wrongShape(
    weights.at,
    `weights must be nested 2 to 5 deep, got ${shape.length}`,
    `expected [kH,kW], [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW], found [${shape.join(',')}]`,
    shape.length === 1 ? 'for one row, a second pair of brackets: [[1, 2, 1]]' : undefined,
  )
}

function collect(c: Cursor, node: JsonNode, shape: readonly number[], place: number[], into: number[]): void {
  const depth = place.length
  if (depth === shape.length) {
    if (node.kind !== 'number') throw wrongKind(c, node, 'number', place)
    into.push(c.finite(node.at, node.value))
    return
  }
  if (node.kind !== 'array') throw wrongKind(c, node, 'array', place)
  const { length } = node.items
  if (length !== shape[depth]) {
    const message = `arrays of weights must have equal length, got ${length} in ${pathOf(place)} after ${shape[depth]}`
    throw c.wrongShape(node.at, message, `expected ${shape[depth]} as in the first, found ${length}`)
  }
  for (let i = 0; i < length; i++) {
    place.push(i)
    collect(c, node.items[i]!, shape, place, into)
    place.pop()
  }
}

const pathOf = (place: readonly number[]): string => `weights${place.map((i) => `[${i}]`).join('')}`

function wrongKind(c: Cursor, node: JsonNode, kind: 'number' | 'array', place: readonly number[]) {
  const what = kind === 'number' ? 'a number' : 'an array'
  return c.expected(`${what} for ${pathOf(place)}`, { at: node.at, found: nodeText(node) })
}
