// exp, log, pow, sin, cos and atan2, computed only with + - * / and comparisons. IEEE 754 specifies these to the last
// bit, but leaves the elementary functions to each engine. Math.exp differs between engines and between versions of one
// engine, so a kernel built with it would not be the same on every machine.

const LN2_HIGH = 0.6931471803691238 // 32 bits, so that its product with an exponent is exact
const LN2_LOW = 1.9082149292705877e-10

/**
 * e to the power x; error below 1 ulp. Infinity above 709.78, 0 below -745.13.
 * Argument reduction x = k ln 2 + r and a rational function of r, after Sun's fdlibm (e_exp.c).
 */
export function exp(x: number): number {
  if (!(x < 709.782712893384)) return x > 0 ? Number.POSITIVE_INFINITY : Number.NaN
  if (x < -745.1332191019412) return 0
  const k = Math.floor(x * Math.LOG2E + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const t = r * r
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  return scaleByPowerOfTwo(1 - (low - (r * c) / (2 - c) - high), k)
}

/** The natural logarithm; error below 1 ulp. -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY))
    return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN
  const [high, low] = logParts(x)
  return high + low
}

/**
 * x to the power y for x ≥ 0; error below 2 ulp if the logarithm of the result is in -40..40. NaN for x < 0. It is
 * exp(y log x) with the logarithm in two doubles, because in one its rounding would be magnified by y log x.
 */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1
  if (y === 1 && x >= 0) return x
  if (!(x >= 0) || Number.isNaN(y)) return Number.NaN
  if (x === 0 || x === Number.POSITIVE_INFINITY) return (x === 0) === y > 0 ? 0 : Number.POSITIVE_INFINITY
  const [high, low] = logParts(x)
  const product = high * y
  if (!(Math.abs(product) < 800)) return product > 0 ? Number.POSITIVE_INFINITY : 0
  const rest = productError(high, y, product) + low * y
  const value = exp(product)
  // For a tiny rest, exp(product + rest) = exp(product) (1 + rest).
  return value === Number.POSITIVE_INFINITY ? value : value + value * rest
}

/**
 * The sine of x in radians; error below 1 ulp for |x| up to 100,000, undefined beyond.
 * Reduction and polynomials after fdlibm.
 */
export function sin(x: number): number {
  const [quadrant, r, low] = reduce(x)
  const value = quadrant % 2 === 0 ? sinNearZero(r, low) : cosNearZero(r, low)
  return quadrant < 2 ? value : -value
}

/** The cosine of x in radians; error below 1 ulp for |x| up to 100,000, undefined beyond. */
export function cos(x: number): number {
  const [quadrant, r, low] = reduce(x)
  const value = quadrant % 2 === 0 ? cosNearZero(r, low) : sinNearZero(r, low)
  return quadrant === 0 || quadrant === 3 ? value : -value
}

/** The angle of the point (x, y), -π..π; error below 2 ulp; signs of zeros as in IEEE 754. After fdlibm (e_atan2.c). */
export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  const up = y > 0 || Object.is(y, 0)
  const right = x > 0 || Object.is(x, 0)
  const steep = Math.abs(y) / Math.abs(x) > 1e18
  const angle = steep ? Math.PI / 2 : firstQuadrant(Math.abs(y), Math.abs(x))
  const positive = right || steep ? angle : Math.PI - (angle - PI_LOW)
  return up ? positive : -positive
}

const PI_LOW = 1.2246467991473532e-16 // π − Math.PI

/** atan(y / x) for x, y ≥ 0, with 0 for 0/0 and π/4 for ∞/∞. */
function firstQuadrant(y: number, x: number): number {
  if (y === 0) return 0
  if (y === x) return Math.PI / 4
  const t = y / x
  if (t < 0.4375) return arctangent(t, 0, 0)
  if (t < 0.6875) return arctangent((2 * t - 1) / (2 + t), 0.4636476090008061, 2.2698777452961687e-17)
  if (t < 1.1875) return arctangent((t - 1) / (t + 1), Math.PI / 4, PI_LOW / 4)
  if (t < 2.4375) return arctangent((t - 1.5) / (1 + 1.5 * t), 0.982793723247329, 1.3903311031230998e-17)
  return arctangent(-1 / t, Math.PI / 2, PI_LOW / 2)
}

/** high + low + atan(t) for |t| < 7/16. */
function arctangent(t: number, high: number, low: number): number {
  const z = t * t
  const w = z * z
  const odd =
    z *
    (0.3333333333333293 +
      w *
        (0.14285714272503466 +
          w *
            (0.09090887133436507 +
              w * (0.06661073137387531 + w * (0.049768779946159324 + w * 0.016285820115365782)))))
  const even =
    w *
    (-0.19999999999876483 +
      w *
        (-0.11111110405462356 +
          w * (-0.0769187620504483 + w * (-0.058335701337905735 + w * -0.036531572744216916))))
  return high - (t * (odd + even) - low - t)
}

/**
 * Reduces x = n π/2 + r + low with |r| ≤ π/4 to n mod 4, r and low. π/2 is in three parts, the first two of 33 bits.
 */
function reduce(x: number): [quadrant: number, r: number, low: number] {
  const n = Math.floor(x * 0.6366197723675814 + 0.5)
  const first = x - n * 1.5707963267341256
  const second = n * 6.077100506303966e-11
  const third = n * 2.0222662487959506e-21
  const a = first - second
  const rest = differenceError(first, second, a) - third
  const r = a + rest
  return [((n % 4) + 4) % 4, r, a - r + rest]
}

function sinNearZero(x: number, low: number): number {
  const z = x * x
  const v = z * x
  const r =
    0.00833333333332249 +
    z *
      (-1.984126982985795e-4 +
        z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)))
  return x - (z * (0.5 * low - v * r) - low - v * -0.16666666666666632)
}

function cosNearZero(x: number, low: number): number {
  const z = x * x
  const w = z * z
  const r =
    z * (0.0416666666666666 + z * (-0.001388888888887411 + z * 2.480158728947673e-5)) +
    w * w * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11))
  const half = 0.5 * z
  const most = 1 - half
  return most + (1 - most - half + (z * r - x * low))
}

const bits = new DataView(new ArrayBuffer(8))

/**
 * log x = high + low, with a relative error of about 2^-59, for finite x > 0. With x = 2^k m and s = (m − 1)/(m + 1) it
 * is k ln 2 + 2s + s R(s²), with R after fdlibm (e_log.c) and s in two doubles.
 */
function logParts(x: number): [high: number, low: number] {
  let k = 0
  let m = x
  if (m < 2.2250738585072014e-308) {
    m *= 18014398509481984 // 2^54
    k -= 54
  }
  bits.setFloat64(0, m)
  const top = bits.getInt32(0)
  k += (top >> 20) - 1023
  bits.setInt32(0, (top & 0xfffff) | 0x3ff00000)
  m = bits.getFloat64(0)
  if (m > Math.SQRT2) {
    m /= 2
    k += 1
  }
  const f = m - 1
  const d = m + 1
  const dLow = m - (d - 1)
  const s = f / d
  const product = s * d
  const sLow = (f - product - productError(s, d, product) - s * dLow) / d
  const z = s * s
  const w = z * z
  const R =
    w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373)) +
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  const a = k * LN2_HIGH
  const high = a + 2 * s
  const low = differenceError(a, -2 * s, high) + (2 * sLow + s * R + k * LN2_LOW)
  const sum = high + low
  return [sum, high - sum + low]
}

/** Exactly a − b − difference, if difference is a − b rounded (Knuth's two-sum). */
function differenceError(a: number, b: number, difference: number): number {
  const bb = difference - a
  return a - (difference - bb) - (b + bb)
}

/** Exactly a b − product, if product is a b rounded (Dekker), for factors far from overflow and underflow. */
function productError(a: number, b: number, product: number): number {
  const ah = upperHalf(a)
  const bh = upperHalf(b)
  const al = a - ah
  const bl = b - bh
  return al * bl - (product - ah * bh - al * bh - ah * bl)
}

function upperHalf(a: number): number {
  const c = 134217729 * a // 2^27 + 1
  return c - (c - a)
}

/** x 2^k, rounded once. */
function scaleByPowerOfTwo(x: number, k: number): number {
  if (k > 1023) return x * powerOfTwo(k - 1) * 2
  if (k < -1021) return x * powerOfTwo(k + 54) * powerOfTwo(-54)
  return x * powerOfTwo(k)
}

function powerOfTwo(k: number): number {
  bits.setInt32(0, (k + 1023) << 20)
  bits.setInt32(4, 0)
  return bits.getFloat64(0)
}
