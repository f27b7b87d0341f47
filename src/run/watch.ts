/** What a caller has to say to its work, and wants to hear of it. */
export type Watch = {
  /** Ends the work soon after it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Given the share of the parts that are done, from 0 to 1, of each pass over a picture. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/** What a run over a picture found: samples clipped at either end, and how many there were. */
export type Outcome = { readonly low: number; readonly high: number; readonly samples: number }
