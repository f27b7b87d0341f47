import { ConvoError, invariant } from '../error.ts'
import { copyTo } from '../host/turns.ts'
import type { Colour } from '../image/colour.ts'
import { type Decoded, decode, decodePages, readHeader } from '../image/decode.ts'
import { hasAlphaWhere } from '../image/flatten.ts'
import type { Header } from '../image/header.ts'
import { type Depth, extremes, fullScale, guessFull, hasAlpha, type Samples } from '../tensor/picture.ts'
import { scaleNote } from './array.ts'
import { checkFull, type Opened, readied, type Treatment } from './input.ts'
import type { PictureTask } from './job.ts'
import { type LoadedData, limitsOf, treatmentOf } from './load.ts'
import { ofSlice, slicePaths } from './slice-list.ts'
import { slicesOnDemand } from './slices.ts'
import { volumePending } from './state.ts'
import { coloursOf, isOnDemand, sliceTime } from './volume-form.ts'

/**
 * Prepares a slice of a volume, which has no alpha. It is flattened onto black, unless a background was given or alpha
 * is dropped.
 */
async function sliceOf(page: Decoded, name: string, treatment: Treatment) {
  const { alpha, background } = treatment
  const ground = background ?? (alpha === 'drop' ? undefined : black)
  const { picture, notes } = await readied(page, name, { ...treatment, background: ground })
  invariant('data' in picture && !hasAlpha(picture.channels), 'a slice exists, and has no alpha')
  return { data: picture.data, notes }
}

const black: Colour = [0, 0, 0]

/** The note that slices were flattened onto black, if the user chose no alpha handling. */
const overBlack = (
  { channels }: Pick<Decoded, 'channels'>,
  { alpha, background }: Treatment,
): readonly string[] =>
  hasAlpha(channels) && background === undefined && alpha !== 'drop'
    ? [
        'volumes have no alpha: the slices were flattened onto black; --background <colour> changes the colour',
      ]
    : []

type Kind = Pick<Decoded, 'width' | 'height' | 'channels' | 'depth'>

/** Checks that slice `z` is like the first. @throws ConvoError E_SHAPE */
function checkAlike(z: number, slice: Kind, first: Kind, path: string): void {
  const differs = (['width', 'height', 'channels', 'depth'] as const).find((k) => slice[k] !== first[k])
  if (differs === undefined) return
  throw new ConvoError(
    'E_SHAPE',
    `all slices of a volume must have the same size, channels and depth: slice ${z} of ${path} has ${differs} ${slice[differs]}, slice 0 has ${first[differs]}`,
    { fix: 'slices of one kind, such as those that convo batch makes with resize, --gray or --depth' },
  )
}

/**
 * The slices of an input. Files and pages of a TIFF can be decoded one by one; pages of an animation build on each
 * other.
 */
type Stack = {
  readonly count: number
  header(z: number): Promise<Header>
  decode(z: number): Promise<Decoded>
}

async function stackOf(
  { input, settings }: PictureTask,
  opened: Opened | undefined,
): Promise<Stack | AsyncGenerator<Decoded>> {
  const limits = limitsOf(settings)
  if (opened === undefined) {
    const paths = await slicePaths(input)
    const own = <T extends { readonly notes: readonly string[] }>(slice: T, z: number): T => ({
      ...slice,
      notes: ofSlice(slice.notes, paths[z]!),
    })
    return {
      count: paths.length,
      header: async (z) => own(await readHeader(paths[z]!, limits), z),
      decode: async (z) => own(await decode(paths[z]!, limits), z),
    }
  }
  const { source, path: name, probe } = opened
  if (probe.kind !== 'tiff') return decodePages(source, { ...limits, name })
  const { pages } = await readHeader(source, { ...limits, name })
  return {
    count: pages,
    header: (page) => readHeader(source, { ...limits, name, page }),
    decode: (page) => decode(source, { ...limits, name, page }),
  }
}

/**
 * Loads a volume from pages of one size, with the profile and resolution of the first, and without alpha: see
 * `sliceOf`. Slices are decoded on demand if the output takes them one after another. A sheet needs all of them for
 * every row, the full scale of floats is guessed from all, and files that are overwritten must be read first.
 *
 * @throws ConvoError E_SHAPE if the pages differ
 */
export async function loadVolume(task: PictureTask, opened: Opened | undefined): Promise<LoadedData> {
  const stack = await stackOf(task, opened)
  if (!('count' in stack)) return wholeVolume(stack, task)
  const first = await stack.header(0)
  const showsHidden = task.settings.alpha === 'drop' && hasAlpha(first.channels)
  if (showsHidden || !isOnDemand({ ...first, pages: stack.count, isStack: true }, task))
    return wholeVolume(decodeAll(stack), task)
  const notes = await notesOfHeaders(stack, first, task.input)
  const treatment = treatmentOf(task)
  const channels = coloursOf(first.channels, treatment.background)
  const { width, height, depth, meta } = first
  const bytes = (width * height * channels * depth) / 8
  const slices = slicesOnDemand({ count: stack.count, height, bytes }, async (z) => {
    const page = await stack.decode(z)
    // a file may have changed since its header was read
    checkAlike(z, page, first, task.input)
    return (await sliceOf(page, task.input, treatment)).data
  })
  checkFull(depth, task.input, treatment)
  const picture = { width, height: height * stack.count, channels, depth, full: fullScale(depth), slices }
  return {
    data: volumePending(picture, stack.count),
    meta,
    notes: [...notes, ...overBlack(first, treatment)],
  }
}

/** Returns notes on the slices of a volume, as far as their headers show. @throws ConvoError as `loadVolume` does */
export async function notesOfSlices(task: PictureTask, opened: Opened | undefined): Promise<string[]> {
  const stack = await stackOf(task, opened)
  const isStack = 'count' in stack
  const first = isStack
    ? await stack.header(0)
    : await readHeader(opened!.source, { ...limitsOf(task.settings), name: task.input })
  const notes = isStack ? await notesOfHeaders(stack, first, task.input) : lostTiming(first)
  return [...notes, ...overBlack(first, treatmentOf(task))]
}

async function notesOfHeaders(stack: Stack, first: Header, path: string): Promise<Set<string>> {
  const notes = new Set(first.notes)
  for (let z = 1; z < stack.count; z++) {
    const header = await stack.header(z)
    checkAlike(z, header, first, path)
    for (const note of header.notes) notes.add(note)
  }
  return notes
}

/** The note that slices are not shown for as long as the pages of an animation were. */
const lostTiming = ({ pages, delay }: Pick<Header, 'pages' | 'delay'>): string[] =>
  pages > 1 && delay?.some((time) => time !== sliceTime) ? ['the timing of the animation was lost'] : []

async function* decodeAll({ count, decode: one }: Stack): AsyncGenerator<Decoded> {
  for (let z = 0; z < count; z++) yield one(z)
}

async function wholeVolume(pages: AsyncIterable<Decoded>, task: PictureTask): Promise<LoadedData> {
  const { input: path } = task
  const treatment = treatmentOf(task)
  const all: Decoded[] = []
  for await (const page of pages) {
    if (all.length > 0) checkAlike(all.length, page, all[0]!, path)
    all.push(page)
  }
  const [first] = all
  invariant(first !== undefined, 'a volume has at least one slice')
  const { width, height, channels, depth, meta } = first
  const guess = depth === 32 && treatment.full === undefined ? await fullOfSlices(all, path) : undefined
  const own = { ...treatment, full: treatment.full ?? guess?.full }
  let isOpaque = true
  for (const { data } of all) isOpaque &&= await isOpaqueAll(data, channels, depth)
  const notes = new Set([
    ...all.flatMap((slice) => slice.notes),
    ...(isOpaque ? [] : overBlack(first, treatment)),
  ])
  if (guess !== undefined && treatment.notesScale) notes.add(guess.note)
  for (const note of lostTiming({ ...first, pages: all.length })) notes.add(note)
  const samples: Samples[] = []
  for (const page of all) {
    const slice = await sliceOf({ ...page, notes: [] }, path, own)
    for (const note of slice.notes) notes.add(note)
    samples.push(slice.data)
  }
  const shape = {
    width,
    height: height * all.length,
    channels: coloursOf(channels, treatment.background),
    depth,
  }
  const picture = {
    ...shape,
    full: own.full ?? fullScale(depth),
    ...(depth === 32
      ? await wholeFloats(samples as Float32Array[])
      : { slices: { height, missing: () => undefined, samples: (z: number) => samples[z]! } }),
  } as const
  return { data: volumePending(picture, all.length), meta, notes: [...notes] }
}

/** Joins the floats of all slices, and finds their largest magnitude. */
async function wholeFloats(slices: readonly Float32Array[]) {
  const data = new Float32Array(slices.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const slice of slices) {
    await copyTo(data, slice, at)
    at += slice.length
  }
  return { data, largest: (await extremes(data)).peak }
}

/** Guesses the full scale of floats from all slices together. */
async function fullOfSlices(slices: readonly Decoded[], path: string) {
  const found = await Promise.all(slices.map((slice) => extremes(slice.data)))
  const both = {
    min: Math.min(...found.map(({ min }) => min)),
    max: Math.max(...found.map(({ max }) => max)),
  }
  const full = guessFull(both) ?? 255
  return { full, note: scaleNote(path, both, full) }
}

/** Whether there is no alpha, or it is opaque everywhere. */
async function isOpaqueAll(data: Samples, channels: 1 | 2 | 3 | 4, depth: Depth): Promise<boolean> {
  const full = depth === 32 ? 1 : fullScale(depth)
  return !(await hasAlphaWhere({ data, channels }, (alpha) => alpha < full))
}
