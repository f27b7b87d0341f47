import type { Address } from '../graph/address.ts'
/** Addresses in the scratch memory of a worker, and the size of a row. */
export type Place = {
  readonly tile: Address
  readonly branch: Address
  readonly pitch: number
  readonly between: Address
  readonly betweenPitch: number
  /** Working memory of the FFTs. */
  readonly fft: Address
  readonly n: number
  /** The number of full rows from one output row to the next. */
  readonly step: number
}
