import type { Rows, Span } from './rows.ts'

/**
 * One axis of a pooling. Output sample o depends on the taps `low[o]` to `high[o]`; tap 0 is at position `start[o]`.
 */
export type PoolAxis = Readonly<
  Record<'input' | 'output' | 'dilation', number> & Record<'start' | 'low' | 'high', Int32Array>
>

export type PoolAxes = readonly [depth: PoolAxis, row: PoolAxis, column: PoolAxis]

/** Returns the first position that output sample `o` depends on; `lastTap` returns the last. */
export const firstTap = ({ start, low, dilation }: PoolAxis, o: number): number =>
  start[o]! + low[o]! * dilation
export const lastTap = ({ start, high, dilation }: PoolAxis, o: number): number =>
  start[o]! + high[o]! * dilation

/**
 * Max pooling, the definition. Writes row `y` of plane `z` of channel `c` into `out`, starting at `at`, and the indices
 * of the maxima in the channel into `indices`, for all columns or some. Taps are visited in row-major order. Of equal
 * maxima, the first is kept; the first NaN wins over every number.
 */
export function poolRow(
  x: Rows,
  [az, ay, ax]: PoolAxes,
  c: number,
  z: number,
  y: number,
  out: Float32Array,
  at: number,
  indices?: Int32Array,
  [left, right]: Span = [0, ax.output],
): void {
  const [height, width, step] = [ay.input, ax.input, ax.dilation]
  for (let column = left; column < right; column++) {
    const first = ax.start[column]! + ax.low[column]! * step
    const last = ax.start[column]! + ax.high[column]! * step
    let place = -1
    let best = 0
    for (let t = az.low[z]!; t <= az.high[z]!; t++) {
      const plane = (az.start[z]! + t * az.dilation) * height
      for (let u = ay.low[y]!; u <= ay.high[y]!; u++) {
        const row = plane + ay.start[y]! + u * ay.dilation
        const from = x.at(c, row)
        for (let p = first; p <= last; p += step) {
          const v = x.data[from + p]!
          // biome-ignore lint/suspicious/noSelfCompare: the cheapest test for NaN, in the innermost loop
          if (place < 0 || v > best || (v !== v && best === best)) {
            best = v
            place = row * width + p
          }
        }
      }
    }
    out[at + column] = best
    if (indices !== undefined) indices[at + column] = place
  }
}
