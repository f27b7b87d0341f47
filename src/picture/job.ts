import type { Range } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { isSameFile } from '../files/output.ts'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import { formatOfPath, type OutputTraits, traitsOf } from '../image/format.ts'
import type { Light } from '../image/light.ts'
import type { FullScale, Step } from '../operators/operator.ts'
import type { Outcome, Watch } from '../run/watch.ts'
import { depthOfFull, type Picture } from '../tensor/picture.ts'
import type { InMemory, Opened } from './input.ts'
import { holdsFloats, mayHoldFloats } from './output.ts'
import type { Settings } from './settings.ts'

/** A step, made when the picture that it meets is known. */
export type StepMaker = (picture: {
  readonly channels: number
  readonly full: FullScale
  readonly unit?: FullScale | undefined
}) => Step | Promise<Step>

/** One run: an input through steps, floats between them, into an output. */
export type PictureJob = {
  readonly input: string
  readonly output: string
  /** Where the maps, slices or pages of a result go that are a file each, counted from 1; `output` is the first. */
  readonly series?: ((index: number) => string) | undefined
  /** The name of the operation, for reports. */
  readonly operation: string
  readonly steps: readonly StepMaker[]
  readonly settings: Settings
  /** True when the input is to be taken whole, with all its pages or slices. */
  readonly isVolume?: boolean | undefined
  /** The input where it is no file; `input` is then what messages call it. */
  readonly given?: Opened | InMemory | undefined
  /** The mask where it is no file; its setting is then what messages call it. */
  readonly mask?: Opened | InMemory | undefined
  /** Takes the picture instead of its file. */
  readonly store?: PageStore | undefined
} & Watch

/** The job with its settings in the form in which plans take them. */
export type PictureTask = PictureJob & {
  readonly range: Range
  /** False when the range is a default that feature maps may replace. */
  readonly isRangeGiven: boolean
  /** Called when all is computed and only encoded or written any more: memory and threads are for the next job. */
  readonly leave?: (() => void) | undefined
  /** The tone curves of the picture, for --linear. */
  readonly light?: Light | undefined
  /** Of one page of several: which, from 0, and of how many; what is read once gives the mask of all. */
  readonly at?: { readonly page: number; readonly count: number; mask(path: string): Promise<Opened> }
}

/** What becomes of a picture that is ready to be encoded; returns bytes and what the format could not hold. */
export type PageStore = (
  path: string,
  picture: Picture,
) => Promise<{ readonly bytes: number; readonly notes: readonly string[] }>

/** A picture as reports describe it. */
export type PictureFacts = {
  /** The path of the file, or the name of what is in memory. */
  readonly path: string
  /** Pixels of a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  /** Samples of a pixel, alpha among them. */
  readonly channels: number
  /** Bits of a sample; 32 are floats. */
  readonly depth: number
}

/** Which arithmetic a step runs, and why. */
export type PlanFacts = {
  /** How the sums are computed, such as `integer` or `fft`. */
  readonly algorithm: string
  /** Why it was chosen. */
  readonly reason: string
  /** The kernel or kernels, by size. */
  readonly kernel?: string
  /** How the picture is extended beyond its edges. */
  readonly border?: string
  /** Output rows of a strip. */
  readonly stripRows?: number
}

/** What a run did. */
export type Report = {
  /** The operations, parted by `--`. */
  readonly operation: string
  /** The picture that was read. */
  readonly input: PictureFacts
  /** The picture that was written. */
  readonly output: PictureFacts & {
    /** Size of the file. */
    readonly bytes: number
  }
  /** What each step ran. */
  readonly plan: readonly PlanFacts[]
  /** The tone curve of --linear. */
  readonly light?: string
  /** Samples that were below black or above white. */
  readonly clipped: Outcome
  /** What a user should know, in sentences. */
  readonly notes: readonly string[]
  /** From the call to the result. */
  readonly milliseconds: number
}

/** Bytes that a job takes at the same time, at most, about. */
export type Memory = {
  /** The program and its threads. */
  readonly program: number
  /** The decoded input. */
  readonly input: number
  /** What all threads work on, with their tables and a result in shared memory. */
  readonly strips: number
  /** Results of steps that are held as a whole. */
  readonly whole: number
  /** A result that is held until it is encoded, and its encoder. */
  readonly output: number
  /** The sum of these. */
  readonly total: number
}

/** What a job would do, as far as it is known before the picture is decoded. */
export type DryRun = {
  /** The operations, parted by `--`. */
  readonly operation: string
  /** The picture that would be read. */
  readonly input: PictureFacts
  /** The picture that would be written. */
  readonly output: {
    /** The path of the file. */
    readonly path: string
    /** Pixels of a row, where that is known beforehand. */
    readonly width?: number
    /** Rows, where that is known beforehand. */
    readonly height?: number
    /** Bits of a sample; 32 are floats. */
    readonly depth: number
  }
  /** What each step would run. */
  readonly plan: readonly PlanFacts[]
  /** Bytes that the run would take at most. */
  readonly memory: Memory
  /** Threads that would work. */
  readonly threads: number
  /** What a user should know, in sentences. */
  readonly notes: readonly string[]
}

/** @throws ConvoError for options that contradict each other or the output */
export function taskOf(job: PictureJob): PictureTask {
  const { input, output, settings } = job
  const isFile = job.given === undefined
  if (isFile && !settings['in-place'] && isSameFile(input, output)) {
    throw new ConvoError('E_IN_PLACE', `${output} is also the input`, {
      fix: '--in-place',
    })
  }
  if (isFile) noteRead(input, settings['in-place'])
  refuseReplacing(output)
  // whether a format that has floats among others holds them is known with the input
  if (!mayHoldFloats(job)) refuseRaw(job)
  if (job.isVolume && settings.page !== undefined) {
    throw new ConvoError(
      'E_OPTION',
      `--page ${settings.page} selects one page, but ${job.operation} uses all pages`,
      {
        fix: 'no --page',
      },
    )
  }
  return { ...job, ...rangeOf(job) }
}

/** @throws ConvoError E_OPTION for floats that the output is not to hold */
function refuseRaw(job: PictureJob): void {
  if (job.settings.range !== 'raw' || holdsFloats(job)) return
  throw new ConvoError('E_OPTION', `--range raw writes floating point, which ${job.output} cannot hold`, {
    fix: 'an output path ending in .npy, --depth 32 for TIFF, or a different --range',
  })
}

/**
 * A job over an input that is known: floats stay floats in a format that has them, unless a depth is asked for. The range
 * follows.
 *
 * @throws ConvoError E_OPTION for `--range raw` over whole samples
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

/** That floats are rounded because the output has none, where nothing was said of it. */
export function roundedNotes(job: PictureJob, full: FullScale): string[] {
  if (job.settings.depth !== undefined || holdsFloats(job)) return []
  const { depths }: OutputTraits = traitsOf(formatOfPath(job.output))
  const has16 = depths.includes(16)
  const depth = has16 ? depthOfFull(full) : 8
  const more = has16 && depth === 8 ? '--depth 16 keeps more, and ' : ''
  return [`floating point was rounded to ${depth} bits: ${more}.tif, .pfm or .npy keep all`]
}

/** The range of a job, which where none is given depends on what the output can hold. */
const rangeOf = (job: PictureJob): Pick<PictureTask, 'range' | 'isRangeGiven'> => ({
  range: job.settings.range ?? (holdsFloats(job) ? 'raw' : 'clamp'),
  isRangeGiven: job.settings.range !== undefined,
})

/** The facts of a picture. */
export const factsOf = (
  path: string,
  { width, height, channels, depth }: Omit<PictureFacts, 'path'>,
): PictureFacts => ({ path, width, height, channels, depth })
