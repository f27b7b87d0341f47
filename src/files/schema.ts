import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { invariant, nearest } from '../error.ts'
import { counted } from '../text/count.ts'
import { cut } from '../text/cut.ts'

/** What of JSON Schema the manifest's schema uses. */
export type Schema = {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly items?: Schema
  readonly minItems?: number
  readonly minLength?: number
}

/** A violation, and the node that it is about. */
export type Violation = { readonly node: Node; readonly message: string }

/** A node of the document, none for an empty one. */
type Given = { readonly node: Node; readonly path: string }

/** All that keeps a YAML or JSON document from following a schema. */
export function violations(node: Node, root: Schema): Violation[] {
  return check({ node, path: '' }, root, root)
}

function check(given: Given, schema: Schema, root: Schema): Violation[] {
  const { $ref, oneOf } = schema
  if ($ref !== undefined) return check(given, definition($ref, root), root)
  if (oneOf !== undefined) return checkOneOf(given, oneOf, root)
  const type = typeOf(given.node)
  if (schema.type !== undefined && !isOfType(type, schema.type)) {
    return [violation(given, `must be ${typeWords(schema.type)}, got ${shown(given.node, type)}`)]
  }
  // A mapping or list is never one of a few words.
  if ('const' in schema || schema.enum !== undefined) return checkScalar(given, schema)
  if (type === 'object') return checkObject(given, schema, root)
  if (type === 'array') return checkArray(given, schema, root)
  return checkScalar(given, schema)
}

function checkObject({ node, path }: Given, schema: Schema, root: Schema): Violation[] {
  invariant(isMap(node), 'an object is a map')
  const { properties = {}, required = [], additionalProperties } = schema
  const keys = new Map(node.items.map((pair) => [keyOf(pair), pair]))
  const missing = required
    .filter((key) => !keys.has(key))
    .map((key) => violation({ node, path }, `needs ${key}`))
  const each = [...keys].flatMap(([key, pair]): Violation[] => {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    const at = join(path, key)
    if (property !== undefined) return check({ node: valueNode(pair), path: at }, property, root)
    if (additionalProperties !== false) return []
    const guess = nearest(key, Object.keys(properties))
    const hint =
      guess === undefined ? `expected one of ${Object.keys(properties).join(', ')}` : `did you mean ${guess}?`
    return [{ node: pair.key as Node, message: `unknown key ${cut(at)}; ${hint}` }]
  })
  return [...missing, ...each]
}

function checkArray({ node, path }: Given, { items, minItems = 0 }: Schema, root: Schema): Violation[] {
  invariant(isSeq(node), 'an array is a sequence')
  if (node.items.length < minItems) {
    return [
      violation(
        { node, path },
        `must have at least ${counted(minItems, 'entry', 'entries')}, got ${node.items.length}`,
      ),
    ]
  }
  if (items === undefined) return []
  return node.items.flatMap((item, i) => check({ node: item as Node, path: `${path}[${i}]` }, items, root))
}

function checkScalar(given: Given, schema: Schema): Violation[] {
  const value = isScalar(given.node) ? given.node.value : null
  const choices = 'const' in schema ? [schema.const] : schema.enum
  if (choices !== undefined && !choices.includes(value)) {
    return [violation(given, `must be ${choices.join(' or ')}, got ${cut(JSON.stringify(value))}`)]
  }
  const { minLength = 0 } = schema
  if (typeof value === 'string' && value.length < minLength) {
    return [
      violation(given, minLength === 1 ? 'must not be empty' : `must have at least ${minLength} letters`),
    ]
  }
  return []
}

/** The complaints of the alternative that is meant: that of the same type, or whose complaints are deepest. */
function checkOneOf(given: Given, alternatives: readonly Schema[], root: Schema): Violation[] {
  const results = alternatives.map((schema) => check(given, schema, root))
  if (results.some((found) => found.length === 0)) return []
  const inner = results.find((found) => found.every(({ node }) => node !== given.node))
  if (inner !== undefined) return inner
  const sameType = alternatives.findIndex((schema) => {
    const { type } = resolved(schema, root)
    return type !== undefined && isOfType(typeOf(given.node), type)
  })
  if (sameType >= 0) return results[sameType]!
  const wanted = alternatives.map((schema) => wantedWords(resolved(schema, root))).join(' or ')
  return [violation(given, `must be ${wanted}, got ${shown(given.node, typeOf(given.node))}`)]
}

function resolved(schema: Schema, root: Schema): Schema {
  return schema.$ref === undefined ? schema : resolved(definition(schema.$ref, root), root)
}

function definition(ref: string, root: Schema): Schema {
  const found = root.$defs?.[ref.replace('#/$defs/', '')]
  invariant(found !== undefined, `the schema defines ${ref}`)
  return found
}

type Type = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null'

function typeOf(node: Node): Type {
  if (isMap(node)) return 'object'
  if (isSeq(node)) return 'array'
  const value = isScalar(node) ? node.value : null
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return 'null'
}

const isOfType = (type: Type, wanted: string | readonly string[]): boolean =>
  [wanted].flat().some((one) => one === type || (one === 'number' && type === 'integer'))

const names: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'nothing',
}

const typeWords = (type: string | readonly string[]): string =>
  [type]
    .flat()
    .map((one) => names[one])
    .join(' or ')

const wantedWords = (schema: Schema): string =>
  schema.type !== undefined ? typeWords(schema.type) : String(schema.const ?? schema.enum?.join(' or '))

const shown = (node: Node, type: Type): string =>
  isScalar(node) && type !== 'null' ? cut(JSON.stringify(node.value)) : names[type]!

const violation = ({ node, path }: Given, message: string): Violation => ({
  node,
  message: `${path === '' ? 'the manifest' : path} ${message}`,
})

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)
const keyOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key)
/** `key:` with nothing behind it has no node; the complaint then is at the key. */
const valueNode = (pair: Pair): Node => (pair.value ?? pair.key) as Node
