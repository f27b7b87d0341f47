import type { Shape } from '../definition/layer.ts'
import { type Address, plus } from '../graph/address.ts'
import type { Mixed, Moved } from '../graph/node.ts'
import { borders } from '../tensor/border.ts'
import { viewOf, type WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

/** The number of pixels from which a run is copied by its own loop. */
const longRun = 16

/** Returns where the rows and columns of a layer that moves samples come from; −1 means the fill. */
function placesOf({ layer }: Moved, height: number, width: number, wide: number) {
  if (layer.name === 'chosen') {
    const { rows, columns } = layer.settings
    return { row: (y: number) => rows[y]!, columns, fill: 0 }
  }
  const { margins, border, fill } = layer.settings
  const { source } = borders[border]
  const columns = Int32Array.from({ length: wide }, (_, x) => source(x - margins.left, width))
  return { row: (y: number) => source(y - margins.top, height), columns, fill }
}

/** Prepares a layer that moves whole samples to other places unchanged. Pixels are interleaved. */
export function prepareMoved(
  [, , n]: Shape,
  [, height, across]: Shape,
  work: Moved,
  wasm: WasmExports,
): Compute {
  const { bytes, step } = work
  const samples = viewOf(wasm.memory, bytes)
  const wide = n / step
  const { row, columns, fill } = placesOf(work, height, across / step, wide)
  const runs: { to: number; from: number; count: number }[] = []
  for (let x = 0; x < wide; x++) {
    const [last, from] = [runs.at(-1), columns[x]!]
    const next = last && (last.from < 0 ? last.from : last.from + last.count)
    if (last !== undefined && from === next) last.count++
    else runs.push({ to: x, from, count: 1 })
  }
  return (to, [rows], [first, end]) => {
    for (let y = first; y < end; y++) {
      const place = row(y)
      const out = rowAt(to, 0, y) / bytes
      if (place < 0) {
        samples.fill(fill, out, out + n)
        continue
      }
      const there = rowAt(rows!, 0, place)
      for (const { to: x, from, count } of runs) {
        if (from < 0) samples.fill(fill, out + x * step, out + (x + count) * step)
        else if (count >= longRun) {
          const size = step * bytes
          wasm.copyBytes(plus(rowAt(to, 0, y), x * size), plus(there, from * size), count * size)
        } else {
          const at = there / bytes + from * step
          for (let i = 0; i < count * step; i++) samples[out + x * step + i] = samples[at + i]!
        }
      }
    }
  }
}

/**
 * Prepares a layer that makes pixels of whole samples from channels of one or two inputs, as many pixels at a time as
 * fit in a vector.
 */
export function prepareMixed(
  [, , n]: Shape,
  { bytes, parts }: Mixed,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const counts = parts.map(({ count }) => count)
  const channels = counts.reduce((a, b) => a + b)
  const pixels = Math.floor(16 / (bytes * Math.max(channels, ...parts.map(({ step }) => step))))
  const own = pixels * channels * bytes
  const vectors = Math.ceil(n / channels / pixels)
  /** The byte of an input vector that goes to each output byte; 255 means none. */
  const places = Uint8Array.from({ length: 32 }, (_, i) => {
    const [part, at] = [i >> 4, i & 15]
    const channel = Math.floor(at / bytes) % channels
    const before = part === 0 ? 0 : counts[0]!
    const from = parts[part]
    if (from === undefined || at >= own || channel < before || channel >= before + from.count) return 255
    const pixel = Math.floor(at / bytes / channels)
    return (pixel * from.step + from.first + channel - before) * bytes + (at % bytes)
  })
  const stepOf = (part: number) => (parts[part]?.step ?? 0) * pixels * bytes
  const octets = new Uint8Array(wasm.memory.buffer)
  return (to, from, [first, end]) => {
    octets.set(places, scratch)
    for (let y = first; y < end; y++) {
      const [a, b] = [rowAt(from[0]!, 0, y), rowAt(from[1] ?? from[0]!, 0, y)]
      wasm.mixPixels(rowAt(to, 0, y), own, a, stepOf(0), b, stepOf(1), vectors, scratch)
    }
  }
}
