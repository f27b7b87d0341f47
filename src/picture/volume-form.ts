import type { Colour } from '../image/colour.ts'
import { formatOfPath } from '../image/format.ts'
import type { Depth } from '../tensor/picture.ts'
import type { PictureTask } from './job.ts'
import { outputKind } from './output.ts'

// How the slices of a volume are written.

/** The time that a slice is shown in an animation, in milliseconds. */
export const sliceTime = 100

/** Whether each slice of a volume gets its own file. */
export const isNumbered = ({ series, settings }: Pick<PictureTask, 'series' | 'settings'>): boolean =>
  series !== undefined || settings.channels === 'split'

/** Returns the format of a file in which slices are pages, unless a sheet was requested. */
export function pagedFormat(
  depth: number,
  { output, settings }: PictureTask,
): 'gif' | 'webp' | 'tiff' | undefined {
  const format = formatOfPath(output)
  const isPaged = format === 'gif' || format === 'webp' || (format === 'tiff' && depth > 1)
  return isPaged && settings.channels !== 'montage' ? format : undefined
}

const isSheet = (depth: number, task: PictureTask): boolean =>
  outputKind(task.output) !== 'npy' && !isNumbered(task) && pagedFormat(depth, task) === undefined

/** Whether slices are decoded on demand: see `loadVolume`. */
export const isOnDemand = (
  { depth, pages, isStack }: { readonly depth: Depth; readonly pages: number; readonly isStack?: boolean },
  task: PictureTask,
): boolean => isStack === true && depth !== 32 && !task.settings['in-place'] && !isSheet(pages, task)

/** Returns the number of channels without alpha, over a background. */
export const coloursOf = (channels: 1 | 2 | 3 | 4, background: Colour | undefined): 1 | 3 =>
  channels === 1 || (channels === 2 && (background === undefined || new Set(background).size === 1)) ? 1 : 3
