import { writeLevels } from '../definition/levels.ts'
import type { Range } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { writeAtomically } from '../files/output.ts'
import { encodePages } from '../image/encode.ts'
import { lostBeside } from '../image/fit.ts'
import { formatOfPath } from '../image/format.ts'
import { pick, sheet, stretch } from '../image/sheet.ts'
import type { FullScale } from '../operators/operator.ts'
import type { Session } from '../run/pool.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { factsOf, type Task } from './job.ts'
import { outputKind, writeTensor } from './output.ts'
import { pendingOf } from './state.ts'
import { blackAndWhite, levelsOfRange, refuseMapRange, writeEach } from './write-maps.ts'
import { graphRendering, type Rendering, toSamples, type Written, writeRendering } from './write-recipe.ts'

/** A volume: slices in numbered files, the pages of one file, or all on one sheet. */
export async function writeVolume(
  session: Session,
  whole: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const volume = chosen(whole, task)
  if (outputKind(task.output) === 'npy') return writeFloats(volume, full, task, meta)
  const [, depth = 1, height = 1, width = 1] = volume.shape
  const colours = checkColours(volume.shape)
  const slices = slicesOf(volume)
  const stretched =
    task.range === 'minmax' ? stretch(slices, full, task.settings['map-range'] === 'each') : slices
  if (task.range !== 'minmax') refuseMapRange(task)
  const own: Task = task.range === 'minmax' ? { ...task, range: 'clamp' } : task
  if (isNumbered(task)) {
    const at = (i: number) => renderingOf(session, sliceOf(stretched, i, colours), full, own)
    return writeEach(session, { count: depth, at }, own, meta, [])
  }
  const format = formatOfPath(task.output)
  const isPaged = format === 'gif' || format === 'webp' || (format === 'tiff' && depth > 1)
  if (isPaged && task.settings.channels !== 'montage') {
    return writePages(session, stretched, full, own, meta, colours, format)
  }
  const note = `${depth} slices of ${width}x${height} are on one sheet; a path with {index} writes one file each, .tif one of many pages, .gif or .webp plays them`
  const picture = sheet(stretched, {
    depth: colours,
    labels: task.settings.labels,
    ...blackAndWhite(own, full),
  })
  const written = await writeRendering(session, await renderingOf(session, picture, full, own), own, meta)
  return { ...written, notes: depth === 1 ? written.notes : [note, ...written.notes] }
}

/** The channels that were asked for, all unless some were. */
export function chosen(volume: Tensor, { settings: { channels } }: Task): Tensor {
  if (channels === 'first') return pick(volume, [0])
  return Array.isArray(channels) ? pick(volume, channels) : volume
}

/** True when the slices of a volume go to a file each. */
export const isNumbered = ({ series, settings }: Task): boolean =>
  series !== undefined || settings.channels === 'split'

/** The channels of a volume [C,D,H,W] whose slices are gray or RGB. @throws ConvoError E_SHAPE for others */
export function checkColours(shape: readonly number[]): 1 | 3 {
  const [channels] = shape
  if (channels === 1 || channels === 3) return channels
  throw new ConvoError('E_SHAPE', `a volume of ${channels} channels is no picture: 1 or 3 are`, {
    why: `the result is [${shape.join(',')}]`,
    fix: `an output path ending in .npy, or --channels 0`,
  })
}

/** A gray or RGB picture [C,H,W] on its way into a file. */
export const renderingOf = (
  session: Session,
  tensor: Tensor,
  full: FullScale,
  task: Task,
): Promise<Rendering> => graphRendering(session, pendingOf({ kind: 'tensor', tensor, full }), task)

/** A volume as an array. */
async function writeFloats(volume: Tensor, full: FullScale, task: Task, meta: PictureMeta): Promise<Written> {
  const bytes = await writeTensor(task.output, ranged(volume, full, task.range))
  const [channels = 1, , height = 1, width = 1] = volume.shape
  return {
    facts: { ...factsOf(task.output, { width, height, channels, depth: 32 }), bytes },
    outcome: { low: 0, high: 0, samples: volume.data.length },
    plans: [],
    notes: lostBeside(meta, channels, 'npy'),
  }
}

/** Floats through a range: nothing is cut off. */
export function ranged(tensor: Tensor, full: FullScale, range: Range): Tensor {
  if (range === 'minmax') return stretch(tensor, full, false)
  const out = Tensor.zeros(tensor.shape)
  writeLevels(levelsOfRange(range, full), tensor.data, 0, out.data.length, out.data, 0)
  return out
}

/** Slice `i` of slices [D·C,H,W]. */
const sliceOf = (slices: Tensor, i: number, colours: number): Tensor =>
  pick(
    slices,
    Array.from({ length: colours }, (_, c) => i * colours + c),
  )

/** [D·C,H,W], slice by slice, from [C,D,H,W]. */
function slicesOf(volume: Tensor): Tensor {
  const [channels = 1, depth = 1, height = 1, width = 1] = volume.shape
  const plane = height * width
  const data = new Float32Array(volume.data.length)
  for (let z = 0; z < depth; z++) {
    for (let c = 0; c < channels; c++) {
      data.set(
        volume.data.subarray((c * depth + z) * plane, (c * depth + z + 1) * plane),
        (z * channels + c) * plane,
      )
    }
  }
  return new Tensor([depth * channels, height, width], data)
}

/** All slices in one file: the pages of a TIFF, or an animation. */
async function writePages(
  session: Session,
  slices: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
  colours: 1 | 3,
  format: 'gif' | 'webp' | 'tiff',
): Promise<Written> {
  const count = slices.shape[0]! / colours
  const pages: Picture[] = []
  let [low, high, samples] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const rendering = await renderingOf(session, sliceOf(slices, i, colours), full, task)
    const { picture, outcome } = await toSamples(session, rendering, task, meta)
    session.arena.release(mark)
    pages.push(picture)
    low += outcome.low
    high += outcome.high
    samples += outcome.samples
  }
  const { bytes, notes } = await encodePages(pages, format)
  await writeAtomically(task.output, (output) => output.write(bytes))
  const facts = { ...factsOf(task.output, pages[0]!), bytes: bytes.length }
  return {
    facts,
    outcome: { low, high, samples },
    plans: [],
    notes: [
      ...notes,
      format === 'tiff' ? `${count} slices are its pages` : `${count} slices play one after another`,
    ],
  }
}
