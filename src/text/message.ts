import { visible } from './visible.ts'

/** What is written as it is: colours, moves of the cursor, pictures, a page. Nothing from outside may be in it. */
export class Verbatim {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What is written to a terminal, a log or a report: text, which is escaped, and what is written as it is. */
export type Message = string | Verbatim | readonly Message[]

/** A message as it is written. Nothing else turns a message into text. */
export function written(message: Message): string {
  if (typeof message === 'string') return visible(message)
  return message instanceof Verbatim ? message.text : message.map(written).join('')
}

/** Text in a colour, by the numbers of ANSI: `1;31` is bold red. */
export const coloured = (numbers: string, text: string): Message => [
  new Verbatim(`\x1b[${numbers}m`),
  text,
  new Verbatim('\x1b[0m'),
]

/** Messages with a text between them. */
export const joined = (messages: readonly Message[], between: string): Message =>
  messages.flatMap((message, i) => (i === 0 ? [message] : [between, message]))
