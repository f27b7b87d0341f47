import { ConvoError, mismatch } from '../error.ts'
import { analyse, decomposeAhead, factor, lowRank } from '../kernel/analyse.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { checkOptions } from '../params.ts'

/** A kernel as a sum of outer products of a column and a row. */
export type Separation = {
  /** The column of the first term. */
  readonly column: Float64Array
  /** The row of the first term. */
  readonly row: Float64Array
  /** One term for a kernel of rank 1, or as many as requested, the most important first. */
  readonly terms: readonly {
    /** A column, kH numbers. */
    readonly column: Float64Array
    /** A row, kW numbers. */
    readonly row: Float64Array
  }[]
  /** All singular values, in decreasing order. The number of those that are not nearly 0 is the rank. */
  readonly singularValues: Float64Array
  /** The error of the sum of the terms in the Frobenius norm, relative to the kernel: 0 for a kernel of rank 1. */
  readonly error: number
}

/**
 * Factors a plane kernel into a column and a row whose outer product it is: kH + kW numbers instead of kH·kW (Sobel: 6
 * instead of 9). Whole weights give whole factors. With `rank` r, it returns the best approximation by r outer products
 * (Eckart and Young 1936) and its error.
 *
 * @throws ConvoError E_SHAPE for a kernel that is not [kH,kW]; E_KERNEL_VALUE with the singular values if the rank is not
 *   1 and no `rank` is given
 */
export async function separateKernel(
  plane: Kernel,
  options: {
    /** The number of outer products, from 1 to the smaller of the kernel's sizes. Default: 1, which must be exact. */
    readonly rank?: number | undefined
  } = {},
): Promise<Separation> {
  checkOptions(options, 'separate', ['rank'])
  if (plane.shape.length !== 2)
    throw new ConvoError('E_SHAPE', `kernel must have rank 2, [kH,kW], to be factored, got [${plane.shape}]`)
  await decomposeAhead(plane)
  const { singularValues = new Float64Array(), rank = 0 } = analyse(plane)
  const factors = factor(plane)
  if (options.rank === undefined) {
    if (factors === undefined) throw notSeparable(plane, rank, singularValues)
    const { col: column, row } = factors
    return { column, row, terms: [{ column, row }], singularValues, error: 0 }
  }
  const most = Math.min(...plane.shape)
  if (!Number.isSafeInteger(options.rank) || options.rank < 1 || options.rank > most) {
    throw mismatch(
      `rank must be a whole number from 1 to ${most} for a ${plane.shape.join('x')} kernel`,
      options.rank,
      { fix: `--rank ${most}` },
    )
  }
  if (rank === 0) throw notSeparable(plane, rank, singularValues)
  const approximation = lowRank(plane, options.rank)
  const exact = factors !== undefined && options.rank === 1
  const terms = exact ? [factors] : approximation.terms
  const named = terms.map(({ col, row }) => ({ column: col, row }))
  return { ...named[0]!, terms: named, singularValues, error: exact ? 0 : approximation.error }
}

/** Singular values below this share of the largest are not printed. */
const shown = 1e-12

function notSeparable(plane: Kernel, rank: number, values: Float64Array): ConvoError {
  const largest = values[0] ?? 0
  const list = Array.from(values, (v) => (v <= largest * shown ? '0' : String(Number(v.toPrecision(4)))))
  const what = `the kernel of ${plane.shape.join('x')} is not separable: its rank is ${rank}, not 1`
  return new ConvoError('E_KERNEL_VALUE', what, {
    why: `singular values: ${list.join(', ')}`,
    fix: rank === 0 ? 'a kernel with weights other than 0' : `--rank ${rank}`,
  })
}
