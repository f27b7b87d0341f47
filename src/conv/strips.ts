import { planFft2d, planFftColumns } from './fft.ts'
import type { Stencil } from './stencil.ts'

/** The maximum number of strips of a picture. A picture with more would be so narrow that its strips may be high. */
export const mostStrips = 4096

/**
 * Returns the rows of a strip: about 64 plus the halo, so that little is gathered twice by adjacent strips; all strips
 * have the same height. Strips of wide pictures, which would take much memory, have fewer rows; those of pictures with
 * thousands of tiny strips have more. If FFTs work in blocks of rows, strips are whole blocks, because the rest of a
 * block would be computed in vain.
 */
export function stripRows(height: number, width: number, halo: number, block: number): number {
  if (block > 0) return Math.min(height, block * Math.ceil(height / (mostStrips * block)))
  const low = Math.max(16, Math.min(64, Math.round(300_000 / width)))
  const count = Math.min(mostStrips, Math.max(1, Math.round(height / (low + halo))))
  return Math.ceil(height / count)
}

/** Returns the number of output rows of the highest block of any FFT, or 0 without one. */
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
