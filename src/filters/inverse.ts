import { transform, unitRoot, unitRoots } from '../conv/fft.ts'
import { ConvoError } from '../error.ts'
import { inRows, pause } from '../host/turns.ts'
import { type Kernel, kernel } from '../kernel/kernel.ts'

/** What noise is taken for: grain, which the laplacian sees, or all frequencies alike. */
export type Penalty = 'laplacian' | 'flat'

/** The largest size over which an inverse is computed, and the smallest. */
const [mostSide, leastSide] = [512, 128]
/** What may be cut off the inverse: the sum of the magnitudes of its weights. */
const cutSum = 2 ** -10
/** An inverse whose outermost weights, this far from its edge, sum to more than this in magnitude would go on beyond it. */
const [rim, mostAtRim] = [8, 2 ** -4]

/** Whether an inverse was cut where its weights still matter: it is as large as one may be, and does not fade to its edge. */
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
 * The kernel that undoes a blur of sum 1 with its anchor at (ay, ax): F⁻¹(conj H / (|H|² + balance · |L|²)) over a square of a power of
 * two, in float64, cut to the smallest square about its middle that omits weights of no more than 1/1024 in all; at most 511 wide.
 * It sums to 1. The event loop turns meanwhile: 512 x 512 take a tenth of a second.
 *
 * @throws ConvoError E_TOO_LARGE for a blur that is too large for it
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
    throw new ConvoError(
      'E_TOO_LARGE',
      `wiener takes a blur of up to ${mostSide / 4} x ${mostSide / 4}, got ${kW} x ${kH}`,
      {
        fix: 'richardson-lucy',
      },
    )
  }
  for (let n = leastSide; ; n *= 2) {
    // the answer to a blur reaches several times as far as the blur
    if (n < 4 * size) continue
    const made = await inverseOver(n, blur, anchor, balance, penalty)
    if (made !== undefined) return made
  }
}

/** The inverse over n x n, unless it reaches farther than that and a larger square is to be tried. */
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
      // where the blur lets nothing through and nothing is feared there is nothing to bring back
      grid[at] = all > 0 ? re / all : 0
      grid[at + 1] = all > 0 ? im / all : 0
    }
  })
  await transformSquare(grid, n)
  // n is a power of two
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

/** How far from the middle the weights matter. */
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

/** The transform of n x n complex numbers, in place. */
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
