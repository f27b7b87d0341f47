import type { Correlation } from './geometry.ts'

/** How the sums of a bank are computed. */
export type BankAlgorithm = 'winograd' | 'direct'

/** Output rows and columns of a tile of Winograd's algorithm; tiles begin at multiples of it. */
export const tileSide = 4

type Way = (c: Correlation) => { readonly algorithm: BankAlgorithm; readonly reason: string } | undefined

// Thresholds of the choice. They are part of the definition: another value is another arithmetic for some banks.

/** Channels in and filters from which on transforming tiles costs little beside the products that it saves. */
const fewestChannels = 8
/** Output samples of a plane from which on transforming the weights costs little. */
const fewestSamples = 1024
/** Channels times filters, as transformed weights take four times the memory. */
const mostWeights = 2 ** 19

const asked: Way = ({ algorithm }) =>
  algorithm === 'direct' ? { algorithm, reason: 'direct sums in float32, as requested' } : undefined

const winograd: Way = ({ channels, filters, groups, axes }) => {
  const [depth, ...plane] = axes
  const isPlain = plane.every(
    ({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1,
  )
  if (groups !== 1 || depth.kernel !== 1 || depth.input !== 1 || !isPlain) return undefined
  const [height, width] = plane.map(({ output }) => output) as [number, number]
  if (Math.min(channels, filters) < fewestChannels || channels * filters > mostWeights) return undefined
  if (height * width < fewestSamples || Math.min(height, width) < 2 * tileSide) return undefined
  return {
    algorithm: 'winograd',
    reason: `3x3 over ${channels} channels: tiles of 4x4 sums take 36 products for each channel instead of 144`,
  }
}

const direct: Way = () => ({ algorithm: 'direct', reason: 'direct sums in float32, four filters at a time' })

/** In order: the first that applies is used. */
const ways: readonly Way[] = [asked, winograd, direct]

/** How the sums of a bank are computed, and why: a function of its shapes and of what was asked for. */
export function bankAlgorithm(c: Correlation): NonNullable<ReturnType<Way>> {
  for (const way of ways) {
    const choice = way(c)
    if (choice !== undefined) return choice
  }
  return direct(c)!
}
