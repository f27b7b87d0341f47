import { invariant } from '../../error.ts'
import { anchorField, planeSize } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import { bytesOf, type Cursor, headText, numbers, openText, rowsText } from './text.ts'

/** The sign after a geometry of ImageMagick: no turns, 45°, 90°, mirrored. */
export type Turn = '' | '@' | '>' | '<'

/** A plane of weights that is being turned. NaN means that a place is not part of the kernel, as opposed to 0. */
type Turning = {
  /** Its position in the text. */
  readonly at: number
  readonly size: readonly [kH: number, kW: number]
  readonly weights: readonly number[]
  readonly anchor: readonly [y: number, x: number]
}

/**
 * Returns a kernel and the turns that ImageMagick adds to it: clockwise by 45° (only 3x3) or 90° (squares, rows,
 * columns), until one equals the first. Mirrored means turned by 180°, that by 90°, and that by 180°.
 */
export function turnsOf(first: Turning, turn: Turn): readonly Turning[] {
  if (turn === '') return [first]
  if (turn === '<') {
    const half = quarter(quarter(first))
    const third = quarter(half)
    return [first, half, third, quarter(quarter(third))]
  }
  const step = turn === '@' ? eighth : quarter
  const all = [first]
  for (let next = step(first); !isSame(first, next); next = step(next)) {
    invariant(all.length < 8, 'eight turns by 45° or four by 90° lead back')
    all.push(next)
  }
  return all
}

function quarter({ at, size: [kH, kW], weights, anchor: [y, x] }: Turning): Turning {
  const turned = weights.map((_, i) => weights[(kH - 1 - (i % kH)) * kW + Math.floor(i / kH)]!)
  return { at, size: [kW, kH], weights: turned, anchor: [x, kH - 1 - y] }
}

const ring = [0, 1, 2, 5, 8, 7, 6, 3]

/** Turns a 3x3 kernel, with its anchor, clockwise by 45°: each number around the centre moves one place on. */
function eighth({ at, size, weights, anchor: [y, x] }: Turning): Turning {
  const turned = [...weights]
  const before = y * 3 + x
  let place = before
  ring.forEach((from, i) => {
    const to = ring[(i + 1) % 8]!
    turned[to] = weights[from]!
    if (from === before) place = to
  })
  return { at, size, weights: turned, anchor: [Math.floor(place / 3), place % 3] }
}

const isSame = (a: Turning, b: Turning): boolean =>
  String([a.size, a.anchor]) === String([b.size, b.anchor]) &&
  a.weights.every((w, i) => Object.is(w + 0, b.weights[i]! + 0))

const geometry = /(?:(\d{1,9})(?:x(\d{0,9}))?|x(\d{1,9}))(?:([+-]\d{1,9})([+-]\d{1,9})?)?([@<>]?)[ \t]*(?=:)/y
const notPart = /(?:nan|-)(?=[\s,;]|$)/iy
const gap = /\s*,\s*|\s+/y

/**
 * The kernel strings of ImageMagick: `[W[xH][+X+Y][@><]:] v,v,…`. Values are separated by commas or white space. `nan`
 * and `-` represent places that are not part of the kernel and get weight 0. `;` joins kernels. `@` adds turns by 45°,
 * `>` turns by 90°, and `<` mirrored kernels. Without a geometry, the values form an odd square. The anchor is
 * floor((k-1)/2) unless `+X+Y` is given. `-morphology Convolve` turns the kernel and its anchor by 180°. `-convolve`
 * and `-morphology Correlate` do not.
 */
export const imagemagick: KernelFormat = {
  name: 'ImageMagick string',
  summary:
    'size, colon and values, as for -morphology; nan and - mark unused places, ; separates kernels, @ > < rotate them',
  direction: { turns: true, as: '-morphology Convolve', other: '-morphology Correlate' },
  extensions: ['.magick'],
  example: '3x3+1+1: -1,0,1 -2,0,2 -1,0,1\n',
  sniff: (head) => /^[\s;]*(?:\d+(?:x\d*)?|x\d+)(?:[+-]\d+){0,2}[@<>]?[ \t]*:(?![^;]*:)/.test(headText(head)),
  read(bytes, file) {
    const c = openText(bytes, file, 'an ImageMagick string')
    c.take(/[\s;]*/y)
    if (c.at >= c.text.length) throw c.expected('a kernel')
    const all: Turning[] = []
    while (c.at < c.text.length) {
      for (const one of readOne(c)) all.push(one)
      c.take(/[\s;]*/y)
    }
    return all.map(({ at, size, weights, anchor }) =>
      c.kernel(
        at,
        size,
        weights.map((w) => (Number.isNaN(w) ? 0 : w)),
        anchorField(size, anchor),
      ),
    )
  },
  kind: 'an ImageMagick string',
  holds: ['anchor'],
  write(k) {
    const [kH, kW] = planeSize(k.shape)
    const [y, x] = k.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]
    return bytesOf(`${kW}x${kH}+${x}+${y}:\n${rowsText(k.weights, kW, ',').join('\n')}\n`)
  },
}

function readOne(c: Cursor): readonly Turning[] {
  const { at } = c
  if (/[A-Za-z@]/.test(c.text[at]!) && c.match(notPart) === null && c.match(geometry) === null) {
    throw c.expected('a kernel in numbers', {
      fix: 'see convo list kernels; named kernels of ImageMagick cannot be read from files',
    })
  }
  const head = readGeometry(c)
  const values = readValues(c)
  if (values.every(Number.isNaN)) {
    const message = 'a kernel needs at least one number, got only unused places'
    throw c.wrongValue(at, message, 'expected a number, found only nan and -')
  }
  if (head === undefined) return [square(c, at, values)]
  const { size, anchor, turn } = head
  const [kH, kW] = size
  const shown = `${kW}x${kH}`
  c.checkWeights(at, values.length, kH * kW, shown, `${shown} = ${numbers(kH * kW)}`)
  const first = { at, size, weights: values, anchor }
  if (turn === '@' ? kH === 3 && kW === 3 : turn === '' || kH === kW || kH === 1 || kW === 1) {
    return turnsOf(first, turn)
  }
  const [can, other, fix] =
    turn === '@'
      ? ['only a 3x3 kernel can be rotated by 45°', '3x3', kH === kW ? '>: for rotations by 90°' : undefined]
      : ['only a square, a row or a column can be rotated by 90°', 'another size', undefined]
  const why = `expected ${other} before ${turn}, found ${shown}`
  throw c.wrongShape(at, `${can}, got ${shown}`, why, shown + (fix ?? ': without rotations'))
}

/** Reads the values. NaN is for places that are not part of the kernel. */
function readValues(c: Cursor): number[] {
  const values: number[] = []
  const ends = () => c.at >= c.text.length || c.text[c.at] === ';'
  c.skipSpace()
  for (;;) {
    values.push(c.take(notPart) === undefined ? c.takeNumber('a number, nan or -') : Number.NaN)
    const { at } = c
    const between = c.take(gap)
    if (ends() && between?.includes(',') !== true) return values
    if (between === undefined) throw c.expected('a comma, a blank or ;', { at })
  }
}

/** Reads a geometry and its colon. Returns undefined if there is no colon before the next `;`. */
function readGeometry(c: Cursor) {
  const start = c.at
  if (c.match(/[^;:]*:/y) === null) return undefined
  const match = c.match(geometry)
  if (match === null) throw c.expected('a size before the colon, such as 3x3: or 3x3+1+1:')
  c.at += match[0].length + 1
  const kW = Number(match[1] ?? match[3])
  const kH = Number(match[3] ?? (match[2] || match[1]))
  if (kW < 1 || kH < 1) {
    const message = `a kernel needs a width and a height of at least 1, got ${kW}x${kH}`
    const why = `expected whole numbers of at least 1, found ${kW}x${kH}`
    throw c.wrongShape(start, message, why)
  }
  const x = Number(match[4] ?? Math.floor((kW - 1) / 2))
  const y = Number(match[5] ?? Math.floor((kH - 1) / 2))
  if (x < 0 || x >= kW || y < 0 || y >= kH) {
    const message = `anchor must be inside the ${kW}x${kH} kernel, got x=${x}, y=${y}`
    const why = `expected x from 0 to ${kW - 1} and y from 0 to ${kH - 1}, found ${match[0].trim()}`
    throw c.wrongShape(start, message, why)
  }
  return { size: [kH, kW], anchor: [y, x], turn: match[6] as Turn } as const
}

function square(c: Cursor, at: number, values: readonly number[]): Turning {
  const side = Math.round(Math.sqrt(values.length))
  if (side * side === values.length && side % 2 === 1) {
    const centre = (side - 1) / 2
    return { at, size: [side, side], weights: values, anchor: [centre, centre] }
  }
  const message = `values without a size must form an odd square (1, 9, 25, …), got ${values.length}`
  const why = `expected 1, 9, 25, 49, … numbers, found ${values.length}`
  const fix = `${values.length}x1: before the values, for a row`
  throw c.wrongShape(at, message, why, fix)
}
