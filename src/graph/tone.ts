import type { Light } from '../image/light.ts'

/** What happens to samples before they go into the tile, and to alpha. */
export type Tone = {
  /** Whether RGB becomes luminance. */
  readonly gray: boolean
  /**
   * The address of the tables of linear light for every stored sample, one for each curve of `light`; 1 before they are
   * placed; 0 if there are none.
   */
  readonly table: number
  /** Whether the result is linear light, to be encoded before it is written. */
  readonly encode: boolean
  /** The tone curves, if a table or `encode` is used. */
  readonly light?: Light
  /**
   * plain: every channel is filtered alike.
   * separate: the same, but range and light apply to the colours alone.
   * premultiply: colours are weighted by alpha, the last channel, which is also filtered. The filtered colours are
   * divided by the filtered alpha.
   * own: a pixel sees its own colour in a neighbour, to the degree that the neighbour is transparent: with a in 0..1
   * and c0 the colour under the anchor, the sum is that of w (a c + (1 - a) c0). So an area of one colour stays as it
   * is, has no edge to transparent areas, and hidden colours count for nothing. Alpha goes to the output unchanged.
   * copy: the result of `own` where everything is opaque.
   */
  readonly alpha: 'plain' | 'separate' | 'premultiply' | 'own' | 'copy'
}

/** Whether alpha goes to the output unchanged. */
export const keepsAlpha = ({ alpha }: Tone): boolean => alpha === 'own' || alpha === 'copy'

/** The tone of maps, slices and planes, which are filtered unchanged. */
export const plainTone: Tone = { gray: false, table: 0, encode: false, alpha: 'plain' }

/** Whether a tone leaves samples unchanged. */
export const isPlainTone = ({ gray, table, encode, alpha }: Tone): boolean =>
  !gray && table === 0 && !encode && alpha === 'plain'
