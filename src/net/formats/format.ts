import { ConvoError } from '../../error.ts'
import { cut } from '../../text/cut.ts'
import type { Network } from '../network.ts'

/** What a reader gets besides the bytes of a file. */
export type Given = {
  /** What errors call the file. */
  readonly file: string
  /** A file that the model names, by its path from the folder of the model. @throws ConvoError E_PATH, E_INPUT */
  readonly beside: (path: string) => Uint8Array
  /** How many times as wide and high as its input the output is, for files that leave it open. */
  readonly scale?: number
}

/** A format of files of networks. */
export type NetworkFormat = {
  readonly name: string
  /** One line: whose it is, and which files. */
  readonly summary: string
  readonly extensions: readonly string[]
  /** Whether a file begins, or is written, as this format demands. */
  readonly recognises: (bytes: Uint8Array) => boolean
  /** Nodes in any order. @throws ConvoError E_NET_SYNTAX, E_NET_FORMAT, E_NET_OPERATOR, E_TOO_LARGE */
  readonly read: (bytes: Uint8Array, given: Given) => Network
}

/** Makes the error of a place in a file, in bytes from its start. */
export type Failure = (at: number, expected: string, found: string) => ConvoError

/** What a damaged file of a format is refused with. */
export const damaged =
  (file: string, format: string): Failure =>
  (at, expected, found) =>
    new ConvoError('E_NET_SYNTAX', `${file} cannot be read as ${format}`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })

/** A name from a file, in quotes, for a message. */
export const quoted = (name: string): string => JSON.stringify(cut(name, 120))
