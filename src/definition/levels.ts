import { type Extremes, extremesOf, noExtremes } from './quantise.ts'

/**
 * How samples become levels: unchanged, `low + v · gain` clamped to 0..full, `(v − min) · gain`, `|v|`, or `v + by`.
 * Rounded to float32 once, except that v − min is rounded first as well.
 */
export type Levels =
  | { readonly kind: 'plain' }
  | { readonly kind: 'absolute' }
  | { readonly kind: 'shifted'; readonly by: number }
  | { readonly kind: 'legible'; readonly low: number; readonly gain: number; readonly full: number }
  | { readonly kind: 'stretched'; readonly min: number; readonly gain: number }

/** Returns the level of a sample. */
export function levelOf(levels: Levels): (v: number) => number {
  switch (levels.kind) {
    case 'plain':
      return (v) => v
    case 'absolute':
      return Math.abs
    case 'shifted':
      return (v) => v + levels.by
    case 'stretched':
      return (v) => Math.fround(v - levels.min) * levels.gain
    case 'legible':
      return (v) => Math.min(levels.full, Math.max(0, levels.low + v * levels.gain))
  }
}

/**
 * The facts that the levels of maps depend on: the extremes of the finite samples, and whether any sample is negative.
 */
export type MapFacts = Extremes & { readonly isSigned: boolean }

/** The facts about no samples. */
export const noFacts: MapFacts = { ...noExtremes, isSigned: false }

/** Returns the facts about samples, joined with those about earlier ones. */
export const factsOf = (map: Float32Array, soFar = noFacts): MapFacts => ({
  ...extremesOf(map, soFar),
  isSigned: soFar.isSigned || map.some((v) => v < 0),
})

/** The number of parts that the range up to the largest magnitude is divided into. */
export const magnitudeParts = 4096
/** The number of bins of a histogram of magnitudes: the parts, and one for the largest magnitude itself. */
export const magnitudeBins = magnitudeParts + 1

/** Counts the finite samples by magnitude. */
export function countMagnitudes(
  bins: Uint32Array,
  map: Float32Array,
  from: number,
  n: number,
  largest: number,
): void {
  if (largest === 0) return
  for (let i = from; i < from + n; i++) {
    const v = Math.abs(map[i]!)
    if (v < Number.POSITIVE_INFINITY) bins[Math.floor((v / largest) * magnitudeParts)]!++
  }
}
