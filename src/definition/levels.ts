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
