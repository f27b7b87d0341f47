import { ConvoError } from '../error.ts'
import { extensionOf } from '../image/format.ts'
import { decodePlain } from '../run/png-rows.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { isPicture, type PictureArray, pictureOfArray, roundedNote, tensorOfArray } from './array.ts'
import {
  type InMemory,
  inputName,
  loadArray,
  loadPicture,
  type Opened,
  readied,
  readingOf,
  refuseForFiles,
  type Treatment,
} from './input.ts'
import { type PictureTask, settledOver } from './job.ts'
import { holdsFloats, outputKind } from './output.ts'
import type { Settings } from './settings.ts'
import { arrayPending, type Pending, picturePending } from './state.ts'

/** A decoded input. */
export type LoadedData = {
  readonly data: Pending
  /** See PictureArray. */
  readonly isWhole?: boolean | undefined
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/** Refuses options that apply to another kind of input. @throws ConvoError E_OPTION */
export function checkApplies(
  { probe: { kind }, path }: Opened,
  { page, layout }: Pick<Settings, 'page' | 'layout'>,
): void {
  const isArray = kind === 'npy'
  if (isArray && page !== undefined)
    throw new ConvoError('E_OPTION', `--page ${page} is for picture files, and ${path} is an array`, {
      fix: 'no --page',
    })
  if (!isArray && layout !== 'auto') {
    const what = `--layout ${layout} is for .npy files, and ${inputName(path)} is not one`
    throw new ConvoError('E_OPTION', what, { fix: 'no --layout' })
  }
}

/** Decodes the input of a job: a picture or an array. */
export async function loadData(opened: Opened, task: PictureTask): Promise<LoadedData> {
  const { settings } = task
  const treatment = treatmentOf(task)
  if (opened.probe.isArray) return arrayData(await loadArray(opened, settings), task)
  const { picture, meta, notes, pages } = await loadPicture(opened, limitsOf(settings), treatment)
  return {
    data: picturePending(picture),
    meta,
    notes: [...notes, ...(settings.page === undefined ? pageNote(opened.path, pages) : [])],
  }
}

/** Loads samples that are already in memory. */
export async function loadGiven(given: InMemory, task: PictureTask): Promise<LoadedData> {
  const treatment = treatmentOf(task)
  refuseForFiles(task.settings)
  if ('array' in given) return arrayData(given.array, task)
  const { picture, meta, notes } = await readied(given.decoded, task.input, treatment)
  return { data: picturePending(picture), meta, notes }
}

export function notesOfArray(
  { name, slices, layoutNote, scaleNote, lost, notes = [] }: PictureArray,
  task: PictureTask,
): string[] {
  const isArrayWritten = outputKind(task.output) === 'npy'
  return [
    ...notes,
    ...(lost === undefined ? [] : [roundedNote(name, lost.type)]),
    ...(layoutNote === undefined
      ? []
      : [
          isArrayWritten
            ? `${layoutNote}; .npy is written as [C,${slices === undefined ? '' : 'D,'}H,W]`
            : layoutNote,
        ]),
    ...(scaleNote !== undefined && treatmentOf(task).notesScale ? [scaleNote] : []),
  ]
}

async function arrayData(array: PictureArray, task: PictureTask): Promise<LoadedData> {
  const { name, isWhole, meta = {} } = array
  const notes = notesOfArray(array, task)
  if (!isPicture(array)) {
    return { data: arrayPending(await tensorOfArray(array), array.full), isWhole, meta, notes }
  }
  const { picture, notes: all } = await readied(
    { ...(await pictureOfArray(array)), meta, notes, pages: 1 },
    name,
    { ...treatmentOf(task), full: undefined },
  )
  return { data: picturePending(picture), isWhole, meta, notes: all }
}

/** Returns how a job treats its input before the first step. Only floats have a scale to report. */
export function treatmentOf(given: PictureTask): Treatment {
  const task = settledOver(given, true)
  const { settings, range } = task
  const { alpha, background, linear, full } = settings
  const meetsLevels = settings.bias !== undefined || settings.fill !== undefined || range === 'offset'
  // white in a PFM is 1
  const isAsIs = holdsFloats(task) && extensionOf(task.output) !== '.pfm'
  const notesScale = meetsLevels || (!isAsIs && range !== 'minmax')
  return { alpha, background, linear, full, notesScale }
}

/** Refuses --gray and --linear for volumes and maps. @throws ConvoError E_OPTION */
export function refuseTone({ settings: { gray, linear } }: PictureTask, what: string): void {
  if (!gray && !linear) return
  const problem = `--${gray ? 'gray' : 'linear'} works on pictures, and the input is ${what}`
  throw new ConvoError('E_OPTION', problem, { fix: 'convert the pictures first, with convo batch' })
}

/** Returns the limits and options for decoding a picture. */
export const limitsOf = (settings: Parameters<typeof readingOf>[0]) => ({
  ...readingOf(settings),
  plain: decodePlain,
})

/** The note that only the first of several pages is used. */
export const pageNote = (path: string, pages: number): string[] =>
  pages === 1
    ? []
    : [
        `${path} has ${pages} pages, only the first was used; for all of them, use {index} in the output path, or .gif, .webp or .tif, ` +
          'or conv3d to read them as a volume',
      ]

/** The note on samples that are not finite, for outputs that hold levels. */
export const notFiniteLevels = (input: string): string =>
  `${input} has samples that are not finite: NaN becomes black, infinity becomes white or black`
