/**
 * The arithmetic that runs. All but the last four give the bits of `direct`. `none` takes samples as they are, for steps
 * that end in a picture without a kernel.
 */
export type Algorithm =
  | 'none'
  | 'direct'
  | 'integer'
  | 'integer-separable'
  | 'box'
  | 'separable'
  | 'fft'
  | 'fft-separable'

/**
 * A plane kernel with its arithmetic chosen. Weights are float32, row-major, and already flipped if that was requested.
 */
export type Stencil = {
  readonly kH: number
  readonly kW: number
  /** The tap on the output sample, y and x. */
  readonly anchor: readonly [number, number]
  readonly dilation: readonly [number, number]
  /** The sum is divided by this. */
  readonly scale: number
  /** The reason for this arithmetic, in words. */
  readonly reason: string
} & (
  | { readonly algorithm: 'direct' | 'fft'; readonly weights: Float32Array }
  | { readonly algorithm: 'integer'; readonly weights: Float32Array; readonly sums: 'i16' | 'i32' }
  | {
      readonly algorithm: 'integer-separable' | 'separable' | 'fft-separable'
      readonly col: Float32Array
      readonly row: Float32Array
      /** The sum is multiplied by this before it is divided by the scale. */
      readonly weight?: number
    }
  | { readonly algorithm: 'box'; readonly weight: number }
  | { readonly algorithm: 'none' }
)

const sums = new WeakMap<Float32Array, number>()

/**
 * Returns the sum of weights, remembered: for a kernel of 501x501 it takes milliseconds and is needed several times.
 */
function sumOf(weights: Float32Array): number {
  let sum = sums.get(weights)
  if (sum !== undefined) return sum
  sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]!
  sums.set(weights, sum)
  return sum
}

/** Returns the sum of the weights of a stencil, or of `of` applied to each. */
export function weightSum(s: Stencil, of?: (weight: number) => number): number {
  const one = of ?? ((weight) => weight)
  const total = of === undefined ? sumOf : (weights: Float32Array) => weights.reduce((t, w) => t + of(w), 0)
  if (s.algorithm === 'none') return one(1)
  if (s.algorithm === 'box') return one(s.weight) * s.kH * s.kW
  if ('col' in s) return total(s.col) * total(s.row) * one(s.weight ?? 1)
  return total(s.weights)
}
