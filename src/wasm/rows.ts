// Rows of float32 samples one by one (definitions: layers.ts). In place is allowed; up to 12 bytes past the end are read and
// written.

import { Address } from './address'

/** src / scale + bias, both steps rounded. */
export function affineRow(dst: Address, src: Address, n: i32, scale: f32, bias: f32): void {
  const s = f32x4.splat(scale)
  const b = f32x4.splat(bias)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    v128.store(dst + i, f32x4.add(f32x4.div(v128.load(src + i), s), b))
  }
}

/** src where it is above 0 or no number, else 0. */
export function reluRow(dst: Address, src: Address, n: i32): void {
  const zero = f32x4.splat(0)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, v128.andnot(x, f32x4.le(x, zero)))
  }
}

/** src below 0 times the slope, else src. */
export function preluRow(dst: Address, src: Address, n: i32, slope: f32): void {
  const zero = f32x4.splat(0)
  const s = f32x4.splat(slope)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, v128.bitselect(f32x4.mul(x, s), x, f32x4.lt(x, zero)))
  }
}

/** src, at least `low` and at most `high`. */
export function clipRow(dst: Address, src: Address, n: i32, low: f32, high: f32): void {
  const a = f32x4.splat(low)
  const b = f32x4.splat(high)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16)
    v128.store(dst + i, f32x4.min(b, f32x4.max(a, v128.load(src + i))))
}

/** Two vectors by an operation: 0 a + b, 1 a − b, 2 a · b, 3 a / b, 4 the smaller, 5 the larger; of the last two a where it is NaN. */
@inline
function combined(a: v128, b: v128, operation: i32): v128 {
  if (operation == 0) return f32x4.add(a, b)
  if (operation == 1) return f32x4.sub(a, b)
  if (operation == 2) return f32x4.mul(a, b)
  if (operation == 3) return f32x4.div(a, b)
  const isFirst = operation == 4 ? f32x4.lt(a, b) : f32x4.gt(a, b)
  return v128.bitselect(a, b, v128.or(isFirst, f32x4.ne(a, a)))
}

/** Two rows by an operation, see `combined`. */
export function operationRow(dst: Address, a: Address, b: Address, n: i32, operation: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16)
    v128.store(dst + i, combined(v128.load(a + i), v128.load(b + i), operation))
}

/** A row and a number, which comes after it, or with `isFirst` before. */
export function numberRow(dst: Address, src: Address, n: i32, operation: i32, number: f32, isFirst: bool): void {
  const k = f32x4.splat(number)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    v128.store(dst + i, isFirst ? combined(k, x, operation) : combined(x, k, operation))
  }
}

/** (src − mean) / root · gamma + beta in doubles, rounded once. */
export function normalizedRow(dst: Address, src: Address, n: i32, mean: f64, root: f64, gamma: f64, beta: f64): void {
  const m = f64x2.splat(mean)
  const r = f64x2.splat(root)
  const g = f64x2.splat(gamma)
  const b = f64x2.splat(beta)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const x = v128.load(src + i)
    const low = f64x2.promote_low_f32x4(x)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1))
    const p = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(f64x2.div(f64x2.sub(low, m), r), g), b))
    const q = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(f64x2.div(f64x2.sub(high, m), r), g), b))
    v128.store(dst + i, v128.shuffle<i32>(p, q, 0, 1, 4, 5))
  }
}
