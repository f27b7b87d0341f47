/** An element of an SVG, in document order. */
export type Element = {
  readonly tag: string
  readonly attributes: ReadonlyMap<string, string>
  /** index after the last element inside it */
  end: number
  /** text of a style sheet */
  text?: string
}

/**
 * Reads the tags of an SVG once from start to end. It stops at malformed markup, which the decoder reports.
 *
 * @param onCount called with the number of elements; throws to refuse
 */
export function readTags(source: string, onCount: (count: number) => void) {
  const elements: Element[] = []
  const open: number[] = []
  const entities = new Map<string, string>()
  let hasMarkupEntities = false
  const close = () => {
    const last = open.pop()
    if (last !== undefined) elements[last]!.end = elements.length
  }
  for (let at = source.indexOf('<'); at >= 0; at = source.indexOf('<', at)) {
    const skipped = skips.find(([start]) => source.startsWith(start, at))
    if (skipped !== undefined) {
      const end = source.indexOf(skipped[1], at)
      if (end < 0) break
      at = end + skipped[1].length
    } else if (source.startsWith('<!', at)) {
      const end = declarationEnd(source, at)
      for (const [, name = '', value = ''] of source
        .slice(at, end)
        .matchAll(/<!ENTITY\s+([^\s"'%]+)\s+["']([^"']*)["']/g)) {
        entities.set(name, value)
        if (/[<&]/.test(value)) hasMarkupEntities = true
      }
      if (/<!ENTITY\s+(%|\S+\s+(SYSTEM|PUBLIC))/.test(source.slice(at, end))) hasMarkupEntities = true
      at = end
    } else {
      const end = tagEnd(source, at)
      if (end < 0) break
      const body = source.slice(at + 1, end)
      at = end + 1
      if (body.startsWith('/')) {
        close()
        continue
      }
      const tag = /^[^\s/>]*/.exec(body)![0].replace(/^\w+:/, '')
      open.push(elements.length)
      elements.push({ tag, attributes: attributesOf(body, entities), end: elements.length + 1 })
      onCount(elements.length)
      if (tag === 'style') elements.at(-1)!.text = source.slice(at, Math.max(at, source.indexOf('</', at)))
      if (body.endsWith('/')) close()
    }
  }
  while (open.length > 0) close()
  return { elements, hasMarkupEntities }
}

const skips = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

function declarationEnd(source: string, at: number): number {
  const close = source.indexOf('>', at)
  const bracket = source.indexOf('[', at)
  if (close < 0) return source.length
  if (bracket < 0 || bracket > close) return close + 1
  const inner = source.indexOf(']', bracket)
  const end = inner < 0 ? -1 : source.indexOf('>', inner)
  return end < 0 ? source.length : end + 1
}

/** Finds the `>` that ends a tag, ignoring those inside quotes. */
function tagEnd(source: string, at: number): number {
  let quote = ''
  for (let i = at + 1; i < source.length; i++) {
    const sign = source[i]!
    if (quote !== '') {
      if (sign === quote) quote = ''
    } else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '>') return i
  }
  return -1
}

function attributesOf(body: string, entities: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', double, single] of body.matchAll(/([^\s=/"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    const value = double ?? single ?? ''
    found.set(
      name.replace(/^xlink:/, ''),
      value.includes('&')
        ? value.replace(/&(#?)(x?)(\w+);/g, (whole, ...parts) => entityOf(whole, parts, entities))
        : value,
    )
  }
  return found
}

function entityOf(whole: string, [number, hex, name]: string[], entities: ReadonlyMap<string, string>) {
  if (number !== '#') return entities.get(`${hex}${name}`) ?? whole
  const code = Number.parseInt(name!, hex === 'x' ? 16 : 10)
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole
}
