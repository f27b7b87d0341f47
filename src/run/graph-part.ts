import { type LayerWork, runLayer, type Shape } from '../definition/layers.ts'
import { type PoolAxes, poolRow } from '../definition/pool.ts'
import type { Rows } from '../definition/rows.ts'
import { invariant } from '../error.ts'
import { type FilterNeeds, filterNeeds, type WorkOf } from '../graph/node.ts'
import { type Buffer, type Listed, planStrip, rowAt, type Strip } from '../graph/schedule.ts'
import { type Span, united } from '../graph/spans.ts'
import { windowRows } from '../graph/windows.ts'
import { prepareBankRows } from './bank-rows.ts'
import type { WasmExports } from './engine.ts'
import { prepareFloats } from './gather.ts'
import { type GraphJob, type PlacedWork, type Segment, segmentsOf } from './graph-job.ts'
import { floatRowBytes, prepareSink } from './graph-sink.ts'
import { prepareLikeness } from './likeness.ts'
import type { RunPart } from './part.ts'
import { prepareRows } from './picture.ts'
import { prepareRanked, prepareWindows } from './ranked.ts'
import { prepareAcross, prepareDown } from './resample.ts'
import { type PictureRows, pictureRows } from './rows.ts'
import { sourceRows } from './source-rows.ts'

/** Computes strips of a graph: the rows of each step that the strip needs, step by step, then the sink. */
export function prepareGraph(
  job: GraphJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): RunPart {
  const { lists, sink, stripRows } = job
  const [, height] = lists[0]!.at(-1)!.shape
  const picture = pictureRows(job.source?.picture)
  const compute = lists.map((steps) =>
    steps.map((step) => prepareStep(job, step, steps, wasm, memory, scratch, picture)),
  )
  const store = prepareSink(job, wasm, memory, scratch, picture)

  /** The rows of the last step; of what is finished those that go in. */
  function run({ list }: Segment, strip: Strip): Buffer | undefined {
    const steps = lists[list]!
    const buffers: Buffer[] = []
    for (const [i, buffer] of strip.buffers.entries()) {
      const { shape, inputs, work } = steps[i]!
      const from = inputs.map((input) => buffers[input]!)
      if (work.kind === 'finish') return from[0]
      if (work.kind === 'planes') {
        const pitch = shape[2] * 4
        buffers.push({ rows: [[0, shape[1]]], address: work.data, plane: shape[1] * pitch, pitch })
        continue
      }
      const to = { ...buffer, address: scratch + buffer.address }
      buffers.push(to)
      for (const span of to.rows) compute[list]![i]!(to, from, span)
    }
    return buffers.at(-1)!
  }

  return (part) => {
    const rows: Span = [part * stripRows, (part + 1) * stripRows]
    const segments = segmentsOf(sink, height, rows)
    const strips = segments.map(({ list, rows: own }) => planStrip(lists[list]!, own))
    picture.begin(part, stagedRows(lists, segments, strips))
    store.begin(rows)
    for (const [i, segment] of segments.entries()) store.put(segment, run(segment, strips[i]!), part)
    return store.end(part)
  }
}

/** The rows of the picture that the segments of a part need. */
export const stagedRows = <B, P, F extends FilterNeeds>(
  lists: readonly (readonly Listed<WorkOf<B, P, F>>[])[],
  segments: readonly Segment[],
  strips: readonly Strip[],
): Span[] =>
  united(
    segments.flatMap(({ list }, i) =>
      strips[i]!.buffers.flatMap(({ rows }, step) => rowsOfPicture(lists[list]![step]!, rows)),
    ),
  )

/** Whether a step reads the picture that the graph runs over. */
export const readsPicture = ({ inputs, work }: Listed<{ readonly kind: string }>): boolean =>
  work.kind === 'source' || (inputs.length === 0 && work.kind !== 'planes')

const rowsOfPicture = <B, P, F extends FilterNeeds>(
  step: Listed<WorkOf<B, P, F>>,
  rows: readonly Span[],
): readonly Span[] => {
  if (!readsPicture(step)) return []
  const { work } = step
  if (work.kind === 'windows') return rows.flatMap((span) => windowRows(work.windows, span))
  return 'filter' in work ? rows.flatMap((span) => filterNeeds(work.filter, span)) : rows
}

type Compute = (to: Buffer, from: readonly Buffer[], rows: Span) => void

function prepareStep(
  job: GraphJob,
  { work, inputs, shape }: Listed<PlacedWork>,
  steps: readonly Listed<PlacedWork>[],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  start: number,
  picture: PictureRows,
): Compute {
  const scratch = start + job.layout.work
  switch (work.kind) {
    case 'planes':
    case 'finish':
      return () => undefined
    case 'source':
      return prepareSource(job, shape, wasm, memory, start + job.layout.floats, picture)
    case 'filter': {
      const input = sourceRows(work.filter.plan)
      const compute = prepareRows(work.filter, wasm, memory, scratch, input)
      return (to, [from], [first, end]) => {
        for (let c = 0; c < shape[0]; c++) {
          input.turn(from === undefined ? picture.address : (y) => rowAt(from, c, y))
          compute(first, end - first, rowAt(to, c, first), to.pitch)
        }
      }
    }
    case 'bank': {
      const rows = prepareBankRows(work.bank, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'likeness': {
      const rows = prepareLikeness(shape, work.options, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'windows': {
      const rows = prepareWindows(shape, work.windows, wasm, memory, scratch, picture.address)
      return (to, _, span) => rows(to, span)
    }
    case 'layer': {
      const shapes = inputs.map((input) => steps[input]!.shape)
      const fast = prepareLoop(work, shape, shapes[0]!, wasm, memory, scratch)
      if (fast !== undefined) return fast
      const data = new Float32Array(memory.buffer)
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
  given: Shape,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
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
    case 'interleaved':
      return (to, [from], [first, end]) => {
        const [channels, , width] = given
        for (let y = first; y < end; y++)
          wasm.joinPlanes(rowAt(to, 0, y), rowAt(from!, 0, y), from!.plane, width, channels)
      }
    case 'parted':
      return (to, [from], [first, end]) => {
        for (let y = first; y < end; y++)
          wasm.splitPlanes(rowAt(to, 0, y), to.plane, rowAt(from!, 0, y), n, work.settings.channels)
      }
    case 'ranked': {
      const rows = prepareRanked(shape, work.settings, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'across': {
      const rows = prepareAcross(work.settings, shape[0], wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'down': {
      const rows = prepareDown(work.settings, shape[0], n, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
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

/** Brings in rows of the picture: from interleaved samples to planes. `floats` is room for three rows. */
function prepareSource(
  { source }: GraphJob,
  [channels]: Shape,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  floats: number,
  rows: PictureRows,
): Compute {
  invariant(source !== undefined, 'a graph over a picture has one')
  const { picture, tone } = source
  const floatRow = floatRowBytes(picture)
  const layout = { grayRow: floatRow, lightRow: 2 * floatRow }
  const plan = { width: picture.width }
  const toFloats = prepareFloats({ source: picture, tone, layout, plan }, wasm, memory, floats)
  return (to, _, [first, end]) => {
    for (let y = first; y < end; y++) {
      toFloats(floats, rows.address(y))
      wasm.splitPlanes(rowAt(to, 0, y), to.plane, floats, picture.width, channels)
    }
  }
}
