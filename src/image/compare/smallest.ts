import { defined } from '../../text/record.ts'
import type { Size } from '../size.ts'
import type { Smallest, Stats } from './comparison.ts'
import type { Measured } from './measure.ts'
import type { Density, Limits } from './tolerance.ts'

/** Whether limits depend on the number of differing pixels, and not only on measures of the whole picture. */
export const countsPixels = (limits: Limits): boolean =>
  limits.maxAbs !== undefined ||
  limits.perceptual !== undefined ||
  limits.shift !== undefined ||
  boundsCount(limits) ||
  (limits.minPsnr === undefined && limits.maxRmse === undefined && limits.minSsim === undefined)

const boundsCount = (limits: Limits): boolean =>
  limits.maxDiffPixels !== undefined || limits.maxDiffRatio !== undefined || limits.maxDensity !== undefined

/**
 * The number of pixels allowed to differ, by the stricter of count and ratio. Infinity if only the density is limited.
 */
export function allowedPixels(limits: Limits, compared: number): number {
  if (!boundsCount(limits)) return 0
  const byRatio = limits.maxDiffRatio === undefined ? Number.POSITIVE_INFINITY : limits.maxDiffRatio
  return Math.min(limits.maxDiffPixels ?? Number.POSITIVE_INFINITY, pixelsOf(byRatio, compared))
}

/** The largest count for which `count / compared <= ratio` is true. */
function pixelsOf(ratio: number, compared: number): number {
  if (ratio === Number.POSITIVE_INFINITY) return ratio
  let count = Math.floor(ratio * compared) + 1
  while (count > 0 && count / compared > ratio) count--
  return count
}

/**
 * The smallest limits that pass, of the kinds that are in use. Fractions are rounded towards passing: ratios, RMSE and
 * differences of floats to 6 significant digits, PSNR to 4 decimals, SSIM to 6.
 */
export function smallestLimits(limits: Limits, stats: Stats, measured: Measured, size: Size): Smallest {
  const whole: Limits = {
    ...(limits.minPsnr !== undefined && {
      // differences whose squares underflow a float64 leave it infinite
      minPsnr: stats.psnr === Number.POSITIVE_INFINITY ? limits.minPsnr : roundDown(stats.psnr, 4),
    }),
    ...(limits.maxRmse !== undefined && { maxRmse: roundUp(stats.rmse) }),
    ...(limits.minSsim !== undefined && { minSsim: roundDown(stats.ssim ?? 1, 6) }),
  }
  const isReachable = Object.values(whole).every((value) => Number.isFinite(value) || value === undefined)
  if (!isReachable) return {}
  if (!countsPixels(limits)) return { farther: whole }
  const more: Limits = { ...whole, ...moreOf(limits, stats) }
  if (limits.perceptual !== undefined || limits.shift !== undefined) return { more }
  const levels = fartherLevels(limits, stats, measured, size)
  if (!Number.isFinite(levels)) return { more }
  const farther: Limits = {
    ...whole,
    ...named(limits, 'maxDiffPixels', 'maxDiffRatio', 'maxDensity'),
    maxAbs: { value: levels, unit: 'levels' },
  }
  return { farther, more }
}

const named = (limits: Limits, ...names: readonly (keyof Limits)[]): Limits =>
  Object.fromEntries(Object.entries(defined(limits)).filter(([name]) => names.some((one) => one === name)))

function moreOf(limits: Limits, { counted, compared, density }: Stats): Limits {
  return {
    ...named(limits, 'maxAbs', 'perceptual', 'shift'),
    ...((limits.maxDiffPixels !== undefined || (!boundsCount(limits) && counted > 0)) && {
      maxDiffPixels: counted,
    }),
    ...(limits.maxDiffRatio !== undefined && { maxDiffRatio: roundUp(counted / compared) }),
    ...(limits.maxDensity !== undefined && {
      maxDensity: { pixels: density ?? 0, window: limits.maxDensity.window },
    }),
  }
}

/** Keeps how many pixels may differ, and finds the smallest level above which no more do. */
function fartherLevels(limits: Limits, stats: Stats, measured: Measured, size: Size): number {
  const { values, differing } = measured
  const allowed = allowedPixels(limits, stats.compared)
  const isWhole = !(values instanceof Float64Array)
  const byCount = allowed >= differing ? 0 : nthLargest(measured, allowed)
  const { maxDensity } = limits
  const levels = maxDensity === undefined ? byCount : raiseForDensity(values, byCount, maxDensity, size)
  return isWhole ? levels : roundUp(levels)
}

function nthLargest({ values, largest }: Measured, n: number): number {
  if (n === 0) return largest?.difference ?? 0
  if (values instanceof Float64Array) {
    const sorted = values.filter((value) => value > 0).sort()
    return sorted[sorted.length - 1 - n] ?? 0
  }
  const histogram = new Uint32Array(values instanceof Uint8Array ? 256 : 65536)
  for (let i = 0; i < values.length; i++) histogram[values[i]!]!++
  let level = histogram.length - 1
  for (let above = histogram[level]!; above <= n && level > 0; above += histogram[level]!) level--
  return level
}

/** The smallest of the values, from `from` on, above which no window contains more pixels than allowed. */
function raiseForDensity(
  values: Measured['values'],
  from: number,
  { pixels, window }: Density,
  size: Size,
): number {
  const passes = (level: number) => densest(size, window, (at) => values[at]! > level) <= pixels
  const levels = [
    from,
    ...Array.from(new Set(values.filter((value) => value > from)).values()).sort((a, b) => a - b),
  ]
  let [low, high] = [0, levels.length - 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (passes(levels[middle]!)) high = middle
    else low = middle + 1
  }
  return levels[low]!
}

/** Rounds up to 6 significant digits. */
export function roundUp(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value
  const near = Number(value.toPrecision(6))
  if (near >= value) return near
  const [digits, exponent] = near.toExponential(5).split('e')
  return Number(`${(Number(digits) + 0.00001).toFixed(5)}e${exponent}`)
}

/** Rounds down to this number of decimals. */
export function roundDown(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value
  const near = Number(value.toFixed(decimals))
  return near <= value ? near : Number((near - 10 ** -decimals).toFixed(decimals))
}

/**
 * Returns the smallest limits as alternatives, each of which passes alone and contains only what is needed. It is empty
 * if no limits pass, and contains one alternative without limits if none are needed.
 */
export function alternatives({ farther, more }: Smallest): readonly Limits[] {
  const reachesFar = farther !== undefined && farther.maxAbs?.value !== 0
  const isFew =
    more === undefined || (more.maxDiffPixels ?? more.maxDiffRatio ?? more.maxDensity?.pixels ?? 0) === 0
  if (farther === undefined) return more === undefined ? [] : [more]
  if (more === undefined) return [farther]
  if (!reachesFar) return [more]
  return isFew ? [farther] : [farther, more]
}

/** The smallest limits that pass for both: the looser one of each kind. */
export function looser(a: Smallest, b: Smallest): Smallest {
  const farther = a.farther && b.farther && looserLimits(a.farther, b.farther)
  const more = a.more && b.more && looserLimits(a.more, b.more)
  return defined({ farther, more })
}

function looserLimits(a: Limits, b: Limits): Limits {
  const merged: Record<string, unknown> = { ...a, ...b }
  for (const name of ['maxDiffPixels', 'maxDiffRatio', 'maxRmse', 'minPsnr', 'minSsim'] as const) {
    const looser = name.startsWith('max') ? Math.max : Math.min
    if (a[name] !== undefined && b[name] !== undefined) merged[name] = looser(a[name], b[name])
  }
  if (a.maxAbs && b.maxAbs) merged.maxAbs = a.maxAbs.value >= b.maxAbs.value ? a.maxAbs : b.maxAbs
  if (a.maxDensity && b.maxDensity) {
    merged.maxDensity = a.maxDensity.pixels >= b.maxDensity.pixels ? a.maxDensity : b.maxDensity
  }
  return merged as Limits
}

/**
 * The largest number of pixels for which `holds` is true in any window of `window` x `window`, computed with a
 * summed-area table. If the picture is smaller than the window, the window is the side of the picture.
 *
 * @param holds takes the index of a pixel in [y][x]
 */
export function densest({ width, height }: Size, window: number, holds: (at: number) => boolean): number {
  const [w, h] = [Math.min(window, width), Math.min(window, height)]
  const stride = width + 1
  // [y][x]: the count above and to the left
  const table = new Uint32Array(stride * (height + 1))
  let most = 0
  for (let y = 0; y < height; y++) {
    let inRow = 0
    const below = (y + 1) * stride + 1
    for (let x = 0; x < width; x++) {
      if (holds(y * width + x)) inRow++
      table[below + x] = table[below + x - stride]! + inRow
    }
    if (y + 1 < h) continue
    const [top, bottom] = [(y + 1 - h) * stride, (y + 1) * stride]
    for (let x = w; x <= width; x++) {
      const inside = table[bottom + x]! - table[bottom + x - w]! - table[top + x]! + table[top + x - w]!
      if (inside > most) most = inside
    }
  }
  return most
}
