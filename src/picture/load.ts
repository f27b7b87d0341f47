import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError, invariant } from '../error.ts'
import { inTurns } from '../host/turns.ts'
import type { Colour } from '../image/colour.ts'
import { type Decoded, decode, decodePages } from '../image/decode.ts'
import { hasAlphaWhere } from '../image/flatten.ts'
import { passedOver, promised } from '../image/foreign.ts'
import type { FullScale } from '../operators/operator.ts'
import { decodePlain } from '../run/png-rows.ts'
import {
  type Depth,
  extremes,
  fullScale,
  guessFull,
  hasAlpha,
  type PictureMeta,
  type Samples,
} from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { dataOfArray, type PictureArray, roundedNote, scaleNote } from './array.ts'
import {
  type InMemory,
  inputName,
  loadArray,
  loadPicture,
  type Opened,
  readied,
  type Treatment,
} from './input.ts'
import type { PictureTask } from './job.ts'
import { holdsFloats, outputKind } from './output.ts'
import type { Settings } from './settings.ts'
import type { Read } from './state.ts'

/** A decoded input. */
export type LoadedData = {
  readonly data: Read
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/** @throws ConvoError E_OPTION for options that apply to another kind of input */
export function checkApplies(
  { probe: { kind }, path }: Opened,
  { page, layout }: Pick<Settings, 'page' | 'layout'>,
): void {
  const isArray = kind === 'npy'
  if (isArray && page !== undefined)
    throw new ConvoError('E_OPTION', `--page ${page} is for picture files, and ${path} is an array`, {
      fix: 'no --page',
    })
  if (!isArray && layout !== 'auto')
    throw new ConvoError(
      'E_OPTION',
      `--layout ${layout} is for .npy files, and ${inputName(path)} is not one`,
      {
        fix: 'no --layout',
      },
    )
}

/**
 * Decodes the input of a job: a picture, a .npy file, or where the job wants one a volume. With `ahead` the upper rows of a
 * large picture may come before the whole.
 */
export async function loadData(opened: Opened, task: PictureTask, ahead: boolean): Promise<LoadedData> {
  const { settings } = task
  const treatment = treatmentOf(task)
  if (opened.probe.isArray) {
    return arrayData(await loadArray(opened, settings), treatment, outputKind(task.output) === 'npy')
  }
  if (task.isVolume) return loadVolume(pagesOf(opened, settings), opened.path, treatment)
  const options = { ...limitsOf(settings), ahead }
  const { picture, meta, notes, pages } = await loadPicture(opened, options, treatment)
  return {
    data: { kind: 'picture', picture },
    meta,
    notes: [...notes, ...(settings.page === undefined ? pageNote(opened.path, pages) : [])],
  }
}

/** Samples that are in memory already. */
export async function loadGiven(given: InMemory, task: PictureTask): Promise<LoadedData> {
  const treatment = treatmentOf(task)
  if ('array' in given) return arrayData(given.array, treatment, outputKind(task.output) === 'npy')
  const { picture, meta, notes } = await readied(given.decoded, task.input, treatment)
  return { data: { kind: 'picture', picture }, meta, notes }
}

async function arrayData(
  array: PictureArray,
  treatment: Treatment,
  isArrayWritten: boolean,
): Promise<LoadedData> {
  const { name, layoutNote, scaleNote, lost } = array
  const notes = [
    ...(array.notes ?? []),
    ...(lost === undefined ? [] : [roundedNote(name, lost.type)]),
    ...(layoutNote === undefined
      ? []
      : [isArrayWritten ? `${layoutNote}; .npy is written as [C,H,W]` : layoutNote]),
    ...(scaleNote !== undefined && treatment.notesScale ? [scaleNote] : []),
  ]
  const data = await dataOfArray(array)
  const { meta = {} } = array
  if (data.kind === 'tensor') return { data, meta, notes }
  const { picture, notes: all } = await readied({ ...data.picture, meta, notes, pages: 1 }, name, {
    ...treatment,
    full: undefined,
  })
  return { data: { kind: 'picture', picture }, meta, notes: all }
}

/** What a job asks of its input before the first step. */
export function treatmentOf(task: PictureTask): Treatment {
  const { settings, range } = task
  const { alpha, background, linear, full } = settings
  const meetsLevels = settings.bias !== undefined || settings.fill !== undefined || range === 'offset'
  const notesScale = holdsFloats(task) ? meetsLevels : range !== 'minmax' || meetsLevels
  return { alpha, background, linear, full, notesScale }
}

/** @throws ConvoError E_OPTION for tones that volumes and maps are not given */
export function refuseTone({ settings: { gray, linear } }: PictureTask, what: string): void {
  if (!gray && !linear) return
  throw new ConvoError(
    'E_OPTION',
    `--${gray ? 'gray' : 'linear'} works on pictures, and the input is ${what}`,
    {
      fix: 'convert the pictures first, with convo batch',
    },
  )
}

/** What bounds and turns a picture that is decoded. */
export const limitsOf = (settings: Pick<Settings, 'max-pixels' | 'no-orient' | 'metadata' | 'page'>) => ({
  ...(settings.page !== undefined && { page: settings.page - 1 }),
  metadata: settings.metadata,
  maxPixels: settings['max-pixels'],
  orient: !settings['no-orient'],
  plain: decodePlain,
})

/** Reports that of several pages only the first is used. */
export function pageNote(path: string, pages: number): string[] {
  return pages === 1
    ? []
    : [
        `${path} has ${pages} pages, only the first was used; for all of them, use {index} in the output path, or .gif, .webp or .tif, ` +
          'or conv3d to read them as a volume',
      ]
}

/** Loaded when a pattern is met, or what may be one: no other run waits for it. */
const globber = () => import('../files/glob.ts')

/** True for a folder, a glob or names with commas between, whose pictures are the slices of a volume. */
export async function isSliceList(path: string): Promise<boolean> {
  if (isFolder(path)) return true
  if (path === '-' || existsSync(path)) return false
  return path.includes(',') || (await globber()).isDynamicPattern(path)
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/**
 * The slices of a volume in a folder or by a glob: pictures in the order of their names, numbers counting as numbers. Of
 * names with commas between in the order given.
 *
 * @throws ConvoError E_INPUT when there are none
 */
export async function slicePaths(list: string): Promise<string[]> {
  const inFolder = isFolder(list)
  const { glob, isDynamicPattern } = await globber()
  if (!inFolder && !isDynamicPattern(list)) return list.split(',').filter((path) => path !== '')
  const paths = inFolder
    ? filesOf(list).filter((path) => /\.(png|jpe?g|webp|tiff?|gif|avif)$/i.test(path))
    : await glob(list)
  if (paths.length === 0) {
    throw new ConvoError('E_INPUT', inFolder ? `${list} contains no pictures` : `no file matches ${list}`, {
      why: inFolder
        ? [`${list}: slices are files ending in .png, .tif or another picture format`, ...leftOutOf(list)]
        : [],
    })
  }
  return paths.sort(new Intl.Collator('en', { numeric: true }).compare)
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(folder, entry.name))

/** Notes on pictures in a folder of slices that are none, as their formats are not read. */
export const leftOutOf = (list: string): string[] =>
  isFolder(list)
    ? passedOver(
        filesOf(list)
          .filter((path) => promised(path) !== undefined)
          .sort(),
      )
    : []

/** Decodes pictures, one after the other. */
export async function* slicePages(paths: readonly string[], settings: Settings): AsyncGenerator<Decoded> {
  for (const path of paths) {
    const { notes, ...slice } = await decode(path, limitsOf(settings))
    yield { ...slice, notes: ofSlice(notes, path) }
  }
}

/** Notes on one of many files as notes on each of them, so that those that say the same are one. */
export const ofSlice = (notes: readonly string[], path: string): string[] =>
  notes.map((note) => note.replaceAll(path, 'some slices'))

/** What becomes of samples that are not finite, where the output holds levels. */
export const notFiniteLevels = (input: string): string =>
  `${input} has samples that are not finite: NaN becomes black, infinity becomes white or black`

/** How long a slice of a volume is shown, in milliseconds, where slices play one after another. */
export const sliceTime = 100

/** The samples of a slice as floats, channel by channel, from `to(channel)` on. */
export async function spreadSlice(
  { data, channels, width, height }: Pick<Decoded, 'data' | 'channels' | 'width' | 'height'>,
  out: Float32Array,
  to: (channel: number) => number,
): Promise<void> {
  for (let c = 0; c < channels; c++) {
    const at = to(c)
    await inTurns(width * height, (from, end) => {
      for (let i = from; i < end; i++) out[at + i] = data[i * channels + c]!
    })
  }
}

/** Channels without alpha, as a volume has them, over a background. */
export const coloursOf = (channels: 1 | 2 | 3 | 4, background: Colour | undefined): 1 | 3 =>
  channels === 1 || (channels === 2 && (background === undefined || new Set(background).size === 1)) ? 1 : 3

/** A slice of a volume, which has no alpha: over black, unless a background was given or alpha is to be dropped. */
export async function sliceOf(page: Decoded, name: string, treatment: Treatment) {
  const { alpha, background } = treatment
  const ground = background ?? (alpha === 'drop' ? undefined : black)
  const { picture, notes } = await readied(page, name, { ...treatment, background: ground })
  invariant('data' in picture && !hasAlpha(picture.channels), 'a slice exists, and has no alpha')
  return { picture, notes }
}

const black: Colour = [0, 0, 0]

/** That slices were flattened onto black, where nothing was said of their alpha. */
export const overBlack = (
  { channels }: Pick<Decoded, 'channels'>,
  { alpha, background }: Treatment,
): readonly string[] =>
  hasAlpha(channels) && background === undefined && alpha !== 'drop'
    ? [
        'volumes have no alpha: the slices were flattened onto black; --background <colour> changes the colour',
      ]
    : []

/** @throws ConvoError E_SHAPE when slice `z` is not like the first */
export function checkAlike(
  z: number,
  slice: Pick<Decoded, 'width' | 'height' | 'channels' | 'depth'>,
  first: Pick<Decoded, 'width' | 'height' | 'channels' | 'depth'>,
  path: string,
): void {
  const differs = (['width', 'height', 'channels', 'depth'] as const).find((k) => slice[k] !== first[k])
  if (differs === undefined) return
  throw new ConvoError(
    'E_SHAPE',
    `all slices of a volume must have the same size, channels and depth: slice ${z} of ${path} has ${differs} ${slice[differs]}, slice 0 has ${first[differs]}`,
  )
}

const pagesOf = (opened: Opened, settings: Settings): AsyncGenerator<Decoded> =>
  decodePages(opened.source, { ...limitsOf(settings), name: opened.path })

/**
 * A volume [C,D,H,W] from pages of one size, with the profile and resolution of the first. Alpha is omitted, see `sliceOf`.
 *
 * @throws ConvoError E_SHAPE when the pages differ
 */
export async function loadVolume(
  pages: AsyncIterable<Decoded>,
  path: string,
  treatment: Treatment,
): Promise<LoadedData> {
  const slices: Decoded[] = []
  for await (const page of pages) {
    if (slices.length > 0) checkAlike(slices.length, page, slices[0]!, path)
    slices.push(page)
  }
  const [first] = slices
  invariant(first !== undefined, 'a volume has at least one slice')
  const { width, height, channels, depth, meta } = first
  const colours = coloursOf(channels, treatment.background)
  const plane = width * height
  const data = new Float32Array(colours * slices.length * plane)
  const guess = depth === 32 && treatment.full === undefined ? await fullOfSlices(slices, path) : undefined
  const own = { ...treatment, full: treatment.full ?? guess?.full }
  let isOpaque = true
  for (const { data: samples } of slices) isOpaque &&= await isOpaqueAll(samples, channels, depth)
  const notes = new Set([
    ...slices.flatMap((slice) => slice.notes),
    ...(isOpaque ? [] : overBlack(first, treatment)),
  ])
  if (guess !== undefined && treatment.notesScale) notes.add(guess.note)
  if (slices.length > 1 && first.delay?.some((time) => time !== sliceTime))
    notes.add('the timing of the animation was lost')
  for (const [z, page] of slices.entries()) {
    const slice = await sliceOf({ ...page, notes: [] }, path, own)
    await spreadSlice(slice.picture, data, (c) => (c * slices.length + z) * plane)
    for (const note of slice.notes) notes.add(note)
  }
  const full: FullScale = own.full ?? fullScale(depth)
  const tensor = new Tensor([colours, slices.length, height, width], data)
  return { data: { kind: 'tensor', tensor, full }, meta, notes: [...notes] }
}

/** The full scale of floats, guessed from all slices together. */
async function fullOfSlices(slices: readonly Decoded[], path: string) {
  const found = await Promise.all(slices.map((slice) => extremes(slice.data)))
  const both = {
    min: Math.min(...found.map(({ min }) => min)),
    max: Math.max(...found.map(({ max }) => max)),
  }
  const full = guessFull(both) ?? 255
  return { full, note: scaleNote(path, both, full) }
}

/** True where there is no alpha, or nothing is seen through it. */
async function isOpaqueAll(data: Samples, channels: 1 | 2 | 3 | 4, depth: Depth): Promise<boolean> {
  const full = depth === 32 ? 1 : fullScale(depth)
  return !(await hasAlphaWhere({ data, channels }, (alpha) => alpha < full))
}
