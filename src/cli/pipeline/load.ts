import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError, invariant } from '../../error.ts'
import { type Decoded, decode, decodePages, readHeader } from '../../image/decode.ts'
import type { FullScale } from '../../operators/operator.ts'
import { hasAlpha, type PictureMeta } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { loadPicture, loadTensor, type Opened } from '../input.ts'
import { outputKind } from '../output.ts'
import type { Settings } from '../settings.ts'
import type { Task } from './job.ts'
import { type Data, dataOf } from './state.ts'

/** A decoded input. */
export type LoadedData = {
  readonly data: Data
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/**
 * Decodes the input of a job: a picture, the tensor of a .npy file, or where the job wants one a volume. With `ahead` the
 * upper rows of a large picture may come before the whole.
 */
export async function loadData(opened: Opened, task: Task, ahead: boolean): Promise<LoadedData> {
  if (opened.probe.kind === 'npy') {
    const tensor = await loadTensor(opened)
    return { data: dataOf(tensor, 255), meta: {}, notes: darkNote(tensor, task) }
  }
  const { settings } = task
  if (task.isVolume) return loadVolume(pagesOf(opened, settings), opened.path)
  const limits = limitsOf(settings)
  const { picture, meta, notes } = await loadPicture(opened, {
    ...limits,
    dropAlpha: settings.alpha === 'drop',
    ahead,
  })
  return {
    data: { kind: 'picture', picture },
    meta,
    notes: [...notes, ...(await pageNote(opened, settings))],
  }
}

/** Numbers of 0..1, as networks have them, are next to nothing as levels. */
function darkNote({ data }: Tensor, { input, output, range }: Task): string[] {
  if (outputKind(output) === 'npy' || range === 'minmax') return []
  const isDark = data.every((v) => v >= 0 && v <= 1) && data.some((v) => v > 0)
  return isDark
    ? [`${input} holds numbers of 0 to 1, taken as levels of 0..255; --range minmax stretches them`]
    : []
}

/** What bounds and turns a picture that is decoded. */
export const limitsOf = (settings: Pick<Settings, 'max-pixels' | 'no-orient'>) => ({
  maxPixels: settings['max-pixels'],
  orient: !settings['no-orient'],
})

/** Tells that of several pages only the first is used. */
async function pageNote(opened: Opened, settings: Settings): Promise<string[]> {
  const { kind } = opened.probe
  if (kind !== 'gif' && kind !== 'webp' && kind !== 'tiff') return []
  const { pages } = await readHeader(opened.source, { ...limitsOf(settings), name: opened.path })
  return pages === 1
    ? []
    : [
        `${opened.path} has ${pages} pages, and the first was used: {index} in the output path, .gif, .webp or .tif keep all, ` +
          'conv3d takes them as a volume',
      ]
}

/** Loaded when a pattern is met, or what may be one: no other run waits for it. */
const globber = () => import('tinyglobby')

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
    ? readdirSync(list, { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && /\.(png|jpe?g|webp|tiff?|gif|avif)$/i.test(entry.name))
        .map((entry) => join(list, entry.name))
    : await glob(list, { onlyFiles: true, expandDirectories: false })
  if (paths.length === 0) {
    throw new ConvoError('E_INPUT', inFolder ? `${list} holds no pictures` : `no file fits ${list}`, {
      why: inFolder ? `${list}: files ending in .png, .tif and such are slices` : [],
    })
  }
  return paths.sort(new Intl.Collator('en', { numeric: true }).compare)
}

/** Decodes pictures, one after the other. */
export async function* slicePages(paths: readonly string[], settings: Settings): AsyncGenerator<Decoded> {
  for (const path of paths) yield await decode(path, limitsOf(settings))
}

/** The samples of a picture as floats, channel by channel and without alpha, from `to(channel)` on. */
export function spreadSlice(
  slice: Pick<Decoded, 'data' | 'channels' | 'width' | 'height'>,
  out: Float32Array,
  to: (channel: number) => number,
): void {
  const plane = slice.width * slice.height
  for (let c = 0; c < coloursOf(slice.channels); c++) {
    const at = to(c)
    for (let i = 0; i < plane; i++) out[at + i] = slice.data[i * slice.channels + c]!
  }
}

/** Channels without alpha. */
export const coloursOf = (channels: 1 | 2 | 3 | 4): 1 | 3 => (channels < 3 ? 1 : 3)

/** What a volume tells of its first slice. */
export const volumeNotes = ({ notes, channels }: Pick<Decoded, 'notes' | 'channels'>): readonly string[] =>
  hasAlpha(channels) ? [...notes, 'transparency was left out of the volume'] : notes

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
    `slices of a volume must be alike: slice ${z} of ${path} has ${differs} ${slice[differs]}, slice 0 has ${first[differs]}`,
  )
}

const pagesOf = (opened: Opened, settings: Settings): AsyncGenerator<Decoded> =>
  decodePages(opened.source, { ...limitsOf(settings), name: opened.path })

/**
 * A volume [C,D,H,W] from pages of one size, with the profile and resolution of the first; alpha is left out.
 *
 * @throws ConvoError E_SHAPE when the pages differ
 */
export async function loadVolume(pages: AsyncIterable<Decoded>, path: string): Promise<LoadedData> {
  const slices: Decoded[] = []
  for await (const page of pages) {
    if (slices.length > 0) checkAlike(slices.length, page, slices[0]!, path)
    slices.push(page)
  }
  const [first] = slices
  invariant(first !== undefined, 'a volume has at least one slice')
  const { width, height, channels, depth, meta } = first
  const colours = coloursOf(channels)
  const plane = width * height
  const data = new Float32Array(colours * slices.length * plane)
  slices.forEach((slice, z) => {
    spreadSlice(slice, data, (c) => (c * slices.length + z) * plane)
  })
  const full: FullScale = depth === 16 ? 65535 : 255
  const tensor = new Tensor([colours, slices.length, height, width], data)
  const notes = slices.every(isOpaque) ? first.notes : volumeNotes(first)
  return { data: { kind: 'tensor', tensor, full }, meta, notes }
}

/** True where there is no alpha, or nothing shines through. */
function isOpaque({ data, channels, depth }: Decoded): boolean {
  if (!hasAlpha(channels)) return true
  const full = depth === 16 ? 65535 : 255
  for (let i = channels - 1; i < data.length; i += channels) if (data[i]! < full) return false
  return true
}
