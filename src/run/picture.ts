import { deflateSlowly, deflateStrip, isSlow } from '../image/png.ts'
import { borders } from '../tensor/border.ts'
import { type Accumulator, prepareAccumulator } from './accumulate.ts'
import { createDiscard } from './collect.ts'
import { prepareCombiner } from './combine.ts'
import { viewOf, type WasmExports } from './engine.ts'
import { prepareFinish } from './finish.ts'
import { prepareGather } from './gather.ts'
import { prepareOwnColours } from './own-colours.ts'
import type { PartResult, RowsOf, RunPart } from './part.ts'
import type { PictureJob } from './picture-job.ts'
import { stripReach } from './place-picture.ts'
import { prepareShortcut } from './shortcut.ts'
import { type SourceRows, sourceRows } from './source-rows.ts'

/** Computes strips of a picture job: gather, accumulate, combine, finish, and for a PNG filter rows and deflate. */
export function preparePicture(
  job: PictureJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): RunPart {
  const { plan, layout, sink } = job
  const input = sourceRows(job)
  const { opaque } = job
  const runOpaque =
    opaque && preparePicture(opaque, wasm, memory, scratch + job.scratchBytes - opaque.scratchBytes)
  const gather = prepareGather(job, wasm, memory, input, scratch + layout.tile, scratch + layout.row)
  const accumulators = job.stencils.map((_, i) => prepareAccumulator(job, i, wasm, scratch))
  const rowsOf =
    prepareShortcut(job, wasm, memory, input, scratch) ??
    generalRows(job, wasm, memory, input, scratch, accumulators)
  const emit = sink.kind === 'png' ? pngStrip(job, wasm, memory, scratch) : () => ({})
  const out = scratch + layout.out

  return (part) => {
    const reach = stripReach(job, part)
    const y0 = part * plan.stripRows
    const rows = Math.min(plan.stripRows, plan.outHeight - y0)
    input.begin(part, reach.tileFirst)
    if (runOpaque !== undefined && isOpaque(job, memory, input, reach)) return runOpaque(part)
    gather(reach.tileFirst, reach.tileCount)
    clearCounts(memory, scratch + layout.counts)
    for (const a of accumulators) a.begin(reach.first, reach.end, reach.tileFirst)
    for (let r = 0; r < rows; r += job.blockRows) {
      const count = Math.min(job.blockRows, rows - r)
      const to = sink.kind === 'png' ? out + r * layout.outPitch : out
      rowsOf(y0 + r, count, reach.tileFirst, to)
      if (sink.kind === 'samples') storeSamples(job, wasm, y0 + r, count, to)
    }
    const counts = readCounts(memory, scratch + layout.counts)
    const emitted = emit(part, rows)
    return emitted instanceof Promise
      ? emitted.then((bytes) => ({ ...counts, ...bytes }))
      : { ...counts, ...emitted }
  }
}

/** Whether all that a part's tile takes of the picture is opaque. */
function isOpaque(
  { plan, source }: PictureJob,
  memory: WebAssembly.Memory,
  input: SourceRows,
  reach: { readonly tileFirst: number; readonly tileCount: number },
): boolean {
  const samples = viewOf(memory, source.depth / 8)
  const place = borders[plan.border].source
  const start = plan.origin[0] - plan.halo.top + reach.tileFirst
  for (let i = 0; i < reach.tileCount + plan.halo.top + plan.halo.bottom; i++) {
    const row = place(start + i, plan.height)
    if (row < 0) continue
    const first = input.address(i, row) / (source.depth / 8)
    const end = first + source.width * source.channels
    for (let at = first + source.channels - 1; at < end; at += source.channels) {
      if (samples[at] !== source.full) return false
    }
  }
  return true
}

function generalRows(
  job: PictureJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  input: SourceRows,
  scratch: number,
  accumulators: readonly Accumulator[],
): RowsOf {
  const combine = prepareCombiner(job, wasm, memory, scratch)
  const finish = prepareFinish(job, wasm, memory, input, scratch)
  const isOwn = job.tone.alpha === 'own'
  const own = isOwn ? prepareOwnColours(job, wasm, memory, input, scratch) : undefined
  return (y, count, tileFirst, to) => {
    const sums = accumulators.map((a) => a.sums(y, count, tileFirst))
    for (let r = 0; r < count; r++) {
      own?.begin(y + r)
      finish(combine(sums, r, own), y + r, to + r * job.layout.outPitch)
    }
  }
}

function storeSamples(job: PictureJob, wasm: WasmExports, y: number, rows: number, from: number): void {
  if (job.sink.kind !== 'samples') return
  const bytes = (job.plan.outWidth * job.tileChannels * job.sink.depth) / 8
  for (let r = 0; r < rows; r++)
    wasm.copyBytes(job.sink.target + (y + r) * bytes, from + r * job.layout.outPitch, bytes)
}

const discard = createDiscard()

/** Filters and deflates the rows of a strip; the strips joined are one zlib stream. */
function pngStrip(job: PictureJob, wasm: WasmExports, memory: WebAssembly.Memory, scratch: number) {
  const { layout, sink } = job
  if (sink.kind !== 'png') return () => ({})
  const { compression, depth } = sink
  const bpp = (job.tileChannels * depth) / 8
  const rowBytes = job.plan.outWidth * bpp
  const out = scratch + layout.out
  const filtered = scratch + layout.filtered
  const packed = (bytes: Uint8Array, adler: number, length: number): PartResult => {
    discard(2 * bytes.length)
    return { bytes, adler, length }
  }
  return (part: number, rows: number): PartResult | Promise<PartResult> => {
    for (let r = 0; r < rows && depth === 16; r++) {
      const row = out + r * layout.outPitch
      wasm.swapU16(row, row, rowBytes / 2)
    }
    if (compression.filter === 'none') storeRows(wasm, memory, filtered, out, layout.outPitch, rowBytes, rows)
    else
      wasm.filterRows(filtered, out, layout.outPitch, rowBytes, rows, bpp, 0, scratch + layout.filterScratch)
    const length = rows * (rowBytes + 1)
    const adler = wasm.adler32(filtered, length, 1) >>> 0
    const packing = { ...compression, last: part === job.parts - 1 }
    const rowsBytes = new Uint8Array(memory.buffer, filtered, length)
    if (!isSlow(packing)) return packed(deflateStrip(rowsBytes, packing), adler, length)
    return deflateSlowly(rowsBytes, packing).then((bytes) => packed(bytes, adler, length))
  }
}

/** Rows with the filter byte 0 before each. */
function storeRows(
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  dst: number,
  src: number,
  pitch: number,
  rowBytes: number,
  rows: number,
): void {
  const bytes = new Uint8Array(memory.buffer)
  for (let r = 0; r < rows; r++) {
    const to = dst + r * (rowBytes + 1)
    wasm.copyBytes(to + 1, src + r * pitch, rowBytes)
    // the memory may have been used before
    bytes[to] = 0
  }
}

function clearCounts(memory: WebAssembly.Memory, at: number): void {
  new Uint32Array(memory.buffer, at, 2).fill(0)
  new Float32Array(memory.buffer, at + 8, 2).set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
}

function readCounts(memory: WebAssembly.Memory, at: number): PartResult {
  const [low = 0, high = 0] = new Uint32Array(memory.buffer, at, 2)
  const [min = 0, max = 0] = new Float32Array(memory.buffer, at + 8, 2)
  return { low, high, min, max }
}
