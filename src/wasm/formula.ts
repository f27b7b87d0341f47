// Formulas over the samples at one place (definitions: formulas.ts), four at a time, with every step rounded as in the
// definition. Rows may be read and written up to 12 bytes past their end.

import { Address } from './address'
import { angleOf } from './lanes'

/** The square root that both eigenvalues of [[xx, xy], [xy, yy]] contain. */
@inline
function rootOf(xx: v128, xy: v128, yy: v128): v128 {
  const d = f32x4.mul(f32x4.sub(xx, yy), f32x4.splat(0.5))
  return f32x4.sqrt(f32x4.add(f32x4.mul(d, d), f32x4.mul(xy, xy)))
}

@inline
function responseOf(xx: v128, xy: v128, yy: v128, by: v128): v128 {
  const sum = f32x4.add(xx, yy)
  const determinant = f32x4.sub(f32x4.mul(xx, yy), f32x4.mul(xy, xy))
  return f32x4.sub(determinant, f32x4.mul(by, f32x4.mul(sum, sum)))
}

/** Four samples of formula number `which`, as numbered in run/layer-loops.ts. */
@inline
function formulaOf(which: i32, a: v128, b: v128, c: v128, d: v128, full: v128, by: v128): v128 {
  const zero = f32x4.splat(0)
  switch (which) {
    case 0:
      return f32x4.mul(a, b)
    case 1:
      return f32x4.sub(a, b)
    case 2:
      return f32x4.mul(a, by)
    case 3:
      return f32x4.add(f32x4.mul(a, b), c)
    case 4:
      return f32x4.sub(a, f32x4.mul(b, c))
    case 5: {
      const variance = f32x4.max(zero, f32x4.sub(d, f32x4.mul(b, b)))
      return f32x4.div(f32x4.sub(a, f32x4.mul(b, c)), f32x4.add(variance, by))
    }
    case 6:
      return f32x4.add(f32x4.mul(f32x4.add(a, c), f32x4.splat(0.5)), rootOf(a, b, c))
    case 7:
      return f32x4.sub(f32x4.mul(f32x4.add(a, c), f32x4.splat(0.5)), rootOf(a, b, c))
    case 8: {
      const sum = f32x4.add(a, c)
      const root = rootOf(a, b, c)
      const q = v128.and(f32x4.div(f32x4.add(root, root), sum), f32x4.gt(sum, zero))
      return f32x4.mul(full, f32x4.min(f32x4.splat(1), f32x4.mul(q, q)))
    }
    case 9:
      return angleOf(f32x4.sub(a, c), f32x4.add(b, b), f32x4.mul(full, f32x4.splat(0.5)))
    case 10:
      return responseOf(a, b, c, by)
    case 11: {
      const positive = f32x4.max(zero, responseOf(a, b, c, by))
      return f32x4.mul(f32x4.mul(f32x4.splat(4), full), f32x4.sqrt(f32x4.sqrt(positive)))
    }
    case 12:
      return v128.and(f32x4.div(a, b), v128.and(f32x4.ge(a, zero), f32x4.gt(b, by)))
    case 14:
      return f32x4.sqrt(f32x4.add(f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b)), f32x4.mul(c, c)))
    default:
      return v128.bitselect(f32x4.max(zero, f32x4.div(f32x4.mul(a, b), c)), a, f32x4.gt(c, by))
  }
}

/**
 * A row of n samples of formula number `which` over up to four rows. Rows that the formula does not use may be
 * anything.
 */
export function formulaRow(
  dst: Address,
  a: Address,
  b: Address,
  c: Address,
  d: Address,
  n: i32,
  which: i32,
  full: f32,
  by: f32,
): void {
  const white = f32x4.splat(full)
  const number = f32x4.splat(by)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const made = formulaOf(
      which,
      v128.load(a + i),
      v128.load(b + i),
      v128.load(c + i),
      v128.load(d + i),
      white,
      number,
    )
    v128.store(dst + i, made)
  }
}

/** The formula `damped`, in float64 and rounded once. The result is 0 unless a is at least 0 and b is above `least`. */
export function dampedRow(dst: Address, a: Address, b: Address, n: i32, least: f32, by: f64): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4) {
    const seen = <f64>load<f32>(a + i)
    const blurred = load<f32>(b + i)
    if (!(seen >= 0 && blurred > least)) {
      store<f32>(dst + i, 0)
      continue
    }
    const under = <f64>blurred
    const far = (seen - under) / by
    const u = Math.min(1, far * far)
    let power: f64 = 1
    for (let k = 1; k < 10; k++) power *= u
    store<f32>(dst + i, <f32>(1 + power * (10 - 9 * u) * (seen / under - 1)))
  }
}
