import type { Arithmetic } from '../../operators/operator.ts'
import type { BorderName } from '../../tensor/border.ts'
import type { ReceptiveField } from './seen.ts'
import type { Strips } from './strips.ts'

/** What an operation does, and the shapes of its input and output. */
export type Described = {
  /** The name of the operation. */
  readonly operation: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** [C,H,W], or [C,D,H,W] for slices */
  readonly input: readonly number[]
  /** [C,H,W], or [C,D,H,W] for slices */
  readonly output: readonly number[]
}

/** A filter over a picture, in numbers. */
export type FilterExplanation = Described & {
  /** How the sums of several kernels become one; `only` for one kernel. */
  readonly combine: string
  /** Its kernels. */
  readonly kernels: readonly {
    /** Rows and columns. */
    readonly size: readonly [kH: number, kW: number]
    /** The sum of its weights over its scale. */
    readonly sum: number
    /** Whether all weights are integers. */
    readonly isInteger: boolean
    /**
     * The rank of its weights. Absent for a kernel larger than 128x512 and 512x128, unless it is given as a column and
     * a row.
     */
    readonly rank?: number
    /** How its sums are computed, such as `integer` or `fft`. */
    readonly algorithm: string
    /** Why this algorithm was chosen. */
    readonly reason: string
  }[]
  /** How the picture is extended beyond its edges. */
  readonly border: BorderName
  /** The samples that the loops read: `u8`, `u16` or `f32`. */
  readonly samples: string
  /** The size of the window of input pixels that one output pixel sees: rows, columns. */
  readonly receptiveField: readonly number[]
  /** Input pixels from one output pixel to the next: rows, columns. */
  readonly step: readonly number[]
  /** How the work is divided. */
  readonly strips: Strips
  /**
   * The multiplications of the whole filter, over all samples: its taps, for FFTs the products of their blocks, for
   * running sums one per sample.
   */
  readonly multiplications: number
}

/** A filter that runs as steps over planes, in numbers. */
export type StepsExplanation = Arithmetic & ReceptiveField & Described

/** Which loops run, and why. */
export type LayerArithmetic = Arithmetic & {
  /** How the work is divided; absent if it is not. */
  readonly strips?: Strips
}

/** A step of a chain, in numbers. Receptive fields and steps are in samples of the chain's input, per axis. */
export type ChainStep = {
  /** The name of the operation. */
  readonly operation: string
  /** Which loops run. */
  readonly algorithm: string
  /** [C,H,W] or [C,D,H,W] */
  readonly output: readonly number[]
  readonly parameters: number
  readonly multiplications: number
  readonly receptiveField: readonly number[]
  readonly step: readonly number[]
  /** Whether it needs all of its input before it gives any output; absent if rows are enough. */
  readonly seesAll?: true
}

/** A chain, in numbers: its steps, and their totals. */
export type ChainExplanation = Omit<ChainStep, 'operation' | 'algorithm' | 'seesAll'> & {
  readonly operation: 'chain'
  readonly input: readonly number[]
  readonly steps: readonly ChainStep[]
}
