import type { Kernel } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import { type Cursor, headText, openText } from './text.ts'

const modes = ['square', 'row', 'column'] as const

type Plane = {
  weights?: readonly number[]
  /** The position of the matrix in the text. */
  at: number
  rdiv: number
  bias: number
  mode: (typeof modes)[number]
}

const kinds = ['m', 'rdiv', 'bias', 'mode'] as const
const option = /([0-3])(m|rdiv|bias|mode)\s*=\s*/y
const gap = /[\s|]+/y
const mostWeights = 49

/**
 * The options of FFmpeg's `convolution` filter: `m:m:m:m:rdiv:rdiv:rdiv:rdiv:bias:…:mode:…`, or by name, such as
 * `0m=…:0rdiv=1/9`. A leading `convolution=` and quotes are allowed. Weights are whole numbers separated by blanks or
 * `|`: 9, 25 or 49, or an odd number of them up to 49 if the mode is row or column. rdiv multiplies, so the scale is
 * 1/rdiv. If it is 0 or missing, the scale is the sum of the weights, or 1 if that is 0. Each plane with a matrix is a
 * kernel. If all planes are equal, they are one kernel.
 */
export const ffmpeg: KernelFormat = {
  name: 'FFmpeg list',
  summary:
    "options of FFmpeg's convolution filter: whole numbers; matrices, rdiv and bias separated by colons",
  direction: { turns: false, as: "FFmpeg's convolution" },
  extensions: ['.ffmpeg'],
  example: '0m=1 2 1 2 4 2 1 2 1:0rdiv=1/16\n',
  sniff: (head) => {
    const text = headText(head)
    if (/^\s*['"]?(?:convolution\s*=|[0-3](?:m|rdiv|bias|mode)\s*=)/.test(text)) return true
    return /[|:]/.test(text) && /\d/.test(text) && /^['"+\-\d\s|:./]+$/.test(text)
  },
  read(bytes, file) {
    const c = openText(bytes, file, 'an FFmpeg list')
    c.skipSpace()
    c.take(/convolution\s*=\s*/y)
    const quote = c.take(/"/y)
    const planes = readOptions(c, quote)
    const given = planes.flatMap((plane, i) =>
      plane.weights === undefined ? [] : [{ ...plane, name: `plane${i}` }],
    )
    if (given.length === 0) throw c.expected('a matrix such as 0m=0 -1 0 -1 5 -1 0 -1 0')
    const kernels = given.map((plane) => ({ ...toKernel(c, plane), name: plane.name }))
    const [first] = kernels
    if (!kernels.every((k) => isSame(k, first!))) return kernels
    const { name: _, ...unnamed } = first!
    return [unnamed]
  },
}

function readOptions(c: Cursor, quote: string | undefined): readonly Plane[] {
  const planes: Plane[] = Array.from({ length: 4 }, () => ({ at: 0, rdiv: 0, bias: 0, mode: 'square' }))
  let byName = false
  for (let position = 0; ; position++) {
    c.skipSpace()
    const start = c.at
    option.lastIndex = start
    const match = option.exec(c.text)
    if (match === null && (byName || position >= 16))
      throw c.expected('an option such as 0m=, 0rdiv=, 0bias= or 0mode=')
    byName = match !== null
    c.at += match?.[0].length ?? 0
    const plane = planes[match === null ? position % 4 : Number(match[1])]!
    readValue(c, match === null ? kinds[Math.floor(position / 4)]! : match[2]!, plane, start)
    c.skipSpace()
    if (quote !== undefined && c.take(/"\s*/y) !== undefined && c.at < c.text.length)
      throw c.expected('the end')
    if (c.at >= c.text.length) return planes
    c.takeSign(':', '":" or the end')
  }
}

function readValue(c: Cursor, kind: string, plane: Plane, start: number): void {
  const quoted = c.take(/'\s*/y) !== undefined
  if (kind === 'm') {
    if (plane.weights !== undefined)
      throw c.expected('one matrix for each plane', { at: start, found: 'another' })
    plane.weights = readMatrix(c)
    plane.at = start
  } else if (kind === 'rdiv') plane.rdiv = readRdiv(c)
  else if (kind === 'bias') plane.bias = readBias(c)
  else plane.mode = readMode(c)
  c.skipSpace()
  if (quoted) c.takeSign("'")
}

function readMatrix(c: Cursor): number[] {
  c.take(gap)
  const end = c.at + c.text.slice(c.at).search(/[:'"]|$/)
  const found = c.takeNumbers(end, { gap, one: 'a whole number', sign: 'a blank, "|" or ":"' })
  if (found.length === 0) throw c.expected('a whole number')
  const odd = found.find(({ value }) => !Number.isSafeInteger(value))
  const fix = 'whole numbers with rdiv for the fraction'
  if (odd !== undefined) throw c.expected('a whole number, as FFmpeg requires', { at: odd.at, fix })
  return found.map(({ value }) => value)
}

function readRdiv(c: Cursor): number {
  const { at } = c
  let value = c.takeNumber()
  if (c.take(/\//y) !== undefined) value /= c.takeNumber()
  if (value >= 0 && Number.isFinite(value) && Number.isFinite(1 / (value || 1))) return value
  const message = `rdiv must be a finite number of at least 0, got ${value}`
  const why = `expected a factor of at least 0, found ${c.text.slice(at, c.at)}`
  throw c.wrongValue(at, message, why)
}

function readBias(c: Cursor): number {
  const { at } = c
  const value = c.takeNumber()
  if (value >= 0) return value
  const message = `bias must be at least 0, as FFmpeg demands, got ${value}`
  const why = `expected a number of at least 0, found ${value}`
  const fix = 'convo JSON, whose offset may be negative'
  throw c.wrongValue(at, message, why, fix)
}

function readMode(c: Cursor): Plane['mode'] {
  const { at } = c
  const word = c.take(/\w+/y)
  const mode = modes.find((m, i) => word === m || word === String(i))
  if (mode === undefined) throw c.expected(`a mode: ${modes.join(', ')}`, { at })
  return mode
}

function toKernel(c: Cursor, { weights = [], at, rdiv, bias, mode }: Plane): Kernel {
  const n = weights.length
  const side = Math.sqrt(n)
  if (mode === 'square' ? ![3, 5, 7].includes(side) : n > mostWeights || n % 2 === 0) {
    const sizes = mode === 'square' ? '9, 25 or 49 numbers' : `an odd number of them, up to ${mostWeights}`
    const message = `a matrix in ${mode} mode has ${sizes}, got ${n}`
    const why = `expected ${sizes}, found ${n}`
    const fix = mode === 'square' && n % 2 === 1 && n < mostWeights ? '0mode=row or 0mode=column' : undefined
    throw c.wrongShape(at, message, why, fix)
  }
  const shape = mode === 'square' ? [side, side] : mode === 'row' ? [1, n] : [n, 1]
  const sum = weights.reduce((s, w) => s + w, 0)
  return c.kernel(at, shape, weights, { scale: rdiv === 0 ? sum || 1 : reciprocal(rdiv), offset: bias })
}

/**
 * Computes 1/r. If r is the double nearest to 1/n, it returns the whole number n, which 1/r may miss by its last bit.
 */
function reciprocal(r: number): number {
  const whole = Math.round(1 / r)
  return whole !== 0 && 1 / whole === r ? whole : 1 / r
}

const isSame = (a: Kernel, b: Kernel): boolean =>
  a.scale === b.scale &&
  a.offset === b.offset &&
  String(a.shape) === String(b.shape) &&
  a.weights.every((w, i) => w === b.weights[i])
