import type { Cursor } from './text.ts'

/** A part of the text as written, with entities unresolved. */
export type Span = { readonly at: number; readonly end: number }

export type XmlElement = {
  /** Without its namespace prefix. */
  readonly name: string
  readonly at: number
  readonly attributes: ReadonlyMap<string, Span>
  readonly children: XmlElement[]
  /** The text directly within it, in pieces that are not blank. */
  readonly texts: Span[]
}

const name = /[A-Za-z_][\w.:-]{0,255}/y
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/**
 * Parses an XML text and returns its root element. It supports enough XML for the files of SVG and OpenCV. Comments and
 * processing instructions are skipped. A document type with its own definitions is refused, because entities can make
 * small XML files large.
 *
 * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_FORMAT
 */
export function parseXml(c: Cursor): XmlElement {
  const root: XmlElement = { name: '', at: 0, attributes: new Map(), children: [], texts: [] }
  // An explicit stack, because elements may be nested as deeply as the file is long.
  const open = [root]
  while (c.at < c.text.length) {
    const current = open.at(-1)!
    if (c.text[c.at] !== '<') readText(c, current)
    else if (c.text.startsWith('<!--', c.at)) skipPast(c, '-->')
    else if (c.text.startsWith('<![CDATA[', c.at)) {
      const at = c.at + 9
      skipPast(c, ']]>')
      current.texts.push({ at, end: c.at - 3 })
    } else if (c.text.startsWith('<?', c.at)) skipPast(c, '?>')
    else if (c.text.startsWith('<!', c.at)) skipDocumentType(c)
    else if (c.text.startsWith('</', c.at)) closeElement(c, open)
    else openElement(c, open)
  }
  if (open.length > 1) throw c.expected(`</${open.at(-1)!.name}>`)
  const [first, second] = root.children
  if (first === undefined) throw c.expected('an element')
  if (second !== undefined)
    throw c.expected('one root element', { at: second.at, found: `a second, ${second.name}` })
  return first
}

function skipPast(c: Cursor, mark: string, what = `"${mark}"`): void {
  const end = c.text.indexOf(mark, c.at)
  if (end === -1) throw c.expected(`${what} to end what starts here`, { found: 'the end of the file' })
  c.at = end + mark.length
}

function skipDocumentType(c: Cursor): void {
  const { at } = c
  skipPast(c, '>')
  if (!c.text.slice(at, c.at).includes('[')) return
  const message = 'a document type with its own definitions is refused'
  const why = 'expected none, or one without ['
  throw c.failure(at, 'E_KERNEL_FORMAT', message, why, 'remove its <!DOCTYPE')
}

function readText(c: Cursor, element: XmlElement): void {
  const { at } = c
  const next = c.text.indexOf('<', at)
  c.at = next === -1 ? c.text.length : next
  if (c.text.slice(at, c.at).trim() === '') return
  if (element.name === '') {
    c.at = at
    c.skipSpace()
    throw c.expected('"<"')
  }
  element.texts.push({ at, end: c.at })
}

function openElement(c: Cursor, open: XmlElement[]): void {
  const at = c.at++
  const tag = c.take(name)
  if (tag === undefined) throw c.expected('the name of an element')
  const attributes = new Map<string, Span>()
  for (;;) {
    const apart = c.take(/\s+/y) !== undefined
    if (c.text[c.at] === '>' || c.text.startsWith('/>', c.at)) break
    if (!apart) throw c.expected('a blank, ">" or "/>"')
    readAttribute(c, attributes)
  }
  const element: XmlElement = { name: localName(tag), at, attributes, children: [], texts: [] }
  open.at(-1)!.children.push(element)
  if (c.text[c.at] === '>') open.push(element)
  c.at += c.text[c.at] === '>' ? 1 : 2
}

function readAttribute(c: Cursor, attributes: Map<string, Span>): void {
  const start = c.at
  const key = c.take(name)
  if (key === undefined) throw c.expected('an attribute, ">" or "/>"')
  if (attributes.has(key)) throw c.expected('each attribute once', { at: start, found: `${key} again` })
  c.skipSpace()
  if (c.text[c.at] !== '=') throw c.expected('"="')
  c.at++
  c.skipSpace()
  const quote = c.text[c.at]
  if (quote !== '"' && quote !== "'") throw c.expected('a value in quotes')
  const at = ++c.at
  skipPast(c, quote, 'a closing quote')
  attributes.set(key, { at, end: c.at - 1 })
}

function closeElement(c: Cursor, open: XmlElement[]): void {
  const { at } = c
  c.at += 2
  const tag = c.take(name) ?? ''
  const { name: last } = open.at(-1)!
  c.skipSpace()
  if (open.length === 1) throw c.expected('no closing tag here', { at, found: `</${tag}>` })
  if (localName(tag) !== last) throw c.expected(`</${last}>`, { at, found: `</${tag}>` })
  if (c.text[c.at] !== '>') throw c.expected('">"')
  c.at++
  open.pop()
}

const localName = (tag: string): string => tag.slice(tag.lastIndexOf(':') + 1)

/** The text of a span, with its entities resolved. @throws ConvoError E_KERNEL_SYNTAX */
export const spanText = (c: Cursor, { at, end }: Span): string =>
  c.text.slice(at, end).replace(/&([^;\s&]{0,12};?)/g, (all, body: string, offset: number) => {
    const code = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}));$/i.exec(body)
    const point =
      code === null ? undefined : Number.parseInt(code[1] ?? code[2]!, code[1] === undefined ? 10 : 16)
    const named =
      body.endsWith(';') && Object.hasOwn(entities, body.slice(0, -1))
        ? entities[body.slice(0, -1)]
        : undefined
    if (named !== undefined) return named
    if (point !== undefined && point <= 0x10ffff) return String.fromCodePoint(point)
    throw c.expected('an entity such as &amp; or &#65;', { at: at + offset, found: JSON.stringify(all) })
  })

/** Yields an element and all elements below it, in document order. */
export function* elementsOf(root: XmlElement): Generator<XmlElement> {
  for (const stack = [root]; stack.length > 0; ) {
    const element = stack.pop()!
    yield element
    for (let i = element.children.length - 1; i >= 0; i--) stack.push(element.children[i]!)
  }
}
