import { invariant } from '../error.ts'
import type { Slices } from '../run/picture-job.ts'
import type { Samples } from '../tensor/picture.ts'

/** Slices behind those that were asked for that are decoded while these are worked on. */
export const slicesAhead = 2
/** Bytes of slices that are held because they may be asked for again. */
const mostHeld = 2 ** 28

/**
 * The slices of a volume, decoded when they are asked for: held are those that a filter has between the first and the last one
 * that it asks for, since it passes over them, and a few that come next.
 *
 * @param bytes of a slice
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
    // whoever waits for the slice gets the error
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
      // it may only be asked whether there is anything to wait for
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
