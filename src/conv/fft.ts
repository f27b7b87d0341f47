import { invariant } from '../error.ts'
import { withoutPauses, withPauses } from '../host/turns.ts'
import { cos, sin } from '../tensor/math.ts'

/**
 * Overlap-save along one axis: blocks of `n` input samples, n a power of two, give `valid` = n - kernel + 1 output
 * samples each. Block b gives the outputs from b * valid. The grid is anchored at output 0, so that the rounding of a
 * sample depends on its place in the picture and not on the strip that computes it.
 */
export type FftAxis = { readonly kernel: number; readonly n: number; readonly valid: number }

/** Overlap-save in two dimensions. */
export type FftPlan2d = { readonly y: FftAxis; readonly x: FftAxis }

/**
 * Chooses the blocks for a dense kernel, a pure function of the shapes. The cost counts the butterflies of
 * `src/wasm/fft-plane.ts` (an odd power of two has one more stage to load and store), the further cost of a group of
 * four columns, and the cache. Its numbers are fitted to 34 measured times for kernels from 15x15 to 255x255, and are
 * within 12 % of them.
 */
export function planFft2d(kH: number, kW: number, outRows: number, outCols: number): FftPlan2d {
  const plans = axes(kH).flatMap((y) => axes(kW).map((x) => ({ y, x })))
  // Height counts twice: a strip is at least as high as a block.
  const size = ({ y, x }: FftPlan2d) => y.n * y.n * x.n
  const stages = (n: number) => Math.log2(n) + 0.5 * (Math.log2(n) % 2)
  return smallest(plans, size, ({ y, x }) => {
    const pairs = Math.ceil(outRows / y.valid) * Math.ceil(outCols / x.valid / 2)
    const colsBack = Math.min(x.valid, outCols)
    const forward = y.n * x.n * (stages(y.n) + 2 * stages(x.n) + 2)
    const back = y.n * colsBack * (stages(y.n) + 1)
    const groups = 280 * (x.n + y.n + colsBack)
    return pairs * (forward + back + groups) * (y.n * x.n < 2 ** 20 ? 1 : 1.2)
  })
}

/** Chooses the blocks for a 1-D kernel along rows, where adjacent blocks go in pairs. */
export function planFftRows(kernel: number, outCols: number): FftAxis {
  const cost = (x: FftAxis) => Math.ceil(outCols / x.valid / 2) * 2 * lineCost(x.n)
  return smallest(axes(kernel), (x) => x.n, cost)
}

/** Chooses the blocks for a 1-D kernel along columns. */
export const planFftColumns = (kernel: number, outRows: number): FftAxis =>
  smallest(
    axes(kernel),
    (y) => y.n,
    (y) => Math.ceil(outRows / y.valid) * lineCost(y.n),
  )

/** The cost of a line of length n. Longer transforms do not fit in the first-level cache. */
const lineCost = (n: number): number => n * (2 * Math.log2(n) + 6) * (n < 1024 ? 1 : n === 1024 ? 1.15 : 1.35)

/**
 * Returns the transforms that a kernel can use, from short to long. They exceed 2048 only as far as the kernel
 * requires.
 */
function axes(kernel: number): FftAxis[] {
  const out: FftAxis[] = []
  let n = 16
  while (n < kernel) n *= 2
  for (const most = Math.max(2048, 2 * n); n <= most; n *= 2) out.push({ kernel, n, valid: n - kernel + 1 })
  return out
}

/** Returns the smallest of the candidates within a tenth of the least cost. It needs less memory, cache and set-up. */
function smallest<T>(
  candidates: readonly T[],
  size: (candidate: T) => number,
  cost: (candidate: T) => number,
): T {
  const most = 1.1 * Math.min(...candidates.map(cost))
  return candidates.filter((c) => cost(c) <= most).reduce((best, c) => (size(c) < size(best) ? c : best))
}

/**
 * Returns the input rows that output rows `y0` to `y1` of `outRows` need, which are those of whole blocks. They are
 * counted from the one under the first tap of output row 0. Rows after the last input row count as zero and are not
 * read.
 */
export function fftInputRows(
  axis: FftAxis,
  outRows: number,
  y0: number,
  y1: number,
): { readonly first: number; readonly end: number } {
  const first = Math.floor(y0 / axis.valid) * axis.valid
  const lastBlock = Math.floor((y1 - 1) / axis.valid) * axis.valid
  return { first, end: Math.min(lastBlock + axis.n, outRows + axis.kernel - 1) }
}

/** The multiplications of a transform of length n, in either direction: four for each product with a twiddle. */
const transformProducts = (n: number): number =>
  fftStages(n).reduce((sum, { radix, size }) => sum + (size === 4 ? 0 : (4 * n * (radix - 1)) / radix), 0)

/** The multiplications of a transform, of the product with a spectrum, and of the inverse transform. */
const lineProducts = (n: number): number => 2 * transformProducts(n) + 4 * n

/** The multiplications of `correlateFft2dReference` for a plane of rows x cols output samples. */
export const fftProducts2d = ({ y, x }: FftPlan2d, rows: number, cols: number): number =>
  Math.ceil(rows / y.valid) *
  Math.ceil(cols / x.valid / 2) *
  (2 * x.n * transformProducts(y.n) + y.n * lineProducts(x.n))

/** The multiplications of `correlateColumnsFftReference`, which takes columns in groups of eight. */
export const fftProductsColumns = ({ n, valid }: FftAxis, rows: number, cols: number): number =>
  Math.ceil(rows / valid) * Math.ceil(cols / 8) * 4 * lineProducts(n)

/** The multiplications of `correlateRowsFftReference`. */
export const fftProductsRows = ({ n, valid }: FftAxis, rows: number, cols: number): number =>
  rows * Math.ceil(cols / valid / 2) * lineProducts(n)

/** The working memory of `correlateFft2d`, in bytes. */
export const fftScratchBytes2d = ({ y, x }: FftPlan2d): number => (y.n / 4) * (x.n * 32 + 128) + y.n * 32

/** The working memory of the 1-D loops, in bytes. */
export const fftScratchBytes1d = (axis: FftAxis): number => axis.n * 32

/** Returns the tables that `correlateFft2d` reads, one after the other: twiddles for y, twiddles for x, spectrum. */
export const fftTables2d = (weights: ArrayLike<number>, plan: FftPlan2d): Float32Array =>
  madeFor(weights, plan) ?? withoutPauses(tableSteps(weights, plan))

/** Tables made in advance, by their weights. */
const ahead = new WeakMap<object, { readonly plan: FftPlan2d; readonly tables: Float32Array }>()

function madeFor(weights: ArrayLike<number>, { y, x }: FftPlan2d): Float32Array | undefined {
  const made = ahead.get(weights)
  return made?.plan.y.n === y.n && made.plan.x.n === x.n ? made.tables : undefined
}

/**
 * Makes the tables that `fftTables2d` will return, with pauses for the event loop, because those of a large kernel take
 * long.
 */
export async function makeFftTables2d(weights: ArrayLike<number>, plan: FftPlan2d): Promise<void> {
  if (madeFor(weights, plan) !== undefined) return
  ahead.set(weights, { plan, tables: await withPauses(tableSteps(weights, plan)) })
}

function* tableSteps(weights: ArrayLike<number>, plan: FftPlan2d): Generator<undefined, Float32Array> {
  const [y, x] = [fftTwiddles(plan.y.n), fftTwiddles(plan.x.n)]
  const tables = new Float32Array(y.length + x.length + 2 * plan.y.n * plan.x.n)
  tables.set(y)
  tables.set(x, y.length)
  yield* spectrumSteps(weights, plan, tables.subarray(y.length + x.length))
  return tables
}

/** Returns the tables that the 1-D loops read, one after the other: twiddles, spectrum. */
export const fftTables1d = (weights: ArrayLike<number>, axis: FftAxis): Float32Array =>
  Float32Array.from([...fftTwiddles(axis.n), ...spectrum1d(weights, axis)])

/** A stage of a forward transform: butterflies of `radix` in blocks of `size` elements. */
type Stage = { readonly radix: 2 | 4; readonly size: number }

/**
 * Returns the stages of a forward transform of length n >= 16: n by radix 4, one by radix 2 if log2 n is odd, then
 * radix 4.
 */
export function fftStages(n: number): Stage[] {
  const out: Stage[] = [{ radix: 4, size: n }]
  let size = n / 4
  if (Math.log2(n) % 2 === 1) {
    out.push({ radix: 2, size })
    size /= 2
  }
  for (; size >= 4; size /= 4) out.push({ radix: 4, size })
  return out
}

/**
 * Returns the twiddles of a transform of length n as float32: for each stage but the last, for each j of size / radix,
 * the powers 1 (radix 2) or 1, 2, 3 (radix 4) of exp(-2 pi i j / size), re and im.
 */
export function fftTwiddles(n: number): Float32Array {
  const out: number[] = []
  for (const { radix, size } of fftStages(n)) {
    if (size === 4) continue
    for (let j = 0; j < size / radix; j++) {
      for (let power = 1; power < radix; power++) out.push(...unitRoot(j * power, size))
    }
  }
  return Float32Array.from(out)
}

/** The number of float32 numbers in the twiddle table of length n. */
export const fftTwiddleCount = (n: number): number =>
  fftStages(n).reduce((sum, { radix, size }) => sum + (size === 4 ? 0 : (size / radix) * (radix - 1) * 2), 0)

/**
 * Returns exp(-2 pi i k / n) for a power of two n. The octant is found in whole numbers, so that symmetric roots have
 * equal bits.
 */
export function unitRoot(k: number, n: number): readonly [re: number, im: number] {
  const octant = Math.floor((8 * k) / n) % 8
  const rest = (8 * k) / n - Math.floor((8 * k) / n)
  const angle = ((octant % 2 === 0 ? rest : 1 - rest) * Math.PI) / 4
  const [c, s] = [cos(angle), sin(angle)]
  const [long, short] = octant % 4 === 1 || octant % 4 === 2 ? [s, c] : [c, s]
  return [octant > 1 && octant < 6 ? -long : long, octant < 4 ? -short : short]
}

/** Returns the frequency at each place after a forward transform of length n: the digits of the place in reverse. */
export function fftFrequencies(n: number): Uint32Array {
  const stages = fftStages(n)
  return Uint32Array.from({ length: n }, (_, place) => {
    let frequency = 0
    let weight = 1
    let rest = place
    for (const { radix, size } of stages) {
      const digit = Math.floor((rest * radix) / size)
      rest -= (digit * size) / radix
      frequency += digit * weight
      weight *= radix
    }
    return frequency
  })
}

/**
 * Returns the conjugate transform of a 1-D kernel over n, computed in float64 and rounded once to float32: re, im for
 * each place. The conjugate makes it a correlation. It includes the factor 1/n, which is exact.
 */
export function spectrum1d(weights: ArrayLike<number>, axis: FftAxis): Float32Array {
  const { kernel, n } = axis
  invariant(weights.length === kernel && kernel <= n, 'a kernel must have the length it was planned for')
  const line = new Float64Array(2 * n)
  for (let i = 0; i < kernel; i++) line[2 * i] = weights[i]!
  transform(line, unitRoots(n))
  const out = new Float32Array(2 * n)
  fftFrequencies(n).forEach((frequency, place) => {
    out[2 * place] = line[2 * frequency]! / n
    out[2 * place + 1] = -line[2 * frequency + 1]! / n
  })
  return out
}

/**
 * Returns the conjugate transform of a dense kernel, row-major [kH][kW], in the layout of the tile of spectra of
 * `src/wasm/fft-plane.ts`: [group of four y places][x place][re of the four, im of the four].
 */
export const spectrum2d = (weights: ArrayLike<number>, plan: FftPlan2d): Float32Array =>
  withoutPauses(spectrumSteps(weights, plan, new Float32Array(2 * plan.y.n * plan.x.n)))

/** The steps of `spectrum2d` into `out`, with a pause after every row and column. */
function* spectrumSteps(
  weights: ArrayLike<number>,
  plan: FftPlan2d,
  out: Float32Array,
): Generator<undefined, Float32Array> {
  const { y, x } = plan
  invariant(weights.length === y.kernel * x.kernel, 'a kernel must have the size it was planned for')
  invariant(y.kernel <= y.n && x.kernel <= x.n, 'a kernel must fit its transform')
  const rows = new Float64Array(2 * y.kernel * x.n)
  const rootsX = unitRoots(x.n)
  for (let row = 0; row < y.kernel; row++) {
    const line = rows.subarray(2 * row * x.n, 2 * (row + 1) * x.n)
    for (let col = 0; col < x.kernel; col++) line[2 * col] = weights[row * x.kernel + col]!
    transform(line, rootsX)
    yield
  }
  const column = new Float64Array(2 * y.n)
  const rootsY = unitRoots(y.n)
  const frequenciesY = fftFrequencies(y.n)
  const frequenciesX = fftFrequencies(x.n)
  const placesX = new Uint32Array(x.n)
  frequenciesX.forEach((frequency, place) => {
    placesX[frequency] = place
  })
  const scale = 1 / (y.n * x.n)
  // The kernel is real, so a column and its mirror image are conjugates, and half of the columns give all.
  for (let fx = 0; fx <= x.n / 2; fx++) {
    column.fill(0)
    for (let row = 0; row < y.kernel; row++) {
      column[2 * row] = rows[2 * (row * x.n + fx)]!
      column[2 * row + 1] = rows[2 * (row * x.n + fx) + 1]!
    }
    transform(column, rootsY)
    const place = placesX[fx]!
    const mirror = placesX[(x.n - fx) % x.n]!
    for (let i = 0; i < y.n; i++) {
      const fy = frequenciesY[i]!
      const at = (i >> 2) * x.n * 8 + (i & 3)
      out[at + place * 8] = column[2 * fy]! * scale
      out[at + place * 8 + 4] = -column[2 * fy + 1]! * scale
      const opposite = (y.n - fy) % y.n
      out[at + mirror * 8] = column[2 * opposite]! * scale
      out[at + mirror * 8 + 4] = column[2 * opposite + 1]! * scale
    }
    yield
  }
  return out
}

/** Returns exp(-2 pi i k / n) for k of 0..n/2 - 1, re and im alternating. */
export function unitRoots(n: number): Float64Array {
  const out = new Float64Array(n)
  for (let k = 0; k < n / 2; k++) out.set(unitRoot(k, n), 2 * k)
  return out
}

/** Transforms complex float64 numbers (re and im alternate) in place: radix 2, decimation in time, natural order. */
export function transform(data: Float64Array, roots: Float64Array): void {
  const n = data.length / 2
  for (let i = 0, j = 0; i < n; i++) {
    if (i < j) swap(data, i, j)
    let bit = n >> 1
    for (; bit > 0 && (j & bit) !== 0; bit >>= 1) j ^= bit
    j |= bit
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let block = 0; block < 2 * n; block += 2 * size) {
      for (let p = block, r = 0; p < block + size; p += 2, r += (2 * n) / size) {
        const q = p + size
        const re = data[q]! * roots[r]! - data[q + 1]! * roots[r + 1]!
        const im = data[q]! * roots[r + 1]! + data[q + 1]! * roots[r]!
        data[q] = data[p]! - re
        data[q + 1] = data[p + 1]! - im
        data[p] = data[p]! + re
        data[p + 1] = data[p + 1]! + im
      }
    }
  }
}

function swap(data: Float64Array, i: number, j: number): void {
  const re = data[2 * i]!
  const im = data[2 * i + 1]!
  data[2 * i] = data[2 * j]!
  data[2 * i + 1] = data[2 * j + 1]!
  data[2 * j] = re
  data[2 * j + 1] = im
}
