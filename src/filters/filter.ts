import type { Recipe } from '../conv/recipe.ts'
import type { FilterGroup } from '../operators/operator.ts'
import type { Params, Values } from '../params.ts'

/** A named filter: a documented recipe. */
export type Filter<P extends Params = Params> = {
  /** One line, as a verb: "smooths with a bell curve". */
  readonly summary: string
  readonly group: FilterGroup
  /** The source of the definition, and where other tools differ. */
  readonly source: string
  readonly params: P
  /** Whether the recipe has several kernels. In that case, no kernel has the name of the filter. */
  readonly hasSeveral?: true
  build(values: Values<P>): Recipe
}

/** Checks an entry with the types of its params, then drops them for the table. */
export const filter = <P extends Params>(entry: Filter<P>): Filter => entry as unknown as Filter
