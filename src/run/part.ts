import type { MapFacts } from '../definition/levels.ts'
import type { Address } from '../graph/address.ts'

/** The result of a piece of a part, apart from what was written into the shared memory. */
export type PartResult = {
  /**
   * Deflated rows of a PNG, with the Adler-32 and length that they had before; packed rows of a TIFF; or rows of an
   * array as float32 [C][rows][W].
   */
  readonly bytes?: Uint8Array
  /** The bytes, if another thread is still packing them. */
  readonly packing?: Promise<Uint8Array>
  readonly adler?: number
  readonly length?: number
  /** The rows that are finished, for samples and for a TIFF. */
  readonly rows?: readonly [first: number, end: number]
  /** The number of samples clipped at either end. */
  readonly low?: number
  readonly high?: number
  /** The extremes, for a job that finds them. */
  readonly min?: number
  readonly max?: number
  /** Facts about each map, for a job that collects them. */
  readonly maps?: readonly MapFacts[]
  readonly bins?: readonly Uint32Array[]
}

export type Made = { readonly piece: number; readonly result: PartResult }

/** Computes one part. It yields its pieces, and undefined at points where the thread may do other work. */
export type RunPart = (part: number) => Generator<Made | undefined, void>

/** Computes `count` output rows from row `y` and writes their samples at `to`, with rows `pitch` bytes apart. */
export type RowsOf = (y: number, count: number, tileFirst: number, to: Address, pitch: number) => void
