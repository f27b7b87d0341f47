/** How a caller aborts its work and follows its progress. */
export type Watch = {
  /** Ends the work soon after it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with the share of the parts that are finished, from 0 to 1, in each pass over a picture. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/** The result of a run over a picture: samples clipped at either end, and the number of samples. */
export type Outcome = { readonly low: number; readonly high: number; readonly samples: number }
