import type { Planned } from '../conv/plan.ts'
import { readHeader } from '../image/decode.ts'
import { lightOf } from '../image/profile.ts'
import type { FullScale } from '../operators/operator.ts'
import {
  type Depth,
  extremes,
  fullInTurns,
  fullScale,
  hasAlpha,
  type PictureMeta,
} from '../tensor/picture.ts'
import { isPicture, type PictureArray } from './array.ts'
import { loadArray, looksAtAlpha, openInput } from './input.ts'
import type { PictureTask } from './job.ts'
import { checkApplies, limitsOf, notesOfArray, pageNote } from './load.ts'
import type { Settings } from './settings.ts'
import { isSliceList, slicePaths } from './slice-list.ts'
import { coloursOf } from './volume-form.ts'

/** What is known of data before it is computed. Plans are made from this. */
export type KnownShape = Pick<Planned, 'peak'> & {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly depth: Depth
  readonly full: FullScale
  /** See PictureArray. */
  readonly isWhole?: boolean | undefined
  /** Pages of a file, or slices of a volume [C,D,H,W]. */
  readonly pages: number
  /** Whether pages or slices can be decoded one by one, in any order. */
  readonly isStack?: boolean
  /** Whether only some rows are held at a time, if it is read once. */
  readonly inRows?: boolean | undefined
  readonly hasSlices: boolean
  /** Whether it is not a picture, so that its maps or slices are filtered one by one. */
  readonly isMaps: boolean
}

/** What is known of an input before it is decoded. */
export type Known = KnownShape & {
  readonly meta: PictureMeta
  /** How long each page of an animation is shown, in milliseconds. */
  readonly delay?: readonly number[] | undefined
  /** Notes on the input; `ofPages` applies if only its first page is used. */
  readonly notes: readonly string[]
  readonly ofPages: readonly string[]
}

type Asked = Pick<
  Settings,
  'max-pixels' | 'no-orient' | 'metadata' | 'page' | 'alpha' | 'background' | 'linear' | 'layout' | 'full'
>

/**
 * Does the same as `knownOf` for a volume, which may be a folder or list of slices: reads the header of the first and
 * counts them.
 */
export async function knownVolume(path: string, settings: Asked, task?: PictureTask): Promise<Known> {
  if (task?.given !== undefined || !(await isSliceList(path))) return knownOf(path, settings, task)
  const slices = await slicePaths(path)
  return { ...(await knownOf(slices[0]!, settings)), pages: slices.length, isStack: true }
}

/**
 * Returns what is known of an input from the header of a picture; an array is read.
 *
 * @param task what is to be done with the input, if that is known
 * @throws ConvoError as `decode` does
 */
export async function knownOf(path: string, settings: Asked, task?: PictureTask): Promise<Known> {
  const given = task?.given
  if (given !== undefined && 'array' in given) return knownArray(given.array, settings, task)
  if (given !== undefined && 'decoded' in given) {
    const full = settings.full ?? (await fullInTurns(given.decoded))
    return { ...knownPicture(given.decoded, settings), full, ofPages: [] }
  }
  const opened = given ?? (await openInput(path))
  checkApplies(opened, settings)
  if (opened.probe.isArray) return knownArray(await loadArray(opened, settings), settings, task)
  const header = await readHeader(opened.source, { ...limitsOf(settings), name: opened.path })
  const light = settings.linear ? lightOf(header.meta, opened.path) : undefined
  const ofPages = settings.page === undefined ? pageNote(opened.path, header.pages) : []
  const notes = [...header.notes, ...(light?.notes ?? [])]
  return { ...knownPicture({ ...header, notes }, settings), ofPages, isStack: opened.probe.kind === 'tiff' }
}

async function knownArray(array: PictureArray, settings: Asked, task?: PictureTask): Promise<Known> {
  const { width, height, channels, slices, depth, full, isWhole, layout, data, meta = {} } = array
  const isMaps = !isPicture(array)
  // channels that come first are all colours
  const treated = layout === 'hwc' && channels <= 4 ? treatedChannels(channels as 1, settings) : channels
  const found = data instanceof Float32Array && (await extremes(data))
  const pages = slices ?? 1
  const hasSlices = slices !== undefined
  const notes = task === undefined ? [array.layoutNote ?? []].flat() : notesOfArray(array, task)
  const size = { width, height, channels: treated, depth, full, isWhole, pages, hasSlices, isMaps }
  return { ...size, meta, notes, ofPages: [], ...(found && { peak: () => found.peak }) }
}

function knownPicture(
  header: Pick<Known, 'width' | 'height' | 'depth' | 'pages' | 'meta' | 'delay' | 'notes'> & {
    readonly channels: 1 | 2 | 3 | 4
    readonly full?: number
    readonly inRows?: boolean
  },
  settings: Asked,
): Omit<Known, 'ofPages'> {
  const { width, height, depth, pages, meta, delay, notes } = header
  const channels = treatedChannels(header.channels, settings)
  const full = settings.full ?? header.full ?? fullScale(depth)
  const inRows = header.inRows && settings.page === undefined && !looksAtAlpha(settings)
  const apart = { hasSlices: false, isMaps: false, inRows }
  return { width, height, channels, depth, full, pages, meta, delay, notes, ...apart }
}

/** Returns the number of channels after alpha was dropped or flattened onto a background. */
function treatedChannels(channels: 1 | 2 | 3 | 4, { alpha, background }: Asked): 1 | 2 | 3 | 4 {
  if (!hasAlpha(channels)) return channels
  if (background !== undefined) return coloursOf(channels, background)
  return alpha === 'drop' ? ((channels - 1) as 1 | 3) : channels
}
