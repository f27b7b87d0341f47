import type { MapFacts } from '../definition/levels.ts'
import type { Address } from '../graph/address.ts'

/** What a piece of a part leaves behind besides what it wrote into the shared memory. */
export type PartResult = {
  /** Deflated rows of a PNG, their Adler-32 and length before; packed rows of a TIFF; or rows of an array as float32 [C][rows][W]. */
  readonly bytes?: Uint8Array
  /** The bytes, while another thread still packs them. */
  readonly packing?: Promise<Uint8Array>
  readonly adler?: number
  readonly length?: number
  /** The rows that are done, of samples and of a TIFF. */
  readonly rows?: readonly [first: number, end: number]
  /** Samples clipped at either end. */
  readonly low?: number
  readonly high?: number
  /** The extremes, for a job that looks for them. */
  readonly min?: number
  readonly max?: number
  /** Of each map, for a job that looks for them. */
  readonly maps?: readonly MapFacts[]
  readonly bins?: readonly Uint32Array[]
}

/** A piece of a part that is done. */
export type Made = { readonly piece: number; readonly result: PartResult }

/** Computes one part; yields its pieces, and nothing where the thread may do something else. */
export type RunPart = (part: number) => Generator<Made | undefined, void>

/** Computes `count` output rows from row `y` on and writes their samples at `to`, `pitch` bytes apart. */
export type RowsOf = (y: number, count: number, tileFirst: number, to: Address, pitch: number) => void
