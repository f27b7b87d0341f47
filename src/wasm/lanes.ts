// Small pieces that several loops share; inlined, never exported from the module.

/** Powers of two whose reciprocal is a normal number, of either sign. */
// @ts-ignore: decorator
@inline
export function isPowerOfTwo(scale: f32): bool {
  const bits = reinterpret<u32>(scale)
  const exponent = (bits >> 23) & 0xff
  return (bits & 0x7fffff) == 0 && exponent > 1 && exponent < 253
}

/**
 * v rounded half to even to i32, for any v: beyond -32768 and 98303 it is one of those. Adding 1.5 x 2^23 leaves the
 * rounded value in the low bits of the sum.
 */
// @ts-ignore: decorator
@inline
export function nearest(v: v128): v128 {
  const inside = f32x4.pmin(f32x4.splat(98303), f32x4.pmax(f32x4.splat(-32768), v))
  return i32x4.sub(f32x4.add(inside, f32x4.splat(12582912)), i32x4.splat(0x4b400000))
}

/** Which of 8 lanes count as clipped: all, or all but alpha. */
// @ts-ignore: decorator
@inline
export function countedLanes(how: usize): v128 {
  const alpha = load<i32>(how, 20)
  if (alpha == 4) return i16x8(-1, -1, -1, 0, -1, -1, -1, 0)
  return alpha == 2 ? i16x8(-1, 0, -1, 0, -1, 0, -1, 0) : i16x8.splat(-1)
}

/** Adds 8 unsigned 16-bit lanes to the u32 at `count`. */
// @ts-ignore: decorator
@inline
export function addCount(count: usize, lanes: v128): void {
  const four = i32x4.extadd_pairwise_i16x8_u(lanes)
  const two = i32x4.add(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1))
  store<u32>(count, load<u32>(count) + i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1))
}
