import { expected } from '../params.ts'

/** Red, green and blue in levels of 0..255. */
export type Colour = readonly [red: number, green: number, blue: number]

/** The primaries of sRGB and Rec. 709: x and y of red, green, blue and white. */
export const srgbPrimaries: readonly number[] = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329]

/** The names of HTML 4, and four more in common use. */
// biome-ignore format: one line for each group
const names: Readonly<Record<string, string>> = {
  aqua: '00ffff', black: '000000', blue: '0000ff', cyan: '00ffff', fuchsia: 'ff00ff', gray: '808080', green: '008000',
  grey: '808080', lime: '00ff00', magenta: 'ff00ff', maroon: '800000', navy: '000080', olive: '808000',
  orange: 'ffa500', purple: '800080', red: 'ff0000', silver: 'c0c0c0', teal: '008080', white: 'ffffff',
  yellow: 'ffff00',
}

/**
 * Parses an opaque colour: `#rgb` or `#rrggbb`, with or without the #, or a name of HTML 4.
 *
 * @throws ConvoError E_OPTION naming the setting
 */
export function parseColour(given: unknown, name: string): Colour {
  const word = String(given).trim().toLowerCase()
  const digits = Object.hasOwn(names, word) ? names[word]! : word.replace(/^#/, '')
  const long = /^[0-9a-f]{3}$/.test(digits) ? digits.replace(/./g, '$&$&') : digits
  if (!/^[0-9a-f]{6}$/.test(long)) {
    throw expected(`#rgb, #rrggbb or a name (${Object.keys(names).join(', ')})`, name, given)
  }
  const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16))
  return [red!, green!, blue!]
}

/** Interpolates between colour stops. `share` is the position along them, 0..1. */
export function colourAlong(stops: readonly Colour[], share: number): Colour {
  const at = share * (stops.length - 1)
  const from = Math.min(Math.floor(at), stops.length - 2)
  const [a, b] = [stops[from]!, stops[from + 1]!]
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * (at - from))
  return [mix(0), mix(1), mix(2)]
}
