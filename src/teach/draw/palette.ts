import { type Colour, colourAlong } from '../../image/colour.ts'

// Colours that are distinct in print, and for readers who cannot distinguish red from green.

/** Colours of a drawing. The accents are those of Okabe and Ito (2008), a little calmer. */
export const colours = {
  ground: '#ffffff',
  panel: '#f5f6f8',
  ink: '#1f2933',
  faint: '#66717e',
  grid: '#c9d0d8',
  blue: '#2f6db0',
  orange: '#d9822b',
  green: '#2a9376',
  yellow: '#e3c34a',
  sky: '#6fb3d9',
  purple: '#b0739a',
  vermilion: '#c4572a',
} as const

// blue over white to orange: these hues differ under every common colour blindness, and the ends differ only in hue
const negative: readonly Colour[] = [
  [247, 247, 247],
  [198, 219, 239],
  [120, 171, 214],
  [49, 116, 178],
  [14, 66, 122],
]
const positive: readonly Colour[] = [
  [247, 247, 247],
  [253, 219, 178],
  [245, 165, 88],
  [209, 104, 26],
  [130, 56, 6],
]

/** Returns the colour, 0..255 per channel, of a value of -1..1: blue below 0, near white at 0, orange above. */
export const diverging = (value: number): Colour =>
  colourAlong(value < 0 ? negative : positive, Math.min(1, Math.abs(value)))

/** Formats a colour as `#rrggbb`. */
export const hex = (rgb: Colour): string => `#${rgb.map((v) => v.toString(16).padStart(2, '0')).join('')}`

/** Returns the ink, white or dark, with the higher contrast ratio of WCAG 2 on a background. */
export function inkOn(rgb: Colour): '#ffffff' | '#1f2933' {
  const ground = luminance(rgb)
  return 1.05 / (ground + 0.05) > (ground + 0.05) / (luminance([31, 41, 51]) + 0.05) ? '#ffffff' : '#1f2933'
}

/** Returns the relative luminance of WCAG 2, 0..1. */
function luminance(rgb: Colour): number {
  const [r, g, b] = rgb.map((v) => {
    const level = v / 255
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
