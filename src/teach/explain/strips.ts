import { correlationBank, transpositionBank } from '../../conv/bank.ts'
import { bankAlgorithm } from '../../conv/bank-algorithm.ts'
import { flatAxis, type TransposedAxis } from '../../conv/geometry.ts'
import type { RecipePlan } from '../../conv/plan.ts'
import { flatShape } from '../../definition/engine.ts'
import type { Shape } from '../../definition/layer.ts'
import { cutOf } from '../../graph/cut.ts'
import { type Explanation, layerRules } from '../../operators/explain.ts'
import { type Arithmetic, arithmetics } from '../../operators/operator.ts'

/** How the work is divided into pieces. It depends only on the shapes. Each thread takes one piece after another. */
export type Strips = {
  /** The number of pieces. */
  readonly count: number
  /** Output rows of each piece, except the last ones. */
  readonly rows: number
  /** Rows and columns of the input that a strip reads beyond its own. */
  readonly halo: RecipePlan['halo']
}

/** Returns the strips of kernels that run as filters. */
export const stripsOfRecipe = (plan: RecipePlan): Strips => ({
  count: Math.ceil(plan.outHeight / plan.stripRows),
  rows: plan.stripRows,
  halo: plan.halo,
})

/**
 * Returns how the sums of a bank are computed, and the strips of its first pass. The strips of a volume cover one slice
 * after another.
 */
export function bankFacts({
  operator,
  input,
  output,
  ...e
}: Explanation): Arithmetic & { readonly strips: Strips } {
  const axes: TransposedAxis[] = e.sizes.map(({ padding: [before, after], ...size }) => ({
    ...size,
    before,
    after,
    outputPadding: 0,
  }))
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
  const [x, y] = [input, [filters, ...output.slice(1)]].map(flatShape) as [Shape, Shape]
  const steps = [
    { shape: x, inputs: [], work: { kind: 'source' } },
    { shape: y, inputs: [0], work: { kind: 'bank', bank: { plan } } },
  ] as const
  const { stripRows: rows } = cutOf(steps)
  const beyond = ({ first, span }: { first: number; span: number }) =>
    [Math.max(0, -first), Math.max(0, first + span - 1)] as const
  const [[top, bottom], [left, right]] = [beyond(plan.rows), beyond(plan.columns)]
  return {
    ...arithmetic,
    strips: { count: Math.ceil(y[1] / rows), rows, halo: { top, bottom, left, right } },
  }
}

/** The slices of a volume [C,D,H,W]. A step for pictures sees them one after the other as [C,H,W]. */
export const slicesOf = (shape: readonly number[]): number | undefined =>
  shape.length === 4 ? shape[1] : undefined
export const planeOf = ([channels = 1, ...size]: readonly number[]): readonly number[] => [
  channels,
  ...size.slice(-2),
]

export function ofSlices<E extends Explanation>(e: E, slices: number): E {
  const deep = ([channels = 1, ...size]: readonly number[]) => [channels, slices, ...size]
  const { count, formula, filled } = e.multiplications
  const { input, weights, output } = e.memory
  return {
    ...e,
    input: deep(e.input),
    output: deep(e.output),
    multiplications: {
      count: count * slices,
      formula: `D · ${formula}`,
      filled: `${slices} · ${filled.replace(String(count), String(count * slices))}`,
    },
    receptiveField: [1, ...e.receptiveField],
    step: [1, ...e.step],
    ...(e.plain && { plain: { ...e.plain, multiplications: e.plain.multiplications * slices } }),
    memory: { input: input * slices, weights, output: output * slices },
  }
}
