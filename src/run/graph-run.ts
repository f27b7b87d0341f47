import type { Range } from '../definition/quantise.ts'
import { sizeOfElement } from '../definition/windows.ts'
import { invariant } from '../error.ts'
import { type Address, align, nowhere } from '../graph/address.ts'
import { withoutBarriers } from '../graph/barriers.ts'
import { type Cut, cutOf } from '../graph/cut.ts'
import { fused } from '../graph/fuse.ts'
import { narrowed } from '../graph/narrow.ts'
import { type Filter, type Node, slicesOf } from '../graph/node.ts'
import { type Listed, listed, planStrip, type Strip } from '../graph/schedule.ts'
import { sliceOf } from '../graph/slices.ts'
import { rowCount, type Span } from '../graph/spans.ts'
import { copied, copyTo, pause } from '../host/turns.ts'
import { linearTables } from '../image/light.ts'
import { checkLimit } from '../limits.ts'
import { sizeOf, Tensor, unseen } from '../tensor/tensor.ts'
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
  workBytes,
} from './graph-job.ts'
import { planOf, readsPicture } from './graph-part.ts'
import { pixelBytes } from './graph-sink.ts'
import { isLong, longFrom } from './long.ts'
import type { PartResult } from './part.ts'
import type { PictureShape, Sink, Source } from './picture-job.ts'
import { fixedBytes, placePicture, prepareTables, withHow } from './place-picture.ts'
import type { RunOptions, Session } from './pool.ts'
import { floatRowBytes } from './rows.ts'

/** How a recipe is the last step: over what, and what becomes of its samples. */
export type Finishing = Filter & { readonly range: Range; readonly sink: Sink }

/** Sees pieces of strips as they are done, in any order. */
export type OnStrip = (piece: number, result: PartResult, pieces: number) => void

/** Below this many multiplications a worker costs more than it brings. */
const parallelFrom = 4e6

type Hooks = {
  readonly onPart?: OnStrip | undefined
  readonly drain?: (() => Promise<void>) | undefined
  /** How the graph is cut, where it is not to be chosen. */
  readonly cut?: number | Cut | undefined
}

/** What the samples of a picture are, without them. */
export const shapeOf = ({ width, height, channels, depth, full }: PictureShape): PictureShape => ({
  width,
  height,
  channels,
  depth,
  full,
})

/**
 * Bounds what comes out. Steps between may give more than memory holds, since only some of their rows are there; a
 * result in strips may be as large as the picture is when it is enlarged twofold.
 *
 * @throws ConvoError E_TOO_LARGE
 */
function checkResult({ shape }: Node, over?: Source): void {
  const { width = 0, height = 0, channels = 0 } = over?.picture ?? {}
  const size = sizeOf(shape)
  if (size > 4 * width * height * channels)
    checkLimit('tensorSamples', size, `an output of ${shape.join('x')}`)
}

/** Runs the steps of `outs`, of which there are several where the sink is a sheet. */
export async function run(
  session: Session,
  over: Source | undefined,
  given: readonly Node[],
  sinkOf: (pieceRows: number) => GraphSink,
  hooks: Hooks = {},
): Promise<void> {
  for (const out of given) checkResult(out, over)
  const { arena } = session
  const mark = arena.mark()
  try {
    const outs = await withoutBarriers(
      given,
      (out) => runToPlanes(session, over, out, hooks.cut),
      (bytes) => session.hold?.('whole', bytes),
    )
    await (await layOut(session, over, outs, sinkOf, hooks))()
  } finally {
    arena.release(mark)
  }
}

/** Runs steps to a tensor [C,H,W]. */
export async function runToPlanes(
  session: Session,
  over: Source | undefined,
  out: Node,
  cut?: number | Cut,
): Promise<Tensor> {
  checkResult(out)
  const { arena } = session
  const { shape } = out
  const mark = arena.mark()
  try {
    const target = arena.alloc(sizeOf(shape) * 4)
    await run(session, over, [out], () => ({ kind: 'planes', target }), { cut })
    if (session.hold !== undefined) {
      session.hold('whole', sizeOf(shape) * 4)
      return unseen({ shape })
    }
    return new Tensor(shape, await copied(new Float32Array(arena.memory.buffer, target, sizeOf(shape))))
  } finally {
    arena.release(mark)
  }
}

/**
 * Lays out steps, none of which must see the whole of another one, in the memory of a session. What it gives runs them: as often
 * as wanted, over planes that may have changed, until the memory is taken back; over a picture that is not there yet, once.
 */
export async function layOut(
  session: Session,
  over: Source | undefined,
  outs: readonly Node[],
  sinkOf: (pieceRows: number) => GraphSink,
  { onPart, drain, cut: given }: Hooks = {},
): Promise<() => Promise<void>> {
  const { arena } = session
  const plain = outs.map((out) => fused(listed(out)))
  // a step that saw all of its input has left planes, and nothing reads the picture any more
  const source = plain.flat().some(readsPicture) ? over : undefined
  const [, height] = outs[0]!.shape
  const cuts = plain.map((list) => cutOf(list, given, session.threads))
  const pieceRows = Math.min(...cuts.map((cut) => cut.pieceRows ?? cut.stripRows))
  const least = Math.min(...cuts.map((cut) => cut.stripRows))
  const stripRows = Math.ceil(least / pieceRows) * pieceRows
  const passRows = cuts.reduce<number | undefined>(
    (least, cut) => (cut.passRows === undefined ? least : Math.min(least ?? cut.passRows, cut.passRows)),
    undefined,
  )
  await pause()
  const sink = sinkOf(pieceRows)
  const rows = sink.kind === 'sheet' ? sink.layout.height : height
  const parts = Math.ceil(rows / stripRows)
  const pieces = 'job' in sink ? Math.ceil(rows / pieceRows) : parts
  const cut: Cut = { stripRows, ...(passRows !== undefined && { passRows }) }
  const plans = Array.from({ length: parts }, (_, part) => planOf(plain, sink, cut, part))
  const shape = source && shapeOf(source.picture)
  const planes = new Map<Listed['work'], Address>()
  for (const { work, shape } of plain.flat()) {
    if (work.kind === 'filter') await prepareTables(work.filter.plan)
    if (work.kind === 'planes' && !planes.has(work))
      planes.set(work, await placePlanes(arena, work.data, sizeOf(shape)))
  }
  const lists: Listed<PlacedWork>[][] = []
  for (const [n, list] of plain.entries()) {
    const strips = plans.flatMap(({ segments, strips }) => strips.filter((_, i) => segments[i]!.list === n))
    const placed: Listed<PlacedWork>[] = []
    for (const [i, step] of list.entries()) {
      const spans = strips.flatMap(({ buffers }) => buffers[i]!.rows)
      await pause()
      placed.push({ ...step, work: placeWork(arena, step, spans, shape, sink, planes) })
    }
    lists.push(placed)
  }
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
  let top = floats + (shape === undefined ? 0 : 3 * floatRowBytes(shape))
  const settled = lists.map((list) =>
    list.map((step): Listed<PlacedWork> => {
      if (step.work.kind !== 'filter') return step
      const { filter } = step.work
      top += fixedBytes(filter)
      return { ...step, work: { kind: 'filter', filter: withHow(filter, top - fixedBytes(filter) - work) } }
    }),
  )
  const pixels = top
  const sinkRoom = pixels + align(pixelBytes({ sink, stripRows }))
  const jobs = [
    ...('job' in sink ? [sink.job] : []),
    ...lists.flat().flatMap(({ work }) => (work.kind === 'filter' ? [work.filter] : [])),
  ]
  const cost = plans.reduce(
    (sum, { segments, strips }) =>
      segments.reduce((part, { list }, i) => part + costOf(plain[list]!, strips[i]), sum),
    0,
  )
  const place = (placed?: GraphSource): GraphJob => ({
    parts,
    ...cut,
    pieces,
    isPaced: cost / parts > shortUpTo || plain.flat().some(({ work }) => !isPlainWork.has(work.kind)),
    lists: settled,
    source: placed,
    sink,
    scratchBytes: sinkRoom + ('job' in sink ? sink.job.scratchBytes : 0),
    layout: { work, floats, pixels, sink: sinkRoom },
  })
  const parallel = cost >= parallelFrom
  const common = { parallel, aside: jobs.some(isLong) || cost / parts > longFrom, ...(drain && { drain }) }
  const runJob = (job: GraphJob, options: RunOptions) =>
    session.run(job, plans, (piece, result) => onPart?.(piece, result, pieces), options)

  if (source === undefined) {
    const job = place()
    return () => runJob(job, common)
  }
  const { picture, gray, light } = source
  const { width, channels, depth, full } = picture
  const own = shapeOf(picture)
  const table = light === undefined ? 0 : put(arena, linearTables(light, full))
  const tone = { gray, table, ...(light && { light }) }
  if ('address' in picture) {
    const job = place({ tone, picture: { ...own, address: picture.address } })
    return () => runJob(job, common)
  }
  const arrival = arrivalOf(picture)
  const rowBytes = width * channels * (depth / 8)
  const slots = Math.min(mostSlots, parts, parallel ? session.threads + 2 : 1)
  const slotBytes = align(most(plans.map(({ staged }) => rowCount(staged))) * rowBytes)
  const address = arena.alloc(slots * slotBytes)
  const memory = new Uint8Array(arena.memory.buffer)
  const stage = (part: number, slot: number) => {
    let to: number = address + slot * slotBytes
    for (const rows of plans[part]!.staged) {
      for (const bytes of arrival.bytes(rows)) {
        memory.set(bytes, to)
        to += bytes.length
      }
    }
  }
  const missing = (part: number) => arrival.missing(plans[part]!.staged)
  const job = place({ tone, picture: { ...own, address, staged: { slots, slotBytes } } })
  return async () => {
    await runJob(job, { ...common, staging: { slots, stage, missing } })
    // damage below the rows that were needed is damage all the same
    await arrival.end
  }
}

/** Where planes are; they are copied unless they are in this memory. */
async function placePlanes(arena: Arena, data: Float32Array, size: number): Promise<Address> {
  const there = arena.addressOf(data)
  if (there !== undefined) return there
  const address = arena.alloc(size * 4)
  // in a plan there are no numbers, but they have their place
  if (data.length >= size) await copyTo(new Float32Array(arena.memory.buffer, address, size), data, 0)
  return address
}

/** Lays out what a step computes with, for these rows. */
function placeWork(
  arena: Arena,
  { work, inputs, shape, slices }: Listed,
  spans: readonly Span[],
  picture: PictureShape | undefined,
  sink: GraphSink,
  planes: ReadonlyMap<Listed['work'], Address>,
): PlacedWork {
  switch (work.kind) {
    case 'bank':
      return { kind: 'bank', bank: placeBankRows(arena, work.bank) }
    case 'planes':
      return { kind: 'planes', data: planes.get(work)! }
    case 'finish':
      invariant(sink.kind === 'picture', 'what is finished is a picture')
      return { kind: 'finish', filter: sink.job }
    case 'filter': {
      const { plan, tone, channels, full } = work.filter
      const { width, height } = plan
      const own = { width, height, channels, depth: 32, full } as const
      const over = inputs.length === 0 && picture !== undefined ? picture : own
      const filter = placePicture(
        arena,
        plan,
        over,
        tone,
        { kind: 'float', target: nowhere },
        'raw',
        undefined,
        slices === undefined ? spans : spans.flatMap((rows) => partsOf(rows, shape[1] / slices)),
      )
      return { kind: 'filter', filter }
    }
    default:
      return work
  }
}

/** Rows that lie in several slices, as rows of each. */
const partsOf = (rows: Span, height: number): Span[] =>
  slicesOf(rows, height).map(([, first, end]): Span => [first, end])

const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)

/** Scratch memory that the steps of a strip need beside their rows. */
const roomOf = (list: readonly Listed<PlacedWork>[], { buffers }: Strip): number =>
  most(
    list.map((step, i) => {
      const rows = step.inputs[0] === undefined ? 0 : rowCount(buffers[step.inputs[0]]!.rows)
      return workBytes(step, rows, rowCount(buffers[i]!.rows))
    }),
  )

/** Multiplications of banks that a thread is through with in a few milliseconds. */
const shortUpTo = 4e6
/** Steps whose cost is known by their multiplications. */
const isPlainWork: ReadonlySet<string> = new Set(['bank', 'planes'])

/** Work on a picture below this many samples starts no worker: it would cost more than it brings. */
const parallelSamples = 1.5e6

/** Whether a picture of this many samples is worth a worker, so that it can be started before the picture is there. */
export const isWorthWorkers = (samples: number): boolean => samples >= parallelSamples

/** How many times as much it costs to compute the channels of a step one by one as all at once. */
export const costApart = (out: Node): number =>
  (out.shape[0] * costOf(listed(narrowed(out, 0, 1)))) / costOf(listed(out))

/** The same for the slices of a volume, in the middle, where most are. */
export function costOfSlices(volume: Node, slices: number): number {
  const list = listed(sliceOf(volume, slices >> 1, slices))
  const strip = planStrip(list, [0, volume.shape[1] / slices])
  return (slices * costOf(list, strip, tapsOf)) / costOf(listed(volume), undefined, tapsOf)
}

/** About how many taps a sample of a step takes. */
function tapsOf(step: Listed): number {
  const { work } = step
  if (work.kind === 'layer' && work.name === 'ranked') return sizeOfElement(work.settings.element)
  if (!('filter' in work)) return multiplicationsOf(step)
  return work.filter.plan.stencils.reduce((sum, { algorithm, kH, kW }) => {
    const isDense = algorithm === 'direct' || algorithm === 'integer'
    // of any size those of an FFT take about as long as these many
    return sum + Math.min(isDense ? kH * kW : kH + kW, 64)
  }, 0)
}

/** The same in multiplications, a filter by its samples alone. */
function multiplicationsOf({ work, shape, slices = 1 }: Listed): number {
  if ('filter' in work) {
    const { plan, channels } = work.filter
    const samples = plan.width * plan.height * channels * slices
    return (samples / sizeOf(shape)) * (parallelFrom / parallelSamples)
  }
  if (work.kind === 'similarity') return (work.options.size * work.options.patch) ** 2 * 4
  if (work.kind !== 'bank') return 1
  const { phases, channelsPerGroup } = work.bank.plan
  return (phases.reduce((sum, { taps }) => sum + taps.length, 0) / phases.length) * channelsPerGroup
}

/** Whether steps take long enough for more than one thread. */
export const isWorthThreads = (out: Node): boolean => costOf(listed(out)) >= parallelFrom

/** Whether a sample takes more than to bring it back from memory. */
export const isCostly = (out: Node): boolean => costOf(listed(out)) > 16 * sizeOf(out.shape)

/** About how many multiplications the steps take, or a strip of them. */
function costOf(list: readonly Listed[], strip?: Strip, perSample = multiplicationsOf): number {
  const rowsOf = (i: number) => (strip === undefined ? list[i]!.shape[1] : rowCount(strip.buffers[i]!.rows))
  return list.reduce((sum, step, i) => {
    const { shape } = step
    return sum + (perSample(step) * sizeOf(shape) * rowsOf(i)) / shape[1]
  }, 0)
}
