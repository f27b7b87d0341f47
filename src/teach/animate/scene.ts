import { formatNumber } from '../draw/format.ts'

// What an animation shows, as plain data: no sizes, no colours. `layout.ts` gives it places, `draw.ts` draws it.

/** What a plane of numbers is, which decides its colour. */
export type Tone = 'input' | 'kernel' | 'between' | 'output'

/**
 * The state of a cell: `pad` is outside the input, `window` is under the kernel, `now` is being computed, `overlap`
 * is added to by more than one pixel, `cut` is computed and cropped.
 */
export type Mark = 'pad' | 'window' | 'now' | 'overlap' | 'cut'

/** One number; without a value the cell is still empty. */
export type Cell = {
  readonly value?: number | undefined
  readonly mark?: Mark | undefined
  /** Small in the lower right corner: the weight that meets the cell, a switch. */
  readonly corner?: string | undefined
}

/** Numbers in rows and columns, row-major. */
export type Plane = {
  readonly rows: number
  readonly columns: number
  readonly cells: readonly Cell[]
  readonly title?: string | undefined
}

/** Planes of one tensor, one after the other. */
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
  /** Grids and signs, from left to right. */
  readonly parts: readonly (Panel | Sign)[]
  /** Lines under the panels: the sum, written out. */
  readonly caption: readonly string[]
}

/** An animation. */
export type Scene = {
  /** The operator and its sizes. */
  readonly title: string
  /** The formula of the sizes, filled in. */
  readonly formula: string
  /** The pictures in their order. */
  readonly frames: readonly Frame[]
}

/** A panel of planes. */
export const panel = (title: string, tone: Tone, planes: readonly Plane[]): Panel => ({
  kind: 'panel',
  title,
  tone,
  planes,
})

/** A panel of one plane. */
export const planePanel = (
  title: string,
  tone: Tone,
  [rows, columns]: readonly [rows: number, columns: number],
  cells: readonly Cell[],
): Panel => panel(title, tone, [{ rows, columns, cells }])

export const sign = (which: Sign['sign']): Sign => ({ kind: 'sign', sign: which })

/** A number as it is in a cell: whole numbers as they are, others to two decimals, a true minus. */
export const show = (value: number): string =>
  Math.abs(value) < 1e5 ? String(Number(value.toFixed(2)) + 0).replace('-', '−') : formatNumber(value, 3)

/** `=`, or `≈` where a number is not shown as it is. */
export const equals = (...values: readonly number[]): '=' | '≈' =>
  values.every((v) => Number(show(v).replaceAll('−', '-')) === v) ? '=' : '≈'

const factor = (value: number): string => (value < 0 ? `(${show(value)})` : show(value))

/** More terms than these are not written out. */
const mostTerms = 27

/** `1·1 + 0·2 + … = 4`: the products and their sum; of many products the first and the last. */
export function sumLine(products: readonly (readonly [x: number, w: number])[], sum: number): string {
  const terms = products.map(([x, w]) => `${factor(x)}·${factor(w)}`)
  const written = terms.length > mostTerms ? [...terms.slice(0, 16), '…', ...terms.slice(-4)] : terms
  return `${written.join(' + ')} ${equals(...products.flat(), sum)} ${show(sum)}`
}

/** `15 + 11 + 12 = 38` */
export const totalLine = (parts: readonly number[], total: number): string =>
  `${parts.map(factor).join(' + ')} ${equals(...parts, total)} ${show(total)}`

/** A sum in the order and the rounding of the definition: multiply, round, add, round. */
export const accumulate = (products: readonly (readonly [x: number, w: number])[], from = 0): number =>
  products.reduce((sum, [x, w]) => Math.fround(sum + Math.fround(x * w)), from)

/** Of a plane `width x height`; of one with channels `channels x height x width`. */
export const sizes = (...[height, width, channels]: readonly number[]): string =>
  channels === undefined ? `${width}x${height}` : `${channels}x${height}x${width}`
