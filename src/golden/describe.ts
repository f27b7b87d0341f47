import { brief, type Comparison, channelsText, depthText, type Largest } from '../image/compare/comparison.ts'
import type { FileComparison } from '../image/compare/pages.ts'
import { type Depth, fullScale } from '../tensor/picture.ts'
import { counted, grouped, pixelsText } from '../text/count.ts'
import { defined } from '../text/record.ts'
import type { Box } from './page/data.ts'
import type { CaseResult, Measured } from './results.ts'
import { smallestText } from './tolerance.ts'

function messageOf(
  { outcome, expected, actual, mismatches, stats, failed, notes }: Comparison,
  other = 'the golden',
): string {
  if (outcome === 'same') return `every sample equals ${other}`
  if (outcome === 'size') {
    return `${actual.width}x${actual.height} pixels, and ${other} has ${expected.width}x${expected.height}`
  }
  const unlike = mismatches.flatMap((mismatch) => {
    if (mismatch === 'channels') {
      return [`${channelsText(actual.channels)}, and ${other} is ${channelsText(expected.channels)}`]
    }
    if (mismatch === 'depth') {
      return [`${depthText(actual.depth)}, and ${other} has ${depthText(expected.depth)}`]
    }
    return mismatch === 'icc' ? notes.filter((note) => note.startsWith('colour')) : []
  })
  const { differing = 0, compared = 0, largest } = stats ?? {}
  if (differing === 0) return `${unlike.join('; ')}; all pixels are equal otherwise`
  const how = largest === undefined ? '' : `, ${largestText(largest)}`
  const why = failed.length > 0 && outcome === 'different' ? failedText(failed) : ''
  const differ = differing === 1 ? 'differs' : 'differ'
  return [...unlike, `${grouped(differing)} of ${pixelsText(compared)} ${differ}${how}${why}`].join('; ')
}

/** Drops a failed `max-abs 0`, since it is clear by then that the pictures are not equal. */
const worthSaying = (failed: Comparison['failed']) =>
  failed.filter(({ limit, allowed }) => limit !== 'max-abs' || allowed !== 0)

function failedText(failed: Comparison['failed']): string {
  const limits = worthSaying(failed)
  return limits.length === 0 ? '' : ` (${limits.map(({ limit, text }) => `${limit}: ${text}`).join('; ')})`
}

function largestText({ difference, channel, x, y }: Largest): string {
  const at = `at ${x},${y}`
  return Number.isFinite(difference)
    ? `by up to ${brief(difference)}${channel === undefined ? '' : ` in ${channel}`} ${at}`
    : `where one picture has NaN, first ${at}`
}

function factsOf({ expected, stats, failed, mismatches, notes }: Comparison): [string, string][] {
  if (stats === undefined || (stats.differing === 0 && mismatches.length === 0)) return []
  const { differing, compared, share, largest, rmse, psnr, ssim, density, clusters } = stats
  const beyond = worthSaying(failed)
  const facts: [string, string | undefined][] = [
    ['differing pixels', `${grouped(differing)} of ${grouped(compared)} (${percent(share)})`],
    ['largest difference', largest && largestFact(largest, expected.depth)],
    ['RMSE', Number.isFinite(rmse) ? brief(rmse) : undefined],
    ['PSNR', Number.isFinite(psnr) ? `${psnr.toFixed(2)} dB` : undefined],
    ['SSIM', ssim === undefined ? undefined : brief(ssim)],
    ['densest window', density === undefined ? undefined : pixelsText(density)],
    ['where', clusters.length === 0 ? undefined : clustersText(clusters)],
    ['beyond', beyond.length === 0 ? undefined : beyond.map(({ limit }) => limit).join(', ')],
    ['notes', notes.length === 0 ? undefined : notes.join('; ')],
  ]
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
}

function largestFact({ difference, channel, x, y, expected, got }: Largest, depth: Depth): string {
  if (!Number.isFinite(difference)) return `NaN at ${x},${y}`
  const values = expected === undefined ? '' : `: ${brief(expected)} expected, ${brief(got ?? 0)} found`
  // floats have no full scale
  const full = depth === 32 ? '' : ` of ${fullScale(depth)}`
  return `${brief(difference)}${full}${channel === undefined ? '' : `, ${channel}`} at ${x},${y}${values}`
}

function clustersText([first, ...others]: readonly Box[]): string {
  const rest = others.length > 0 ? `, and ${counted(others.length, 'other place')}` : ''
  return `${first!.width}x${first!.height} at ${first!.x},${first!.y}${rest}`
}

/** The measurements for JSON, with null for infinities and NaN. */
function measuredOf({ stats }: Comparison): Measured | undefined {
  if (stats === undefined) return undefined
  const finite = (n: number) => (Number.isFinite(n) ? n : null)
  const { compared, differing, share, largest, rmse, psnr, ssim } = stats
  return {
    compared,
    differing,
    share,
    largest: finite(largest?.difference ?? 0),
    rmse: finite(rmse),
    psnr: finite(psnr),
    ...(ssim !== undefined && { ssim }),
  }
}

function percent(share: number): string {
  const value = share * 100
  if (value > 99.5 && share < 1) return 'nearly 100 %'
  return value !== 0 && value < 0.01 ? 'less than 0.01 %' : `${Number(value.toPrecision(3))} %`
}

/** The part of a case's result that comes from a comparison. */
export type Findings = Pick<CaseResult, 'message' | 'why' | 'facts' | 'measured' | 'smallest' | 'page'>

/** Describes the comparison of two pictures, with the smallest limits that would pass. */
export const findingsOf = (one: Comparison, other?: string, smallest = one.smallest): Findings => ({
  message: messageOf(one, other),
  why: [],
  facts: factsOf(one),
  ...defined({ measured: measuredOf(one), smallest: smallestText({ smallest }) }),
})

/**
 * Describes the comparison of two files. Of several pages, it describes the first with the worst outcome, and returns
 * its index as `at`.
 *
 * @param file what to call the other file if the numbers of pages differ
 */
export function findingsOfFiles(
  { pages, expectedPages, actualPages, outcome, smallest, unread, notes = [] }: FileComparison,
  other = 'the golden',
  file = other,
): { readonly at: number; readonly findings: Findings } {
  const worst = pages.find((page) => page.outcome === outcome) ?? pages[0]!
  const at = pages.indexOf(worst)
  const { smallest: needed, ...found } = findingsOf(worst, other, smallest)
  const findings = { ...found, facts: [...found.facts, ...notes.map((note) => ['note', note] as const)] }
  if (expectedPages !== actualPages) {
    const message = `${actualPages} pages, and ${file} has ${expectedPages}`
    return { at, findings: { ...findings, message } }
  }
  const parts = [unread?.expected ?? [], unread?.actual ?? []].flat()
  const isOneOfMany = pages.length > 1 && worst.outcome !== 'same'
  const differing = pages.filter((page) => page.outcome !== 'same').length
  const page = { number: at + 1, count: pages.length }
  const message =
    parts.length > 0
      ? `not compared, because convo does not read it: ${parts.join(', ')}`
      : `${isOneOfMany ? `page ${page.number} of ${page.count}: ` : ''}${findings.message}`
  const all = `${differing} of ${pages.length} ${differing === 1 ? 'differs' : 'differ'}`
  return {
    at,
    findings: {
      ...findings,
      message,
      ...defined({ smallest: needed }),
      ...(isOneOfMany && { page, facts: [...findings.facts, ['pages', all]] }),
    },
  }
}
