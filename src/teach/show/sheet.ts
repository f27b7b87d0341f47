import type { Kernel } from '../../kernel/kernel.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { colours } from '../draw/palette.ts'
import { fittedText, moved, svgDocument, text } from '../draw/svg.ts'
import { heading } from './card.ts'
import type { Facts } from './facts.ts'
import { colourBar, heatMap, layoutHeat } from './heat.ts'
import { largest, planesOf } from './planes.ts'

const margin = 32
const gap = 20
const caption = 18
const top = 92
const narrowest = 640

/** The largest number of planes on one sheet. Of more, only the first ones are drawn. */
export const mostPlanes = 400

/** Returns the columns of a sheet. The planes of a filter share a row if they fit; else the sheet is about square. */
function columnsOf(count: number, perFilter: number): number {
  if (perFilter > 1 && perFilter <= 12) {
    // several filters side by side, each with all its planes
    const wide = Math.max(1, Math.round(Math.sqrt((1.3 * count) / perFilter / perFilter)))
    return Math.min(count, wide * perFilter)
  }
  return Math.min(count, Math.max(1, Math.ceil(Math.sqrt(count * 1.3))))
}

/** Draws a kernel of many planes as a sheet of heat maps, in order, all with one scale of colours. */
export function drawSheet(kernel: Kernel, facts: Facts): string {
  const all = planesOf(kernel)
  const planes = all.slice(0, mostPlanes)
  const perFilter = kernel.shape.length < 4 ? 1 : sizeOf(kernel.shape.slice(1, -2))
  const columns = columnsOf(planes.length, perFilter)
  const tile = Math.max(56, Math.min(220, (1100 - gap * (columns - 1)) / columns))
  const most = largest(kernel.weights)
  const layouts = planes.map((plane) => layoutHeat(plane, tile, tile))
  const { width: w, height: h } = layouts[0]!
  // a caption may be wider than a narrow plane
  const step = Math.max(w, 56) + gap
  const rows = Math.ceil(planes.length / columns)
  const width = Math.max(narrowest, 2 * margin + columns * step - gap)
  const drawn = planes.map((plane, i) =>
    moved(
      margin + (i % columns) * step,
      top + Math.floor(i / columns) * (h + caption + gap),
      fittedText(plane.label, 0, 11, step - gap + 8, { size: 11, fill: colours.faint }),
      moved(0, caption, heatMap(plane, layouts[i]!, most, kernel.anchor)),
    ),
  )
  const bottom = top + rows * (h + caption + gap)
  const more =
    all.length > planes.length
      ? text(`the first ${planes.length} of ${all.length} planes`, margin + 320, bottom + 16, {
          size: 12,
          fill: colours.faint,
        })
      : ''
  return svgDocument(
    width,
    bottom + 52,
    { title: facts.name },
    heading(facts, width),
    ...drawn,
    moved(margin, bottom + 4, colourBar(most, 280)),
    more,
  )
}
