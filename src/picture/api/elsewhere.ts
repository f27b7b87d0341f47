import { orElse } from '../../error.ts'
import type { PictureInput } from './inputs.ts'
import { isUrl } from './names.ts'

/** The name of a mask in messages, if it has none of its own. */
export const theMask = 'the mask'

/** Whether a mask is something other than a path or a URL. */
export const isElsewhere = (mask: PictureInput | undefined): mask is Exclude<PictureInput, string | URL> =>
  mask !== undefined && typeof mask !== 'string' && !isUrl(mask, theMask)

/** Whether an input is an async iterable, such as a stream. */
export const isIterable = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && orElse(() => Symbol.asyncIterator in input, false)
