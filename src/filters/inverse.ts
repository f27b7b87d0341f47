import { transform, unitRoot, unitRoots } from '../conv/fft.ts'
import { ConvoError } from '../error.ts'
import { inRows, pause } from '../host/turns.ts'
import { type Kernel, kernel } from '../kernel/kernel.ts'

/** The assumed kind of noise: fine grain, which the laplacian detects, or equal at all frequencies. */
export type Penalty = 'laplacian' | 'flat'

const [mostSide, leastSide] = [512, 128]
/** The most that may be cut off an inverse, as the sum of the magnitudes of its weights. */
const cutSum = 2 ** -10
/**
 * An inverse would continue beyond its edge if the weights within `rim` of the edge sum to more than `mostAtRim` in
 * magnitude.
 */
const [rim, mostAtRim] = [8, 2 ** -4]

/**
 * Whether an inverse was cut off where its weights still matter: it has the largest size and does not fade to its edge.
 */
export function isCutOff({ shape: [side = 1], weights }: Kernel): boolean {
  if (side < mostSide - 1) return false
  let sum = 0
  for (let y = 0; y < side; y++) {
    const isOutside = y < rim || y >= side - rim
    for (let x = 0; x < side; x++) {
      if (!isOutside && x === rim) x = side - rim
      sum += Math.abs(weights[y * side + x]!)
    }
  }
  return sum > mostAtRim
}

/**
 * Returns the kernel that undoes a blur of sum 1 with its anchor at (ay, ax): F⁻¹(conj H / (|H|² + balance · |L|²)). It
 * is computed in float64 over a square whose size is a power of two. It is then cut to the smallest square around its
 * middle that drops weights of at most 1/1024 in total, at most 511 wide, and scaled to sum to 1. The event loop keeps
 * running: 512 x 512 take a tenth of a second.
 *
 * @throws ConvoError E_TOO_LARGE for a blur that is too large
 */
export async function inverseOf(
  blur: Kernel,
  anchor: readonly [y: number, x: number],
  balance: number,
  penalty: Penalty,
): Promise<Kernel> {
  const [kH = 1, kW = 1] = blur.shape
  const size = Math.max(kH, kW)
  if (4 * size > mostSide) {
    const what = `wiener takes a blur of up to ${mostSide / 4} x ${mostSide / 4}, got ${kW} x ${kH}`
    throw new ConvoError('E_TOO_LARGE', what, { fix: 'richardson-lucy' })
  }
  for (let n = leastSide; ; n *= 2) {
    // the inverse of a blur is several times as large as the blur
    if (n < 4 * size) continue
    const made = await inverseOver(n, blur, anchor, balance, penalty)
    if (made !== undefined) return made
  }
}

/** Returns the inverse over n x n, or undefined if it is larger than that and a larger square can be tried. */
async function inverseOver(
  n: number,
  { shape, weights }: Kernel,
  [ay, ax]: readonly [y: number, x: number],
  balance: number,
  penalty: Penalty,
): Promise<Kernel | undefined> {
  const [kH = 1, kW = 1] = shape
  const grid = new Float64Array(2 * n * n)
  const wrapped = (i: number) => (i + n) % n
  for (let y = 0; y < kH; y++) {
    for (let x = 0; x < kW; x++) grid[2 * (wrapped(y - ay) * n + wrapped(x - ax))] = weights[y * kW + x]!
  }
  await transformSquare(grid, n)
  const waves = Float64Array.from({ length: n }, (_, f) => 2 - 2 * unitRoot(f, n)[0])
  await inRows(n, n, (y) => {
    for (let x = 0; x < n; x++) {
      const at = 2 * (y * n + x)
      const re = grid[at]!
      const im = grid[at + 1]!
      const noise = penalty === 'flat' ? 1 : waves[y]! + waves[x]!
      const all = re * re + im * im + balance * noise * noise
      // if the blur removes a frequency and no noise is expected, there is nothing to restore
      grid[at] = all > 0 ? re / all : 0
      grid[at + 1] = all > 0 ? im / all : 0
    }
  })
  await transformSquare(grid, n)
  // this wraps around because n is a power of two
  const at = (y: number, x: number) => grid[2 * ((y & (n - 1)) * n + (x & (n - 1)))]! / (n * n)
  const reach = await reachOf(at, n / 2 - 1)
  if (reach === n / 2 - 1 && n < mostSide) return undefined
  const side = 2 * reach + 1
  const cut = new Float64Array(side * side)
  let sum = 0
  await inRows(side, side, (y) => {
    for (let x = 0, i = y * side; x < side; x++, i++) {
      cut[i] = at(y - reach, x - reach)
      sum += cut[i]!
    }
  })
  await inRows(side, side, (y) => {
    for (let i = y * side; i < (y + 1) * side; i++) cut[i]! /= sum
  })
  return kernel([side, side], cut)
}

async function reachOf(at: (y: number, x: number) => number, most: number): Promise<number> {
  let left = 0
  for (let reach = most; reach > 0; reach--) {
    await pause()
    for (let i = -reach; i <= reach; i++) left += Math.abs(at(reach, i)) + Math.abs(at(-reach, i))
    for (let i = -reach + 1; i < reach; i++) left += Math.abs(at(i, reach)) + Math.abs(at(i, -reach))
    if (left > cutSum) return reach
  }
  return 0
}

/** Transforms n x n complex numbers in place. */
async function transformSquare(grid: Float64Array, n: number): Promise<void> {
  const roots = unitRoots(n)
  const line = new Float64Array(2 * n)
  for (let y = 0; y < n; y++) {
    await pause()
    transform(grid.subarray(2 * y * n, 2 * (y + 1) * n), roots)
  }
  for (let x = 0; x < n; x++) {
    await pause()
    for (let to = 0, at = 2 * x; to < 2 * n; to += 2, at += 2 * n) {
      line[to] = grid[at]!
      line[to + 1] = grid[at + 1]!
    }
    transform(line, roots)
    for (let from = 0, at = 2 * x; from < 2 * n; from += 2, at += 2 * n) {
      grid[at] = line[from]!
      grid[at + 1] = line[from + 1]!
    }
  }
}
