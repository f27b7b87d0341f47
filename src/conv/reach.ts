import { type FftAxis, fftInputRows, planFft2d, planFftColumns } from './fft.ts'
import type { RecipePlan } from './plan.ts'
import type { Stencil } from './stencil.ts'

/**
 * The full rows (before the stride drops some) that are computed, and the first row and number of rows that the tile
 * serves.
 */
export type Reach = Readonly<Record<'first' | 'end' | 'tileFirst' | 'tileCount', number>>

/** Returns the pixels of a row, and the number of rows, before the stride drops some. */
export const fullSize = ({ outWidth, outHeight, stride }: RecipePlan) => ({
  fullWidth: (outWidth - 1) * stride[1] + 1,
  fullHeight: (outHeight - 1) * stride[0] + 1,
})

/**
 * Returns what `rows` output rows from row `y` need. FFTs read whole blocks, so their tile may begin earlier and end
 * later.
 */
export function reachOf(plan: RecipePlan, y: number, rows: number): Reach {
  const { fullWidth, fullHeight } = fullSize(plan)
  const first = y * plan.stride[0]
  const end = first + (rows - 1) * plan.stride[0] + 1
  let [tileFirst, tileEnd] = [first, end]
  for (const s of plan.stencils) {
    const axis = blocksOf(s, fullHeight, fullWidth)
    if (axis === undefined) continue
    const input = fftInputRows(axis, fullHeight, first, end)
    tileFirst = Math.min(tileFirst, input.first)
    tileEnd = Math.max(tileEnd, input.end - (axis.kernel - 1))
  }
  return { first, end, tileFirst, tileCount: tileEnd - tileFirst }
}

function blocksOf(s: Stencil, fullHeight: number, fullWidth: number): FftAxis | undefined {
  if (s.algorithm === 'fft') return planFft2d(s.kH, s.kW, fullHeight, fullWidth).y
  return s.algorithm === 'fft-separable' ? planFftColumns(s.kH, fullHeight) : undefined
}

/** Returns the first row of the picture under a tile, and the row after the last. Both may be outside the picture. */
export function tileRows(
  { origin, halo }: RecipePlan,
  { tileFirst, tileCount }: Reach,
): readonly [number, number] {
  const start = origin[0] - halo.top + tileFirst
  return [start, start + tileCount + halo.top + halo.bottom]
}
