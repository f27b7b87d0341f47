// Combines rows of float32 sums into one (see conv/recipe.ts), each step rounded to float32.
// All may work in place. Rows may be read and written up to 64 bytes past their end.
import { Address } from './address'
import { angleOf, isPowerOfTwo } from './lanes'

/**
 * dst = src / scale: a true division, or if the reciprocal is exact, a multiplication by it, which gives the same bits.
 */
export function scaleRow(dst: Address, src: Address, n: i32, scale: f32): void {
  const end = src + (<usize>n << 2)
  if (isPowerOfTwo(scale)) {
    const factor = f32x4.splat(1 / scale)
    for (; src < end; src += 16, dst += 16) v128.store(dst, f32x4.mul(v128.load(src), factor))
  } else {
    const divisor = f32x4.splat(scale)
    for (; src < end; src += 16, dst += 16) v128.store(dst, f32x4.div(v128.load(src), divisor))
  }
}

/** dst = √(b0² + b1²). */
export function magnitude(dst: Address, b0: Address, b1: Address, n: i32): void {
  for (const end = b0 + (<usize>n << 2); b0 < end; b0 += 16, b1 += 16, dst += 16) {
    const x = v128.load(b0)
    const y = v128.load(b1)
    v128.store(dst, f32x4.sqrt(f32x4.add(f32x4.mul(x, x), f32x4.mul(y, y))))
  }
}

/** dst = ((atan2(b1, b0) / π) + 1) · (full / 2). */
export function angle(dst: Address, b0: Address, b1: Address, n: i32, full: f32): void {
  const half = f32x4.splat(full * 0.5)
  for (const end = b0 + (<usize>n << 2); b0 < end; b0 += 16, b1 += 16, dst += 16)
    v128.store(dst, angleOf(v128.load(b0), v128.load(b1), half))
}

/** dst = the larger of a and b; a if they are equal. */
export function larger(dst: Address, a: Address, b: Address, n: i32): void {
  for (const end = a + (<usize>n << 2); a < end; a += 16, b += 16, dst += 16) {
    v128.store(dst, f32x4.pmax(v128.load(a), v128.load(b)))
  }
}

/** dst = a - b. */
export function difference(dst: Address, a: Address, b: Address, n: i32): void {
  for (const end = a + (<usize>n << 2); a < end; a += 16, b += 16, dst += 16) {
    v128.store(dst, f32x4.sub(v128.load(a), v128.load(b)))
  }
}

/** dst = b0 + amount · d if |d| > threshold, else b0; d = b0 - b1. */
export function unsharp(dst: Address, b0: Address, b1: Address, n: i32, amount: f32, threshold: f32): void {
  const strength = f32x4.splat(amount)
  const bound = f32x4.splat(threshold)
  for (const end = b0 + (<usize>n << 2); b0 < end; b0 += 16, b1 += 16, dst += 16) {
    const v = v128.load(b0)
    const d = f32x4.sub(v, v128.load(b1))
    const sharp = f32x4.add(v, f32x4.mul(strength, d))
    v128.store(dst, v128.bitselect(sharp, v, f32x4.gt(f32x4.abs(d), bound)))
  }
}

/** dst = sum + b²: one step of the sums of `share`, which start from a row of zeros. */
export function addSquare(dst: Address, sum: Address, b: Address, n: i32): void {
  for (const end = b + (<usize>n << 2); b < end; b += 16, sum += 16, dst += 16) {
    const v = v128.load(b)
    v128.store(dst, f32x4.add(v128.load(sum), f32x4.mul(v, v)))
  }
}

/** dst = full · √(part / all), or 0 if `all` is 0. */
export function share(dst: Address, part: Address, all: Address, n: i32, full: f32): void {
  const top = f32x4.splat(full)
  const zero = f32x4.splat(0)
  for (const end = part + (<usize>n << 2); part < end; part += 16, all += 16, dst += 16) {
    const a = v128.load(all)
    const ratio = v128.and(f32x4.div(v128.load(part), a), f32x4.ne(a, zero))
    v128.store(dst, f32x4.mul(top, f32x4.sqrt(ratio)))
  }
}

/**
 * Converts rows that were premultiplied before they were accumulated back to straight colour; 2 or 4 channels, alpha
 * last. A = sum of alpha / weightSum; colour = A > 0 ? (P / scale) / A : 0, then + offset; alpha = A clamped to
 * 0..full. Colour is divided by the unclamped A: if a sharpened alpha overshoots, so do the sums of colour, and a flat
 * colour stays flat.
 */
export function unpremultiply(
  dst: Address,
  src: Address,
  pixels: i32,
  channels: i32,
  scale: f32,
  offset: f32,
  weightSum: f32,
  full: f32,
): void {
  const end = src + (<usize>(pixels * channels) << 2)
  const zero = f32x4.splat(0)
  const divisor = f32x4.splat(scale)
  const shift = f32x4.splat(offset)
  const weight = f32x4.splat(weightSum)
  const top = f32x4.splat(full)
  const pair = channels == 2
  for (; src < end; src += 16, dst += 16) {
    const v = v128.load(src)
    const sum = pair ? v128.shuffle<i32>(v, v, 1, 1, 3, 3) : v128.shuffle<i32>(v, v, 3, 3, 3, 3)
    const whole = f32x4.div(sum, weight)
    const alpha = f32x4.pmin(top, f32x4.pmax(zero, whole))
    const straight = v128.and(f32x4.div(f32x4.div(v, divisor), whole), f32x4.gt(whole, zero))
    const colour = f32x4.add(straight, shift)
    v128.store(dst, pair ? v128.shuffle<i32>(colour, alpha, 0, 5, 2, 7) : v128.shuffle<i32>(colour, alpha, 0, 1, 2, 7))
  }
}

/**
 * colour = sum + own (weights - alpha / full) for pixels of 2 or 4 channels, alpha last and unchanged: transparent
 * neighbours get the pixel's own colour. Nothing is added if the difference is at most `within`. Colours become 0 where
 * the alpha of `own` is 0.
 */
export function overOwn(
  dst: Address,
  src: Address,
  own: Address,
  pixels: i32,
  channels: i32,
  weights: f32,
  full: f32,
  within: f32,
): void {
  const end = src + (<usize>(pixels * channels) << 2)
  const all = f32x4.splat(weights)
  const whole = f32x4.splat(full)
  const least = f32x4.splat(within)
  const pair = channels == 2
  for (; src < end; src += 16, own += 16, dst += 16) {
    const v = v128.load(src)
    const met = pair ? v128.shuffle<i32>(v, v, 1, 1, 3, 3) : v128.shuffle<i32>(v, v, 3, 3, 3, 3)
    const lack = f32x4.sub(all, f32x4.div(met, whole))
    const c = v128.load(own)
    const alpha = pair ? v128.shuffle<i32>(c, c, 1, 1, 3, 3) : v128.shuffle<i32>(c, c, 3, 3, 3, 3)
    const added = v128.and(f32x4.mul(c, lack), f32x4.gt(f32x4.abs(lack), least))
    const colour = v128.and(f32x4.add(v, added), f32x4.gt(alpha, f32x4.splat(0)))
    v128.store(dst, pair ? v128.shuffle<i32>(colour, v, 0, 5, 2, 7) : v128.shuffle<i32>(colour, v, 0, 1, 2, 7))
  }
}
