import { ConvoError, orElse } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { listed } from './metadata.ts'
import type { Reader } from './reader.ts'
import { checkSize, type Size } from './size.ts'
import { type Element, readTags } from './svg-text.ts'

/** Pixels in a unit at 72 per inch, the density at which drawings are rendered. */
const units: Readonly<Record<string, number>> = {
  '': 1,
  px: 1,
  pt: 1,
  pc: 12,
  in: 72,
  cm: 72 / 2.54,
  mm: 72 / 25.4,
  em: 12,
  ex: 6,
}

/**
 * Estimates from the text of a drawing what it would cost, before anything is drawn.
 *
 * @returns notes
 * @throws ConvoError E_TOO_LARGE for a drawing that is too large, repeats too much or filters too much; E_DECODE for
 *   entities that contain markup, and for a drawing whose size cannot be determined
 */
export function readSvg({ read, size }: Reader, name: string, maxPixels: number): string[] {
  checkLimit('svgBytes', size, name)
  const text = Buffer.from(read(0, size)).toString('latin1')
  const foreign = new Set<string>()
  const budget = { name, maxPixels, steps: 0, elements: 0, work: 0, undrawn: new Set<string>(), foreign }
  look(text, budget, 0)
  const { size: left } = budget.undrawn
  const [first] = foreign
  const others = foreign.size > 1 ? ` and ${foreign.size - 1} more` : ''
  return [
    ...(left > 0 ? [`${listed([...budget.undrawn])} of ${name} ${left > 1 ? 'were' : 'was'} not drawn`] : []),
    ...(foreign.size > 0 ? [`${name} refers to other files, which were not drawn: ${first}${others}`] : []),
  ]
}

type Budget = Cost & {
  readonly name: string
  readonly maxPixels: number
  steps: number
  readonly undrawn: Set<string>
  readonly foreign: Set<string>
}

/** Elements that the decoder silently ignores, and what they contain. */
const undrawn = new Map([
  ...['animate', 'animateTransform', 'animateMotion', 'animateColor', 'set'].map(
    (tag) => [tag, 'animation'] as const,
  ),
  ['foreignObject', 'HTML (foreignObject)'],
  ['script', 'effects of scripts'],
])

type Cost = { elements: number; work: number }

function look(text: string, budget: Budget, level: number, within?: number): void {
  const { name, foreign } = budget
  const { elements, hasMarkupEntities } = readTags(text, (count) =>
    checkLimit('svgElements', budget.elements + count, name),
  )
  if (hasMarkupEntities) {
    const what = `${name} has entities with markup or external files, which convo does not read`
    const why = `${name}: an <!ENTITY … > whose value has < or & in it, or SYSTEM`
    throw new ConvoError('E_DECODE', what, { why, fix: 'xmllint --noent in.svg > plain.svg' })
  }
  const pixels = within ?? sizeOf(elements, text, budget)
  for (const { attributes } of elements) {
    const link = attributes.get('href')?.trim()
    if (link?.startsWith('data:')) lookAtData(link, budget, level, pixels)
  }
  for (const { tag, attributes } of elements) {
    const left = undrawn.get(tag)
    if (left !== undefined) budget.undrawn.add(left)
    const link = attributes.get('href')?.trim() ?? '#'
    if (['image', 'use', 'feImage'].includes(tag) && !/^(#|data:|$)/.test(link))
      foreign.add(link.slice(0, 60))
  }
  const { elements: count, work } = costOf(elements, pixels, budget)
  budget.elements += count
  budget.work += work
  checkLimit('svgElements', budget.elements, name)
  checkLimit('svgFilterWork', Math.round(budget.work), name)
}

function sizeOf(elements: readonly Element[], text: string, { name, maxPixels }: Budget): number {
  const root = elements.find(({ tag }) => tag === 'svg')?.attributes
  const box = (root?.get('viewBox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number)
  const [width, height] = (['width', 'height'] as const).map((side, i) => {
    const [, digits = '', unit = '%'] =
      /^\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([a-z%]*)\s*$/i.exec(root?.get(side) ?? '') ?? []
    const factor = units[unit.toLowerCase()]
    return factor === undefined ? box[2 + i] : Number(digits) * factor
  }) as [number | undefined, number | undefined]
  if (width === undefined || height === undefined || !(width > 0.5) || !(height > 0.5)) {
    // the size is then that of the drawn elements, so no number may be so large that it makes the size uncountable
    const far = text.match(/\d{8,}|\de\+?\d{1,}/gi)?.find((number) => Number(number) >= 1e7)
    if (far === undefined) return maxPixels
    throw new ConvoError('E_DECODE', `${name} has no size, and its drawing extends to ${far}`, {
      why: `${name}: neither width and height nor a viewBox`,
      fix: 'width="800" height="600" in its <svg> tag',
    })
  }
  checkSize({ width: Math.ceil(width), height: Math.ceil(height) }, maxPixels, name)
  checkLimit('svgSide', Math.ceil(Math.max(width, height)), name)
  return width * height
}

function lookAtData(link: string, budget: Budget, level: number, pixels: number): void {
  const { name, maxPixels } = budget
  const comma = link.indexOf(',')
  const body = link.slice(comma + 1)
  const bytes = /;\s*base64/i.test(link.slice(0, comma))
    ? Buffer.from(body, 'base64')
    : Buffer.from(
        orElse(() => decodeURIComponent(body), body),
        'latin1',
      )
  const size = rasterSize(bytes)
  if (size !== undefined) {
    checkSize(size, maxPixels, `a picture in ${name}`)
    return
  }
  if (!bytes.subarray(0, 4096).includes('<')) return
  checkLimit('svgLevels', level + 1, name)
  look(bytes.toString('latin1'), budget, level + 1, pixels)
}

function rasterSize(bytes: Buffer): Size | undefined {
  const start = bytes.toString('latin1', 0, 16)
  if (bytes.length < 30) return undefined
  if (start.startsWith('\x89PNG')) return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  if (start.startsWith('GIF8')) return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
  if (/^RIFF.{4}WEBPVP8X/s.test(start))
    return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
  if (!start.startsWith('\xff\xd8')) return undefined
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1]!
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
  }
  return undefined
}

/** The measured cost of a filter primitive for each pixel, in steps of about 10 ns. */
const primitives: Readonly<Record<string, (of: (name: string) => number[]) => number>> = {
  // the decoder draws at most 10 octaves
  feTurbulence: (of) => 16 + 14 * Math.min(10, of('numOctaves')[0] ?? 1),
  feConvolveMatrix: (of) => 3.5 * product(of('order'), 3),
  feMorphology: (of) =>
    2 *
    product(
      of('radius').map((r) => 2 * r + 1),
      1,
    ),
  feGaussianBlur: () => 70,
  feDropShadow: () => 40,
  feDiffuseLighting: () => 40,
  feSpecularLighting: () => 60,
  feDisplacementMap: () => 220,
}

const product = ([x, y = x]: number[], unset: number): number => Math.max(1, (x ?? unset) * (y ?? unset))

function primitiveCost({ tag, attributes }: Element): number {
  if (!/^fe[A-Z]/.test(tag)) return 0
  const numbers = (name: string) =>
    (attributes.get(name) ?? '')
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number)
      .filter(Number.isFinite)
  return primitives[tag]?.(numbers) ?? 20
}

/** Counts what is drawn. Everything that is referred to is counted each time. */
function costOf(elements: readonly Element[], pixels: number, budget: Budget): Cost {
  const { name } = budget
  const byId = new Map<string, number>()
  elements.forEach(({ attributes }, i) => {
    const id = attributes.get('id')
    if (id !== undefined && !byId.has(id)) byId.set(id, i)
  })
  const rules = elements.flatMap(({ text }) => (text === undefined ? [] : rulesOf(text)))
  const referring = elements.flatMap((element, i) => {
    const targets = targetsOf(element, rules).flatMap((id) => byId.get(id) ?? [])
    return targets.length === 0 ? [] : [{ at: i, targets }]
  })
  const known = new Map<number, Cost>()
  const steps = (count: number) => {
    budget.steps += count
    checkLimit('svgElements', Math.floor(budget.steps / 16), name)
  }
  const filterCost = (at: number): number => {
    let cost = 0
    for (let i = at; i < elements[at]!.end; i++) cost += primitiveCost(elements[i]!)
    steps(elements[at]!.end - at)
    return cost * pixels
  }
  const costAt = (at: number, depth: number): Cost => {
    const before = known.get(at)
    if (before !== undefined) return before
    checkLimit('svgDepth', depth, name)
    // the decoder refuses elements that refer to themselves
    const cost = { elements: 0, work: 0 }
    known.set(at, cost)
    const { tag, end } = elements[at]!
    cost.elements = end - at
    if (tag === 'filter') cost.work = filterCost(at)
    const inside = between(referring, at, end)
    steps(inside.length + 1)
    for (const { targets } of inside) {
      for (const target of targets) {
        const inner = costAt(target, depth + 1)
        cost.elements += inner.elements
        cost.work += inner.work
      }
    }
    return cost
  }
  return elements.length === 0 ? { elements: 0, work: 0 } : costAt(0, 0)
}

/** The items in a range of positions, from a list sorted by position. */
function between<T extends { readonly at: number }>(list: readonly T[], from: number, to: number) {
  const first = (place: number) => {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (list[middle]!.at < place) low = middle + 1
      else high = middle
    }
    return low
  }
  return list.slice(first(from), first(to))
}

type Rule = { readonly words: ReadonlySet<string>; readonly targets: readonly string[] }

function rulesOf(text: string): Rule[] {
  return text.split('}').flatMap((rule) => {
    const [selector = '', body = ''] = rule.split('{', 2)
    const targets = referred(body)
    return targets.length === 0
      ? []
      : [{ words: new Set(selector.match(/[.#]?[\w-]+|\*/g) ?? ['*']), targets }]
  })
}

const referred = (text: string): string[] =>
  [...text.matchAll(/url\(\s*["']?#([^)"'\s]+)/g)].map(([, id]) => id!)

function targetsOf({ tag, attributes }: Element, rules: readonly Rule[]): string[] {
  const own = [...attributes].flatMap(([name, value]) => {
    if (name === 'href') return tag !== 'a' && value.startsWith('#') ? [value.slice(1)] : []
    return value.includes('url(') ? referred(value) : []
  })
  if (rules.length === 0) return own
  const words = [
    tag,
    '*',
    ...(attributes.get('class') ?? '').split(/\s+/).map((one) => `.${one}`),
    `#${attributes.get('id')}`,
  ]
  return [
    ...own,
    ...rules.flatMap((rule) => (words.some((word) => rule.words.has(word)) ? rule.targets : [])),
  ]
}
