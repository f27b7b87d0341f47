import type { FileComparison } from '../../image/compare/pages.ts'
import type { DiffStyle } from '../../image/compare/styles.ts'
import type { Digest } from '../digest.ts'
import type { PictureInput } from './inputs.ts'
import type { ReadOptions, ToleranceOptions } from './methods.ts'
import { libraryErrors } from './names.ts'

/** What two pictures may differ by, and how a difference is drawn. */
export type CompareOptions = Omit<ToleranceOptions, 'mask'> &
  ReadOptions & {
    /** A picture of the same size: only what is not black in it is compared. */
    readonly mask?: PictureInput
    /** Draws what differs, as PNG in `diff` of the result. */
    readonly diffStyle?: DiffStyle
  }

/** What a comparison found. */
export type CompareResult = FileComparison & {
  /** True when the pictures are the same, or differ by no more than was allowed. */
  readonly matches: boolean
  /** How the pictures were read, where there was a choice. */
  readonly notes: readonly string[]
  /** The worst page as a PNG, where a style was asked for and the pictures differ. */
  readonly diff?: Buffer
  /** The result as plain data, as `convo compare --json` prints it. */
  toJSON(): Readonly<Record<string, unknown>>
}

// Loaded when it is called: a program that imports convo does not wait for it.
const heavy = () => import('./comparing.ts')

/**
 * Compares two pictures page by page: exactly, unless a tolerance is given.
 *
 * @throws ConvoError for a picture that cannot be read, or options that cannot be
 */
export const compare = (
  expected: PictureInput,
  actual: PictureInput,
  options: CompareOptions = {},
): Promise<CompareResult> =>
  libraryErrors(async () => (await heavy()).compareInputs(expected, actual, options))

/**
 * A hash of the pixels of a picture, whatever the encoding of its file: the text that `convo digest` prints, with the shape
 * of the first page.
 *
 * @throws ConvoError for a picture that cannot be read
 */
export const digest = (picture: PictureInput, options: ReadOptions = {}): Promise<Digest> =>
  libraryErrors(async () => (await heavy()).digestInput(picture, options))
