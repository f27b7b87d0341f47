// C0 but for tab and newline, DEL, C1, and the marks that turn the direction of text or hide in it.
/** Signs that must not reach a terminal as they are. */
export const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

// What the logs of GitHub take for a command: `::` at the start of a line, `##[` anywhere.
const command = /^([^\S\n]*):(?=:)|#(?=#\[)/gm

const code = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Text that comes from outside (names, keys, contents of files), safe to show in a terminal or a log: control characters
 * and marks of direction are written as `\xHH` or `\uHHHH`, and nothing is a command to GitHub. Tab and newline stay.
 * JSON stays JSON: from DEL on, all is written in its way.
 */
export const visible = (text: string): string =>
  text
    .replace(hidden, (sign) =>
      sign < '\x7f' ? `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}` : code(sign),
    )
    .replace(command, (sign, blank: string | undefined) => (blank ?? '') + code(sign.at(-1)!))

/** The same for what is to stay on one line: tabs and newlines are written as `\t` and `\n`. */
export const visibleLine = (text: string): string =>
  visible(text.replace(/[\t\n\r]/g, (sign) => JSON.stringify(sign).slice(1, -1)))
