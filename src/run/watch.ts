/** How a caller aborts its work and follows its progress. */
export type Watch = {
  /** Ends the work soon after it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with the share of the parts that are finished, from 0 to 1, in each pass over a picture. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/** The samples that a run clipped. */
export type Clipping = {
  /** Samples below black. */
  readonly low: number
  /** Samples above white. */
  readonly high: number
  /** All samples of the output. */
  readonly samples: number
}

/** Adds up the clipped samples of several pictures. */
export function allClipped(parts: readonly Clipping[]): Clipping {
  const sum = (of: keyof Clipping) => parts.reduce((total, part) => total + part[of], 0)
  return { low: sum('low'), high: sum('high'), samples: sum('samples') }
}
