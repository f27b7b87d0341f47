import type { Engine } from '../conv/engine.ts'
import type { Recipe } from '../conv/recipe.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Params, Values } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** One step on a picture or tensor. */
export type Step =
  /** Plane kernels over every channel alone: runs fused, strip by strip, from the decoded picture to the file. */
  | { readonly kind: 'recipe'; readonly recipe: Recipe }
  /**
   * Anything else: [C,H,W] (or [C,D,H,W]) in, the same rank out, in levels of 0..255 whatever the depth.
   * `acts` says how it treats channels: `each` on its own (alpha goes along), or `colour` mixed (alpha is set aside and
   * put back when one or three channels of the same size come out).
   */
  | {
      readonly kind: 'tensor'
      readonly acts: 'each' | 'colour'
      apply(x: Tensor, engine: Engine): Promise<Tensor>
    }

/** A textbook operator as a command on pictures: one file each, listed in operators/index.ts. */
export type Operator<P extends Params = Params> = {
  /** One line, as a verb. */
  readonly summary: string
  /** The sum it computes, and the size of what comes out. */
  readonly formula: string
  /** Where the definition comes from. */
  readonly source: string
  readonly params: P
  /** Whether --kernel is needed. */
  readonly kernel: 'none' | 'optional' | 'required'
  build(given: {
    readonly values: Values<P>
    readonly kernel: Kernel | undefined
    readonly channels: number
  }): Step
}

/** Keeps the types of the params for `build`, and forgets them for the table. */
export const operator = <P extends Params>(entry: Operator<P>): Operator => entry as unknown as Operator
