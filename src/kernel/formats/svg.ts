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
  const { placeOf, numbersOf, numberOf, wordOf } = readerOf(c, element)
  const order = numbersOf('order') ?? [{ value: 3, at: element.at }]
  if (order.length < 1 || order.length > 2) {
    const found = numbers(order.length)
    throw c.expected('one or two numbers for order', { at: placeOf('order'), found })
  }
  const [kW = 0, kH = kW] = c.wholeSizes('order must be whole numbers', order)
  const at = placeOf('kernelMatrix')
  const matrix = numbersOf('kernelMatrix')?.map(({ value }) => value)
  if (matrix === undefined) {
    throw c.expected('the attribute kernelMatrix', { at, found: 'feConvolveMatrix without it' })
  }
  c.checkWeights(at, matrix.length, kW * kH, `order ${kW} ${kH}`, `${kW}x${kH} = ${numbers(kW * kH)}`)
  // a distance in units of the document does not translate to pixels
  const other = numbersOf('kernelUnitLength')?.find(({ value }) => value !== 1)
  if (other !== undefined) {
    const message = `kernelUnitLength must be 1, a pixel, got ${other.value}`
    const fix = 'remove it and scale the picture instead'
    throw c.wrongValue(other.at, message, `expected 1, found ${other.value}`, fix)
  }
  const target = (name: string, size: number): number => {
    const value = numberOf(name) ?? Math.floor(size / 2)
    if (Number.isInteger(value) && value >= 0 && value < size) return size - 1 - value
    const message = `${name} must be a whole number from 0 to ${size - 1}, got ${value}`
    throw c.wrongShape(placeOf(name), message, `expected a position inside the kernel, found ${value}`)
  }
  const anchor = [target('targetY', kH), target('targetX', kW)] as const
  const alpha = wordOf('preserveAlpha', { true: 'true', false: 'false' })
  const name = element.attributes.get('id') ?? element.attributes.get('result')
  return c.kernel(at, [kH, kW], matrix, {
    scale: numberOf('divisor') || matrix.reduce((sum, w) => sum + w, 0) || 1,
    offset: (numberOf('bias') ?? 0) * 255,
    border: wordOf('edgeMode', edgeModes) ?? 'replicate',
    ...anchorField([kH, kW], anchor),
    ...(alpha && { summary: `feConvolveMatrix with preserveAlpha="${alpha}"` }),
    ...(name && { name: spanText(c, name) }),
  })
}

function readerOf(c: Cursor, { at, attributes }: XmlElement) {
  const placeOf = (name: string) => attributes.get(name)?.at ?? at
  const numbersOf = (name: string): Placed[] | undefined => {
    const attribute = attributes.get(name)
    if (attribute === undefined) return undefined
    c.at = attribute.at
    return c.takeNumbers(attribute.end)
  }
  const numberOf = (name: string): number | undefined => {
    const found = numbersOf(name)
    if (found === undefined || found.length === 1) return found?.[0]?.value
    throw c.expected(`one number for ${name}`, { at: placeOf(name), found: numbers(found.length) })
  }
  const wordOf = (name: string, words: Readonly<Record<string, string>>): string | undefined => {
    const attribute = attributes.get(name)
    if (attribute === undefined) return undefined
    const word = spanText(c, attribute)
    if (Object.hasOwn(words, word)) return words[word]
    const [shown, known] = [JSON.stringify(word.slice(0, 24)), Object.keys(words).join(', ')]
    const message = `${name} must be one of ${known}, got ${shown}`
    throw c.wrongValue(attribute.at, message, `expected ${known}, found ${shown}`)
  }
  return { placeOf, numbersOf, numberOf, wordOf }
}
