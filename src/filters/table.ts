import { compasses } from './compass.ts'
import { detail } from './detail.ts'
import type { Filter } from './filter.ts'
import { gradients } from './gradients.ts'
import { seconds } from './second.ts'
import { smoothing } from './smoothing.ts'

/** Every named filter, in the order of lists and help. */
export const filters: Readonly<Record<string, Filter>> = {
  ...gradients,
  ...compasses,
  ...seconds,
  ...smoothing,
  ...detail,
}
