/** Addresses of a worker's scratch memory, and the samples of a row. */
export type Place = {
  readonly tile: number
  readonly branch: number
  readonly pitch: number
  readonly between: number
  readonly betweenPitch: number
  /** Working memory of the FFTs. */
  readonly fft: number
  readonly n: number
  /** Full rows from one output row to the next. */
  readonly step: number
}
