import type { RecipePlan } from '../conv/plan.ts'
import type { Node } from '../graph/node.ts'
import { chooseStrips, type Listed, listed, planStrip } from '../graph/schedule.ts'
import { rowCount, type Span } from '../graph/spans.ts'
import type { Extremes, Range } from '../image/quantise.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { arrivalOf } from './arrival.ts'
import { put } from './bank.ts'
import { mostSlots } from './control.ts'
import {
  type GraphJob,
  type GraphSink,
  type GraphSource,
  type PlacedWork,
  placeBankRows,
  workBytes,
} from './graph-job.ts'
import { inPlaceOf, pixelBytes } from './graph-part.ts'
import type { PartResult } from './jobs.ts'
import type { Sink, Tone } from './picture-job.ts'
import type { Outcome, SourcePicture } from './pictures.ts'
import { placePicture } from './place-picture.ts'
import type { RunOptions, Session } from './pool.ts'

/** Steps over a picture or planes: what is run when its result is asked for. */
export type Graph = {
  readonly out: Node
  readonly source:
    | {
        readonly kind: 'picture'
        readonly picture: SourcePicture
        readonly gray: boolean
        /** Linear light of every stored sample, where that is asked for. */
        readonly table?: Float32Array | undefined
      }
    | { readonly kind: 'planes'; readonly data: Float32Array }
}

/** How the result of a graph is finished on its way into a file. */
export type Finishing = {
  readonly plan: RecipePlan
  readonly tone: Tone
  readonly range: Range
  readonly sink: Sink
  readonly full: 255 | 65535
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
    await run(session, graph, () => ({ kind: 'planes', target }), { stripRows })
    return new Tensor(shape, new Float32Array(arena.memory.buffer, target, sizeOf(shape)).slice())
  } finally {
    arena.release(mark)
  }
}

/** Runs a graph through the finish of a picture. Strips of a PNG reach `onStrip` in any order. */
export async function runToPicture(
  session: Session,
  graph: Graph,
  finishing: Finishing,
  onStrip: (part: number, strip: PartResult, parts: number) => void = () => undefined,
  drain?: () => Promise<void>,
): Promise<Outcome> {
  const { arena } = session
  const through = (
    sink: Sink,
    range: Range,
    extremes: Extremes | undefined,
    stripRows: number,
  ): GraphSink => {
    const [channels, height, width] = graph.out.shape
    const plan = { ...finishing.plan, stripRows }
    const picture = {
      address: 0,
      width,
      height,
      channels: channels as 1 | 2 | 3 | 4,
      depth: 32,
      full: finishing.full,
    } as const
    return { kind: 'picture', job: placePicture(arena, plan, picture, finishing.tone, sink, range, extremes) }
  }
  let extremes: Extremes | undefined
  if (finishing.range === 'minmax') {
    const mark = arena.mark()
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    await run(session, graph, (rows) => through({ kind: 'extremes' }, 'clamp', undefined, rows), {
      onPart: (_, result) => {
        min = Math.min(min, result.min ?? min)
        max = Math.max(max, result.max ?? max)
      },
    })
    arena.release(mark)
    extremes = { min, max }
  }
  let [low, high] = [0, 0]
  await run(session, graph, (rows) => through(finishing.sink, finishing.range, extremes, rows), {
    onPart: (part, result, parts) => {
      low += result.low ?? 0
      high += result.high ?? 0
      onStrip(part, result, parts)
    },
    drain,
  })
  return { low, high, samples: sizeOf(graph.out.shape) }
}

type Hooks = {
  readonly onPart?: (part: number, result: PartResult, parts: number) => void
  readonly drain?: (() => Promise<void>) | undefined
  readonly stripRows?: number | undefined
}

async function run(
  session: Session,
  { out, source }: Graph,
  sinkOf: (stripRows: number) => GraphSink,
  { onPart, drain, stripRows }: Hooks = {},
): Promise<void> {
  const { arena } = session
  const list = listed(out)
  const inPlace = inPlaceOf({ source: { kind: source.kind } as GraphSource, steps: list as never })
  const strips = chooseStrips(list, inPlace, stripRows)
  const parts = Math.ceil(out.shape[1] / strips.rows)
  const spanOf = (part: number): Span => [
    part * strips.rows,
    Math.min((part + 1) * strips.rows, out.shape[1]),
  ]
  const plans = Array.from({ length: parts }, (_, part) => planStrip(list, spanOf(part), inPlace))
  const mostRows = (step: number) =>
    plans.reduce((most, { buffers }) => Math.max(most, rowCount(buffers[step]!.rows)), 0)
  const steps = list.map(
    (step): Listed<PlacedWork> =>
      step.work.kind === 'bank'
        ? { ...step, work: { kind: 'bank', bank: placeBankRows(arena, step.work.bank) } }
        : { ...step, work: step.work },
  )
  const sink = sinkOf(strips.rows)
  const workRoom = steps.reduce((most, step) => {
    const [input] = step.inputs
    return Math.max(most, workBytes(step, input === undefined ? 0 : mostRows(input)))
  }, 0)
  const align = (bytes: number) => Math.ceil(bytes / 64) * 64
  const work = align(strips.bytes)
  const pixels = work + align(workRoom)

  const place = (placed: GraphSource): GraphJob => {
    const job = { kind: 'graph', parts, stripRows: strips.rows, steps, source: placed, sink } as const
    const sinkRoom = pixels + align(pixelBytes(job))
    const scratchBytes = sinkRoom + (sink.kind === 'picture' ? sink.job.scratchBytes : 0)
    return { ...job, scratchBytes, layout: { work, pixels, sink: sinkRoom } }
  }
  const parallel = costOf(list) >= parallelFrom
  const common = { parallel, ...(drain && { drain }) }
  const runJob = (job: GraphJob, options: RunOptions) =>
    session.run(job, parts, (part, result) => onPart?.(part, result, parts), options)

  if (source.kind === 'planes') {
    await runJob(place({ kind: 'planes', address: put(arena, source.data) }), common)
    return
  }
  const { picture, gray, table } = source
  const { width, height, channels, depth, full } = picture
  const shape = { width, height, channels, depth, full }
  const tone = { kind: 'picture', gray, table: table === undefined ? 0 : put(arena, table) } as const
  if ('address' in picture) {
    await runJob(place({ ...tone, picture: { ...shape, address: picture.address } }), common)
    return
  }
  const arrival = arrivalOf('data' in picture ? picture.data : picture.arriving)
  const rowBytes = width * channels * (depth / 8)
  const first = steps.findIndex(({ inputs }) => inputs.length === 0)
  const slots = Math.min(mostSlots, parts, parallel ? session.threads + 2 : 1)
  const slotBytes = align(mostRows(first) * rowBytes)
  const address = arena.alloc(slots * slotBytes)
  const rowsOf = (part: number) => plans[part]!.buffers[first]!.rows
  const memory = new Uint8Array(arena.memory.buffer)
  const stage = (part: number, slot: number) => {
    const samples = arrival.samples()
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
    let to = address + slot * slotBytes
    for (const [from, end] of rowsOf(part)) {
      memory.set(bytes.subarray(from * rowBytes, end * rowBytes), to)
      to += (end - from) * rowBytes
    }
  }
  const missing = (part: number) => arrival.missing((rowsOf(part).at(-1)?.[1] ?? 0) - 1)
  const job = place({ ...tone, picture: { ...shape, address, staged: { slots, slotBytes } } })
  await runJob(job, { ...common, staging: { slots, stage, missing } })
  // damage below the rows that were needed is damage all the same
  await arrival.end
}

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
