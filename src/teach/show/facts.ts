import { analyse, directionText, isRanked } from '../../kernel/analyse.ts'
import { type Kernel, planeSize, showShape } from '../../kernel/kernel.ts'
import { formatNumber } from '../draw/measure.ts'

/** The facts shown beside the drawing of a kernel. */
export type Facts = {
  /** the name of the kernel */
  readonly name: string
  /** its sizes, the slowest axis first */
  readonly shape: readonly number[]
  /** the sum of its weights */
  readonly sum: number
  /** the sum of their magnitudes */
  readonly absSum: number
  /** the sum of products is divided by this */
  readonly scale: number
  /** added after that, in levels of 0..255 */
  readonly offset: number
  /** y, x */
  readonly anchor: readonly [number, number]
  /** whether the format of its source rotates it or uses it as written, and the command that does the same */
  readonly direction?: string
  /** whether all weights are whole */
  readonly isInteger: boolean
  /** the smallest weight */
  readonly min: number
  /** the largest weight */
  readonly max: number
  /** its rank; only for a single plane of at most 128x512 or 512x128, as larger ones take minutes */
  readonly rank?: number
}

/** Returns the facts of a kernel. `name` is used if it has no name of its own. */
export function factsOfKernel(kernel: Kernel, name: string): Facts {
  const { shape, weights, scale, offset } = kernel
  const [kH, kW] = planeSize(shape)
  const { sum, absSum, isInteger, rank } = analyse(
    isRanked(kernel) ? kernel : { ...kernel, shape: [1, ...shape] },
  )
  return {
    name: kernel.name ?? name,
    shape,
    sum,
    absSum,
    scale,
    offset,
    anchor: kernel.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)],
    ...(kernel.direction === undefined ? {} : { direction: directionText(kernel.direction) }),
    isInteger,
    min: weights.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    max: weights.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    ...(rank === undefined ? {} : { rank }),
  }
}

/** Returns the facts as text, one string for each. */
export function factWords(facts: Facts): string[] {
  const { shape, scale, offset, rank, isInteger, anchor } = facts
  const [kH, kW] = planeSize(shape)
  const isZero = Math.abs(facts.sum) <= 1e-9 * facts.absSum
  return [
    `${kW}x${kH}${shape.length > 2 ? ` of ${showShape(shape)}` : ''}`,
    `sum ${isZero ? '0' : formatNumber(facts.sum, 4)}`,
    `scale ${formatNumber(scale, 4)}`,
    ...(offset === 0 ? [] : [`offset ${formatNumber(offset, 4)}`]),
    ...(rank === undefined ? [] : [`rank ${rank}${rank === 1 ? ' (separable)' : ''}`]),
    `anchor ${anchor[1]},${anchor[0]}`,
    isInteger ? 'whole weights' : 'fractional weights',
    ...(facts.direction === undefined ? [] : [facts.direction]),
  ]
}
