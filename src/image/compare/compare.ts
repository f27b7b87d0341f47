import { log } from '../../tensor/math.ts'
import { fullScale, hasAlpha, type Picture, type PictureMeta } from '../../tensor/picture.ts'
import { grouped, pixelsText } from '../../text/count.ts'
import { optional } from '../../text/record.ts'
import type { PlainPng } from '../png-head.ts'
import { type Cells, countCells, countCellsInTurns, findClusters } from './clusters.ts'
import {
  brief,
  type Comparison,
  type Failure,
  type Mismatch,
  type Shape,
  type Stats,
  shapeOf,
  shapeText,
} from './comparison.ts'
import { comparedPixels, equal, ignoredPixels, marked, withProfile } from './equal.ts'
import { type Differ, type Measured, measure } from './measure.ts'
import { notShifted, withAntialiasing } from './nearby.ts'
import { type Frame, haveEqualBits, type Pair, pairUp, unlikeFormats } from './pair.ts'
import { seenByPixelmatch } from './perceptual.ts'
import { allowedPixels, countsPixels, densest, smallestLimits } from './smallest.ts'
import { ssim } from './ssim.ts'
import { type Limits, levelsOf, type Tolerance } from './tolerance.ts'

/**
 * Compares two pictures at their native depth, exactly unless a tolerance allows more. Differences are in levels of
 * that depth, over the pixels and channels that are compared. If all samples are equal, nothing more is measured. A
 * picture with another depth or other channels is different whatever the tolerance. It is measured all the same, with
 * gray as RGB and the lower depth spread over the higher.
 *
 * @throws ConvoError E_OPTION, E_SHAPE for a tolerance that does not fit the pictures
 */
export function comparePictures(expected: Picture, actual: Picture, tolerance: Tolerance = {}): Comparison {
  const { alpha = 'strict', size = 'error' } = tolerance
  const shapes = { expected: shapeOf(expected), actual: shapeOf(actual) }
  const colour = compareProfiles(expected, actual, tolerance)
  const isSameSize = expected.width === actual.width && expected.height === actual.height
  if (!isSameSize && size === 'error') {
    const mismatches: Mismatch[] = ['size', ...unlikeFormats(expected, actual), ...colour.mismatches]
    return { ...shapes, outcome: 'size', mismatches, failed: [], smallest: {}, notes: colour.notes }
  }
  const { pair, mismatches: found } = pairUp(expected, actual, alpha, tolerance.full)
  const unlike = tolerance.asShown === true ? [] : found
  const mismatches: Mismatch[] = [...unlike, ...colour.mismatches]
  const sizes = [expected, actual].map(({ width, height }) => `${width}x${height}`)
  const [was = 1, is = 1] = [expected, actual].map(({ meta }) => meta.orientation)
  const notes = [
    ...colour.notes,
    // pictures that were not turned may have equal samples but look different
    ...(was === is ? [] : [`the EXIF orientations differ: expected ${was}, got ${is}`]),
    ...(isSameSize
      ? []
      : [`sizes differ, ${sizes.join(' and ')}: pixels that exist in only one picture count as different`]),
  ]
  const left = ignoredPixels(pair.width, pair.height, tolerance)
  if (isSameSize && haveEqualBits(pair.expected.data, pair.actual.data)) {
    return equal({ ...shapes, mismatches, notes, ...optional('ignored', left) }, pair)
  }
  const ignored = withAntialiasing(pair, left, tolerance)
  const result = { ...shapes, mismatches, notes, ...optional('ignored', ignored) }
  const measured = measure(pair, thresholdOf(tolerance, pair.full), ignored)
  return conclude(result, { frame: pair, pair, measured }, tolerance)
}

const thresholdOf = ({ maxAbs }: Tolerance, full: number): number =>
  maxAbs === undefined ? 0 : levelsOf(maxAbs, full)

/** A file whose rows can be read without decoding all of it, and the contents of its header. */
type RowFile = {
  readonly plain?: PlainPng
  readonly header?: () => Promise<Shape & WithMeta>
  readonly unread?: readonly string[]
}

/**
 * Does what `comparePictures` does for two plain PNGs, but measures them row by row. Returns undefined if the tolerance
 * needs whole pictures to decide what is measured, if the shapes differ, or if a file is damaged.
 *
 * @param keep whether the caller needs the pictures
 */
export async function compareRows(
  a: RowFile,
  b: RowFile,
  tolerance: Tolerance,
  differ: Differ,
  keep: boolean,
) {
  const { perceptual, minSsim, alpha = 'strict', antialiasing, shift } = tolerance
  if (a.plain === undefined || b.plain === undefined || a.header === undefined || b.header === undefined)
    return undefined
  if ([...(a.unread ?? []), ...(b.unread ?? [])].length > 0) return undefined
  const [expected, actual] = await Promise.all([a.header(), b.header()])
  const { width, height, channels, depth } = expected
  const isAlike = shapeText(expected) === shapeText(actual)
  const isWhole =
    (antialiasing === 'ignore' && perceptual === undefined) || (alpha === 'visible' && hasAlpha(channels))
  if (!isAlike || isWhole) return undefined
  const compared = alpha === 'ignore' && hasAlpha(channels) ? channels - 1 : channels
  const full = fullScale(depth)
  const ignored = ignoredPixels(width, height, tolerance)
  const threshold = thresholdOf(tolerance, full)
  const isSeen = keep || perceptual !== undefined || minSsim !== undefined || shift !== undefined
  const measured = await differ(a.plain, b.plain, { threshold, compared, ignored, keep: isSeen })
  if (measured === undefined) return undefined
  const pictures =
    measured.kept &&
    ([
      { ...expected, data: measured.kept[0] },
      { ...actual, data: measured.kept[1] },
    ] as const)
  const pair = pictures && pairUp(...pictures, alpha).pair
  const frame = pair ?? { width, height, depth, full, compared }
  const colour = compareProfiles(expected, actual, tolerance)
  const result = {
    expected: shapeOf(expected),
    actual: shapeOf(actual),
    mismatches: colour.mismatches,
    notes: [...colour.notes],
    ...optional('ignored', ignored),
  }
  const cells = measured.differing === 0 ? undefined : await countCellsInTurns(measured, width, height)
  const found = { frame, measured, ...optional('pair', pair), ...optional('cells', cells) }
  return { comparison: conclude(result, found, tolerance), ...optional('pictures', pictures) }
}

type Found = {
  readonly frame: Frame
  /** Absent if nothing needs the pictures. */
  readonly pair?: Pair
  readonly measured: Measured
  /** Present if they were counted earlier. */
  readonly cells?: Cells
}

function conclude(
  result: Pick<Comparison, 'expected' | 'actual' | 'mismatches' | 'ignored'> & { readonly notes: string[] },
  found: Found,
  tolerance: Tolerance,
): Comparison {
  const { ignored, mismatches } = result
  const { frame, pair, measured, cells } = found
  if (measured.differing === 0) return equal(result, frame)
  if (frame.depth === 32 && tolerance.full === undefined)
    result.notes.push(`${frame.full} is used as white for floats; --full <n> changes it`)
  const threshold = thresholdOf(tolerance, frame.full)
  const { width, height } = frame
  const { perceptual, shift, maxDensity, minSsim } = tolerance
  const { values, differing } = measured
  const seen =
    pair === undefined
      ? undefined
      : perceptual !== undefined
        ? seenByPixelmatch(pair, ignored, measured.rowCounts, tolerance)
        : shift !== undefined
          ? notShifted(pair, values, threshold, shift)
          : undefined
  const counts = (at: number) => (seen === undefined ? values[at]! > threshold : seen[at] === 1)
  const compared = comparedPixels(frame, ignored)
  const rmse = Math.sqrt(measured.sumOfSquares / (compared * frame.compared))
  const stats: Stats = {
    compared,
    differing,
    share: differing / compared,
    counted: seen === undefined ? measured.beyond : marked(seen),
    ...optional('largest', measured.largest),
    rmse,
    psnr: psnrOf(rmse, frame.full),
    ...(minSsim !== undefined && pair !== undefined && { ssim: ssim(pair, ignored) }),
    ...(maxDensity !== undefined && { density: densest(frame, maxDensity.window, counts) }),
    clusters: findClusters(cells ?? countCells(measured, width, height)),
  }
  const failed = failures(tolerance, threshold, stats)
  const isDifferent = mismatches.length > 0 || failed.length > 0
  const isUnlike = mismatches.some((mismatch) => mismatch !== 'icc')
  return {
    ...result,
    outcome: isDifferent ? 'different' : 'tolerated',
    stats,
    failed,
    smallest: isUnlike ? {} : withProfile(smallestLimits(tolerance, stats, measured, frame), mismatches),
    map: { width, height, values, threshold, ...optional('counted', seen) },
  }
}

/** Peak signal-to-noise ratio in dB. It uses the project's own logarithm, so that it is the same on every machine. */
const psnrOf = (rmse: number, full: number): number => (20 / log(10)) * log(full / rmse)

function failures(limits: Limits, threshold: number, stats: Stats): readonly Failure[] {
  const failed: Failure[] = []
  const { counted, compared, density = 0, largest, psnr, rmse, ssim: similarity = 1 } = stats
  const fail = (limit: string, allowed: number | string, found: number, by: number, text: string) =>
    failed.push({ limit, allowed, found, by, text })
  const { maxDiffPixels, maxDiffRatio, maxDensity, perceptual, minPsnr, maxRmse, minSsim } = limits
  const beyond =
    perceptual !== undefined ? 'counted by pixelmatch' : threshold > 0 ? `off by more than ${threshold}` : ''
  const those = `${pixelsText(counted)}${beyond && ` ${beyond}`}`
  if (maxDiffPixels !== undefined && counted > maxDiffPixels) {
    const more = counted - maxDiffPixels
    fail('max-diff-pixels', maxDiffPixels, counted, more, `${those}, ${grouped(more)} too many`)
  }
  const ratio = counted / compared
  if (maxDiffRatio !== undefined && ratio > maxDiffRatio)
    fail(
      'max-diff-ratio',
      maxDiffRatio,
      ratio,
      ratio - maxDiffRatio,
      `${those}, of ${grouped(compared)}: ${brief(ratio)}`,
    )
  if (maxDensity !== undefined && density > maxDensity.pixels) {
    const { pixels, window } = maxDensity
    const text = `${pixelsText(density)}${beyond && ` ${beyond}`} in a window of ${window}x${window}, ${grouped(density - pixels)} too many`
    fail('max-density', `${pixels}/${window}`, density, density - pixels, text)
  }
  const isBounded = maxDiffPixels !== undefined || maxDiffRatio !== undefined || maxDensity !== undefined
  if (countsPixels(limits) && !isBounded && counted > allowedPixels(limits, compared)) {
    if (perceptual !== undefined) fail('perceptual', perceptual, counted, counted, those)
    else {
      const found = largest?.difference ?? 0
      fail('max-abs', threshold, found, found - threshold, `${those}, by up to ${brief(found)}`)
    }
  }
  if (minPsnr !== undefined && !(psnr >= minPsnr))
    fail('min-psnr', minPsnr, psnr, minPsnr - psnr, missed(psnr, minPsnr, 'low', ' dB'))
  if (maxRmse !== undefined && !(rmse <= maxRmse))
    fail('max-rmse', maxRmse, rmse, rmse - maxRmse, missed(rmse, maxRmse, 'high'))
  if (minSsim !== undefined && !(similarity >= minSsim))
    fail('min-ssim', minSsim, similarity, minSsim - similarity, missed(similarity, minSsim, 'low'))
  return failed
}

function missed(found: number, limit: number, side: 'low' | 'high', unit = ''): string {
  const by = Math.abs(found - limit)
  if (Number.isFinite(by)) return `${brief(found)}${unit}, ${brief(by)} too ${side}`
  return 'it is undefined: the pictures differ where a sample is not a finite number'
}

type WithMeta = { readonly meta: PictureMeta }

function compareProfiles(
  expected: WithMeta,
  actual: WithMeta,
  { icc = 'error' }: Tolerance,
): Pick<Comparison, 'mismatches' | 'notes'> {
  const [a, b] = [expected.meta.icc, actual.meta.icc]
  const isEqual = a === undefined || b === undefined ? a === b : Buffer.from(a).equals(b)
  const [p, q] = [gammaOf(expected), gammaOf(actual)]
  const [stated, found] = [expected, actual].map(({ meta: { colours = 'sRGB' } }) => colours)
  if ((isEqual && p === q && stated === found) || icc === 'ignore') return { mismatches: [], notes: [] }
  const unlike =
    p === q ? `${stated} expected, ${found} found` : `gamma ${brief(p)} expected, ${brief(q)} found (gAMA)`
  const text = isEqual ? `colours are shown differently: ${unlike}` : profilesText(a, b)
  return { mismatches: icc === 'error' ? ['icc'] : [], notes: [text] }
}

/** The gamma with which a PNG without a profile is shown. */
const gammaOf = ({ meta: { icc, gamma = 45455, isSrgb } }: WithMeta): number =>
  icc !== undefined || isSrgb ? 2.2 : Math.round(1e7 / gamma) / 100

function profilesText(expected: Uint8Array | undefined, actual: Uint8Array | undefined): string {
  if (expected === undefined)
    return 'colour profiles differ: the actual picture has one, the expected has none'
  if (actual === undefined) return 'colour profiles differ: the expected picture has one, the actual has none'
  return `colour profiles differ: ${expected.length} bytes expected, ${actual.length} bytes with different contents found`
}
