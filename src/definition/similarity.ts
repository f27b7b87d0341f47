import { invariant } from '../error.ts'
import { exp } from '../tensor/math.ts'
import { Tensor } from '../tensor/tensor.ts'

const { fround } = Math

// Kernels made from the pixels by a rule instead of trained weights, so that an involution is of use as it is.

/** The size of the neighbourhood, and how alike its pixels have to be. */
export type SimilarityOptions = {
  readonly size: number
  readonly dilation: number
  /** A distance in pixels at which weights have fallen to exp(−1/2); Infinity: distance does not count. */
  readonly sigmaSpace: number
  /** A difference of samples at which weights have fallen to exp(−1/2). */
  readonly sigmaRange: number
  /** Pixels are compared by the patches of this odd size around them; 1: alone. */
  readonly patch: number
}

/**
 * 2 to the power −f for f of 0 to 1: 1 + f (c₁ + f (c₂ + f (c₃ + f c₄))), error below 4e-6. The coefficients are those of the
 * least largest relative error, in float32.
 */
const decay = [-0.6930635571479797, 0.23945674300193787, -0.05322357639670372, 0.006831894628703594] as const
/** Weights are 0 from 2^−24 on, which an 8-bit sample does not notice. */
const lastPower = 24

/**
 * Involution of x [C,H,W] whose kernels come from the picture itself. The tap in row u, column v at pixel p weighs
 *
 *     exp(−|offset|² / 2σs²) · exp(−d² / 2σr²),    divided by the sum of all taps inside the picture,
 *
 * d² being the mean over channels and over the patch of the squared differences between p and its neighbour. One kernel
 * for all channels; taps outside weigh nothing, and patches that reach over an edge see its samples repeated. All steps are
 * rounded to float32: squares are added patch row by patch row, channel by channel, then across the patch; the second
 * exponential is a power of two by a polynomial (`decay`), 0 from 2^−24 on; weights and weighted samples are added tap by tap
 * in rows, and divided at the end. So the result is the same everywhere.
 *
 * With `patch` 1 this is the bilateral filter (Tomasi and Manduchi 1998), its colour distance the root mean square over
 * channels. With larger patches and an infinite σs it is the softmax over the neighbourhood of −d² / 2σr²: self-attention
 * with the patches as queries and keys, which is also known as non-local means (Buades, Coll and Morel 2005).
 */
export function involveBySimilarity(x: Tensor, options: SimilarityOptions): Tensor {
  const [channels, height, width] = x.shape as [number, number, number]
  const { patch } = options
  const { perSquare, taps } = similarityTaps(x.shape, options)
  const out = Tensor.zeros(x.shape)
  const pad = (patch - 1) / 2
  const squares = new Float32Array(width + 2 * pad)
  const plane = height * width

  /** The squared differences between the columns of a patch and those `dy`, `dx` away, at row `y`; from `pad` columns before. */
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
        // a sample of weight 0 adds nothing, be it NaN
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

/** A neighbour: where it is, and what it weighs if it is alike. */
export type SimilarityTap = { readonly dy: number; readonly dx: number; readonly near: number }

/** The neighbours that are inside for some pixel, in order, and what turns a sum of squares into a power of two. */
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

/** How far the neighbours are along an axis of `n` samples: those that are inside for some pixel. */
export function neighbourPlaces(
  { size, dilation }: Pick<SimilarityOptions, 'size' | 'dilation'>,
  n: number,
): number[] {
  const half = (size - 1) / 2
  return Array.from({ length: size }, (_, u) => (u - half) * dilation).filter((d) => Math.abs(d) < n)
}

/** near · 2^−t, 0 from `lastPower` on and where t is no number. */
function weightOf(t: number, near: number): number {
  if (!(t < lastPower)) return 0
  const whole = Math.floor(t)
  const f = fround(t - whole)
  const p = decay.reduceRight((sum, c) => fround(fround(sum * f) + c), 0)
  return fround(near * fround(fround(fround(p * f) + 1) / 2 ** whole))
}

const clamp = (place: number, n: number): number => Math.max(0, Math.min(place, n - 1))
