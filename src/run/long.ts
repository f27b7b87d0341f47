import { isGuest } from '../signals.ts'
import type { StencilJob } from './picture-job.ts'

// What the calling thread leaves to workers, as it would not hear a signal, or whoever else waits for it, meanwhile.

/** Products of taps and samples that a thread sums up in a fifth of a second at least. */
export const longFrom = 6e8

/** What takes a thread about 10 ms without a pause: samples of an FFT, bytes of a strip that is packed as its sink wants it. */
const longWhole: Readonly<Record<string, number>> = {
  fft: 1e5,
  png: 4e5,
  lzw: 1e5,
  packbits: 2e5,
  array: 2e6,
}

/** Whether a strip may take a thread longer than that. A program that has others to answer leaves it to another thread. */
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
