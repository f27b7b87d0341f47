import type { LayerName } from '../definition/layers.ts'
import { type Address, plus } from '../graph/address.ts'
import { type Cut, planPart } from '../graph/cut.ts'
import {
  type BankNeeds,
  type FilterNeeds,
  filterNeeds,
  ofSlice,
  slicesOf,
  type WorkOf,
} from '../graph/node.ts'
import { type Listed, liesElsewhere, type Strip } from '../graph/schedule.ts'
import { type Span, slotOf, united } from '../graph/spans.ts'
import { wholeRow } from './bank.ts'
import { prepareBankRows } from './bank-rows.ts'
import type { WasmExports } from './engine.ts'
import {
  type GraphJob,
  type GraphSink,
  type PlacedWork,
  rowsAtOnce,
  type Segment,
  type StepList,
  segmentsOf,
} from './graph-job.ts'
import { prepareSink } from './graph-sink.ts'
import { prepareLayer } from './layer-loops.ts'
import { prepareMixed, prepareMoved } from './moved.ts'
import type { Made, RunPart } from './part.ts'
import { prepareRows } from './picture.ts'
import { inPieces, type Pace, paceOf } from './pieces.ts'
import { type Compute, type PlacedRows, rowAt, withPauses } from './placed-rows.ts'
import { prepareWindows } from './ranked.ts'
import { floatsOf, type PictureRows, pictureRows, prepareRounded, prepareSource } from './rows.ts'
import { prepareSimilarity } from './similarity.ts'
import { sourceRows } from './source-rows.ts'
import { prepareWinograd } from './winograd-rows.ts'

/**
 * Computes strips of a graph: first the rows of each step that the strip needs, step by step, then the sink.
 *
 * @param caller given on the calling thread, which others wait for: it has planned all parts, and computes piece by
 * piece. If it is alone, it leaves packing to other threads
 */
export function prepareGraph(
  job: GraphJob,
  wasm: WasmExports,
  scratch: Address,
  caller?: { readonly isAlone: boolean; readonly plans: readonly PartPlan[] },
): RunPart {
  const { lists, sink, stripRows } = job
  const plans = caller?.plans
  const picture = pictureRows(job.source?.picture)
  const compute = lists.map((steps) =>
    steps.map((step) => prepareStep(job, step, steps, wasm, scratch, picture)),
  )
  const store = prepareSink(job, wasm, scratch, picture, caller?.isAlone === true)
  const paces = lists.map((steps) =>
    steps.map((step) => (caller && job.isPaced && isCut(step) ? paceIn(steps, step) : undefined)),
  )

  /** Computes the rows of a segment and passes them to the sink. */
  function* run(segment: Segment, strip: Strip): Generator<Made | undefined, void> {
    const { list } = segment
    const steps = lists[list]!
    if (strip.passes !== undefined) {
      yield* runPasses(segment, steps, compute[list]!, strip, strip.passes)
      return
    }
    const buffers: PlacedRows[] = []
    for (const [i, buffer] of strip.buffers.entries()) {
      const { inputs, work } = steps[i]!
      const from = inputs.map((input) => buffers[input]!)
      const pace = paces[list]![i]
      if (work.kind === 'finish') {
        yield* inPieces(segment.rows, pace, (rows) => store.put({ ...segment, rows }, from[0]))
        return
      }
      const there = elsewhere(steps[i]!)
      if (there !== undefined) {
        buffers.push(there)
        continue
      }
      const to = inSink(steps, i) ?? { ...buffer, address: plus(scratch, buffer.address) }
      buffers.push(to)
      for (const span of buffer.rows) yield* computed(compute[list]![i]!, pace, to, from, span)
    }
    yield* store.put(segment, buffers.at(-1)!)
  }

  /** Returns the rows of a step that exist without being computed: the samples of the picture, or given planes. */
  function elsewhere({ work, shape: [, height, width] }: StepList[number]): PlacedRows | undefined {
    if (work.kind === 'samples') return picture.all()
    return work.kind === 'planes' ? wholeOf(work.data, height, width) : undefined
  }

  /** Returns the place of the rows of the last step in the result, if its loop never writes past the end of a row. */
  function inSink(steps: StepList, i: number): PlacedRows | undefined {
    const { work, shape, behind } = steps[i]!
    const isLast = i === steps.length - 1 && behind === undefined
    const isBank = work.kind === 'bank' && work.bank.algorithm === 'direct' && shape[2] >= wholeRow
    const isExact = isBank || (work.kind === 'layer' && byVectors.has(work.name) && shape[2] % 4 === 0)
    if (sink.kind !== 'planes' || !isLast || !isExact) return undefined
    return wholeOf(sink.target, shape[1], shape[2])
  }

  /** Computes a segment in passes. Rows that are needed again move to the front, and the new ones go after them. */
  function* runPasses(
    segment: Segment,
    steps: StepList,
    computes: readonly Compute[],
    { buffers }: Strip,
    passes: NonNullable<Strip['passes']>,
  ): Generator<Made | undefined, void> {
    const now: PlacedRows[] = steps.map(
      (step, i) => elsewhere(step) ?? { ...buffers[i]!, address: plus(scratch, buffers[i]!.address) },
    )
    let before: NonNullable<Strip['passes']>[number] | undefined
    for (const turns of passes) {
      for (const [i, { there, fresh }] of turns.entries()) {
        const { work, inputs, shape } = steps[i]!
        if (work.kind === 'finish' && fresh[1] > fresh[0])
          yield* store.put({ ...segment, rows: fresh }, now[inputs[0]!])
        if (liesElsewhere(steps[i]!)) continue
        const { address, plane, pitch } = now[i]!
        const old = before === undefined ? there : before[i]!.there
        const [low] = there
        if (low > old[0] && old[1] > low) {
          for (let c = 0; c < shape[0]; c++) {
            const to = plus(address, c * plane)
            wasm.copyBytes(to, plus(to, (low - old[0]) * pitch), (old[1] - low) * pitch)
          }
        }
        now[i] = { ...now[i]!, rows: [there] }
        if (fresh[1] <= fresh[0]) continue
        const from = inputs.map((input) => now[input]!)
        yield* computed(computes[i]!, paces[segment.list]![i], now[i]!, from, fresh)
      }
      before = turns
    }
    if (steps.at(-1)!.work.kind !== 'finish') yield* store.put(segment, now.at(-1))
  }

  return function* (part) {
    const { segments, strips, staged } = plans?.[part] ?? planOf(lists, sink, job, part)
    picture.begin(part, staged)
    store.begin([part * stripRows, (part + 1) * stripRows])
    for (const [i, segment] of segments.entries()) yield* run(segment, strips[i]!)
    yield* store.end(part)
  }
}

/**
 * Computes rows with pauses between pieces: the pieces of the step itself if it has any, otherwise rows at the given
 * pace.
 */
function* computed(
  compute: Compute,
  pace: Pace | undefined,
  to: PlacedRows,
  from: readonly PlacedRows[],
  rows: Span,
): Generator<undefined, void> {
  if (compute.paused !== undefined) yield* compute.paused(to, from, rows)
  else yield* inPieces(rows, pace, (piece) => void compute(to, from, piece))
}

/** All rows of planes, stored one after the other. */
const wholeOf = (address: Address, height: number, width: number): PlacedRows => ({
  rows: [[0, height]],
  address,
  plane: height * width * 4,
  pitch: width * 4,
})

/** Layers whose loops write whole vectors of a row and nothing beyond. */
const byVectors: ReadonlySet<LayerName> = new Set<LayerName>([
  'across',
  'activate',
  'affine',
  'argmax',
  'averaged',
  'either',
  'evened',
  'leveled',
  'normalized',
  'paired',
  'placed',
  'pool',
  'pooled',
  'prelu',
  'rearranged',
  'resized',
  'softmax',
  'standardized',
  'switches',
  'withNumber',
])

/** Whether fewer rows of a step take less time. An FFT always computes a whole strip. */
const isCut = ({ work }: Listed<PlacedWork>): boolean =>
  work.kind !== 'planes' &&
  !('filter' in work && work.filter.stencils.some(({ form }) => form.startsWith('fft')))

const paceIn = (steps: StepList, step: Listed<PlacedWork>): Pace =>
  paceOf(
    { ...step, shape: ofSlice(step.shape, step.slices) },
    steps.map(({ shape }) => ofSlice(shape, step.slices)),
    step.work.kind === 'bank'
      ? rowsAtOnce(step.work.bank)
      : 'filter' in step.work
        ? step.work.filter.blockRows
        : 1,
  )

/** What a part consists of, how its strips are computed, and the rows of the picture that they need. */
export type PartPlan = {
  readonly segments: readonly Segment[]
  readonly strips: readonly Strip[]
  readonly staged: readonly Span[]
}

/** Plans a part of a job. */
export function planOf<B extends BankNeeds, P, F extends FilterNeeds>(
  lists: readonly (readonly Listed<WorkOf<B, P, F>>[])[],
  sink: GraphSink,
  { stripRows, passRows }: Cut,
  part: number,
): PartPlan {
  const [, height] = lists[0]!.at(-1)!.shape
  const segments = segmentsOf(sink, height, [part * stripRows, (part + 1) * stripRows])
  const strips = segments.map(({ list, rows }) => planPart(lists[list]!, rows, passRows))
  return { segments, strips, staged: stagedRows(lists, segments, strips) }
}

const stagedRows = <B, P, F extends FilterNeeds>(
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
  return 'filter' in work ? rows.flatMap((span) => filterNeeds(work.filter, span)) : rows
}

function prepareStep(
  job: GraphJob,
  step: Listed<PlacedWork>,
  steps: readonly Listed<PlacedWork>[],
  wasm: WasmExports,
  start: Address,
  picture: PictureRows,
): Compute {
  const { slices = 1 } = step
  if (slices > 1) {
    const shapes = steps.map(({ shape }) => ofSlice(shape, slices))
    const one = steps.map((other, i) => ({ ...other, shape: shapes[i]! }))
    const own = { ...step, shape: ofSlice(step.shape, slices), slices: 1 }
    const compute = prepareStep(job, own, one, wasm, start, picture)
    const parts = (to: PlacedRows, from: readonly PlacedRows[], rows: Span) =>
      slicesOf(rows, own.shape[1]).map(([z, ...part]) => {
        const inputs = from.map((input, k) => rowsOfSlice(input, z, shapes[step.inputs[k]!]![1]))
        return [rowsOfSlice(to, z, own.shape[1]), inputs, part] as const
      })
    const { paused } = compute
    if (paused === undefined)
      return (...work) => {
        for (const part of parts(...work)) compute(...part)
      }
    return withPauses(function* (...work) {
      for (const part of parts(...work)) yield* paused(...part)
    })
  }
  const scratch = plus(start, job.layout.work)
  const first = prepareWork(job, step, steps, wasm, start, picture)
  const behind = step.behind?.map((work) => prepareLayer(work, step.shape, [step.shape], wasm, scratch)) ?? []
  if (behind.length === 0) return first
  const some = step.work.kind === 'bank' ? rowsAtOnce(step.work.bank) : Number.POSITIVE_INFINITY
  return (to, from, [top, end]) => {
    for (let y = top; y < end; ) {
      const next = Math.min(end, (Math.floor(y / some) + 1) * some)
      first(to, from, [y, next])
      // while the rows are still in the cache
      for (const layer of behind) layer(to, [to], [y, next])
      y = next
    }
  }
}

function prepareWork(
  job: GraphJob,
  { work, inputs, shape }: Listed<PlacedWork>,
  steps: readonly Listed<PlacedWork>[],
  wasm: WasmExports,
  start: Address,
  picture: PictureRows,
): Compute {
  const scratch = plus(start, job.layout.work)
  const floats = () => floatsOf(job, wasm, start, picture)
  switch (work.kind) {
    case 'planes':
    case 'samples':
    case 'finish':
      return () => undefined
    case 'source':
      return prepareSource(shape, wasm, floats())
    case 'filter': {
      const input = sourceRows(work.filter.plan)
      const compute = prepareRows(work.filter, wasm, scratch, input)
      return (to, [from], [first, end]) => {
        for (let c = 0; c < shape[0]; c++) {
          input.turn(from === undefined ? picture.address : (y) => rowAt(from, c, y))
          compute(first, end - first, rowAt(to, c, first), to.pitch)
        }
      }
    }
    case 'bank': {
      if (work.bank.algorithm === 'winograd') return prepareWinograd(work.bank, wasm, scratch)
      const rows = prepareBankRows(work.bank, wasm, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'similarity': {
      const rows = prepareSimilarity(shape, work.options, wasm, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'windows':
      return prepareWindows(shape, work, wasm, scratch)
    case 'moved':
      return prepareMoved(shape, steps[inputs[0]!]!.shape, work, wasm)
    case 'mixed':
      return prepareMixed(shape, work, wasm, scratch)
    case 'rounded':
      return prepareRounded(shape, work.bytes, wasm, scratch, floats())
    case 'apart':
      return (to, [a, b], [first, end]) => {
        for (let y = first; y < end; y++)
          wasm.minusWhole(rowAt(to, 0, y), rowAt(a!, 0, y), rowAt(b!, 0, y), shape[2], work.bytes)
      }
    case 'layer': {
      const shapes = inputs.map((input) => steps[input]!.shape)
      return prepareLayer(work, shape, shapes, wasm, scratch)
    }
  }
}

/** The available rows of one slice, counted from its top. */
function rowsOfSlice({ rows, address, plane, pitch }: PlacedRows, z: number, height: number): PlacedRows {
  const [top, bottom] = [z * height, (z + 1) * height]
  const own = rows.flatMap(([first, end]): Span[] => {
    const [a, b] = [Math.max(first, top), Math.min(end, bottom)]
    return b > a ? [[a - top, b - top]] : []
  })
  const [first] = own
  const above = first === undefined ? 0 : slotOf(rows, first[0] + top)
  return { rows: own, address: plus(address, above * pitch), plane, pitch }
}
