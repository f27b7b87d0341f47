import { type Extremes, extremesOf, noExtremes } from './quantise.ts'

/**
 * How samples become levels: as they are, by `low + v · gain` clamped to 0..full, by `(v − min) · gain`, by `|v|`, or by `v + by`;
 * rounded to float32 once, but where the smallest is taken off before.
 */
export type Levels =
  | { readonly kind: 'plain' }
  | { readonly kind: 'absolute' }
  | { readonly kind: 'shifted'; readonly by: number }
  | { readonly kind: 'legible'; readonly low: number; readonly gain: number; readonly full: number }
  | { readonly kind: 'stretched'; readonly min: number; readonly gain: number }

/** Samples as levels, into `out` from `to` on. */
export function writeLevels(
  levels: Levels,
  map: Float32Array,
  from: number,
  n: number,
  out: Float32Array,
  to: number,
): void {
  if (levels.kind === 'plain') out.set(map.subarray(from, from + n), to)
  else if (levels.kind === 'absolute') {
    for (let i = 0; i < n; i++) out[to + i] = Math.abs(map[from + i]!)
  } else if (levels.kind === 'shifted') {
    for (let i = 0; i < n; i++) out[to + i] = map[from + i]! + levels.by
  } else if (levels.kind === 'stretched') {
    const { min, gain } = levels
    for (let i = 0; i < n; i++) out[to + i] = Math.fround(map[from + i]! - min) * gain
  } else {
    const { low, gain, full } = levels
    for (let i = 0; i < n; i++) out[to + i] = Math.min(full, Math.max(0, low + map[from + i]! * gain))
  }
}

/** What decides the levels of maps: the extremes of the finite samples, and whether any sample is below 0. */
export type MapFacts = Extremes & { readonly isSigned: boolean }

/** The facts about nothing. */
export const noFacts: MapFacts = { ...noExtremes, isSigned: false }

/** The facts about samples and those before. */
export const factsOf = (map: Float32Array, soFar = noFacts): MapFacts => ({
  ...extremesOf(map, soFar),
  isSigned: soFar.isSigned || map.some((v) => v < 0),
})

/** Parts of the largest magnitude by which magnitudes are counted. */
export const magnitudeParts = 4096
/** Bins of a histogram of magnitudes: parts of the largest, and that itself. */
export const magnitudeBins = magnitudeParts + 1

/** Counts the finite samples by their magnitude. */
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
