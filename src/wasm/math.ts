// The steps of tensor/math.ts in doubles, for the loops of other files.

/** e to the power x, with the steps of tensor/math.ts. */
function exponential(x: f64): f64 {
  if (!(x < 709.782712893384)) return x > 0 ? Infinity : NaN
  if (x < -745.1332191019412) return 0
  const k = Math.floor(x * 1.4426950408889634 + 0.5)
  const high = x - k * 0.6931471803691238
  const low = k * 1.9082149292705877e-10
  const r = high - low
  const t = r * r
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  const value = 1 - (low - (r * c) / (2 - c) - high)
  const n = <i32>k
  if (n > 1023) return value * powerOfTwo(n - 1) * 2
  if (n < -1021) return value * powerOfTwo(n + 54) * powerOfTwo(-54)
  return value * powerOfTwo(n)
}

@inline
function powerOfTwo(n: i32): f64 {
  return reinterpret<f64>((<u64>(n + 1023)) << 52)
}

/** e to the power x of two numbers, as vectors if no lane is at an end of the range, which takes half the time. */
@inline
export function exponentials(x: v128): v128 {
  if (i64x2.bitmask(f64x2.lt(f64x2.abs(x), f64x2.splat(700))) != 3) {
    const first = exponential(f64x2.extract_lane(x, 0))
    return f64x2.replace_lane(f64x2.splat(first), 1, exponential(f64x2.extract_lane(x, 1)))
  }
  const one = f64x2.splat(1)
  const k = f64x2.floor(f64x2.add(f64x2.mul(x, f64x2.splat(1.4426950408889634)), f64x2.splat(0.5)))
  const high = f64x2.sub(x, f64x2.mul(k, f64x2.splat(0.6931471803691238)))
  const low = f64x2.mul(k, f64x2.splat(1.9082149292705877e-10))
  const r = f64x2.sub(high, low)
  const t = f64x2.mul(r, r)
  let p = f64x2.add(f64x2.splat(-1.6533902205465252e-6), f64x2.mul(t, f64x2.splat(4.1381367970572385e-8)))
  p = f64x2.add(f64x2.splat(6.613756321437934e-5), f64x2.mul(t, p))
  p = f64x2.add(f64x2.splat(-0.0027777777777015593), f64x2.mul(t, p))
  p = f64x2.add(f64x2.splat(0.16666666666666602), f64x2.mul(t, p))
  const c = f64x2.sub(r, f64x2.mul(t, p))
  const q = f64x2.div(f64x2.mul(r, c), f64x2.sub(f64x2.splat(2), c))
  const value = f64x2.sub(one, f64x2.sub(f64x2.sub(low, q), high))
  // the sum of k, 1.5 · 2^52 and the bias of exponents has k and the bias in its low bits
  return f64x2.mul(value, i64x2.shl(f64x2.add(k, f64x2.splat(6755399441056767)), 52))
}

/** The error of a rounded product of two doubles: productError of tensor/math.ts. */
@inline
export function lostByProduct(a: v128, b: v128, product: v128): v128 {
  const splitter = f64x2.splat(134217729)
  const ca = f64x2.mul(splitter, a)
  const cb = f64x2.mul(splitter, b)
  const ah = f64x2.sub(ca, f64x2.sub(ca, a))
  const bh = f64x2.sub(cb, f64x2.sub(cb, b))
  const al = f64x2.sub(a, ah)
  const bl = f64x2.sub(b, bh)
  const most = f64x2.sub(f64x2.sub(product, f64x2.mul(ah, bh)), f64x2.mul(al, bh))
  const rest = f64x2.sub(most, f64x2.mul(ah, bl))
  return f64x2.sub(f64x2.mul(al, bl), rest)
}

/** What `logarithmParts` loses by rounding: the lower parts of its results. */
export let logarithmsRest: v128 = i64x2.splat(0)

/**
 * logParts of tensor/math.ts, of two numbers that are not below the smallest normal double. The lower parts go to
 * `logarithmsRest`.
 */
@inline
export function logarithmParts(x: v128): v128 {
  const one = f64x2.splat(1)
  const two = f64x2.splat(2)
  const tops = v128.shuffle<i32>(x, x, 1, 3, 1, 3)
  const small = v128.or(v128.and(x, i64x2.splat(0xfffffffffffff)), i64x2.splat(0x3ff0000000000000))
  const isHalf = f64x2.gt(small, f64x2.splat(1.4142135623730951))
  const exponents = f64x2.convert_low_i32x4_s(i32x4.sub(i32x4.shr_u(tops, 20), i32x4.splat(1023)))
  const k = f64x2.add(exponents, v128.and(one, isHalf))
  const m = v128.bitselect(f64x2.mul(small, f64x2.splat(0.5)), small, isHalf)
  const f = f64x2.sub(m, one)
  const d = f64x2.add(m, one)
  const dLow = f64x2.sub(m, f64x2.sub(d, one))
  const s = f64x2.div(f, d)
  const product = f64x2.mul(s, d)
  const lost = lostByProduct(s, d, product)
  const sLow = f64x2.div(f64x2.sub(f64x2.sub(f64x2.sub(f, product), lost), f64x2.mul(s, dLow)), d)
  const z = f64x2.mul(s, s)
  const w = f64x2.mul(z, z)
  let odd = f64x2.add(f64x2.splat(0.22222198432149784), f64x2.mul(w, f64x2.splat(0.15313837699209373)))
  odd = f64x2.mul(w, f64x2.add(f64x2.splat(0.3999999999940942), f64x2.mul(w, odd)))
  let even = f64x2.add(f64x2.splat(0.1818357216161805), f64x2.mul(w, f64x2.splat(0.14798198605116586)))
  even = f64x2.add(f64x2.splat(0.2857142874366239), f64x2.mul(w, even))
  even = f64x2.mul(z, f64x2.add(f64x2.splat(0.6666666666666735), f64x2.mul(w, even)))
  const a = f64x2.mul(k, f64x2.splat(0.6931471803691238))
  const b = f64x2.mul(f64x2.splat(-2), s)
  const high = f64x2.add(a, f64x2.mul(two, s))
  const bb = f64x2.sub(high, a)
  const lostBySum = f64x2.sub(f64x2.sub(a, f64x2.sub(high, bb)), f64x2.add(b, bb))
  const rest = f64x2.add(
    f64x2.add(f64x2.mul(two, sLow), f64x2.mul(s, f64x2.add(odd, even))),
    f64x2.mul(k, f64x2.splat(1.9082149292705877e-10)),
  )
  const low = f64x2.add(lostBySum, rest)
  const sum = f64x2.add(high, low)
  logarithmsRest = f64x2.add(f64x2.sub(high, sum), low)
  return sum
}
