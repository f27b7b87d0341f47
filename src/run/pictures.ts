import type { RecipePlan } from '../conv/plan.ts'
import type { Extremes, Range } from '../image/quantise.ts'
import type { PartResult } from './jobs.ts'
import type { PlacedPicture, Sink, Tone } from './picture-job.ts'
import { placePicture } from './place-picture.ts'
import type { Session } from './pool.ts'

/** What a run over a picture found: samples clipped at either end, and how many there were. */
export type Outcome = { readonly low: number; readonly high: number; readonly samples: number }

/** Work on a picture below this many samples times stencils starts no worker: it would cost more than it brings. */
const parallelFrom = 1.5e6

/** Whether a picture of this many samples is worth a worker, so that it can be started before the picture is there. */
export const isWorthWorkers = (samples: number): boolean => samples >= parallelFrom

/**
 * Runs a planned recipe over a picture in the session's memory. Strips of a PNG reach `onStrip` in any order. The range
 * minmax takes a first pass that looks for the extremes.
 */
export async function runRecipe(
  session: Session,
  plan: RecipePlan,
  source: PlacedPicture,
  tone: Tone,
  range: Range,
  sink: Sink,
  onStrip: (part: number, strip: PartResult, parts: number) => void = () => undefined,
): Promise<Outcome> {
  const parallel = isWorthWorkers(source.width * source.height * source.channels)
  const extremes = range === 'minmax' ? await findExtremes(session, plan, source, tone, parallel) : undefined
  const job = placePicture(session.arena, plan, source, tone, sink, range, extremes)
  let [low, high] = [0, 0]
  const onPart = (part: number, result: PartResult) => {
    low += result.low ?? 0
    high += result.high ?? 0
    onStrip(part, result, job.parts)
  }
  await session.run(job, job.parts, onPart, { parallel })
  return { low, high, samples: plan.outWidth * plan.outHeight * job.tileChannels }
}

async function findExtremes(
  session: Session,
  plan: RecipePlan,
  source: PlacedPicture,
  tone: Tone,
  parallel: boolean,
): Promise<Extremes> {
  const mark = session.arena.mark()
  const job = placePicture(session.arena, plan, source, tone, { kind: 'extremes' }, 'clamp')
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const onPart = (_: number, result: PartResult) => {
    min = Math.min(min, result.min ?? min)
    max = Math.max(max, result.max ?? max)
  }
  await session.run(job, job.parts, onPart, { parallel })
  session.arena.release(mark)
  return { min, max }
}
