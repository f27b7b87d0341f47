import type { Range } from '../definition/quantise.ts'
import { invariant } from '../error.ts'
import { type Address, align, nowhere } from '../graph/address.ts'
import { withoutBarriers } from '../graph/barriers.ts'
import { type Cut, cutOf } from '../graph/cut.ts'
import { fused } from '../graph/fuse.ts'
import { type Filter, type Node, slicesOf } from '../graph/node.ts'
import { type Listed, listed, type Strip } from '../graph/schedule.ts'
import { rowCount, type Span } from '../graph/spans.ts'
import { copied, copyTo, pause } from '../host/turns.ts'
import { linearTables } from '../image/light.ts'
import { checkLimit } from '../limits.ts'
import { sizeOf, Tensor, unseen } from '../tensor/tensor.ts'
import type { Arena } from './arena.ts'
import { arrivalOf } from './arrival.ts'
import { put } from './bank.ts'
import { mostSlots } from './control.ts'
import { costOf, isWorthWorker, most } from './cost.ts'
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
import { floatRowBytes, shiftOf } from './rows.ts'

/** The recipe that is the last step: its input, and what happens to its samples. */
export type Finishing = Filter & { readonly range: Range; readonly sink: Sink }

/** Receives the pieces of strips as they are finished, in any order. */
export type OnStrip = (piece: number, result: PartResult, pieces: number) => void

type Hooks = {
  readonly onPart?: OnStrip | undefined
  readonly drain?: (() => Promise<void>) | undefined
  /** How the graph is cut; by default, this is chosen here. */
  readonly cut?: number | Cut | undefined
  /** Whether the picture is not read again afterwards. */
  readonly isLast?: boolean
}

/** Returns a description of the samples of a picture, without the samples. */
export const shapeOf = ({ width, height, channels, depth, full }: PictureShape): PictureShape => ({
  width,
  height,
  channels,
  depth,
  full,
})

/**
 * Checks that the output is not too large. Steps in between may make more than memory holds, because only some of their
 * rows exist at a time. A result in strips may be as large as the picture enlarged twofold.
 *
 * @throws ConvoError E_TOO_LARGE
 */
function checkResult({ shape }: Node, over?: Source): void {
  const { width = 0, height = 0, channels = 0 } = over?.picture ?? {}
  const size = sizeOf(shape)
  if (size > 4 * width * height * channels)
    checkLimit('tensorSamples', size, `an output of ${shape.join('x')}`)
}

/** Runs the steps of `given`, which has several entries if the sink is a sheet. */
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

/** Runs steps and returns the result as a tensor [C,H,W]. */
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
 * Lays out steps in the memory of a session; none of them may need all of another step's output first. Returns a
 * function that runs them. Over planes, it may be called any number of times until the memory is taken back, and the
 * planes may change in between. Over a picture that has not arrived yet, it may be called once.
 */
export async function layOut(
  session: Session,
  over: Source | undefined,
  outs: readonly Node[],
  sinkOf: (pieceRows: number) => GraphSink,
  { onPart, drain, cut: given, isLast = false }: Hooks = {},
): Promise<() => Promise<void>> {
  const { arena } = session
  const plain = outs.map((out) => fused(listed(out)))
  // a step that needed all of its input has been replaced by planes, so the picture may no longer be read
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
      placed.push({ ...step, work: await placeWork(arena, step, spans, shape, sink, planes) })
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
  const parallel = isWorthWorker(plain, cost, source !== undefined && 'arriving' in source.picture)
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
  if (!isLast) session.hold?.('input', picture.height * rowBytes)
  const slots = Math.min(mostSlots, parts, parallel ? session.threads + 2 : 1)
  const slotBytes = align(most(plans.map(({ staged }) => rowCount(staged))) * rowBytes + 7)
  const address = arena.alloc(slots * slotBytes)
  const memory = new Uint8Array(arena.memory.buffer)
  /** For each part, the first row that those after it need. */
  const neededFrom: number[] = []
  plans.reduceRight((first, { staged }, part) => {
    neededFrom[part] = first
    return Math.min(first, staged[0]?.[0] ?? first)
  }, picture.height)
  const stage = (part: number, slot: number) => {
    let to: number = address + slot * slotBytes + shiftOf(plans[part]!.staged, rowBytes)
    for (const rows of plans[part]!.staged) {
      for (const bytes of arrival.bytes(rows)) {
        memory.set(bytes, to)
        to += bytes.length
      }
    }
    if (isLast) arrival.forget?.(neededFrom[part]!)
  }
  const missing = (part: number) => arrival.missing(plans[part]!.staged)
  const job = place({ tone, picture: { ...own, address, staged: { slots, slotBytes } } })
  return async () => {
    await runJob(job, { ...common, staging: { slots, stage, missing } })
    // damage below the rows that were needed is an error too
    await arrival.end?.()
  }
}

/** Returns the address of planes, which are copied unless they are already in this memory. */
async function placePlanes(arena: Arena, data: Float32Array, size: number): Promise<Address> {
  const there = arena.addressOf(data)
  if (there !== undefined) return there
  const address = arena.alloc(size * 4)
  // a rehearsal has no samples, but it allocates memory for them
  if (data.length >= size) await copyTo(new Float32Array(arena.memory.buffer, address, size), data, 0)
  return address
}

/** Lays out the tables of a step for these rows. */
async function placeWork(
  arena: Arena,
  { work, inputs, shape, slices }: Listed,
  spans: readonly Span[],
  picture: PictureShape | undefined,
  sink: GraphSink,
  planes: ReadonlyMap<Listed['work'], Address>,
): Promise<PlacedWork> {
  switch (work.kind) {
    case 'bank':
      return { kind: 'bank', bank: await placeBankRows(arena, work.bank) }
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

/** Splits rows that are in several slices into the rows of each. */
const partsOf = (rows: Span, height: number): Span[] =>
  slicesOf(rows, height).map(([, first, end]): Span => [first, end])

/** The scratch memory in bytes that the steps of a strip need beside their rows. */
const roomOf = (list: readonly Listed<PlacedWork>[], { buffers }: Strip): number =>
  most(
    list.map((step, i) => {
      const rows = step.inputs[0] === undefined ? 0 : rowCount(buffers[step.inputs[0]]!.rows)
      return workBytes(step, rows, rowCount(buffers[i]!.rows))
    }),
  )

/** The number of multiplications of banks that a thread finishes in a few milliseconds. */
const shortUpTo = 4e6
/** Kinds of work whose cost is determined by the number of multiplications. */
const isPlainWork: ReadonlySet<string> = new Set(['bank', 'planes'])
