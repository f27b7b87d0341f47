// Resampling along rows (definition: across in definition/resample.ts).

import { Address } from './address'

/**
 * A row of n samples: sample o is the sum over t of weights[t · n + o] · src[first[o] + t], each step rounded; a weight
 * of 0 is not a tap. Tables and rows may be read 64 bytes past their end; what comes after the end of `first` must be a
 * place in the row.
 */
export function resampleRow(dst: Address, src: Address, n: i32, first: Address, weights: Address, taps: i32): void {
  const step = <usize>n << 2
  const zero = f32x4.splat(0)
  for (let o: usize = 0; o < step; o += 16) {
    const a = src + (<usize>load<i32>(first + o) << 2)
    const b = src + (<usize>load<i32>(first + o, 4) << 2)
    const c = src + (<usize>load<i32>(first + o, 8) << 2)
    const d = src + (<usize>load<i32>(first + o, 12) << 2)
    let sum = f32x4.splat(0)
    let w = weights + o
    for (let t: usize = 0, end = <usize>taps << 2; t < end; t += 4, w += step) {
      let v = v128.load32_zero(a + t)
      v = v128.load32_lane(b + t, v, 1)
      v = v128.load32_lane(c + t, v, 2)
      v = v128.load32_lane(d + t, v, 3)
      const weight = v128.load(w)
      sum = f32x4.add(sum, v128.and(f32x4.mul(weight, v), f32x4.ne(weight, zero)))
    }
    v128.store(dst + o, sum)
  }
}
