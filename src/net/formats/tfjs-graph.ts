import { ConvoError } from '../../error.ts'
import { isRecord, optional } from '../../text/record.ts'
import { builder, networkFrom } from '../builder.ts'
import type { Network, Port } from '../network.ts'
import { type Checks, type openJson, quoted } from './format.ts'
import { type Held, lastOf, Op, types } from './tfjs-op.ts'
import { graphOperators } from './tfjs-operators.ts'
import type { Weight } from './tfjs-weights.ts'

/** A node of the file. Its inputs are `node` or `node:output`; those after `^` are only about the order of execution. */
type GraphNode = {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? Buffer.from(value, 'base64').toString() : ''

/** An attribute. In JSON, 64-bit integers are text, and words are in base 64. */
function plainOf(value: unknown): unknown {
  const { i, f = i, b = f, s, type, list } = isRecord(value) ? value : {}
  if (isRecord(list)) return Array.isArray(list.s) ? list.s.map(textOf) : [list.i ?? []].flat().map(Number)
  return s !== undefined ? textOf(s) : b !== undefined ? Number(b) : type
}

const nodeOf = (one: unknown, { record, list, text }: Checks): GraphNode => {
  const { name, op, input = [], attr = {} } = record(one, 'a node')
  return {
    name: text(name, 'the name of a node'),
    op: text(op, 'the op of a node'),
    inputs: list(input, 'the inputs of a node')
      .map((one) => text(one, 'an input'))
      .filter((one) => !one.startsWith('^')),
    attributes: record(attr, 'the attributes of a node'),
  }
}

/** Splits `node:output`. */
function sourceOf(reference: string): readonly [name: string, output: number] {
  const [, name = reference, output = '0'] = /^(.*):(\d{1,5})$/.exec(reference) ?? []
  return [name, Number(output)]
}

/** Nodes with these operators are inputs; they have a shape instead of inputs. */
const givenBy = (op: string) => op === 'Placeholder'

/** Reads a graph of TensorFlow. Only nodes that an output depends on are read. */
export function graphOf(
  checks: ReturnType<typeof openJson>,
  topology: Readonly<Record<string, unknown>>,
  weights: ReadonlyMap<string, Weight>,
  file: string,
  metadata: ReadonlyMap<string, string>,
): Network {
  const { whole, fail, list } = checks
  const nodes = list(topology.node, 'the nodes').map((one) => nodeOf(one, checks))
  const byName = new Map(nodes.map((node) => [node.name, node] as const))
  const made = builder(byName.keys())
  const values = new Map<string, readonly Held[]>()
  const outputs = outputsOf(whole, nodes)
  const ports = nodes.filter(({ op }) => givenBy(op)).map((node) => [node, portOf(node, nodes)] as const)
  for (const [{ name }] of ports) values.set(name, [{ last: name }])

  const heldBy = (reference: string): Held => {
    const [name, output] = sourceOf(reference)
    const held = values.get(name)?.[output]
    if (held === undefined) throw fail(`a node with output ${output}`, reference)
    return held
  }
  const make = (node: GraphNode): readonly Held[] => {
    const refuse = (why: string, fix?: string) =>
      new ConvoError('E_NET_OPERATOR', `node ${quoted(node.name)} (${node.op}) ${why}`, {
        why: [file, `supported operators: ${Object.keys(graphOperators).join(' ')}`],
        ...optional('fix', fix),
      })
    if (node.op === 'Const') {
      const weight = weights.get(node.name)
      if (weight === undefined) throw fail(`weights of ${quoted(node.name)}`, undefined)
      return [{ constant: weight.read(), name: node.name }]
    }
    const operator = Object.hasOwn(graphOperators, node.op) ? graphOperators[node.op] : undefined
    if (operator === undefined)
      throw refuse('is not supported', 'the network exported as ONNX from the framework that it comes from')
    const plain = Object.entries(node.attributes).map(([name, value]) => [name, plainOf(value)])
    const inputs = node.inputs.map(heldBy)
    const result = operator(new Op(node.name, inputs, Object.fromEntries(plain), made, refuse))
    return Array.isArray(result) ? result : [result as Held]
  }
  const opened = new Set<string>()
  // an explicit stack: a graph may be deeper than the call stack
  for (const [, reference] of outputs) {
    const stack = [sourceOf(reference)[0]]
    while (stack.length > 0) {
      const name = stack.at(-1)!
      const node = byName.get(name)
      if (node === undefined) throw fail('a node that is read', name)
      const left = values.has(name)
        ? []
        : node.inputs.map((one) => sourceOf(one)[0]).filter((one) => !values.has(one))
      if (left.length === 0) {
        if (!values.has(name)) values.set(name, make(node))
        stack.pop()
        continue
      }
      if (!Object.hasOwn(graphOperators, node.op)) make(node)
      if (opened.has(name)) throw fail('a graph without cycles', name)
      opened.add(name)
      stack.push(...left)
    }
  }
  for (const [name, reference] of outputs) made.alias(lastOf(made, heldBy(reference)), name)
  const [first] = ports.filter(([, { shape }]) => (shape?.length ?? 0) > 2)
  const isLevels = first !== undefined && ['uint8', 'int32'].includes(types[String(typeOf(first[0]))] ?? '')
  return networkFrom(made, {
    format: 'tfjs',
    name: '',
    inputs: ports.map(([, port]) => port),
    outputs: outputs.map(([name]) => ({ name, shape: undefined })),
    metadata,
    ...(isLevels && { meaning: { inRange: '0..255' } as const }),
  })
}

const typeOf = ({ attributes: { dtype } }: GraphNode): unknown => (isRecord(dtype) ? dtype.type : undefined)

/** An input. If its shape is open, it is the picture if it is the only input, and a number otherwise. */
function portOf({ name, attributes }: GraphNode, nodes: readonly GraphNode[]): Port {
  const { shape: given } = attributes
  const shape = isRecord(given) ? given.shape : undefined
  const dims = isRecord(shape) && Array.isArray(shape.dim) ? shape.dim : undefined
  if (dims === undefined) {
    const isAlone = nodes.filter(({ op }) => givenBy(op)).length === 1
    return { name, shape: isAlone ? [1, undefined, undefined, undefined] : [] }
  }
  const sizes = dims.map((one) => Number(isRecord(one) ? one.size : Number.NaN))
  return { name, shape: sizes.map((n) => (Number.isSafeInteger(n) && n > 0 ? n : undefined)) }
}

/** The outputs that the signature states; without one, all that no node reads. */
function outputsOf(
  whole: Readonly<Record<string, unknown>>,
  nodes: readonly GraphNode[],
): readonly (readonly [name: string, reference: string])[] {
  const own = isRecord(whole.userDefinedMetadata) ? whole.userDefinedMetadata.signature : undefined
  const signature = isRecord(whole.signature) ? whole.signature : own
  const stated = isRecord(signature) && isRecord(signature.outputs) ? signature.outputs : {}
  const listed = Object.entries(stated).map(([key, one]) => [
    key,
    isRecord(one) && typeof one.name === 'string' ? one.name : key,
  ])
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map((one) => sourceOf(one)[0])))
  const ends = nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp')
  const all = listed.length > 0 ? listed : ends.map(({ name }) => [name, name])
  const taken = new Set(nodes.map(({ name }) => name))
  return all.map(([key = '', reference = '']) => {
    const [name] = sourceOf(key)
    return [taken.has(name) ? `${name}:output` : name, reference]
  })
}
