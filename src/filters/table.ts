import type { Operator } from '../operators/operator.ts'
import { compasses } from './compass.ts'
import { deblurring } from './deblur.ts'
import { detail } from './detail.ts'
import { edges } from './edges.ts'
import type { Filter } from './filter.ts'
import { gradients } from './gradients.ts'
import { keeping } from './keeping.ts'
import { seconds } from './second.ts'
import { sizes } from './size/size.ts'
import { smoothing } from './smoothing.ts'
import { windows } from './windows/rank.ts'

/** The named filters that are one or a few sums of weights, in the order of lists and help. */
export const filters: Readonly<Record<string, Filter>> = {
  ...gradients,
  ...compasses,
  ...seconds,
  ...smoothing,
  ...detail,
}

/** The named filters that need steps on planes. */
export const stepFilters: Readonly<Record<string, Operator>> = {
  ...edges,
  ...keeping,
  ...deblurring,
  ...windows,
  ...sizes,
}
