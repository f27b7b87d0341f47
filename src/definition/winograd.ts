import { tileSide, tileSpan, tileStarts } from '../conv/bank-algorithm.ts'
import type { Correlation } from '../conv/geometry.ts'
import {
  farCube,
  farPoint,
  farSquare,
  nearCube,
  nearPoint,
  nearSquare,
  squaresProduct,
  squaresSum,
} from '../conv/winograd-points.ts'
import { borders } from '../tensor/border.ts'

// Winograd's F(4x4, 3x3) and F(2x2, 5x5), after Lavin and Gray 2016, in plain loops: the definition of that algorithm. A
// tile of 4x4 sums of a 3x3 correlation, or of 2x2 sums of a 5x5, is Aᵀ [Σ over channels of (G g Gᵀ) ∘ (Bᵀ d B)] A, for
// 6x6 samples d and weights g. Both have the same points, thus the same B, and the first rows of A but for infinity. The
// error of a sum is at most (channels + 20) · 2⁻²⁴ times the result of the same formula for the magnitudes of all its
// numbers. In practice, it is less than twice the error of a direct sum. A sample that is not finite affects the sums
// of whole tiles.

const f32 = Math.fround
/** The number of numbers in a tile. */
export const tileArea = tileSpan ** 2

/** Numbers of an array: the first, and the distance to the next. */
type Line = readonly [data: Float32Array, at: number, step: number]

/** Bᵀ d. The order of every operation is part of the definition. */
function spread(d: Line, [to, at, pitch]: Line): void {
  const [d0, d1, d2, d3, d4, d5] = six(d)
  to[at] = f32(f32(squaresProduct * d0) - f32(squaresSum * d2)) + d4
  let even = f32(d4 - f32(farSquare * d2))
  let odd = f32(nearPoint * f32(d3 - f32(farSquare * d1)))
  to[at + pitch] = even + odd
  to[at + 2 * pitch] = even - odd
  even = f32(d4 - f32(nearSquare * d2))
  odd = f32(farPoint * f32(d3 - f32(nearSquare * d1)))
  to[at + 3 * pitch] = even + odd
  to[at + 4 * pitch] = even - odd
  to[at + 5 * pitch] = f32(f32(squaresProduct * d1) - f32(squaresSum * d3)) + d5
}

const six = ([v, at, step]: Line) =>
  [0, 1, 2, 3, 4, 5].map((k) => v[at + k * step]!) as [number, number, number, number, number, number]

/** Aᵀ m, of `side` rows. */
function gather(side: number, m: Line, [to, at, pitch]: Line): void {
  const [m0, m1, m2, m3, m4, m5] = six(m)
  const [near, far] = [f32(m1 + m2), f32(m3 + m4)]
  const [nearOdd, farOdd] = [f32(m1 - m2), f32(m3 - m4)]
  to[at] = f32(m0 + near) + far
  const odd = f32(f32(nearPoint * nearOdd) + f32(farPoint * farOdd))
  to[at + pitch] = side === 2 ? odd + m5 : odd
  if (side === 2) return
  to[at + 2 * pitch] = f32(nearSquare * near) + f32(farSquare * far)
  to[at + 3 * pitch] = f32(f32(nearCube * nearOdd) + f32(farCube * farOdd)) + m5
}

/**
 * Computes G g in float64: the values of the polynomial g at the points, each divided by the product of its differences
 * to the other points.
 */
function evaluate(
  kernel: number,
  g: Float64Array,
  from: number,
  step: number,
  to: Float64Array | Float32Array,
  at: number,
  pitch: number,
): void {
  const near = 2 * nearSquare * (nearSquare - farSquare)
  const far = 2 * farSquare * (farSquare - nearSquare)
  const g0 = g[from]!
  const g1 = g[from + step]!
  const g2 = g[from + 2 * step]!
  const g3 = kernel === 5 ? g[from + 3 * step]! : 0
  const g4 = kernel === 5 ? g[from + 4 * step]! : 0
  const nearEven = g0 + nearSquare * (g2 + nearSquare * g4)
  const farEven = g0 + farSquare * (g2 + farSquare * g4)
  const nearOdd = nearPoint * (g1 + nearSquare * g3)
  const farOdd = farPoint * (g1 + farSquare * g3)
  to[at] = g0 / squaresProduct
  to[at + pitch] = (nearEven + nearOdd) / near
  to[at + 2 * pitch] = (nearEven - nearOdd) / near
  to[at + 3 * pitch] = (farEven + farOdd) / far
  to[at + 4 * pitch] = (farEven - farOdd) / far
  to[at + 5 * pitch] = kernel === 5 ? g4 : g2
}

const taps = new Float64Array(25)
const columns = new Float64Array(5 * tileSpan)

/**
 * Computes G g Gᵀ of the weights of a kernel, for tiles of `side` x `side` sums, in float64, rounded once. Number
 * [row][column] is written to at + (6·row + column)·pitch.
 */
export function transformWeights(
  side: number,
  weight: (tap: number) => number,
  to: Float32Array,
  at: number,
  pitch: number,
): void {
  const n = tileSpan + 1 - side
  for (let tap = 0; tap < n * n; tap++) taps[tap] = weight(tap)
  for (let x = 0; x < n; x++) evaluate(n, taps, x, n, columns, x, n)
  for (let y = 0; y < tileSpan; y++) evaluate(n, columns, y * n, 1, to, at + y * tileSpan * pitch, pitch)
}

/**
 * Correlation by Winograd's algorithm, for a 3x3 or 5x5 bank of one group, without stride. Shapes are those of
 * `correlateReference`. The samples and sums of a tile are as far apart as the taps. Without dilation, tiles begin at
 * multiples of their side. Columns of a tile are transformed before its rows, on both sides; the products of a
 * tile are summed channel after channel, acc = f32(acc + f32(weight · sample)), from 0. The bias is added last. Samples
 * of a tile that no tap of an output reads are the fill value.
 */
export function winogradReference(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  { axes, border, fill, channels, filters }: Correlation,
): Float32Array {
  const [, ay, ax] = axes
  const { source } = borders[border]
  const side = tileSide(ay.kernel)
  const taps = ay.kernel ** 2
  const weights = new Float32Array(filters * channels * tileArea)
  for (let i = 0; i < filters * channels; i++)
    transformWeights(side, (tap) => weight[i * taps + tap]!, weights, i * tileArea, 1)
  const out = new Float32Array(filters * ay.output * ax.output)
  const [tile, half] = [new Float32Array(tileArea), new Float32Array(tileArea)]
  const samples = new Float32Array(channels * tileArea)
  const sums = new Float32Array(tileArea)
  const [dy, dx] = [ay.dilation, ax.dilation]
  for (const y of tileStarts(ay.output, side, dy)) {
    for (const left of tileStarts(ax.output, side, dx)) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < tileArea; i++) {
          const [row, column] = [y + Math.floor(i / tileSpan) * dy, left + (i % tileSpan) * dx]
          const isRead =
            row < ay.output + (tileSpan - side) * dy && column < ax.output + (tileSpan - side) * dx
          const iy = isRead ? source(row - ay.before, ay.input) : -1
          const ix = isRead ? source(column - ax.before, ax.input) : -1
          tile[i] = iy < 0 || ix < 0 ? fill : x[(c * ay.input + iy) * ax.input + ix]!
        }
        for (let i = 0; i < tileSpan; i++) spread([tile, i, tileSpan], [half, i, tileSpan])
        for (let i = 0; i < tileSpan; i++)
          spread([half, i * tileSpan, 1], [samples, c * tileArea + i * tileSpan, 1])
      }
      for (let filter = 0; filter < filters; filter++) {
        sums.fill(0)
        for (let c = 0; c < channels; c++) {
          const [w, s] = [(filter * channels + c) * tileArea, c * tileArea]
          for (let i = 0; i < tileArea; i++) sums[i] = sums[i]! + f32(weights[w + i]! * samples[s + i]!)
        }
        for (let i = 0; i < tileSpan; i++) gather(side, [sums, i, tileSpan], [half, i, tileSpan])
        for (let i = 0; i < side; i++) gather(side, [half, i * tileSpan, 1], [tile, i * side, 1])
        for (let i = 0; i < side ** 2; i++) {
          const [row, column] = [y + Math.floor(i / side) * dy, left + (i % side) * dx]
          if (row >= ay.output || column >= ax.output) continue
          const at = (filter * ay.output + row) * ax.output + column
          out[at] = bias === undefined ? tile[i]! : tile[i]! + bias[filter]!
        }
      }
    }
  }
  return out
}
