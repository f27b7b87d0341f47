import { visible } from './visible.ts'

/** Text that is written as it is: colours, cursor movements, pictures, a page. It must not contain outside text. */
export class Verbatim {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A message for a terminal, a log or a report: text, which is escaped, and verbatim parts. */
export type Message = string | Verbatim | readonly Message[]

/** Returns a message as it is written. Only this function converts messages to text. */
export function written(message: Message): string {
  if (typeof message === 'string') return visible(message)
  return message instanceof Verbatim ? message.text : message.map(written).join('')
}

/** Colours text with ANSI numbers: `1;31` is bold red. */
export const coloured = (numbers: string, text: string): Message => [
  new Verbatim(`\x1b[${numbers}m`),
  text,
  new Verbatim('\x1b[0m'),
]

/** Joins messages with a text between them. */
export const joined = (messages: readonly Message[], between: string): Message =>
  messages.flatMap((message, i) => (i === 0 ? [message] : [between, message]))
