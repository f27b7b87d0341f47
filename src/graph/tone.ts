import type { Light } from '../image/light.ts'

/** What happens to samples on their way into the tile, and to alpha. */
export type Tone = {
  /** RGB becomes luminance. */
  readonly gray: boolean
  /** Address of the tables of linear light for every stored sample, one for each curve of `light`; 1 before they are there; or 0. */
  readonly table: number
  /** True when what comes out is linear light, to be encoded before it is written. */
  readonly encode: boolean
  /** The tone curves, where a table or `encode` is used. */
  readonly light?: Light
  /**
   * plain: every channel is filtered alike; separate: as well, but range and light are those of the colours alone;
   * premultiply: colours are weighted by alpha, the last channel, which is filtered too and by which they are divided;
   * own: as far as a pixel is transparent, a neighbour sees its own colour in its place: with a in 0..1 and c0 the colour under
   * the anchor, the sum is that of w (a c + (1 - a) c0). So one colour stays one colour, has no edge to nothing, and what is
   * hidden counts for nothing; alpha goes to the output as it is. copy: as own where all is opaque.
   */
  readonly alpha: 'plain' | 'separate' | 'premultiply' | 'own' | 'copy'
}

/** Whether alpha goes to the output as it came. */
export const keepsAlpha = ({ alpha }: Tone): boolean => alpha === 'own' || alpha === 'copy'

/** The tone of maps, slices and planes, which are filtered as they are. */
export const plainTone: Tone = { gray: false, table: 0, encode: false, alpha: 'plain' }

/** Whether a tone leaves samples as they are. */
export const isPlainTone = ({ gray, table, encode, alpha }: Tone): boolean =>
  !gray && table === 0 && !encode && alpha === 'plain'
