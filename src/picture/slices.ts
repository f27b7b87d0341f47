import { invariant } from '../error.ts'
import type { Slices } from '../run/picture-job.ts'
import type { Samples } from '../tensor/picture.ts'

/** The number of slices that are decoded ahead of those that are being processed. */
export const slicesAhead = 2
/** The most bytes of slices that are held because they may be needed again. */
const mostHeld = 2 ** 28

/**
 * Decodes the slices of a volume on demand. It holds the slices between the first and last that a filter asks for, and
 * a few that come next.
 *
 * @param bytes the size of a slice
 */
export function slicesOnDemand(
  { count, height, bytes }: { readonly count: number; readonly height: number; readonly bytes: number },
  decode: (slice: number) => Promise<Samples>,
): Slices {
  const held = new Map<number, { samples?: Samples; promise: Promise<unknown> }>()
  const begin = (z: number): void => {
    if (held.has(z)) return
    const entry: { samples?: Samples; promise: Promise<unknown> } = {
      promise: decode(z).then((samples) => {
        entry.samples = samples
      }),
    }
    // the code that waits for the slice gets the error
    entry.promise.catch(() => undefined)
    held.set(z, entry)
  }
  return {
    height,
    missing(slices) {
      const last = Math.max(...slices)
      const isNear = (last - Math.min(...slices) + 1) * bytes <= mostHeld
      const first = isNear ? Math.min(...slices) : last
      for (const z of held.keys()) {
        if ((z < first || z > last + slicesAhead) && !slices.includes(z)) held.delete(z)
      }
      for (const z of slices) begin(z)
      for (let z = last + 1; z <= Math.min(last + slicesAhead, count - 1); z++) begin(z)
      const waiting = slices.map((z) => held.get(z)!).filter(({ samples }) => samples === undefined)
      if (waiting.length === 0) return undefined
      const all = Promise.all(waiting.map(({ promise }) => promise))
      // the caller may only check whether it has to wait
      all.catch(() => undefined)
      return all
    },
    samples(z) {
      const samples = held.get(z)?.samples
      invariant(samples !== undefined, 'slices are waited for before they are used')
      return samples
    },
  }
}
