import { formatNumber } from '../draw/format.ts'

// An animation as plain data, without sizes or colours. `layout.ts` adds positions, `draw.ts` draws it.

/** The role of a plane of numbers, which decides its colour. */
export type Tone = 'input' | 'kernel' | 'between' | 'output'

/**
 * The state of a cell: `pad` is outside the input, `window` is under the kernel, `now` is being computed, `overlap`
 * gets contributions from more than one pixel, `cut` is computed, then cropped.
 */
export type Mark = 'pad' | 'window' | 'now' | 'overlap' | 'cut'

/** A cell with one number; without a value it is still empty. */
export type Cell = {
  readonly value?: number | undefined
  readonly mark?: Mark | undefined
  /** A small text in the lower right corner: the weight that the cell is multiplied by, or a switch. */
  readonly corner?: string | undefined
}

/** Numbers in rows and columns, row-major. */
export type Plane = {
  readonly rows: number
  readonly columns: number
  readonly cells: readonly Cell[]
  readonly title?: string | undefined
}

/** The planes of one tensor, drawn as a stack. */
export type Panel = {
  readonly kind: 'panel'
  readonly title: string
  readonly tone: Tone
  readonly planes: readonly Plane[]
}

/** A sign between panels. */
export type Sign = { readonly kind: 'sign'; readonly sign: '∗' | '=' | '→' }

/** One picture of the animation. */
export type Frame = {
  /** Panels and signs, from left to right. */
  readonly parts: readonly (Panel | Sign)[]
  /** The lines under the panels, with the sum written out. */
  readonly caption: readonly string[]
}

/** An animation. */
export type Scene = {
  /** The operator and its sizes. */
  readonly title: string
  /** The formula of the sizes, filled in. */
  readonly formula: string
  /** The frames in order. */
  readonly frames: readonly Frame[]
}

export const panel = (title: string, tone: Tone, planes: readonly Plane[]): Panel => ({
  kind: 'panel',
  title,
  tone,
  planes,
})

export const planePanel = (
  title: string,
  tone: Tone,
  [rows, columns]: readonly [rows: number, columns: number],
  cells: readonly Cell[],
): Panel => panel(title, tone, [{ rows, columns, cells }])

export const sign = (which: Sign['sign']): Sign => ({ kind: 'sign', sign: which })

/** Formats a number for a cell: at most two decimals, and a true minus. */
export const show = (value: number): string =>
  Math.abs(value) < 1e5 ? String(Number(value.toFixed(2)) + 0).replace('-', '−') : formatNumber(value, 3)

/** Returns `=`, or `≈` if a number is shown rounded. */
export const equals = (...values: readonly number[]): '=' | '≈' =>
  values.every((v) => Number(show(v).replaceAll('−', '-')) === v) ? '=' : '≈'

const factor = (value: number): string => (value < 0 ? `(${show(value)})` : show(value))

/** The largest number of terms that are all written out. */
const mostTerms = 27

/** Formats products and their sum, as `1·1 + 0·2 = 1`. Of many products only the first and the last are written. */
export function sumLine(products: readonly (readonly [x: number, w: number])[], sum: number): string {
  const terms = products.map(([x, w]) => `${factor(x)}·${factor(w)}`)
  const written = terms.length > mostTerms ? [...terms.slice(0, 16), '…', ...terms.slice(-4)] : terms
  return `${written.join(' + ')} ${equals(...products.flat(), sum)} ${show(sum)}`
}

/** Formats a total, as `15 + 11 + 12 = 38`. */
export const totalLine = (parts: readonly number[], total: number): string =>
  `${parts.map(factor).join(' + ')} ${equals(...parts, total)} ${show(total)}`

/** Sums products in the order and with the rounding of the definition: multiply, round, add, round. */
export const accumulate = (products: readonly (readonly [x: number, w: number])[]): number =>
  products.reduce((sum, [x, w]) => Math.fround(sum + Math.fround(x * w)), 0)

/** Formats the size of a plane as width x height, and that of channels as channels x height x width. */
export const sizes = (...[height, width, channels]: readonly number[]): string =>
  channels === undefined ? `${width}x${height}` : `${channels}x${height}x${width}`
