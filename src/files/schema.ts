import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { invariant, nearest } from '../error.ts'
import type { Param } from '../params.ts'
import { counted } from '../text/count.ts'
import { cut } from '../text/cut.ts'

/** The subset of JSON Schema that the schemas of manifests use. The first four keys are for editors only. */
export type Schema = {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
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

/** A non-empty string. */
export const text: Schema = { type: 'string', minLength: 1 }

/** A non-empty string, or a list of them. */
export const textOrList: Schema = { oneOf: [text, { type: 'array', minItems: 1, items: text }] }

/** Returns the schema of a setting in a manifest. The setting's own parser makes the final check of the value. */
export function settingSchema({ summary: description, isFlag, choices, repeats }: Param<unknown>): Schema {
  if (isFlag) return { description, type: 'boolean' }
  if (choices !== undefined) return { description, enum: choices }
  const several = { type: 'array', items: { type: ['string', 'array'] } }
  return repeats
    ? { description, oneOf: [{ type: 'string' }, several] }
    : { description, type: ['string', 'number'] }
}

export type Violation = { readonly node: Node; readonly message: string }

/** A node of the document, and its path; the path of the root is empty. */
type Given = { readonly node: Node; readonly path: string }

/** Returns all violations of a schema by a YAML or JSON document. */
export const violations = (node: Node, schema: Schema): Violation[] => check({ node, path: '' }, schema)

function check(given: Given, schema: Schema): Violation[] {
  if (schema.oneOf !== undefined) return checkOneOf(given, schema.oneOf)
  const type = typeOf(given.node)
  if (schema.type !== undefined && !isOfType(type, schema.type)) {
    return [violation(given, `must be ${typeWords(schema.type)}, got ${shown(given.node, type)}`)]
  }
  // A mapping or list is never one of the choices.
  if ('const' in schema || schema.enum !== undefined) return checkScalar(given, schema)
  if (type === 'object') return checkObject(given, schema)
  if (type === 'array') return checkArray(given, schema)
  return checkScalar(given, schema)
}

function checkObject({ node, path }: Given, schema: Schema): Violation[] {
  invariant(isMap(node), 'an object is a map')
  const { properties = {}, required = [], additionalProperties } = schema
  const keys = new Map(node.items.map((pair) => [keyOf(pair), pair]))
  const missing = required
    .filter((key) => !keys.has(key))
    .map((key) => violation({ node, path }, `needs ${key}`))
  const each = [...keys].flatMap(([key, pair]): Violation[] => {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    const at = join(path, key)
    if (property !== undefined) return check({ node: valueNode(pair), path: at }, property)
    if (additionalProperties !== false) return []
    const names = Object.keys(properties)
    // a longer name, or one that belongs into another key
    const guess =
      nearest(key, names) ??
      names.find((name) => key.length > 2 && name.startsWith(key)) ??
      names.find((name) => Object.hasOwn(properties[name]!.properties ?? {}, key))?.concat(`.${key}`)
    const hint =
      guess === undefined ? `expected one of ${Object.keys(properties).join(', ')}` : `did you mean ${guess}?`
    return [{ node: pair.key as Node, message: `unknown key ${cut(at)}; ${hint}` }]
  })
  return [...missing, ...each]
}

function checkArray({ node, path }: Given, { items, minItems = 0 }: Schema): Violation[] {
  invariant(isSeq(node), 'an array is a sequence')
  if (node.items.length < minItems) {
    const least = counted(minItems, 'entry', 'entries')
    return [violation({ node, path }, `must have at least ${least}, got ${node.items.length}`)]
  }
  if (items === undefined) return []
  return node.items.flatMap((item, i) => check({ node: item as Node, path: `${path}[${i}]` }, items))
}

function checkScalar(given: Given, schema: Schema): Violation[] {
  const value = isScalar(given.node) ? given.node.value : null
  const choices = 'const' in schema ? [schema.const] : schema.enum
  if (choices !== undefined && !choices.includes(value)) {
    return [violation(given, `must be ${choices.join(' or ')}, got ${cut(JSON.stringify(value))}`)]
  }
  const { minLength = 0 } = schema
  if (typeof value === 'string' && value.length < minLength) {
    const what = minLength === 1 ? 'must not be empty' : `must have at least ${minLength} letters`
    return [violation(given, what)]
  }
  return []
}

/**
 * Returns the complaints of the alternative that was meant: one with complaints only below the node, else one of the
 * same type.
 */
function checkOneOf(given: Given, alternatives: readonly Schema[]): Violation[] {
  const results = alternatives.map((schema) => check(given, schema))
  if (results.some((found) => found.length === 0)) return []
  const inner = results.find((found) => found.every(({ node }) => node !== given.node))
  if (inner !== undefined) return inner
  const sameType = alternatives.findIndex(
    ({ type }) => type !== undefined && isOfType(typeOf(given.node), type),
  )
  if (sameType >= 0) return results[sameType]!
  const wanted = alternatives.map(wantedWords).join(' or ')
  return [violation(given, `must be ${wanted}, got ${shown(given.node, typeOf(given.node))}`)]
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
/** `key:` without a value has no node, so the complaint is at the key. */
const valueNode = (pair: Pair): Node => (pair.value ?? pair.key) as Node
