import type { Resampling } from '../../definition/resample.ts'
import { sin } from '../../tensor/math.ts'

type Curve = { readonly support: number; at(distance: number): number }

const sinc = (x: number): number => (x === 0 ? 1 : sin(Math.PI * x) / (Math.PI * x))
const lanczos = (lobes: number): Curve => ({
  support: lobes,
  at: (x) => (x > -lobes && x < lobes ? sinc(x) * sinc(x / lobes) : 0),
})

/** The cubics of Mitchell and Netravali 1988. */
const cubic = (b: number, c: number): Curve => ({
  support: 2,
  at(x) {
    const a = Math.abs(x)
    if (a < 1) return ((12 - 9 * b - 6 * c) * a ** 3 + (-18 + 12 * b + 6 * c) * a ** 2 + (6 - 2 * b)) / 6
    if (a >= 2) return 0
    return ((-b - 6 * c) * a ** 3 + (6 * b + 30 * c) * a ** 2 + (-12 * b - 48 * c) * a + (8 * b + 24 * c)) / 6
  },
})

/** The curves by name. */
export const curves = {
  // half open, as in Pillow: if two samples are equally far, only one counts
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  'catmull-rom': cubic(0, 0.5),
  mitchell: cubic(1 / 3, 1 / 3),
  lanczos2: lanczos(2),
  lanczos3: lanczos(3),
} as const satisfies Record<string, Curve>

/**
 * Returns the weights that make `size` samples from `input` samples. Output sample o is at (o + ½) · input / size.
 * Input samples, at i + ½, are weighted by the curve, which is stretched if the picture gets smaller. Samples outside
 * do not count, and the weights are divided by their sum. This is Pillow's rule, in float64, rounded to float32 once.
 */
export function resamplingOf(name: keyof typeof curves, input: number, size: number): Resampling {
  const { support, at }: Curve = curves[name]
  const step = input / size
  const stretch = Math.max(step, 1)
  const reach = support * stretch
  const rows = Array.from({ length: size }, (_, o) => {
    const middle = (o + 0.5) * step
    const first = Math.max(0, Math.trunc(middle - reach + 0.5))
    const end = Math.min(input, Math.trunc(middle + reach + 0.5))
    const raw = Float64Array.from({ length: end - first }, (_, t) => at((first + t - middle + 0.5) / stretch))
    const sum = raw.reduce((a, b) => a + b, 0)
    return { first, weights: raw.map((w) => w / sum) }
  })
  const taps = rows.reduce((most, { weights }) => Math.max(most, weights.length), 1)
  const out = { size, taps, first: new Int32Array(size), weights: new Float32Array(taps * size) }
  rows.forEach(({ first, weights }, o) => {
    // all taps are inside: taps that a sample does not need have weight 0
    out.first[o] = Math.min(first, input - taps)
    weights.forEach((w, t) => {
      out.weights[(first - out.first[o]! + t) * size + o] = w
    })
  })
  return out
}

/** Returns the positions of the nearest samples: floor((o + ½) · input / size). */
export const nearestPlaces = (input: number, size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, o) => Math.min(input - 1, Math.floor(((o + 0.5) * input) / size)))

/** Returns `count` positions in sequence. */
export const placesFrom = (first: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => first + i)
