import { angleSample } from './angle.ts'
import { type Layer, placewise } from './layer.ts'

const { fround: f32, sqrt, max, min } = Math

/**
 * Combines up to four samples of one position, or several steps of one filter, into one. Every step is rounded to
 * float32.
 */
type Formula = (full: number, by: number) => (a: number, b: number, c: number, d: number) => number

/** Derives a value from the tensor [[xx, xy], [xy, yy]] of gradients. */
type OfTensor = (xx: number, xy: number, yy: number) => number

const half = (v: number): number => f32(v / 2)
const root: OfTensor = (xx, xy, yy) => {
  const d = half(f32(xx - yy))
  return f32(sqrt(f32(f32(d * d) + f32(xy * xy))))
}
const larger: OfTensor = (xx, xy, yy) => f32(half(f32(xx + yy)) + root(xx, xy, yy))
const smaller: OfTensor = (xx, xy, yy) => f32(half(f32(xx + yy)) - root(xx, xy, yy))

const response =
  (by: number): OfTensor =>
  (xx, xy, yy) => {
    const sum = f32(xx + yy)
    return f32(f32(f32(xx * yy) - f32(xy * xy)) - f32(f32(by) * f32(sum * sum)))
  }

/** Returns a millionth of white. */
export const faint = (full: number): number => f32(full * 1e-6)

/** The exponent of the damping of White 1994: how sharply it sets in. */
const sharpness = 10

/** The formulas by name. `full` is white, `by` the parameter of a formula. */
export const formulas = {
  /** a · b */
  times: () => (a, b) => a * b,
  /** a − b */
  minus: () => (a, b) => a - b,
  /** a · by */
  share: (_, by) => (a) => a * f32(by),
  /** a · b + c */
  line: () => (a, b, c) => f32(f32(a * b) + c),
  /** a − b · c */
  rest: () => (a, b, c) => f32(a - f32(b * c)),
  /**
   * (a − b · c) / ((d − b²) + by): for means, the covariance of two samples divided by the variance of the first plus
   * `by`
   */
  slope: (_, by) => (ab, a, b, aa) => f32(ab - f32(a * b)) / f32(max(0, f32(aa - f32(a * a))) + f32(by)),
  /** The larger and the smaller eigenvalue. */
  larger: () => larger,
  smaller: () => smaller,
  /** full · ((larger − smaller) / (larger + smaller))², 0 where their sum is 0 */
  coherence: (full) => (xx, xy, yy) => {
    const sum = f32(xx + yy)
    const q = sum > 0 ? f32(f32(2 * root(xx, xy, yy)) / sum) : 0
    return f32(full) * min(1, f32(q * q))
  },
  /** The direction of the larger eigenvalue: −90° to 90° as 0 to full. */
  direction: (full) => (xx, xy, yy) => angleSample(f32(2 * xy), f32(xx - yy), full),
  /** xx · yy − xy² − by · (xx + yy)² */
  harris: (_, by) => response(by),
  /**
   * 4 · full · ⁴√ of harris, 0 if that is negative: the contrast of a corner. A corner of black and white becomes
   * white.
   */
  corner: (full, by) => {
    const of = response(by)
    return (xx, xy, yy) => f32(4 * full) * f32(sqrt(f32(sqrt(max(0, of(xx, xy, yy))))))
  },
  /** √(a² + b² + c²) */
  length: () => (a, b, c) => f32(sqrt(f32(f32(f32(a * a) + f32(b * b)) + f32(c * c)))),
  /**
   * a / b, 0 if a is below 0 or b is not above a millionth of white: the observed level divided by a blurred estimate b
   */
  ratio: (full) => (a, b) => (a >= 0 && b > faint(full) ? a / b : 0),
  /** The same, but drawn to 1 if a and b differ by less than `by`, so that noise is not followed (White 1994). */
  damped: (full, by) => (a, b) => {
    if (!(a >= 0 && b > faint(full))) return 0
    const far = (a - b) / by
    const u = min(1, far * far)
    let power = 1
    for (let i = 1; i < sharpness; i++) power *= u
    return 1 + power * (sharpness - (sharpness - 1) * u) * (a / b - 1)
  },
  /** a · b / c, at least 0; a if c is not above `by` */
  refined: (_, by) => (a, b, c) => (c > f32(by) ? max(0, f32(a * b) / c) : a),
} as const satisfies Record<string, Formula>

/** The name of a formula. */
export type FormulaName = keyof typeof formulas

/** Applies a formula to the samples of each position. */
export const formula: Layer<{
  readonly name: FormulaName
  readonly full?: number
  readonly by?: number
}> = placewise(({ name, full = 1, by = 0 }) => (formulas[name] as Formula)(full, by))
