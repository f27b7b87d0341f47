import type { Message } from '../../text/message.ts'
import type { Run } from '../results.ts'
import type { Approve } from './summary.ts'

/** Writes a file beside a report, or removes it where no text is given; gives whether it is there or was. */
export type Beside = (name: string, text?: string) => Promise<boolean>

/** Where a report goes, and what it may need to know. */
export type Destination = {
  /** Writes to the report's file, or to standard output. */
  write(message: Message): Promise<void>
  /** Appends to a file that other programs gave. */
  append(path: string, text: string): Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a file beside the report, where it is asked for as a folder. */
  readonly beside?: Beside | undefined
  /** Whether a page of one file has pictures of what passes. */
  readonly passing?: boolean
  /** The folder that the pictures of the run are in. */
  readonly results: string
  readonly approve: Approve
  /** Columns of text. */
  readonly width: number
  readonly hasColour: boolean
}

/** A form in which a run is reported. A new one is a file in this folder and an entry in its table. */
export type Reporter = {
  /** One line, for help. */
  readonly summary: string
  /** The file, in the folder of the results, that it is written to by default; without it, standard output. */
  readonly file?: string
  report(run: Run, to: Destination): Promise<void>
}
