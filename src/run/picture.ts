import { type Reach, reachOf, tileRows } from '../conv/reach.ts'
import { type Address, noBlock, plus } from '../graph/address.ts'
import type { Span } from '../graph/spans.ts'
import { deflateAside, deflateSlowly, deflateStrip, isSlow } from '../image/png.ts'
import { packStrip } from '../image/tiff-pack.ts'
import { borders } from '../tensor/border.ts'
import { type Accumulator, prepareAccumulator } from './accumulate.ts'
import { createDiscard } from './collect.ts'
import { prepareCombiner } from './combine.ts'
import { viewOf, type WasmExports } from './engine.ts'
import { prepareFinish } from './finish.ts'
import { prepareGather } from './gather.ts'
import { prepareOwnColours } from './own-colours.ts'
import type { Made, PartResult, RowsOf } from './part.ts'
import type { Sink, StencilJob } from './picture-job.ts'
import { prepareCopy, prepareShortcut } from './shortcut.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Computes consecutive rows of a picture, any number at a time: gather, accumulate, combine, finish. A piece of
 * `stripRows` rows goes to the sink when all of its rows are finished.
 */
export type PictureParts = (rows: Span) => readonly Made[]

/** Prepares a thread for the parts of a picture. */
export function preparePicture(
  job: StencilJob,
  wasm: WasmExports,
  scratch: Address,
  input: SourceRows,
  isAlone: boolean,
): PictureParts {
  const { plan, layout, sink } = job
  const compute = prepareRows(job, wasm, scratch, input)
  const copy = prepareCopy(job, wasm, input)
  const emit = prepareEmit(job, wasm, scratch, isAlone)
  const rowBytes = plan.outWidth * job.tileChannels * 4
  const pitch = (plan.outWidth * job.tileChannels * depthOf(sink)) / 8
  let counts: PartResult = {}
  const add = (first: number, rows: number, y: number) => {
    const found =
      copy !== undefined && sink.kind === 'samples'
        ? copy(first, rows, plus(sink.target, first * pitch), pitch)
        : sink.kind === 'float'
          ? compute(first, rows, plus(sink.target, first * rowBytes), rowBytes)
          : compute(first, rows, plus(scratch, layout.out + y * layout.outPitch), layout.outPitch)
    counts = bothCounts(counts, found)
  }
  const finished = (piece: number, top: number, bottom: number): Made => {
    const own = counts
    counts = {}
    const isCopied = copy !== undefined && sink.kind === 'samples'
    return { piece, result: { ...own, ...(isCopied ? { rows: [top, bottom] } : emit(piece, bottom - top)) } }
  }
  return ([first, end]) => {
    const made: Made[] = []
    for (let y = first; y < end; ) {
      const piece = Math.floor(y / plan.stripRows)
      const top = piece * plan.stripRows
      const bottom = Math.min(top + plan.stripRows, plan.outHeight)
      const next = Math.min(end, bottom)
      add(y, next - y, y - top)
      if (next === bottom) made.push(finished(piece, top, bottom))
      y = next
    }
    return made
  }
}

/**
 * Computes rows of a picture job from row `y`, and writes them from `to`, `pitch` bytes apart. Returns the clip counts
 * and the extremes.
 */
type Rows = (y: number, rows: number, to: Address, pitch: number) => PartResult

/** Prepares to compute any rows of a picture job. `input` says where the rows of its input are. */
export function prepareRows(job: StencilJob, wasm: WasmExports, scratch: Address, input: SourceRows): Rows {
  const { layout, opaque } = job
  const copy = prepareCopy(job, wasm, input)
  if (copy !== undefined) return copy
  const runOpaque =
    opaque && prepareRows(opaque, wasm, plus(scratch, job.scratchBytes - opaque.scratchBytes), input)
  const gather = prepareGather(job, wasm, input, plus(scratch, layout.tile), plus(scratch, layout.row))
  const accumulators = job.stencils.map((_, i) => prepareAccumulator(job, i, wasm, scratch))
  const rowsOf =
    prepareShortcut(job, wasm, input, scratch) ?? generalRows(job, wasm, input, scratch, accumulators)
  return (y, rows, to, pitch) => {
    const reach = reachOf(job.plan, y, rows)
    if (runOpaque !== undefined && isOpaque(job, wasm.memory, input, reach))
      return runOpaque(y, rows, to, pitch)
    gather(reach.tileFirst, reach.tileCount)
    clearCounts(wasm.memory, plus(scratch, layout.counts))
    for (const a of accumulators) a.begin(reach.first, reach.end, reach.tileFirst)
    for (let r = 0; r < rows; r += job.blockRows)
      rowsOf(y + r, Math.min(job.blockRows, rows - r), reach.tileFirst, plus(to, r * pitch), pitch)
    return readCounts(wasm.memory, plus(scratch, layout.counts))
  }
}

/** Whether all pixels of the picture in the tile of a part are opaque. */
function isOpaque(
  { plan, source }: StencilJob,
  memory: WebAssembly.Memory,
  input: SourceRows,
  reach: Reach,
): boolean {
  const samples = viewOf(memory, source.depth / 8)
  const place = borders[plan.border].source
  const [start, below] = tileRows(plan, reach)
  for (let y = start; y < below; y++) {
    const row = place(y, plan.height)
    if (row < 0) continue
    const first = input.address(row) / (source.depth / 8)
    const end = first + source.width * source.channels
    for (let at = first + source.channels - 1; at < end; at += source.channels) {
      if (samples[at] !== source.full) return false
    }
  }
  return true
}

function generalRows(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
  scratch: Address,
  accumulators: readonly Accumulator[],
): RowsOf {
  const combine = prepareCombiner(job, wasm, scratch)
  const finish = prepareFinish(job, wasm, input, scratch)
  const isOwn = job.tone.alpha === 'own'
  const own = isOwn ? prepareOwnColours(job, wasm, input, scratch) : undefined
  return (y, count, tileFirst, to, pitch) => {
    const sums = accumulators.map((a) => a.sums(y, count, tileFirst))
    for (let r = 0; r < count; r++) {
      own?.begin(y + r)
      finish(combine(sums, r, own), y + r, plus(to, r * pitch))
    }
  }
}

/** The number of bits per sample of a sink. */
const depthOf = (sink: Sink): 8 | 16 | 32 => ('depth' in sink ? sink.depth : 32)

type Emit = (part: number, rows: number) => PartResult

/** Prepares to pass the finished rows of a part to the sink. */
function prepareEmit(job: StencilJob, wasm: WasmExports, scratch: Address, isAlone: boolean): Emit {
  const { plan, layout, sink, tileChannels } = job
  const out = plus(scratch, layout.out)
  switch (sink.kind) {
    case 'png':
      return pngStrip(job, sink, wasm, scratch, isAlone)
    case 'samples': {
      const bytes = (plan.outWidth * tileChannels * depthOf(sink)) / 8
      return (part, rows) => {
        const first = part * plan.stripRows
        for (let r = 0; r < rows; r++)
          wasm.copyBytes(plus(sink.target, (first + r) * bytes), plus(out, r * layout.outPitch), bytes)
        return { rows: [first, first + rows] }
      }
    }
    case 'tiff': {
      const depth = depthOf(sink)
      const bytes = (plan.outWidth * tileChannels * depth) / 8
      return (part, rows) => {
        const first = part * plan.stripRows
        const packed = new Uint8Array(bytes * rows)
        const from = new Uint8Array(wasm.memory.buffer)
        for (let r = 0; r < rows; r++) {
          const at = out + r * layout.outPitch
          packed.set(from.subarray(at, at + bytes), r * bytes)
        }
        const span = [first, first + rows] as const
        discard(2 * packed.length)
        const strip = packStrip(packed, bytes, tileChannels, depth, sink.compression)
        return strip instanceof Promise
          ? { packing: strip, length: packed.length, rows: span }
          : { bytes: strip, rows: span }
      }
    }
    case 'array':
      return (_, rows) => {
        const floats = new Float32Array(tileChannels * rows * plan.outWidth)
        const from = new Float32Array(wasm.memory.buffer)
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < tileChannels; c++) {
            const [to, at] = [(c * rows + r) * plan.outWidth, (out + r * layout.outPitch) / 4 + c]
            for (let x = 0; x < plan.outWidth; x++) floats[to + x] = from[at + x * tileChannels]!
          }
        }
        discard(floats.byteLength)
        return { bytes: new Uint8Array(floats.buffer) }
      }
    default:
      return () => ({})
  }
}

const discard = createDiscard()

/**
 * Filters and deflates the rows of a strip. The strips together are one zlib stream. A thread that computes alone
 * leaves deflating to another thread and goes on computing.
 */
function pngStrip(
  job: StencilJob,
  { compression, depth }: Extract<Sink, { kind: 'png' }>,
  wasm: WasmExports,
  scratch: Address,
  isAlone: boolean,
): Emit {
  const { layout } = job
  const bpp = (job.tileChannels * depth) / 8
  const rowBytes = job.plan.outWidth * bpp
  const out = plus(scratch, layout.out)
  const filtered = plus(scratch, layout.filtered)
  const packed = (bytes: Uint8Array): Uint8Array => {
    discard(2 * bytes.length)
    return bytes
  }
  return (part, rows) => {
    for (let r = 0; r < rows && depth === 16; r++) {
      const row = plus(out, r * layout.outPitch)
      wasm.swapU16(row, row, rowBytes / 2)
    }
    if (compression.filter === 'none') storeRows(wasm, filtered, out, layout.outPitch, rowBytes, rows)
    else
      wasm.filterRows(
        filtered,
        out,
        layout.outPitch,
        rowBytes,
        rows,
        bpp,
        noBlock,
        plus(scratch, layout.filterScratch),
      )
    const length = rows * (rowBytes + 1)
    const adler = wasm.adler32(filtered, length, 1) >>> 0
    const packing = { ...compression, last: (part + 1) * job.plan.stripRows >= job.plan.outHeight }
    const rowsBytes = new Uint8Array(wasm.memory.buffer, filtered, length)
    if (!isAlone && !isSlow(packing))
      return { bytes: packed(deflateStrip(rowsBytes, packing)), adler, length }
    // the next strip is computed in the same memory meanwhile, so the rows are copied
    const packer = isSlow(packing) ? deflateSlowly : deflateAside
    discard(length)
    return { packing: packer(rowsBytes.slice(), packing).then(packed), adler, length }
  }
}

/** Copies rows and puts the filter byte 0 before each. */
function storeRows(
  wasm: WasmExports,
  dst: Address,
  src: Address,
  pitch: number,
  rowBytes: number,
  rows: number,
): void {
  const bytes = new Uint8Array(wasm.memory.buffer)
  for (let r = 0; r < rows; r++) {
    const to = plus(dst, r * (rowBytes + 1))
    wasm.copyBytes(plus(to, 1), plus(src, r * pitch), rowBytes)
    // the memory may hold other bytes from earlier use
    bytes[to] = 0
  }
}

const bothCounts = (a: PartResult, b: PartResult): PartResult => ({
  low: (a.low ?? 0) + (b.low ?? 0),
  high: (a.high ?? 0) + (b.high ?? 0),
  min: Math.min(a.min ?? Number.POSITIVE_INFINITY, b.min ?? Number.POSITIVE_INFINITY),
  max: Math.max(a.max ?? Number.NEGATIVE_INFINITY, b.max ?? Number.NEGATIVE_INFINITY),
})

function clearCounts(memory: WebAssembly.Memory, at: number): void {
  new Uint32Array(memory.buffer, at, 2).fill(0)
  new Float32Array(memory.buffer, at + 8, 2).set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
}

function readCounts(memory: WebAssembly.Memory, at: number): PartResult {
  const [low = 0, high = 0] = new Uint32Array(memory.buffer, at, 2)
  const [min = 0, max = 0] = new Float32Array(memory.buffer, at + 8, 2)
  return { low, high, min, max }
}
