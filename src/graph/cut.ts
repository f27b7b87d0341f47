import type { Stencil } from '../conv/stencil.ts'
import { mostStrips } from '../conv/strips.ts'
import { filterNeeds } from './node.ts'
import { mostPasses, planPasses } from './passes.ts'
import { planStrip, type Steps, type Strip } from './schedule.ts'
import { rowCount, type Span } from './spans.ts'

const isFft = ({ algorithm }: Stencil): boolean => algorithm === 'fft' || algorithm === 'fft-separable'

/** The maximum scratch memory of a strip in bytes, so that what it works on stays in the cache. */
const stripBytes = 12 * 2 ** 20

export type Cut = {
  readonly stripRows: number
  /** The number of rows that are computed at a time, if a strip is computed in passes. */
  readonly passRows?: number
  /**
   * The number of rows that are packed together, if they are not a whole strip. It never depends on the number of
   * threads, because the bytes of files depend on it.
   */
  readonly pieceRows?: number
}

/**
 * The most work in total, relative to computing every row once, that strips may cause because they need rows of each
 * other.
 */
const mostRepeated = 2
/** The factor by which longer strips must be faster to be worth their memory. */
const littleSlower = 1.05
/** The bytes of a strip that is kept whole, at about 2 for each sample. */
const keptBytes = 96 * 2 ** 20
/** The minimum numbers of samples and rows that are packed together. Fewer would make the file larger. */
const [pieceSamples, leastPieceRows] = [16 * 1024, 16]
/** The maximum number of pieces of a picture: enough that strips made of them have about the same height. */
const mostPieces = 64
/** The total work, relative to computing every row once, up to which other strips gain nothing. */
const littleRepeated = 1.1
/** The scratch memory in bytes that the passes of a strip use, if their rows can be few enough. */
const passBytes = 24 * 2 ** 20

/** Determines how a graph is cut for a number of threads, unless the rows of a strip or the whole cut is given. */
export function cutOf(list: Steps, given?: number | Cut, threads = 1): Cut {
  const [channels, height, width] = list.at(-1)!.shape
  if (typeof given === 'object') return { ...given, stripRows: Math.min(given.stripRows, height) }
  const stripRows = chooseStripRows(list, given)
  // a single strip computes nothing twice
  if (stripRows >= height || !list.every((step) => rolling.has(step.work.kind) && !isDeep(step)))
    return { stripRows }
  const whole = list.reduce((sum, step) => sum + step.shape[1] * rowCost(step), 0)
  /** The cost of a strip of `rows` rows, as a share of the cost of the whole. It is measured on the middle strip. */
  const costOf = (rows: number): number => {
    const first = rows * Math.floor(height / rows / 2)
    const { buffers } = planStrip(list, [Math.min(first, height - rows), Math.min(height, first + rows)])
    return buffers.reduce((sum, buffer, i) => sum + rowCount(buffer.rows) * rowCost(list[i]!), 0) / whole
  }
  if ((costOf(stripRows) * height) / stripRows <= littleRepeated) return { stripRows }
  let rows = stripRows
  const pieceRows = given === undefined ? pieceOf(list) : rows
  if (given === undefined) {
    const counts = Array.from({ length: threads + 15 }, (_, i) =>
      i < threads ? i + 1 : (i - threads + 2) * threads,
    )
    const ways = counts.map((wanted) => {
      const high = Math.min(height, pieceRows * Math.ceil(height / wanted / pieceRows))
      const cost = costOf(high)
      const count = Math.ceil(height / high)
      return { high, total: cost * count, time: cost * Math.ceil(count / threads) }
    })
    const bounded = ways.filter(({ total }) => total <= mostRepeated)
    // finished rows leave piece by piece, so a strip of them is not kept
    const isKept = list.at(-1)!.work.kind !== 'finish'
    const small = bounded.filter(({ high }) => !isKept || high * channels * width * 2 <= keptBytes)
    const fit = small.length > 0 ? small : bounded.slice(-1)
    const least = Math.min(...fit.map(({ time }) => time))
    rows = fit.findLast(({ time }) => time <= least * littleSlower)?.high ?? height
  }
  // steps of one row, such as means, have it available in all passes
  const least = Math.min(height, ...list.map(({ shape }) => shape[1]).filter((rows) => rows > 1))
  // long lists, such as those of boxes, take no more passes than pictures do
  const fewest = Math.min(
    rows,
    Math.max(4, Math.ceil(rows / mostPasses), Math.min(64, Math.ceil((4 * height) / least))),
  )
  let passRows = Math.min(rows, Math.max(fewest, usualRows(list)))
  const middle = Math.max(0, Math.floor((height - rows) / 2))
  const bytesOf = (n: number) => planPasses(list, [middle, Math.min(height, middle + rows)], n)?.bytes ?? 0
  while (passRows > fewest && bytesOf(passRows) > passBytes)
    passRows = Math.max(fewest, Math.ceil(passRows / 2))
  return { stripRows: rows, pieceRows, ...(passRows < rows && { passRows }) }
}

/** The number of rows of the last step that are packed together, a function of the shapes alone. */
function pieceOf(list: Steps): number {
  const { shape, work } = list.at(-1)!
  const [channels, height, width] = shape
  let block = 1
  let rows = Math.max(
    leastPieceRows,
    Math.ceil(pieceSamples / (channels * width)),
    Math.ceil(height / mostPieces),
  )
  if (work.kind === 'finish') {
    const { plan } = work.filter
    const y = plan.outHeight >> 1
    // the rows around a piece are read again for each one
    rows = Math.max(rows, ...filterNeeds(work.filter, [y, y + 1]).map((span) => 2 * (span[1] - span[0])))
    if (plan.stencils.some(isFft)) block = plan.stripRows
  }
  return Math.min(height, block * Math.ceil(rows / block))
}

/** Plans a strip, in passes of `passRows` rows if that is given. */
export const planPart = (list: Steps, out: Span, passRows: number | undefined): Strip =>
  (passRows === undefined ? undefined : planPasses(list, out, passRows)) ?? planStrip(list, out)

/** Kinds of work that can be computed a few rows at a time. */
const rolling: ReadonlySet<string> = new Set([
  'source',
  'planes',
  'samples',
  'windows',
  'moved',
  'rounded',
  'mixed',
  'apart',
  'bank',
  'layer',
  'finish',
] as const)

/** Whether a row needs rows of several slices, or the step has several slices. */
const isDeep = ({ work, slices = 1 }: Steps[number]): boolean =>
  slices > 1 ||
  (work.kind === 'bank' && work.bank.plan.input[0] > 1) ||
  (work.kind === 'layer' && work.name === 'slices' && work.settings.count > 1)

/** The cost of a row of a step, in samples that are read. */
function rowCost({ shape: [channels, , width], work }: Steps[number]): number {
  if (work.kind !== 'bank') return work.kind === 'planes' || work.kind === 'samples' ? 0 : channels * width
  const { depths, rows, columns, channelsPerGroup } = work.bank.plan
  return channels * width * depths.length * rows.span * columns.span * channelsPerGroup
}

/** The rows of a strip for which little is computed again in the next one: more if windows are high. */
const usualRows = (list: Steps): number =>
  list.reduce(
    (rows, { work }) =>
      rows + (work.kind === 'windows' ? Math.min(192, 2 * work.windows.ranked.element.height - 2) : 0),
    64,
  )

/** The rows of a strip, a function of the shapes alone unless they are given. FFTs compute whole blocks of rows. */
export function chooseStripRows(list: Steps, given?: number): number {
  const [, height] = list.at(-1)!.shape
  if (given !== undefined) return Math.min(given, height)
  const [only] = list
  if (list.length === 1 && only?.work.kind === 'finish') return only.work.filter.plan.stripRows
  // in the middle, because most strips are not at an edge
  const bytesOf = (rows: number) => {
    const first = Math.floor((height - rows) / 2)
    return planStrip(list, [first, first + rows]).bytes
  }
  const blocks = list.map(({ work }) =>
    (work.kind === 'filter' || work.kind === 'finish') && work.filter.plan.stencils.some(isFft)
      ? work.filter.plan.stripRows
      : 1,
  )
  const least = Math.min(Math.max(...blocks), height)
  let rows = Math.min(Math.max(least > 1 ? least : usualRows(list), Math.ceil(height / mostStrips)), height)
  while (rows > least && bytesOf(rows) > stripBytes) rows = Math.max(least, Math.ceil(rows / 2))
  return rows
}
