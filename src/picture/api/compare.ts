import type { Digest } from '../digest.ts'
import type { CompareOptions, CompareResult } from './comparing.ts'
import type { PictureInput } from './inputs.ts'
import type { ReadOptions } from './methods.ts'
import { libraryFunction } from './names.ts'

// Loaded when it is called: a program that imports convo does not wait for it.
const heavy = () => import('./comparing.ts')

/**
 * Compares two pictures page by page: exactly, unless a tolerance is given.
 *
 * @throws ConvoError for a picture that cannot be read, or options that cannot be
 */
export const compare = libraryFunction(
  'compare',
  3,
  async (
    expected: PictureInput,
    actual: PictureInput,
    options: CompareOptions = {},
  ): Promise<CompareResult> => (await heavy()).compareInputs(expected, actual, options),
)

/**
 * A hash of the pixels of a picture, whatever the encoding of its file: the text that `convo digest` prints, with the shape
 * of the first page.
 *
 * @throws ConvoError for a picture that cannot be read
 */
export const digest = libraryFunction(
  'digest',
  2,
  async (picture: PictureInput, options: ReadOptions = {}): Promise<Digest> =>
    (await heavy()).digestInput(picture, options),
)
