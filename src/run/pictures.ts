import type { RecipePlan } from '../conv/plan.ts'
import type { Extremes, Range } from '../definition/quantise.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'
import { arrivalOf } from './arrival.ts'
import { mostSlots } from './control.ts'
import type { PartResult } from './part.ts'
import type { PictureJob, PlacedPicture, Sink, Tone } from './picture-job.ts'
import { placePicture, stripReach } from './place-picture.ts'
import type { Session } from './pool.ts'
import { lastRow, stageRows } from './source-rows.ts'

/** What a run over a picture found: samples clipped at either end, and how many there were. */
export type Outcome = { readonly low: number; readonly high: number; readonly samples: number }

/** Work on a picture below this many samples times stencils starts no worker: it would cost more than it brings. */
const parallelFrom = 1.5e6

/** Whether a picture of this many samples is worth a worker, so that it can be started before the picture is there. */
export const isWorthWorkers = (samples: number): boolean => samples >= parallelFrom

/** Products of taps and samples that a thread sums up in a fifth of a second at least. */
const longFrom = 6e8

/** Whether a strip may take a thread longer than that. */
function isLong({ plan, stencils, fullWidth, tileChannels }: PictureJob): boolean {
  const samples = plan.stripRows * plan.stride[0] * fullWidth * tileChannels
  const taps = stencils.reduce((sum, one) => sum + (one.form === 'taps' ? one.count : 0), 0)
  return taps * samples > longFrom
}

/**
 * A picture to run over: in the shared memory, or anywhere else, from where its rows are brought in strip by strip, the
 * upper ones perhaps before the rest is there.
 */
export type SourcePicture = Omit<PlacedPicture, 'address' | 'staged'> &
  ({ readonly address: number } | { readonly data: Samples } | { readonly arriving: Arriving })

/**
 * Runs a planned recipe over a picture. Strips of a PNG reach `onStrip` in any order. The range minmax takes a first pass
 * that looks for the extremes.
 */
export async function runRecipe(
  session: Session,
  plan: RecipePlan,
  source: SourcePicture,
  tone: Tone,
  range: Range,
  sink: Sink,
  onStrip: (part: number, strip: PartResult, parts: number) => void = () => undefined,
  drain?: () => Promise<void>,
): Promise<Outcome> {
  const extremes = range === 'minmax' ? await findExtremes(session, plan, source, tone) : undefined
  let [low, high] = [0, 0]
  const job = await runOver(
    session,
    plan,
    source,
    tone,
    sink,
    range,
    extremes,
    (part, result, parts) => {
      low += result.low ?? 0
      high += result.high ?? 0
      onStrip(part, result, parts)
    },
    drain,
  )
  return { low, high, samples: plan.outWidth * plan.outHeight * job.tileChannels }
}

async function findExtremes(
  session: Session,
  plan: RecipePlan,
  source: SourcePicture,
  tone: Tone,
): Promise<Extremes> {
  const mark = session.arena.mark()
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  await runOver(session, plan, source, tone, { kind: 'extremes' }, 'clamp', undefined, (_, result) => {
    min = Math.min(min, result.min ?? min)
    max = Math.max(max, result.max ?? max)
  })
  session.arena.release(mark)
  return { min, max }
}

async function runOver(
  session: Session,
  plan: RecipePlan,
  source: SourcePicture,
  tone: Tone,
  sink: Sink,
  range: Range,
  extremes: Extremes | undefined,
  onPart: (part: number, result: PartResult, parts: number) => void,
  drain?: () => Promise<void>,
): Promise<PictureJob> {
  const { arena } = session
  const draining = drain === undefined ? {} : { drain }
  const parallel = isWorthWorkers(source.width * source.height * source.channels)
  if ('address' in source) {
    const job = placePicture(arena, plan, source, tone, sink, range, extremes)
    const options = { parallel, aside: isLong(job), ...draining }
    await session.run(job, job.parts, (part, result) => onPart(part, result, job.parts), options)
    return job
  }
  const { width, height, channels, depth, full } = source
  const shape = { width, height, channels, depth, full }
  const arrival = arrivalOf('data' in source ? source.data : source.arriving)
  const rowBytes = source.width * source.channels * (source.depth / 8)
  // The job says how many rows a tile has; only then is it known how large a slot must be.
  const draft = placePicture(arena, plan, { ...shape, address: 0 }, tone, sink, range, extremes)
  const slots = Math.min(mostSlots, draft.parts, parallel ? session.threads + 2 : 1)
  const slotBytes = Math.ceil((draft.tileRows * rowBytes) / 64) * 64
  const address = arena.alloc(slots * slotBytes)
  const placed = { ...shape, address, staged: { slots, slotBytes } }
  const opaque = draft.opaque && { ...draft.opaque, source: placed }
  const job = { ...draft, source: placed, ...(opaque !== undefined && { opaque }) }
  const memory = new Uint8Array(arena.memory.buffer)
  const stage = (part: number, slot: number) =>
    stageRows(memory, address + slot * slotBytes, arrival.samples(), source, plan, stripReach(job, part))
  const missing = (part: number) => arrival.missing(lastRow(plan, stripReach(job, part)))
  const options = { parallel, aside: isLong(job), staging: { slots, stage, missing }, ...draining }
  await session.run(job, job.parts, (part, result) => onPart(part, result, job.parts), options)
  // damage below the rows that were needed is damage all the same
  await arrival.end
  return job
}
