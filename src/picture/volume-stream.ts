import { extent } from '../conv/geometry.ts'
import type { Engine } from '../definition/engine.ts'
import type { Levels } from '../definition/levels.ts'
import { isStandardOutput } from '../files/output.ts'
import { type Decoded, decode, readHeader } from '../image/decode.ts'
import { lostBeside } from '../image/fit.ts'
import type { Header } from '../image/header.ts'
import { stretched } from '../image/sheet.ts'
import { arithmetics, type FullScale, type Slabs, type Step } from '../operators/operator.ts'
import type { Session } from '../run/pool.ts'
import { borders } from '../tensor/border.ts'
import { extremes, fullScale } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { Opened } from './input.ts'
import { factsOf, type PictureTask, type Report } from './job.ts'
import {
  checkAlike,
  coloursOf,
  limitsOf,
  notFiniteLevels,
  ofSlice,
  overBlack,
  refuseTone,
  sliceOf,
  slicePaths,
  spreadSlice,
  treatmentOf,
} from './load.ts'
import { outputKind, writeSlices } from './output.ts'
import { writeEach } from './write-maps.ts'
import { checkColours, chosen, isNumbered, ranged, renderingOf } from './write-volume.ts'

// A volume slice by slice: of the input only the slices are held that the filter reaches, of the output only one.

/** A volume whose slices can be decoded one by one in any order, and the step that goes through it. */
export type VolumeStream = {
  readonly count: number
  readonly first: Header
  readonly full: FullScale
  readonly step: Step
  readonly slabs: Slabs
  decode(z: number): Promise<Decoded>
}

type Slices = Pick<VolumeStream, 'count' | 'decode'> & { header(z: number): Promise<Header> }

/**
 * The input of a job as a stream, or `undefined` where it has to be taken whole:
 * - several steps, or one that looks at all slices at once;
 * - an output that is encoded from all slices: a sheet, an animation, the pages of a TIFF, an array of several channels;
 * - an animation, whose pages build on each other, and an array, which is one piece already;
 * - slices that are overwritten while they are still needed.
 *
 * All headers are read, so that slices that differ are refused before anything is written.
 */
export async function openStream(
  task: PictureTask,
  opened: Opened | undefined,
): Promise<VolumeStream | undefined> {
  const { steps, settings, output } = task
  const isArray = outputKind(output) === 'npy'
  const isStreamed = steps.length === 1 && (isArray || isNumbered(task)) && !isStandardOutput(output)
  if (!task.isVolume || !isStreamed || settings['in-place']) return undefined
  const slices = await slicesOf(task, opened)
  if (slices === undefined) return undefined
  refuseTone(task, 'a volume')
  const first = await slices.header(0)
  const notes = new Set(first.notes)
  for (let z = 1; z < slices.count; z++) {
    const header = await slices.header(z)
    checkAlike(z, header, first, task.input)
    for (const note of header.notes) notes.add(note)
  }
  // the scale of floats is guessed from all of them
  if (first.depth === 32 && settings.full === undefined) return undefined
  const full: FullScale = settings.full ?? fullScale(first.depth)
  const channels = coloursOf(first.channels, settings.background)
  const step = steps[0]!({ channels, full })
  if (step.slabs === undefined) return undefined
  const slabs = step.slabs([channels, slices.count, first.height, first.width])
  if (isArray && (channelsOf(task, slabs) !== 1 || task.range === 'minmax')) return undefined
  const all = { ...first, notes: [...notes] }
  return { count: slices.count, decode: slices.decode, first: all, full: step.full ?? full, step, slabs }
}

/** The channels that are written. */
const channelsOf = ({ settings: { channels } }: PictureTask, { slice }: Slabs): number =>
  channels === 'first' ? 1 : Array.isArray(channels) ? channels.length : slice[0]

async function slicesOf(
  { input, settings }: PictureTask,
  opened: Opened | undefined,
): Promise<Slices | undefined> {
  const limits = limitsOf(settings)
  if (opened === undefined) {
    const paths = await slicePaths(input)
    return {
      count: paths.length,
      header: async (z) => {
        const { notes, ...header } = await readHeader(paths[z]!, limits)
        return { ...header, notes: ofSlice(notes, paths[z]!) }
      },
      decode: (z) => decode(paths[z]!, limits),
    }
  }
  if (opened.probe.kind !== 'tiff') return undefined
  const { source, path: name } = opened
  const { pages } = await readHeader(source, { ...limits, name })
  return {
    count: pages,
    header: (page) => readHeader(source, { ...limits, name, page }),
    decode: (page) => decode(source, { ...limits, name, page }),
  }
}

/** Runs the step over a stream, slice by slice, each into its file. */
export async function runStream(
  session: Session,
  engine: Engine,
  stream: VolumeStream,
  task: PictureTask,
): Promise<Omit<Report, 'milliseconds'>> {
  const { first, full, step, slabs } = stream
  const channels = coloursOf(first.channels, task.settings.background)
  const { algorithm, reason } = step.arithmetic ?? arithmetics.bank
  const by = `slice by slice, ${slabs.axis.kernel} of ${stream.count} at a time`
  const common = {
    operation: task.operation,
    input: factsOf(task.input, { ...first, channels, depth: 32 }),
    plan: [{ algorithm, reason: `${reason}; ${by}` }],
  }
  const all = [...first.notes, ...overBlack(first, treatmentOf(task)), ...(step.notes ?? [])]
  if (outputKind(task.output) === 'npy') {
    const [, height, width] = slabs.slice
    const bytes = await writeSlices(task.output, [1, slabs.axis.output, height, width], async function* () {
      for await (const slice of walk(session, engine, stream, task)) yield ranged(slice, full, task.range)
    })
    const facts = factsOf(task.output, { width, height, channels: 1, depth: 32 })
    const samples = slabs.axis.output * height * width
    return {
      ...common,
      output: { ...facts, bytes },
      clipped: { low: 0, high: 0, samples },
      notes: [...all, ...lostBeside(first.meta, 1, 'npy')],
    }
  }
  const own: PictureTask = { ...task, range: task.range === 'minmax' ? 'clamp' : task.range }
  const levelsFor = await sliceLevels(session, engine, stream, task)
  const seen = { isFinite: true }
  const slices = walk(session, engine, stream, task, seen)
  const at = async () => {
    const slice = (await slices.next()).value as Tensor
    return renderingOf(session, slice, await levelsFor(slice), full, own)
  }
  const series = { count: slabs.axis.output, at }
  const written = await writeEach(session, series, own, first.meta, [])
  const notes = [...all, ...(seen.isFinite ? [] : [notFiniteLevels(task.input)]), ...written.notes]
  return { ...common, output: written.facts, clipped: written.outcome, notes }
}

/** How the channels of a slice of the result become levels. To stretch them all alike, all are computed once before. */
async function sliceLevels(
  session: Session,
  engine: Engine,
  stream: VolumeStream,
  task: PictureTask,
): Promise<(slice: Tensor) => Levels[] | Promise<Levels[]>> {
  const { full } = stream
  const alike = (levels: Levels) => (slice: Tensor) => Array<Levels>(slice.shape[0]!).fill(levels)
  if (task.range !== 'minmax') return alike({ kind: 'plain' })
  if (task.settings['map-range'] === 'each') {
    return ({ shape: [count = 1], data }) => {
      const plane = data.length / count
      return Promise.all(
        Array.from({ length: count }, async (_, c) =>
          stretched(await extremes(data.subarray(c * plane, (c + 1) * plane)), full),
        ),
      )
    }
  }
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for await (const { data } of walk(session, engine, stream, task)) {
    const found = await extremes(data)
    min = Math.min(min, found.min)
    max = Math.max(max, found.max)
  }
  return alike(stretched({ min, max }, full))
}

/** The slices [C,H,W] of the result, in order; `seen` shows afterwards whether all samples that were read are finite. */
async function* walk(
  session: Session,
  engine: Engine,
  stream: VolumeStream,
  task: PictureTask,
  seen = { isFinite: true },
): AsyncGenerator<Tensor, undefined> {
  const { slabs, first } = stream
  const { axis, border, fill } = slabs
  const channels = coloursOf(first.channels, task.settings.background)
  const plane = first.width * first.height
  const held = new Map<number, Float32Array>()
  const sources = (o: number) =>
    Array.from({ length: axis.kernel }, (_, t) =>
      borders[border].source(o * axis.stride - axis.before + t * axis.dilation, axis.input),
    )
  // a slice that is used again is so while the filter passes over it, but where a border shows it far away: it is decoded again there
  const passing = Math.ceil(extent(axis.kernel, axis.dilation) / axis.stride)
  const slab = new Tensor(
    [channels, axis.kernel, first.height, first.width],
    new Float32Array(channels * axis.kernel * plane),
  )
  for (let o = 0; o < axis.output; o++) {
    for (const [t, z] of sources(o).entries()) {
      const slice = z < 0 ? undefined : (held.get(z) ?? (await floatsOf(stream, z, task)))
      if (slice !== undefined && !held.has(z))
        seen.isFinite &&= first.depth < 32 || Number.isFinite((await extremes(slice)).peak)
      if (slice !== undefined) held.set(z, slice)
      for (let c = 0; c < channels; c++) {
        const to = (c * axis.kernel + t) * plane
        if (slice === undefined) slab.data.fill(fill, to, to + plane)
        else slab.data.set(slice.subarray(c * plane, (c + 1) * plane), to)
      }
    }
    const ahead = new Set(Array.from({ length: passing }, (_, i) => sources(o + 1 + i)).flat())
    for (const z of held.keys()) if (!ahead.has(z) || o + 1 === axis.output) held.delete(z)
    const mark = session.arena.mark()
    const out = await slabs.apply(slab, engine)
    session.arena.release(mark)
    const picked = chosen(out, task)
    checkColours([picked.shape[0]!, axis.output, ...picked.shape.slice(2)])
    yield new Tensor([picked.shape[0]!, ...picked.shape.slice(2)], picked.data)
  }
  return undefined
}

/** A slice as floats, channel by channel. It is checked again: a file may have changed since its header was read. */
async function floatsOf(
  { decode, first }: VolumeStream,
  z: number,
  task: PictureTask,
): Promise<Float32Array> {
  const page = await decode(z)
  checkAlike(z, page, first, task.input)
  const { picture: slice } = await sliceOf(page, task.input, treatmentOf(task))
  const plane = slice.width * slice.height
  const out = new Float32Array(slice.channels * plane)
  await spreadSlice(slice, out, (c) => c * plane)
  return out
}
