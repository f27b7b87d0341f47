// A result over the picture that it was made from (definition: blend.ts). Rows may be read and written up to 12 bytes
// past their end.

import { Address } from './address'

/** The difference between the luma of a result and that of the colours it was made from. */
export function lumaChange(dst: Address, made: Address, r: Address, g: Address, b: Address, n: i32): void {
  const red = f32x4.splat(<f32>0.2126)
  const green = f32x4.splat(<f32>0.7152)
  const blue = f32x4.splat(<f32>0.0722)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const two = f32x4.add(f32x4.mul(red, v128.load(r + i)), f32x4.mul(green, v128.load(g + i)))
    const luma = f32x4.add(two, f32x4.mul(blue, v128.load(b + i)))
    v128.store(dst + i, f32x4.sub(v128.load(made + i), luma))
  }
}

/**
 * Blends a row of one channel: `made` over `x` with the weight `share`, times `mask` if there is one. If there is a
 * `change`, x + change takes the role of `made`. `under` and `over` are the alpha of the picture and of the result, by
 * which colours are weighted. The address of an absent row is 0.
 */
export function blendRow(
  dst: Address,
  x: Address,
  made: Address,
  change: Address,
  mask: Address,
  under: Address,
  over: Address,
  n: i32,
  share: f32,
): void {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  const all = f32x4.splat(share)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const w = mask == 0 ? all : f32x4.mul(all, v128.load(mask + i))
    const before = v128.load(x + i)
    const after = change == 0 ? v128.load(made + i) : f32x4.add(before, v128.load(change + i))
    const whole = f32x4.eq(w, one)
    const part = f32x4.add(before, f32x4.mul(w, f32x4.sub(after, before)))
    let mixed = v128.bitselect(after, part, whole)
    if (under != 0) {
      const ax = v128.load(under + i)
      const am = v128.load(over + i)
      const a = f32x4.mul(f32x4.sub(one, w), ax)
      const b = f32x4.mul(w, am)
      const sum = f32x4.add(a, b)
      const weighed = f32x4.div(f32x4.add(f32x4.mul(a, before), f32x4.mul(b, after)), sum)
      const seen = v128.bitselect(weighed, before, f32x4.gt(sum, zero))
      const isPlain = v128.or(whole, f32x4.eq(am, ax))
      mixed = v128.bitselect(mixed, seen, isPlain)
    }
    v128.store(dst + i, v128.bitselect(mixed, before, f32x4.gt(w, zero)))
  }
}
