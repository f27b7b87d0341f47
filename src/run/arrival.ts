import { invariant } from '../error.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'

/** What has arrived of a picture. */
export type Arrival = {
  /** Nothing when the rows up to this one are there; else a promise to wait for, before it is asked again. */
  missing(row: number): Promise<unknown> | undefined
  /** Resolves when all is there, and rejects when it cannot come. */
  readonly end: Promise<unknown>
  /** The samples that are there: the upper rows, or all. */
  samples(): Samples
}

/** Keeps track of the rows of a picture: all at once, or the upper ones before the rest. */
export function arrivalOf(source: Samples | Arriving): Arrival {
  if (!('whole' in source)) return { missing: () => undefined, end: Promise.resolve(), samples: () => source }
  let there: Samples | undefined
  let rows = 0
  const upper = source.upper.then((samples) => {
    if (there !== undefined) return
    there = samples
    rows = source.rows
  })
  const whole = source.whole.then((samples) => {
    there = samples
    rows = Number.POSITIVE_INFINITY
  })
  // whoever waits for the rows gets the error
  for (const promise of [upper, whole]) promise.catch(() => undefined)
  return {
    missing: (row) => (Math.max(row, 0) < rows ? undefined : row < source.rows ? upper : whole),
    end: whole,
    samples() {
      invariant(there !== undefined, 'rows are waited for before they are used')
      return there
    },
  }
}
