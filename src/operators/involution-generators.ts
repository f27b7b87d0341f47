import { invariant } from '../error.ts'
import { exp } from '../tensor/math.ts'
import { Tensor } from '../tensor/tensor.ts'
import { correlateRow, insideColumns, type Neighbourhood } from './involution-row.ts'

// Kernels made from the pixels by a rule instead of trained weights, so that an involution is of use as it is. A row of
// kernels at a time: the kernels of a whole picture take K·K times its memory.

/** The size of the neighbourhood, and how alike its pixels have to be. */
export type GeneratorOptions = {
  readonly size: number
  readonly dilation: number
  /** A distance in pixels at which weights have fallen to exp(−1/2); Infinity: distance does not count. */
  readonly sigmaSpace: number
  /** A difference of samples at which weights have fallen to exp(−1/2). */
  readonly sigmaRange: number
  /** Pixels are compared by the patches of this odd size around them; 1: alone. */
  readonly patch: number
}

/** exp(−t) for t of 0 up to 16, in steps of 1/256. */
const tableSteps = 256
const tableEnd = 16
const table = Float64Array.from({ length: tableEnd * tableSteps + 2 }, (_, i) => exp(-i / tableSteps))

/**
 * Involution of x [C,H,W] whose kernels come from the picture itself. The tap in row u, column v at pixel p weighs
 *
 *     exp(−|offset|² / 2σs²) · exp(−d² / 2σr²),    divided by the sum of all taps inside the picture,
 *
 * d² being the mean over channels and over the patch of the squared differences between p and its neighbour. One kernel
 * for all channels; taps outside weigh nothing. The second exponential is read from a table with linear interpolation
 * (error below 2e-6) and is 0 from exp(−16) on; sums are taken in float64 in the order of the taps and rounded once, so
 * that the result is the same everywhere.
 *
 * With `patch` 1 this is the bilateral filter (Tomasi and Manduchi 1998), its colour distance the root mean square over
 * channels. With larger patches and an infinite σs it is the softmax over the neighbourhood of −d² / 2σr²: self-attention
 * with the patches as queries and keys, which is also known as non-local means (Buades, Coll and Morel 2005).
 */
export function involveBySimilarity(x: Tensor, options: GeneratorOptions): Tensor {
  const { size, dilation, patch } = options
  invariant(size % 2 === 1 && patch % 2 === 1, 'neighbourhoods and patches have a middle')
  const [channels, height, width] = x.shape as [number, number, number]
  const area: Neighbourhood = { height, width, size, stride: 1, dilation }
  const out = Tensor.zeros(x.shape)
  const kernel = new Float32Array(size * size * width)
  const makeRow = rowGenerator(x, area, options, kernel)
  const plane = height * width
  for (let y = 0; y < height; y++) {
    makeRow(y)
    for (let c = 0; c < channels; c++) {
      const row = out.data.subarray(c * plane + y * width, c * plane + (y + 1) * width)
      correlateRow(area, x.data.subarray(c * plane, (c + 1) * plane), y, kernel, 0, width, row)
    }
  }
  return out
}

/** Makes the kernels of a row, tap t of column i at t·width + i. */
function rowGenerator(x: Tensor, area: Neighbourhood, options: GeneratorOptions, kernel: Float32Array) {
  const { height, width, size, dilation } = area
  const half = (size - 1) / 2
  const pad = (options.patch - 1) / 2
  const channels = x.shape[0]!
  // The step of the table for a sum of squared differences over patch and channels.
  const perSquare = tableSteps / (2 * options.sigmaRange ** 2 * channels * options.patch ** 2)
  const distance = (u: number, v: number) => ((u - half) ** 2 + (v - half) ** 2) * dilation ** 2
  const space = Float64Array.from({ length: size * size }, (_, t) =>
    exp(-distance(Math.floor(t / size), t % size) / (2 * options.sigmaSpace ** 2)),
  )
  const weights = new Float64Array(size * size * width)
  const sums = new Float64Array(width)
  const squares = new Float64Array(width)
  const columns = new Float64Array(width)

  return (y: number): void => {
    sums.fill(0)
    weights.fill(0)
    for (let u = 0; u < size; u++) {
      const dy = (u - half) * dilation
      if (y + dy < 0 || y + dy >= height) continue
      for (let v = 0; v < size; v++) {
        const dx = (v - half) * dilation
        const [first, end] = insideColumns(area, v, width)
        if (first === end) continue
        squares.fill(0)
        for (let q = -pad; q <= pad; q++) addSquares(x, y + q, dy, dx, squares)
        const similar = pad === 0 ? squares : sumAcross(squares, columns, pad)
        const factor = space[u * size + v]!
        const at = (u * size + v) * width
        for (let i = first; i < end; i++) {
          const place = similar[i]! * perSquare
          if (!(place < tableEnd * tableSteps)) continue
          const step = Math.floor(place)
          const low = table[step]!
          const w = factor * (low + (place - step) * (table[step + 1]! - low))
          weights[at + i] = w
          sums[i] = sums[i]! + w
        }
      }
    }
    for (let t = 0, k = 0; t < size * size; t++) {
      for (let i = 0; i < width; i++, k++) kernel[k] = weights[k]! / sums[i]!
    }
  }
}

/** Adds Σ over channels of (x[y,i] − x[y + dy, i + dx])² for every column i, places outside taken from the nearest inside. */
function addSquares(x: Tensor, y: number, dy: number, dx: number, squares: Float64Array): void {
  const [channels, height, width] = x.shape as [number, number, number]
  const inside = (place: number, n: number) => (place < 0 ? 0 : place < n ? place : n - 1)
  const here = inside(y, height) * width
  const there = inside(y + dy, height) * width
  const { data } = x
  const [first, end] = [Math.max(0, -dx), Math.min(width, width - dx)]
  for (let c = 0; c < channels; c++) {
    const base = c * height * width
    for (let i = 0; i < Math.min(first, width); i++) {
      const d = data[base + here + i]! - data[base + there]!
      squares[i] = squares[i]! + d * d
    }
    for (let i = first; i < end; i++) {
      const d = data[base + here + i]! - data[base + there + i + dx]!
      squares[i] = squares[i]! + d * d
    }
    for (let i = Math.max(end, 0); i < width; i++) {
      const d = data[base + here + i]! - data[base + there + width - 1]!
      squares[i] = squares[i]! + d * d
    }
  }
}

/** Sums over `pad` columns on either side, the edge repeated. */
function sumAcross(from: Float64Array, to: Float64Array, pad: number): Float64Array {
  const last = from.length - 1
  for (let i = 0; i <= last; i++) {
    let sum = 0
    for (let q = i - pad; q <= i + pad; q++) sum += from[Math.max(0, Math.min(q, last))]!
    to[i] = sum
  }
  return to
}
