import type { BankPlan } from '../conv/bank.ts'
import type { Address } from '../graph/address.ts'
import type { Bank } from '../graph/node.ts'
import { copyTo, inTurns, pieceOf } from '../host/turns.ts'
import type { Arena } from './arena.ts'

/** The number of output channels that one loop computes side by side. */
export const block = 4
/** The number of samples in a row from which no loop writes past its end. */
export const wholeRow = 8

/** The rows of a tile row: one for each column between two places of the grid that a tap reads. */
export const phasesAcross = ({ step, columns }: Pick<BankPlan, 'step' | 'columns'>): number =>
  Math.min(step[2], columns.span)

/**
 * Orders the weights of each group in blocks of four filters, [channel][tap][4], followed by the remaining filters one
 * by one.
 */
export async function orderWeights({ plan, weights, order }: Bank, taps: Int32Array): Promise<Float32Array> {
  const { groups, filtersPerGroup, channelsPerGroup } = plan
  const ordered = new Float32Array(groups * filtersPerGroup * channelsPerGroup * taps.length)
  let i = 0
  for (let group = 0; group < groups; group++) {
    for (let f = 0; f < filtersPerGroup; ) {
      const size = filtersPerGroup - f >= block ? block : 1
      const from = order.first + group * order.group + f * order.filter
      await inTurns(
        channelsPerGroup,
        (first, end) => {
          for (let channel = first; channel < end; channel++) {
            for (let t = 0; t < taps.length; t++) {
              const at = from + channel * order.channel + taps[t]!
              for (let b = 0; b < size; b++) ordered[i++] = weights[at + b * order.filter]!
            }
          }
        },
        Math.max(1, Math.floor(pieceOf / (taps.length * size))),
      )
      f += size
    }
  }
  return ordered
}

/** Finds the longest run of a table whose entries increase by `step`. Its samples can be copied as a block. */
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

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Copies an array into the shared memory. */
export function put(arena: Arena, values: ArrayBufferView): Address {
  const address = arena.alloc(values.byteLength)
  new Uint8Array(arena.memory.buffer).set(bytesOf(values), address)
  return address
}

/** Copies an array that may be large into the shared memory. */
export async function putInTurns(arena: Arena, values: ArrayBufferView): Promise<Address> {
  const address = arena.alloc(values.byteLength)
  await copyTo(new Uint8Array(arena.memory.buffer), bytesOf(values), address)
  return address
}
