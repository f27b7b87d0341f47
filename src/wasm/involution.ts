// Involution by similarity (definition: similarity.ts): every pixel gets a kernel made from the differences to its
// neighbours. Works on planes of float32 rows. Rows may be read and written up to 64 bytes past their end.

// 2^-f for f in 0..1, 1 + f (c1 + f (c2 + ..)), as in the definition.
import { Address } from './address'

const c1: f32 = -0.6930635571479797
const c2: f32 = 0.23945674300193787
const c3: f32 = -0.05322357639670372
const c4: f32 = 0.006831894628703594
/** From this power of two, a tap weighs nothing. */
const lastPower: f32 = 24

/** near · 2^-t in each lane; 0 from `lastPower`, and if t is NaN. */
@inline
function weightOf(t: v128, near: v128): v128 {
  const whole = f32x4.floor(t)
  const f = f32x4.sub(t, whole)
  let p = f32x4.splat(c4)
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(c3))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(c2))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(c1))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1))
  // the last bits of 2^23 and a number are that number: one instruction, while a conversion takes eight
  const power = i32x4.shl(f32x4.sub(f32x4.splat(8388608 + 127), whole), 23)
  const w = f32x4.mul(near, f32x4.mul(p, power))
  return v128.and(w, f32x4.lt(t, f32x4.splat(lastPower)))
}

/** sum + w · x if w is above 0. A sample of weight 0 adds nothing, even NaN. */
@inline
function addPart(sum: v128, w: v128, counts: v128, x: v128): v128 {
  return f32x4.add(sum, v128.and(f32x4.mul(w, x), counts))
}

@inline
function addSquare(sum: v128, a: v128, b: v128): v128 {
  const d = f32x4.sub(a, b)
  return f32x4.add(sum, f32x4.mul(d, d))
}

/**
 * One row of `n` pixels of 1 or 3 channels, each pixel compared alone. `src` is its first sample; `srcPlane` and
 * `dstPlane` are the bytes to the next channel. Tap k is offsets[k] (i32 bytes) from the pixel and has nearness near[k]
 * (f32). Samples outside the picture are NaN.
 */
export function involveRow(
  dst: Address,
  dstPlane: usize,
  src: Address,
  srcPlane: usize,
  n: i32,
  channels: i32,
  offsets: Address,
  near: Address,
  count: i32,
  perSquare: f32,
): void {
  if (channels == 3) involveChannels(dst, dstPlane, src, srcPlane, n, true, offsets, near, count, perSquare)
  else involveChannels(dst, dstPlane, src, srcPlane, n, false, offsets, near, count, perSquare)
}

@inline
function involveChannels(
  dst: usize,
  dstPlane: usize,
  src: usize,
  srcPlane: usize,
  n: i32,
  isColour: bool,
  offsets: usize,
  near: usize,
  count: i32,
  perSquare: f32,
): void {
  const scale = f32x4.splat(perSquare)
  const zero = f32x4.splat(0)
  const distance = near - offsets
  const end = offsets + (<usize>count << 2)
  for (let i = 0; i < n; i += 4, src += 16, dst += 16) {
    const a = v128.load(src)
    const b = isColour ? v128.load(src + srcPlane) : a
    const c = isColour ? v128.load(src + 2 * srcPlane) : a
    let sumA = zero
    let sumB = zero
    let sumC = zero
    let total = zero
    for (let o = offsets; o < end; o += 4) {
      const p = src + <isize>load<i32>(o)
      const x = v128.load(p)
      let s = addSquare(zero, a, x)
      let y = x
      let z = x
      if (isColour) {
        y = v128.load(p + srcPlane)
        z = v128.load(p + 2 * srcPlane)
        s = addSquare(addSquare(s, b, y), c, z)
      }
      const w = weightOf(f32x4.mul(s, scale), v128.load32_splat(o + distance))
      const counts = f32x4.gt(w, zero)
      total = f32x4.add(total, w)
      sumA = addPart(sumA, w, counts, x)
      if (isColour) {
        sumB = addPart(sumB, w, counts, y)
        sumC = addPart(sumC, w, counts, z)
      }
    }
    v128.store(dst, f32x4.div(sumA, total))
    if (isColour) {
      v128.store(dst + dstPlane, f32x4.div(sumB, total))
      v128.store(dst + 2 * dstPlane, f32x4.div(sumC, total))
    }
  }
}

/** dst += (here - there)². */
export function addSquares(dst: Address, here: Address, there: Address, n: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    v128.store(dst + i, addSquare(v128.load(dst + i), v128.load(here + i), v128.load(there + i)))
  }
}

/** Sample i is the sum of samples i .. i + width - 1 of `src`, from the left. Must not work in place. */
export function sumAcross(dst: Address, src: Address, n: i32, width: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    let sum = f32x4.splat(0)
    for (let k: usize = 0, last = <usize>width << 2; k < last; k += 4) {
      sum = f32x4.add(sum, v128.load(src + i + k))
    }
    v128.store(dst + i, sum)
  }
}

/** Makes the weights of one tap from sums of squares, and adds them to `totals`. */
export function weighRow(
  weights: Address,
  totals: Address,
  squares: Address,
  n: i32,
  perSquare: f32,
  near: f32,
): void {
  const scale = f32x4.splat(perSquare)
  const nearness = f32x4.splat(near)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const w = weightOf(f32x4.mul(v128.load(squares + i), scale), nearness)
    v128.store(weights + i, w)
    v128.store(totals + i, f32x4.add(v128.load(totals + i), w))
  }
}

/** dst += weight · x if the weight is above 0. */
export function addWeighted(dst: Address, weights: Address, src: Address, n: i32): void {
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const w = v128.load(weights + i)
    v128.store(dst + i, addPart(v128.load(dst + i), w, f32x4.gt(w, f32x4.splat(0)), v128.load(src + i)))
  }
}

/** dst + a · b, both steps rounded, for exactly `n` samples; the samples of `b` are `step` bytes apart. */
export function addProducts(dst: Address, a: Address, b: Address, n: i32, step: usize): void {
  let left = n
  if (step == 4) {
    for (; left >= 4; left -= 4, dst += 16, a += 16, b += 16)
      v128.store(dst, f32x4.add(v128.load(dst), f32x4.mul(v128.load(a), v128.load(b))))
  }
  for (; left > 0; left--, dst += 4, a += 4, b += step)
    store<f32>(dst, load<f32>(dst) + load<f32>(a) * load<f32>(b))
}
