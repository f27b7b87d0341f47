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

/** a / b. */
export function divideRow(dst: Address, a: Address, b: Address, n: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    v128.store(dst + i, f32x4.div(v128.load(a + i), v128.load(b + i)))
  }
}

/** a + b. */
export function addRow(dst: Address, a: Address, b: Address, n: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    v128.store(dst + i, f32x4.add(v128.load(a + i), v128.load(b + i)))
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
