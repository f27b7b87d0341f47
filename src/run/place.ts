import type { Address } from '../graph/address.ts'
/** Addresses of a worker's scratch memory, and the samples of a row. */
export type Place = {
  readonly tile: Address
  readonly branch: Address
  readonly pitch: number
  readonly between: Address
  readonly betweenPitch: number
  /** Working memory of the FFTs. */
  readonly fft: Address
  readonly n: number
  /** Full rows from one output row to the next. */
  readonly step: number
}
