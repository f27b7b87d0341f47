import type { Range } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { isSameFile } from '../files/output.ts'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import { formatOfPath, type OutputTraits, traitsOf } from '../image/format.ts'
import type { Light } from '../image/light.ts'
import type { FullScale, Step } from '../operators/operator.ts'
import type { Clipping, Watch } from '../run/watch.ts'
import { depthOfFull, type Picture } from '../tensor/picture.ts'
import type { InMemory, Opened } from './input.ts'
import { holdsFloats, mayHoldFloats } from './output.ts'
import type { Settings } from './settings.ts'

/** Makes a step once the picture that it receives is known. */
export type StepMaker = (picture: {
  readonly channels: number
  readonly full: FullScale
  readonly unit?: FullScale | undefined
}) => Step | Promise<Step>

/** One run: an input, steps with floats between them, and an output. */
export type PictureJob = {
  readonly input: string
  readonly output: string
  /** The paths of maps, slices or pages that get one file each, numbered from 1; `output` is the first. */
  readonly series?: ((index: number) => string) | undefined
  /** The name of the operation, for reports. */
  readonly operation: string
  readonly steps: readonly StepMaker[]
  readonly settings: Settings
  /** Whether the input is used whole, with all its pages or slices. */
  readonly isVolume?: boolean | undefined
  /** The input if it is not a file; `input` is then its name in messages. */
  readonly given?: Opened | InMemory | undefined
  /** The mask if it is not a file; its setting is then its name in messages. */
  readonly mask?: Opened | InMemory | undefined
  /** Takes the picture instead of a file. */
  readonly store?: PageStore | undefined
} & Watch

/** The job with its settings in the form that plans need. */
export type PictureTask = PictureJob & {
  readonly range: Range
  /** Whether the user chose the range. If not, it is a default that maps may replace. */
  readonly isRangeGiven: boolean
  /**
   * Called when everything is computed and only encoding or writing remains, so that the next job gets memory and
   * threads.
   */
  readonly leave?: (() => void) | undefined
  /** The tone curves of the picture, for --linear. */
  readonly light?: Light | undefined
  /**
   * For one of several pages: its number from 0, the number of pages, and the mask for all of them, which is read once.
   */
  readonly at?: { readonly page: number; readonly count: number; mask(path: string): Promise<Opened> }
}

/**
 * Takes a picture that is ready to be encoded. Returns the number of bytes, and notes on what the format could not
 * hold.
 */
export type PageStore = (
  path: string,
  picture: Picture,
) => Promise<{ readonly bytes: number; readonly notes: readonly string[] }>

/** A picture as reports describe it. */
export type PictureFacts = {
  /** The path of the file, or the name of data in memory. */
  readonly path: string
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** Samples per pixel, including alpha. */
  readonly channels: number
  /** Bits of a sample; 32 are floats. */
  readonly depth: number
}

/** The arithmetic of a step, and why it was chosen. */
export type PlanFacts = {
  /** How the sums are computed, such as `integer` or `fft`. */
  readonly algorithm: string
  /** Why it was chosen. */
  readonly reason: string
  /** The sizes of the kernel or kernels. */
  readonly kernel?: string
  /** How the picture is extended beyond its edges. */
  readonly border?: string
  /** Output rows per strip. */
  readonly stripRows?: number
}

/** What a run did. */
export type Report = {
  /** The operations, separated by `--`. */
  readonly operation: string
  /** The picture that was read. */
  readonly input: PictureFacts
  /** The picture that was written. */
  readonly output: PictureFacts & {
    /** Size of the file in bytes. */
    readonly bytes: number
  }
  /** The arithmetic of each step. */
  readonly plan: readonly PlanFacts[]
  /** The tone curve of --linear. */
  readonly light?: string
  /** Samples that were below black or above white. */
  readonly clipped: Clipping
  /** Notes for the user, in sentences. */
  readonly notes: readonly string[]
  /** The time from the call to the result. */
  readonly milliseconds: number
}

/** The approximate number of bytes that a job uses at the same time, at most. */
export type Memory = {
  /** The program and its threads. */
  readonly program: number
  /** The decoded input. */
  readonly input: number
  /** The working memory of all threads, with their tables and a result in shared memory. */
  readonly strips: number
  /** Results of steps that are held whole. */
  readonly whole: number
  /** A result that is held until it is encoded, and the memory of its encoder. */
  readonly output: number
  /** The sum of these. */
  readonly total: number
}

/** What a job would do, as far as this is known before the picture is decoded. */
export type DryRun = {
  /** The operations, separated by `--`. */
  readonly operation: string
  /** The picture that would be read. */
  readonly input: PictureFacts
  /** The picture that would be written. */
  readonly output: {
    /** The path of the file. */
    readonly path: string
    /** Width in pixels, if it is known in advance. */
    readonly width?: number
    /** Height in pixels, if it is known in advance. */
    readonly height?: number
    /** Bits of a sample; 32 are floats. */
    readonly depth: number
  }
  /** The arithmetic of each step. */
  readonly plan: readonly PlanFacts[]
  /** The most bytes that the run would use. */
  readonly memory: Memory
  /** The number of threads that would work. */
  readonly threads: number
  /** Notes for the user, in sentences. */
  readonly notes: readonly string[]
}

/** Prepares the task of a job. @throws ConvoError for options that contradict each other or the output */
export function taskOf(job: PictureJob): PictureTask {
  const { input, output, settings } = job
  const isFile = job.given === undefined
  if (isFile && !settings['in-place'] && isSameFile(input, output)) {
    throw new ConvoError('E_IN_PLACE', `${output} is also the input`, { fix: '--in-place' })
  }
  if (isFile) noteRead(input, settings['in-place'])
  refuseReplacing(output)
  // whether a format with floats and other samples gets floats depends on the input
  if (!mayHoldFloats(job)) refuseRaw(job)
  if (job.isVolume && settings.page !== undefined) {
    const what = `--page ${settings.page} selects one page, but ${job.operation} uses all pages`
    throw new ConvoError('E_OPTION', what, { fix: 'no --page' })
  }
  return { ...job, ...rangeOf(job) }
}

/** Refuses `--range raw` if the output does not hold floats. @throws ConvoError E_OPTION */
function refuseRaw(job: PictureJob): void {
  if (job.settings.range !== 'raw' || holdsFloats(job)) return
  throw new ConvoError('E_OPTION', `--range raw writes floating point, which ${job.output} cannot hold`, {
    fix: 'an output path ending in .npy, --depth 32 for TIFF, or a different --range',
  })
}

/**
 * Settles a job once its input is known. Floats stay floats in a format that has them, unless a depth was chosen; the
 * range follows.
 *
 * @throws ConvoError E_OPTION for `--range raw` with integer samples
 */
export function settledOver<T extends PictureJob>(
  job: T,
  isFloat: boolean,
): T & Pick<PictureTask, 'range' | 'isRangeGiven'> {
  const settings: Settings = isFloat && mayHoldFloats(job) ? { ...job.settings, depth: 32 } : job.settings
  const own = { ...job, settings }
  refuseRaw(own)
  return { ...own, ...rangeOf(own) }
}

/** The note that floats are rounded because the output has none, unless a depth was chosen. */
export function roundedNotes(job: PictureJob, full: FullScale): string[] {
  if (job.settings.depth !== undefined || holdsFloats(job)) return []
  const { depths }: OutputTraits = traitsOf(formatOfPath(job.output))
  const has16 = depths.includes(16)
  const depth = has16 ? depthOfFull(full) : 8
  const more = has16 && depth === 8 ? '--depth 16 keeps more, and ' : ''
  return [`floating point was rounded to ${depth} bits: ${more}.tif, .pfm or .npy keep all`]
}

/** The range of a job. Its default depends on what the output can hold. */
const rangeOf = (job: PictureJob): Pick<PictureTask, 'range' | 'isRangeGiven'> => ({
  range: job.settings.range ?? (holdsFloats(job) ? 'raw' : 'clamp'),
  isRangeGiven: job.settings.range !== undefined,
})

/** Returns the facts of a picture for a report. */
export const factsOf = (
  path: string,
  { width, height, channels, depth }: Omit<PictureFacts, 'path'>,
): PictureFacts => ({ path, width, height, channels, depth })
