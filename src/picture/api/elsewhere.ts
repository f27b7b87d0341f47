import { orElse } from '../../error.ts'
import type { PictureInput } from './inputs.ts'
import { isUrl } from './names.ts'

/** The name of a mask in messages, where it has none of its own. */
export const theMask = 'the mask'

/** Whether a mask is no word of the command line, which the path of a file is. */
export const isElsewhere = (mask: PictureInput | undefined): mask is Exclude<PictureInput, string | URL> =>
  mask !== undefined && typeof mask !== 'string' && !isUrl(mask, theMask)

/** Whether an input may be one that comes from elsewhere. */
export const isIterable = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && orElse(() => Symbol.asyncIterator in input, false)
