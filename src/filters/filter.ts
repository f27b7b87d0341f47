import type { Recipe } from '../conv/recipe.ts'
import type { FilterGroup } from '../operators/operator.ts'
import type { Params, Values } from '../params.ts'

/** A named filter: a documented recipe over the convolution core. */
export type Filter<P extends Params = Params> = {
  /** One line, as a verb: "smooths with a bell curve". */
  readonly summary: string
  readonly group: FilterGroup
  /** Where the definition comes from, and where other tools differ. */
  readonly source: string
  readonly params: P
  /** True where the recipe has several kernels: then none of them has the name of the filter. */
  readonly hasSeveral?: true
  build(values: Values<P>): Recipe
}

/** Keeps the types of the params for `build`, and forgets them for the table. */
export const filter = <P extends Params>(entry: Filter<P>): Filter => entry as unknown as Filter
