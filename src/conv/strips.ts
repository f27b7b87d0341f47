import { planFft2d, planFftColumns } from './fft.ts'
import type { Stencil } from './stencil.ts'

/** The largest number of strips of a picture. One with more would be so narrow that its strips may be high. */
export const mostStrips = 4096

/**
 * About 64 rows and the halo, so that what neighbouring strips gather twice stays small; strips of equal height. Fewer of
 * wide pictures, whose strips would take much memory; more where there would be thousands of strips of next to nothing.
 * Where FFTs work in blocks of rows, whole blocks: the rest of a block would be computed in vain.
 */
export function stripRows(height: number, width: number, halo: number, block: number): number {
  if (block > 0) return Math.min(height, block * Math.ceil(height / (mostStrips * block)))
  const low = Math.max(16, Math.min(64, Math.round(300_000 / width)))
  const count = Math.min(mostStrips, Math.max(1, Math.round(height / (low + halo))))
  return Math.ceil(height / count)
}

/** The output rows that the highest block of any FFT gives, 0 without one. */
export function blockRows(
  stencils: readonly Stencil[],
  outHeight: number,
  outWidth: number,
  stride: number,
): number {
  const full = (outHeight - 1) * stride + 1
  const blocks = stencils.map((s) => {
    if (s.algorithm === 'fft') return planFft2d(s.kH, s.kW, full, outWidth).y.valid
    return s.algorithm === 'fft-separable' ? planFftColumns(s.kH, full).valid : 0
  })
  return Math.ceil(Math.max(...blocks) / stride)
}
