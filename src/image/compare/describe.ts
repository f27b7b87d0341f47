import { grouped, pixelsText } from '../../text/count.ts'
import { optional } from '../../text/record.ts'
import {
  brief,
  type Cluster,
  type Comparison,
  channelsText,
  depthText,
  type Largest,
  type Mismatch,
  type Shape,
  type Stats,
  shapeText,
} from './comparison.ts'
import type { FileComparison } from './pages.ts'
import { alternatives } from './smallest.ts'
import { limitsRecord, limitsText } from './tolerance.ts'

const named = 5

/** Describes the result of a comparison in lines, without the answer and the smallest tolerance. */
export function describe(comparison: Comparison): string[] {
  const { expected, actual, stats, mismatches, failed, notes } = comparison
  return [
    ...(mismatches.every((mismatch) => mismatch === 'icc') && stats !== undefined && notes.length === 0
      ? [line('picture', shapeText(expected))]
      : [line('expected', shapeText(expected)), line('actual', shapeText(actual))]),
    ...comparedLines(comparison),
    ...mismatches
      .filter((mismatch) => mismatch !== 'icc')
      .map((mismatch) => line('failed', mismatchText(mismatch, comparison))),
    ...notes.map((note) =>
      line(mismatches.includes('icc') && note.startsWith('colour') ? 'failed' : 'note', note),
    ),
    ...(stats === undefined ? [] : statsLines(comparison, stats)),
    ...failed.map(({ limit, allowed, text }) => line('failed', `--${limit} ${allowed}: ${text}`)),
  ]
}

const line = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`

/** Returns a line if some pixels were ignored: `same` then applies only to the others. */
function comparedLines({ expected, actual, stats }: Comparison): string[] {
  const all = Math.max(expected.width, actual.width) * Math.max(expected.height, actual.height)
  if (stats === undefined || stats.compared === all) return []
  return [line('compared', `${grouped(stats.compared)} of ${pixelsText(all)}; the others are ignored`)]
}

function statsLines({ map, mismatches }: Comparison, stats: Stats): string[] {
  if (stats.differing === 0) return mismatches.length === 0 ? [] : [line('pixels', 'all are equal otherwise')]
  const { differing, compared, share, counted, largest, rmse, psnr, ssim, density, clusters } = stats
  const others =
    counted === differing
      ? ''
      : map?.counted === undefined
        ? `; ${counted === 0 ? 'none' : grouped(counted)} by more than ${brief(map?.threshold ?? 0)}`
        : `; ${counted === 0 ? 'none' : grouped(counted)} of them ${counted === 1 ? 'counts' : 'count'}`
  return [
    line('pixels', `${grouped(differing)} of ${grouped(compared)} differ (${percent(share)})${others}`),
    ...(largest === undefined ? [] : [line('largest', largestText(largest))]),
    line(
      'error',
      `RMSE ${brief(rmse)}, PSNR ${brief(psnr)} dB${ssim === undefined ? '' : `, SSIM ${brief(ssim)}`}`,
    ),
    ...(density === undefined ? [] : [line('density', `${grouped(density)} in the densest window`)]),
    line('clusters', clustersText(clusters)),
  ]
}

/** Formats a fraction as a percentage that is never rounded to 0 or 100. */
function percent(share: number): string {
  const value = 100 * share
  return `${value >= 99.995 && share < 1 ? 'nearly 100' : Number(value.toPrecision(value < 0.1 ? 2 : 4))} %`
}

function largestText({ difference, channel, x, y, expected, got, expectedPixel, gotPixel }: Largest): string {
  if (channel === undefined) return `${brief(difference)} at ${x},${y}: this pixel is in one picture only`
  // six digits do not distinguish adjacent floats
  const format = brief(expected ?? 0) === brief(got ?? 0) ? String : brief
  const samples = `${channel} at ${x},${y}: expected ${format(expected ?? 0)}, got ${format(got ?? 0)}`
  const pixels =
    expectedPixel !== undefined && gotPixel !== undefined && expectedPixel.length > 1
      ? ` (pixel ${expectedPixel.map(format).join(',')} and ${gotPixel.map(format).join(',')})`
      : ''
  return `${brief(difference)}, ${samples}${pixels}`
}

function clustersText(clusters: readonly Cluster[]): string {
  const texts = clusters
    .slice(0, named)
    .map(({ pixels, width, height, x, y }) => `${pixels} in ${width}x${height} at ${x},${y}`)
  const more = clusters.length - texts.length
  return texts.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

const aspects: Readonly<Record<string, readonly [several: string, of: (shape: Shape) => string]>> = {
  size: ['sizes', ({ width, height }) => `${width}x${height}`],
  depth: ['depths', ({ depth }) => depthText(depth)],
  channels: ['channels', ({ channels }) => channelsText(channels)],
}

function mismatchText(mismatch: Mismatch, { expected, actual }: Comparison): string {
  const [several, of] = aspects[mismatch]!
  return `the ${several} differ: expected ${of(expected)}, got ${of(actual)}`
}

/** The last line: the smallest tolerance that would pass. */
export function smallestText(comparison: FileComparison): string {
  const { outcome, pages, smallest, expectedPages, actualPages, unread } = comparison
  const begin = 'smallest tolerance that would pass'
  if (outcome === 'same') return `${begin}: none is needed`
  const choices = alternatives(smallest).map((limits) => limitsText(limits))
  if (choices.length > 0) return `${begin}: ${choices.map((text) => text || 'none is needed').join(', or ')}`
  if (unread !== undefined) return `${begin}: none, because not all pictures can be read`
  if (expectedPages !== actualPages) return `${begin}: none, because the number of pages differs`
  const unlike = Object.keys(aspects).filter((one) =>
    pages.some(({ mismatches }) => mismatches.some((mismatch) => mismatch === one)),
  )
  const none = `${begin}: none, because the ${unlike.map((one) => aspects[one]![0]).join(' and ')} differ`
  if (unlike.join() === 'size') return `${none}; with --size pad, missing pixels count as different`
  if (unlike.length > 0) return none
  return `${begin}: none, because a difference is not a finite number`
}

/** A comparison of files as a JSON value. Pages are counted from 1. */
export function fileComparisonRecord(comparison: FileComparison): Readonly<Record<string, unknown>> {
  const { pages, smallest, notes, ...rest } = comparison
  return {
    ...rest,
    smallest: alternatives(smallest).map(limitsRecord),
    pages: pages.map(({ map: _map, ignored: _ignored, smallest, ...page }, i) => ({
      ...{ page: i + 1, ...page },
      smallest: alternatives(smallest).map(limitsRecord),
    })),
    ...optional('notes', notes),
  }
}
