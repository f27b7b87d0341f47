// C0 except tab and newline, DEL, C1, and the marks that change the direction of text or are hidden in it.
/** Signs that must not reach a terminal as they are. */
export const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

// Commands in GitHub logs: `::` at the start of a line, `##[` anywhere.
const command = /^([^\S\n]*):(?=:)|#(?=#\[)/gm

const code = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Makes outside text (names, keys, contents of files) safe to show in a terminal or a log. Control characters and
 * direction marks are written as `\xHH` or `\uHHHH`, and nothing is a command to GitHub. Tab and newline are kept. JSON
 * stays valid JSON: characters from DEL on are written in its notation.
 */
export const visible = (text: string): string =>
  text
    .replace(hidden, (sign) =>
      sign < '\x7f' ? `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}` : code(sign),
    )
    .replace(command, (sign, blank: string | undefined) => (blank ?? '') + code(sign.at(-1)!))

/** Makes text safe like `visible`, and keeps it on one line: tabs and newlines are written as `\t` and `\n`. */
export const visibleLine = (text: string): string =>
  visible(text.replace(/[\t\n\r]/g, (sign) => JSON.stringify(sign).slice(1, -1)))
