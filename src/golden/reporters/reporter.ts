import type { Message } from '../../text/message.ts'
import type { Run } from '../results.ts'
import type { Approve } from './summary.ts'

/** Writes a file beside a report, or removes it if there is no text. Returns whether it exists or existed. */
export type Beside = (name: string, text?: string) => Promise<boolean>

export type Destination = {
  /** Writes to the report's file, or to standard output. */
  write(message: Message): Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a file beside the report, if the report is a folder. */
  readonly beside?: Beside | undefined
  /** Whether a one-file page shows pictures of cases that pass. */
  readonly passing?: boolean
  /** The folder of the run's pictures. */
  readonly results: string
  readonly approve: Approve
  /** The width in columns of text. */
  readonly width: number
  readonly hasColour: boolean
}

/** A report format. To add one, add a file to this folder and an entry to its table. */
export type Reporter = {
  /** One line, for help. */
  readonly summary: string
  /** The default file, in the folder of the results; if absent, standard output. */
  readonly file?: string
  report(run: Run, to: Destination): Promise<void>
}
