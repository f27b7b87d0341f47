import { isGuest } from '../signals.ts'
import type { StencilJob } from './picture-job.ts'

// Work that the calling thread leaves to workers, because meanwhile it would not respond to signals or to callers.

/** The number of products of taps and samples that take a thread at least a fifth of a second. */
export const longFrom = 6e8

/**
 * The amounts of work that take a thread about 10 ms without a pause: samples of an FFT, or bytes of a strip that is
 * packed for its sink.
 */
const longWhole: Readonly<Record<string, number>> = {
  fft: 1e5,
  png: 4e5,
  lzw: 1e5,
  packbits: 2e5,
  array: 2e6,
}

/**
 * Whether a strip may take a thread longer than that. A program that must stay responsive then leaves it to another
 * thread.
 */
export function isLong({ plan, stencils, rows, fullWidth, tileChannels, sink }: StencilJob): boolean {
  const samples = rows * plan.stride[0] * fullWidth * tileChannels
  const taps = stencils.reduce((sum, one) => sum + (one.form === 'taps' ? one.count : 0), 0)
  if (taps * samples > longFrom) return true
  const { [sink.kind === 'tiff' ? sink.compression : sink.kind]: packed = Number.POSITIVE_INFINITY } =
    longWhole
  const depth = 'depth' in sink ? sink.depth : 32
  const bytes = (plan.stripRows * plan.outWidth * tileChannels * depth) / 8
  const isWhole =
    bytes > packed || (samples > longWhole.fft! && stencils.some(({ form }) => form.startsWith('fft')))
  return isWhole && isGuest()
}
