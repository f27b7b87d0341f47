import { ConvoError, type ErrorCode } from '../../error.ts'
import { beginsAsHeader, type Opened, open } from '../../kernel/formats/safetensors-header.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { isRecord, optional } from '../../text/record.ts'
import type { Weights } from '../architectures/architecture.ts'
import { networkOf } from '../architectures/index.ts'
import { namesBeside } from '../builder.ts'
import {
  type Attribute,
  type Condition,
  type Constant,
  type Meaning,
  type Network,
  type NetworkNode,
  netColours,
  netOutRanges,
  netRanges,
  type Port,
} from '../network.ts'
import { type NetworkFormat, openJson, quoted } from './format.ts'
import { budgetOf, bytesFrom, codeOf, constantFrom, numberTypes, typeBy } from './numbers.ts'

/** The codes for networks that replace those for kernel files. */
const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  E_KERNEL_SYNTAX: 'E_NET_SYNTAX',
  E_KERNEL_FORMAT: 'E_NET_FORMAT',
}

/** A .safetensors file: the tensors of a recognised architecture, or of a graph that convo stored with them. */
export const safetensors: NetworkFormat = {
  name: 'safetensors',
  summary: 'safetensors: the tensors of a recognised architecture, or what convo net convert wrote',
  extensions: ['.safetensors'],
  recognises: beginsAsHeader,
  read(bytes, given) {
    const opened = asNetwork(() => open(bytes, given.file))
    const weights = weightsOf(opened)
    const graph = opened.metadata.get(graphKey)
    if (graph !== undefined) return graphOf(graph, weights)
    return networkOf('safetensors', weights, given, opened.metadata)
  },
}

function asNetwork<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = error instanceof ConvoError ? codes[error.code] : undefined
    if (!(error instanceof ConvoError) || code === undefined) throw error
    const { message, why, fix } = error
    throw new ConvoError(code, message, { why, fix, cause: error })
  }
}

function weightsOf({ file, entries, bytes }: Opened): Weights {
  const budget = budgetOf(file)
  return {
    file,
    names: [...entries.keys()],
    shape: (name) => entries.get(name)?.shape,
    read(name) {
      const { dtype, shape, begin, end } = entries.get(name)!
      const type = typeBy('dtype', dtype)
      if (type === undefined) {
        const what = `tensor ${quoted(name)} has numbers of type ${dtype}, which convo does not read`
        throw new ConvoError('E_NET_FORMAT', what, {
          why: `${file}: supported types: ${numberTypes.map((one) => codeOf(one, 'dtype')).join(' ')}`,
          fix: 'tensor.float() before it is saved',
        })
      }
      budget.take(sizeOf(shape))
      return constantFrom(type, shape, bytes.subarray(begin, end))
    },
  }
}

/** The metadata key under which convo stores the graph in a .safetensors file, as JSON. */
export const graphKey = 'convo.network'

/** The key of the metadata, which is not available as the name of a tensor. */
const metadataKey = '__metadata__'

/** The version of the JSON. It is raised by changes that older programs cannot read. */
const version = 1

const isConstant = (value: Attribute): value is Constant => typeof value === 'object' && !Array.isArray(value)

/**
 * Writes a network as a .safetensors file with all tensors, and the graph as JSON in its metadata. `readNetwork` restores
 * the network bit for bit.
 *
 * @throws ConvoError E_ARGUMENT for a tensor whose length does not match its shape
 */
export function writeNetwork(network: Network): Uint8Array {
  const tensors = new Map<string, Constant>()
  const free = namesBeside([metadataKey])
  const named = (constant: Constant, wanted: string): string => {
    const tensor = free(wanted)
    tensors.set(tensor, constant)
    return tensor
  }
  const { format, name, inputs, outputs, nodes, constants, metadata, meaning } = network
  const graph = {
    version,
    format,
    name,
    inputs: inputs.map(portText),
    outputs: outputs.map(portText),
    ...optional('meaning', meaning),
    metadata: Object.fromEntries(metadata),
    constants: [...constants].map(([key, constant]) => [key, named(constant, key)]),
    nodes: nodes.map(({ attributes, domain, ...node }) => ({
      ...node,
      ...(domain !== '' && { domain }),
      attributes: [...attributes].map(([key, value]) => [
        key,
        isConstant(value) ? { tensor: named(value, `${node.name}.${key}`) } : attributeText(value),
      ]),
    })),
  }
  return safetensorsOf(tensors, { [graphKey]: JSON.stringify(graph) })
}

const portText = ({ name, shape }: Port) => ({ name, shape: shape?.map((size) => size ?? null) ?? null })

/** JSON has no infinity and no negative zero. */
const numberText = (value: number): number | { number: string } =>
  Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : { number: Object.is(value, -0) ? '-0' : String(value) }

const attributeText = (value: Exclude<Attribute, Constant>): unknown =>
  typeof value === 'number'
    ? numberText(value)
    : typeof value === 'string'
      ? value
      : value.map((one) => (typeof one === 'number' ? numberText(one) : one))

/** Builds a .safetensors file: the length of the header, the header, and the numbers of all tensors in sequence. */
function safetensorsOf(
  tensors: ReadonlyMap<string, Constant>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0
  const bodies: Uint8Array[] = []
  const entries: [string, unknown][] = [[metadataKey, metadata]]
  for (const [name, constant] of tensors) {
    const { type, shape, data } = constant
    if (data.length !== sizeOf(shape)) {
      throw new ConvoError('E_ARGUMENT', `tensor ${quoted(name)} has ${data.length} numbers for its shape`)
    }
    const body = bytesFrom(constant)
    bodies.push(body)
    entries.push([name, { dtype: codeOf(type, 'dtype'), shape, data_offsets: [end, end + body.length] }])
    end += body.length
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  // the numbers begin at a multiple of 8, for readers that map the file
  const header = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ')
  text.copy(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, ...bodies])
}

/**
 * Reads a network that `writeNetwork` wrote.
 *
 * @throws ConvoError E_NET_SYNTAX for a damaged graph, E_NET_FORMAT for one of a later version
 */
export function graphOf(text: string, weights: Weights): Network {
  const { file } = weights
  const {
    whole: graph,
    fail,
    record,
    list,
    text: word,
  } = openJson(text, file, 'has a graph that cannot be read', `${graphKey} in __metadata__: `)
  if (typeof graph.version !== 'number') throw fail('a version', graph.version)
  if (graph.version !== version) {
    throw new ConvoError('E_NET_FORMAT', `${file} was written by a later version of convo`, {
      why: `${file}: version ${graph.version} of its graph; this convo reads version ${version}`,
      fix: 'npm install -g convo',
    })
  }
  const textsOf = (value: unknown, what: string) => list(value, what).map((one) => word(one, what))
  const tensorOf = (name: unknown): Constant => {
    if (typeof name !== 'string' || weights.shape(name) === undefined)
      throw fail('the name of a tensor', name)
    return weights.read(name)
  }
  const numberOf = (value: unknown): number => {
    if (typeof value === 'number') return value
    const special = isRecord(value) ? specials.get(value.number) : undefined
    if (special === undefined) throw fail('a number', value)
    return special
  }
  const attributeOf = (value: unknown): Attribute => {
    if (typeof value === 'string') return value
    if (isRecord(value) && 'tensor' in value) return tensorOf(value.tensor)
    if (!Array.isArray(value)) return numberOf(value)
    return value.every((one) => typeof one === 'string') ? value : value.map(numberOf)
  }
  const portOf = (value: unknown): Port => {
    const port = record(value, 'a port')
    const shape = port.shape === null ? undefined : list(port.shape, 'a shape')
    return {
      name: word(port.name, 'the name of a port'),
      shape: shape?.map((size) => {
        if (size === null) return undefined
        if (typeof size !== 'string' && typeof size !== 'number') throw fail('a size', size)
        return size
      }),
    }
  }
  const conditionOf = (value: unknown): Condition => {
    const [name, is] = list(value, 'a condition')
    return [word(name, 'the name of a condition'), is === true]
  }
  const nodeOf = (value: unknown): NetworkNode => {
    const node = record(value, 'a node')
    const attributes = list(node.attributes, 'attributes').map((pair) => {
      const [key, one] = list(pair, 'an attribute')
      return [word(key, 'the name of an attribute'), attributeOf(one)] as const
    })
    return {
      operator: word(node.operator, 'an operator'),
      domain: node.domain === undefined ? '' : word(node.domain, 'a domain'),
      opset: numberOf(node.opset),
      name: word(node.name, 'the name of a node'),
      inputs: textsOf(node.inputs, 'inputs'),
      outputs: textsOf(node.outputs, 'outputs'),
      attributes: new Map(attributes),
      ...(node.when !== undefined && { when: list(node.when, 'conditions').map(conditionOf) }),
    }
  }
  const metadata = isRecord(graph.metadata) ? Object.entries(graph.metadata) : []
  const meaning = isRecord(graph.meaning) ? meaningOf(graph.meaning) : undefined
  return {
    format: word(graph.format, 'a format'),
    name: word(graph.name, 'a name'),
    inputs: list(graph.inputs, 'inputs').map(portOf),
    outputs: list(graph.outputs, 'outputs').map(portOf),
    nodes: list(graph.nodes, 'nodes').map(nodeOf),
    constants: new Map(
      list(graph.constants, 'constants').map((pair) => {
        const [name, tensor] = list(pair, 'a constant and its tensor')
        return [word(name, 'the name of a constant'), tensorOf(tensor)] as const
      }),
    ),
    metadata: new Map(metadata.map(([key, value]) => [key, word(value, 'a text')] as const)),
    ...optional('meaning', meaning),
  }
}

const specials = new Map<unknown, number>([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** The meaning of samples. Unknown values are ignored. */
function meaningOf({ inRange, outRange, channels, scale, multiple }: Record<string, unknown>): Meaning {
  const one = <T>(list: readonly T[], value: unknown) => list.find((item) => item === value)
  const size = (value: unknown) =>
    Number.isFinite(value) && (value as number) > 0 ? (value as number) : undefined
  return {
    ...optional('inRange', one(netRanges, inRange)),
    ...optional('outRange', one(netOutRanges, outRange)),
    ...optional('channels', one(netColours, channels)),
    ...optional('scale', size(scale)),
    ...optional('multiple', size(multiple)),
  }
}
