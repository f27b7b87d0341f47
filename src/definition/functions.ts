import { cos, exp, log, pow, sin } from '../tensor/math.ts'

// The functions that are applied to each sample. Each takes a float32 and rounds its result to float32 once. NaN stays
// NaN.

const { abs, fround } = Math

/** Makes a function from up to two parameters, in the order of ONNX. */
type Made = (a: number, b: number) => (v: number) => number

const constant =
  (f: (v: number) => number): Made =>
  () =>
    f

const logistic = (v: number): number => 1 / (1 + exp(-v))

/**
 * Returns the hyperbolic tangent, computed with the library's own exp so that it is the same on every machine. The
 * relative error is at most 1e-13.
 */
function tanh(v: number): number {
  const a = abs(v)
  // Below this, 1 − exp(−2a) would lose the digits that the series keeps.
  if (a < 5e-4) return v - (v * v * v) / 3
  const t = exp(-2 * a)
  const positive = (1 - t) / (1 + t)
  return v < 0 ? -positive : positive
}

/** Returns exp(v) − 1 without losing digits near 0. The relative error is at most 1e-12. */
const expm1 = (v: number): number => (abs(v) < 1e-4 ? v + (v * v) / 2 + (v * v * v) / 6 : exp(v) - 1)

/** log(1 + exp(v)). */
const softplus = (v: number): number => (v < -15 ? exp(v) : v > 0 ? v + log(1 + exp(-v)) : log(1 + exp(v)))

/**
 * Returns the error function: 2/√π · exp(−v²) · Σ 2ⁿ v²ⁿ⁺¹ / (1·3·…·(2n+1)) over n (Abramowitz and Stegun 7.1.6). All
 * terms have the same sign. The error is at most 1e-15.
 */
export function erf(v: number): number {
  const a = abs(v)
  if (!(a < 6)) return Number.isNaN(v) ? v : Math.sign(v)
  const square = 2 * a * a
  let [term, sum] = [a, a]
  for (let n = 3; term > sum * 1e-17; n += 2) {
    term *= square / n
    sum += term
  }
  const positive = Math.min(1, 1.1283791670955126 * exp(-a * a) * sum)
  return v < 0 ? -positive : positive
}

/**
 * Coefficients of exp(v²) · erfc(v) / t for v from 0 to 10, with t = 4 / (4 + v): the interpolating polynomial in
 * s = 2.8 t − 1.8, lowest power first.
 */
const tail = [
  0.3633313301288408, 0.283657405855952, 0.18472143745830458, 0.10053341245546361, 0.04538155713034424,
  0.016646404832235662, 0.004743116705819618, 0.000937209530564612, 7.66098815143943e-5,
  -2.0923772393529042e-5, -7.642356862461676e-6, -2.962949333933019e-7, 3.402057209964177e-7,
  5.320483593643135e-8, -1.1852008081979657e-8, -3.1134174156824037e-9,
]

/**
 * Returns v times the part of the bell curve below it, erfc(−v/√2) / 2. The relative error is at most 1e-13, even far
 * below 0.
 */
function gelu(v: number): number {
  const a = abs(v * Math.SQRT1_2)
  const t = 4 / (4 + a)
  const s = t * 2.8 - 1.8
  const share = exp(-a * a) * t * tail.reduceRight((sum, coefficient) => sum * s + coefficient)
  return 0.5 * v * (v < 0 ? share : 2 - share)
}

const clamped = (low: number, v: number, high: number): number => Math.min(high, Math.max(low, v))

/** Returns a to the power of b as float32. If b is a whole number, a may be negative. */
export function power(a: number, b: number): number {
  if (b === 2) return fround(a * a)
  if (b === 0.5) return fround(Math.sqrt(a))
  if (a >= 0 || !Number.isInteger(b)) return fround(pow(a, b))
  const positive = pow(-a, b)
  return fround(b % 2 === 0 ? positive : -positive)
}

const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 } as const

const half = (v: number): number => {
  const floor = Math.floor(v)
  const isTie = v - floor === 0.5
  return isTie ? (floor % 2 === 0 ? floor : floor + 1) : Math.floor(v + 0.5)
}

/** The functions by name; `none` first. */
export const functions = {
  none: constant((v) => v),
  relu: constant((v) => (v > 0 || Number.isNaN(v) ? v : 0)),
  sigmoid: constant((v) => fround(logistic(v))),
  tanh: constant((v) => fround(tanh(v))),
  leakyrelu: (a) => (v) => (v < 0 ? fround(v * a) : v),
  elu: (a) => (v) => (v < 0 ? fround(a * expm1(v)) : v),
  selu: (a, b) => (v) => fround(v > 0 ? b * v : b * a * expm1(v)),
  celu: (a) => (v) => (v < 0 ? fround(a * expm1(v / a)) : v),
  gelu: constant((v) => fround(gelu(v))),
  'gelu-tanh': constant((v) => fround(0.5 * v * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))))),
  silu: constant((v) => (v === Number.NEGATIVE_INFINITY ? 0 : fround(v * logistic(v)))),
  mish: constant((v) => (v === Number.NEGATIVE_INFINITY ? 0 : fround(v * tanh(softplus(v))))),
  softplus: constant((v) => fround(softplus(v))),
  softsign: constant((v) => fround(v / (1 + abs(v)))),
  hardsigmoid: (a, b) => (v) => fround(clamped(0, a * v + b, 1)),
  hardswish: constant((v) => fround(v * clamped(0, v / 6 + 0.5, 1))),
  clip: (a, b) => (v) => clamped(a, v, b),
  thresholded: (a) => (v) => (v > a || Number.isNaN(v) ? v : 0),
  erf: constant((v) => fround(erf(v))),
  exp: constant((v) => fround(exp(v))),
  log: constant((v) => fround(log(v))),
  sqrt: constant((v) => fround(Math.sqrt(v))),
  neg: constant((v) => -v),
  abs: constant(abs),
  reciprocal: constant((v) => fround(1 / v)),
  floor: constant(Math.floor),
  ceil: constant(Math.ceil),
  round: constant(half),
  sign: constant(Math.sign),
  sin: constant((v) => fround(sin(v))),
  cos: constant((v) => fround(cos(v))),
  not: constant((v) => +(v === 0)),
  true: constant((v) => +(v !== 0)),
  nan: constant((v) => +Number.isNaN(v)),
  trunc: constant(Math.trunc),
} as const satisfies Record<string, Made>

/** The name of a function of one sample. */
export type FunctionName = keyof typeof functions

/** The default parameters of the functions, which are those of ONNX. */
const usual: { readonly [K in FunctionName]?: readonly [a: number, b: number] } = {
  leakyrelu: [0.01, 0],
  elu: [1, 0],
  selu: [selu.alpha, selu.gamma],
  celu: [1, 0],
  hardsigmoid: [fround(0.2), 0.5],
  clip: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  thresholded: [1, 0],
}

/** Returns the parameters of a function. The defaults apply to those that are undefined. */
export function parametersOf(name: FunctionName, a?: number, b?: number): readonly [a: number, b: number] {
  const [first, second] = usual[name] ?? [0, 0]
  return [a ?? first, b ?? second]
}

/** Returns a function by name. The defaults apply to parameters that are undefined. */
export const functionOf = (name: FunctionName, a?: number, b?: number): ((v: number) => number) =>
  functions[name](...parametersOf(name, a, b))

/** The functions that an operator with weights can apply to its results. */
export const activationNames = [
  'none',
  'relu',
  'leakyrelu',
  'sigmoid',
  'tanh',
  'elu',
  'selu',
  'gelu',
  'silu',
  'mish',
  'softplus',
  'hardsigmoid',
  'hardswish',
] as const satisfies readonly FunctionName[]

/** A function applied to the results of a convolution. */
export type Activation = (typeof activationNames)[number]
