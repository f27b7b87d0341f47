import type { Digest } from '../digest.ts'
import type { CompareOptions, CompareResult } from './comparing.ts'
import type { PictureInput } from './inputs.ts'
import type { ReadOptions } from './methods.ts'
import { libraryFunction } from './names.ts'

// Loaded at the first call, so that importing convo stays quick.
const heavy = () => import('./comparing.ts')

/**
 * Compares two pictures page by page: exactly, unless a tolerance is given.
 *
 * @throws ConvoError if a picture cannot be read or an option is invalid
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
 * Hashes the pixels of a picture, whatever the encoding of its file. Returns the hash that `convo digest` prints, with
 * the shape of the first page.
 *
 * @throws ConvoError if the picture cannot be read
 */
export const digest = libraryFunction(
  'digest',
  2,
  async (picture: PictureInput, options: ReadOptions = {}): Promise<Digest> =>
    (await heavy()).digestInput(picture, options),
)
