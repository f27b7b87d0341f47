import { availableParallelism } from 'node:os'
import { sizeOfElement } from '../definition/windows.ts'
import { narrowed } from '../graph/narrow.ts'
import { type Node, needsOf } from '../graph/node.ts'
import { type Listed, listed, planStrip, type Strip } from '../graph/schedule.ts'
import { sliceOf } from '../graph/slices.ts'
import { rowCount } from '../graph/spans.ts'
import { sizeOf } from '../tensor/tensor.ts'

// How much work steps are, and whether it is worth more threads.

/** The numbers of multiplications and of samples below which a worker costs more than it saves. */
const parallelFrom = 4e6
const parallelSamples = 1.5e6

/**
 * The number of taps below which it does so on two cores while a PNG arrives, which other threads unpack, and mostly
 * pack again. Pictures of 2 megapixels took 0.9 to 1 of the time on one thread, with 0.8 of the processor time; on 12
 * megapixels, a worker pays from about 25 taps a sample on.
 */
const crowdedFrom = 1e9

/**
 * Whether the lists of steps, which take `cost` multiplications, are worth a worker.
 *
 * @param isArriving whether the rows of a PNG are still being unpacked
 */
export function isWorthWorker(
  lists: readonly (readonly Listed[])[],
  cost: number,
  isArriving: boolean,
): boolean {
  if (!isArriving || availableParallelism() > 2) return cost >= parallelFrom
  return lists.reduce((sum, list) => sum + costOf(list, undefined, effortOf), 0) >= crowdedFrom
}

/** Returns the largest of some numbers, 0 for none. */
export const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)

/** Whether a picture of this many samples is worth starting workers before it arrives and its steps are known. */
export const isWorthWarming = (samples: number): boolean => samples >= parallelSamples

/** How many times as much it costs to compute the channels of a step one by one as all at once. */
export const costApart = (out: Node): number =>
  (out.shape[0] * costOf(listed(narrowed(out, 0, 1)))) / costOf(listed(out))

/**
 * How many times as much it costs to compute the slices of a volume one by one as all at once. It measures the middle
 * slice, because most slices are not near the ends.
 */
export function costOfSlices(volume: Node, slices: number): number {
  const list = listed(sliceOf(volume, slices >> 1, slices))
  const strip = planStrip(list, [0, volume.shape[1] / slices])
  return (slices * costOf(list, strip, tapsOf)) / costOf(listed(volume), undefined, tapsOf)
}

/** A product of floats in a bank takes as long as this many taps of a filter. */
const tapsOfProduct = 4

/** Returns about how many taps of a filter take as long as a sample of a step of `list`. A layer has square windows. */
function effortOf(step: Listed, list: readonly Listed[]): number {
  const { work, inputs, shape } = step
  const taps = tapsOf(step)
  if (work.kind === 'bank') return taps * tapsOfProduct
  if (work.kind !== 'layer' || work.name === 'ranked') return taps
  const row = shape[1] >> 1
  const shapes = inputs.map((i) => list[i]!.shape)
  return Math.max(taps, most(needsOf(step, shapes, [row, row + 1]).map(rowCount)) ** 2)
}

/** Returns about how many taps a sample of a step takes. */
function tapsOf(step: Listed): number {
  const { work } = step
  if (work.kind === 'layer' && work.name === 'ranked') return sizeOfElement(work.settings.element)
  if (!('filter' in work)) return multiplicationsOf(step)
  return work.filter.plan.stencils.reduce((sum, { algorithm, kH, kW }) => {
    const isDense = algorithm === 'direct' || algorithm === 'integer'
    // an FFT of any size takes about as long as 64 taps
    return sum + Math.min(isDense ? kH * kW : kH + kW, 64)
  }, 0)
}

/**
 * Returns about how many multiplications a sample of a step takes. For a filter, only the samples of its input count.
 */
function multiplicationsOf({ work, shape, slices = 1 }: Listed): number {
  if ('filter' in work) {
    const { plan, channels } = work.filter
    const samples = plan.width * plan.height * channels * slices
    return (samples / sizeOf(shape)) * (parallelFrom / parallelSamples)
  }
  if (work.kind === 'similarity') return (work.options.size * work.options.patch) ** 2 * 4
  if (work.kind !== 'bank') return 1
  const { phases, channelsPerGroup } = work.bank.plan
  return (phases.reduce((sum, { taps }) => sum + taps.length, 0) / phases.length) * channelsPerGroup
}

/** Whether the steps take long enough for more than one thread. */
export const isWorthThreads = (out: Node): boolean => costOf(listed(out)) >= parallelFrom

/** Whether computing a sample takes longer than reading it back from memory. */
export const isCostly = (out: Node): boolean => costOf(listed(out)) > 16 * sizeOf(out.shape)

/** Returns about how many multiplications the steps, or a strip of them, take. */
export function costOf(
  list: readonly Listed[],
  strip?: Strip,
  perSample: (step: Listed, list: readonly Listed[]) => number = multiplicationsOf,
): number {
  const rowsOf = (i: number) => (strip === undefined ? list[i]!.shape[1] : rowCount(strip.buffers[i]!.rows))
  return list.reduce((sum, step, i) => {
    const { shape } = step
    return sum + (perSample(step, list) * sizeOf(shape) * rowsOf(i)) / shape[1]
  }, 0)
}
