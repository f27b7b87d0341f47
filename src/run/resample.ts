import type { Resampling } from '../definition/resample.ts'
import { type Address, plus } from '../graph/address.ts'
import { pitchOf } from '../graph/schedule.ts'
import type { Span } from '../graph/spans.ts'
import type { WasmExports } from './engine.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

/** The bytes of scratch memory for the tables of a resampling. */
export const resamplingBytes = ({ size, taps }: Resampling): number =>
  pitchOf(size) * (taps + 1) + taps * 8 + 128

type Compute = (to: PlacedRows, from: PlacedRows, rows: Span) => void

/** Prepares resampling along rows. The taps of each column are in `first` and `weights`. */
export function prepareAcross(
  { size, taps, first, weights }: Resampling,
  channels: number,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const floats = new Float32Array(wasm.memory.buffer)
  const words = new Int32Array(wasm.memory.buffer)
  const table = plus(scratch, pitchOf(size))
  return (to, from, [top, end]) => {
    words.set(first, scratch / 4)
    words.fill(0, scratch / 4 + size, scratch / 4 + size + 4)
    floats.set(weights, table / 4)
    for (let c = 0; c < channels; c++) {
      for (let y = top; y < end; y++)
        wasm.resampleRow(rowAt(to, c, y), rowAt(from, c, y), size, scratch, table, taps)
    }
  }
}

/** Prepares resampling down columns: output rows are sums of rows. Taps of weight 0 are skipped. */
export function prepareDown(
  { size, taps, first, weights }: Resampling,
  channels: number,
  width: number,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const floats = new Float32Array(wasm.memory.buffer)
  const words = new Int32Array(wasm.memory.buffer)
  const table = plus(scratch, taps * 4 + 64)
  return (to, from, [top, end]) => {
    for (let c = 0; c < channels; c++) {
      for (let y = top; y < end; y++) {
        let count = 0
        const start = rowAt(from, c, first[y]!)
        for (let t = 0; t < taps; t++) {
          const weight = weights[t * size + y]!
          if (weight === 0) continue
          words[scratch / 4 + count] = rowAt(from, c, first[y]! + t) - start
          floats[table / 4 + count] = weight
          count++
        }
        wasm.tapsF32(rowAt(to, c, y), to.pitch, start, 0, width, 1, scratch, table, count)
      }
    }
  }
}
