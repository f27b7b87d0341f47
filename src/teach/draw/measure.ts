import { brokenLine } from '../../text/layout.ts'

/**
 * Formats a number for a drawing: at most `significant` digits, without trailing zeros, a true minus, and powers of ten
 * for very large or small numbers.
 */
export function formatNumber(value: number, significant = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞'
  const rounded = Number(value.toPrecision(significant))
  const size = Math.abs(rounded)
  const isPlain = size === 0 || (size >= 0.001 && size < 10 ** Math.max(6, significant))
  const digits = isPlain ? String(rounded) : rounded.toExponential().replace('e+', 'e')
  return (rounded === 0 ? '0' : digits).replaceAll('-', '−')
}

// Measures text without a font. The widths are those of DejaVu Sans, the widest of the usual sans-serif fonts, plus a
// twentieth, so that text is never wider than calculated.

// hundredths of the font size, starting with the space
const widths = (
  '32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 ' +
  '100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 ' +
  '50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84'
)
  .split(' ')
  .map((hundredths) => Number(hundredths) / 100)

const spare = 1.05

type Style = { readonly font?: 'sans' | 'mono'; readonly bold?: boolean }

/** Returns the width of a line of text in pixels, `size` being the font size. Common fonts never need more. */
export function textWidth(
  content: string,
  size: number,
  { font = 'sans', bold = false }: Style = {},
): number {
  const characters = [...content]
  if (font === 'mono') return characters.length * 0.602 * size * spare
  const ems = characters.reduce((sum, c) => sum + widthOf(c), 0)
  return ems * size * spare * (bold ? 1.12 : 1)
}

function widthOf(character: string): number {
  const code = character.codePointAt(0)!
  // letters beyond Latin, Greek and Cyrillic are mostly as wide as they are high
  return widths[code - 32] ?? (code < 0x500 ? 0.8 : 1)
}

/** Returns the largest font size, at most `largest`, at which the text is no wider than `width`. */
export const sizeToFit = (content: string, width: number, largest: number, style: Style = {}): number =>
  Math.min(largest, (largest * width) / Math.max(textWidth(content, largest, style), 1e-9))

/** Breaks text between words into lines no wider than `width`. Lines after the first are indented. */
export const wrapText = (content: string, width: number, size: number, style: Style = {}): string[] =>
  // a no-break space: SVG drops others at the start of a line
  brokenLine(content, (text) => textWidth(text, size, style) <= width, '\u00a0\u00a0')
