import { nodeOf } from '../graph/node.ts'
import { listed } from '../graph/schedule.ts'
import type { Slabs } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { rehearse } from '../run/rehearsal.ts'
import { sizeOf } from '../tensor/tensor.ts'
import type { Memory, PictureFacts, PictureTask } from './job.ts'
import type { Known } from './known.ts'
import { type Data, tensorIn } from './state.ts'
import type { traceJob } from './trace.ts'
import { write } from './write.ts'
import { isNumbered } from './write-volume.ts'

/** What Node and convo take before they have work, and each thread more than that. Measured. */
const idle = 62 * 2 ** 20
const threadBytes = 10 * 2 ** 20

/**
 * What a job takes, whose steps are written down over an input of which only the shape is known, and the picture, or each
 * of the pictures, that it writes; of a volume that is not known here.
 */
export async function memoryOf(
  { state, blending }: Awaited<ReturnType<typeof traceJob>>,
  { width, height, channels, depth, pages }: Pick<Known, 'width' | 'height' | 'channels' | 'depth' | 'pages'>,
  task: PictureTask,
): Promise<{ readonly memory: Memory; readonly written?: PictureFacts | undefined }> {
  const threads = task.settings.threads ?? defaultThreads()
  const { data } = state
  const isVolume = data.kind === 'volume'
  const isApart = isVolume && slabsOf(task, data, [channels, pages, height, width]) !== undefined
  const input = (width * height * channels * depth * (isVolume && !isApart ? pages : 1)) / 8
  const program = idle + (threads - 1) * threadBytes
  let written: PictureFacts | undefined
  const taken = isVolume
    ? { strips: 0, whole: 4 * volumeSamples(task, data, [channels, pages, height, width]), output: 0 }
    : await rehearse(threads, async (session) => {
        written = (await write(session, { ...state, data: withoutSamples(data) }, blending, task, {})).facts
      })
  const whole = taken.whole + seenWhole(data)
  const { strips, output } = taken
  const total = program + input + strips + whole + output
  return { memory: { program, input, strips, whole, output, total }, written }
}

/** The slabs of a volume that goes slice by slice into a file each. */
function slabsOf(task: PictureTask, { full }: Data, shape: readonly number[]): Slabs | undefined {
  const [make, ...more] = task.steps
  if (more.length > 0 || !isNumbered(task)) return undefined
  return make?.({ channels: shape[0]!, full }).slabs?.(shape)
}

/** Floats that there are of a volume: slices, and every step over them in the shared memory with what it reads. */
function volumeSamples(task: PictureTask, data: Data, shape: readonly number[]): number {
  const slabs = slabsOf(task, data, shape)
  if (slabs === undefined) return sizeOf(shape) + 3 * sizeOf(tensorIn(data).shape)
  const slab = (sizeOf(shape) / shape[1]!) * slabs.axis.kernel
  return 3 * slab + 4 * sizeOf(slabs.slice)
}

/** Planes that are there before the last pass: what steps saw as a whole, and what they made of it. */
const seenWhole = (data: Data): number =>
  data.kind === 'volume'
    ? 0
    : listed(nodeOf(tensorIn(data)))
        .filter(({ work }) => work.kind === 'planes')
        .reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)

/** The data over a picture that is brought in strip by strip, as a decoder leaves it. */
const withoutSamples = (data: Extract<Data, { kind: 'graph' }>): Data => {
  const { source } = data
  if (source === undefined) return data
  const { width, height, channels, depth, full } = source.picture
  const picture = { width, height, channels, depth, full, data: new Uint8Array() }
  return { ...data, source: { ...source, picture } }
}
