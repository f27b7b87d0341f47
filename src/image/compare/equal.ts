import { optional } from '../../text/record.ts'
import type { Size } from '../size.ts'
import type { Comparison, Mismatch, Shape, Smallest } from './comparison.ts'
import { ignoredPixels } from './region.ts'
import type { Tolerance } from './tolerance.ts'

// Comparison of pictures with equal samples, without the code that measures, which files of equal bytes do not need.

/** The result of `comparePictures` for a picture and itself. @throws ConvoError as it does */
export function compareEqual(shape: Shape, tolerance: Tolerance): Comparison {
  const ignored = ignoredPixels(shape.width, shape.height, tolerance)
  const result = {
    expected: shape,
    actual: shape,
    mismatches: [],
    notes: [],
    ...optional('ignored', ignored),
  }
  return equal(result, shape, { mismatches: [], notes: [] })
}

/** What a comparison of the profiles of two pictures adds to a result. */
export type Colour = { readonly mismatches: readonly Mismatch[]; readonly notes: readonly string[] }

/** The result for pictures with equal samples, whose shapes or profiles may differ. */
export function equal(
  result: Pick<Comparison, 'expected' | 'actual' | 'mismatches' | 'notes' | 'ignored'>,
  pair: Size,
  colour: Colour,
): Comparison {
  const isUnlike = result.mismatches.some((mismatch) => mismatch !== 'icc')
  return {
    ...result,
    outcome: result.mismatches.length === 0 ? 'same' : 'different',
    stats: {
      compared: comparedPixels(pair, result.ignored),
      differing: 0,
      share: 0,
      counted: 0,
      rmse: 0,
      psnr: Number.POSITIVE_INFINITY,
      clusters: [],
    },
    failed: [],
    smallest: isUnlike ? {} : withProfile({ farther: {}, more: {} }, colour),
  }
}

/** The number of pixels that are compared. */
export function comparedPixels(pair: Size, ignored: Uint8Array | undefined): number {
  const pixels = pair.width * pair.height
  return ignored === undefined ? pixels : pixels - marked(ignored)
}

/** Counts the pixels marked with 1; the others are 0. A function call for each would take 10 times as long. */
export function marked(marks: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < marks.length; at++) sum += marks[at]!
  return sum
}

/** Adds `icc: 'ignore'` to the limits if the profiles differ, because no other limit tolerates that. */
export function withProfile({ farther, more }: Smallest, { mismatches }: Colour): Smallest {
  if (mismatches.length === 0) return { ...(farther && { farther }), ...(more && { more }) }
  const icc = 'ignore'
  return { ...(farther && { farther: { ...farther, icc } }), ...(more && { more: { ...more, icc } }) }
}
