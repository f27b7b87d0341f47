import { invariant } from '../error.ts'
import { exp } from '../tensor/math.ts'
import { Tensor } from '../tensor/tensor.ts'

const { fround } = Math

// Kernels made from the pixels by a rule instead of trained weights, so that an involution can be used without
// training.

/** The size of the neighbourhood, and how similar its pixels have to be. */
export type SimilarityOptions = {
  readonly size: number
  readonly dilation: number
  /** The distance in pixels at which weights have fallen to exp(−1/2). Infinity: distance does not count. */
  readonly sigmaSpace: number
  /** The difference of samples at which weights have fallen to exp(−1/2). */
  readonly sigmaRange: number
  /** The odd size of the patches by which pixels are compared. 1: only the pixels themselves. */
  readonly patch: number
}

/**
 * 2 to the power of −f for f from 0 to 1: 1 + f (c₁ + f (c₂ + f (c₃ + f c₄))), with an error below 4e-6. The
 * coefficients minimise the largest relative error in float32.
 */
const decay = [-0.6930635571479797, 0.23945674300193787, -0.05322357639670372, 0.006831894628703594] as const
/** Weights of 2^−24 and less count as 0, which does not show in an 8-bit sample. */
const lastPower = 24

/**
 * Involution of x [C,H,W] with kernels that come from the picture itself. The weight of the tap in row u, column v at
 * pixel p is
 *
 *     exp(−|offset|² / 2σs²) · exp(−d² / 2σr²),    divided by the sum of all taps inside the picture,
 *
 * where d² is the mean of the squared differences between p and its neighbour, over the channels and the patch. All
 * channels share one kernel. Taps outside have no weight. Patches that extend past an edge repeat its samples. All
 * steps are rounded to float32, so that the result is the same everywhere: squares are added patch row by patch row,
 * channel by channel, then across the patch; the second exponential is a power of two, approximated by a polynomial
 * (`decay`) and 0 from 2^−24 on; weights and weighted samples are added tap by tap in rows, and divided at the end.
 *
 * With `patch` 1 this is the bilateral filter (Tomasi and Manduchi 1998), with the root mean square over the channels
 * as colour distance. With larger patches and an infinite σs it is the softmax of −d² / 2σr² over the neighbourhood:
 * self-attention with the patches as queries and keys, also known as non-local means (Buades, Coll and Morel 2005).
 */
export function involveBySimilarity(x: Tensor, options: SimilarityOptions): Tensor {
  const [channels, height, width] = x.shape as [number, number, number]
  const { patch } = options
  const { perSquare, taps } = similarityTaps(x.shape, options)
  const out = Tensor.zeros(x.shape)
  const pad = (patch - 1) / 2
  const squares = new Float32Array(width + 2 * pad)
  const plane = height * width

  /**
   * Adds up the squared differences between the columns of a patch and those `dy`, `dx` away, at row `y`, starting
   * `pad` columns before the first.
   */
  function addUpSquares(y: number, dy: number, dx: number): void {
    squares.fill(0)
    for (let q = -pad; q <= pad; q++) {
      const [here, there] = [clamp(y + q, height) * width, clamp(y + q + dy, height) * width]
      for (let base = 0; base < channels * plane; base += plane) {
        for (let i = -pad; i < width + pad; i++) {
          const d = fround(
            x.data[base + here + clamp(i, width)]! - x.data[base + there + clamp(i + dx, width)]!,
          )
          squares[pad + i] = squares[pad + i]! + fround(d * d)
        }
      }
    }
  }

  const totals = new Float32Array(width)
  for (let y = 0; y < height; y++) {
    totals.fill(0)
    for (const { dy, dx, near } of taps) {
      if (y + dy < 0 || y + dy >= height) continue
      addUpSquares(y, dy, dx)
      for (let i = Math.max(0, -dx); i < Math.min(width, width - dx); i++) {
        let alike = 0
        for (let q = 0; q < patch; q++) alike = fround(alike + squares[i + q]!)
        const w = weightOf(fround(alike * perSquare), near)
        totals[i] = totals[i]! + w
        // a sample of weight 0 adds nothing, even if it is NaN
        if (w > 0) {
          for (let base = y * width + i; base < channels * plane; base += plane) {
            out.data[base] = out.data[base]! + fround(w * x.data[base + dy * width + dx]!)
          }
        }
      }
    }
    for (let base = y * width; base < channels * plane; base += plane) {
      for (let i = 0; i < width; i++) out.data[base + i] = out.data[base + i]! / totals[i]!
    }
  }
  return out
}

/** A neighbour: its offset, and its weight if it is equal. */
export type SimilarityTap = { readonly dy: number; readonly dx: number; readonly near: number }

/**
 * Returns the neighbours that are inside for some pixel, in order, and the factor from a sum of squares to a power of
 * two.
 */
export function similarityTaps(
  shape: readonly number[],
  { size, dilation, sigmaSpace, sigmaRange, patch }: SimilarityOptions,
): { readonly perSquare: number; readonly taps: readonly SimilarityTap[] } {
  invariant(size % 2 === 1 && patch % 2 === 1, 'neighbourhoods and patches have a middle')
  const [channels, height, width] = shape as [number, number, number]
  const taps = neighbourPlaces({ size, dilation }, height).flatMap((dy) =>
    neighbourPlaces({ size, dilation }, width).map((dx) => ({
      dy,
      dx,
      near: fround(exp(-(dy * dy + dx * dx) / (2 * sigmaSpace ** 2))),
    })),
  )
  return { perSquare: fround(Math.LOG2E / (2 * sigmaRange ** 2 * channels * patch ** 2)), taps }
}

/** Returns the offsets of the neighbours along an axis of `n` samples that are inside for some pixel. */
export function neighbourPlaces(
  { size, dilation }: Pick<SimilarityOptions, 'size' | 'dilation'>,
  n: number,
): number[] {
  const half = (size - 1) / 2
  return Array.from({ length: size }, (_, u) => (u - half) * dilation).filter((d) => Math.abs(d) < n)
}

/** Returns near · 2^−t; 0 if t is NaN or at least `lastPower`. */
function weightOf(t: number, near: number): number {
  if (!(t < lastPower)) return 0
  const whole = Math.floor(t)
  const f = fround(t - whole)
  const p = decay.reduceRight((sum, c) => fround(fround(sum * f) + c), 0)
  return fround(near * fround(fround(fround(p * f) + 1) / 2 ** whole))
}

const clamp = (place: number, n: number): number => Math.max(0, Math.min(place, n - 1))
