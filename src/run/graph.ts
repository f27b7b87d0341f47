import type { RecipePlan } from '../conv/plan.ts'
import type { Shape } from '../definition/layers.ts'
import type { Levels } from '../definition/levels.ts'
import type { Extremes, Range } from '../definition/quantise.ts'
import { narrowed } from '../graph/narrow.ts'
import type { Node, Work } from '../graph/node.ts'
import { chooseStripRows, type Listed, listed, planStrip, type Strip } from '../graph/schedule.ts'
import { rowCount } from '../graph/spans.ts'
import { type Light, linearTables } from '../image/light.ts'
import {
  labelOf,
  legibleLevels,
  type MapFacts,
  magnitudeBins,
  sheetLayout,
  stretched,
} from '../image/sheet.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import type { Arena } from './arena.ts'
import { arrivalOf } from './arrival.ts'
import { put } from './bank.ts'
import { mostSlots } from './control.ts'
import {
  type GraphJob,
  type GraphSink,
  type GraphSource,
  type PlacedWork,
  placeBankRows,
  segmentsOf,
  workBytes,
} from './graph-job.ts'
import { stagedRows } from './graph-part.ts'
import { floatRowBytes, pixelBytes } from './graph-sink.ts'
import type { PartResult } from './part.ts'
import type { PictureJob, Sink, Tone } from './picture-job.ts'
import type { Outcome, SourcePicture } from './pictures.ts'
import { placePicture } from './place-picture.ts'
import type { RunOptions, Session } from './pool.ts'

/** Steps that are run when their result is asked for, and the picture that they run over, if there is one. */
export type Graph = { readonly out: Node; readonly source?: Source | undefined }

/** A picture, in gray or as linear light where that is asked for. */
export type Source = {
  readonly picture: SourcePicture
  readonly gray: boolean
  readonly light?: Light | undefined
}

/** How the result of a graph is finished on its way into a file. */
export type Finishing = {
  readonly plan: RecipePlan
  readonly tone: Tone
  readonly range: Range
  readonly sink: Sink
  readonly full: number
}

/** Below this many multiplications a worker costs more than it brings. */
const parallelFrom = 4e6

/** Runs a graph to a tensor [C,H,W], in strips of `stripRows` rows where they are not to be chosen. */
export async function runToTensor(session: Session, graph: Graph, stripRows?: number): Promise<Tensor> {
  const { arena } = session
  const { shape } = graph.out
  const mark = arena.mark()
  try {
    const target = arena.alloc(sizeOf(shape) * 4)
    await run(session, graph, [graph.out], () => ({ kind: 'planes', target }), { stripRows })
    return new Tensor(shape, new Float32Array(arena.memory.buffer, target, sizeOf(shape)).slice())
  } finally {
    arena.release(mark)
  }
}

/** Sees strips as they are done, in any order. */
export type OnStrip = (part: number, strip: PartResult, parts: number) => void

/** Runs a graph into an array [C,H,W]. */
export const runToArray = (
  session: Session,
  graph: Graph,
  onPart?: OnStrip,
  drain?: () => Promise<void>,
): Promise<void> => run(session, graph, [graph.out], () => ({ kind: 'array' }), { onPart, drain })

/** Runs a graph through the finish of a picture. Strips of a PNG reach `onStrip` in any order. */
export const runToPicture = (
  session: Session,
  graph: Graph,
  finishing: Finishing,
  onStrip: OnStrip = () => undefined,
  drain?: () => Promise<void>,
): Promise<Outcome> =>
  runFinished(session, graph, [graph.out], graph.out.shape, finishing, onStrip, drain, (job) => ({
    kind: 'picture',
    job,
  }))

/** What a sheet of maps looks like. */
export type SheetWishes = {
  readonly labels: boolean
  readonly black: number
  readonly white: number
}

/** Runs a graph to a sheet of its maps, strip by strip of the sheet: maps are computed when their strip is due. */
export async function runToSheet(
  session: Session,
  graph: Graph,
  wishes: SheetWishes,
  finishing: Finishing,
  onStrip: OnStrip = () => undefined,
  drain?: () => Promise<void>,
): Promise<Outcome> {
  const [count, height, width] = graph.out.shape
  const { labels: isLabeled, black, white } = wishes
  const layout = sheetLayout(count, height, width)
  const labels = isLabeled
    ? Array.from({ length: count }, (_, n) => labelOf(n, height, width, black, white))
    : []
  const outs = Array.from({ length: Math.ceil(count / layout.columns) }, (_, row) => {
    const first = row * layout.columns
    return narrowed(graph.out, first, Math.min(layout.columns, count - first))
  })
  const sheet: Shape = [1, layout.height, layout.width]
  return runFinished(session, graph, outs, sheet, finishing, onStrip, drain, (job) => ({
    kind: 'sheet',
    job,
    layout,
    labels,
    black,
  }))
}

/**
 * The levels of each map, which are looked for in one or two passes over the graph: of all maps alike, or of `each` on its
 * own. And whether any sample is below 0.
 */
export async function levelsOf(
  session: Session,
  graph: Graph,
  form: 'plain' | 'stretched' | 'legible',
  each: boolean,
  full: number,
): Promise<{ readonly levels: readonly Levels[]; readonly isSigned: boolean }> {
  const [count] = graph.out.shape
  if (form === 'plain') {
    return { levels: Array.from({ length: count }, () => ({ kind: 'plain' })), isSigned: false }
  }
  const facts = Array.from(
    { length: count },
    (): MapFacts => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, isSigned: false }),
  )
  const wider = (a: MapFacts, b: MapFacts): MapFacts => ({
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    isSigned: a.isSigned || b.isSigned,
  })
  await run(session, graph, [graph.out], () => ({ kind: 'facts' }), {
    onPart: (_, { maps = [] }) => {
      maps.forEach((map, c) => {
        facts[c] = wider(facts[c]!, map)
      })
    },
  })
  const all = facts.reduce(wider)
  const { isSigned } = all
  if (form === 'stretched') return { levels: facts.map((map) => stretched(each ? map : all, full)), isSigned }
  const largest = facts.map((map) => {
    const { min, max } = each ? map : all
    return Math.max(0, -min, max)
  })
  const bins = Array.from({ length: count }, () => new Uint32Array(magnitudeBins))
  const add = (sum: Uint32Array, one: Uint32Array) => {
    for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!
  }
  await run(session, graph, [graph.out], () => ({ kind: 'magnitudes', largest }), {
    onPart: (_, result) => {
      result.bins?.forEach((one, c) => {
        add(bins[c]!, one)
      })
    },
  })
  if (!each) {
    for (const one of bins.slice(1)) add(bins[0]!, one)
    bins.fill(bins[0]!)
  }
  // of all maps alike, so that 0 looks the same on each
  return { levels: bins.map((one, c) => legibleLevels(one, largest[c]!, isSigned, full)), isSigned }
}

/** Runs a graph through the finish of a picture; the range minmax takes a first pass that looks for the extremes. */
async function runFinished(
  session: Session,
  graph: Graph,
  outs: readonly Node[],
  [channels, height, width]: Shape,
  { plan, tone, range, sink, full }: Finishing,
  onStrip: OnStrip,
  drain: (() => Promise<void>) | undefined,
  wrap: (job: PictureJob) => GraphSink,
): Promise<Outcome> {
  const { arena } = session
  const through = (to: Sink, own: Range, extremes?: Extremes) => (stripRows: number) => {
    const picture = {
      address: 0,
      width,
      height,
      channels: channels as 1 | 2 | 3 | 4,
      depth: 32,
      full,
    } as const
    return wrap(placePicture(arena, { ...plan, stripRows }, picture, tone, to, own, extremes))
  }
  let extremes: Extremes | undefined
  if (range === 'minmax') {
    const mark = arena.mark()
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    await run(session, graph, outs, through({ kind: 'extremes' }, 'clamp'), {
      onPart: (_, result) => {
        min = Math.min(min, result.min ?? min)
        max = Math.max(max, result.max ?? max)
      },
    })
    arena.release(mark)
    extremes = { min, max }
  }
  let [low, high] = [0, 0]
  await run(session, graph, outs, through(sink, range, extremes), {
    onPart: (part, result, parts) => {
      low += result.low ?? 0
      high += result.high ?? 0
      onStrip(part, result, parts)
    },
    drain,
  })
  return { low, high, samples: channels * height * width }
}

type Hooks = {
  readonly onPart?: OnStrip | undefined
  readonly drain?: (() => Promise<void>) | undefined
  readonly stripRows?: number | undefined
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Runs the steps of `outs`, of which there are several where the sink is a sheet. */
async function run(
  session: Session,
  { source: over }: Graph,
  outs: readonly Node[],
  sinkOf: (stripRows: number) => GraphSink,
  { onPart, drain, stripRows: given }: Hooks = {},
): Promise<void> {
  const { arena } = session
  const plain = outs.map(listed)
  // a step that saw all of its input has left planes, and nothing reads the picture any more
  const source = plain.flat().some(({ work }) => work.kind === 'source') ? over : undefined
  const [, height] = outs[0]!.shape
  const stripRows = Math.min(...plain.map((list) => chooseStripRows(list, given)))
  const sink = sinkOf(stripRows)
  const rows = sink.kind === 'sheet' ? sink.layout.height : height
  const parts = Math.ceil(rows / stripRows)
  const lists = plain.map((list) =>
    list.map((step): Listed<PlacedWork> => ({ ...step, work: placeWork(arena, step.work) })),
  )
  const plans = Array.from({ length: parts }, (_, part) => {
    const segments = segmentsOf(sink, height, [part * stripRows, (part + 1) * stripRows])
    const strips = segments.map(({ list, rows: own }) => planStrip(lists[list]!, own))
    return { segments, strips, staged: stagedRows(lists, segments, strips) }
  })
  const work = align(most(plans.flatMap(({ strips }) => strips.map(({ bytes }) => bytes))))
  const floats =
    work +
    align(
      most(
        plans.flatMap(({ segments, strips }) =>
          segments.map((one, i) => roomOf(lists[one.list]!, strips[i]!)),
        ),
      ),
    )

  const place = (placed?: GraphSource): GraphJob => {
    const job = { kind: 'graph', parts, stripRows, lists, source: placed, sink } as const
    const pixels = floats + (placed === undefined ? 0 : 3 * floatRowBytes(placed.picture))
    const sinkRoom = pixels + align(pixelBytes(job))
    const scratchBytes = sinkRoom + ('job' in sink ? sink.job.scratchBytes : 0)
    return { ...job, scratchBytes, layout: { work, floats, pixels, sink: sinkRoom } }
  }
  const parallel = plain.reduce((sum, list) => sum + costOf(list), 0) >= parallelFrom
  const common = { parallel, ...(drain && { drain }) }
  const runJob = (job: GraphJob, options: RunOptions) =>
    session.run(job, parts, (part, result) => onPart?.(part, result, parts), options)

  if (source === undefined) {
    await runJob(place(), common)
    return
  }
  const { picture, gray, light } = source
  const { width, height: all, channels, depth, full } = picture
  const shape = { width, height: all, channels, depth, full }
  const table = light === undefined ? 0 : put(arena, linearTables(light, full))
  const tone = { gray, table, ...(light && { light }) }
  if ('address' in picture) {
    await runJob(place({ tone, picture: { ...shape, address: picture.address } }), common)
    return
  }
  const arrival = arrivalOf('data' in picture ? picture.data : picture.arriving)
  const rowBytes = width * channels * (depth / 8)
  const slots = Math.min(mostSlots, parts, parallel ? session.threads + 2 : 1)
  const slotBytes = align(most(plans.map(({ staged }) => rowCount(staged))) * rowBytes)
  const address = arena.alloc(slots * slotBytes)
  const memory = new Uint8Array(arena.memory.buffer)
  const stage = (part: number, slot: number) => {
    const samples = arrival.samples()
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
    let to = address + slot * slotBytes
    for (const [from, end] of plans[part]!.staged) {
      memory.set(bytes.subarray(from * rowBytes, end * rowBytes), to)
      to += (end - from) * rowBytes
    }
  }
  const missing = (part: number) => arrival.missing((plans[part]!.staged.at(-1)?.[1] ?? 0) - 1)
  const job = place({ tone, picture: { ...shape, address, staged: { slots, slotBytes } } })
  await runJob(job, { ...common, staging: { slots, stage, missing } })
  // damage below the rows that were needed is damage all the same
  await arrival.end
}

/** Lays out what a step computes with. The same planes in several lists are laid out once for each. */
function placeWork(arena: Arena, work: Work): PlacedWork {
  if (work.kind === 'bank') return { kind: 'bank', bank: placeBankRows(arena, work.bank) }
  return work.kind === 'planes' ? { kind: 'planes', data: put(arena, work.data) } : work
}

const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)

/** Scratch memory that the steps of a strip need beside their rows. */
const roomOf = (list: readonly Listed<PlacedWork>[], { buffers }: Strip): number =>
  most(
    list.map((step) =>
      workBytes(step, step.inputs[0] === undefined ? 0 : rowCount(buffers[step.inputs[0]]!.rows)),
    ),
  )

/** About how many multiplications the steps take. */
function costOf(list: readonly Listed[]): number {
  const perSample = ({ work }: Listed): number => {
    if (work.kind === 'likeness') return (work.options.size * work.options.patch) ** 2 * 4
    if (work.kind !== 'bank') return 1
    const { phases, channelsPerGroup } = work.bank.plan
    return (phases.reduce((sum, { taps }) => sum + taps.length, 0) / phases.length) * channelsPerGroup
  }
  return list.reduce((sum, step) => sum + perSample(step) * sizeOf(step.shape), 0)
}
