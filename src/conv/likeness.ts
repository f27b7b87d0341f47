import { invariant } from '../error.ts'
import { exp } from '../tensor/math.ts'
import { Tensor } from '../tensor/tensor.ts'
import { insideColumns, type Neighbourhood } from './neighbourhood.ts'

// Kernels made from the pixels by a rule instead of trained weights, so that an involution is of use as it is.

/** The size of the neighbourhood, and how alike its pixels have to be. */
export type LikenessOptions = {
  readonly size: number
  readonly dilation: number
  /** A distance in pixels at which weights have fallen to exp(−1/2); Infinity: distance does not count. */
  readonly sigmaSpace: number
  /** A difference of samples at which weights have fallen to exp(−1/2). */
  readonly sigmaRange: number
  /** Pixels are compared by the patches of this odd size around them; 1: alone. */
  readonly patch: number
}

/** [C,H,W], wherever the numbers lie. */
export type Samples = { readonly shape: readonly number[]; readonly data: Float32Array }

/** exp(−t) for t of 0 up to 16, in steps of 1/256. */
const tableSteps = 256
const tableEnd = 16
let made: Float64Array | undefined

/** exp(-i / steps); made when it is first asked for, which spares all other commands 2 ms. */
function decayTable(): Float64Array {
  made ??= Float64Array.from({ length: tableEnd * tableSteps + 2 }, (_, i) => exp(-i / tableSteps))
  return made
}

/**
 * Involution of x [C,H,W] whose kernels come from the picture itself. The tap in row u, column v at pixel p weighs
 *
 *     exp(−|offset|² / 2σs²) · exp(−d² / 2σr²),    divided by the sum of all taps inside the picture,
 *
 * d² being the mean over channels and over the patch of the squared differences between p and its neighbour. One kernel
 * for all channels; taps outside weigh nothing. The second exponential is read from a table with linear interpolation
 * (error below 2e-6) and is 0 from exp(−16) on; sums are taken in float64 in the order of the taps, divided and rounded
 * once, so that the result is the same everywhere.
 *
 * With `patch` 1 this is the bilateral filter (Tomasi and Manduchi 1998), its colour distance the root mean square over
 * channels. With larger patches and an infinite σs it is the softmax over the neighbourhood of −d² / 2σr²: self-attention
 * with the patches as queries and keys, which is also known as non-local means (Buades, Coll and Morel 2005).
 *
 * Kernels are made and used a row and a tap at a time: those of a whole picture would take K·K times its memory.
 */
export function involveBySimilarity(x: Tensor, options: LikenessOptions): Tensor {
  const out = Tensor.zeros(x.shape)
  involveRows(x, options, 0, x.shape[1]!, out.data)
  return out
}

/** The rows `top` to `bottom` − 1 of that, into `out` [C,H,W]. */
export function involveRows(
  x: Samples,
  options: LikenessOptions,
  top: number,
  bottom: number,
  out: Float32Array,
): void {
  const { size, dilation, patch, sigmaSpace, sigmaRange } = options
  invariant(size % 2 === 1 && patch % 2 === 1, 'neighbourhoods and patches have a middle')
  const [channels, height, width] = x.shape as [number, number, number]
  const area: Neighbourhood = { height, width, size, stride: 1, dilation }
  const half = (size - 1) / 2
  const pad = (patch - 1) / 2
  // The step of the table for a sum of squared differences over patch and channels.
  const perSquare = tableSteps / (2 * sigmaRange ** 2 * channels * patch ** 2)
  const nearness = (u: number, v: number) =>
    exp(-(((u - half) ** 2 + (v - half) ** 2) * dilation ** 2) / (2 * sigmaSpace ** 2))
  const [squares, columns] = [new Float64Array(width), new Float64Array(width)]
  const [weights, sums] = [new Float64Array(width), new Float64Array(width)]
  const parts = Array.from({ length: channels }, () => new Float64Array(width))

  for (let y = top; y < bottom; y++) {
    sums.fill(0)
    for (const part of parts) part.fill(0)
    for (let u = 0; u < size; u++) {
      const dy = (u - half) * dilation
      if (y + dy < 0 || y + dy >= height) continue
      for (let v = 0; v < size; v++) {
        const dx = (v - half) * dilation
        const [first, end] = insideColumns(area, v, width)
        if (first === end) continue
        if (pad === 0 && channels === 3) {
          addColours(x, y, dy, dx, first, end, perSquare, nearness(u, v), parts, sums)
          continue
        }
        squares.fill(0)
        for (let q = -pad; q <= pad; q++) addSquares(x, y + q, dy, dx, squares)
        const alike = pad === 0 ? squares : sumAcross(squares, columns, pad)
        weigh(alike, perSquare, nearness(u, v), first, end, weights, sums)
        for (let c = 0; c < channels; c++) {
          addWeighted(x.data, (c * height + y + dy) * width + dx, weights, first, end, parts[c]!)
        }
      }
    }
    for (let c = 0; c < channels; c++) {
      const [part, at] = [parts[c]!, (c * height + y) * width]
      for (let i = 0; i < width; i++) out[at + i] = part[i]! / sums[i]!
    }
  }
}

/**
 * A tap of the bilateral filter on colours in one loop: what `addSquares`, `weigh` and `addWeighted` give, bit for bit.
 * Between loops of their own the numbers go through memory: 2.4 times the time of a row, 34 ns for 14 ns a pixel.
 */
function addColours(
  { data, shape }: Samples,
  y: number,
  dy: number,
  dx: number,
  first: number,
  end: number,
  perSquare: number,
  nearness: number,
  parts: readonly Float64Array[],
  sums: Float64Array,
): void {
  const table = decayTable()
  const [, height, width] = shape as [number, number, number]
  const plane = height * width
  const [red, green, blue] = parts as [Float64Array, Float64Array, Float64Array]
  const shift = dy * width + dx
  for (let i = first, here = y * width + first; i < end; i++, here++) {
    const there = here + shift
    const [r, g, b] = [data[there]!, data[there + plane]!, data[there + 2 * plane]!]
    const [dr, dg, db] = [data[here]! - r, data[here + plane]! - g, data[here + 2 * plane]! - b]
    const place = (dr * dr + dg * dg + db * db) * perSquare
    if (!(place < tableEnd * tableSteps)) continue
    const step = place | 0
    const low = table[step]!
    const w = nearness * (low + (place - step) * (table[step + 1]! - low))
    sums[i] = sums[i]! + w
    if (w > 0) {
      red[i] = red[i]! + w * r
      green[i] = green[i]! + w * g
      blue[i] = blue[i]! + w * b
    }
  }
}

/** The weights of a tap in the columns first..end-1, and their sums. */
function weigh(
  squares: Float64Array,
  perSquare: number,
  nearness: number,
  first: number,
  end: number,
  weights: Float64Array,
  sums: Float64Array,
): void {
  const table = decayTable()
  for (let i = first; i < end; i++) {
    const place = squares[i]! * perSquare
    let w = 0
    if (place < tableEnd * tableSteps) {
      const step = place | 0
      const low = table[step]!
      w = nearness * (low + (place - step) * (table[step + 1]! - low))
    }
    weights[i] = w
    sums[i] = sums[i]! + w
  }
}

/** Adds weights[i] · x[from + i]. A sample of weight 0 adds nothing, be it NaN. */
function addWeighted(
  x: Float32Array,
  from: number,
  weights: Float64Array,
  first: number,
  end: number,
  part: Float64Array,
): void {
  for (let i = first; i < end; i++) {
    const w = weights[i]!
    if (w > 0) part[i] = part[i]! + w * x[from + i]!
  }
}

/** Adds Σ over channels of (x[y,i] − x[y + dy, i + dx])² for every column i, places outside taken from the nearest inside. */
function addSquares(x: Samples, y: number, dy: number, dx: number, squares: Float64Array): void {
  const [channels, height, width] = x.shape as [number, number, number]
  const here = clamp(y, height) * width
  const there = clamp(y + dy, height) * width
  const first = Math.min(Math.max(0, -dx), width)
  const end = Math.max(Math.min(width, width - dx), first)
  for (let base = 0; base < channels * height * width; base += height * width) {
    addBesideEdge(x.data, base + here, base + there, 0, first, squares)
    addShifted(x.data, base + here, base + there + dx, first, end, squares)
    addBesideEdge(x.data, base + here, base + there + width - 1, end, width, squares)
  }
}

const clamp = (place: number, n: number): number => Math.max(0, Math.min(place, n - 1))

function addShifted(
  x: Float32Array,
  here: number,
  there: number,
  first: number,
  end: number,
  squares: Float64Array,
): void {
  for (let i = first; i < end; i++) {
    const d = x[here + i]! - x[there + i]!
    squares[i] = squares[i]! + d * d
  }
}

function addBesideEdge(
  x: Float32Array,
  here: number,
  edge: number,
  first: number,
  end: number,
  squares: Float64Array,
): void {
  for (let i = first; i < end; i++) {
    const d = x[here + i]! - x[edge]!
    squares[i] = squares[i]! + d * d
  }
}

/** Sums over `pad` columns on either side, the edge repeated. */
function sumAcross(from: Float64Array, to: Float64Array, pad: number): Float64Array {
  const last = from.length - 1
  for (let i = 0; i <= last; i++) {
    let sum = 0
    if (i >= pad && i + pad <= last) for (let q = i - pad; q <= i + pad; q++) sum += from[q]!
    else for (let q = i - pad; q <= i + pad; q++) sum += from[clamp(q, last + 1)]!
    to[i] = sum
  }
  return to
}
