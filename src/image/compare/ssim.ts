import { ConvoError } from '../../error.ts'
import { exp } from '../../tensor/math.ts'
import type { Pair } from './pair.ts'

const side = 11
const half = (side - 1) / 2
const sigma = 1.5
const [k1, k2] = [0.01, 0.03]

/** One half of the Gaussian, starting in the middle. The whole sums to 1. */
const weights = (() => {
  const bell = Array.from({ length: half + 1 }, (_, i) => exp(-(i * i) / (2 * sigma * sigma)))
  const sum = bell.reduce((total, w, i) => total + (i === 0 ? w : 2 * w), 0)
  return Float64Array.from(bell, (w) => w / sum)
})()

/**
 * Computes the structural similarity of two pictures (Wang, Bovik, Sheikh, Simoncelli 2004): Gaussian windows of 11x11
 * with sigma 1.5, K1 = 0.01, K2 = 0.03, L = full scale, weighted (not sample) covariance. The result is the mean over
 * all windows inside the picture, then over the compared channels. It equals scikit-image's `structural_similarity`
 * with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=-1`.
 *
 * In ignored pixels the actual picture is replaced by the expected one, and windows around them are not counted. With
 * alpha `visible`, the result is the lower of the similarities over black and over white. If sizes differ, only the
 * part that both pictures have is measured.
 *
 * @throws ConvoError E_SHAPE if a side is shorter than 11 pixels, or if all windows are ignored
 */
export function ssim(pair: Pair, ignored: Uint8Array | undefined): number {
  const width = Math.min(pair.expected.width, pair.actual.width)
  const height = Math.min(pair.expected.height, pair.actual.height)
  if (width < side || height < side) {
    const what = `SSIM needs pictures of at least ${side}x${side}, got ${width}x${height}`
    const why = `--min-ssim is a mean over windows of ${side}x${side}; --max-rmse and --max-abs have none`
    throw new ConvoError('E_SHAPE', what, { why, fix: 'no --min-ssim' })
  }
  const mean = (read: Reader): number => {
    let total = 0
    for (let channel = 0; channel < pair.compared; channel++)
      total += meanOfChannel(pair, ignored, width, height, (y, a, b) => read(channel, y, a, b))
    return total / pair.compared
  }
  if (pair.alpha !== 'visible') return mean(planeReader(pair))
  return Math.min(mean(overReader(pair, 0)), mean(overReader(pair, pair.full)))
}

type Reader = (channel: number, y: number, a: Float64Array, b: Float64Array) => void

function planeReader({ expected, actual, channels }: Pair): Reader {
  return (channel, y, a, b) => {
    let i = y * expected.width * channels + channel
    let j = y * actual.width * channels + channel
    for (let x = 0; x < a.length; x++, i += channels, j += channels) {
      a[x] = expected.data[i]!
      b[x] = actual.data[j]!
    }
  }
}

function overReader({ expected, actual, channels, full }: Pair, ground: number): Reader {
  const over = (colour: number, alpha: number) =>
    alpha === 0 ? ground : ground + ((colour - ground) * alpha) / full
  return (channel, y, a, b) => {
    let i = y * expected.width * channels
    let j = y * actual.width * channels
    for (let x = 0; x < a.length; x++, i += channels, j += channels) {
      a[x] = over(expected.data[i + channel]!, expected.data[i + channels - 1]!)
      b[x] = over(actual.data[j + channel]!, actual.data[j + channels - 1]!)
    }
  }
}

/**
 * Sums of the samples, of both squares together and of the product, weighted along a row: four arrays of a row each.
 */
type Line = Readonly<Record<(typeof sums)[number], Float64Array>>
const sums = ['a', 'b', 'squares', 'product'] as const

function meanOfChannel(
  pair: Pair,
  ignored: Uint8Array | undefined,
  width: number,
  height: number,
  read: (y: number, a: Float64Array, b: Float64Array) => void,
): number {
  const inner = width - side + 1
  const line = (n: number): Line => ({
    a: new Float64Array(n),
    b: new Float64Array(n),
    squares: new Float64Array(n),
    product: new Float64Array(n),
  })
  const ring = Array.from({ length: side }, () => line(inner))
  const raw = line(width)
  const mean = line(inner)
  let sum = 0
  let windows = 0
  for (let y = 0; y < height; y++) {
    read(y, raw.a, raw.b)
    for (let x = 0; x < width; x++) {
      if (ignored?.[y * pair.width + x] === 1) raw.b[x] = raw.a[x]!
      raw.squares[x] = raw.a[x]! * raw.a[x]! + raw.b[x]! * raw.b[x]!
      raw.product[x] = raw.a[x]! * raw.b[x]!
    }
    const into = ring[y % side]!
    for (const key of sums) alongRow(raw[key], into[key])
    if (y < side - 1) continue
    for (const key of sums) {
      acrossRows(
        ring.map((one) => one[key]),
        y - half,
        mean[key],
      )
    }
    const centre = ignored === undefined ? -1 : (y - half) * pair.width + half
    for (let x = 0; x < inner; x++) {
      if (centre >= 0 && ignored![centre + x] === 1) continue
      sum += similarity(mean.a[x]!, mean.b[x]!, mean.squares[x]!, mean.product[x]!, pair.full)
      windows++
    }
  }
  if (windows === 0) {
    throw new ConvoError('E_SHAPE', 'no window is left for SSIM', {
      why: `all pixels further than ${half} from the edge are ignored; --max-rmse and --max-abs have no windows`,
      fix: 'no --min-ssim',
    })
  }
  return sum / windows
}

/** Exactly 1 for equal windows: doubling is exact, so both factors are equal in the numerator and the denominator. */
function similarity(a: number, b: number, squares: number, product: number, full: number): number {
  const c1 = (k1 * full) ** 2
  const c2 = (k2 * full) ** 2
  const cross = 2 * (a * b)
  const means = a * a + b * b
  return ((cross + c1) * (2 * product - cross + c2)) / ((means + c1) * (squares - means + c2))
}

// The taps of both are unrolled: with loops over them, SSIM takes 1.7 times as long (1920x1080, RGB).

function alongRow(from: Float64Array, to: Float64Array): void {
  const [w0, w1, w2, w3, w4, w5] = weights
  for (let x = 0; x < to.length; x++) {
    let sum = w0! * from[x + 5]!
    sum += w1! * (from[x + 4]! + from[x + 6]!)
    sum += w2! * (from[x + 3]! + from[x + 7]!)
    sum += w3! * (from[x + 2]! + from[x + 8]!)
    sum += w4! * (from[x + 1]! + from[x + 9]!)
    sum += w5! * (from[x]! + from[x + 10]!)
    to[x] = sum
  }
}

/** @param centre the row in the middle; row y is in the ring at y modulo 11 */
function acrossRows(ring: readonly Float64Array[], centre: number, to: Float64Array): void {
  const at = (offset: number) => ring[(centre + offset) % side]!
  const [w0, w1, w2, w3, w4, w5] = weights
  const [a5, a4, a3, a2, a1, middle] = [at(-5), at(-4), at(-3), at(-2), at(-1), at(0)]
  const [b1, b2, b3, b4, b5] = [at(1), at(2), at(3), at(4), at(5)]
  for (let x = 0; x < to.length; x++) {
    let sum = w0! * middle[x]!
    sum += w1! * (a1[x]! + b1[x]!)
    sum += w2! * (a2[x]! + b2[x]!)
    sum += w3! * (a3[x]! + b3[x]!)
    sum += w4! * (a4[x]! + b4[x]!)
    sum += w5! * (a5[x]! + b5[x]!)
    to[x] = sum
  }
}
