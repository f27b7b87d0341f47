import { invariant } from '../error.ts'
import { nodeOf, outChannels } from '../graph/node.ts'
import { copied } from '../host/turns.ts'
import type { EncodeOptions } from '../image/encode.ts'
import { lossesOf } from '../image/fit.ts'
import { viewSamples } from '../image/flatten.ts'
import { formatOfPath, type OutputFormat, traitsOf } from '../image/format.ts'
import { describing } from '../image/metadata.ts'
import { compressionSettings } from '../image/png.ts'
import { sheetLayout } from '../image/sheet.ts'
import type { TiffPage } from '../image/tiff-write.ts'
import { runToArray, runToPicture, runToSheet, type SheetWishes } from '../run/graph.ts'
import type { Sink } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import type { Clipping } from '../run/watch.ts'
import { depthOfFull, hasAlpha, type Picture, type PictureMeta } from '../tensor/picture.ts'
import { openInput } from './input.ts'
import { factsOf, type PictureFacts, type PictureTask } from './job.ts'
import { alone } from './numbered.ts'
import {
  codingOf,
  holdsFloats,
  openArray,
  openJpeg,
  openPng,
  openTiff,
  outputKind,
  type Stream,
  writePicture,
} from './output.ts'
import { finishOf, plainFilter } from './recipe.ts'
import { graphOf, type Pending, slicesIn } from './state.ts'

/** The result of writing. */
export type Written = {
  readonly facts: PictureFacts & { readonly bytes: number }
  readonly outcome: Clipping
  readonly notes: readonly string[]
}

/** A picture that is computed while its file is written: its shape, and a function that runs it into a sink. */
export type Rendering = {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly full: number
  /** The number of slices of an array that is a volume. They are stacked vertically. */
  readonly slices?: number | undefined
  run(sink: Sink, onStrip?: Stream['strip'], drain?: Stream['drain']): Promise<Clipping>
}

/** Prepares steps whose result is a picture. The recipe that made it writes it. */
export function pictureRendering(session: Session, data: Pending, task: PictureTask): Rendering {
  const { filter, over } = finishOf(data, task)
  const { plan, tone, full } = filter
  return {
    width: plan.outWidth,
    height: plan.outHeight,
    channels: outChannels(filter, tone),
    full,
    run: (sink, ...hooks) => runToPicture(session, over, { ...filter, range: task.range, sink }, ...hooks),
  }
}

/** Prepares steps whose maps go on a sheet. */
export function sheetRendering(
  session: Session,
  maps: Pending,
  wishes: SheetWishes,
  task: PictureTask,
): Rendering {
  const [count, ...size] = maps.out.shape as [number, number, number]
  const { depth: channels = 1 } = wishes
  const shape = { ...sheetLayout(count / channels, ...size), channels, full: maps.full }
  const filter = plainFilter(shape, task)
  return {
    ...shape,
    run: (sink, ...hooks) =>
      runToSheet(session, graphOf(maps), wishes, { ...filter, range: task.range, sink }, ...hooks),
  }
}

/** Prepares steps whose result is an array. */
export function arrayRendering(session: Session, pending: Pending): Rendering {
  const [channels, height, width] = nodeOf(pending.out).shape
  const slices = slicesIn(pending)
  return {
    width,
    height: height / (slices ?? 1),
    channels,
    full: pending.full,
    slices,
    async run(_, ...hooks) {
      await runToArray(session, graphOf(pending), ...hooks)
      return { low: 0, high: 0, samples: channels * height * width }
    },
  }
}

/** Runs a picture and writes its file. */
export async function writeRendering(
  session: Session,
  rendering: Rendering,
  given: PictureTask,
  came: PictureMeta,
): Promise<Written> {
  if (session.hold !== undefined) return rehearseRendering(session, rendering, given, came)
  const task = await alone(given)
  const { output } = task
  const { width, height, channels, full, slices } = rendering
  const pages = pagesOf(task)
  const { meta, notes: changed } = describing(came, pages, rendering)
  const kind = outputKind(output)
  const format = kind === 'npy' ? kind : formatOfPath(output)
  const coding = codingOf(task.settings)
  if (task.store !== undefined || !isStreamed(format, channels, coding)) {
    const made = await toSamples(session, rendering, task, meta)
    task.leave?.()
    const store = task.store ?? ((path: string, one: Picture) => writePicture(path, one, coding))
    const { bytes, notes } = await store(output, made.picture)
    return {
      facts: { ...factsOf(output, made.picture), bytes },
      outcome: made.outcome,
      notes: [...changed, ...notes],
    }
  }
  const depth = depthOf(task, full)
  const shape = { width, height, channels: channels as Picture['channels'], depth, meta }
  const mark = session.arena.mark()
  const sink = sinkOf(session, format, shape, coding)
  const file = await openFile(session, output, shape, coding, sink, slices)
  try {
    const outcome = await rendering.run(sink, file.strip, file.drain)
    // strips of a JPEG are encoded directly from the memory in which they were computed
    if (format !== 'jpeg') task.leave?.()
    const facts = { ...factsOf(output, shape), bytes: await file.finish() }
    const lost = lossesOf({ depth: samplesOf(task, full), channels, meta }, format, coding.subsampling)
    return { facts, outcome, notes: [...changed, ...lost] }
  } catch (error) {
    await file.abort()
    throw error
  } finally {
    session.arena.release(mark)
  }
}

type Streamed = 'png' | 'npy' | 'tiff' | 'jpeg'

/** Whether strips are written or encoded while others are computed. */
const isStreamed = (
  format: OutputFormat | 'npy',
  channels: number,
  { effort = 0 }: EncodeOptions,
): format is Streamed =>
  format === 'png' ||
  format === 'npy' ||
  format === 'tiff' ||
  // alpha must be inspected as a whole, and optimised codes are for the whole picture
  (format === 'jpeg' && !hasAlpha(channels) && effort === 0)

function sinkOf(
  { arena }: Session,
  format: Streamed,
  { width, height, channels, depth }: Omit<TiffPage, 'meta'>,
  { compression, tiffCompression = 'deflate' }: EncodeOptions,
): Sink {
  if (format === 'npy') return { kind: 'array' }
  if (format === 'tiff') return { kind: 'tiff', compression: tiffCompression, ...(depth !== 32 && { depth }) }
  invariant(depth !== 32, 'floats are refused by the settings')
  if (format === 'png') return { kind: 'png', depth, compression: compressionSettings(compression) }
  return { kind: 'samples', depth: 8, target: arena.alloc(width * height * channels) }
}

async function openFile(
  { arena }: Session,
  path: string,
  shape: TiffPage,
  coding: EncodeOptions,
  sink: Sink,
  slices: number | undefined,
): Promise<Stream> {
  const { width, height, channels } = shape
  if (sink.kind === 'tiff') return openTiff(path, shape, sink.compression)
  if (sink.kind === 'png') return openPng(path, { ...shape, depth: sink.depth }, sink.compression)
  if (sink.kind !== 'samples')
    return openArray(
      path,
      slices === undefined ? [channels, height, width] : [channels, slices, height, width],
    )
  const rowBytes = width * channels
  return openJpeg(path, shape, coding, (first, end) => {
    return new Uint8Array(arena.memory.buffer, sink.target + first * rowBytes, (end - first) * rowBytes)
  })
}

/** Returns the number of pages in the file of a picture. Pages that are stored go into one file. */
const pagesOf = ({ store, at }: PictureTask): number => (store === undefined ? 1 : (at?.count ?? 1))

/** Returns the task for one of several pages of a file, for planning a run. */
export const paged = (task: PictureTask, count: number): PictureTask => ({
  ...task,
  store: async () => ({ bytes: 0, notes: [] }),
  at: { page: 0, count, mask: openInput },
})

/** Bytes that the encoder of a format takes for each byte of its samples, measured on 12 megapixels. */
const encoders: Readonly<Partial<Record<OutputFormat | 'npy', number>>> = {
  jpeg: 1.2,
  webp: 11,
  gif: 6,
  avif: 14,
}

/** The most bytes of finished strips at a time, including written ones that are not yet collected. */
const lying = 40 * 2 ** 20

/** Plans what writing a picture takes and loses, without computing anything. */
async function rehearseRendering(
  session: Session,
  rendering: Rendering,
  task: PictureTask,
  came: PictureMeta,
): Promise<Written> {
  const { width, height, channels, full, slices = 1, run } = rendering
  const { output } = task
  const format = outputKind(output) === 'npy' ? 'npy' : formatOfPath(output)
  const coding = codingOf(task.settings)
  const pages = pagesOf(task)
  const isStrips = task.store === undefined && isStreamed(format, channels, coding)
  const depth = isStrips ? depthOf(task, full) : samplesOf(task, full)
  const shape = { width, height, channels: channels as Picture['channels'], depth }
  const size = (width * height * slices * channels * depth) / 8
  const held = isStrips ? Math.min(2 * size, depth === 32 ? 2 * lying : lying) : size
  session.hold?.('output', pages * (held + size * (encoders[format] ?? 0)))
  const sink = (): Sink => {
    if (isStrips) return sinkOf(session, format, shape, coding)
    const target = session.arena.alloc(size)
    return depth === 32 ? { kind: 'samples', target } : { kind: 'samples', depth, target }
  }
  const outcome = await run(sink())
  const { meta, notes } = describing(came, pages, rendering)
  const lost = lossesOf({ depth: samplesOf(task, full), channels, meta }, format, coding.subsampling)
  return { facts: { ...factsOf(output, shape), bytes: 0 }, outcome, notes: [...notes, ...lost] }
}

/** The depth of the samples that a job computes. */
const samplesOf = (task: PictureTask, full: number): 8 | 16 | 32 =>
  holdsFloats(task) ? 32 : (task.settings.depth ?? depthOfFull(full))

/** The depth of the samples that a job writes. */
function depthOf(task: PictureTask, full: number): 8 | 16 | 32 {
  const depth = samplesOf(task, full)
  if (depth === 32) return depth
  const format = formatOfPath(task.output)
  // floats are rounded only once, when they are written
  return depth === 16 && task.store === undefined && !traitsOf(format).depths.includes(16) ? 8 : depth
}

/** Runs a picture into samples in memory, for a format that is encoded whole. */
export async function toSamples(
  session: Session,
  { width, height, channels, full, run }: Rendering,
  task: PictureTask,
  meta: PictureMeta,
): Promise<{ picture: Picture; outcome: Clipping }> {
  const depth = samplesOf(task, full)
  const size = (width * height * channels * depth) / 8
  const target = session.arena.alloc(size)
  const outcome = await run(depth === 32 ? { kind: 'samples', target } : { kind: 'samples', depth, target })
  const shape = { width, height, channels: channels as Picture['channels'] }
  const bytes = await copied(new Uint8Array(session.arena.memory.buffer, target, size))
  const data = viewSamples(bytes, depth)
  return { picture: { ...shape, depth, data, meta, ...(depth === 32 && { full }) }, outcome }
}
