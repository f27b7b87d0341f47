import { ConvoError } from '../../error.ts'
import { cut } from '../../text/cut.ts'
import type { Network } from '../network.ts'

/** The input of a reader besides the bytes of a file. */
export type Given = {
  /** The name of the file in errors. */
  readonly file: string
  /** Reads a file that the model refers to by its path relative to the model's folder. @throws ConvoError E_PATH, E_INPUT */
  readonly beside: (path: string) => Uint8Array
  /** The factor by which the output is larger than the input, for files that leave it open. */
  readonly scale?: number
}

/** A file format for networks. */
export type NetworkFormat = {
  readonly name: string
  /** One line: the program it belongs to, and its files. */
  readonly summary: string
  readonly extensions: readonly string[]
  /** Whether the content of a file looks like this format. */
  readonly recognises: (bytes: Uint8Array) => boolean
  /** Reads a network; its nodes may be in any order. @throws ConvoError E_NET_SYNTAX, E_NET_FORMAT, E_NET_OPERATOR, E_TOO_LARGE */
  readonly read: (bytes: Uint8Array, given: Given) => Network
}

/** Makes the error for a position in a file, in bytes from its start. */
export type Failure = (at: number, expected: string, found: string) => ConvoError

/** Makes the errors for damaged files of a format. */
export const damaged =
  (file: string, format: string): Failure =>
  (at, expected, found) =>
    new ConvoError('E_NET_SYNTAX', `${file} cannot be read as ${format}`, {
      why: `${file}: byte ${at}: expected ${expected}, found ${found}`,
    })

/** Quotes a name from a file for a message. */
export const quoted = (name: string): string => JSON.stringify(cut(name, 120))
