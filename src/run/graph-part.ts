import { type LayerWork, runLayer, type Shape } from '../definition/layers.ts'
import { type PoolAxes, poolRow } from '../definition/pool.ts'
import type { Rows } from '../definition/rows.ts'
import { type Buffer, type Listed, planStrip, type Strip } from '../graph/schedule.ts'
import { type Span, slotOf, united } from '../graph/spans.ts'
import { prepareBankRows } from './bank-rows.ts'
import type { WasmExports } from './engine.ts'
import { prepareFloats } from './gather.ts'
import { type GraphJob, type PlacedWork, type Segment, type StepList, segmentsOf } from './graph-job.ts'
import { floatRowBytes, prepareSink } from './graph-sink.ts'
import { prepareLikeness } from './likeness.ts'
import type { RunPart } from './part.ts'

/** Computes strips of a graph: the rows of each step that the strip needs, step by step, then the sink. */
export function prepareGraph(
  job: GraphJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): RunPart {
  const { lists, layout, sink, stripRows } = job
  const [, height] = lists[0]!.at(-1)!.shape
  const compute = lists.map((steps) =>
    steps.map((step) => prepareStep(step, steps, wasm, memory, scratch + layout.work)),
  )
  const load = prepareSource(job, wasm, memory, scratch + layout.floats)
  const store = prepareSink(job, wasm, memory, scratch)

  function run({ list }: Segment, strip: Strip, part: number, staged: readonly Span[]): Buffer {
    const steps = lists[list]!
    const buffers: Buffer[] = []
    for (const [i, buffer] of strip.buffers.entries()) {
      const { shape, inputs, work } = steps[i]!
      if (work.kind === 'planes') {
        const pitch = shape[2] * 4
        buffers.push({ rows: [[0, shape[1]]], address: work.data, plane: shape[1] * pitch, pitch })
        continue
      }
      const to = { ...buffer, address: scratch + buffer.address }
      buffers.push(to)
      const from = inputs.map((input) => buffers[input]!)
      if (work.kind === 'source') load(part, to, staged)
      else for (const span of to.rows) compute[list]![i]!(to, from, span)
    }
    return buffers.at(-1)!
  }

  return (part) => {
    const rows: Span = [part * stripRows, (part + 1) * stripRows]
    const segments = segmentsOf(sink, height, rows)
    const strips = segments.map(({ list, rows: own }) => planStrip(lists[list]!, own))
    const staged = stagedRows(lists, segments, strips)
    store.begin(rows)
    for (const [i, segment] of segments.entries())
      store.put(segment, run(segment, strips[i]!, part, staged), part)
    return store.end(part)
  }
}

/** The rows of the source that the segments of a part need. */
export const stagedRows = (
  lists: readonly StepList[],
  segments: readonly Segment[],
  strips: readonly Strip[],
): Span[] =>
  united(
    segments.flatMap(({ list }, i) =>
      strips[i]!.buffers.filter((_, step) => lists[list]![step]!.work.kind === 'source').flatMap(
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
    case 'planes':
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

/** Brings in rows of the source: from interleaved samples to planes. `floats` is room for three rows. */
function prepareSource(
  { source, lists }: GraphJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  floats: number,
): (part: number, to: Buffer, staged: readonly Span[]) => void {
  if (source === undefined) return () => undefined
  const { picture, tone } = source
  const { width, channels, depth } = picture
  const rowBytes = width * channels * (depth / 8)
  const floatRow = floatRowBytes(picture)
  const made = lists.flat().find(({ work }) => work.kind === 'source')!.shape[0]
  const layout = { grayRow: floatRow, lightRow: 2 * floatRow }
  const toFloats = prepareFloats({ source: picture, tone, layout, plan: { width } }, wasm, memory, floats)
  return (part, to, staged) => {
    const { address, staged: slots } = picture
    const begin = slots === undefined ? address : address + (part % slots.slots) * slots.slotBytes
    for (const [first, end] of to.rows) {
      for (let y = first; y < end; y++) {
        toFloats(floats, begin + (slots === undefined ? y : slotOf(staged, y)) * rowBytes)
        wasm.splitPlanes(rowAt(to, 0, y), to.plane, floats, width, made)
      }
    }
  }
}
