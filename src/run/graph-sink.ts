import { type MapFacts, magnitudeBins, noFacts } from '../definition/levels.ts'
import { type Address, plus } from '../graph/address.ts'
import type { Span } from '../graph/spans.ts'
import { drawLabel, spread } from '../image/sheet.ts'
import { createDiscard } from './collect.ts'
import type { WasmExports } from './engine.ts'
import type { GraphJob, GraphSink, Segment } from './graph-job.ts'
import type { Made } from './part.ts'
import { preparePicture } from './picture.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'
import type { PictureRows } from './rows.ts'
import { sourceRows } from './source-rows.ts'

/** Takes the rows of a part, segment by segment, and returns the pieces that they complete. */
export type PartSink = {
  begin(rows: Span): void
  /**
   * Takes rows of a segment; for a picture, any number at a time. Without `from`, they are rows of the picture itself.
   */
  put(segment: Segment, from: PlacedRows | undefined): readonly Made[]
  end(part: number): readonly Made[]
}

const nothing: readonly Made[] = []

/** The bytes of the counts of a map's magnitudes, plus one more count for samples that are not finite. */
const binBytes = (magnitudeBins + 1) * 4

/** Returns the bytes of scratch memory for the rows that a sink works on, or for the facts that it collects. */
export function pixelBytes({ sink, stripRows }: Pick<GraphJob, 'sink' | 'stripRows'>): number {
  if (sink.kind === 'facts') return 64
  if (sink.kind === 'magnitudes') return sink.largest.length * binBytes
  return sink.kind === 'sheet' ? stripRows * sink.layout.width * sink.depth * 4 + 128 : 0
}

const discard = createDiscard()

export function prepareSink(
  { sink, lists, layout, stripRows }: GraphJob,
  wasm: WasmExports,
  scratch: Address,
  picture: PictureRows,
  isAlone: boolean,
): PartSink {
  const [channels, height, width] = lists[0]!.at(-1)!.shape
  const pixels = plus(scratch, layout.pixels)
  let maps: readonly MapFacts[] = []
  function finishing({ job }: Extract<GraphSink, { kind: 'picture' | 'sheet' }>) {
    const input = sourceRows(job.plan)
    return { input, finish: preparePicture(job, wasm, plus(scratch, layout.sink), input, isAlone) }
  }

  switch (sink.kind) {
    case 'planes':
      return {
        begin: () => undefined,
        put({ rows: [first, end] }, from) {
          // the last step has already written to the result
          if (from!.address === sink.target) return nothing
          for (let c = 0; c < channels; c++) {
            for (let y = first; y < end; y++)
              wasm.copyBytes(plus(sink.target, (c * height + y) * width * 4), rowAt(from!, c, y), width * 4)
          }
          return nothing
        },
        end: (piece) => [{ piece, result: {} }],
      }
    case 'array': {
      const data = new Float32Array(wasm.memory.buffer)
      let floats = new Float32Array()
      return {
        begin: () => undefined,
        put({ rows: [first, end] }, from) {
          floats = new Float32Array(channels * (end - first) * width)
          for (let c = 0, to = 0; c < channels; c++) {
            for (let y = first; y < end; y++, to += width) {
              const at = rowAt(from!, c, y) / 4
              floats.set(data.subarray(at, at + width), to)
            }
          }
          return nothing
        },
        end(piece) {
          discard(floats.byteLength)
          return [{ piece, result: { bytes: new Uint8Array(floats.buffer) } }]
        },
      }
    }
    case 'picture': {
      const { input, finish } = finishing(sink)
      return {
        begin: () => undefined,
        put({ rows }, from) {
          input.turn(from === undefined ? picture.address : (y) => rowAt(from, 0, y))
          return finish(rows)
        },
        end: () => nothing,
      }
    }
    case 'sheet': {
      const { input, finish } = finishing(sink)
      const data = new Float32Array(wasm.memory.buffer)
      const { depth, labels } = sink
      const { columns, step, width: wide } = sink.layout
      const rowSamples = wide * depth
      let top = 0
      return {
        begin([first]) {
          top = first
          data.fill(sink.black, pixels / 4, pixels / 4 + stripRows * rowSamples)
          input.turn((y) => plus(pixels, (y - top) * rowSamples * 4))
        },
        put({ list, rows: [first, end], to }, from) {
          const [maps] = lists[list]!.at(-1)!.shape
          for (let c = 0; c < maps; c++) {
            const column = Math.floor(c / depth)
            const label = labels[list * columns + column]
            for (let y = first; y < end; y++) {
              const row = to + y - first - top
              const at = pixels / 4 + row * rowSamples + column * step[1] * depth + (c % depth)
              if (depth === 1) wasm.copyBytes((at * 4) as Address, rowAt(from!, c, y), width * 4)
              else spread(data, rowAt(from!, c, y) / 4, width, data, at, depth)
              if (label !== undefined) drawLabel(label, y, data, at, depth)
            }
          }
          return nothing
        },
        end: () => finish([top, Math.min(top + stripRows, sink.layout.height)]),
      }
    }
    case 'facts':
      return {
        begin: () => undefined,
        put({ rows: [first, end] }, from) {
          maps = Array.from({ length: channels }, (_, c) => {
            const facts = new Float32Array(wasm.memory.buffer, pixels, 3)
            facts.set([noFacts.min, noFacts.max, 0])
            for (let y = first; y < end; y++) wasm.scanRange(rowAt(from!, c, y), width, pixels)
            const [min, max, lowest] = facts as unknown as [number, number, number]
            return { min, max, isSigned: lowest < 0 }
          })
          return nothing
        },
        end: (piece) => [{ piece, result: { maps } }],
      }
    case 'magnitudes':
      return {
        begin: () => new Uint8Array(wasm.memory.buffer, pixels, channels * binBytes).fill(0),
        put({ rows: [first, end] }, from) {
          for (const [c, largest] of sink.largest.entries()) {
            if (largest === 0) continue
            for (let y = first; y < end; y++)
              wasm.countMagnitudes(plus(pixels, c * binBytes), rowAt(from!, c, y), width, largest)
          }
          return nothing
        },
        end: (piece) => {
          const bins = sink.largest.map((_, c) =>
            new Uint32Array(wasm.memory.buffer, pixels + c * binBytes, magnitudeBins).slice(),
          )
          return [{ piece, result: { bins } }]
        },
      }
  }
}
