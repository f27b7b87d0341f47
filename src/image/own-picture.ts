import { ConvoError } from '../error.ts'
import type { Picture, Samples } from '../tensor/picture.ts'
import type { Size } from './size.ts'
import type { Resolution } from './tiff-directory.ts'

/** A picture whose header was read. Its samples are unpacked on request. */
export type OwnPicture = Pick<Picture, 'width' | 'height' | 'channels' | 'depth'> & {
  /** the value of white in floats */
  readonly full?: number
  readonly resolution?: Resolution
  /** an ICC profile, for any colours */
  readonly icc?: Uint8Array
  /** whether the samples are linear light */
  readonly isLinear?: true
  /** further pictures in the file, in words */
  readonly unread?: readonly string[]
  /** notes for the user on how it was read */
  readonly asRead?: readonly string[]
  /** @throws ConvoError E_DECODE */
  samples(): Promise<Samples>
}

/** Makes the error for damage at a given byte of a file. */
export type Damage = (at: number, why: string) => ConvoError

/** Returns a function that makes the errors for a damaged file. `what` is its kind. */
export const damaged =
  (name: string, what: string): Damage =>
  (at, why) =>
    new ConvoError('E_DECODE', `${name} is a damaged ${what}`, {
      why: `${name}: byte ${at}: ${why}`,
      fix: 'a new copy of the file',
    })

/** @throws ConvoError E_DECODE for a file that ends before `end` */
export function checkEnd({ length }: Uint8Array, end: number, bad: Damage): void {
  if (length < end) throw bad(length, `the file ends after ${length} bytes, and ${end} are needed`)
}

/** The error for a file that is too short for its pixels, however well they are packed. */
export const endsEarly = ({ length }: Uint8Array, { width, height }: Size, bad: Damage): ConvoError =>
  bad(length, `the file ends after ${length} bytes, too early for ${width}x${height}`)
