import type { Kernel } from '../kernel/kernel.ts'

/**
 * A kernel that is applied to every channel separately, in the form in which it is best computed: dense weights
 * `[kH,kW]`, or the outer product `col`ᵀ × `row` of two 1-D kernels.
 */
export type PlaneKernel =
  | { readonly form: 'dense'; readonly kernel: Kernel }
  | {
      readonly form: 'separable'
      readonly col: Float64Array
      readonly row: Float64Array
      /** The sum is divided by this. */
      readonly scale: number
      readonly anchor?: readonly [y: number, x: number]
    }

/**
 * How the sums of several kernels over one input become one sample. b0, b1, … are the sums, each divided by the scale
 * of its kernel. Every step is rounded to float32:
 *
 * only: b0 · magnitude: √(b0² + b1²) · angle: atan2(b1, b0), mapped from -π..π to 0..full scale · max: the largest ·
 * difference: b0 − b1 ·
 * unsharp: b0 + amount (b0 − b1) if |b0 − b1| > threshold, else b0 (b0 is the input itself, a 1x1 kernel) ·
 * share: full scale · √(Σ of the first `edges` bᵢ² / Σ of all bᵢ²), or 0 if the second sum is 0.
 */
export type Combine =
  | { readonly kind: 'only' | 'magnitude' | 'angle' | 'max' | 'difference' }
  | { readonly kind: 'unsharp'; readonly amount: number; readonly threshold: number }
  | { readonly kind: 'share'; readonly edges: number }

/** How kernels are combined, in words. */
export const combinations: Readonly<Record<Combine['kind'], string>> = {
  only: 'nothing',
  magnitude: 'magnitude',
  angle: 'angle',
  max: 'largest',
  difference: 'difference',
  unsharp: 'unsharp mask',
  share: 'share of the edge masks in all',
}

/** What a named filter computes: kernels over one input, a way to combine them, then `/ scale + offset`. */
export type Recipe = {
  readonly kernels: readonly PlaneKernel[]
  readonly combine: Combine
  /** The combined value is divided by this. */
  readonly scale: number
  /** Then this is added, in levels of 0..255 whatever the depth. */
  readonly offset: number
}

/** A recipe of one dense kernel. Its scale stays with the kernel; its offset becomes the recipe's. */
export const single = (kernel: Kernel): Recipe => ({
  kernels: [{ form: 'dense', kernel }],
  combine: { kind: 'only' },
  scale: 1,
  offset: kernel.offset,
})

/** The sum of the weights divided by the scale: the factor by which the kernel multiplies a flat picture. */
export function gain(k: PlaneKernel): number {
  if (k.form === 'separable') return (sum(k.col) * sum(k.row)) / k.scale
  return sum(k.kernel.weights) / k.kernel.scale
}

/**
 * Whether the kernel maps flat areas to zero, as every derivative does. A kernel counts if its sum differs from zero
 * only by rounding: the bound is 1e-6 of the sum of the absolute weights.
 */
export function sumsToZero(k: PlaneKernel): boolean {
  const total = k.form === 'separable' ? absSum(k.col) * absSum(k.row) : absSum(k.kernel.weights)
  return Math.abs(gain(k) * (k.form === 'separable' ? k.scale : k.kernel.scale)) <= 1e-6 * total
}

/** Whether the recipe maps flat areas to zero. Alpha then has no bearing on what it detects, and is not changed. */
export function flattens({ kernels, combine }: Recipe): boolean {
  if (combine.kind === 'unsharp') return false
  if (combine.kind === 'share') return kernels.slice(0, combine.edges).every(sumsToZero)
  const [a, b] = kernels
  if (combine.kind === 'difference' && a !== undefined && b !== undefined) {
    return Math.abs(gain(a) - gain(b)) <= 1e-6 * (Math.abs(gain(a)) + Math.abs(gain(b)))
  }
  return kernels.every(sumsToZero)
}

export const sum = (a: Float64Array): number => a.reduce((s, v) => s + v, 0)

export function absSum(a: Float32Array | Float64Array): number {
  let total = 0
  for (let i = 0; i < a.length; i++) total += Math.abs(a[i]!)
  return total
}
