import { invariant } from '../error.ts'
import { withoutPauses, withPauses } from '../host/turns.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { anchorField, type Direction, type Kernel, planeSize } from './kernel.ts'

/** Properties of a kernel that follow from its weights. */
export type Analysis = {
  readonly sum: number
  readonly absSum: number
  /** Whether every weight is an integer. */
  readonly isInteger: boolean
  /** For a [kH,kW] kernel, the number of singular values that are not rounding errors. */
  readonly rank?: number
  readonly singularValues?: Float64Array
}

/** Singular values below this fraction of the largest are rounding errors, even if weights were stored as float32. */
const rankTolerance = 1e-6
/** How far a factored kernel may differ from fractional weights, relative to the largest: float32 rounding passes. */
const factorTolerance = 1e-6

/** The largest sides of a plane whose rank is computed for reports. Larger ones take from seconds to minutes. */
const mostRanked = { shorter: 128, longer: 512 }

/** Whether a kernel is a plane that is small enough to compute its rank. */
export const isRanked = ({ shape }: Kernel): boolean =>
  shape.length === 2 && Math.min(...shape) <= mostRanked.shorter && Math.max(...shape) <= mostRanked.longer

/** Finds the sums of the weights, whether they are integers, and for a plane kernel its rank and singular values. */
export function analyse(kernel: Kernel): Analysis {
  const { weights } = kernel
  const common = {
    sum: weights.reduce((s, w) => s + w, 0),
    absSum: weights.reduce((s, w) => s + Math.abs(w), 0),
    isInteger: weights.every(Number.isInteger),
  }
  if (kernel.shape.length !== 2) return common
  const singularValues = decompose(kernel).map((t) => t.sigma)
  const floor = (singularValues[0] ?? 0) * rankTolerance
  return {
    ...common,
    singularValues: Float64Array.from(singularValues),
    rank: singularValues.filter((s) => s > floor).length,
  }
}

/** One term of a kernel as a sum of outer products: sigma · col × row, where col and row have length 1. */
type Term = { readonly sigma: number; readonly col: Float64Array; readonly row: Float64Array }

const ahead = new WeakMap<Float64Array, readonly Term[]>()

/** Makes what `decompose` will return, with pauses for the event loop, because that of a large kernel takes seconds. */
export async function decomposeAhead(kernel: Kernel): Promise<void> {
  if (kernel.shape.length !== 2 || ahead.has(kernel.weights)) return
  ahead.set(kernel.weights, await withPauses(rotations(kernel)))
}

/**
 * Computes the singular value decomposition of a [kH,kW] kernel by one-sided Jacobi rotations (Hestenes 1958), in
 * double precision, largest value first.
 */
export const decompose = (kernel: Kernel): readonly Term[] =>
  ahead.get(kernel.weights) ?? withoutPauses(rotations(kernel))

function* rotations(kernel: Kernel): Generator<void, readonly Term[]> {
  const [kH, kW] = planeSize(kernel.shape)
  invariant(kernel.shape.length === 2, 'only a plane kernel has singular values')
  // The columns of a tall matrix are rotated until they are orthogonal. A wide matrix is transposed first.
  const isWide = kW > kH
  const [rows, cols] = isWide ? [kW, kH] : [kH, kW]
  const at = (r: number, c: number) => kernel.weights[isWide ? c * kW + r : r * kW + c]!
  const u = Array.from({ length: cols }, (_, c) => Float64Array.from({ length: rows }, (_, r) => at(r, c)))
  const v = Array.from({ length: cols }, (_, c) =>
    Float64Array.from({ length: cols }, (_, r) => (r === c ? 1 : 0)),
  )
  // Columns are orthogonal if their product is within the rounding error of a sum that long, or of the whole matrix.
  const relative = rows * Number.EPSILON
  const absolute = relative * relative * dot(kernel.weights, kernel.weights)
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false
    for (let p = 0; p < cols - 1; p++) {
      yield
      for (let q = p + 1; q < cols; q++) {
        rotated = rotate([u[p]!, u[q]!], [v[p]!, v[q]!], relative, absolute) || rotated
      }
    }
  }
  const terms = u.map((column, c) => {
    const sigma = Math.sqrt(dot(column, column))
    const left = sigma === 0 ? column : column.map((x) => x / sigma)
    const right = v[c]!
    return isWide ? { sigma, col: right, row: left } : { sigma, col: left, row: right }
  })
  return terms.sort((a, b) => b.sigma - a.sigma)
}

type Columns = readonly [Float64Array, Float64Array]

/** Makes two columns orthogonal, and rotates another two with them. Returns false if they already were. */
function rotate([up, uq]: Columns, others: Columns, relative: number, absolute: number): boolean {
  const [a, b, c] = [dot(up, up), dot(uq, uq), dot(up, uq)]
  if (Math.abs(c) <= Math.max(relative * Math.sqrt(a * b), absolute)) return false
  const zeta = (b - a) / (2 * c)
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
  const cos = 1 / Math.sqrt(1 + t * t)
  for (const [x, y] of [[up, uq], others] as const) {
    for (let i = 0; i < x.length; i++) {
      const [xi, yi] = [x[i]!, y[i]!]
      x[i] = cos * (xi - t * yi)
      y[i] = cos * (t * xi + yi)
    }
  }
  return true
}

/** A plain loop takes a third of the time of `reduce`: `explain` of 200x200 dense weights takes 1.4 s instead of 3.8. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/**
 * Returns the column and the row whose outer product is the kernel, or undefined if its rank is not 1. Integer weights
 * give an exact result. Others are correct within 1e-6 of the largest weight, the precision to which float32
 * distinguishes weights.
 */
export function factor(kernel: Kernel): Omit<Term, 'sigma'> | undefined {
  if (kernel.shape.length !== 2) return undefined
  const [kH, kW] = planeSize(kernel.shape)
  const { weights } = kernel
  let [pivot, largest] = [0, weights[0]!]
  for (let i = 1; i < weights.length; i++) {
    if (Math.abs(weights[i]!) > Math.abs(largest)) [pivot, largest] = [i, weights[i]!]
  }
  if (largest === 0) return undefined
  const [py, px] = [Math.floor(pivot / kW), pivot % kW]
  const pivotRow = weights.slice(py * kW, py * kW + kW)
  const pivotCol = Float64Array.from({ length: kH }, (_, y) => weights[y * kW + px]!)
  const isWhole = weights.every(Number.isSafeInteger)
  // In an integer matrix of rank 1, the primitive row consists of integers, and so does the column that belongs to it.
  const divisor = isWhole ? pivotRow.reduce(gcd, 0) : largest
  const row = pivotRow.map((w) => w / divisor)
  const col = pivotCol.map((w) => (w / largest) * divisor)
  const exactCol = isWhole ? pivotCol.map((w) => (w * divisor) / largest) : col
  const bound = isWhole ? 0 : factorTolerance * Math.abs(largest)
  for (let y = 0; y < kH; y++) {
    for (let x = 0; x < kW; x++) {
      if (Math.abs(exactCol[y]! * row[x]! - weights[y * kW + x]!) > bound) return undefined
    }
  }
  return { col: exactCol, row }
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b))

/**
 * Finds the best sum of `rank` outer products, and its relative error in the Frobenius norm (Eckart and Young 1936).
 */
export function lowRank(kernel: Kernel, rank: number) {
  const all = decompose(kernel)
  const energy = (terms: readonly Term[]) => terms.reduce((s, t) => s + t.sigma * t.sigma, 0)
  const whole = energy(all)
  return {
    terms: all.slice(0, rank).map((t) => ({ col: t.col.map((x) => x * t.sigma), row: t.row })),
    error: whole === 0 ? 0 : Math.sqrt(energy(all.slice(rank)) / whole),
  }
}

/**
 * Turns the kernel, with its anchor, by 180° in its last `axes` (its plane), which turns correlation into convolution.
 */
export function flip(kernel: Kernel, axes = 2): Kernel {
  const [kH, kW] = planeSize(kernel.shape)
  const plane = sizeOf(kernel.shape.slice(-axes))
  const weights = new Float64Array(kernel.weights.length)
  for (let at = 0; at < weights.length; at += plane) {
    weights.set(kernel.weights.subarray(at, at + plane).toReversed(), at)
  }
  const [y, x] = kernel.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]
  return { ...kernel, weights, anchor: [kH - 1 - y, kW - 1 - x] }
}

/** Divides the kernel by the sum of its weights, through its scale; by 1 if the sum is 0. */
export function normalize(kernel: Kernel): Kernel {
  const sum = kernel.weights.reduce((s, w) => s + w, 0)
  return { ...kernel, scale: sum === 0 ? 1 : sum }
}

/** Turns the kernel, with its anchor, by 180° in its plane, and in depth too if it is a 3-D bank. */
export function turned(kernel: Kernel): Kernel {
  const { anchor = [0, 0], ...rest } = flip(kernel, kernel.shape.length === 5 ? 3 : 2)
  return { ...rest, ...anchorField(planeSize(kernel.shape), anchor) }
}

/** Whether the turn by its format changes the kernel. */
export function isTurned(kernel: Kernel): kernel is Kernel & { readonly direction: Direction } {
  if (kernel.direction?.turns !== true) return false
  const there = turned(kernel)
  const back = turned(there)
  return String(there.anchor) !== String(back.anchor) || there.weights.some((w, i) => w !== back.weights[i])
}

/** Describes a direction: `rotated by 180°, like -morphology Convolve does`, or `used as written, like …`. */
export const directionText = ({ turns, as }: Direction): string =>
  turns ? `rotated by 180°, like ${as} does` : `used as written, like ${as} does`
