// The ridges of a gradient (definition: thinned in definition/edges.ts).

import { Address } from './address'

@inline
function strength(gx: usize, gy: usize): f32 {
  const dx = load<f32>(gx)
  const dy = load<f32>(gy)
  return sqrt<f32>(dx * dx + dy * dy)
}

/** Interpolates between the strengths at two places. */
@inline
function between(ax: usize, ay: usize, bx: usize, by: usize, w: f32): f32 {
  const a = strength(ax, ay)
  return a + (strength(bx, by) - a) * w
}

@inline
function markAt(gx: usize, gy: usize, gxPitch: isize, gyPitch: isize, low: f32, high: f32): f32 {
  const dx = load<f32>(gx)
  const dy = load<f32>(gy)
  const m = strength(gx, gy)
  if (!(m >= low) || m == 0) return 0
  const isSteep = abs(dy) >= abs(dx)
  const w = isSteep ? abs(dx) / abs(dy) : abs(dy) / abs(dx)
  const across: isize = dx < 0 ? -4 : 4
  const downX = dy < 0 ? -gxPitch : gxPitch
  const downY = dy < 0 ? -gyPitch : gyPitch
  const firstX = isSteep ? downX : across
  const firstY = isSteep ? downY : across
  const secondX = downX + across
  const secondY = downY + across
  if (!(between(gx + firstX, gy + firstY, gx + secondX, gy + secondY, w) <= m)) return 0
  if (!(between(gx - firstX, gy - firstY, gx - secondX, gy - secondY, w) <= m)) return 0
  return m >= high ? 2 : 1
}

/**
 * Marks a row of n places by the gradients across and down: 0 none, 1 weak, 2 strong. There must be a row above and
 * below it.
 */
export function thinRow(
  dst: Address,
  gx: Address,
  gxPitch: isize,
  gy: Address,
  gyPitch: isize,
  n: usize,
  low: f32,
  high: f32,
): void {
  store<f32>(dst, 0)
  const last = (n - 1) * 4
  store<f32>(dst + last, 0)
  const least = f32x4.splat(low)
  for (let i: usize = 4; i < last; ) {
    if (i + 16 <= last) {
      const dx = v128.load(gx + i)
      const dy = v128.load(gy + i)
      const m = f32x4.sqrt(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)))
      // most places are not on an edge
      if (!v128.any_true(f32x4.ge(m, least))) {
        v128.store(dst + i, f32x4.splat(0))
        i += 16
        continue
      }
    }
    for (const end = min(i + 16, last); i < end; i += 4)
      store<f32>(dst + i, markAt(gx + i, gy + i, gxPitch, gyPitch, low, high))
  }
}
