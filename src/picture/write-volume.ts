import { ConvoError } from '../error.ts'
import { writeAtomically } from '../files/output.ts'
import { leveled, picked } from '../graph/narrow.ts'
import { type Node, nodeOf, traced } from '../graph/node.ts'
import { sliceOf, slicesNode } from '../graph/slices.ts'
import { encodePages } from '../image/encode.ts'
import { describing } from '../image/metadata.ts'
import { checkChannels } from '../image/sheet.ts'
import { levelsOf } from '../run/graph.ts'
import type { Session } from '../run/pool.ts'
import { allClipped, type Clipping } from '../run/watch.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import { factsOf, type PictureTask } from './job.ts'
import { codingOf, outputKind } from './output.ts'
import {
  arrayRendering,
  paged,
  pictureRendering,
  sheetRendering,
  toSamples,
  type Written,
  writeRendering,
} from './rendering.ts'
import type { Pending } from './state.ts'
import { isNumbered, pagedFormat, sliceTime } from './volume-form.ts'
import { blackAndWhite, levelsInRange, refuseMapRange, type Series, writeEach } from './write-maps.ts'

/** Writes a volume: as an array, as slices in numbered files, as the pages of one file, or on one sheet. */
export async function writeVolume(
  session: Session,
  data: Pending,
  task: PictureTask,
  meta: PictureMeta,
): Promise<Written> {
  const [, depth = 1, height = 1, width = 1] = data.out.shape
  const whole = chosen(nodeOf(data.out), task)
  const { full } = data
  const [colours] = whole.shape
  const shape = [colours, depth, height, width]
  const isStretched = task.range === 'minmax'
  if (outputKind(task.output) === 'npy') {
    const levels = await levelsInRange(session, data, whole, task.range, full)
    const out = traced(leveled(whole, levels), shape)
    return writeRendering(session, arrayRendering(session, { ...data, out }), task, meta)
  }
  const depths = checkColours(shape)
  if (!isStretched) refuseMapRange(task)
  const own: PictureTask = isStretched ? { ...task, range: 'clamp' } : task
  const slices = Array.from({ length: session.hold === undefined ? depth : 1 }, (_, z) =>
    sliceOf(whole, z, depth),
  )
  const form = isStretched ? 'stretched' : 'plain'
  const { levels } = await levelsOf(session, data, slices, form, task.settings['map-range'] === 'each', full)
  const shown = (out: Node): Pending => ({ ...data, out: traced(out), isPicture: false })
  const at = (i: number) => {
    const slice = leveled(slices[i]!, levels.slice(i * colours, (i + 1) * colours))
    return pictureRendering(session, shown(slice), own)
  }
  const format = pagedFormat(depth, task)
  if (isNumbered(task)) return writeEach(session, { count: depth, at }, own, meta, [])
  if (format !== undefined) return writePages(session, { count: depth, at }, own, meta, format)
  const note = `${depth} slices of ${width}x${height} are on one sheet; use {index} in the path for one file each, .tif for pages, or .gif or .webp for an animation`
  const wishes = { depth: depths, labels: task.settings.labels, ...blackAndWhite(own, full) }
  const sheet = leveled(slicesNode(whole, height, 0, depth), levels)
  const rendering = sheetRendering(session, shown(sheet), wishes, own)
  const written = await writeRendering(session, rendering, own, meta)
  return { ...written, notes: depth === 1 ? written.notes : [note, ...written.notes] }
}

/** Returns the chosen channels, or all if none were chosen. */
function chosen(volume: Node, { settings: { channels } }: PictureTask): Node {
  if (channels === undefined || channels === 'split' || channels === 'montage') return volume
  const list = channels === 'first' ? [0] : channels
  checkChannels(volume.shape[0], list)
  return picked(volume, list)
}

/**
 * Returns the number of channels of a volume [C,D,H,W] with gray or RGB slices.
 *
 * @throws ConvoError E_SHAPE for others
 */
function checkColours(shape: readonly number[]): 1 | 3 {
  const [channels] = shape
  if (channels === 1 || channels === 3) return channels
  const what = `a volume of ${channels} channels cannot be written as pictures, only 1 or 3 channels can`
  throw new ConvoError('E_SHAPE', what, {
    why: `the result is [${shape.join(',')}]`,
    fix: `an output path ending in .npy, or --channels 0`,
  })
}

/** Writes all slices to one file: the pages of a TIFF, or an animation. */
async function writePages(
  session: Session,
  { count, at }: Series,
  task: PictureTask,
  meta: PictureMeta,
  format: 'gif' | 'webp' | 'tiff',
): Promise<Written> {
  const what =
    format === 'tiff'
      ? `the output has ${count} pages, one for each slice`
      : `the output is an animation of ${count} slices, ${sliceTime} ms each`
  if (session.hold !== undefined) {
    const planned = await writeRendering(session, await at(0), paged(task, count), meta)
    return { ...planned, notes: [...planned.notes, what] }
  }
  const pages: Picture[] = []
  const outcomes: Clipping[] = []
  let changed: readonly string[] = []
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const slice = await at(i)
    const described = describing(meta, count, slice)
    changed = described.notes
    const { picture, outcome } = await toSamples(session, slice, task, described.meta)
    session.arena.release(mark)
    pages.push(picture)
    outcomes.push(outcome)
  }
  const { bytes, notes } = await encodePages(pages, format, { ...codingOf(task.settings), delay: sliceTime })
  await writeAtomically(task.output, (output) => output.write(bytes))
  const facts = { ...factsOf(task.output, pages[0]!), bytes: bytes.length }
  return {
    facts,
    outcome: allClipped(outcomes),
    notes: [...changed, ...notes, what],
  }
}
