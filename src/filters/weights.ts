import { ConvoError } from '../error.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { kernel } from '../kernel/kernel.ts'
import { atan2, cos, exp, sin } from '../tensor/math.ts'

// Kernels computed from formulas, all in float64, with functions that are the same on every JavaScript engine.

/** Returns the radius at which a Gaussian is cut, in samples: 4 standard deviations, rounded (SciPy's rule). */
export const bellRadius = (sigma: number): number => Math.trunc(4 * sigma + 0.5)

/** Returns exp(−i²/2σ²) for i in -radius..radius, divided by its sum. */
export function gaussianRow(sigma: number): Float64Array {
  const radius = bellRadius(sigma)
  const half = Float64Array.from({ length: radius + 1 }, (_, i) => exp(-(i * i) / (2 * sigma * sigma)))
  const total = half.reduceRight((sum, w, i) => sum + (i === 0 ? w : 2 * w), 0)
  return Float64Array.from({ length: 2 * radius + 1 }, (_, i) => half[Math.abs(i - radius)]! / total)
}

/** Returns row n of Pascal's triangle: n + 1 numbers of sum 2^n. Exact up to n = 56, to 1e-14 above. */
export function pascalRow(n: number): Float64Array {
  let row = Float64Array.of(1)
  for (let i = 0; i < n; i++) {
    const before = row
    row = Float64Array.from({ length: i + 2 }, (_, k) => (before[k - 1] ?? 0) + (before[k] ?? 0))
  }
  return row
}

/** Returns (r² − 2σ²)/σ⁴ · exp(−r²/2σ²) minus its mean. The middle is negative. */
export function laplacianOfGaussian(sigma: number): Kernel {
  const s2 = sigma * sigma
  const radius = bellRadius(sigma)
  const raw = grid(radius, radius, (y, x) => {
    const r2 = x * x + y * y
    return ((r2 - 2 * s2) / (s2 * s2)) * exp(-r2 / (2 * s2))
  })
  const mean = raw.weights.reduce((sum, w) => sum + w, 0) / raw.weights.length
  return kernel(
    raw.shape,
    raw.weights.map((w) => w - mean),
  )
}

/**
 * Returns a disk around the middle of a pixel. Each weight is the area of its pixel inside the circle; the scale is
 * their sum.
 */
export function disk(radius: number): Kernel {
  const reach = Math.ceil(radius - 0.5)
  return overItsSum(
    grid(reach, reach, (y, x) => {
      // All eight octants are computed as one, so that the kernel is exactly symmetric.
      const [near, far] = [Math.min(Math.abs(x), Math.abs(y)), Math.max(Math.abs(x), Math.abs(y))]
      return diskArea(radius, near, far)
    }),
  )
}

/** Returns the area inside the circle of the unit square around (x, y), both at least 0. */
function diskArea(radius: number, x: number, y: number): number {
  const r2 = radius * radius
  if ((x + 0.5) * (x + 0.5) + (y + 0.5) * (y + 0.5) <= r2) return 1
  // A square on an axis has twice the area of its half.
  const [left, columns] = x === 0 ? [0, 2] : [x - 0.5, 1]
  const [low, rows] = y === 0 ? [0, 2] : [y - 0.5, 1]
  const right = x + 0.5
  const high = y + 0.5
  // From `left` to `flat` the circle is above the square; from `flat` to `end` its arc crosses the square.
  const within = (v: number) => Math.min(Math.max(v, left), right)
  const flat = within(Math.sqrt(Math.max(0, r2 - high * high)))
  const end = within(Math.sqrt(Math.max(0, r2 - low * low)))
  const arc = underArc(radius, end) - underArc(radius, flat) - low * (end - flat)
  return columns * rows * ((flat - left) * (high - low) + Math.max(0, arc))
}

/** Returns ∫ √(r² − t²) dt from 0 to x. */
function underArc(r: number, x: number): number {
  const height = Math.sqrt(Math.max(0, r * r - x * x))
  return (x * height + r * r * atan2(x, height)) / 2
}

/**
 * Returns a line of `length` pixels through the middle, at `degrees` counterclockwise from the x axis. Each weight is 1
 * minus the distance from its pixel to the segment between the middles of the end pixels, but at least 0; the scale is
 * their sum.
 */
export function motionLine(length: number, degrees: number): Kernel {
  const half = (length - 1) / 2
  const [c, s] = direction(degrees)
  // The last pixel at a distance below 1. The small number prevents a rounded cosine from adding an empty column.
  const reach = (extent: number) => Math.ceil(extent + 1 - 1e-9) - 1
  return overItsSum(
    grid(reach(half * Math.abs(s)), reach(half * Math.abs(c)), (y, x) => {
      const along = Math.min(Math.max(x * c - y * s, -half), half)
      const dx = x - along * c
      const dy = y + along * s
      return Math.max(0, 1 - Math.sqrt(dx * dx + dy * dy))
    }),
  )
}

/** The settings of a Gabor kernel; lengths in pixels, angles in degrees. */
export type Gabor = {
  readonly sigma: number
  readonly theta: number
  readonly lambda: number
  readonly gamma: number
  readonly psi: number
  readonly zeroMean: boolean
}

const widestGabor = 255

/**
 * Returns exp(−(x'² + γ² y'²)/2σ²) · cos(2π x'/λ + ψ) with x' = x cos θ + y sin θ, y' = y cos θ − x sin θ, cut at 4
 * standard deviations of the envelope in x and y. The scale is the sum of the positive weights. With `zeroMean`, a
 * constant is subtracted from the cosine so that the weights sum to 0. Subtracting it from the weights would leave a
 * pedestal at the rim.
 *
 * @throws ConvoError E_OPTION if the kernel would be wider than 255
 */
export function gabor({ sigma, theta, lambda, gamma, psi, zeroMean }: Gabor): Kernel {
  const [c, s] = direction(theta)
  const [along, across] = [sigma, sigma / gamma]
  const spread = (a: number, b: number) => Math.sqrt(along * along * a * a + across * across * b * b)
  const [reachY, reachX] = [bellRadius(spread(s, c)), bellRadius(spread(c, s))]
  const widest = 2 * Math.max(reachX, reachY) + 1
  if (widest > widestGabor) {
    const what = `a gabor kernel can be at most ${widestGabor} pixels wide, but sigma ${sigma} and gamma ${gamma} need ${widest}`
    throw new ConvoError('E_OPTION', what, { fix: 'a smaller --sigma, or a --gamma nearer to 1' })
  }
  const phase = (psi * Math.PI) / 180
  const envelope = grid(reachY, reachX, (y, x) => {
    const u = x * c + y * s
    const v = y * c - x * s
    return exp(-(u * u + gamma * gamma * v * v) / (2 * sigma * sigma))
  }).weights
  const wave = grid(reachY, reachX, (y, x) => cos((2 * Math.PI * (x * c + y * s)) / lambda + phase))
  const total = envelope.reduce((sum, w) => sum + w, 0)
  const mean = envelope.reduce((sum, w, i) => sum + w * wave.weights[i]!, 0) / total
  const weights = envelope.map((w, i) => w * (wave.weights[i]! - (zeroMean ? mean : 0)))
  return kernel(wave.shape, weights, { scale: weights.reduce((sum, w) => sum + Math.max(w, 0), 0) })
}

/**
 * Returns the cosine and sine of an angle in degrees: exact at multiples of 90, equal in magnitude at odd multiples of
 * 45.
 */
function direction(degrees: number): readonly [cos: number, sin: number] {
  const quarter = Math.round(degrees / 90)
  const rest = degrees - 90 * quarter
  const radians = (rest * Math.PI) / 180
  const c = Math.abs(rest) === 45 ? Math.SQRT1_2 : cos(radians)
  const s = Math.abs(rest) === 45 ? Math.sign(rest) * Math.SQRT1_2 : sin(radians)
  const turns = [
    [c, s],
    [-s, c],
    [-c, -s],
    [s, -c],
  ] as const
  return turns[((quarter % 4) + 4) % 4]!
}

/** Makes a kernel of 2 reachY + 1 rows and 2 reachX + 1 columns; y and x are counted from the middle. */
function grid(reachY: number, reachX: number, weight: (y: number, x: number) => number): Kernel {
  const [kH, kW] = [2 * reachY + 1, 2 * reachX + 1]
  const weights = Float64Array.from({ length: kH * kW }, (_, i) =>
    weight(Math.floor(i / kW) - reachY, (i % kW) - reachX),
  )
  return kernel([kH, kW], weights)
}

/** Sets the scale to the sum of the weights. Whole weights stay whole, so that the integer loops can be used. */
const overItsSum = (k: Kernel): Kernel => ({ ...k, scale: k.weights.reduce((sum, w) => sum + w, 0) })
