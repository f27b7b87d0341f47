import type { Shape } from '../definition/layer.ts'
import { type LayerWork, runLayer } from '../definition/layers.ts'
import type { PoolAxes, PoolAxis } from '../definition/pool.ts'
import type { Rows } from '../definition/rows.ts'
import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

// Pooling along rows, then down columns: 3x3 at every sample takes a fifth of the time of windows one by one. A row of the
// input is copied between samples that make no difference, so that windows over an edge are like the others.

/** Layers over windows. */
export type Pooling = Extract<LayerWork, { name: 'pool' | 'pooled' | 'switches' | 'averaged' }>

/** Where rows lie in the scratch memory, in bytes: a padded row, a ring of rows of maxima, and as many of places or of sums. */
function layOut([, ay, ax]: PoolAxes) {
  const taps = tapsOf(ax)
  const stride = ax.output > 1 ? ax.start[1]! - ax.start[0]! : 1
  const left = Math.max(0, -ax.start[0]!)
  const reach = ax.start.at(-1)! + (taps - 1) * ax.dilation + 1
  const right = Math.max(0, reach - ax.input)
  // vectors of windows that there are not, at the end
  const line = align((left + ax.input + right + 4 * stride + 16) * 4)
  const pitch = align((ax.output + 16) * 4)
  const slots = (tapsOf(ay) - 1) * ay.dilation + 1
  return { taps, stride, left, right, line, pitch, slots, bytes: line + 2 * Math.max(slots, 2) * pitch }
}

/** Taps of a window, those outside too as far as any window has them. */
const tapsOf = ({ high }: PoolAxis): number => high.reduce((most, last) => Math.max(most, last), 0) + 1

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Whether a layer goes through windows here. */
export const isPooling = (work: LayerWork): work is Pooling =>
  work.name === 'pool' || work.name === 'pooled' || work.name === 'switches' || work.name === 'averaged'

/** Scratch memory for pooling. */
export const poolingBytes = ({ settings }: Pooling): number => layOut(settings.axes).bytes

/** Gets a pooling ready; where a window has no plain numbers, it is done as its definition. */
export function preparePooling(
  work: Pooling,
  shape: Shape,
  shapes: readonly Shape[],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): Compute {
  const { axes } = work.settings
  const [, ay, ax] = axes
  const [channels] = shapes[0]!
  const { taps, stride, left, right, line, pitch, slots } = layOut(axes)
  const data = new Float32Array(memory.buffer)
  const row = plus(scratch, left * 4)
  const windows = plus(row, ax.start[0]! * 4)
  const ring = plus(scratch, line)
  const beside = slots * pitch
  const tapStep = ax.dilation * 4
  const isSum = work.name === 'averaged'
  const counts = plus(ring, pitch * 2)

  return (to, [input], [first, end]) => {
    const from = input!
    const at = scratch / 4
    const outside = isSum ? 0 : Number.NEGATIVE_INFINITY
    data.fill(outside, at, at + left)
    data.fill(outside, at + left + ax.input, at + left + ax.input + right)
    if (work.name === 'averaged') new Int32Array(memory.buffer).set(work.settings.columns, counts / 4)
    for (let c = 0; c < channels; c++) {
      if (work.name === 'averaged') {
        for (let y = first; y < end; y++) {
          for (let u = ay.low[y]!; u <= ay.high[y]!; u++) {
            wasm.plainRow(row, rowAt(from, c, ay.start[y]! + u * ay.dilation), ax.input)
            wasm.windowSums(ring, windows, ax.output, tapStep, taps, stride, u === ay.low[y])
          }
          wasm.meansRow(rowAt(to, c, y), ring, ax.output, work.settings.rows[y]!, counts)
        }
        continue
      }
      const held = new Int32Array(slots).fill(-1)
      const isPlain = new Uint8Array(slots)
      for (let y = first; y < end; y++) {
        const top = ay.start[y]! + ay.low[y]! * ay.dilation
        const rows = ay.high[y]! - ay.low[y]! + 1
        let isFast = true
        for (let u = 0, source = top; u < rows; u++, source += ay.dilation) {
          const slot = source % slots
          if (held[slot] !== source) {
            held[slot] = source
            isPlain[slot] = +wasm.plainRow(row, rowAt(from, c, source), ax.input)
            const best = plus(ring, slot * pitch)
            wasm.maxAcross(best, windows, ax.output, tapStep, taps, stride)
            if (work.name === 'pooled')
              wasm.placesAcross(
                plus(best, beside),
                best,
                windows,
                ax.output,
                tapStep,
                taps,
                stride,
                ax.start[0]!,
                ax.dilation,
                stride,
              )
            if (work.name === 'switches')
              wasm.placesAcross(plus(best, beside), best, windows, ax.output, tapStep, taps, stride, 0, 1, 0)
          }
          isFast &&= isPlain[slot] === 1
        }
        if (!isFast) {
          const [, height, width] = shapes[0]!
          const made: Rows = { data, at: (k, y) => rowAt(to, k * channels + c, y) / 4 }
          runLayer(
            work,
            made,
            [{ data, at: (_, y) => rowAt(from, c, y) / 4 }],
            [y, y + 1],
            [[1, height, width]],
            [shape[0] / channels, shape[1], shape[2]],
          )
          continue
        }
        const [slot, step, n] = [top % slots, ay.dilation, ax.output]
        if (work.name !== 'switches') wasm.maxDown(rowAt(to, c, y), ring, pitch, slot, step, slots, rows, n)
        if (work.name === 'pooled')
          wasm.placesDown(
            rowAt(to, channels + c, y),
            ring,
            beside,
            pitch,
            slot,
            step,
            slots,
            rows,
            n,
            top * ax.input,
            step * ax.input,
          )
        if (work.name === 'switches')
          wasm.placesDown(
            rowAt(to, c, y),
            ring,
            beside,
            pitch,
            slot,
            step,
            slots,
            rows,
            n,
            ay.low[y]! * work.settings.across,
            work.settings.across,
          )
      }
    }
  }
}
