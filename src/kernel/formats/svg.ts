import { ConvoError } from '../../error.ts'
import { anchorField, type Kernel } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import { type Cursor, headText, numbers, openText, type Placed } from './text.ts'
import { elementsOf, parseXml, spanText, type XmlElement } from './xml.ts'

/** Edge modes by their SVG names, and the corresponding border modes. `none` is transparent black. */
const edgeModes: Readonly<Record<string, string>> = { duplicate: 'replicate', wrap: 'wrap', none: 'constant' }

/**
 * The `<feConvolveMatrix>` of SVG (Filter Effects Module Level 1), alone or within a document. SVG turns the matrix by
 * 180° when it convolves, and targetX and targetY are positions in the turned matrix. If divisor is missing or 0, it is
 * the sum of the weights, or 1 if that is 0. bias is in 0..1. edgeMode becomes the border, and is `duplicate` by
 * default. preserveAlpha is noted in the summary, because the handling of alpha is set on the command line.
 */
export const svg: KernelFormat = {
  name: 'SVG feConvolveMatrix',
  summary: 'the filter primitive of SVG, alone or in a document',
  direction: { turns: true, as: 'feConvolveMatrix' },
  extensions: ['.svg', '.xml'],
  example:
    '<feConvolveMatrix order="3" kernelMatrix="1 0 -1 2 0 -2 1 0 -1" divisor="1" preserveAlpha="true"/>\n',
  sniff: (head) => /^\s*</.test(headText(head)),
  read(bytes, file) {
    const c = openText(bytes, file, 'an SVG document')
    const found = [...elementsOf(parseXml(c))].filter(({ name }) => name === 'feConvolveMatrix')
    if (found.length > 0) return found.map((element) => toKernel(c, element))
    throw new ConvoError('E_KERNEL_FILE', `${file} has no feConvolveMatrix`, {
      why: `${file}:1:1: expected <feConvolveMatrix> in the document, found none`,
    })
  },
}

function toKernel(c: Cursor, element: XmlElement): Kernel {
  const [kW, kH] = orderOf(c, element)
  const at = element.attributes.get('kernelMatrix')?.at ?? element.at
  const matrix = numbersOf(c, element, 'kernelMatrix')?.map(({ value }) => value)
  if (matrix === undefined) {
    throw c.expected('the attribute kernelMatrix', { at, found: 'feConvolveMatrix without it' })
  }
  c.checkWeights(at, matrix.length, kW * kH, `order ${kW} ${kH}`, `${kW}x${kH} = ${numbers(kW * kH)}`)
  refuseUnitLength(c, element)
  const anchor = [
    kH - 1 - target(c, element, 'targetY', kH),
    kW - 1 - target(c, element, 'targetX', kW),
  ] as const
  const alpha = wordOf(c, element, 'preserveAlpha', { true: 'true', false: 'false' })
  const border = wordOf(c, element, 'edgeMode', edgeModes) ?? 'replicate'
  const name = element.attributes.get('id') ?? element.attributes.get('result')
  return c.kernel(at, [kH, kW], matrix, {
    scale: numberOf(c, element, 'divisor') || matrix.reduce((sum, w) => sum + w, 0) || 1,
    offset: (numberOf(c, element, 'bias') ?? 0) * 255,
    border,
    ...anchorField([kH, kW], anchor),
    ...(alpha === undefined ? {} : { summary: `feConvolveMatrix with preserveAlpha="${alpha}"` }),
    ...(name === undefined ? {} : { name: spanText(c, name) }),
  })
}

function orderOf(c: Cursor, element: XmlElement): readonly [kW: number, kH: number] {
  const order = numbersOf(c, element, 'order') ?? [{ value: 3, at: element.at }]
  const [first] = order
  if (first === undefined || order.length > 2) {
    const at = element.attributes.get('order')!.at
    throw c.expected('one or two numbers for order', { at, found: numbers(order.length) })
  }
  const [kW, kH = kW] = c.wholeSizes('order must be whole numbers', order)
  return [kW!, kH!]
}

function target(c: Cursor, element: XmlElement, name: string, size: number): number {
  const value = numberOf(c, element, name) ?? Math.floor(size / 2)
  if (Number.isInteger(value) && value >= 0 && value < size) return value
  const message = `${name} must be a whole number from 0 to ${size - 1}, got ${value}`
  const why = `expected a position inside the kernel, found ${value}`
  throw c.wrongShape(element.attributes.get(name)!.at, message, why)
}

/** Refuses a distance in units of the document, which does not translate to pixels. */
function refuseUnitLength(c: Cursor, element: XmlElement): void {
  const other = numbersOf(c, element, 'kernelUnitLength')?.find(({ value }) => value !== 1)
  if (other === undefined) return
  const message = `kernelUnitLength must be 1, a pixel, got ${other.value}`
  const why = `expected 1, found ${other.value}`
  const fix = 'remove it and scale the picture instead'
  throw c.wrongValue(other.at, message, why, fix)
}

function numberOf(c: Cursor, element: XmlElement, name: string): number | undefined {
  const found = numbersOf(c, element, name)
  if (found === undefined) return undefined
  const [first, second] = found
  if (first !== undefined && second === undefined) return first.value
  throw c.expected(`one number for ${name}`, {
    at: element.attributes.get(name)!.at,
    found: numbers(found.length),
  })
}

function numbersOf(c: Cursor, element: XmlElement, name: string): Placed[] | undefined {
  const attribute = element.attributes.get(name)
  if (attribute === undefined) return undefined
  c.at = attribute.at
  return c.takeNumbers(attribute.end)
}

function wordOf(
  c: Cursor,
  element: XmlElement,
  name: string,
  words: Readonly<Record<string, string>>,
): string | undefined {
  const attribute = element.attributes.get(name)
  if (attribute === undefined) return undefined
  const word = spanText(c, attribute)
  if (Object.hasOwn(words, word)) return words[word]
  const shown = JSON.stringify(word.slice(0, 24))
  const message = `${name} must be one of ${Object.keys(words).join(', ')}, got ${shown}`
  const why = `expected ${Object.keys(words).join(', ')}, found ${shown}`
  throw c.wrongValue(attribute.at, message, why)
}
