import { type LayerWork, runLayer, type Shape } from '../conv/layers.ts'
import { type PoolAxes, poolRow } from '../conv/pool.ts'
import type { Rows } from '../conv/rows.ts'
import { type Buffer, type Listed, planStrip, type Strip } from '../graph/schedule.ts'
import { type Span, slotOf, united } from '../graph/spans.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { prepareBankRows } from './bank-rows.ts'
import type { WasmExports } from './engine.ts'
import { type GraphJob, type GraphSource, type PlacedWork, type Segment, segmentsOf } from './graph-job.ts'
import { prepareSink } from './graph-sink.ts'
import type { PartResult } from './jobs.ts'
import { prepareLikeness } from './likeness.ts'

/** Computes strips of a graph: the rows of each step that the strip needs, step by step, then the sink. */
export function prepareGraph(
  job: GraphJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): (part: number) => PartResult {
  const { lists, layout, source, sink, stripRows } = job
  const [, height] = lists[0]!.at(-1)!.shape
  const compute = lists.map((steps) =>
    steps.map((step) => prepareStep(step, steps, wasm, memory, scratch + layout.work)),
  )
  const load = prepareSource(job, wasm, scratch + layout.pixels)
  const store = prepareSink(job, wasm, memory, scratch)

  function run({ list }: Segment, strip: Strip, part: number, staged: readonly Span[]): Buffer {
    const steps = lists[list]!
    const buffers: Buffer[] = []
    for (const [i, buffer] of strip.buffers.entries()) {
      const { shape, inputs } = steps[i]!
      if (inputs.length === 0 && source.kind === 'planes') {
        const pitch = shape[2] * 4
        buffers.push({ rows: [[0, shape[1]]], address: source.address, plane: shape[1] * pitch, pitch })
        continue
      }
      const to = { ...buffer, address: scratch + buffer.address }
      buffers.push(to)
      const from = inputs.map((input) => buffers[input]!)
      if (inputs.length === 0) load(part, to, staged)
      else for (const span of to.rows) compute[list]![i]!(to, from, span)
    }
    return buffers.at(-1)!
  }

  return (part) => {
    const rows: Span = [part * stripRows, (part + 1) * stripRows]
    const segments = segmentsOf(sink, height, rows)
    const strips = segments.map(({ list, rows: own }) =>
      planStrip(lists[list]!, own, inPlaceOf(source, lists[list]!)),
    )
    const staged = stagedRows(lists, segments, strips)
    store.begin(rows)
    for (const [i, segment] of segments.entries())
      store.put(segment, run(segment, strips[i]!, part, staged), part)
    return store.end(part)
  }
}

/** Which steps are read where they lie. */
export const inPlaceOf =
  (source: Pick<GraphSource, 'kind'>, steps: readonly Pick<Listed, 'inputs'>[]) =>
  (step: number): boolean =>
    source.kind === 'planes' && steps[step]!.inputs.length === 0

/** The rows of the source that the segments of a part need. */
export const stagedRows = (
  lists: readonly (readonly Pick<Listed, 'inputs'>[])[],
  segments: readonly Segment[],
  strips: readonly Strip[],
): Span[] =>
  united(
    segments.flatMap(({ list }, i) =>
      strips[i]!.buffers.filter((_, step) => lists[list]![step]!.inputs.length === 0).flatMap(
        ({ rows }) => rows,
      ),
    ),
  )

type Compute = (to: Buffer, from: readonly Buffer[], rows: Span) => void

function prepareStep(
  { work, inputs, shape }: Listed<PlacedWork>,
  steps: readonly Listed<PlacedWork>[],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): Compute {
  switch (work.kind) {
    case 'source':
      return () => undefined
    case 'bank': {
      const rows = prepareBankRows(work.bank, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'likeness': {
      const rows = prepareLikeness(shape, work.options, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'layer': {
      const fast = prepareLoop(work, shape, wasm, memory)
      if (fast !== undefined) return fast
      const data = new Float32Array(memory.buffer)
      const shapes = inputs.map((input) => steps[input]!.shape)
      return (to, from, span) => {
        const rows = from.map((one) => rowsIn(data, one))
        runLayer(work, rowsIn(data, to), rows, span, shapes, shape)
      }
    }
  }
}

/** The layers that have loops of their own; the others run as their definitions. */
function prepareLoop(
  work: LayerWork,
  shape: Shape,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
): Compute | undefined {
  const [, , n] = shape
  switch (work.name) {
    case 'affine': {
      const { scale, bias } = work.settings
      return eachRow(shape, (c, to, from) => wasm.affineRow(to, from!, n, scale?.[c] ?? 1, bias?.[c] ?? 0))
    }
    case 'activate':
      return work.settings.name === 'relu'
        ? eachRow(shape, (_, to, from) => wasm.reluRow(to, from!, n))
        : undefined
    case 'add':
      return eachRow(shape, (_, to, a, b) => wasm.addRow(to, a!, b!, n))
    case 'divide':
      return eachRow(shape, (_, to, a, b) => wasm.divideRow(to, a!, b!, n))
    case 'pool':
      return prepareMaxima(work.settings.axes, shape, wasm, memory)
    default:
      return undefined
  }
}

/** A loop over rows at the same place of all inputs: it gets the channel and the addresses. */
const eachRow =
  ([channels]: Shape, loop: (channel: number, to: number, ...from: number[]) => void): Compute =>
  (to, from, [first, end]) => {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) loop(c, rowAt(to, c, y), ...from.map((one) => rowAt(one, c, y)))
    }
  }

/** The address of a row. */
export const rowAt = ({ rows, address, plane, pitch }: Buffer, c: number, y: number): number =>
  address + c * plane + slotOf(rows, y) * pitch

/** Max pooling: windows wholly inside in vectors, the others as the definition has them. */
function prepareMaxima(
  axes: PoolAxes,
  [channels]: Shape,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
): Compute {
  const [, ay, ax] = axes
  const data = new Float32Array(memory.buffer)
  const taps = ax.high.reduce((most, high, i) => Math.max(most, high - ax.low[i]! + 1), 0)
  const isWhole = (i: number) => ax.high[i]! - ax.low[i]! + 1 === taps
  const left = ax.low.findIndex((_, i) => isWhole(i))
  let right = ax.output
  while (!isWhole(right - 1)) right--
  const stride = ax.output > 1 ? ax.start[1]! - ax.start[0]! : 1
  const isWide = right - left >= 4
  return (to, [input], [first, end]) => {
    const from = input!
    const rows = rowsIn(data, from)
    const out = rowsIn(data, to)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const at = out.at(c, y)
        if (!isWide) {
          poolRow(rows, axes, c, 0, y, data, at)
          continue
        }
        poolRow(rows, axes, c, 0, y, data, at, undefined, [0, left])
        poolRow(rows, axes, c, 0, y, data, at, undefined, [right, ax.output])
        const row = rows.at(c, ay.start[y]! + ay.low[y]! * ay.dilation)
        const src = (row + ax.start[left]! + ax.low[left]! * ax.dilation) * 4
        const count = ay.high[y]! - ay.low[y]! + 1
        const rowStep = ay.dilation * from.pitch
        wasm.maxRow((at + left) * 4, src, rowStep, count, ax.dilation * 4, taps, stride, right - left)
      }
    }
  }
}

const rowsIn = (data: Float32Array, buffer: Buffer): Rows => ({
  data,
  at: (c, y) => rowAt(buffer, c, y) / 4,
})

/** Brings in rows of the source: from interleaved samples to planes. `pixels` has room for three float rows. */
function prepareSource(
  { source, lists }: GraphJob,
  wasm: WasmExports,
  pixels: number,
): (part: number, to: Buffer, staged: readonly Span[]) => void {
  if (source.kind === 'planes') return () => undefined
  const { picture, gray, table } = source
  const { width, channels, depth } = picture
  const rowBytes = width * channels * (depth / 8)
  const samples = width * channels
  const floatRow = Math.ceil((samples * 4 + 64) / 64) * 64
  const made = lists[0]!.find(({ inputs }) => inputs.length === 0)!.shape[0]
  const stored = pixels + floatRow
  const convert = (to: number, from: number) => {
    if (depth === 8) wasm.convertU8(to, from, samples)
    else if (depth === 16) wasm.convertU16(to, from, samples)
    else wasm.copyBytes(to, from, samples * 4)
  }
  return (part, to, staged) => {
    const { address, staged: slots } = picture
    const begin = slots === undefined ? address : address + (part % slots.slots) * slots.slotBytes
    for (const [first, end] of to.rows) {
      for (let y = first; y < end; y++) {
        const from = begin + (slots === undefined ? y : slotOf(staged, y)) * rowBytes
        if (table === 0) convert(pixels, from)
        else {
          if (depth === 8) wasm.lookupU8(pixels, from, samples, table)
          else wasm.lookupU16(pixels, from, samples, table)
          if (hasAlpha(channels)) {
            // Alpha is no light.
            convert(stored, from)
            wasm.copyAlpha(pixels, stored, width, channels, 4)
          }
        }
        if (gray) wasm.mixGray(stored, pixels, width, channels)
        wasm.splitPlanes(rowAt(to, 0, y), to.plane, gray ? stored : pixels, width, made)
      }
    }
  }
}
