import { nodeOf } from '../graph/node.ts'
import { listed, planStrip } from '../graph/schedule.ts'
import { sliceOf } from '../graph/slices.ts'
import { aheadBytes } from '../image/arriving.ts'
import { pagesAtOnce } from '../image/decode.ts'
import { defaultThreads } from '../run/pool.ts'
import { rehearse } from '../run/rehearsal.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { sizeOf } from '../tensor/tensor.ts'
import type { Memory, PictureTask } from './job.ts'
import type { Known } from './known.ts'
import { keepsPages } from './paged.ts'
import { paged, type Written } from './rendering.ts'
import { slicesAhead } from './slices.ts'
import { type Pending, slicesIn } from './state.ts'
import type { traceJob } from './trace.ts'
import { isNumbered, isOnDemand } from './volume-form.ts'
import { write } from './write.ts'

/** Measured: what Node and convo take before they have work, and what each further thread adds. */
const idle = 62 * 2 ** 20
const threadBytes = 10 * 2 ** 20

type Shape = Pick<Known, 'width' | 'height' | 'channels' | 'depth' | 'pages' | 'isStack' | 'inRows'>

/**
 * Estimates the memory of a job whose steps were traced over an input of which only the shape is known. Also returns
 * what it writes: a picture, or each of several.
 *
 * @param meta the metadata of the output
 */
export async function memoryOf(
  { state, blending }: Awaited<ReturnType<typeof traceJob>>,
  known: Shape,
  task: PictureTask,
  meta: PictureMeta = {},
): Promise<{ readonly memory: Memory; readonly written?: Written | undefined }> {
  const threads = task.settings.threads ?? defaultThreads()
  const { data } = state
  const { width, height, channels, depth, pages } = known
  const isPaged = !task.isVolume && pages > 1 && keepsPages(task)
  const held = task.isVolume
    ? slicesHeld(data, known, task)
    : isPaged
      ? Math.min(pages, pagesAtOnce(width, height))
      : 1
  const program = idle + (threads - 1) * threadBytes
  // pages of one file wait for each other
  const own = isPaged && !isNumbered(task) ? paged(task, pages) : task
  let written: Written | undefined
  const { strips, output, ...taken } = await rehearse(threads, async (session) => {
    written = await write(session, { ...state, data: withoutSamples(data) }, blending, own, meta)
  })
  const before = seenWhole(data)
  const whole = taken.whole + before
  const all = (width * height * channels * depth * held) / 8
  // steps that see all of it have read it before the last pass
  const isWindow = known.inRows && !task.isVolume && !isPaged && before === 0
  const input = isWindow ? Math.min(all, taken.input + aheadBytes) : all
  const total = program + input + strips + whole + output
  return { memory: { program, input, strips, whole, output, total }, written }
}

/**
 * Returns the number of slices of a volume that are held at a time: all, or those that one output slice needs and the
 * next ones.
 */
function slicesHeld(data: Pending, known: Shape, task: PictureTask): number {
  const { pages, height } = known
  const made = slicesIn(data)
  if (made === undefined || !isOnDemand(known, task)) return pages
  const list = listed(sliceOf(nodeOf(data.out), made >> 1, made))
  const { buffers } = planStrip(list, [0, list.at(-1)!.shape[1]])
  const rows = list.flatMap(({ work }, i) => (work.kind === 'source' ? buffers[i]!.rows : []))
  const [first, end] = [rows[0]?.[0] ?? 0, rows.at(-1)?.[1] ?? 0]
  return Math.min(pages, Math.ceil((end - first) / height) + slicesAhead)
}

/**
 * Returns the bytes of planes that exist before the last pass: results that steps saw whole, and what they made from
 * them.
 */
const seenWhole = ({ out }: Pending): number =>
  listed(nodeOf(out))
    .filter(({ work }) => work.kind === 'planes')
    .reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)

/** Returns the data over a picture without samples, as if a decoder delivered it strip by strip. */
const withoutSamples = (data: Pending): Pending => {
  const { source } = data
  if (source === undefined) return data
  const { width, height, channels, depth, full } = source.picture
  const picture = { width, height, channels, depth, full, data: new Uint8Array() }
  return { ...data, source: { ...source, picture } }
}
