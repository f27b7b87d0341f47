import type { Cursor } from './text.ts'

/** A JSON value with the position where it begins. */
export type JsonNode = { readonly at: number } & (
  | { readonly kind: 'object'; readonly entries: ReadonlyMap<string, JsonEntry> }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
)

/** A value of an object, and the position of its key. */
export type JsonEntry = { readonly at: number; readonly value: JsonNode }

export type JsonOf<K extends JsonNode['kind']> = Extract<JsonNode, { kind: K }>

// Weights are nested five deep. Anything deeper is not a kernel, and would overflow the stack.
const deepest = 64

const blank = /[ \t\r\n]*/y
// `2.` is not valid JSON, but older versions of OpenCV write it.
const number = /-?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.+-])/uy
const word = /[\p{L}_-][\p{L}\p{N}_]*/uy
const plain = /(?:[^"\\\p{Cc}]|[\u007f-\u009f]){1,4096}/uy
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Reads JSON (RFC 8259, and `2.` as a number) and keeps positions, unlike JSON.parse. Duplicate keys are refused.
 *
 * @throws ConvoError E_KERNEL_SYNTAX
 */
export function parseJson(c: Cursor): JsonNode {
  const node = value(c, 0)
  c.take(blank)
  if (c.at < c.text.length) throw c.expected('the end of the file')
  return node
}

function value(c: Cursor, depth: number): JsonNode {
  c.take(blank)
  const { at } = c
  const first = c.text[at]
  if (depth > deepest) throw c.expected(`at most ${deepest} nested brackets`, { found: 'another' })
  if (first === '{') return { at, kind: 'object', entries: entriesOf(c, depth) }
  if (first === '[') {
    const items: JsonNode[] = []
    upTo(c, ']', () => items.push(value(c, depth + 1)))
    return { at, kind: 'array', items }
  }
  if (first === '"') return { at, kind: 'string', value: string(c) }
  const digits = c.take(number)
  if (digits !== undefined) return { at, kind: 'number', value: Number(digits) }
  const name = c.take(word)
  if (name === 'true' || name === 'false') return { at, kind: 'boolean', value: name === 'true' }
  if (name === 'null') return { at, kind: 'null' }
  throw c.expected('a JSON value', { at })
}

function entriesOf(c: Cursor, depth: number): Map<string, JsonEntry> {
  const entries = new Map<string, JsonEntry>()
  upTo(c, '}', () => {
    c.take(blank)
    const { at } = c
    if (c.text[at] !== '"') throw c.expected('a key in double quotes')
    const key = string(c)
    if (entries.has(key)) throw c.expected('each key once', { at, found: `${JSON.stringify(key)} again` })
    c.take(blank)
    c.takeSign(':', 'a colon after the key')
    entries.set(key, { at, value: value(c, depth + 1) })
  })
  return entries
}

/** Takes what is between an opening bracket and the closing one, separated by commas. */
function upTo(c: Cursor, bracket: string, takeOne: () => void): void {
  c.at++
  if (closes(c, bracket)) return
  for (;;) {
    takeOne()
    if (closes(c, bracket)) return
    c.takeSign(',', `a comma or ${bracket}`)
  }
}

function closes(c: Cursor, bracket: string): boolean {
  c.take(blank)
  if (c.text[c.at] !== bracket) return false
  c.at++
  return true
}

function string(c: Cursor): string {
  const { at } = c
  c.at++
  for (;;) {
    if (c.text[c.at] === '"') {
      c.at++
      return JSON.parse(c.text.slice(at, c.at)) as string
    }
    if (c.take(plain) === undefined && c.take(escaped) === undefined) {
      const missing = c.text[c.at] === '\\' ? 'an escape such as \\n or \\u0041' : 'a closing quote'
      throw c.expected(missing)
    }
  }
}

export function nodeText(node: JsonNode): string {
  if (node.kind === 'object' || node.kind === 'array') return `an ${node.kind}`
  if (node.kind === 'null') return 'null'
  if (node.kind === 'number') return String(node.value)
  const text = JSON.stringify(node.value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

const kindText = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
}

/** Returns the node if it is of the kind. @throws ConvoError E_KERNEL_SYNTAX naming `path` and the position */
export function expectKind<K extends JsonNode['kind']>(
  c: Cursor,
  node: JsonNode,
  kind: K,
  path: string,
): JsonOf<K> {
  if (node.kind === kind) return node as JsonOf<K>
  throw c.expected(`${kindText[kind]} for ${path}`, { at: node.at, found: nodeText(node) })
}
