import type { Colour } from '../../image/colour.ts'
import { compressionSettings } from '../../image/png.ts'
import { encodePngWhole } from '../../image/png-whole.ts'
import { diverging } from '../draw/palette.ts'
import { type Box, element } from '../draw/svg.ts'

/** Blocks of one colour are shortest unfiltered. */
const blocks = { ...compressionSettings(6), filter: 'none' } as const

/**
 * Values [rows][columns] as an image inside an SVG, each a block of colour. Blocks are drawn out here: renderers do not
 * agree on how a small image is enlarged. Where there are more values than pixels, only one of several is shown.
 */
export function raster(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  box: Box,
  colour: (value: number) => Colour,
): string {
  const pixels = 2
  const [width, height] = [Math.round(box.width * pixels), Math.round(box.height * pixels)]
  const data = new Uint8Array(width * height * 3)
  const painted = Array.from(values, colour)
  for (let y = 0, before = -1; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns
    if (row === before) {
      data.copyWithin(y * width * 3, (y - 1) * width * 3, y * width * 3)
      continue
    }
    before = row
    for (let x = 0; x < width; x++) {
      data.set(painted[row + Math.floor((x * columns) / width)]!, (y * width + x) * 3)
    }
  }
  const png = encodePngWhole({ width, height, channels: 3, depth: 8, data, meta: {} }, blocks)
  const { x, y, width: w, height: h } = box
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  return element('image', { x, y, width: w, height: h, href, preserveAspectRatio: 'none' })
}

/** Levels of 0..255 as they are, cut off at the ends. */
export const asGray = (level: number): Colour => {
  const v = Math.max(0, Math.min(255, Math.round(level)))
  return [v, v, v]
}

/** Values with a sign: blue below 0, orange above, `most` being the darkest. */
export const asSigned =
  (most: number) =>
  (value: number): Colour =>
    diverging(value / most)

/** White for 0 to dark blue for `most`, dark enough between to see what is small. */
export const asMagnitude =
  (most: number) =>
  (value: number): Colour =>
    diverging(-value / (most || 1))
