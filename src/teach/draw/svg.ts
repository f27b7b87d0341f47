import type { Rectangle } from '../../image/compare/tolerance.ts'
import { visibleLine } from '../../text/visible.ts'
import { xmlAttributes, xmlText } from '../../text/xml.ts'
import { textWidth } from './measure.ts'

// SVG as strings: an element is its markup, and a drawing is its elements joined. Colours and fonts are attributes,
// which every renderer draws alike.

/** The attributes of an element; undefined ones are omitted. */
export type Attributes = Readonly<Record<string, string | number | undefined>>

/** Generic families only. The machine chooses the font, so text is measured with room to spare. */
const fonts = {
  sans: 'DejaVu Sans, Verdana, sans-serif',
  mono: 'DejaVu Sans Mono, Menlo, monospace',
} as const

export type TextStyle = {
  /** The font size in pixels. Default: 12. */
  readonly size?: number
  /** Where x is: at the start (the default), the middle or the end. */
  readonly anchor?: 'start' | 'middle' | 'end'
  /** Where y is: at the baseline (the default) or in the middle of the digits. */
  readonly baseline?: 'alphabetic' | 'middle'
  readonly font?: keyof typeof fonts
  readonly bold?: boolean
  readonly fill?: string
  readonly opacity?: number
}

/** An element with its children. Numbers are written with two decimals. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const rounded = Object.entries(attributes).map(([key, value]) => [
    key,
    typeof value === 'number' ? decimals(value) : value,
  ])
  const written = xmlAttributes(Object.fromEntries(rounded))
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

/** Formats a coordinate with at most two decimals. */
export const decimals = (value: number): string => String(Math.round(value * 100) / 100 + 0)

/** Elements moved by x and y pixels. */
export const moved = (x: number, y: number, ...children: readonly string[]): string =>
  element('g', { transform: `translate(${decimals(x)} ${decimals(y)})` }, ...children)

/** A rectangle from its upper left corner. */
export const rect = (x: number, y: number, width: number, height: number, more: Attributes = {}): string =>
  element('rect', { x, y, width, height, ...more })

export const boxed = (box: Rectangle, more: Attributes = {}): string => element('rect', { ...box, ...more })

export const line = (x1: number, y1: number, x2: number, y2: number, more: Attributes = {}): string =>
  element('line', { x1, y1, x2, y2, ...more })

/** A path in the commands of SVG, such as `M 0 0 L 10 5`. */
export const path = (d: string, more: Attributes = {}): string =>
  element('path', { d, fill: 'none', ...more })

type Points = readonly (readonly [x: number, y: number])[]

const listed = (points: Points): string => points.map(([x, y]) => `${decimals(x)},${decimals(y)}`).join(' ')

/** A line through points, not filled. */
export const polyline = (points: Points, more: Attributes = {}): string =>
  element('polyline', { points: listed(points), fill: 'none', ...more })

/** The area between points. */
export const polygon = (points: Points, more: Attributes = {}): string =>
  element('polygon', { points: listed(points), ...more })

export function text(content: string, x: number, y: number, style: TextStyle = {}): string {
  const { size = 12, anchor, baseline, font = 'sans', bold, fill, opacity } = style
  return element(
    'text',
    {
      x,
      // digits are 0.73 of the font size high; renderers differ in what they take as the middle
      y: baseline === 'middle' ? y + size * 0.365 : y,
      'font-size': size,
      'font-family': fonts[font],
      'font-weight': bold ? 'bold' : undefined,
      'text-anchor': anchor === 'start' ? undefined : anchor,
      fill,
      opacity,
    },
    xmlText(visibleLine(content)),
  )
}

/** A text no wider than `width`. It shrinks down to `smallest` (default: 6 pixels), then is cut with an ellipsis. */
export function fittedText(
  content: string,
  x: number,
  y: number,
  width: number,
  { smallest = 6, ...style }: TextStyle & { readonly smallest?: number } = {},
): string {
  const { size = 12 } = style
  const measure = (words: string, at: number) => textWidth(words, at, style)
  const fitting = Math.min(size, Math.max(smallest, (size * width) / measure(content, size)))
  if (measure(content, fitting) <= width + 1e-6) return text(content, x, y, { ...style, size: fitting })
  const letters = [...content]
  while (letters.length > 0 && measure(`${letters.join('')}…`, fitting) > width) letters.pop()
  return text(`${letters.join('').trimEnd()}…`, x, y, { ...style, size: fitting })
}

/** A whole SVG file, `width` by `height` pixels, on a background of one colour. */
export const svgDocument = (
  width: number,
  height: number,
  { title, ground = '#ffffff' }: { readonly title: string; readonly ground?: string },
  ...children: readonly string[]
): string =>
  `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${decimals(width)} ${decimals(height)}`,
      role: 'img',
    },
    element('title', {}, xmlText(visibleLine(title))),
    rect(0, 0, width, height, { fill: ground }),
    ...children,
  )}\n`
