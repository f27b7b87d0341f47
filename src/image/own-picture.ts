import { ConvoError } from '../error.ts'
import type { Picture, Samples } from '../tensor/picture.ts'
import type { Resolution } from './resolution.ts'

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

/** The error for a file that is damaged at a given byte. */
export const damaged = (name: string, what: string, at: number, why: string): ConvoError =>
  new ConvoError('E_DECODE', `${name} is a damaged ${what}`, {
    why: `${name}: byte ${at}: ${why}`,
    fix: 'a new copy of the file',
  })

/** @throws ConvoError E_DECODE for a file that ends before `end` */
export function checkEnd(bytes: Uint8Array, end: number, name: string, what: string): void {
  if (bytes.length >= end) return
  throw damaged(name, what, bytes.length, `the file ends after ${bytes.length} bytes, and ${end} are needed`)
}

/** The error for a file that is too short for its pixels, however well they are packed. */
export const endsEarly = (
  { length }: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  name: string,
  what: string,
): ConvoError =>
  damaged(name, what, length, `the file ends after ${length} bytes, too early for ${width}x${height}`)
