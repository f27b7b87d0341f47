import type { Correlation } from './geometry.ts'

/** How the sums of a bank are computed. */
export type BankAlgorithm = 'winograd' | 'direct'

/** The width of a tile of Winograd's algorithm in samples, and in the numbers that they are transformed to. */
export const tileSpan = 6

/** The output rows and columns of a tile, of a kernel of 3x3 or 5x5. */
export const tileSide = (kernel: number): number => tileSpan + 1 - kernel

/**
 * Returns where tiles of `side` places begin along an axis of `output` places whose taps are `dilation` apart. Places
 * that are `dilation` apart form a plain correlation of their own.
 */
export function tileStarts(output: number, side: number, dilation: number): number[] {
  const starts: number[] = []
  for (let block = 0; block < output; block += side * dilation)
    for (let p = block; p < Math.min(block + dilation, output); p++) starts.push(p)
  return starts
}

type Way = (c: Correlation) => { readonly algorithm: BankAlgorithm; readonly reason: string } | undefined

// Thresholds of the choice. They are part of the definition: another value gives other arithmetic for some banks.

/**
 * The numbers of input channels and of filters from which transforming tiles costs little compared with the products
 * that it saves.
 */
const fewestChannels = { 3: 8, 5: 32 }
/** The output samples of a plane from which transforming the weights costs little. */
const fewestSamples = { 3: 1024, 5: 4096 }
/** The maximum of channels times filters, because transformed weights take four times the memory. */
const mostWeights = 2 ** 19
/** The output rows and columns, as far apart as the taps, from which tiles are not mostly edges. */
const fewestApart = 8
/** The maximum dilation. Taps further apart would need tall strips. */
const mostDilation = 4

const asked: Way = ({ algorithm }) =>
  algorithm === 'direct' ? { algorithm, reason: 'direct sums in float32, as requested' } : undefined

const winograd: Way = ({ channels, filters, groups, axes }) => {
  const [depth, ...plane] = axes
  const [{ kernel }] = plane
  const isPlain = plane.every(
    (axis) => axis.kernel === kernel && axis.stride === 1 && axis.dilation <= mostDilation,
  )
  if (groups !== 1 || depth.kernel !== 1 || depth.input !== 1 || !isPlain) return undefined
  if (kernel !== 3 && kernel !== 5) return undefined
  const [height, width] = plane.map(({ output }) => output) as [number, number]
  const apart = plane.map(({ output, dilation }) => Math.ceil(output / dilation))
  if (Math.min(channels, filters) < fewestChannels[kernel] || channels * filters > mostWeights)
    return undefined
  if (height * width < fewestSamples[kernel] || Math.min(...apart) < fewestApart) return undefined
  const side = tileSide(kernel)
  return {
    algorithm: 'winograd',
    reason: `${kernel}x${kernel} over ${channels} channels: tiles of ${side}x${side} sums take ${tileSpan ** 2} products for each channel instead of ${(side * kernel) ** 2}`,
  }
}

const direct: Way = () => ({ algorithm: 'direct', reason: 'direct sums in float32, four filters at a time' })

/** In order of preference: the first that applies is used. */
const ways: readonly Way[] = [asked, winograd, direct]

/** Returns how the sums of a bank are computed, and why: a function of its shapes and of the requested algorithm. */
export function bankAlgorithm(c: Correlation): NonNullable<ReturnType<Way>> {
  for (const way of ways) {
    const choice = way(c)
    if (choice !== undefined) return choice
  }
  return direct(c)!
}
