import { correlationBank, transpositionBank } from '../../conv/bank.ts'
import { bankAlgorithm } from '../../conv/bank-algorithm.ts'
import { flatAxis, type TransposedAxis } from '../../conv/geometry.ts'
import type { RecipePlan } from '../../conv/plan.ts'
import { type Explanation, layerRules } from '../../operators/explain.ts'
import { type Arithmetic, arithmetics } from '../../operators/operator.ts'
import { partsOf } from '../../run/bank.ts'

/** How the work is cut up, a pure function of the shapes: threads take piece after piece. */
export type Strips = {
  /** All pieces. */
  readonly count: number
  /** Output rows of each, but for the last ones. */
  readonly rows: number
  /** Rows and columns of the input that a strip reads beyond its own. */
  readonly halo: RecipePlan['halo']
  /** Of banks: a piece is a strip of a few groups, together that number, and of one slice. */
  readonly groups?: number
  readonly slices?: number
}

/** The strips of kernels that run as filters do. */
export const stripsOfRecipe = (plan: RecipePlan): Strips => ({
  count: Math.ceil(plan.outHeight / plan.stripRows),
  rows: plan.stripRows,
  halo: plan.halo,
})

/** How the sums of a bank are computed, and the pieces of its first pass. */
export function bankFacts({
  operator,
  input,
  output,
  ...e
}: Explanation): Arithmetic & { readonly strips: Strips } {
  const axes = e.sizes.map(
    (s): TransposedAxis => ({
      input: s.input,
      kernel: s.kernel,
      stride: s.stride,
      dilation: s.dilation,
      before: s.padding[0],
      after: s.padding[1],
      output: s.output,
      outputPadding: 0,
    }),
  )
  while (axes.length < 3) axes.unshift(flatAxis)
  const [depth, row, column] = axes as [TransposedAxis, TransposedAxis, TransposedAxis]
  const channels = input[0]!
  const { alone, paints } = layerRules(operator)!
  const groups = alone ? channels : e.groups
  const filters = alone ? channels * e.multiplier : output[0]!
  const shape = { channels, filters, groups, axes: [depth, row, column] } as const
  const algorithm = e.sizes.length === 3 ? ('direct' as const) : undefined
  const correlation = { ...shape, border: 'constant', fill: 0, algorithm } as const
  const plan = paints ? transpositionBank(shape) : correlationBank(correlation)
  const arithmetic = plan.algorithm === 'direct' ? arithmetics.bank : bankAlgorithm(correlation)
  const { rows, count, groupsPerPart } = partsOf(plan)
  const beyond = ({ first, span }: { first: number; span: number }) =>
    [Math.max(0, -first), Math.max(0, first + span - 1)] as const
  const [[top, bottom], [left, right]] = [beyond(plan.rows), beyond(plan.columns)]
  const strips = {
    count,
    rows: rows * plan.outStep[1],
    halo: { top, bottom, left, right },
    groups: Math.ceil(plan.groups / groupsPerPart),
    slices: plan.grid[0],
  }
  return { ...arithmetic, strips }
}
