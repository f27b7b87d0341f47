import type { BankPlan, WeightIndex } from '../conv/bank.ts'
import type { Address } from '../graph/address.ts'
import type { Arena } from './arena.ts'

/** Output channels that one loop computes side by side. */
export const block = 4
/** Samples of a row from which on no loop writes past its end. */
export const wholeRow = 8

/** The rows of a tile row, one for each column between two places of the grid that a tap meets. */
export const phasesAcross = ({ step, columns }: Pick<BankPlan, 'step' | 'columns'>): number =>
  Math.min(step[2], columns.span)

/** Weights of each group in blocks of four filters, [tap][4], then the filters left over one by one. */
export function orderWeights(
  plan: BankPlan,
  taps: readonly number[],
  weights: Float32Array,
  weightIndex: WeightIndex,
): Float32Array {
  const ordered = new Float32Array(plan.groups * plan.filtersPerGroup * plan.channelsPerGroup * taps.length)
  let i = 0
  for (let group = 0; group < plan.groups; group++) {
    for (let f = 0; f < plan.filtersPerGroup; ) {
      const size = plan.filtersPerGroup - f >= block ? block : 1
      for (let channel = 0; channel < plan.channelsPerGroup; channel++) {
        for (const tap of taps) {
          for (let b = 0; b < size; b++) {
            ordered[i++] = weights[weightIndex(group * plan.filtersPerGroup + f + b, channel, tap)]!
          }
        }
      }
      f += size
    }
  }
  return ordered
}

/** The longest run of a table whose entries count up by a step: samples that can be copied as a block. */
export function consecutive(table: Int32Array, step = 1): [first: number, last: number] {
  let best: [number, number] = [0, 0]
  let first = 0
  for (let i = 1; i <= table.length; i++) {
    if (i < table.length && table[i]! === table[i - 1]! + step && table[i - 1]! >= 0) continue
    if (table[first]! >= 0 && i - first > best[1] - best[0]) best = [first, i]
    first = i
  }
  return best
}

/** Copies an array into the shared memory. */
export function put(arena: Arena, values: ArrayBufferView): Address {
  const address = arena.alloc(values.byteLength)
  new Uint8Array(arena.memory.buffer).set(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    address,
  )
  return address
}
