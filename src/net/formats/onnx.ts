import { ConvoError } from '../../error.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { optional } from '../../text/record.ts'
import type { Attribute, Constant, Meaning, NetRange, Network, NetworkNode, Port } from '../network.ts'
import { damaged, type Failure, type Given, type NetworkFormat, quoted } from './format.ts'
import {
  type Budget,
  budgetOf,
  bytesOf,
  constantFrom,
  constantFromList,
  type NumberType,
  numberTypes,
  typeBy,
} from './numbers.ts'
import { inlined, ownDomain, versionsOf } from './onnx-functions.ts'
import {
  type AttributeMessage,
  type Graph,
  type Model,
  model,
  type Node,
  type PortMessage,
  type TensorMessage,
} from './onnx-messages.ts'
import { withWholes } from './onnx-wholes.ts'
import * as pb from './protobuf.ts'

const graphField = model.graph.number

/** Black and white for the types that can hold levels. */
const ranges: Readonly<Record<string, NetRange>> = {
  uint8: '0..255',
  int8: '-128..127',
  uint16: '0..65535',
}
/** The types that are not read, for the error that says so. */
const unread: Readonly<Record<number, string>> = {
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
}

/** The fields of the kinds of attributes that are read, by AttributeProto.AttributeType. */
const kinds = { 1: 'float', 2: 'int', 3: 'bytes', 4: 'tensor', 6: 'floats', 7: 'ints', 8: 'texts' } as const
const dense = 'a network exported without sparse tensors'
const unrolled =
  'a network exported without Loop and Scan: torch.jit.trace instead of torch.jit.script unrolls them'
const unreadKinds: Readonly<Record<number, readonly [what: string, fix: string]>> = {
  5: ['a graph', unrolled],
  9: ['tensors', 'a network with one tensor for each attribute'],
  10: ['graphs', unrolled],
  11: ['a sparse tensor', dense],
  12: ['sparse tensors', dense],
  13: ['a type', 'a network without sequences and optional values'],
  14: ['types', 'a network without sequences and optional values'],
}

const [oldestIr, oldestOpset] = [3, 7]
const external = 1

/** Where tensors are read from, and the limit that they count against. */
type Place = { readonly given: Given; readonly budget: Budget; readonly fail: Failure }

/** ONNX, as defined in onnx.proto3: IR 3 and later, opset 7 and later. Weights may be in separate files beside it. */
export const onnx: NetworkFormat = {
  name: 'onnx',
  summary: 'ONNX, opset 7 and later',
  extensions: ['.onnx'],
  recognises: (bytes) => bytes[0] === 8 && pb.hasFields(bytes, graphField),
  read(bytes, given) {
    const { file } = given
    const fail = damaged(file, 'an ONNX file')
    const whole = pb.readMessage({ bytes, file, fail }, model)
    if (whole.graph === undefined) throw fail(bytes.length, 'a graph', 'none')
    const opsets = opsetsOf(whole, file)
    const place = { given, budget: budgetOf(file), fail }
    return networkOf(whole, whole.graph, opsets, place)
  },
}

/** The opset versions by domain. The empty domain is ONNX's own. */
function opsetsOf({ ir = 0, opsets }: Model, file: string): ReadonlyMap<string, number> {
  if (ir < oldestIr) {
    throw new ConvoError('E_NET_FORMAT', `${file} is written in a version of ONNX that is too old`, {
      why: `${file}: IR version ${ir}; convo reads version ${oldestIr} and later`,
      fix: 'export the network again with a current version of its framework',
    })
  }
  const versions = versionsOf(opsets)
  const version = versions.get('')
  if (version !== undefined && version < oldestOpset) {
    throw new ConvoError('E_NET_FORMAT', `${file} uses a version of the operators that is too old`, {
      why: `${file}: opset ${version}; convo reads opset ${oldestOpset} and later`,
      fix: `onnx.version_converter.convert_version(model, 17) in Python`,
    })
  }
  return versions
}

function networkOf(
  whole: Model,
  { nodes, name, initializers, inputs, outputs, sparse }: Graph,
  opsets: ReadonlyMap<string, number>,
  place: Place,
): Network {
  const { file } = place.given
  if (sparse > 0) {
    throw new ConvoError('E_NET_FORMAT', `${file} has sparse tensors, which convo does not read`, {
      fix: 'save the network with dense tensors',
    })
  }
  const { placed, tensors } = inlined(nodes, whole.functions, opsets, file)
  const constants = new Map<string, Constant>()
  for (const one of [...initializers, ...tensors]) {
    if (constants.has(one.name)) throw place.fail(0, 'each initializer once', quoted(one.name))
    constants.set(one.name, constantOf(one, `tensor ${quoted(one.name)}`, place))
  }
  // in IR 3, initialisers are listed as inputs too
  const given = inputs.filter((one) => !constants.has(one.name))
  const typeOf = ({ type }: PortMessage) => typeBy('onnx', type?.tensor?.type)
  const rangeOf = (one: PortMessage | undefined) => ranges[(one && typeOf(one)) ?? '']
  const meaning: Meaning = {
    ...optional('inRange', rangeOf(given[0])),
    ...optional('outRange', rangeOf(outputs[0])),
  }
  const own = placed.map(({ node, opsets: versions, when }, index) => ({
    ...nodeOf(node, index, versions, place),
    ...(when.length > 0 && { when }),
  }))
  const typed = new Map([
    ...given.map((one) => [one.name, typeOf(one)] as const),
    ...[...initializers, ...tensors].map((one) => [one.name, typeBy('onnx', one.type)] as const),
  ])
  return {
    format: 'onnx',
    name,
    inputs: given.map(portOf),
    outputs: outputs.map(portOf),
    ...(Object.keys(meaning).length > 0 && { meaning }),
    nodes: withWholes(own, {
      types: typed,
      inputs: given.map((one) => one.name),
      constants,
    }),
    constants,
    metadata: new Map([
      ...(whole.producer === '' ? [] : [['producer', whole.producer] as const]),
      ...whole.metadata.map(({ key, value }) => [key, value] as const),
    ]),
  }
}

const portOf = ({ name, type }: PortMessage): Port => ({
  name,
  shape: type?.tensor?.shape?.sizes.map(({ value = 0, name: text }) =>
    value > 0 ? value : text === '' ? undefined : text,
  ),
})

function nodeOf(one: Node, index: number, opsets: ReadonlyMap<string, number>, place: Place): NetworkNode {
  const domain = ownDomain(one.domain)
  const name = one.name === '' ? `${one.operator}_${index}` : one.name
  const version = opsets.get(domain)
  if (version === undefined) {
    throw new ConvoError('E_NET_SYNTAX', `node ${quoted(name)} has operators of an unknown version`, {
      why: `${place.given.file}: there is no opset for ${domain === '' ? 'ONNX' : quoted(domain)}`,
    })
  }
  const attributes = new Map<string, Attribute>()
  for (const given of one.attributes) {
    attributes.set(given.name, attributeOf(given, `node ${quoted(name)} (${one.operator})`, place))
  }
  const { operator, inputs, outputs } = one
  return { operator, domain, opset: version, name, inputs, outputs, attributes }
}

function attributeOf(given: AttributeMessage, of: string, place: Place): Attribute {
  if (given.given !== '')
    throw place.fail(0, `a value of the attribute ${quoted(given.name)} of ${of}`, 'a reference')
  const kind = given.type ?? guessed(given)
  const other = unreadKinds[kind]
  if (other !== undefined) {
    const [what, fix] = other
    const message = `${of} has ${what} as its ${given.name}, which convo does not read`
    throw new ConvoError('E_NET_OPERATOR', message, { why: place.given.file, fix })
  }
  const field = kinds[kind as keyof typeof kinds]
  if (field === undefined || (field === 'tensor' && given.tensor === undefined))
    throw place.fail(0, `a value of the attribute ${quoted(given.name)} of ${of}`, `kind ${kind}`)
  if (field === 'tensor') return constantOf(given.tensor!, `${given.name} of ${of}`, place)
  // invalid UTF-8 is replaced: no operator on pictures has such text
  if (field === 'bytes') return Buffer.from(given.bytes ?? []).toString()
  return given[field] ?? 0
}

/** Guesses the kind of an attribute that does not state it; 0 if it has no value. */
function guessed(given: AttributeMessage): number {
  const found = Object.entries(kinds).find(([, field]) => {
    const value = given[field]
    return Array.isArray(value) ? value.length > 0 : value !== undefined
  })
  return Number(found?.[0] ?? 0)
}

function constantOf(one: TensorMessage, of: string, place: Place): Constant {
  const { dims, segment, type: code = 0 } = one
  const { file } = place.given
  const type = typeBy('onnx', code)
  if (type === undefined || segment > 0) {
    const what = type === undefined ? `numbers of type ${unread[code] ?? code}` : 'its numbers in segments'
    throw new ConvoError('E_NET_FORMAT', `${of} has ${what}, which convo does not read`, {
      why: `${file}: supported types: ${numberTypes.join(' ')}`,
      fix: 'save the network with weights of float32 or float16',
    })
  }
  const count = sizeOf(dims)
  if (!dims.every((n) => n >= 0) || !Number.isSafeInteger(count))
    throw place.fail(0, `whole sizes of ${of}`, describe(dims))
  place.budget.take(count)
  const check = (unit: string, need: number, found: number) => {
    if (need !== found)
      throw place.fail(0, `${need} ${unit} for ${of}, ${describe(dims)} of ${type}`, `${found}`)
  }
  const raw = one.location === external ? externalBytes(one, count * bytesOf(type), of, place) : one.raw
  if (raw !== undefined && raw.length > 0) {
    check('bytes', count * bytesOf(type), raw.length)
    return constantFrom(type, dims, raw)
  }
  const listed = listedIn(one, type)
  check('numbers', count, listed.length)
  return constantFromList(type, dims, listed)
}

/** The field that lists numbers of this type. */
function listedIn({ floats, ints, longs, doubles, unsigned }: TensorMessage, type: NumberType): number[] {
  if (type === 'float32') return floats
  if (type === 'float64') return doubles
  if (type === 'int64') return longs
  return type === 'uint32' || type === 'uint64' ? unsigned : ints
}

/** Reads numbers from a separate file, which must be in the folder of the model. */
function externalBytes(
  { external: entries }: TensorMessage,
  need: number,
  of: string,
  place: Place,
): Uint8Array {
  const { file, beside } = place.given
  const keys = new Map(entries.map(({ key, value }) => [key, value]))
  const number = (key: string, otherwise: number): number => {
    const text = keys.get(key)
    if (text === undefined) return otherwise
    if (!/^\d{1,15}$/.test(text)) throw place.fail(0, `a whole number as the ${key} of ${of}`, quoted(text))
    return Number(text)
  }
  const path = keys.get('location')
  if (path === undefined) throw place.fail(0, `the file of ${of}`, 'none')
  const offset = number('offset', 0)
  const length = number('length', need)
  if (length === 0) return new Uint8Array()
  const bytes = beside(path)
  if (offset + length > bytes.length) {
    throw new ConvoError('E_NET_SYNTAX', `${quoted(path)} does not hold ${of}`, {
      why: `${file}: bytes ${offset} to ${offset + length} of ${quoted(path)}, which has ${bytes.length}`,
      fix: 'the complete file that belongs to the model, in the folder of the model',
    })
  }
  return bytes.subarray(offset, offset + length)
}
