// C0 but for tab and newline, DEL, C1, and the marks that turn the direction of text or hide in it.
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/**
 * Text that comes from outside (names, keys, contents of files), safe to show: control characters and marks of direction
 * are written as `\xHH` or `\uHHHH`. Tab and newline stay.
 */
export function visible(text: string): string {
  return text.replace(hidden, (sign) => {
    const code = sign.charCodeAt(0)
    return code < 256
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
