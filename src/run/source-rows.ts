import type { RecipePlan } from '../conv/plan.ts'
import { type Address, nowhere } from '../graph/address.ts'
import { borders } from '../tensor/border.ts'

/** The input rows of a recipe, for the current strip. */
export type SourceRows = {
  /** Sets the function that returns the addresses of rows. */
  turn(address: (row: number) => Address): void
  address(row: number): Address
  /** The address of the row under output row `y`, or -1 if there is none. */
  under(y: number): Address
}

export function sourceRows({ stride, origin, border, height }: RecipePlan): SourceRows {
  const place = borders[border].source
  let address = (_row: number): Address => nowhere
  return {
    turn(of) {
      address = of
    },
    address: (row) => address(row),
    under(y) {
      const row = place(origin[0] + y * stride[0], height)
      return row < 0 ? nowhere : address(row)
    },
  }
}
