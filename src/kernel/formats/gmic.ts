import { anchorField } from '../kernel.ts'
import type { KernelFormat } from './format.ts'
import { type Cursor, headText, openText } from './text.ts'

/** The signs that end a row, a slice and a channel, innermost first. */
const levels = [
  { sign: ';', name: 'row' },
  { sign: '/', name: 'slice' },
  { sign: '^', name: 'channel' },
] as const

/**
 * The image literals of G'MIC: `(a,b;c,d/e,f;g,h^…)`, with `,` for x, `;` for y, `/` for z and `^` for the channel.
 * Without `/` and `^` the kernel is [kH,kW], with channels [C,kH,kW], and with depth a 3-D bank of one filter,
 * [1,C,kD,kH,kW]. The anchor is floor((k-1)/2). `convolve` turns it by 180° in all axes except the channels;
 * `correlate` uses it as written.
 */
export const gmic: KernelFormat = {
  name: "G'MIC literal",
  summary:
    'numbers in parentheses, separated by , between columns, ; between rows, / between slices and ^ between channels',
  direction: { turns: true, as: "G'MIC's convolve", other: "G'MIC's correlate" },
  extensions: ['.gmic'],
  example: '(-1,0,1;-2,0,2;-1,0,1)',
  sniff: (head) => /^\s*\(/.test(headText(head)),
  read(bytes, file) {
    const c = openText(bytes, file, "a G'MIC literal")
    c.skipSpace()
    const start = c.at
    c.takeSign('(')
    const { sizes, weights } = readValues(c)
    c.skipSpace()
    if (c.at < c.text.length) throw c.expected('the end after ")"')
    const [kW, kH, kD, channels] = sizes
    const shape = kD > 1 ? [1, channels, kD, kH, kW] : channels > 1 ? [channels, kH, kW] : [kH, kW]
    const anchor = anchorField([kH, kW], [Math.floor((kH - 1) / 2), Math.floor((kW - 1) / 2)])
    return [c.kernel(start, shape, weights, anchor)]
  },
}

function readValues(c: Cursor): { sizes: readonly [number, number, number, number]; weights: number[] } {
  const weights: number[] = []
  // The size of a finished row, slice and channel, and the current size of the unfinished ones.
  const sizes = [0, 0, 0]
  const counts = [0, 0, 0, 0]
  for (;;) {
    c.skipSpace()
    weights.push(c.takeNumber())
    counts[0]!++
    c.skipSpace()
    const sign = c.text[c.at]
    const level = sign === ',' ? 0 : sign === ')' ? 3 : levels.findIndex((l) => l.sign === sign) + 1
    if (level === 0 && sign !== ',') throw c.expected('"," ";" "/" "^" or ")"')
    for (let l = 0; l < level; l++) {
      const [size, before, { name }] = [counts[l]!, sizes[l]!, levels[l]!]
      if (before !== 0 && before !== size) {
        const message = `all ${name}s must have the same size, got ${size} after ${before}`
        const why = `expected a ${name} of ${before}, found the end of one of ${size}`
        throw c.wrongShape(c.at, message, why)
      }
      sizes[l] = size
      counts[l] = 0
      counts[l + 1]!++
    }
    c.at++
    if (sign === ')') return { sizes: [sizes[0]!, sizes[1]!, sizes[2]!, counts[3]!], weights }
  }
}
