import { type Levels, magnitudeParts } from '../definition/levels.ts'
import { ConvoError } from '../error.ts'
import type { Extremes } from '../tensor/picture.ts'

// Feature maps as pictures: many maps on one sheet, with levels stretched so that signed maps are visible.

const gap = 2

/**
 * Chooses the columns of a sheet: few empty places, and about one and a half times as wide as high. An empty place
 * looks like a map that is all black, so any empty place costs more than a sheet of a slightly worse shape.
 */
export function sheetColumns(count: number, height: number, width: number): number {
  const cost = (columns: number) => {
    const rows = Math.ceil(count / columns)
    const empty = rows * columns - count
    const form = Math.abs(Math.log((columns * width) / (rows * height * 1.5)))
    return (empty === 0 ? 0 : 0.15 + empty / count) + 0.4 * form
  }
  let best = 1
  for (let columns = 2; columns <= count; columns++) if (cost(columns) < cost(best)) best = columns
  return best
}

export type SheetLayout = ReturnType<typeof sheetLayout>

/** The layout of a sheet of `count` maps. `step` is the pixels from one map to the next, down and across. */
export function sheetLayout(count: number, height: number, width: number) {
  const columns = sheetColumns(count, height, width)
  const rows = Math.ceil(count / columns)
  const step = [height + gap, width + gap] as const
  return { columns, step, height: rows * step[0] - gap, width: columns * step[1] - gap }
}

/** The number of a map, drawn as pixels. */
export type Label = { readonly width: number; readonly data: Float32Array }

/**
 * Copies row `y` of a label, if it has one, over the row of its map that begins at `at` and has samples `step` apart.
 */
export function drawLabel({ width, data }: Label, y: number, out: Float32Array, at: number, step = 1): void {
  if (y * width < data.length) spread(data, y * width, width, out, at, step)
}

/** Copies `n` samples to positions that are `step` apart. */
export function spread(
  from: Float32Array,
  first: number,
  n: number,
  out: Float32Array,
  at: number,
  step: number,
): void {
  if (step === 1) out.set(from.subarray(first, first + n), at)
  else for (let i = 0; i < n; i++) out[at + i * step] = from[first + i]!
}

/** Stretches levels from the smallest to the largest over 0..full. A flat map becomes 0. */
export const stretched = ({ min, max }: Extremes, full: number): Levels => ({
  kind: 'stretched',
  min,
  gain: max > min ? Math.fround(full / Math.fround(max - min)) : 0,
})

/**
 * Chooses levels that are easy to see. If there are negative samples, 0 is middle gray, and 99.5 % of the samples fit
 * between black and white. So a few large responses, for example at borders of zeros, do not make everything else gray.
 * Without negative samples, 0 is black. `bins` counts the magnitudes, see `countMagnitudes`.
 */
export function legibleLevels(bins: Uint32Array, largest: number, isSigned: boolean, full: number): Levels {
  const low = isSigned ? full / 2 : 0
  const count = bins.reduce((a, b) => a + b, 0)
  let [bin, seen] = [0, bins[0]!]
  while (largest > 0 && seen < shown * count) seen += bins[++bin]!
  const reach = (largest * (bin + 1)) / magnitudeParts
  return { kind: 'legible', low, gain: (full - low) / (reach || 1), full }
}

/** The fraction of the samples that a legible map shows without clipping. */
const shown = 0.995

/** @throws ConvoError E_OPTION for a channel that does not exist */
export function checkChannels(count: number, channels: readonly number[]): void {
  const missing = channels.find((c) => c >= count)
  if (missing === undefined) return
  const what = `there is no channel ${missing}: the result has ${count} channels, counted from 0`
  throw new ConvoError('E_OPTION', what, { fix: `--channels ${count - 1}` })
}

/** Digits of 3 x 5 pixels, each row in three bits. */
const digits = ['75557', '26227', '71747', '71717', '55711', '74717', '74757', '71111', '75757', '75717']

/** Draws the number of a map of this size in white on black. It is larger on larger maps, and clipped to the map. */
export function labelOf(n: number, height: number, width: number, black: number, white: number): Label {
  const text = String(n)
  const zoom = Math.max(1, Math.floor(Math.min(height, width) / 64))
  const [high, wide] = [Math.min(7 * zoom, height), Math.min((text.length * 4 + 1) * zoom, width)]
  const data = new Float32Array(high * wide).fill(black)
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [row, column] = [Math.floor(y / zoom) - 1, Math.floor(x / zoom) - 1]
      const bits = Number(digits[Number(text[Math.floor(column / 4)])]?.[row] ?? 0)
      if (column >= 0 && column % 4 < 3 && (bits >> (2 - (column % 4))) & 1) data[y * wide + x] = white
    }
  }
  return { width: wide, data }
}
