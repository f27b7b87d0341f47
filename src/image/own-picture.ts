import { ConvoError } from '../error.ts'
import type { Depth, Samples } from '../tensor/picture.ts'
import type { Resolution } from './resolution.ts'

/** A picture whose header was read; its samples are unpacked when they are asked for. */
export type OwnPicture = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: Depth
  /** what is white in floats */
  readonly full?: number
  readonly resolution?: Resolution
  /** further pictures in the file, in words */
  readonly unread?: readonly string[]
  /** @throws ConvoError E_DECODE */
  samples(): Samples
}

/** The error for a file that is damaged at a byte. */
export const damaged = (name: string, what: string, at: number, why: string): ConvoError =>
  new ConvoError('E_DECODE', `${name} is a damaged ${what}`, {
    why: `${name}: byte ${at}: ${why}`,
    fix: 'a fresh copy of the file',
  })
