import type { Planned } from '../../conv/plan.ts'
import { readHeader } from '../../image/decode.ts'
import { lightOf } from '../../image/profile.ts'
import { peakOf } from '../../image/samples.ts'
import type { SourcePicture } from '../../run/pictures.ts'
import { defaultThreads } from '../../run/pool.ts'
import { depthOfFull, fullScale, hasAlpha } from '../../tensor/picture.ts'
import { loadArray, type Opened, openInput } from '../input.ts'
import { outputKind } from '../output.ts'
import type { Settings } from '../settings.ts'
import { factsOf, type PictureFacts, type PictureJob, type PlanFacts, taskOf } from './job.ts'
import { coloursOf, isSliceList, slicePaths } from './load.ts'
import { outChannels, planFacts, planOver, toneOf, withOptions } from './recipe-step.ts'

/** What a job would do, as far as it is known before the picture is decoded. */
export type DryRun = {
  readonly operation: string
  readonly input: PictureFacts
  readonly output: {
    readonly path: string
    readonly width?: number
    readonly height?: number
    readonly depth: number
  }
  readonly plan: readonly PlanFacts[]
  readonly threads: number
}

/**
 * Plans a job without decoding, computing or writing: which arithmetic would run, and why.
 *
 * @throws ConvoError as `processPicture` does for options, kernels and unreadable inputs
 */
export async function dryRun(job: PictureJob): Promise<DryRun> {
  const task = taskOf(job)
  const { settings } = job
  const isList = job.isVolume && (await isSliceList(job.input))
  const path = isList ? (await slicePaths(job.input))[0]! : job.input
  const header = await headerOf(await openInput(path), settings)
  let picture: Omit<SourcePicture, 'data'> & Pick<Planned, 'peak'> = header
  const plans: PlanFacts[] = []
  let isKnown = true
  for (const [i, make] of job.steps.entries()) {
    const step = make(picture)
    if (step.kind === 'tensor') {
      plans.push({ algorithm: 'bank', reason: 'a network operator on float32 planes' })
      isKnown = false
      continue
    }
    const own = withOptions(task, step.options)
    const tone = toneOf(step.recipe, own, picture, { isFirst: i === 0, isLast: i === job.steps.length - 1 })
    const plan = planOver(step.recipe, own.filter, picture, tone)
    plans.push(...planFacts(plan))
    const channels = outChannels(picture, tone)
    picture = {
      ...picture,
      width: plan.outWidth,
      height: plan.outHeight,
      channels,
      depth: 32,
      peak: undefined,
    }
  }
  const isFloat = outputKind(job.output) === 'npy'
  return {
    operation: job.operation,
    input: factsOf(job.input, header),
    output: {
      path: job.output,
      ...(isKnown ? { width: picture.width, height: picture.height } : {}),
      depth: isFloat ? 32 : (settings.depth ?? depthOfFull(header.full)),
    },
    plan: plans,
    threads: settings.threads ?? defaultThreads(),
  }
}

/** The channels that are left when alpha is dropped or laid over a background. */
function treatedChannels(channels: 1 | 2 | 3 | 4, { alpha, background }: Settings): 1 | 2 | 3 | 4 {
  if (!hasAlpha(channels)) return channels
  if (background !== undefined) return coloursOf(channels, background)
  return alpha === 'drop' ? ((channels - 1) as 1 | 3) : channels
}

async function headerOf(opened: Opened, settings: Settings) {
  if (opened.probe.kind !== 'npy') {
    const options = { maxPixels: settings['max-pixels'], orient: !settings['no-orient'], name: opened.path }
    const header = await readHeader(opened.source, options)
    const { width, height, depth } = header
    if (settings.linear) lightOf(header.meta, opened.path)
    return {
      width,
      height,
      channels: treatedChannels(header.channels, settings),
      depth,
      full: settings.full ?? fullScale(depth),
    }
  }
  const { width, height, channels, depth, full, layout, data } = await loadArray(opened, settings)
  // channels that stand first are all colours
  const treated = layout === 'hwc' && channels <= 4 ? treatedChannels(channels as 1, settings) : channels
  const peak = data instanceof Float32Array && { peak: () => peakOf(data) }
  return { width, height, channels: treated as 1 | 2 | 3 | 4, depth, full, ...peak }
}
