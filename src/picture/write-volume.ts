import { type Levels, writeLevels } from '../definition/levels.ts'
import type { Range } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { writeAtomically } from '../files/output.ts'
import { leveled, narrowed } from '../graph/narrow.ts'
import { type Node, planesNode, traced } from '../graph/node.ts'
import { inTurns } from '../host/turns.ts'
import { encodePages } from '../image/encode.ts'
import { lostBeside } from '../image/fit.ts'
import { formatOfPath } from '../image/format.ts'
import { describing } from '../image/metadata.ts'
import { pick, sheetLayout, stretched } from '../image/sheet.ts'
import type { FullScale } from '../operators/operator.ts'
import { levelsOf } from '../run/graph.ts'
import type { Session } from '../run/pool.ts'
import { extremes, type Picture, type PictureMeta } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { factsOf, type PictureTask } from './job.ts'
import { sliceTime } from './load.ts'
import { codingOf, outputKind, writeTensor } from './output.ts'
import {
  pictureRendering,
  type Rendering,
  sheetRendering,
  toSamples,
  type Written,
  writeRendering,
} from './rendering.ts'
import type { Pending, Volume } from './state.ts'
import { blackAndWhite, levelsOfRange, refuseMapRange, type Series, writeEach } from './write-maps.ts'

/** A volume: slices in numbered files, the pages of one file, or all on one sheet. */
export async function writeVolume(
  session: Session,
  { tensor: whole, full }: Volume,
  task: PictureTask,
  meta: PictureMeta,
): Promise<Written> {
  const volume = chosen(whole, task)
  if (outputKind(task.output) === 'npy') return writeFloats(volume, full, task, meta)
  const [, depth = 1, height = 1, width = 1] = volume.shape
  const colours = checkColours(volume.shape)
  const isStretched = task.range === 'minmax'
  if (!isStretched) refuseMapRange(task)
  const own: PictureTask = isStretched ? { ...task, range: 'clamp' } : task
  const slices = planesNode(slicesOf(volume))
  const form = isStretched ? 'stretched' : 'plain'
  const { levels } = await levelsOf(
    session,
    { out: slices },
    form,
    task.settings['map-range'] === 'each',
    full,
  )
  const shown = leveled(slices, levels)
  const at = (i: number) =>
    pictureRendering(session, pendingOver(narrowed(shown, i * colours, colours), full), own)
  const format = pagedFormat(depth, task)
  if (isNumbered(task)) return writeEach(session, { count: depth, at }, own, meta, [])
  if (format !== undefined) return writePages(session, { count: depth, at }, own, meta, format)
  const note = `${depth} slices of ${width}x${height} are on one sheet; use {index} in the path for one file each, .tif for pages, or .gif or .webp for an animation`
  const wishes = { depth: colours, labels: task.settings.labels, ...blackAndWhite(own, full) }
  const rendering = sheetRendering(session, pendingOver(shown, full), wishes, own)
  const written = await writeRendering(session, rendering, own, meta)
  return { ...written, notes: depth === 1 ? written.notes : [note, ...written.notes] }
}

/** The format of a file in which slices are pages, unless a sheet of them is asked for. */
function pagedFormat(depth: number, { output, settings }: PictureTask): 'gif' | 'webp' | 'tiff' | undefined {
  const format = formatOfPath(output)
  const isPaged = format === 'gif' || format === 'webp' || (format === 'tiff' && depth > 1)
  return isPaged && settings.channels !== 'montage' ? format : undefined
}

/** The size of what is written of a volume of this shape, or of each file or page. */
export function sizeOfVolume(shape: readonly number[], task: PictureTask): { width: number; height: number } {
  const [, depth = 1, height = 1, width = 1] = shape
  const isApart =
    outputKind(task.output) === 'npy' || isNumbered(task) || pagedFormat(depth, task) !== undefined
  return isApart ? { width, height } : sheetLayout(depth, height, width)
}

const pendingOver = (node: Node, full: FullScale): Pending => ({
  kind: 'graph',
  out: traced(node),
  full,
  isPicture: false,
})

/** The channels that were asked for, all unless some were. */
export function chosen(volume: Tensor, { settings: { channels } }: PictureTask): Tensor {
  if (channels === 'first') return pick(volume, [0])
  return Array.isArray(channels) ? pick(volume, channels) : volume
}

/** True when the slices of a volume go to a file each. */
export const isNumbered = ({ series, settings }: PictureTask): boolean =>
  series !== undefined || settings.channels === 'split'

/** The channels of a volume [C,D,H,W] whose slices are gray or RGB. @throws ConvoError E_SHAPE for others */
export function checkColours(shape: readonly number[]): 1 | 3 {
  const [channels] = shape
  if (channels === 1 || channels === 3) return channels
  throw new ConvoError(
    'E_SHAPE',
    `a volume of ${channels} channels cannot be written as pictures, only 1 or 3 channels can`,
    {
      why: `the result is [${shape.join(',')}]`,
      fix: `an output path ending in .npy, or --channels 0`,
    },
  )
}

/** A gray or RGB picture [C,H,W] on its way into a file. */
export const renderingOf = (
  session: Session,
  tensor: Tensor,
  levels: readonly Levels[],
  full: FullScale,
  task: PictureTask,
): Rendering => pictureRendering(session, pendingOver(leveled(planesNode(tensor), levels), full), task)

/** A volume as an array. */
async function writeFloats(
  volume: Tensor,
  full: FullScale,
  task: PictureTask,
  meta: PictureMeta,
): Promise<Written> {
  const bytes = await writeTensor(task.output, await ranged(volume, full, task.range))
  const [channels = 1, , height = 1, width = 1] = volume.shape
  return {
    facts: { ...factsOf(task.output, { width, height, channels, depth: 32 }), bytes },
    outcome: { low: 0, high: 0, samples: volume.data.length },
    notes: lostBeside(meta, channels, 'npy'),
  }
}

/** Floats through a range: nothing is cut off. */
export async function ranged(tensor: Tensor, full: FullScale, range: Range): Promise<Tensor> {
  const levels =
    range === 'minmax' ? stretched(await extremes(tensor.data), full) : levelsOfRange(range, full)
  const out = Tensor.zeros(tensor.shape)
  await inTurns(out.data.length, (from, to) =>
    writeLevels(levels, tensor.data, from, to - from, out.data, from),
  )
  return out
}

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
  { count, at }: Series,
  task: PictureTask,
  meta: PictureMeta,
  format: 'gif' | 'webp' | 'tiff',
): Promise<Written> {
  const pages: Picture[] = []
  let [low, high, samples] = [0, 0, 0]
  let changed: readonly string[] = []
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const slice = await at(i)
    const described = describing(meta, count, count * slice.width * slice.height * slice.channels)
    changed = described.notes
    const { picture, outcome } = await toSamples(session, slice, task, described.meta)
    session.arena.release(mark)
    pages.push(picture)
    low += outcome.low
    high += outcome.high
    samples += outcome.samples
  }
  const { bytes, notes } = await encodePages(pages, format, { ...codingOf(task.settings), delay: sliceTime })
  await writeAtomically(task.output, (output) => output.write(bytes))
  const facts = { ...factsOf(task.output, pages[0]!), bytes: bytes.length }
  return {
    facts,
    outcome: { low, high, samples },
    notes: [
      ...changed,
      ...notes,
      format === 'tiff'
        ? `${count} slices are its pages`
        : `${count} slices play one after another, ${sliceTime} ms each`,
    ],
  }
}
