import { visible } from './visible.ts'

/** Codes of convo's own for a terminal: colours, moves of the cursor, pictures. They alone are not escaped. */
export class Codes {
  readonly codes: string

  constructor(codes: string) {
    this.codes = codes
  }
}

/** What is written to a terminal: text, which is escaped, whatever it holds, and codes. */
export type Message = string | Codes | readonly Message[]

/** A message as it is written. Nothing else turns a message into text. */
export function written(message: Message): string {
  if (typeof message === 'string') return visible(message)
  return message instanceof Codes ? message.codes : message.map(written).join('')
}

/** Text in a colour, by the numbers of ANSI: `1;31` is bold red. */
export const coloured = (numbers: string, text: string): Message => [
  new Codes(`\x1b[${numbers}m`),
  text,
  new Codes('\x1b[0m'),
]

/** Messages with a text between them. */
export const joined = (messages: readonly Message[], between: string): Message =>
  messages.flatMap((message, i) => (i === 0 ? [message] : [between, message]))
